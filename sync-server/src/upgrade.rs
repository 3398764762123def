//! Before a database is migrated it is copied: a file by the store, a PostgreSQL database here, by its own `pg_dump`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, anyhow, bail};
use kontor_store::migrations::{self, Pending};
use kontor_store::postgres;
use kontor_sync::enrol::Secret;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use tokio::process::Command;

use crate::config::{Database, Settings};
use crate::host::Host;

/// Opens the database. One that an older program left is copied into the data folder and migrated.
pub async fn open(settings: &Settings) -> Result<Host> {
    copy_before_migrating(settings).await?;
    Ok(Host::open(&settings.database).await?)
}

/// Copies a PostgreSQL database that is about to be migrated. Without a copy nothing is migrated, unless the
/// administrator says that there is one.
pub async fn copy_before_migrating(settings: &Settings) -> Result<()> {
    let Database::Postgres(url) = &settings.database else { return Ok(()) };
    if settings.database_is_copied || !matches!(postgres::pending(&url.0).await?, Pending::Older(_)) {
        return Ok(());
    }
    let to = free_name(&settings.data, &format!("database.before-{}", migrations::FILES.len()));
    let copied = dump(&settings.pg_dump, url, &to).await;
    copied.context("the database must be copied before it is migrated; copy it yourself and start once with database_is_copied = true")?;
    tracing::info!(copy = %to.display(), "the database is copied before it is migrated");
    Ok(())
}

/// Nothing is written over: a migration that was cut off left the copy of what was before it.
fn free_name(folder: &Path, name: &str) -> PathBuf {
    let mut to = folder.join(format!("{name}.dump"));
    let mut number = 1;
    while to.exists() {
        number += 1;
        to = folder.join(format!("{name}-{number}.dump"));
    }
    to
}

async fn dump(program: &Path, url: &Secret, to: &Path) -> Result<()> {
    let (address, password) = without_password(url)?;
    // Several servers of one database may start at once.
    let partial = PathBuf::from(format!("{}.{}.part", to.display(), std::process::id()));
    let mut command = Command::new(program);
    command.args(["--format=custom", "--no-password", "--file"]).arg(&partial).arg(format!("--dbname={address}"));
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let done = command.stdin(Stdio::null()).kill_on_drop(true).output().await.with_context(|| program.display().to_string())?;
    if !done.status.success() {
        // What is not there need not be taken away.
        let _ = std::fs::remove_file(&partial);
        bail!("{}: {}", program.display(), String::from_utf8_lossy(&done.stderr).trim());
    }
    std::fs::File::open(&partial)?.sync_all()?;
    std::fs::rename(&partial, to).with_context(|| to.display().to_string())
}

/// An address that may be seen by everybody on the machine, and the password that may not.
fn without_password(url: &Secret) -> Result<(String, Option<String>)> {
    // What is wrong with an address is not said: it would show it.
    let mut address = Url::parse(&url.0).map_err(|_| anyhow!("database_url is no address"))?;
    let password = address.password().map(|password| percent_decode_str(password).decode_utf8_lossy().into_owned());
    let named = address.query_pairs().find(|(name, _)| name == "password").map(|(_, value)| value.into_owned());
    address.set_password(None).map_err(|()| anyhow!("database_url is no address"))?;
    let rest: Vec<(String, String)> = address.query_pairs().into_owned().filter(|(name, _)| name != "password").collect();
    address.set_query(None);
    if !rest.is_empty() {
        address.query_pairs_mut().extend_pairs(rest);
    }
    Ok((address.into(), password.or(named)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_seen_in_the_list_of_processes() {
        for (given, address, password) in [
            ("postgres://kontor:s%40fe@db/kontor?sslmode=require", "postgres://kontor@db/kontor?sslmode=require", Some("s@fe")),
            ("postgres://kontor@db/kontor?password=safe&sslmode=require", "postgres://kontor@db/kontor?sslmode=require", Some("safe")),
            ("postgres://kontor@127.0.0.1:5433/kontor", "postgres://kontor@127.0.0.1:5433/kontor", None),
        ] {
            let expected = (address.to_owned(), password.map(str::to_owned));
            assert_eq!(without_password(&Secret(given.into())).unwrap(), expected);
        }
    }
}

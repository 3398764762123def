//! Backups, on either engine: what they cover, and what a database needs that came back from one. On PostgreSQL the copy
//! itself is made and brought back by PostgreSQL's own programs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, ensure};
use kontor_domain::ids::CompanyId;
use kontor_domain::time::Instant;
use kontor_store::access::{Access, Covered};
use kontor_store::{server_file, sqlite};
use uuid::Uuid;

use crate::admin::{file_of, open};
use crate::config::{Database, Settings, read_secret};
use crate::host::{Host, now};
use crate::server::make_data_folder;
use crate::upgrade;

/// Where a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this machine: it goes down with it.
    Here,
    /// On another one.
    OffMachine,
}

impl From<bool> for Place {
    fn from(off_machine: bool) -> Self {
        if off_machine { Self::OffMachine } else { Self::Here }
    }
}

/// Where all companies stood at a time: a copy that begins after it covers them up to there. Written as one word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub at: Instant,
    /// Company, history, rev.
    pub companies: Vec<(CompanyId, Uuid, i64)>,
}

impl Point {
    fn of(at: Instant, covered: &[Covered]) -> Self {
        Self { at, companies: covered.iter().map(|one| (one.company, one.epoch, one.rev)).collect() }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at.0)?;
        self.companies.iter().try_for_each(|(company, epoch, rev)| write!(f, ",{}:{}:{rev}", company.0.simple(), epoch.simple()))
    }
}

impl FromStr for Point {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || anyhow!("{text} is no point: kontor-server backup-point prints one");
        let mut parts = text.trim().split(',');
        let at = Instant(parts.next().and_then(|at| at.parse().ok()).ok_or_else(wrong)?);
        let company = |part: &str| {
            let mut fields = part.split(':');
            let read = (
                CompanyId(Uuid::try_parse(fields.next()?).ok()?),
                Uuid::try_parse(fields.next()?).ok()?,
                fields.next()?.parse().ok().filter(|rev| *rev >= 0)?,
            );
            fields.next().is_none().then_some(read)
        };
        let companies = parts.map(|part| company(part).ok_or_else(wrong)).collect::<Result<_>>()?;
        Ok(Self { at, companies })
    }
}

/// Where all companies stand now.
pub async fn point(settings: &Settings) -> Result<Point> {
    let access = open(settings).await?;
    // Before: what is written meanwhile is covered, and nothing is said to be covered sooner than it was.
    let at = now();
    let point = Point::of(at, &access.covered().await?);
    access.close().await;
    Ok(point)
}

/// A copy that began after this point is on another machine now: what it covers needs no till to keep it.
pub async fn mark(settings: &Settings, point: &Point) -> Result<()> {
    ensure!(point.at.0 <= now().0, "this point is in the future");
    let access = open(settings).await?;
    let marked = mark_with(&access, point).await;
    access.close().await;
    marked
}

async fn mark_with(access: &Access, point: &Point) -> Result<()> {
    for (company, epoch, rev) in &point.companies {
        let is_marked = access.set_stable(*company, *epoch, *rev, point.at).await?;
        ensure!(is_marked, "company {company} is not covered by it: it has another history since, or a later backup");
    }
    Ok(())
}

/// How far backups on another machine cover each company.
pub async fn status(settings: &Settings) -> Result<Vec<Covered>> {
    let access = open(settings).await?;
    let covered = access.covered().await?;
    access.close().await;
    Ok(covered)
}

/// Writes a backup of the file, of one moment, beside a server that may be running.
pub async fn write(settings: &Settings, to: &Path, place: Place) -> Result<()> {
    let file = file_of(settings)?;
    ensure!(!to.exists(), "{} is there already", to.display());
    let at = now();
    sqlite::backup(file, to)?;
    if place == Place::OffMachine {
        // What the copy covers, not what was written while it was made.
        let copy = Access::open(&sqlite::url(to, "ro")).await?;
        let point = Point::of(at, &copy.covered().await?);
        copy.close().await;
        mark(settings, &point).await?;
    }
    Ok(())
}

/// Brings a backup of the file back; where the file that was there is kept.
pub async fn restore(settings: &Settings, from: &Path) -> Result<Option<PathBuf>> {
    make_data_folder(&settings.data)?;
    Ok(server_file::restore(from, file_of(settings)?, now().0, Uuid::new_v4).await?)
}

/// What a database needs that came back in another way (pg_restore, a standby that lagged, a disk's snapshot): a history
/// of its own, and who may speak to it as it was in the one it takes the place of, if that can still be read. No server
/// may run on it.
pub async fn after_restore(settings: &Settings, before: Option<&Path>) -> Result<()> {
    let host = upgrade::open(settings).await?;
    let done = after_restore_with(&host, settings, before).await;
    host.close().await;
    done
}

async fn after_restore_with(host: &Host, settings: &Settings, before: Option<&Path>) -> Result<()> {
    let Some(before) = before else { return Ok(host.access.come_back(None, Uuid::new_v4).await?) };
    let url = match settings.database {
        Database::File(_) => {
            ensure!(before.exists(), "{} is not there", before.display());
            sqlite::url(before, "ro")
        }
        Database::Postgres(_) => read_secret(before)?.0,
    };
    let before = Access::open(&url).await.context("the database that was there before")?;
    let done = host.access.come_back(Some(&before), Uuid::new_v4).await;
    before.close().await;
    Ok(done?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn a_point_is_read_as_it_was_written_and_nothing_else_is_one() {
        let company = |number| (CompanyId(Uuid::from_u128(number)), Uuid::from_u128(number + 1), 7);
        for companies in [Vec::new(), vec![company(1)], vec![company(1), company(5)]] {
            let point = Point { at: Instant(1_790_000_000_000), companies };
            assert_eq!(point.to_string().parse::<Point>().unwrap(), point);
        }
        let good = Point { at: Instant(1), companies: vec![company(1)] }.to_string();
        for wrong in ["", "x", "1,", "1,a:b:c", &good.replace(":7", ""), &good.replace(":7", ":-7"), &format!("{good}:1"), &good[1..]] {
            assert!(wrong.parse::<Point>().is_err(), "{wrong}");
        }
    }
}

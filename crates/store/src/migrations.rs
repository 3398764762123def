//! Migrations: applied at start, on both engines, by sqlx. Once landed, a file is never edited.
//!
//! Files are portable SQL; `*.sqlite.sql` and `*.postgres.sql` hold what is not (triggers, search). In portable
//! files `/*sqlite: … */` is SQL for SQLite alone.

use sqlx::AnyConnection;
use sqlx::AssertSqlSafe;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};

use crate::error::StoreError;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        /// Every migration file and its text.
        pub const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../migrations/", $name)))),+];
    };
}

files!(
    "000_authority.sql",
    "001_settings.sql",
    "002_catalog.sql",
    "003_stock.sql",
    "004_money.sql",
    "005_counter.sql",
    "006_printing.sql",
    "007_attention.sql",
    "008_ledgers.postgres.sql",
    "008_ledgers.sqlite.sql",
    "009_search.postgres.sql",
    "009_search.sqlite.sql",
    "010_json.postgres.sql",
    "011_json_rows.postgres.sql",
    "012_sync.sql",
    "013_search_prefixes.sqlite.sql",
    "014_access.sql",
    "015_seal_key.sql",
    "016_identity.sql",
    "017_person.postgres.sql",
    "017_person.sqlite.sql",
    "018_sign_in.sql",
    "019_kept_answer.sql",
    "021_chain.sql",
    "022_quarantine.sql",
    "023_discount_limit.sql",
    "024_approval.sql",
    "025_upkeep.sql",
    "026_blob.sql",
    "028_documents.postgres.sql",
    "028_documents.sqlite.sql",
    "029_statistics.postgres.sql",
    "030_product_lists.sql",
    "031_sign_in_rate.sql",
    "032_smtp_setting.sql",
    "033_history.sql",
    "034_order.sql",
    "035_scale_barcodes.sql",
    "036_parked_tax_number.sql",
    "037_command_origin.sql",
);

/// The migrations of an engine.
fn migrator(engine: Engine) -> Migrator {
    let migrations = FILES.iter().filter_map(|(name, text)| {
        let (number, rest) = name.split_once('_')?;
        let wanted = match engine {
            Engine::Sqlite => !rest.ends_with(".postgres.sql"),
            Engine::Postgres => !rest.ends_with(".sqlite.sql"),
        };
        let version: i64 = number.parse().ok()?;
        let description = rest.split('.').next().unwrap_or(rest).to_owned();
        wanted.then(|| Migration::new(version, description.into(), MigrationType::Simple, AssertSqlSafe(adapt(text, engine)).into_sql_str(), false))
    });
    Migrator::with_migrations(migrations.collect())
}

/// Puts in what is for this engine alone.
fn adapt(text: &str, engine: Engine) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*sqlite:") {
        let (inside, behind) = after.split_once("*/").unwrap_or((after, ""));
        out.push_str(before);
        if engine == Engine::Sqlite {
            out.push_str(inside);
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// What a database needs before it can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// It is empty: make everything.
    Fresh,
    /// It is older: these many migrations.
    Older(usize),
    /// Nothing.
    UpToDate,
}

/// Looks at a database without changing it. A database newer than the program is an error.
pub async fn pending(connection: &mut AnyConnection, engine: Engine) -> Result<Pending, StoreError> {
    let migrator = migrator(engine);
    let applied = match connection.list_applied_migrations(&migrator.table_name).await {
        Ok(applied) => applied,
        Err(MigrateError::Execute(error)) if is_missing_table(&error) => return Ok(Pending::Fresh),
        Err(error) => return Err(migrate_error(error, engine)),
    };
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    let found = applied.iter().map(|migration| migration.version).max().unwrap_or(-1);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    Ok(match migrator.iter().count().saturating_sub(applied.len()) {
        _ if applied.is_empty() => Pending::Fresh,
        0 => Pending::UpToDate,
        many => Pending::Older(many),
    })
}

fn is_missing_table(error: &sqlx::Error) -> bool {
    let text = error.to_string();
    text.contains("no such table") || error.as_database_error().and_then(|error| error.code().map(|code| code == "42P01")).unwrap_or(false)
}

/// Brings a database up to date.
pub async fn run(connection: &mut AnyConnection, engine: Engine) -> Result<(), StoreError> {
    migrator(engine).run(connection).await.map_err(|error| migrate_error(error, engine))
}

/// Brings a database to where an older program left it: for tests of what becomes of its files.
#[doc(hidden)]
pub async fn run_to(connection: &mut AnyConnection, engine: Engine, newest: i64) -> Result<(), StoreError> {
    let older = migrator(engine).iter().filter(|migration| migration.version <= newest).cloned().collect();
    Migrator::with_migrations(older).run(connection).await.map_err(|error| migrate_error(error, engine))
}

fn migrate_error(error: MigrateError, engine: Engine) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        MigrateError::VersionMissing(found) => {
            StoreError::Newer { found, known: migrator(engine).iter().map(|migration| migration.version).max().unwrap_or(0) }
        }
        other => StoreError::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_gets_its_own_text() {
        let text = "CREATE TABLE a (b BIGINT) /*sqlite: WITHOUT ROWID */;";
        assert_eq!(adapt(text, Engine::Sqlite), "CREATE TABLE a (b BIGINT)  WITHOUT ROWID ;");
        assert_eq!(adapt(text, Engine::Postgres), "CREATE TABLE a (b BIGINT) ;");
    }
}

//! What does not go back with the data when a backup comes back: who may speak to the server, and who may not.

use futures_util::TryStreamExt as _;
use kontor_domain::ids::CompanyId;
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};
use uuid::Uuid;

use super::Access;
use crate::error::StoreError;

/// Series that are left out where nobody knows which ones were given after the backup.
const SERIES_LEFT_OUT: i64 = 100;

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Bytes,
    Int,
    Text,
}

/// How rows of before stand beside those that came back.
#[derive(Clone, Copy)]
enum Beside {
    /// In their place.
    Instead,
    /// With what this says about a row that is in both.
    With(&'static str),
}

/// A table of which rows are kept.
struct Kept {
    table: &'static str,
    columns: &'static [(&'static str, Kind)],
    /// Behind `FROM`, with the table as `t`.
    only: &'static str,
    beside: Beside,
}

use Kind::{Bytes, Int, Text};

/// A token that was taken back stays so, one that was given stays good, what was sealed to a key is still opened by it,
/// what a device that was shut out sent is still there, passwords are what they are now, and a key that was taken back
/// opens nothing.
const KEPT: &[Kept] = &[
    Kept {
        table: "device_token",
        columns: &[("id", Bytes), ("company", Bytes), ("device", Bytes), ("secret_hash", Bytes), ("created_at", Int), ("revoked_at", Int)],
        only: "",
        beside: Beside::With("(id) DO UPDATE SET revoked_at = excluded.revoked_at"),
    },
    Kept {
        table: "device_person",
        columns: &[("company", Bytes), ("device", Bytes), ("person", Bytes), ("granted_at", Int), ("revoked_at", Int)],
        only: "",
        beside: Beside::With("(company, device, person) DO UPDATE SET revoked_at = excluded.revoked_at"),
    },
    Kept { table: "device_scope", columns: &[("company", Bytes), ("device", Bytes), ("scope", Int)], only: "", beside: Beside::Instead },
    Kept {
        table: "quarantine",
        columns: &[("company", Bytes), ("id", Bytes), ("device", Bytes), ("replica", Bytes), ("seq", Int), ("received_at", Int), ("command", Text)],
        only: "",
        // What was released meanwhile is not done in the history that came back: it is there to be released again.
        beside: Beside::With("(company, id) DO NOTHING"),
    },
    Kept {
        table: "seal_key",
        columns: &[("company", Bytes), ("public_key", Bytes), ("private_key", Bytes), ("created_at", Int)],
        only: "",
        beside: Beside::With("(company) DO UPDATE SET public_key = excluded.public_key, private_key = excluded.private_key"),
    },
    Kept {
        table: "credential",
        columns: &[("company", Bytes), ("person", Bytes), ("kind", Text), ("hash", Text), ("changed_at", Int)],
        only: "",
        beside: Beside::Instead,
    },
    Kept { table: "signing_key", columns: &[("id", Int), ("secret", Bytes), ("created_at", Int)], only: "", beside: Beside::Instead },
    Kept {
        table: "api_key_secret",
        columns: &[("id", Bytes), ("company", Bytes), ("secret_hash", Bytes), ("last_used_at", Int)],
        only: "JOIN api_key k ON k.company = t.company AND k.id = t.id WHERE k.revoked_at IS NULL",
        beside: Beside::Instead,
    },
];

/// Codes, sessions and links that came back are good no more, and no letter is sent twice.
const GONE: &[&str] = &["enrolment", "session", "refresh_token", "reset_link", "mail"];

impl Access {
    /// Begins a new history on data that came back: copies that saw what it does not have start anew and bring what they
    /// have. `before` is the database that it takes the place of, if it can still be read.
    pub async fn come_back(&self, before: Option<&Self>, new_epoch: fn() -> Uuid) -> Result<(), StoreError> {
        let mut here = Vec::new();
        for kept in KEPT {
            // The backup of an older program may not have the table: its rows are gone then.
            if self.has_table(kept.table).await
                && let Some(before) = before
                && before.has_table(kept.table).await
            {
                here.push(kept);
            }
        }
        let mut gone = Vec::new();
        for table in GONE {
            if self.has_table(table).await {
                gone.push(table);
            }
        }
        let series = match before {
            Some(before) => before.series().await?,
            None => self.series().await?.into_iter().map(|(company, series)| (company, series.saturating_add(SERIES_LEFT_OUT))).collect(),
        };
        let companies = self.series().await?;
        let mut transaction = self.keeper.begin().await?;
        for table in gone {
            run(&mut transaction, format!("DELETE FROM {table}")).await?;
        }
        if let Some(before) = before {
            for kept in here {
                keep(&mut transaction, before, kept).await?;
            }
        }
        for (company, series) in series {
            let sql = "UPDATE clock SET series = CASE WHEN series < $1 THEN $1 ELSE series END WHERE company = $2";
            sqlx::query(sql).bind(series).bind(company.0.as_bytes().to_vec()).execute(&mut *transaction).await?;
        }
        for (company, _) in companies {
            let epoch = new_epoch().as_bytes().to_vec();
            sqlx::query("UPDATE clock SET epoch = $1 WHERE company = $2")
                .bind(epoch)
                .bind(company.0.as_bytes().to_vec())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn has_table(&self, table: &str) -> bool {
        self.reader.fetch(format!("SELECT 1 FROM {table} WHERE 1 = 0"), Vec::new()).await.is_ok()
    }

    /// The last series that each company gave.
    async fn series(&self) -> Result<Vec<(CompanyId, i64)>, StoreError> {
        let rows = self.reader.fetch("SELECT company, series FROM clock".to_owned(), Vec::new()).await?;
        rows.iter().map(|row| Ok((crate::reader::get(row, 0)?, row.try_get(1)?))).collect()
    }
}

async fn run(transaction: &mut Transaction<'_, Any>, sql: String) -> Result<(), StoreError> {
    sqlx::query(AssertSqlSafe(sql)).execute(&mut **transaction).await?;
    Ok(())
}

/// Copies a table's rows, one by one: what devices sent may be large.
async fn keep(transaction: &mut Transaction<'_, Any>, before: &Access, kept: &Kept) -> Result<(), StoreError> {
    let names: Vec<&str> = kept.columns.iter().map(|(name, _)| *name).collect();
    let read: Vec<String> = names.iter().map(|name| format!("t.{name}")).collect();
    let places: Vec<String> = (1..=names.len()).map(|place| format!("${place}")).collect();
    let mut insert = format!("INSERT INTO {} ({}) VALUES ({})", kept.table, names.join(", "), places.join(", "));
    match kept.beside {
        Beside::Instead => run(transaction, format!("DELETE FROM {}", kept.table)).await?,
        Beside::With(rule) => insert += &format!(" ON CONFLICT {rule}"),
    }
    let select = format!("SELECT {} FROM {} t {}", read.join(", "), kept.table, kept.only);
    let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(before.reader.pool());
    while let Some(row) = rows.try_next().await? {
        copy(transaction, &insert, kept, &row).await?;
    }
    Ok(())
}

async fn copy(transaction: &mut Transaction<'_, Any>, insert: &str, kept: &Kept, row: &AnyRow) -> Result<(), StoreError> {
    let mut query = sqlx::query(AssertSqlSafe(insert.to_owned()));
    for (place, (_, kind)) in kept.columns.iter().enumerate() {
        query = match kind {
            Bytes => query.bind(row.try_get::<Vec<u8>, _>(place)?),
            Int => query.bind(row.try_get::<Option<i64>, _>(place)?),
            Text => query.bind(row.try_get::<String, _>(place)?),
        };
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}

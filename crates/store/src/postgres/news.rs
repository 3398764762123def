//! Commits of all processes on one database, told to each.

use std::time::Duration;

use kontor_domain::ids::CompanyId;
use sqlx::postgres::{PgConnection, PgListener};
use uuid::Uuid;

use crate::error::StoreError;

const CHANNEL: &str = "kontor_commit";
/// Between two tries to listen again.
const RETRY: Duration = Duration::from_secs(2);

/// Tells of a company's commit, if the transaction that says so commits.
pub(super) async fn tell(connection: &mut PgConnection, company: CompanyId) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(company.0.simple().to_string()).execute(connection).await?;
    Ok(())
}

/// Listens to commits for ever. While the database is away none are heard: who waits has a deadline of its own.
pub async fn listen(url: &str, on_commit: impl Fn(CompanyId) + Send) {
    loop {
        if let Err(error) = hear(url, &on_commit).await {
            tracing::warn!(%error, "listening to commits");
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn hear(url: &str, on_commit: &(impl Fn(CompanyId) + Send)) -> Result<(), StoreError> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    loop {
        let notification = listener.recv().await?;
        if let Ok(id) = Uuid::try_parse(notification.payload()) {
            on_commit(CompanyId(id));
        }
    }
}

//! How a till that has joined a shop server keeps agreeing with it. Thin: what is said and what becomes of it is
//! `kontor-sync`'s; here are HTTP, the clock, the pauses, and who is told.

pub mod address;
mod again;
mod blobs;
mod board;
mod client;
pub mod connection;
mod events;
mod join;
pub mod older;
mod pin;
mod run;
mod seal;

use std::path::Path;
use std::sync::Arc;

use kontor_domain::host::SyncState;
use kontor_domain::ids::PersonId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use kontor_domain::world::Scope;
use kontor_sync::replica::Message;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub use again::enter_again;
pub use join::{Accepted, Joined, ask, fetch, leave, put_moved_aside, remove_half_files, renew, settle};

use self::board::Board;
pub use self::client::{Client, Session, Trouble, Watcher};
use self::connection::Connection;
pub use self::run::IDLE;
use crate::program::Program;
use crate::shop::Shop;

/// A till's running sync. It ends when dropped; what the writer has of it is written.
#[derive(Debug)]
pub struct Syncing {
    board: Arc<Board>,
    wake: Arc<Notify>,
    connection: Connection,
    task: JoinHandle<()>,
    blobs: JoinHandle<()>,
}

impl Drop for Syncing {
    fn drop(&mut self) {
        self.task.abort();
        self.blobs.abort();
    }
}

impl Syncing {
    /// Starts it for an open copy.
    pub async fn start(program: &Arc<Program>, shop: &Arc<Shop>, connection: Connection) -> Result<Self, Reject> {
        let has_company = shop.reader().company(&shop.asker()).await.map_err(|error| error.reject())?.is_some();
        // A ready file holds the company's rows. Without those of its own warehouse a till has nothing to sell with.
        let (copy, _) = shop.tell_copy(|answer| Message::Look { after: i64::MAX, commands: 0, answer }).await?;
        let has_own = copy.cursors.keys().any(|scope| *scope != Scope::COMPANY);
        let outbox = shop.reader().outbox().await.map_err(|error| error.reject())?;
        let board = Arc::new(Board::new(Arc::downgrade(program), connection.address.clone(), has_company && has_own, outbox));
        let wake = Arc::new(Notify::new());
        let runner = run::Runner {
            program: Arc::downgrade(program),
            shop: Arc::clone(shop),
            connection: connection.clone(),
            folder: program.folder().to_owned(),
            board: Arc::clone(&board),
            wake: Arc::clone(&wake),
        };
        let mover = blobs::Mover {
            program: Arc::downgrade(program),
            shop: Arc::clone(shop),
            connection: connection.clone(),
            folder: program.folder().to_owned(),
        };
        Ok(Self { board, wake, connection, task: tokio::spawn(run::run(runner)), blobs: tokio::spawn(blobs::run(mover)) })
    }

    /// How till and server stand.
    pub fn state(&self) -> SyncState {
        self.board.state()
    }

    /// Tries the server at once.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Which server.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// Whom the server knows by a name and a password, and believes on this device from now on.
pub async fn sign_in(folder: &Path, connection: &Connection, username: &str, password: &Secret) -> Result<PersonId, Trouble> {
    let (client, token) = client_of(folder, connection).await?;
    client.sign_in(&token, username, password).await
}

/// The way to a till's server, and what the till shows it.
pub async fn client_of(folder: &Path, connection: &Connection) -> Result<(Client, Secret), Trouble> {
    run::line(connection, folder).await.map_err(|reject| match reject.code {
        Code::TokenRefused => Trouble::Refused(reject),
        _ => Trouble::Away(reject),
    })
}

/// Writes what was not sent to a file that only the server can open; how many commands.
pub async fn export(shop: &Shop, connection: &Connection, path: &Path) -> Result<i64, Reject> {
    seal::export(shop, connection, path).await
}

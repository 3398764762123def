//! What a screen may ask of a till that has joined a shop server, or wants to.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kontor_domain::command::Receipt;
use kontor_domain::host::{JoinServer, Over, ShopFile};
use kontor_domain::ids::CommandId;
use kontor_domain::reject::{Code, Reject};

use crate::program::{Program, json, lock};
use crate::shop::Shop;
use crate::sync::connection::Connection;
use crate::sync::{self, Syncing, Watcher};

/// How often it is looked whether somebody wants to stop.
const STOP_GLANCE: Duration = Duration::from_millis(100);

/// Joins a server and opens this till's copy. What was open is open again if that fails. A till that has joined already
/// takes up a new token.
pub async fn join(program: &Arc<Program>, wish: JoinServer) -> Result<String, Reject> {
    // One at a time: both would fetch the same file.
    let _turn = program.joining.lock().await;
    program.begin_task();
    let known = Connection::load(program.folder())?;
    let accepted = sync::ask(wish).await?;
    if let Some(known) = known {
        sync::renew(program.folder(), known, accepted).await?;
        return program.open_file(Some(ShopFile::Joined)).await;
    }
    // What is open stays open meanwhile: it may take long, and it may be stopped.
    let accepted = sync::fetch(program.folder(), &program.own_path(), accepted, &Joining(program)).await?;
    let outcome = {
        let mut shop = program.shop_alone().await;
        let before = shop.as_ref().map_or(ShopFile::Own, |shop| shop.file);
        program.close_for_another(&mut shop).await;
        match sync::settle(program.folder(), &program.own_path(), accepted).await {
            Ok(joined) => {
                tracing::info!(till = joined.connection.till_number, has_moved = joined.has_moved, "joined a shop server");
                program.open_into(&mut shop, ShopFile::Joined).await
            }
            Err(reject) => program.open_into(&mut shop, before).await.and(Err(reject)),
        }
    };
    program.start_sync().await;
    outcome?;
    json(&program.start_view().await)
}

/// Somebody at the screen, while a till joins.
struct Joining<'a>(&'a Program);

impl Watcher for Joining<'_> {
    fn came(&self, done: i64, total: i64) {
        self.0.progress("join", done, total);
    }

    fn has_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    async fn stopped(&self) {
        while !self.has_stopped() {
            tokio::time::sleep(STOP_GLANCE).await;
        }
    }
}

/// Leaves the server. What was not sent is written to a sealed file first, or refused without one.
pub async fn leave(program: &Arc<Program>, sealed_path: Option<&Path>) -> Result<String, Reject> {
    {
        let mut shop = program.shop_alone().await;
        let (open, connection) = copy(program, shop.clone()?)?;
        // Nothing is sent any more while it is looked at; if leaving fails, sending goes on.
        lock(&program.syncing).take();
        let left = sync::leave(program.folder(), &open, &connection, sealed_path).await;
        if left.is_ok() {
            program.open_into(&mut shop, ShopFile::Own).await?;
        } else if open.is_closed() {
            program.open_into(&mut shop, ShopFile::Joined).await?;
        }
        drop(shop);
        program.start_sync().await;
        left?;
    }
    json(&program.start_view().await)
}

/// The open copy and its server.
fn copy(program: &Program, shop: Arc<Shop>) -> Result<(Arc<Shop>, Connection), Reject> {
    let connection = match shop.file {
        ShopFile::Joined => lock(&program.syncing).as_ref().map(|syncing: &Syncing| syncing.connection().clone()),
        ShopFile::Own | ShopFile::Demo => None,
    };
    connection.map(|connection| (shop, connection)).ok_or_else(|| Reject::new(Code::NotFound).with("what", "server"))
}

/// Writes what was not sent to a file that only the server can open; how many commands.
pub async fn export(program: &Arc<Program>, path: &Path) -> Result<i64, Reject> {
    let (shop, connection) = copy(program, program.shop().await?)?;
    sync::export(&shop, &connection, path).await
}

/// Enters a command of this till again that was not accepted.
pub async fn enter_again(program: &Arc<Program>, command_id: CommandId, over: Over) -> Result<Receipt, Reject> {
    let shop = program.shop().await?;
    let done = sync::enter_again(&shop, command_id, over).await?;
    program.told(&done);
    Ok(done.receipt)
}

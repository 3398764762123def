//! What could not be sent goes into a file that only the company's server can open.

use std::path::Path;

use kontor_domain::reject::{Code, Reject};
use kontor_store::copy::{CopyState, OutboxEntry};
use kontor_sync::message::PushedCommand;
use kontor_sync::replica::{Message, push_request};
use kontor_sync::sealed::{self, Header, PURPOSE, Unsent};
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256 as SUITE;
use rustls::crypto::hpke::{Hpke as _, HpkePublicKey};

use super::connection::Connection;
use crate::platform;
use crate::program::internal;
use crate::shop::Shop;

/// zstd: this is written once.
const PACK_LEVEL: i32 = 9;

/// Writes what the server has not answered yet; how many commands.
pub async fn export(shop: &Shop, connection: &Connection, path: &Path) -> Result<i64, Reject> {
    let (copy, entries) = shop.tell_copy(|answer| Message::Look { after: 0, commands: i64::MAX, answer }).await?;
    let commands = commands(&copy, &entries, connection);
    let count = commands.len();
    let file = seal(connection, commands)?;
    let to = path.to_owned();
    let written = tokio::task::spawn_blocking(move || platform::write_private(&to, &file)).await.map_err(internal)?;
    written.map_err(|error| {
        tracing::error!(%error, "export");
        Reject::new(Code::ReadOnly).with("path", path.display())
    })?;
    i64::try_from(count).map_err(internal)
}

/// As they would go up, however many pushes that were.
fn commands(copy: &CopyState, entries: &[OutboxEntry], connection: &Connection) -> Vec<PushedCommand> {
    let mut commands = Vec::with_capacity(entries.len());
    let mut rest = entries;
    while let Some(request) = push_request(copy, rest, connection.device, env!("CARGO_PKG_VERSION"), platform::now()) {
        rest = rest.get(request.commands.len()..).unwrap_or_default();
        commands.extend(request.commands);
    }
    commands
}

fn seal(connection: &Connection, commands: Vec<PushedCommand>) -> Result<Vec<u8>, Reject> {
    let key = connection.seal_key.clone().ok_or_else(|| Reject::new(Code::NoSealKey))?;
    let public = sealed::unhex(&key).ok_or_else(|| Reject::new(Code::NoSealKey))?;
    let mut header = Header {
        kontor_unsent: 1,
        company: connection.company,
        device: connection.device,
        at: platform::now(),
        commands: commands.len(),
        key,
        encapsulated: String::new(),
    };
    let unsent = serde_json::to_vec(&Unsent { commands }).map_err(internal)?;
    let packed = zstd::bulk::compress(&unsent, PACK_LEVEL).map_err(internal)?;
    // The first line is bound to what it heads.
    let bound = serde_json::to_vec(&header).map_err(internal)?;
    let (encapsulated, bytes) = SUITE.seal(PURPOSE, &bound, &packed, &HpkePublicKey(public)).map_err(internal)?;
    header.encapsulated = sealed::hex(&encapsulated.0);
    sealed::write(&header, &bytes).map_err(internal)
}

//! A device that was shut out may still have sales that nobody else has. What it sends is kept as it came, bounded, and
//! executed only when somebody releases it at the server's machine.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use kontor_domain::attention::HeldBack;
use kontor_domain::ids::{CommandId, CompanyId, DeviceId};
use kontor_domain::reject::{Code, Reject};
use kontor_store::StoreError;
use kontor_store::access::{Access, Held, HeldOf, TillPlace};
use kontor_sync::authority::{Job, Message};
use kontor_sync::message::{COMMANDS_LIMIT, PushAnswer, PushReply, PushRequest, PushedCommand};
use uuid::Uuid;

use crate::admin::{company, device_of, open};
use crate::config::Settings;
use crate::host::{Host, now};
use crate::problem::Problem;
use crate::upgrade;

/// How long the running server may take to do what was let go, and how often it is looked.
const RELEASE_LIMIT: Duration = Duration::from_mins(10);
const RELEASE_GLANCE: Duration = Duration::from_millis(200);
/// Most commands that are kept of a device, and most bytes of them.
const COUNT_LIMIT: i64 = 100_000;
const BYTES_LIMIT: i64 = 256 * 1_048_576;

/// Keeps a push. The device is told that it came, and nothing else.
pub async fn keep(host: &Host, company: CompanyId, request: PushRequest) -> Result<PushReply, Problem> {
    let access = &host.access;
    let known = access.held_devices(company).await?.into_iter().find(|held| held.device == request.device);
    let (count, bytes) = known.map_or((0, 0), |held| (held.count, held.bytes));
    let more = i64::try_from(request.commands.len()).unwrap_or(i64::MAX);
    if count.saturating_add(more) > COUNT_LIMIT || bytes > BYTES_LIMIT {
        return Err(Reject::new(Code::TooLong).with("limit", COUNT_LIMIT).into());
    }
    let (device, replica) = (request.device, request.replica);
    let mut held = Vec::with_capacity(request.commands.len());
    for command in request.commands {
        let text = serde_json::to_string(&command).map_err(|_| Problem::unavailable())?;
        held.push(Held { id: command.id, replica, seq: command.seq, command: text.replace('\0', "") });
    }
    let new = access.hold(company, device, &held, host.now()).await?;
    if new > 0 {
        tracing::warn!(%device, commands = new, "a device that was shut out sent commands: they are kept, not done");
        host.is_held_told.store(false, Ordering::Relaxed);
    }
    Ok(PushReply { replica, answer: PushAnswer::Ok })
}

/// Tells people how much is kept of a device now. It is kept whether or not that succeeds, and it is told again a while later.
async fn tell(host: &Host, company: CompanyId, device: DeviceId) {
    if let Err(error) = try_to_tell(host, company, device).await {
        tracing::error!(error = format!("{error:#}"), %device, "nobody is told of what is kept");
        host.is_held_told.store(false, Ordering::Relaxed);
    }
}

/// The same is told once, by whichever process: the id says what is told.
async fn try_to_tell(host: &Host, company: CompanyId, device: DeviceId) -> Result<()> {
    // Before it is looked: who looked later knows better.
    let at = host.now();
    let held = host.access.held_devices(company).await?.into_iter().find(|held| held.device == device);
    let tills = host.access.tills(company).await?;
    let till = tills.iter().find(|place| place.device.as_ref().is_some_and(|known| known.id == device)).map_or(0, |place| place.till.number);
    let id = held.map_or_else(Uuid::now_v7, |held| id_of(&held));
    let held = HeldBack { device_id: device, till, count: held.map_or(0, |held| held.count), at };
    let told = host.ask(company, move |answer| Message::Job(Job::tell_held_back(CommandId(id), company, held, answer))).await;
    told.map_err(|reject| anyhow!("{reject}"))
}

/// Cut from what is told: the device's random id, how much, and when the last of it came.
fn id_of(held: &HeldOf) -> Uuid {
    let (count, at) = (held.count.unsigned_abs(), held.last_at.0.unsigned_abs());
    Uuid::from_u128(held.device.0.as_u128() ^ u128::from(count) << 64 ^ u128::from(at) ^ 1 << 127)
}

/// Tells of all that is kept, and of what is not kept any more: a restore brings commands along, but not that people were
/// told, and who let go of them may have ended before that was told.
pub async fn tell_all(host: &Host) -> Result<()> {
    host.is_held_told.store(true, Ordering::Relaxed);
    for company in host.access.companies().await? {
        let kept = host.access.held_devices(company).await?.into_iter().map(|held| held.device);
        let devices: BTreeSet<DeviceId> = kept.chain(host.access.held_items(company).await?).collect();
        for device in devices {
            tell(host, company, device).await;
        }
    }
    Ok(())
}

/// Executes what was let go of a device; how many commands. Every server may do it, or several at once. What came by another way is known by its id.
pub async fn release(host: &Host, company: CompanyId, device: DeviceId) -> Result<usize> {
    let most = i64::try_from(COMMANDS_LIMIT)?;
    let mut released = 0;
    loop {
        let held = host.access.released(company, device, most).await?;
        let Some(first) = held.first() else {
            tell(host, company, device).await;
            return Ok(released);
        };
        // One copy at a time: its commands follow each other. Numbers of a copy made up for it, so that those the till
        // goes on with mean nothing here: only the commands' ids say what was done before.
        let part: Vec<&Held> = held.iter().take_while(|one| one.replica == first.replica).collect();
        let commands = (1..).zip(&part).map(|(seq, one)| {
            let command: PushedCommand = serde_json::from_str(&one.command).with_context(|| format!("command {}", one.id))?;
            Ok(PushedCommand { seq, ..command })
        });
        let commands = commands.collect::<Result<Vec<_>>>()?;
        let build = env!("CARGO_PKG_VERSION").to_owned();
        let request = PushRequest { epoch: None, replica: Uuid::new_v4(), device, build, now: host.now(), commands };
        request.check().map_err(|reject| anyhow!("{reject}"))?;
        let reply = host.push(company, request).await.context("busy")?.map_err(|reject| anyhow!("{reject}"))?;
        ensure!(reply.answer == PushAnswer::Ok, "not taken in: {:?}", reply.answer);
        host.access.let_go(company, &part.iter().map(|one| one.id).collect::<Vec<_>>()).await?;
        released += part.len();
    }
}

/// Tills that sent something after they were shut out.
pub async fn list(settings: &Settings) -> Result<Vec<(TillPlace, HeldOf)>> {
    let access = open(settings).await?;
    let company = company(&access, settings).await?;
    let held = access.held_devices(company).await?;
    let tills = access.tills(company).await?;
    access.close().await;
    let of = |place: &TillPlace| held.iter().find(|held| place.device.as_ref().is_some_and(|device| device.id == held.device)).copied();
    Ok(tills.into_iter().filter_map(|place| of(&place).map(|held| (place, held))).collect())
}

/// Does what a till sent after it was shut out; how many commands. A server that has the file does it itself.
pub async fn let_go(settings: &Settings, number: i64) -> Result<u64> {
    let access = open(settings).await?;
    let company = company(&access, settings).await?;
    let device = device_of(&access, company, number).await?;
    let count = access.release(company, device, now()).await?;
    upgrade::copy_before_migrating(settings).await?;
    let done = match Host::open(&settings.database).await {
        Ok(host) => {
            let done = release(&host, company, device).await.map(|_| ());
            host.close().await;
            done
        }
        Err(StoreError::AlreadyOpen(_)) => until_released(&access, company, device).await,
        Err(error) => Err(error.into()),
    };
    access.close().await;
    done.map(|()| count)
}

/// Waits until the running server has done what was let go.
async fn until_released(access: &Access, company: CompanyId, device: DeviceId) -> Result<()> {
    let start = std::time::Instant::now();
    while access.released_devices().await?.contains(&(company, device)) {
        ensure!(start.elapsed() < RELEASE_LIMIT, "it is let go, but the running program has not done it: its log says why");
        tokio::time::sleep(RELEASE_GLANCE).await;
    }
    Ok(())
}

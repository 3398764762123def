//! A device that was shut out may still have sales that nobody else has. What it sends is kept as it came, bounded, and
//! executed only when somebody releases it at the server's machine.

use anyhow::{Context as _, Result, anyhow, ensure};
use kontor_domain::ids::{CompanyId, DeviceId};
use kontor_domain::reject::{Code, Reject};
use kontor_store::access::{Access, Held};
use kontor_sync::message::{COMMANDS_LIMIT, PushAnswer, PushReply, PushRequest, PushedCommand};

use crate::host::{Host, now};
use crate::problem::Problem;

/// Most commands that are kept of a device, and most bytes of them.
const COUNT_LIMIT: i64 = 100_000;
const BYTES_LIMIT: i64 = 256 * 1_048_576;

/// Keeps a push. The device is told that it came, and nothing else.
pub async fn keep(access: &Access, company: CompanyId, request: PushRequest) -> Result<PushReply, Problem> {
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
    access.hold(company, device, &held, now()).await?;
    tracing::warn!(%device, commands = held.len(), "a device that was shut out sent commands: they are kept, not done");
    Ok(PushReply { replica, answer: PushAnswer::Ok })
}

/// Executes what is kept of a device; how many commands. What came by another way is known by its id.
pub async fn release(host: &Host, company: CompanyId, device: DeviceId) -> Result<usize> {
    let most = i64::try_from(COMMANDS_LIMIT)?;
    let mut released = 0;
    loop {
        let held = host.access.held(company, device, most).await?;
        let Some(first) = held.first() else { return Ok(released) };
        // One copy at a time: its commands follow each other. Numbers of a copy made up for it, so that those the till
        // goes on with mean nothing here: only the commands' ids say what was done before.
        let part: Vec<&Held> = held.iter().take_while(|one| one.replica == first.replica).collect();
        let commands = (1..).zip(&part).map(|(seq, one)| {
            let command: PushedCommand = serde_json::from_str(&one.command).with_context(|| format!("command {}", one.id))?;
            Ok(PushedCommand { seq, ..command })
        });
        let commands = commands.collect::<Result<Vec<_>>>()?;
        let build = env!("CARGO_PKG_VERSION").to_owned();
        let request = PushRequest { epoch: None, replica: uuid::Uuid::new_v4(), device, build, now: now(), commands };
        request.check().map_err(|reject| anyhow!("{reject}"))?;
        let reply = host.push(company, request).await.context("busy")?.map_err(|reject| anyhow!("{reject}"))?;
        ensure!(reply.answer == PushAnswer::Ok, "not taken in: {:?}", reply.answer);
        host.access.let_go(company, &part.iter().map(|one| one.id).collect::<Vec<_>>()).await?;
        released += part.len();
    }
}

//! What the server does of itself: what somebody let go is done, and once a day what nobody needs any more is forgotten.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Result, anyhow};
use kontor_domain::time::Instant as Moment;
use kontor_sync::authority::{Care, Message, Upkeep};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::App;
use crate::config::Settings;
use crate::host::Host;
use crate::quarantine;

/// How often it is looked whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often people are told at most of what shut-out devices send.
const TELL_EVERY: Duration = Duration::from_secs(30);
const DAY_MS: i64 = 24 * 3_600_000;
/// Who takes it does it for all processes on the database.
const DAILY: &str = "daily";

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Days of removals, for tills that are away.
    pub removals_days: i64,
    /// Days of documents and moves, on tills.
    pub history_days: u32,
}

impl Kept {
    /// As the settings say.
    pub const fn of(settings: &Settings) -> Self {
        Self { removals_days: settings.removals_days, history_days: settings.history_days }
    }
}

/// Works until the server stops.
pub async fn run(app: Arc<App>, kept: Kept, mut stopping: watch::Receiver<bool>) {
    let mut told = None::<Instant>;
    while !*stopping.borrow() {
        // Whoever was shut out and sends and sends does not write to the company's log each time.
        let is_time = told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        let told_now = if is_time && !app.host.is_held_told.load(Ordering::Relaxed) {
            told = Some(Instant::now());
            quarantine::tell_all(&app.host).await
        } else {
            Ok(())
        };
        for done in [told_now, look(&app.host, kept).await] {
            if let Err(error) = done {
                tracing::warn!(error = format!("{error:#}"), "upkeep");
            }
        }
        tokio::select! {
            _ = stopping.changed() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn look(host: &Host, kept: Kept) -> Result<()> {
    for (company, device) in host.access.released_devices().await? {
        let commands = quarantine::release(host, company, device).await?;
        tracing::warn!(%device, commands, "done: what a device had sent after it was shut out");
    }
    let now = host.now();
    if host.access.take_duty(DAILY, now, DAY_MS).await? {
        host.access.forget_enrol_tries(now).await?;
        forget_removals(host, kept.removals_days, now).await?;
        host.forget_history(kept.history_days, now).await?;
    }
    Ok(())
}

/// Forgets removals that are older: a copy that was away for longer starts anew.
pub async fn forget_removals(host: &Host, days: i64, now: Moment) -> Result<()> {
    let before = Moment(now.0.saturating_sub(days.saturating_mul(DAY_MS)));
    for company in host.access.companies().await? {
        let rev = host.access.rev_before(company, before).await?;
        let count = host.access.removals(company, rev).await?;
        if count == 0 {
            continue;
        }
        let upkeep = Upkeep::DropTombstones(rev);
        host.ask(company, |answer| Message::Care(Care { company, upkeep, answer })).await.map_err(|reject| anyhow!("{reject}"))?;
        tracing::info!(%company, rev, count, "removals are forgotten");
    }
    Ok(())
}

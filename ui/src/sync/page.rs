//! The page behind the chip: what waits, since when, with whom, and what can be done.

use kontor_domain::command::Permission;
use kontor_domain::host::{FileWish, HostCall, ServerBackup, SyncPhase, SyncState};
use kontor_domain::reject::{Code, Reject};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::chip;
use super::waiting::WaitingList;
use crate::icon::Picture;
use crate::parts::{Button, Empty, Kind, Strip, today};
use crate::place::{Place, go};
use crate::state::app;
use crate::text::{Key, key, refusal, t, tx};
use crate::toast::Tone;
use crate::{backend, format, icon};

/// The screen.
#[component]
pub(crate) fn SyncScreen() -> impl IntoView {
    let has_server = Memo::new(|_| app().sync.with(Option::is_some));
    view! {
        <div class="page scroll syncpage">
            <div class="head"><h1>{t(key::SYNC_TITLE)}</h1></div>
            {move || if has_server.get() { view! { <Joined/> }.into_any() } else { view! { <Alone/> }.into_any() }}
        </div>
    }
}

#[component]
fn Alone() -> impl IntoView {
    view! {
        <Empty icon=icon::CHECK title=t(key::SYNC_ALONE) text=t(key::SYNC_ALONE_TEXT)>
            <Button label=t(key::SYNC_JOIN) icon=icon::SERVER press=crate::settings::open_server/>
        </Empty>
    }
}

#[component]
fn Joined() -> impl IntoView {
    let waiting = Memo::new(|_| app().sync.with(|sync| sync.as_ref().map_or(0, |sync| sync.waiting)));
    view! {
        <Now/>
        <NoBackup/>
        <Needs/>
        <WaitingList waiting=waiting/>
    }
}

/// What is so now.
#[component]
fn Now() -> impl IntoView {
    let sync = move |read: fn(&SyncState) -> String| app().sync.with(|sync| sync.as_ref().map(read)).unwrap_or_default();
    let shown = Memo::new(|_| app().sync.with(|sync| chip::of(sync.as_ref(), 0)));
    // That the server is not reached is said above.
    let is_news = |reject: &Reject| reject.code != Code::ServerAway;
    let trouble = Memo::new(move |_| app().sync.with(|sync| sync.as_ref().and_then(|sync| sync.problem.clone())).filter(is_news));
    let tone =
        move || if app().sync.with(|sync| sync.as_ref().is_some_and(|sync| sync.phase == SyncPhase::Refused)) { Tone::Need } else { Tone::Plain };
    let has_waiting = Memo::new(|_| app().sync.with(|sync| sync.as_ref().is_some_and(|sync| sync.waiting > 0)));
    view! {
        <section class="card pad form">
            <div class="row">
                {move || view! { <Picture icon=shown.get().icon large=true/> }}
                <div class="col">
                    <h2>{move || shown.get().text}</h2>
                    <p class="muted">{move || sync(|sync| t(say(sync.phase)))}</p>
                </div>
            </div>
            {move || trouble.get().map(|reject| view! { <Strip tone=tone() text=refusal(&reject)/> })}
            <dl class="facts">
                <dt>{t(key::SYNC_SERVER)}</dt>
                <dd class="selectable">{move || sync(|sync| sync.server.clone())}</dd>
                <dt>{t(key::SYNC_LAST_CONTACT)}</dt>
                <dd>{move || sync(|sync| moment(sync.last_contact))}</dd>
                <dt>{t(key::SYNC_DATA_AGE)}</dt>
                <dd>{move || sync(|sync| moment(sync.synced_at))}</dd>
                <dt>{t(key::SYNC_BACKUP)}</dt>
                <dd>{move || sync(|sync| backup(sync.backup))}</dd>
                <dt>{t(key::SYNC_UNSENT)}</dt>
                <dd class="num">{move || sync(|sync| sync.waiting.to_string())}</dd>
                <Show when=move || has_waiting.get()>
                    <dt>{t(key::SYNC_SINCE)}</dt>
                    <dd>{move || sync(|sync| moment(sync.waiting_since))}</dd>
                </Show>
            </dl>
            <div class="row wrap">
                <Button label=t(key::SYNC_SEND_NOW) kind=Kind::Primary icon=icon::SYNC press=send_now/>
                <Show when=move || has_waiting.get()>
                    <Button label=t(key::SYNC_EXPORT) icon=icon::FILE_OUT press=export/>
                </Show>
            </div>
            <Show when=move || has_waiting.get()><p class="small muted">{t(key::SYNC_EXPORT_TEXT)}</p></Show>
        </section>
    }
}

fn moment(at: Option<kontor_domain::time::Instant>) -> String {
    at.map_or_else(|| t(key::SYNC_NEVER), format::date_time)
}

fn backup(backup: ServerBackup) -> String {
    match backup {
        ServerBackup::Unknown => t(key::SYNC_BACKUP_UNKNOWN),
        ServerBackup::None => t(key::SYNC_BACKUP_NONE),
        ServerBackup::At(at) => format::date_time(at),
    }
}

/// How long tills keep what they sent where no backup covers it, milliseconds.
const KEPT_MS: i64 = 30 * 86_400_000;

/// Whether what was sent is, or soon will be, on the shop server's disk alone.
fn needs_backup(sync: &SyncState) -> bool {
    match (sync.backup, sync.last_contact) {
        (ServerBackup::None, _) => true,
        (ServerBackup::At(at), Some(now)) => now.0.saturating_sub(at.0) > KEPT_MS,
        (ServerBackup::At(_), None) | (ServerBackup::Unknown, _) => false,
    }
}

/// Said to who can see to it.
#[component]
fn NoBackup() -> impl IntoView {
    let is_needed = Memo::new(|_| app().sync.with(|sync| sync.as_ref().is_some_and(needs_backup)) && app().may(Permission::SettingsEdit));
    view! { <Show when=move || is_needed.get()><Strip tone=Tone::Warn text=t(key::SYNC_BACKUP_NEEDED)/></Show> }
}

const fn say(phase: SyncPhase) -> Key {
    match phase {
        SyncPhase::First => key::SYNC_FIRST_TEXT,
        SyncPhase::Sending => key::SYNC_SAY_SENDING,
        SyncPhase::Synced => key::SYNC_SAY_SYNCED,
        SyncPhase::Offline => key::SYNC_SAY_OFFLINE,
        SyncPhase::Refused => key::SYNC_SAY_REFUSED,
    }
}

/// The way to what needs a person, if something does.
#[component]
fn Needs() -> impl IntoView {
    let count = Memo::new(|_| app().session.with(|session| session.as_ref().map_or(0, |session| session.attention_count)));
    let strip = move || {
        let text = tx(key::SHELL_ATTENTION, &[("count", count.get().into())]);
        view! { <Strip tone=Tone::Need text=text><Button label=t(key::COMMON_OPEN) press=|| go(Place::Attention)/></Strip> }
    };
    view! { <Show when=move || { count.get() > 0 }>{strip}</Show> }
}

fn send_now() {
    spawn_local(async {
        if let Err(reject) = backend::host::<()>(HostCall::SyncNow).await {
            app().toasts.refuse(&reject);
        }
    });
}

fn export() {
    spawn_local(async {
        match export_to_file().await {
            Ok(Some((count, path))) => app().toasts.say(Tone::Ok, tx(key::SYNC_EXPORTED, &[("count", count.into()), ("path", path.into())])),
            Ok(None) => {}
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
}

async fn export_to_file() -> Result<Option<(i64, String)>, Reject> {
    let Some(path) = pick_sealed_file().await? else { return Ok(None) };
    let count = backend::host::<i64>(HostCall::ExportUnsent { path: path.clone() }).await?;
    Ok(Some((count, path)))
}

/// Asks where to write what was not sent.
pub(super) async fn pick_sealed_file() -> Result<Option<String>, Reject> {
    let day = untrack(today).map(|day| day.to_string()).unwrap_or_default();
    let wish = FileWish { save: true, name: format!("kontor-unsent-{day}.sealed"), extension: "sealed".into() };
    backend::host(HostCall::PickFile(wish)).await
}

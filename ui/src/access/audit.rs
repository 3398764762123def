//! What was done, tried and refused: newest first, narrowed by person, device, time and kind.

use kontor_domain::command::{Event, Permission};
use kontor_domain::identity::{AuditEntry, AuditFilter, ListAudit, ListPersons, PersonFilter};
use kontor_domain::ids::{DeviceId, PersonId};
use kontor_domain::reject::Reject;
use kontor_domain::settings::ListDevices;
use kontor_domain::time::{BusinessDate, Instant};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::audit_detail::AuditDetailDialog;
use crate::live::live;
use crate::parts::{Button, DayField, Empty, Skeleton, Strip, Tag};
use crate::seat::is_at_server;
use crate::state::app;
use crate::text::{key, refusal, t, word};
use crate::toast::Tone;
use crate::{backend, format, icon};

/// Entries to a question.
const PAGE: u32 = 100;
/// People that can be chosen from.
const PEOPLE: u32 = 500;
/// What can be chosen from: the beginnings of kinds.
const KINDS: &[&str] = &["access", "identity", "settings", "catalog", "stock", "counter", "printing", "attention"];

/// What the list is narrowed to.
#[derive(Clone, Copy)]
struct Filter {
    from: RwSignal<Option<BusinessDate>>,
    to: RwSignal<Option<BusinessDate>>,
    person: RwSignal<String>,
    device: RwSignal<String>,
    kind: RwSignal<String>,
}

impl Filter {
    fn read(self) -> AuditFilter {
        let kind = self.kind.get();
        AuditFilter {
            from: self.from.get().map(|day| midnight(day, 0)),
            to: self.to.get().map(|day| midnight(day, 1)),
            person_id: self.person.get().parse().ok().map(PersonId),
            device_id: self.device.get().parse().ok().map(DeviceId),
            kind: if kind.is_empty() { kind } else { format!("{kind}.") },
        }
    }
}

/// When a day begins where the browser is, or one a few days later.
fn midnight(day: BusinessDate, later: i32) -> Instant {
    use chrono::Datelike as _;
    let month = i32::try_from(day.0.month0()).unwrap_or(0);
    let date = i32::try_from(day.0.day()).unwrap_or(1) + later;
    let begin = js_sys::Date::new_with_year_month_day(day.0.year().max(0).unsigned_abs(), month, date);
    Instant(begin.get_time() as i64)
}

/// The entries that are here.
#[derive(Clone, Copy)]
struct Entries {
    rows: RwSignal<Option<Vec<AuditEntry>>>,
    has_more: RwSignal<bool>,
    refused: RwSignal<Option<Reject>>,
    busy: RwSignal<bool>,
    /// Grows with every new question: answers to an old one are thrown away.
    edition: StoredValue<u32>,
}

impl Entries {
    fn new() -> Self {
        let (rows, refused) = (RwSignal::new(None), RwSignal::new(None));
        Self { rows, has_more: RwSignal::new(false), refused, busy: RwSignal::new(false), edition: StoredValue::new(0) }
    }

    /// Asks for what comes after what is here, or anew.
    fn fetch(self, filter: AuditFilter, is_anew: bool) {
        if is_anew {
            self.edition.update_value(|edition| *edition = edition.wrapping_add(1));
        }
        let edition = self.edition.get_value();
        let last = self.rows.with_untracked(|rows| rows.as_ref().and_then(|rows| rows.last()).map(|entry| (entry.at, entry.id)));
        let before = last.filter(|_| !is_anew);
        self.busy.set(true);
        spawn_local(async move {
            let answer = backend::ask(ListAudit { filter, before, limit: PAGE }).await;
            if self.edition.try_get_value() != Some(edition) {
                return;
            }
            self.busy.set(false);
            match answer {
                Ok(found) => {
                    self.refused.set(None);
                    self.has_more.set(found.len() == PAGE as usize);
                    self.rows.update(|rows| match rows {
                        Some(rows) if !is_anew => rows.extend(found),
                        _ => *rows = Some(found),
                    });
                }
                Err(reject) => self.refused.set(Some(reject)),
            }
        });
    }
}

/// The page.
#[component]
pub(super) fn AuditPage() -> impl IntoView {
    let nothing = || RwSignal::new(String::new());
    let filter = Filter { from: RwSignal::new(None), to: RwSignal::new(None), person: nothing(), device: nothing(), kind: nothing() };
    let entries = Entries::new();
    Effect::new(move |_| entries.fetch(filter.read(), true));
    let shown = RwSignal::new(None::<uuid::Uuid>);
    view! {
        <Filters filter=filter/>
        {move || entries.refused.get().map(|reject| view! { <Strip tone=Tone::Need text=refusal(&reject)/> })}
        <section class="card tablecard auditcard">
            {move || match entries.rows.get() {
                None => view! { <Skeleton height="320px"/> }.into_any(),
                Some(rows) if rows.is_empty() => {
                    view! { <Empty icon=icon::HISTORY title=t(key::ACCESS_NO_AUDIT) text=t(key::ACCESS_NO_AUDIT_TEXT)/> }.into_any()
                }
                Some(rows) => table(&rows, shown),
            }}
            <Show when=move || entries.has_more.get()>
                <div class="under">
                    <Button label=t(key::COMMON_MORE) busy=entries.busy press=move || entries.fetch(untrack(|| filter.read()), false)/>
                </div>
            </Show>
        </section>
        <AuditDetailDialog shown=shown/>
    }
}

#[component]
fn Filters(filter: Filter) -> impl IntoView {
    let people = live(&[Event::IdentityChanged], || {
        let question = ListPersons { filter: PersonFilter::default(), offset: 0, limit: PEOPLE };
        app().may(Permission::UsersRead).then_some(question)
    });
    let devices = live(&[Event::SettingsChanged], || app().may(Permission::SettingsEdit).then_some(ListDevices {}));
    let person_names = Signal::derive(move || {
        let people = people.get().map(|page| page.rows).unwrap_or_default();
        people.into_iter().map(|view| (view.person.id.to_string(), view.person.name)).collect()
    });
    let device_names = Signal::derive(move || {
        let devices = devices.get().unwrap_or_default();
        devices.into_iter().map(|view| (view.device.id.to_string(), view.device.name)).collect()
    });
    let kind_option = |kind: &&'static str| view! { <option value=*kind>{word("area", kind)}</option> };
    view! {
        <div class="row wrap">
            <label class="chip select" class:on=move || !filter.kind.with(String::is_empty)>
                <select aria-label=t(key::ACCESS_KIND) on:change=move |event| filter.kind.set(event_target_value(&event))>
                    <option value="">{t(key::ACCESS_EVERY_KIND)}</option>
                    {KINDS.iter().map(kind_option).collect_view()}
                </select>
            </label>
            <Choice chosen=filter.person label=t(key::ACCESS_PERSON) every=t(key::ACCESS_EVERYBODY) names=person_names/>
            <Choice chosen=filter.device label=t(key::ACCESS_DEVICE) every=t(key::ACCESS_EVERY_DEVICE) names=device_names/>
            <div class="row wrap push">
                <span class="dates"><span aria-hidden="true">{t(key::ACCESS_FROM)}</span><DayField value=filter.from label=t(key::ACCESS_FROM)/></span>
                <span class="dates"><span aria-hidden="true">{t(key::ACCESS_TO)}</span><DayField value=filter.to label=t(key::ACCESS_TO)/></span>
                <Download filter=filter/>
            </div>
        </div>
    }
}

/// One of several by its id, or all of them.
#[component]
fn Choice(chosen: RwSignal<String>, label: String, every: String, names: Signal<Vec<(String, String)>>) -> impl IntoView {
    let options = move || {
        let chosen = chosen.get();
        let option = move |(id, name): (String, String)| view! { <option value=id.clone() selected=chosen == id>{name}</option> };
        names.get().into_iter().map(option).collect_view()
    };
    view! {
        <label class="chip select" class:on=move || !chosen.with(String::is_empty)>
            <select aria-label=label on:change=move |event| chosen.set(event_target_value(&event))>
                <option value="">{every}</option>
                {options}
            </select>
        </label>
    }
}

/// All that was found, as CSV, from the server.
#[component]
fn Download(filter: Filter) -> impl IntoView {
    let busy = RwSignal::new(false);
    let press = move || {
        let filter = untrack(|| filter.read());
        busy.set(true);
        spawn_local(async move {
            let answer = backend::save_csv(format!("/api/v1/audit/export?{}", asked_as(&filter)), "audit.csv").await;
            let _ = busy.try_set(false);
            if let Err(reject) = answer {
                app().toasts.refuse(&reject);
            }
        });
    };
    if !is_at_server() {
        return ().into_any();
    }
    view! { <Button label=t(key::ACCESS_CSV) icon=icon::FILE_OUT busy=busy press=press/> }.into_any()
}

/// A filter as the server reads it in an address.
fn asked_as(filter: &AuditFilter) -> String {
    let moment = |at: Option<Instant>| at.map(|at| at.0.to_string());
    let (person, device) = (filter.person_id.map(|id| id.to_string()), filter.device_id.map(|id| id.to_string()));
    let kind = Some(filter.kind.clone()).filter(|kind| !kind.is_empty());
    let parts = [("from", moment(filter.from)), ("to", moment(filter.to)), ("person", person), ("device", device), ("kind", kind)];
    // Digits, ids and names of kinds: nothing that an address would have to escape.
    parts.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect::<Vec<_>>().join("&")
}

/// What an entry is about, in words.
pub(super) fn kind_words(kind: &str) -> String {
    match kind.strip_prefix("access.") {
        Some(rest) => word("door", rest),
        None => word("command", kind),
    }
}

/// Whether it stood.
pub(super) fn verdict(entry: &AuditEntry) -> AnyView {
    match (entry.status.as_str(), entry.code) {
        ("ok", None) => ().into_any(),
        _ => view! { <Tag tone=Tone::Warn text=word("verdict", &entry.status)/> }.into_any(),
    }
}

fn table(rows: &[AuditEntry], shown: RwSignal<Option<uuid::Uuid>>) -> AnyView {
    let row = |entry: &AuditEntry| {
        let id = entry.id;
        let number = entry.number.clone().map(|number| format!(" · {number}"));
        view! {
            <tr class="can" on:click=move |_| shown.set(Some(id))>
                <td class="nowrap muted">{format::date_time(entry.at)}</td>
                <td>
                    <button type="button" class="link strong" on:click=move |_| shown.set(Some(id))>{kind_words(&entry.kind)}</button>
                    <span class="muted">{number}</span>
                </td>
                <td>{entry.person_name.clone()}</td>
                <td class="muted">{entry.device_name.clone()}</td>
                <td class="muted num">{entry.address.clone()}</td>
                <td>{verdict(entry)}</td>
            </tr>
        }
    };
    view! {
        <table class="plain">
            <thead>
                <tr>
                    <th>{t(key::SYNC_WHEN)}</th>
                    <th>{t(key::SYNC_WHAT)}</th>
                    <th>{t(key::ACCESS_PERSON)}</th>
                    <th>{t(key::ACCESS_DEVICE)}</th>
                    <th class="num">{t(key::ACCESS_FROM_ADDRESS)}</th>
                    <th>{t(key::ACCESS_VERDICT)}</th>
                </tr>
            </thead>
            <tbody>{rows.iter().map(row).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

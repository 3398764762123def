//! Devices: tills and computers that have joined this shop server.

use kontor_domain::command::{Command, Edit, Event};
use kontor_domain::host::ServerMethod;
use kontor_domain::ids::DeviceId;
use kontor_domain::settings::{self, Device, DeviceChanges, DevicePerson, DeviceView, ListDevices};
use leptos::prelude::*;
use serde::Deserialize;

use crate::live::live;
use crate::parts::{Button, Confirm, Dialog, Form, FormError, Kind, Tag, TextField, field_name, on_enter};
use crate::signin::till_words;
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;
use crate::{backend, icon};

/// Where devices are written off and invited.
const DEVICES: &str = "/api/v1/devices";

/// What a new till needs, once.
#[derive(Clone, Deserialize)]
struct Invitation {
    code: String,
    till_number: i64,
    good_for_minutes: i64,
    fingerprint: Option<String>,
}

/// The page.
#[component]
pub(super) fn DevicesPage() -> impl IntoView {
    let asked = RwSignal::new(0_u32);
    let devices = live(&[Event::SettingsChanged], move || {
        asked.track();
        Some(ListDevices {})
    });
    let again = Callback::new(move |()| asked.update(|count| *count = count.wrapping_add(1)));
    let (open, edited) = (RwSignal::new(false), RwSignal::new(None::<Device>));
    let (asking, off) = (RwSignal::new(false), RwSignal::new(None::<Device>));
    let form = Form::new(&[]);
    let invitation = RwSignal::new(None::<Invitation>);
    let invite = move |till: Option<i64>| {
        let body = serde_json::json!({ "till": till });
        form.send(async move { backend::rest(ServerMethod::Post, &format!("{DEVICES}/invitations"), Some(&body)).await }, move |found| {
            invitation.set(Some(found))
        });
    };
    let write_off = Callback::new(move |()| {
        let Some(device) = off.get_untracked() else { return };
        let path = format!("{DEVICES}/{}/write-off", device.id);
        form.send(async move { backend::rest::<()>(ServerMethod::Post, &path, Some(&serde_json::json!({}))).await }, move |()| {
            again.run(());
            app().toasts.say(Tone::Ok, t(key::ACCESS_WRITTEN_OFF));
        });
    });
    let row = move |view: DeviceView| {
        let (named, lost, till) = (view.device.clone(), view.device.clone(), view.till.as_ref().map(|till| till.number));
        let is_joined = view.token_count > 0;
        view! {
            <div class="option still">
                <crate::icon::Picture icon=if view.till.is_some() { icon::TILL } else { icon::SERVER }/>
                <span class="grow">
                    <span class="row wrap">
                        <span class="strong">{view.device.name.clone()}</span>
                        {is_joined.then(|| view! { <Tag tone=Tone::Ok text=t(key::ACCESS_JOINED)/> })}
                    </span>
                    <div class="sub">{view.till.as_ref().map(till_words)}</div>
                    {believed(view.device.id, view.persons.clone(), form, again)}
                </span>
                <Button label=t(key::ACCESS_RENAME) press=move || {
                    edited.set(Some(named.clone()));
                    open.set(true);
                }/>
                {till.map(|number| view! { <Button label=t(key::ACCESS_NEW_CODE) busy=form.busy press=move || invite(Some(number))/> })}
                {is_joined.then(|| view! {
                    <Button label=t(key::ACCESS_WRITE_OFF) kind=Kind::Danger press=move || {
                        off.set(Some(lost.clone()));
                        asking.set(true);
                    }/>
                })}
            </div>
        }
    };
    let off_name = move || off.with(|device| device.as_ref().map(|device| device.name.clone())).unwrap_or_default();
    view! {
        <section class="card pad form">
            <div class="row between">
                <h2>{t(key::ACCESS_DEVICES)}</h2>
                <Button label=t(key::ACCESS_INVITE) kind=Kind::Primary icon=icon::PLUS busy=form.busy press=move || invite(None)/>
            </div>
            <p class="muted">{t(key::ACCESS_DEVICES_TEXT)}</p>
            <FormError form=form/>
            <div class="options flush">{move || devices.get().unwrap_or_default().into_iter().map(row).collect_view()}</div>
        </section>
        <Dialog open=open title=t(key::ACCESS_RENAME)>
            {move || edited.get_untracked().map(|device| view! { <NameForm device=device open=open/> })}
        </Dialog>
        <Confirm
            open=asking
            title=Signal::derive(move || tx(key::ACCESS_WRITE_OFF_WHICH, &[("name", off_name().into())]))
            text=t(key::ACCESS_WRITE_OFF_TEXT)
            yes=t(key::ACCESS_WRITE_OFF)
            danger=true
            confirm=write_off
        />
        <InvitationDialog invitation=invitation/>
    }
}

/// Who is believed on a device, each with the way out.
fn believed(device: DeviceId, persons: Vec<DevicePerson>, form: Form, again: Callback<()>) -> impl IntoView {
    let one = move |person: DevicePerson| {
        let path = format!("{DEVICES}/{device}/persons/{}/withdraw", person.person_id);
        let withdraw = move |_| {
            let path = path.clone();
            form.send(async move { backend::rest::<()>(ServerMethod::Post, &path, Some(&serde_json::json!({}))).await }, move |()| again.run(()));
        };
        let said = tx(key::ACCESS_WITHDRAW, &[("name", person.name.clone().into())]);
        view! {
            <button type="button" class="chip" aria-label=said.clone() title=said on:click=withdraw>
                {person.name}
                <crate::icon::Picture icon=icon::CLOSE small=true/>
            </button>
        }
    };
    (!persons.is_empty()).then(|| view! { <div class="row wrap">{persons.into_iter().map(one).collect_view()}</div> })
}

#[component]
fn NameForm(device: Device, open: RwSignal<bool>) -> impl IntoView {
    let form = Form::new(&["name"]);
    let name = RwSignal::new(device.name.clone());
    let seen = StoredValue::new(device);
    let save = move || {
        let changes =
            seen.with_value(|seen| DeviceChanges { device_id: seen.id, name: Edit::between(&seen.name, &name.get_untracked().trim().to_owned()) });
        form.send(backend::execute(Command::Settings(settings::Command::ChangeDevice(changes))), move |_| open.set(false));
    };
    view! {
        <div class="form" on:keydown=on_enter(save)>
            <TextField label=field_name("name") value=name name="name" form=form autofocus=true max_length=200/>
            <FormError form=form/>
            <div class="foot">
                <Button label=t(key::COMMON_CANCEL) press=move || open.set(false)/>
                <Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy keycap="Enter" press=save/>
            </div>
        </div>
    }
}

/// A code, to be typed at the new till within minutes.
#[component]
fn InvitationDialog(invitation: RwSignal<Option<Invitation>>) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(invitation.with(Option::is_some)));
    let body = move |invitation: Invitation| {
        let number = tx(key::SHELL_TILL, &[("number", invitation.till_number.into())]);
        view! {
            <div class="form">
                <p>{tx(key::ACCESS_CODE_TEXT, &[("till", number.into()), ("minutes", invitation.good_for_minutes.into())])}</p>
                <p class="secret num selectable">{invitation.code.clone()}</p>
                {invitation.fingerprint.clone().map(|digits| view! {
                    <p class="small muted">{t(key::ACCESS_FINGERPRINT)}</p>
                    <p class="fingerprint small selectable num">{digits}</p>
                })}
                <div class="foot"><Button label=t(key::COMMON_DONE) kind=Kind::Primary press=move || open.set(false)/></div>
            </div>
        }
    };
    view! { <Dialog open=open title=t(key::ACCESS_CODE)>{move || invitation.get_untracked().map(body)}</Dialog> }
}

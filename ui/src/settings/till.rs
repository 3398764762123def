//! This till: what it is called and where it sells from.

use kontor_domain::command::{Command, Edit};
use kontor_domain::counter::Till;
use kontor_domain::ids::LocationId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{self, TillChanges};
use leptos::prelude::*;

use crate::parts::{Button, Empty, Form, FormError, Kind, SelectField, TextField, field_name};
use crate::state::app;
use crate::text::{key, t, tx, word};
use crate::toast::Tone;
use crate::{backend, icon};

/// The page.
#[component]
pub(super) fn TillPage() -> impl IntoView {
    match app().session.with_untracked(|session| session.as_ref().and_then(|session| session.till.clone())) {
        Some(till) => view! { <TillForm till=till/> }.into_any(),
        None => view! { <Empty icon=icon::TILL title=t(key::SHIFT_NO_TILL) text=t(key::SHIFT_NO_TILL_TEXT)/> }.into_any(),
    }
}

/// Where goods may be sold from.
fn selling_locations() -> Vec<(String, String)> {
    app().session.with(|session| {
        let all = session.iter().flat_map(|session| session.locations.iter());
        let sellable = all.filter(|location| location.kind.is_sellable() && location.active);
        sellable.map(|location| (location.id.to_string(), format!("{} · {}", location.code, word("location-kind", location.kind.word())))).collect()
    })
}

#[component]
fn TillForm(till: Till) -> impl IntoView {
    let form = Form::new(&["name", "location"]);
    let (name, location) = (RwSignal::new(till.name.clone()), RwSignal::new(till.location_id.to_string()));
    let number = till.number;
    let seen = StoredValue::new(till);
    let save = move || {
        let Ok(id) = location.get_untracked().parse() else { return form.refuse(Reject::field(Code::Format, "location")) };
        let (new_name, new_location) = (name.get_untracked().trim().to_owned(), LocationId(id));
        let changes = seen.with_value(|seen| TillChanges {
            till_id: seen.id,
            name: Edit::between(&seen.name, &new_name),
            location_id: Edit::between(&seen.location_id, &new_location),
        });
        form.send(backend::execute(Command::Settings(settings::Command::ChangeTill(changes))), move |_| {
            seen.update_value(|seen| {
                seen.name = new_name;
                seen.location_id = new_location;
            });
            app().toasts.say(Tone::Ok, t(key::COMMON_SAVED));
        });
    };
    view! {
        <section class="card pad form">
            <h2>{tx(key::SHELL_TILL, &[("number", number.to_string().into())])}</h2>
            <div class="cols">
                <TextField label=field_name("name") value=name name="name" form=form max_length=200 hint=t(key::SETTINGS_TILL_NAME_HINT)/>
                <SelectField label=t(key::SETTINGS_SELLS_FROM) value=location options=Signal::derive(selling_locations) name="location" form=form/>
            </div>
            <FormError form=form/>
            <div class="foot"><Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy press=save/></div>
        </section>
    }
}

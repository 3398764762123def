//! Tax classes.

use kontor_domain::catalog::{self, ListTaxes, NewTax, Tax, TaxChanges};
use kontor_domain::command::{Command, Edit, Event};
use kontor_domain::ids::TaxId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Rate;
use leptos::prelude::*;

use crate::live::live;
use crate::parts::{Button, CheckField, Dialog, Form, FormError, Kind, Tag, TextField, field_name, on_enter};
use crate::text::{key, t};
use crate::toast::Tone;
use crate::{backend, icon, ids};

/// The page.
#[component]
pub(super) fn TaxesPage() -> impl IntoView {
    let taxes = live(&[Event::CatalogChanged], || Some(ListTaxes {}));
    let open = RwSignal::new(false);
    let edited = RwSignal::new(None::<Tax>);
    let edit = move |tax: Option<Tax>| {
        edited.set(tax);
        open.set(true);
    };
    let row = move |tax: Tax| {
        let chosen = tax.clone();
        view! {
            <button type="button" class="option" on:click=move |_| edit(Some(chosen.clone()))>
                <span class="grow strong">{tax.name.clone()}</span>
                {(!tax.active).then(|| view! { <Tag tone=Tone::Plain text=t(key::SETTINGS_OFF)/> })}
                <span class="num">{tax.rate.percent_figure()} " %"</span>
            </button>
        }
    };
    view! {
        <section class="card pad form">
            <div class="row between">
                <h2>{t(key::SETTINGS_TAXES)}</h2>
                <Button label=t(key::SETTINGS_NEW_TAX) icon=icon::PLUS press=move || edit(None)/>
            </div>
            <p class="muted">{t(key::SETTINGS_TAXES_TEXT)}</p>
            <div class="options flush">{move || taxes.get().unwrap_or_default().into_iter().map(row).collect_view()}</div>
        </section>
        <Dialog open=open title=Signal::derive(|| t(key::SETTINGS_TAX))>
            {move || view! { <TaxForm tax=edited.get_untracked() open=open/> }}
        </Dialog>
    }
}

#[component]
fn TaxForm(tax: Option<Tax>, open: RwSignal<bool>) -> impl IntoView {
    let form = Form::new(&["name", "tax", "rate"]);
    let name = RwSignal::new(tax.as_ref().map(|tax| tax.name.clone()).unwrap_or_default());
    let rate = RwSignal::new(tax.as_ref().map(|tax| tax.rate.percent_figure()).unwrap_or_default());
    let active = RwSignal::new(tax.as_ref().is_none_or(|tax| tax.active));
    let is_old = tax.is_some();
    let id = tax.as_ref().map_or_else(|| ids::new(TaxId), |tax| tax.id);
    let before = StoredValue::new(tax);
    let save = move || {
        let Some(parsed) = Rate::parse_percent(&rate.get_untracked()) else { return form.refuse(Reject::field(Code::Format, "rate")) };
        let name = name.get_untracked().trim().to_owned();
        let command = before.with_value(|before| match before {
            None => catalog::Command::CreateTax(NewTax { id, name, rate: parsed }),
            Some(before) => catalog::Command::EditTax(TaxChanges {
                id,
                name: Edit::between(&before.name, &name),
                rate: Edit::between(&before.rate, &parsed),
                active: Edit::between(&before.active, &active.get_untracked()),
            }),
        });
        form.send(backend::execute(Command::Catalog(command)), move |_| open.set(false));
    };
    view! {
        <div class="form" on:keydown=on_enter(save)>
            <TextField label=field_name("name") value=name name="name" form=form autofocus=true max_length=200/>
            <TextField label=field_name("rate") value=rate name="rate" form=form mode="decimal" unit="%".to_owned() hint=t(key::SETTINGS_RATE_HINT)/>
            {is_old.then(|| view! { <CheckField label=t(key::SETTINGS_IN_USE) value=active/> })}
            <FormError form=form/>
            <div class="foot">
                <Button label=t(key::COMMON_CANCEL) press=move || open.set(false)/>
                <Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy keycap="Enter" press=save/>
            </div>
        </div>
    }
}

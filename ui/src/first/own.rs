//! A shop of one's own: the few things that cannot be guessed.

use kontor_domain::catalog::NewTax;
use kontor_domain::command::Command;
use kontor_domain::host::Start;
use kontor_domain::ids::{LocationId, ShiftId, TaxId, TillId, WarehouseId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{self, Found, TaxMode};
use kontor_domain::stock::{LocationKind, NewLocation};
use kontor_domain::units::{CURRENCIES, Currency, Money, Rate};
use leptos::prelude::*;

use super::presets;
use crate::parts::{Button, Choice, Form, FormError, SelectField, TextField};
use crate::state::app;
use crate::text::{key, locale, t, tx, word};
use crate::{backend, ids};

/// Where goods for sale lie until a shop has more places.
const SHELF: &str = "SHELF";

/// What is typed. It outlives a change of language.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    code: RwSignal<String>,
    owner: RwSignal<String>,
    currency: RwSignal<String>,
    tax_mode: RwSignal<TaxMode>,
    rate: RwSignal<String>,
    float: RwSignal<String>,
}

/// The same as plain values.
#[derive(Clone)]
struct Values {
    texts: [String; 6],
    tax_mode: TaxMode,
}

thread_local! {
    static KEPT: std::cell::RefCell<Option<Values>> = const { std::cell::RefCell::new(None) };
}

impl Draft {
    /// As it was left, or as it is proposed.
    fn kept() -> Self {
        let draft = match KEPT.with_borrow(Clone::clone) {
            Some(Values { texts, tax_mode }) => {
                let [name, code, owner, currency, rate, float] = texts.map(RwSignal::new);
                Self { name, code, owner, currency, rate, float, tax_mode: RwSignal::new(tax_mode) }
            }
            None => Self::new(),
        };
        Effect::new(move |_| {
            let Self { name, code, owner, currency, rate, float, tax_mode } = draft;
            let values = Values { texts: [name, code, owner, currency, rate, float].map(|text| text.get()), tax_mode: tax_mode.get() };
            KEPT.set(Some(values));
        });
        draft
    }

    fn new() -> Self {
        let zone = app().start.with_untracked(|start| start.as_ref().map(|start| start.time_zone.clone())).unwrap_or_default();
        let currency = presets::currency(&zone, locale());
        Self {
            name: RwSignal::new(String::new()),
            code: RwSignal::new("S1".to_owned()),
            owner: RwSignal::new(String::new()),
            currency: RwSignal::new(currency.to_owned()),
            tax_mode: RwSignal::new(presets::tax_mode(currency)),
            rate: RwSignal::new(usual_rate(currency)),
            float: RwSignal::new(String::new()),
        }
    }

    /// Another currency brings its usual taxes.
    fn choose(self, code: &str) {
        self.tax_mode.set(presets::tax_mode(code));
        self.rate.set(usual_rate(code));
    }

    fn found(self, start: &Start) -> Result<Found, Reject> {
        let code = self.currency.get_untracked();
        let currency = Currency::of(&code).ok_or_else(|| Reject::field(Code::Format, "currency"))?;
        let float = self.float.get_untracked();
        let float = if float.trim().is_empty() { Some(Money::ZERO) } else { currency.parse_money(&float) };
        let name = self.name.get_untracked().trim().to_owned();
        let owner = self.owner.get_untracked().trim().to_owned();
        Ok(Found {
            warehouse_name: name.clone(),
            name,
            code: self.code.get_untracked().trim().to_ascii_uppercase(),
            tax_number: String::new(),
            phone: String::new(),
            address: String::new(),
            currency: code.clone(),
            tax_mode: self.tax_mode.get_untracked(),
            time_zone: start.time_zone.clone(),
            locale: locale().tag().to_owned(),
            receipt_footer: String::new(),
            demo: false,
            taxes: taxes(&code, &self.rate.get_untracked())?,
            owner_id: start.person,
            owner_name: if owner.is_empty() { t(key::FIRST_OWNER) } else { owner },
            warehouse_id: ids::new(WarehouseId),
            selling_location_id: ids::new(LocationId),
            selling_location_code: SHELF.to_owned(),
            locations: LocationKind::EVERY_WAREHOUSE.iter().map(|kind| new_location(*kind)).collect(),
            till_id: ids::new(TillId),
            device_name: tx(key::SHELL_TILL, &[("number", 1_i64.into())]),
            shift_id: ids::new(ShiftId),
            float: float.filter(|float| !float.is_negative()).ok_or_else(|| Reject::field(Code::Format, "float"))?,
            business_date: start.today,
        })
    }
}

fn usual_rate(currency: &str) -> String {
    presets::rates(currency).first().copied().unwrap_or("0").to_owned()
}

fn new_location(kind: LocationKind) -> NewLocation {
    NewLocation { id: ids::new(LocationId), code: kind.word().to_ascii_uppercase(), kind }
}

/// The rate for most products first, then the others that are usual there.
fn taxes(currency: &str, rate: &str) -> Result<Vec<NewTax>, Reject> {
    let first = Rate::parse_percent(rate).filter(|rate| !rate.is_negative() && *rate <= Rate::WHOLE);
    let mut rates = vec![first.ok_or_else(|| Reject::field(Code::Format, "rate"))?];
    for rate in presets::rates(currency).iter().filter_map(|rate| Rate::parse_percent(rate)) {
        if !rates.contains(&rate) {
            rates.push(rate);
        }
    }
    let name =
        |rate: Rate| if rate.is_zero() { t(key::FIRST_TAX_FREE) } else { tx(key::FIRST_TAX_NAME, &[("percent", rate.percent_figure().into())]) };
    Ok(rates.into_iter().map(|rate| NewTax { id: ids::new(TaxId), name: name(rate), rate }).collect())
}

/// The form.
#[component]
pub(super) fn OwnShop(back: Callback<()>) -> impl IntoView {
    let draft = Draft::kept();
    let form = Form::new(&["name", "code", "owner_name", "currency", "rate", "float"]);
    let currencies: Vec<(String, String)> = CURRENCIES.iter().map(|one| (one.code.to_owned(), currency_words(one))).collect();
    Effect::new(move |before: Option<String>| {
        let currency = draft.currency.get();
        if before.is_some_and(|before| before != currency) {
            draft.choose(&currency);
        }
        currency
    });
    let modes: Vec<(TaxMode, String)> = TaxMode::ALL.iter().map(|mode| (*mode, word("tax-mode", mode.word()))).collect();
    let symbol =
        Signal::derive(move || draft.currency.with(|code| Currency::of(code).map(|currency| currency.symbol.trim().to_owned())).unwrap_or_default());
    let open = move || {
        let Some(start) = app().start.get_untracked() else { return };
        match draft.found(&start) {
            Ok(found) => form.send(
                async move {
                    let receipt = backend::execute(Command::Settings(settings::Command::Found(Box::new(found)))).await?;
                    app().load_session().await;
                    Ok(receipt)
                },
                |_| {},
            ),
            Err(reject) => form.refuse(reject),
        }
    };
    view! {
        <form
            class="form card own"
            novalidate
            on:submit=move |event| {
                event.prevent_default();
                open();
            }
        >
            <FormError form=form/>
            <TextField label=t(key::FIRST_NAME) value=draft.name name="name" form=form autofocus=true hint=t(key::FIRST_NAME_HOW) max_length=200/>
            <div class="cols">
                <TextField label=t(key::FIRST_CODE) value=draft.code name="code" form=form hint=t(key::FIRST_CODE_HOW) max_length=8/>
                <SelectField label=t(key::FIRST_CURRENCY) value=draft.currency options=currencies name="currency" form=form hint=t(key::FIRST_CURRENCY_HOW)/>
            </div>
            <div class="cols">
                <Choice label=t(key::FIRST_TAX_MODE) options=modes chosen=draft.tax_mode/>
                <TextField label=t(key::FIRST_RATE) value=draft.rate name="rate" form=form unit="%" mode="decimal" hint=t(key::FIRST_RATE_HOW)/>
            </div>
            <div class="cols">
                <TextField label=t(key::FIRST_OWNER_NAME) value=draft.owner name="owner_name" form=form placeholder=t(key::FIRST_OWNER) max_length=200/>
                <TextField label=t(key::COUNTER_FLOAT) value=draft.float name="float" form=form unit=symbol mode="decimal" placeholder="0" hint=t(key::FIRST_FLOAT_HOW)/>
            </div>
            <div class="foot two-buttons">
                <Button label=t(key::COMMON_BACK) class="big" press=move || back.run(())/>
                <button type="submit" class="btn big primary" disabled=form.busy aria-busy=move || form.busy.get().to_string()>
                    <span>{t(key::FIRST_OPEN)}</span>
                    <kbd aria-hidden="true">"Enter"</kbd>
                </button>
            </div>
        </form>
    }
}

fn currency_words(currency: &Currency) -> String {
    format!("{} {}", currency.code, currency.symbol.trim())
}

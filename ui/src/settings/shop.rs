//! The shop's own data.

use kontor_domain::catalog::scale::SCALE_BARCODES_LIMIT;
use kontor_domain::command::{Command, Edit};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::settings::{self, Company, CompanyChanges, TaxMode};
use kontor_domain::text::TAX_NUMBER_LIMIT;
use kontor_domain::units::Money;
use leptos::prelude::*;

use crate::parts::{Button, Choice, Form, FormError, Kind, SelectField, TextField, field_name};
use crate::place::guard;
use crate::state::app;
use crate::text::{Locale, key, t, word};
use crate::toast::Tone;
use crate::{backend, format};

const FIELDS: &[&str] = &["name", "code", "tax_number", "phone", "address", "cash_step", "time_zone", "locale", "receipt_footer", "scale_barcodes"];

/// Languages with their own names: (tag, name).
pub(super) fn languages() -> Vec<(String, String)> {
    let name = |locale: &Locale| (locale.tag().to_owned(), word("language", locale.tag()));
    [Locale::En, Locale::ZhHant, Locale::ZhHans].iter().map(name).collect()
}

/// The fields as typed.
#[derive(Clone, Copy)]
struct Fields {
    name: RwSignal<String>,
    code: RwSignal<String>,
    tax_number: RwSignal<String>,
    phone: RwSignal<String>,
    address: RwSignal<String>,
    tax_mode: RwSignal<TaxMode>,
    cash_step: RwSignal<String>,
    time_zone: RwSignal<String>,
    locale: RwSignal<String>,
    footer: RwSignal<String>,
    scale_barcodes: RwSignal<String>,
}

impl Fields {
    fn new(company: &Company) -> Self {
        let text = |text: &String| RwSignal::new(text.clone());
        Self {
            name: text(&company.name),
            code: text(&company.code),
            tax_number: text(&company.tax_number),
            phone: text(&company.phone),
            address: text(&company.address),
            tax_mode: RwSignal::new(company.tax_mode),
            cash_step: RwSignal::new(format::money_figure(company.cash_step)),
            time_zone: text(&company.time_zone),
            locale: text(&company.locale),
            footer: text(&company.receipt_footer),
            scale_barcodes: text(&company.scale_barcodes),
        }
    }

    /// The company as the fields say, from the one that was seen.
    fn read(self, seen: &Company) -> Result<Company, Reject> {
        let text = |signal: RwSignal<String>| signal.with(|text| text.trim().to_owned());
        let step: Option<Money> = app().currency().parse_money(&self.cash_step.get());
        Ok(Company {
            name: text(self.name),
            code: text(self.code),
            tax_number: text(self.tax_number),
            phone: text(self.phone),
            address: text(self.address),
            tax_mode: self.tax_mode.get(),
            cash_step: step.ok_or_else(|| Reject::field(Code::Format, "cash_step"))?,
            time_zone: text(self.time_zone),
            locale: text(self.locale),
            receipt_footer: self.footer.with(|text| text.trim_end().to_owned()),
            scale_barcodes: text(self.scale_barcodes),
            ..seen.clone()
        })
    }
}

fn changes(from: &Company, to: &Company) -> CompanyChanges {
    CompanyChanges {
        name: Edit::between(&from.name, &to.name),
        code: Edit::between(&from.code, &to.code),
        tax_number: Edit::between(&from.tax_number, &to.tax_number),
        phone: Edit::between(&from.phone, &to.phone),
        address: Edit::between(&from.address, &to.address),
        tax_mode: Edit::between(&from.tax_mode, &to.tax_mode),
        cash_step: Edit::between(&from.cash_step, &to.cash_step),
        time_zone: Edit::between(&from.time_zone, &to.time_zone),
        locale: Edit::between(&from.locale, &to.locale),
        receipt_footer: Edit::between(&from.receipt_footer, &to.receipt_footer),
        scale_barcodes: Edit::between(&from.scale_barcodes, &to.scale_barcodes),
    }
}

/// The page.
#[component]
pub(super) fn ShopPage() -> impl IntoView {
    let company = app().session.with_untracked(|session| session.as_ref().map(|session| session.company.clone()));
    company.map(|company| view! { <ShopForm company=company/> })
}

#[component]
fn ShopForm(company: Company) -> impl IntoView {
    let form = Form::new(FIELDS);
    let fields = Fields::new(&company);
    let currency = app().currency();
    let seen = RwSignal::new(company);
    guard(Memo::new(move |_| seen.with(|seen| fields.read(seen).map_or(true, |now| now != *seen))));
    let save = move || {
        let read = untrack(|| seen.with(|seen| fields.read(seen).map(|now| (changes(seen, &now), now))));
        let (changes, now) = match read {
            Ok(read) => read,
            Err(reject) => return form.refuse(reject),
        };
        form.send(backend::execute(Command::Settings(settings::Command::ChangeCompany(Box::new(changes)))), move |_| {
            seen.set(now);
            app().toasts.say(Tone::Ok, t(key::COMMON_SAVED));
        });
    };
    let modes =
        vec![(TaxMode::Inclusive, word("tax-mode", TaxMode::Inclusive.word())), (TaxMode::Exclusive, word("tax-mode", TaxMode::Exclusive.word()))];
    view! {
        <section class="card pad form">
            <h2>{t(key::SETTINGS_SHOP)}</h2>
            <div class="cols">
                <TextField label=field_name("name") value=fields.name name="name" form=form max_length=200/>
                <TextField label=t(key::SETTINGS_CODE) value=fields.code name="code" form=form max_length=8 hint=t(key::SETTINGS_CODE_HINT)/>
            </div>
            <div class="cols">
                <TextField label=field_name("tax_number") value=fields.tax_number name="tax_number" form=form max_length=TAX_NUMBER_LIMIT as u32/>
                <TextField label=field_name("phone") value=fields.phone name="phone" form=form mode="tel" max_length=64/>
            </div>
            <TextField label=field_name("address") value=fields.address name="address" form=form max_length=400/>
            <TextField label=field_name("receipt_footer") value=fields.footer name="receipt_footer" form=form lines=true max_length=4000/>
            <div class="cols">
                <SelectField label=t(key::SETTINGS_PAPER_LANGUAGE) value=fields.locale options=languages() name="locale" form=form/>
                <TextField label=field_name("time_zone") value=fields.time_zone name="time_zone" form=form max_length=64/>
            </div>
            <div class="cols">
                <TextField
                    label=field_name("currency")
                    value=RwSignal::new(currency.code.to_owned())
                    disabled=Signal::derive(|| true)
                    hint=t(key::SETTINGS_CURRENCY_HINT)
                />
                <TextField label=field_name("cash_step") value=fields.cash_step name="cash_step" form=form mode="decimal" hint=t(key::SETTINGS_CASH_STEP_HINT)/>
            </div>
            <TextField
                label=field_name("scale_barcodes")
                value=fields.scale_barcodes
                name="scale_barcodes"
                form=form
                max_length=SCALE_BARCODES_LIMIT as u32
                hint=t(key::SETTINGS_SCALE_BARCODES_HINT)
            />
            <Choice label=field_name("tax_mode") options=modes chosen=fields.tax_mode/>
            <p class="hint small faint">{t(key::SETTINGS_TAX_MODE_HINT)}</p>
            <FormError form=form/>
            <div class="foot"><Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy press=save/></div>
        </section>
    }
}

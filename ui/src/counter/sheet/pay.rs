//! Taking money: Alt+1 to 3 chooses how, digits type how much, Enter finishes.

use kontor_domain::counter::{Tender, TenderKind};
use kontor_domain::reject::Reject;
use kontor_domain::units::Money;
use leptos::prelude::*;

use super::super::paying::{Bill, Outcome, Paying, quick_amounts};
use super::super::screen::back;
use super::numpad::{Amount, AmountField, Numpad};
use crate::format;
use crate::icon::{self, Icon, Picture};
use crate::keys::{Action, Press, Taken, on_action, on_press, shown};
use crate::parts::{Button, Kind, TextField};
use crate::sound::{self, Sound};
use crate::state::app;
use crate::text::{key, refusal, t, tx, word};

/// The ways to pay, in the order of Alt+1, Alt+2, …
const WAYS: &[(TenderKind, Icon)] = &[(TenderKind::Cash, icon::CASH), (TenderKind::Card, icon::CARD), (TenderKind::Transfer, icon::TRANSFER)];

/// Characters of an amount that fit on a key in large type.
const LONG: usize = 9;

/// Everything the sheet works with.
#[derive(Clone, Copy)]
struct Pay {
    paying: RwSignal<Paying>,
    amount: Amount,
    reference: RwSignal<String>,
    refused: RwSignal<Option<Reject>>,
}

/// What is to be paid; nothing while the cart comes to nothing.
fn bill() -> Option<Bill> {
    let app = app();
    let total = app.counter.total()?;
    let cash_step = app.session.with(|session| session.as_ref().map(|session| session.company.cash_step))?;
    Some(Bill { total, cash_step, currency: app.currency() })
}

impl Pay {
    fn new() -> Self {
        let taken = app().counter.basket.with_untracked(|basket| basket.taken.clone());
        Self {
            paying: RwSignal::new(Paying { taken, ..Paying::default() }),
            amount: Amount::new(String::new()),
            reference: RwSignal::new(String::new()),
            refused: RwSignal::new(None),
        }
    }

    /// With what is typed just now.
    fn now(self) -> Paying {
        let mut paying = self.paying.get();
        paying.typed = self.amount.text.get();
        paying.reference = self.reference.get();
        paying
    }

    fn choose(self, kind: TenderKind) {
        self.paying.update(|paying| paying.kind = kind);
        self.amount.propose(String::new());
        self.refused.set(None);
    }

    fn take(self) {
        let Some(bill) = untrack(bill) else { return };
        let mut paying = untrack(|| self.now());
        match paying.take(bill) {
            Ok(Outcome::Paid(tenders, rounding)) => app().counter.sell(tenders, rounding),
            Ok(Outcome::Part) => {
                self.paying.set(paying);
                self.keep_taken();
                self.reference.set(String::new());
                self.choose(TenderKind::Cash);
            }
            Err(reject) => {
                sound::play(Sound::Unknown);
                self.refused.set(Some(reject));
            }
        }
    }

    fn give_back(self, index: usize) {
        self.paying.update(|paying| paying.give_back(index));
        self.keep_taken();
    }

    /// What was taken stays with the sale, whatever is done before the rest is paid.
    fn keep_taken(self) {
        let taken = self.paying.with_untracked(|paying| paying.taken.clone());
        app().counter.change(|basket| basket.taken = taken);
    }

    /// The rest in cash, exactly.
    fn take_exact_cash(self) {
        self.choose(TenderKind::Cash);
        self.take();
    }
}

#[component]
pub(super) fn PaySheet() -> impl IntoView {
    let pay = Pay::new();
    let counter = app().counter;
    // Everything was taken out of the cart meanwhile.
    Effect::new(move |_| {
        if counter.basket.with(|basket| basket.is_empty()) {
            back();
        }
    });
    on_press(move |press: Press| {
        if press.in_dialog {
            return Taken::No;
        }
        let way = press.chord.key.parse::<usize>().ok().filter(|_| press.chord.alt).and_then(|number| WAYS.get(number.checked_sub(1)?));
        match (press.chord.key.as_str(), way) {
            (_, Some((kind, _))) => pay.choose(*kind),
            _ if super::is_finish(&press) && !counter.selling.get_untracked() => pay.take(),
            _ => return Taken::No,
        }
        Taken::Yes
    });
    on_action(move |action| match action {
        Action::ExactCash => {
            pay.take_exact_cash();
            Taken::Yes
        }
        Action::Pay => {
            pay.take();
            Taken::Yes
        }
        _ => Taken::No,
    });
    let sums = Memo::new(move |_| bill().and_then(|bill| pay.now().sums(bill).ok()).unwrap_or_default());
    let due = move || format::money(sums.get().due);
    let is_wrong = Signal::derive(move || sums.get().given.is_none());
    let is_part = move || !sums.get().missing.is_zero();
    let finish = Signal::derive(move || {
        if is_part() {
            t(key::COUNTER_TAKE_PART)
        } else if app().default_printer().is_some() {
            t(key::COUNTER_FINISH_PRINT)
        } else {
            t(key::COUNTER_FINISH)
        }
    });
    let busy = Signal::derive(move || counter.selling.get());
    view! {
        <div class="sheet pay" role="region" aria-label=t(key::COUNTER_PAY)>
            <div class="due"><h2>{t(key::COUNTER_DUE)}</h2><Parts pay=pay/><b>{due}</b></div>
            <Ways pay=pay/>
            <div class="cash">
                <div class="col">
                    <Show when=move || pay.paying.with(|paying| paying.kind == TenderKind::Cash) fallback=move || view! { <Reference pay=pay/> }>
                        <Notes pay=pay due=Signal::derive(move || sums.get().due)/>
                    </Show>
                    <Given pay=pay sums=Signal::derive(move || (sums.get().due, sums.get().change, sums.get().missing))/>
                </div>
                <Numpad amount=pay.amount decimals=app().currency().decimals != 0/>
            </div>
            <div class="foot">
                <Button label=t(key::COMMON_BACK) class="big" keycap="Esc" press=back/>
                <Button label=finish kind=Kind::Primary class="big" keycap="Enter" disabled=is_wrong busy=busy press=move || pay.take()/>
            </div>
        </div>
    }
}

#[component]
fn Ways(pay: Pay) -> impl IntoView {
    let way = move |(index, (kind, icon)): (usize, &'static (TenderKind, Icon))| {
        let is_on = move || pay.paying.with(|paying| paying.kind == *kind);
        view! {
            <button
                type="button"
                class="btn tall"
                class:on=is_on
                role="radio"
                aria-checked=move || is_on().to_string()
                on:click=move |_| pay.choose(*kind)
            >
                <span class="row" style:gap="8px"><Picture icon=*icon small=true/>{word("tender", kind.word())}</span>
                <kbd aria-hidden="true">{format!("Alt {}", index + 1)}</kbd>
            </button>
        }
    };
    view! {
        <div class="tenders" role="radiogroup" aria-label=t(key::COUNTER_WAYS)>
            {WAYS.iter().enumerate().map(way).collect_view()}
        </div>
    }
}

/// Parts that were taken already.
#[component]
fn Parts(pay: Pay) -> impl IntoView {
    let part = move |(index, tender): (usize, Tender)| {
        let words = format!("{} {}", word("tender", tender.kind.word()), format::money(tender.amount));
        let label = tx(key::COUNTER_GIVE_PART_BACK, &[("part", words.as_str().into())]);
        view! {
            <span class="chip on">
                {words}
                <button type="button" class="x" aria-label=label on:click=move |_| pay.give_back(index)>
                    <Picture icon=icon::CLOSE small=true/>
                </button>
            </span>
        }
    };
    view! { <div class="row wrap taken">{move || pay.paying.get().taken.into_iter().enumerate().map(part).collect_view()}</div> }
}

/// Amounts that people hand over for this.
#[component]
fn Notes(pay: Pay, due: Signal<Money>) -> impl IntoView {
    let note = move |(index, amount): (usize, Money)| {
        let cap = (index == 0).then(|| view! { <kbd aria-hidden="true">{shown(Action::ExactCash)}</kbd> });
        let words = format::money(amount);
        let is_long = words.chars().count() > LONG;
        view! {
            <button type="button" class="btn" class:long=is_long on:click=move |_| pay.amount.propose(format::money_figure(amount))>
                {words}
                {cap}
            </button>
        }
    };
    let notes = move || quick_amounts(due.get(), app().currency()).into_iter().enumerate().map(note).collect_view();
    view! { <div class="notes" role="group" aria-label=t(key::COUNTER_NOTES)>{notes}</div> }
}

/// A card or transfer is confirmed by hand; its last digits may be written down.
#[component]
fn Reference(pay: Pay) -> impl IntoView {
    let hint = move || match pay.paying.with(|paying| paying.kind) {
        TenderKind::Card => t(key::COUNTER_CARD_HOW),
        TenderKind::Cash | TenderKind::Transfer => t(key::COUNTER_TRANSFER_HOW),
    };
    view! {
        <p class="muted">{hint}</p>
        <TextField label=t(key::COUNTER_REFERENCE) value=pay.reference max_length=64/>
    }
}

#[component]
fn Given(pay: Pay, sums: Signal<(Money, Money, Money)>) -> impl IntoView {
    let placeholder = Signal::derive(move || format::money_figure(sums.get().0));
    let error = Signal::derive(move || pay.refused.get().map(|reject| refusal(&reject)));
    let is_cash = move || pay.paying.with(|paying| paying.kind == TenderKind::Cash);
    let label = Signal::derive(move || if is_cash() { t(key::COUNTER_GIVEN) } else { t(key::COUNTER_AMOUNT) });
    Effect::new(move |_| {
        pay.amount.text.track();
        pay.refused.set(None);
    });
    let below = move || {
        let (_, change, missing) = sums.get();
        match (missing.is_zero(), is_cash()) {
            (false, _) => (t(key::COUNTER_MISSING), missing, "given missing"),
            (true, true) => (t(key::COUNTER_CHANGE), change, "given change"),
            // A card gives none; the line keeps its place.
            (true, false) => (t(key::COUNTER_CHANGE), change, "given change none"),
        }
    };
    view! {
        <div class="card">
            <div class="given"><AmountField amount=pay.amount label=label placeholder=placeholder error=error/></div>
            {move || {
                let (words, amount, class) = below();
                view! { <div class=class role="status"><span class="strong">{words}</span><b>{format::money(amount)}</b></div> }
            }}
        </div>
    }
}

//! Closing: the drawer is counted without knowing what should be in it.

use kontor_domain::command::Command;
use kontor_domain::counter::{self, CloseShift};
use kontor_domain::ids::ShiftId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Money;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::count::{counted, parse_count, worth};
use crate::parts::{BackTo, Button, Choice, Confirm, Form, FormError, Kind, TextField, field_name, focus_when_there};
use crate::place::{Place, go};
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;
use crate::{backend, format};

/// How it is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Notes,
    Sum,
}

/// What was counted, or why it is no count.
type Counted = Result<(Vec<(Money, i64)>, Money), Reject>;

/// The page.
#[component]
pub(super) fn ClosePage(id: ShiftId, back: impl Fn() + Copy + 'static) -> impl IntoView {
    let form = Form::new(&["counted", "denominations"]);
    let values = app().currency().denominations;
    let texts = StoredValue::new(values.iter().map(|_| RwSignal::new(String::new())).collect::<Vec<_>>());
    let way = RwSignal::new(Way::Notes);
    let sum_text = RwSignal::new(String::new());
    let found: Memo<Counted> = Memo::new(move |_| match way.get() {
        Way::Notes => counted(values, &texts.with_value(|texts| texts.iter().map(|text| text.get()).collect::<Vec<_>>())),
        Way::Sum => {
            let sum = app().currency().parse_money(&sum_text.get()).ok_or_else(|| Reject::field(Code::Format, "counted"))?;
            Ok((Vec::new(), sum))
        }
    });
    let asking = RwSignal::new(false);
    let close = move || match found.get_untracked() {
        Err(reject) => form.refuse(reject),
        Ok((denominations, counted)) => {
            let close = CloseShift { shift_id: id, denominations, counted };
            form.send(backend::execute(Command::Counter(counter::Command::CloseShift(close))), move |receipt| {
                app().toasts.say(Tone::Ok, tx(key::SHIFT_CLOSED, &[("number", receipt.number.unwrap_or_default().into())]));
                go(Place::Shift(Some(id)));
            });
        }
    };
    let ask = move || match found.get_untracked() {
        Ok(_) => asking.set(true),
        Err(reject) => form.refuse(reject),
    };
    let sum = move || found.get().map_or(Money::ZERO, |(_, sum)| sum);
    let ways = vec![(Way::Notes, t(key::SHIFT_BY_NOTES)), (Way::Sum, t(key::SHIFT_BY_SUM))];
    let entry = move || {
        match way.get() {
        Way::Notes => view! { <Notes values=values texts=texts/> }.into_any(),
        Way::Sum => view! {
            <div class="card pad sumcard">
                <TextField label=field_name("counted") value=sum_text name="counted" form=form mode="decimal" unit=app().currency().code.to_owned() autofocus=true/>
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <div class="page scroll shift">
            <div class="head">
                <BackTo label=t(key::SHIFT_TITLE) press=back/>
                <h1>{t(key::SHIFT_CLOSE)}</h1>
            </div>
            <div class="two flow">
                <div class="col">
                    <p class="muted">{t(key::SHIFT_COUNT_TEXT)}</p>
                    <Choice label=t(key::SHIFT_HOW) options=ways chosen=way/>
                    {entry}
                </div>
                <section class="card pad form">
                    <div class="figure">
                        <span>{t(key::SHIFT_COUNTED)}</span>
                        <b class="big">{move || format::money(sum())}</b>
                    </div>
                    <p class="small muted">{t(key::SHIFT_BLIND)}</p>
                    <FormError form=form/>
                    {move || form.error_of("denominations").map(|text| view! { <p class="below">{text}</p> })}
                    <Button label=t(key::SHIFT_CLOSE_NOW) kind=Kind::Primary class="big" busy=form.busy press=ask/>
                </section>
            </div>
        </div>
        <Confirm
            open=asking
            title=t(key::SHIFT_CLOSE_ASK)
            text=Signal::derive(move || tx(key::SHIFT_CLOSE_ASK_TEXT, &[("amount", format::money(sum()).into())]))
            yes=t(key::SHIFT_CLOSE_NOW)
            confirm=Callback::new(move |()| close())
        />
    }
}

#[component]
fn Notes(values: &'static [i64], texts: StoredValue<Vec<RwSignal<String>>>) -> impl IntoView {
    let rows =
        texts.with_value(|texts| values.iter().zip(texts).enumerate().map(|(place, (value, text))| note(place, Money(*value), *text)).collect_view());
    view! { <div class="card coins" role="group" aria-label=t(key::SHIFT_NOTES_AND_COINS) on:keydown=move_down>{rows}</div> }
}

fn note(place: usize, value: Money, text: RwSignal<String>) -> impl IntoView {
    let count = move || text.with(|text| parse_count(text));
    let sum = move || count().and_then(|count| worth(value, count)).map(format::money).unwrap_or_default();
    let is_bad = move || count().is_err();
    let field = NodeRef::<html::Input>::new();
    if place == 0 {
        focus_when_there(field);
    }
    view! {
        <label class="coin">
            <span class="value num">{format::money(value)}</span>
            <span class="muted">"×"</span>
            <input
                node_ref=field
                class="field num"
                class:bad=is_bad
                inputmode="numeric"
                autocomplete="off"
                placeholder="0"
                aria-invalid=move || is_bad().then_some("true")
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            />
            <span class="sum num">{sum}</span>
        </label>
    }
}

/// Enter and the arrows go from note to note.
fn move_down(event: leptos::ev::KeyboardEvent) {
    let back = match event.key().as_str() {
        "Enter" | "ArrowDown" if !event.is_composing() => false,
        "ArrowUp" => true,
        _ => return,
    };
    let Some(here) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else { return };
    let Ok(Some(line)) = here.closest(".coin") else { return };
    let next = if back { line.previous_element_sibling() } else { line.next_element_sibling() };
    let input = next.and_then(|next| next.query_selector("input").ok().flatten());
    if let Some(input) = input.and_then(|input| input.dyn_into::<web_sys::HtmlInputElement>().ok()) {
        event.prevent_default();
        let _ = input.focus();
        input.select();
    }
}

//! What needs a person: what happened, where the data is, what can be done.

mod conflict;

use std::collections::BTreeMap;

use kontor_domain::attention::{self, Attention, AttentionKind, ListAttention};
use kontor_domain::command::{Command, Event, Receipt};
use kontor_domain::host::{HostCall, Over};
use kontor_domain::ids::{AttentionId, CommandId, ProductId};
use kontor_domain::reject::Code;
use kontor_translations::attention_text;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend::is_browser;
use crate::icon::Picture;
use crate::live::live;
use crate::parts::{Button, Empty, Kind, Skeleton, Tag};
use crate::place::{Place, ProductsPlace, StockPlace, go};
use crate::state::app;
use crate::text::{key, locale, refusal, t, tx, word};
use crate::toast::Tone;
use crate::{backend, format, icon, stock};

/// How many are shown at once; the rest come up as these are settled.
const SHOWN: u32 = 100;

/// The screen.
#[component]
pub(crate) fn AttentionScreen() -> impl IntoView {
    let items = live(&[Event::AttentionChanged], || Some(ListAttention { offset: 0, limit: SHOWN }));
    let count = move || items.answer.with(|page| page.as_ref().map_or(0, |page| page.total));
    let body = move || match (items.get(), items.refusal.get()) {
        (None, None) => view! { <Skeleton height="120px"/> <Skeleton height="120px"/> }.into_any(),
        (None, Some(reject)) => view! { <Empty icon=icon::WARNING title="" text=refusal(&reject)/> }.into_any(),
        (Some(page), _) if page.rows.is_empty() => {
            view! { <Empty icon=icon::CHECK title=t(key::ATTENTION_EMPTY) text=t(key::ATTENTION_EMPTY_TEXT)/> }.into_any()
        }
        (Some(page), _) => {
            let more = page.total.saturating_sub(i64::try_from(page.rows.len()).unwrap_or(i64::MAX));
            view! {
                {page.rows.iter().map(card).collect_view()}
                {(more > 0).then(|| view! { <p class="muted">{tx(key::ATTENTION_MORE, &[("count", more.into())])}</p> })}
            }
            .into_any()
        }
    };
    view! {
        <div class="page needs">
            <div class="head">
                <h1>{t(key::ATTENTION_TITLE)}</h1>
                {move || Some(count()).filter(|count| *count > 0).map(|count| view! { <Tag tone=Tone::Need text=count.to_string()/> })}
            </div>
            <div class="attention col">{body}</div>
        </div>
    }
}

/// What an item's sentence names.
fn args_of(item: &Attention) -> BTreeMap<String, String> {
    serde_json::from_str(&item.args).unwrap_or_default()
}

fn card(item: &Attention) -> AnyView {
    let args = args_of(item);
    let is_conflict = args.get("code").is_some_and(|code| *code == Code::ChangedMeanwhile.number().to_string());
    let command = word("command", args.get("command").map_or("", String::as_str));
    match item.kind {
        AttentionKind::StockBelowZero => {
            let product = ProductId(item.about_id);
            let title = args.get("name").map_or_else(|| kind_words(item), |name| format!("{}: {name}", kind_words(item)));
            let acts = view! {
                <Button label=t(key::STOCK_RECEIVE) kind=Kind::Primary press=move || stock::enter_product(StockPlace::Receive, product)/>
                <Button label=t(key::STOCK_ADJUST) press=move || stock::enter_product(StockPlace::Adjust, product)/>
                <Button label=t(key::ATTENTION_OPEN_PRODUCT) press=move || go(Place::Products(ProductsPlace::One(product)))/>
                {done(item.id, key::COMMON_DONE)}
            };
            framed(item, "need", title, text(item), acts.into_any())
        }
        AttentionKind::Refused if is_conflict => conflict::card(item, &args),
        AttentionKind::Refused => {
            let title = tx(key::ATTENTION_REFUSED_COMMAND, &[("command", command.into())]);
            framed(item, "need", title, text(item), again(item))
        }
        AttentionKind::Parked => {
            let title = tx(key::ATTENTION_PARKED_COMMAND, &[("command", command.into())]);
            framed(item, "need", title, text(item), again(item))
        }
        AttentionKind::ShutOutSent => framed(item, "need", kind_words(item), text(item), done(item.id, key::COMMON_DONE).into_any()),
        AttentionKind::ClockSetBack | AttentionKind::RuleBroken => {
            framed(item, "warn", kind_words(item), text(item), done(item.id, key::COMMON_DONE).into_any())
        }
    }
}

fn kind_words(item: &Attention) -> String {
    word("attention-kind", item.kind.word())
}

fn text(item: &Attention) -> AnyView {
    view! { <p class="selectable">{attention_text(locale(), item)}</p> }.into_any()
}

/// An item as all look: a sign, what happened, where it is kept, what can be done.
fn framed(item: &Attention, tone: &'static str, title: String, body: AnyView, acts: AnyView) -> AnyView {
    view! {
        <section class=format!("card item {tone}")>
            <Picture icon=icon::WARNING/>
            <div class="col">
                <div class="row between">
                    <h2 class="minor">{title}</h2>
                    <span class="small faint">{format::date_time(item.at)} " · " {place_of(item)}</span>
                </div>
                {body}
                <div class="row wrap">{acts}</div>
            </div>
        </section>
    }
    .into_any()
}

/// Where an item's data is: a row that the server has not given a place in the order is only here.
fn place_of(item: &Attention) -> impl Fn() -> String + use<> {
    let is_of_server = matches!(item.kind, AttentionKind::Refused | AttentionKind::Parked);
    let is_only_there = item.kind == AttentionKind::ShutOutSent;
    move || {
        if is_browser() || is_only_there {
            return t(key::ATTENTION_WHERE_SERVER);
        }
        let sync = app().sync.get();
        t(match sync {
            None => key::ATTENTION_WHERE_HERE,
            Some(sync) if sync.waiting > 0 && !is_of_server => key::ATTENTION_WHERE_TILL,
            Some(_) => key::ATTENTION_WHERE_BOTH,
        })
    }
}

/// Entered again as it was, or no longer followed.
fn again(item: &Attention) -> AnyView {
    let (id, command_id) = (item.id, CommandId(item.about_id));
    view! {
        {(!is_browser()).then(|| view! {
            <Button label=t(key::ATTENTION_AGAIN) kind=Kind::Primary icon=icon::UNDO press=move || enter_again(id, command_id, Over::Before)/>
        })}
        {done(id, key::ATTENTION_DISMISS)}
    }
    .into_any()
}

/// Settles an item.
fn done(id: AttentionId, label: crate::text::Key) -> impl IntoView {
    view! { <Button label=t(label) icon=icon::CHECK press=move || spawn_local(resolve(id))/> }
}

async fn resolve(id: AttentionId) {
    if let Err(reject) = backend::execute(Command::Attention(attention::Command::Resolve { id })).await {
        app().toasts.refuse(&reject);
    }
}

/// Enters a command again; the item is settled if it was taken.
fn enter_again(id: AttentionId, command_id: CommandId, over: Over) {
    spawn_local(async move {
        match backend::host::<Receipt>(HostCall::EnterAgain { command_id, over }).await {
            Ok(_) => {
                app().toasts.say(Tone::Ok, t(key::ATTENTION_AGAIN_DONE));
                resolve(id).await;
            }
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
}

//! Pieces that only show.

use kontor_domain::host::HostCall;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Button;
use crate::backend;
use crate::icon::{Icon, Picture};
use crate::state::{Task, app};
use crate::text::{key, t, tx};
use crate::toast::Tone;

/// A state in a word: `<Tag tone=Tone::Warn text="…"/>`.
#[component]
pub(crate) fn Tag(tone: Tone, #[prop(into)] text: Signal<String>) -> impl IntoView {
    let class = match tone {
        Tone::Ok => "tag on",
        Tone::Plain => "tag",
        Tone::Warn => "tag warn",
        Tone::Need => "tag need",
    };
    view! { <span class=class>{move || text.get()}</span> }
}

/// A key as it looks.
#[component]
pub(crate) fn KeyCap(#[prop(into)] text: String) -> impl IntoView {
    view! { <kbd>{text}</kbd> }
}

/// The colour of a hue 0–7.
pub(crate) fn hue(hue: i64) -> (&'static str, String) {
    ("--hue", format!("var(--hue-{})", hue.rem_euclid(8)))
}

/// A plain shape in the product's colour with its first letter.
#[component]
pub(crate) fn Swatch(
    /// Colour 0–7.
    hue: i64,
    /// Whose first letter.
    name: String,
) -> impl IntoView {
    let letter: String = name.trim().chars().next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    view! { <span class="swatch" style=self::hue(hue) aria-hidden="true">{letter}</span> }
}

/// A line that says what is the matter, with what can be done as children.
#[component]
pub(crate) fn Strip(tone: Tone, #[prop(into)] text: Signal<String>, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    let role = if tone == Tone::Need { "alert" } else { "status" };
    view! {
        <div class=format!("strip {}", tone.class()) role=role>
            <Picture icon=tone.icon()/>
            <span class="grow">{move || text.get()}</span>
            {children.map(|children| children())}
        </div>
    }
}

/// What belongs here, and how to get it in.
#[component]
pub(crate) fn Empty(
    icon: Icon,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    /// Buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Picture icon=icon large=true/>
            <h2>{title}</h2>
            <p>{text}</p>
            <div class="row wrap">{children.map(|children| children())}</div>
        </div>
    }
}

/// Grey in the size of what is coming.
#[component]
pub(crate) fn Skeleton(
    /// CSS width.
    #[prop(optional, into)]
    width: Option<String>,
    /// CSS height.
    #[prop(optional, into)]
    height: Option<String>,
) -> impl IntoView {
    let width = width.unwrap_or_else(|| "100%".to_owned());
    let height = height.unwrap_or_else(|| "1em".to_owned());
    view! { <span class="skeleton" aria-hidden="true" style:width=width style:height=height></span> }
}

/// The bar of the running long task `name`, with its count and a way to stop it. Nothing when it
/// does not run.
#[component]
pub(crate) fn Progress(
    /// `demo`, `check`, `import`, `revert`, `export`, `verify`, `join`, `backup`.
    name: &'static str,
    /// What is being done, in words.
    #[prop(into)]
    label: Signal<String>,
    /// Cannot be stopped.
    #[prop(optional)]
    steady: bool,
    /// How far of how much, in words; else how many of how many.
    #[prop(optional)]
    count: Option<fn(i64, i64) -> String>,
) -> impl IntoView {
    let count = count.unwrap_or(|done, total| tx(key::COMMON_COUNT_OF, &[("done", done.into()), ("total", total.into())]));
    let task = Memo::new(move |_| app().task.get().filter(|task| task.name == name));
    let stop = || {
        spawn_local(async {
            if let Err(reject) = backend::host::<()>(HostCall::CancelTask).await {
                app().toasts.refuse(&reject);
            }
        })
    };
    let bar = move |task: Task| {
        let percent = if task.total > 0 { (task.done.max(0) * 100 / task.total).min(100) } else { 0 };
        let count = if task.total > 0 { count(task.done, task.total) } else { String::new() };
        view! {
            <div class="row between small muted">
                <span>{move || label.get()}</span>
                <span class="num">{count}</span>
            </div>
            <div
                class="bar"
                class:moving=task.total == 0
                role="progressbar"
                aria-label=move || label.get()
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=(task.total > 0).then(|| percent.to_string())
            >
                <i style:width=(task.total > 0).then(|| format!("{percent}%"))></i>
            </div>
        }
    };
    view! {
        <Show when=move || task.with(Option::is_some)>
            <div class="row">
                <div class="col grow" style:gap="6px">{move || task.get().map(bar)}</div>
                {(!steady).then(|| view! { <Button label=t(key::COMMON_STOP) press=stop/> })}
            </div>
        </Show>
    }
}

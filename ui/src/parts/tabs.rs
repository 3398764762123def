//! One of several in a row.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Chips of which one is on. Arrow keys move between them.
///
/// `<Tabs label=… options=Signal::derive(…) chosen=signal/>`, options are (value, words).
#[component]
pub(crate) fn Tabs<T>(
    /// What is chosen here, for screen readers.
    #[prop(into)]
    label: String,
    #[prop(into)] options: Signal<Vec<(T, String)>>,
    chosen: RwSignal<T>,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let tab = move |(value, words): (T, String)| {
        let is_on = {
            let value = value.clone();
            Memo::new(move |_| chosen.with(|chosen| *chosen == value))
        };
        view! {
            <button
                type="button"
                class="chip"
                role="tab"
                aria-selected=move || is_on.get().to_string()
                tabindex=move || if is_on.get() { "0" } else { "-1" }
                on:click=move |_| chosen.set(value.clone())
            >
                {words}
            </button>
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=move_focus on:wheel=scroll_sideways>
            {move || options.get().into_iter().map(tab).collect_view()}
        </div>
    }
}

/// A few values side by side in a form, one of them chosen.
#[component]
pub(crate) fn Choice<T>(#[prop(into)] label: String, #[prop(into)] options: Signal<Vec<(T, String)>>, chosen: RwSignal<T>) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let chip = move |(value, words): (T, String)| {
        let is_on = {
            let value = value.clone();
            Memo::new(move |_| chosen.with(|chosen| *chosen == value))
        };
        view! {
            <button
                type="button"
                class="chip"
                role="radio"
                aria-checked=move || is_on.get().to_string()
                tabindex=move || if is_on.get() { "0" } else { "-1" }
                on:click=move |_| chosen.set(value.clone())
            >
                {words}
            </button>
        }
    };
    view! {
        <div class="labelled">
            <span class="label">{label.clone()}</span>
            <div class="tabs" role="radiogroup" aria-label=label on:keydown=move_focus style:flex-wrap="wrap">
                {move || options.get().into_iter().map(chip).collect_view()}
            </div>
        </div>
    }
}

/// More than fit are reached with a plain mouse wheel too.
fn scroll_sideways(event: leptos::ev::WheelEvent) {
    if let Some(tabs) = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) {
        tabs.set_scroll_left(tabs.scroll_left() + event.delta_y() as i32);
    }
}

/// Left and right choose the neighbour.
fn move_focus(event: leptos::ev::KeyboardEvent) {
    let Some(here) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else { return };
    let next = match event.key().as_str() {
        "ArrowRight" => here.next_element_sibling(),
        "ArrowLeft" => here.previous_element_sibling(),
        _ => return,
    };
    event.prevent_default();
    if let Some(next) = next.and_then(|next| next.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = next.focus();
        next.click();
    }
}

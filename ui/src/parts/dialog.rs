//! A question that waits for its answer: the browser's own dialog, which keeps the focus inside
//! and gives it back.

use leptos::html;
use leptos::prelude::*;

use super::{Button, Kind};
use crate::icon::{self, Picture};
use crate::text::{key, t};

/// A dialog that is there while `open` is true. Esc closes it.
#[component]
pub(crate) fn Dialog(
    /// Whether it is there.
    open: RwSignal<bool>,
    /// What it is about.
    #[prop(into)]
    title: Signal<String>,
    /// For tables.
    #[prop(optional)]
    wide: bool,
    /// Made anew each time it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    view! {
        <Show when=move || open.get()>
            <Opened open=open title=title wide=wide>{children.with_value(|children| children())}</Opened>
        </Show>
    }
}

#[component]
fn Opened(open: RwSignal<bool>, title: Signal<String>, wide: bool, children: Children) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = element.get()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
            focus_first_field(&dialog);
        }
    });
    // Removing an open dialog would leave the focus nowhere: close it first.
    on_cleanup(move || {
        if let Some(dialog) = element.try_get_untracked().flatten() {
            dialog.close();
        }
    });
    let cancel = move |event: leptos::ev::Event| {
        event.prevent_default();
        open.set(false);
    };
    view! {
        <dialog node_ref=element class="dialog" class:wide=wide aria-label=move || title.get() on:cancel=cancel>
            <div class="title">
                <h2>{move || title.get()}</h2>
                <button type="button" class="btn quiet square" aria-label=t(key::COMMON_CLOSE) on:click=move |_| open.set(false)>
                    <Picture icon=icon::CLOSE/>
                </button>
            </div>
            <div class="body">{children()}</div>
        </dialog>
    }
}

/// The browser would focus the close button, which stands first.
fn focus_first_field(dialog: &web_sys::HtmlDialogElement) {
    use wasm_bindgen::JsCast;
    const FIRST: &str = "[data-first], .body input, .body select, .body textarea, .body button";
    if let Ok(Some(element)) = dialog.query_selector(FIRST)
        && let Some(element) = element.dyn_ref::<web_sys::HtmlElement>()
    {
        let _ = element.focus();
    }
}

/// Asks before something that cannot be taken back.
#[component]
pub(crate) fn Confirm(
    /// Whether it asks now.
    open: RwSignal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What will happen.
    #[prop(into)]
    text: Signal<String>,
    /// What the button says that does it.
    #[prop(into)]
    yes: Signal<String>,
    /// Whether something is taken away.
    #[prop(optional)]
    danger: bool,
    /// Does it.
    confirm: Callback<()>,
) -> impl IntoView {
    let kind = if danger { Kind::Danger } else { Kind::Primary };
    view! {
        <Dialog open=open title=title>
            <p>{move || text.get()}</p>
            <div class="foot">
                <Button label=t(key::COMMON_CANCEL) press=move || open.set(false)/>
                <Button
                    label=yes
                    kind=kind
                    press=move || {
                        confirm.run(());
                        open.set(false);
                    }
                />
            </div>
        </Dialog>
    }
}

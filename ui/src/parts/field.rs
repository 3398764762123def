//! Fields: a label above, an input, a hint or what is wrong below.

use leptos::html;
use leptos::prelude::*;

use super::Form;
use crate::icon::{self, Picture};
use crate::keys::{Action, shown};
use crate::text::{key, t};

/// Ids that tie a label to its input.
fn new_id() -> String {
    thread_local! { static LAST: std::cell::Cell<u32> = const { std::cell::Cell::new(0) }; }
    let number = LAST.get().wrapping_add(1);
    LAST.set(number);
    format!("f{number}")
}

/// What stands around every input: label, hint, error. `id` is the input's.
#[component]
fn Labelled(id: String, label: Signal<String>, hint: Option<Signal<String>>, error: Signal<Option<String>>, children: Children) -> impl IntoView {
    let (error_id, hint_id) = (error_id(&id), hint_id(&id));
    view! {
        <div class="labelled">
            <label for=id>{move || label.get()}</label>
            {children()}
            {move || error.get().map(|error| view! { <div class="error" id=error_id.clone() role="alert">{error}</div> })}
            // It stays beside an error: who has to correct something needs it most.
            {hint.map(|hint| view! { <div class="hint" id=hint_id>{move || hint.get()}</div> })}
        </div>
    }
}

fn error_id(id: &str) -> String {
    format!("{id}-error")
}

fn hint_id(id: &str) -> String {
    format!("{id}-hint")
}

/// What describes an input: what is wrong with it, and its hint.
fn notes(id: &str) -> String {
    format!("{} {}", error_id(id), hint_id(id))
}

/// One line of text.
#[component]
pub(crate) fn TextField(
    #[prop(into)] label: Signal<String>,
    /// What is in it.
    value: RwSignal<String>,
    /// Its name in refusals (`args["field"]`): where the error belongs.
    #[prop(optional)]
    name: &'static str,
    /// The form it stands in: shows the error that names it.
    #[prop(optional, into)]
    form: Option<Form>,
    /// An error known here.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    #[prop(optional, into)] hint: Option<Signal<String>>,
    #[prop(optional, into)] placeholder: Signal<String>,
    /// What stands behind it: `kg`, `%`.
    #[prop(optional, into)]
    unit: Signal<String>,
    /// `decimal`, `numeric`, `tel`: right-aligned when it is a figure.
    #[prop(optional)]
    mode: &'static str,
    /// `date`, `password`.
    #[prop(optional)]
    kind: Option<&'static str>,
    /// Several lines.
    #[prop(optional)]
    lines: bool,
    /// What a password manager fills in: `username`, `current-password`.
    #[prop(optional)]
    autocomplete: Option<&'static str>,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional)] max_length: Option<u32>,
) -> impl IntoView {
    let id = new_id();
    let notes = notes(&id);
    let refused = move || {
        let text = form.and_then(|form| form.error_of(name))?;
        // What was left empty has no wrong form: it is missing.
        Some(if value.with(|value| value.trim().is_empty()) { t(key::COMMON_FILL_IN) } else { text })
    };
    let error = Signal::derive(move || error.get().or_else(refused));
    let is_bad = Memo::new(move |_| error.with(Option::is_some));
    let is_figure = matches!(mode, "decimal" | "numeric");
    let edit = move |text: String| {
        value.set(text);
        if let Some(form) = form {
            form.forget(name);
        }
    };
    let element = NodeRef::<html::Input>::new();
    if autofocus {
        focus_when_there(element);
    }
    let input = if lines {
        view! {
            <textarea
                id=id.clone()
                name=name
                prop:value=move || value.get()
                on:input=move |event| edit(event_target_value(&event))
                aria-invalid=move || is_bad.get().then_some("true")
                aria-describedby=notes
                disabled=disabled
                maxlength=max_length
                placeholder=move || placeholder.get()
            ></textarea>
        }
        .into_any()
    } else {
        view! {
            <input
                node_ref=element
                id=id.clone()
                name=name
                type=kind.unwrap_or("text")
                inputmode=(!mode.is_empty()).then_some(mode)
                class:num=is_figure
                autocomplete=autocomplete.unwrap_or("off")
                spellcheck="false"
                data-first=autofocus.then_some("")
                prop:value=move || value.get()
                on:input=move |event| edit(event_target_value(&event))
                aria-invalid=move || is_bad.get().then_some("true")
                aria-describedby=notes
                disabled=disabled
                maxlength=max_length
                placeholder=move || placeholder.get()
            />
        }
        .into_any()
    };
    view! {
        <Labelled id=id label=label hint=hint error=error>
            <div class="field" class:bad=move || is_bad.get()>
                {input}
                {move || Some(unit.get()).filter(|unit| !unit.is_empty()).map(|unit| view! { <span class="unit">{unit}</span> })}
            </div>
        </Labelled>
    }
}

/// Puts the cursor in and selects what is there, as soon as it is on the page.
pub(crate) fn focus_when_there(element: NodeRef<html::Input>) {
    Effect::new(move |_| {
        if let Some(input) = element.get() {
            // The dialog around it may open in this same moment.
            request_animation_frame(move || {
                let _ = input.focus();
                input.select();
            });
        }
    });
}

/// One of several, by value: `options` are (value, words).
#[component]
pub(crate) fn SelectField(
    #[prop(into)] label: Signal<String>,
    value: RwSignal<String>,
    #[prop(into)] options: Signal<Vec<(String, String)>>,
    #[prop(optional)] name: &'static str,
    #[prop(optional, into)] form: Option<Form>,
    #[prop(optional, into)] hint: Option<Signal<String>>,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let id = new_id();
    let notes = notes(&id);
    let error = Signal::derive(move || form.and_then(|form| form.error_of(name)));
    let change = move |event| {
        value.set(event_target_value(&event));
        if let Some(form) = form {
            form.forget(name);
        }
    };
    let options = move || {
        let chosen = value.get();
        let option = move |(value, words): (String, String)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        };
        options.get().into_iter().map(option).collect_view()
    };
    view! {
        <Labelled id=id.clone() label=label hint=hint error=error>
            <div class="field" class:bad=move || error.with(Option::is_some)>
                <select id=id name=name aria-describedby=notes disabled=disabled prop:value=move || value.get() on:change=change>
                    {options}
                </select>
            </div>
        </Labelled>
    }
}

/// Yes or no.
#[component]
pub(crate) fn CheckField(
    #[prop(into)] label: Signal<String>,
    value: RwSignal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <label class="check">
            <input
                type="checkbox"
                prop:checked=move || value.get()
                on:change=move |event| value.set(event_target_checked(&event))
                disabled=disabled
            />
            <span>{move || label.get()}</span>
        </label>
    }
}

/// The search above a list. Esc empties it.
#[component]
pub(crate) fn SearchField(
    /// What is looked for.
    value: RwSignal<String>,
    /// What can be looked for; also its label.
    #[prop(into)]
    placeholder: String,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let element = NodeRef::<html::Input>::new();
    if autofocus {
        focus_when_there(element);
    }
    crate::keys::on_action(move |action| match (action, element.get_untracked()) {
        (Action::Search, Some(input)) => {
            let _ = input.focus();
            input.select();
            crate::keys::Taken::Yes
        }
        _ => crate::keys::Taken::No,
    });
    let key_down = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" && !value.with_untracked(String::is_empty) {
            event.stop_propagation();
            value.set(String::new());
        }
    };
    view! {
        <label class="field" style:width="360px">
            <Picture icon=icon::SEARCH small=true/>
            <input
                node_ref=element
                type="text"
                inputmode="search"
                autocomplete="off"
                spellcheck="false"
                aria-label=placeholder.clone()
                placeholder=placeholder
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
                on:keydown=key_down
            />
            <kbd>{shown(Action::Search)}</kbd>
        </label>
    }
}

//! Which key does what. A printable character alone is text and never a command.

use kontor_domain::host::Preferences;
use leptos::prelude::*;

use crate::keys::{Action, Chord, KeyMap, Taken, on_press, shown};
use crate::parts::{Button, KeyCap, Kind, Strip};
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;

/// Why a key was not taken.
#[derive(Clone, PartialEq, Eq)]
enum Refused {
    /// It writes text, or moves through a form.
    NoShortcut,
    /// Another action has it.
    Taken(Action, String),
}

/// Whether a key may do an action, with the choices as they are.
fn check(choices: &[(String, String)], action: Action, chord: &Chord) -> Result<(), Refused> {
    if !chord.may_be_shortcut() {
        return Err(Refused::NoShortcut);
    }
    match KeyMap::new(choices).action(chord) {
        Some(other) if other != action => Err(Refused::Taken(other, chord.to_string())),
        _ => Ok(()),
    }
}

/// The choices with one more; the usual key is no choice.
fn chosen(mut choices: Vec<(String, String)>, action: Action, chord: &Chord) -> Vec<(String, String)> {
    choices.retain(|(word, _)| word != action.word());
    if chord.to_string() != action.usual() {
        choices.push((action.word().to_owned(), chord.to_string()));
    }
    choices
}

fn keep(change: impl FnOnce(&mut Preferences)) {
    app().prefer(change);
}

/// The page.
#[component]
pub(super) fn KeysPage() -> impl IntoView {
    let waiting = RwSignal::new(None::<Action>);
    let refused = RwSignal::new(None::<Refused>);
    on_press(move |press| {
        let Some(action) = waiting.get_untracked() else { return Taken::No };
        if press.chord.key == "Escape" {
            waiting.set(None);
            return Taken::Yes;
        }
        // Ctrl, Shift and Alt alone are the beginning of a key.
        if matches!(press.chord.key.as_str(), "Control" | "Shift" | "Alt" | "Meta") {
            return Taken::No;
        }
        let choices = app().preferences.with_untracked(|preferences| preferences.keys.clone());
        match check(&choices, action, &press.chord) {
            Ok(()) => {
                keep(|preferences| preferences.keys = chosen(choices, action, &press.chord));
                waiting.set(None);
                refused.set(None);
            }
            Err(why) => refused.set(Some(why)),
        }
        Taken::Yes
    });
    let row = move |action: &Action| {
        let action = *action;
        let is_waiting = move || waiting.get() == Some(action);
        let cap = move || if is_waiting() { t(key::SETTINGS_PRESS_KEY) } else { shown(action) };
        view! {
            <button type="button" class="option" class:on=is_waiting on:click=move |_| {
                refused.set(None);
                waiting.set(Some(action));
            }>
                <span class="grow">{t(action.text())}</span>
                {move || view! { <KeyCap text=cap()/> }}
            </button>
        }
    };
    let why = move || {
        refused.get().map(|refused| match refused {
            Refused::NoShortcut => t(key::SETTINGS_NO_SHORTCUT),
            Refused::Taken(action, chord) => tx(key::SETTINGS_KEY_TAKEN, &[("key", chord.into()), ("action", t(action.text()).into())]),
        })
    };
    view! {
        <section class="card pad form keyspage">
            <div class="row between">
                <h2>{t(key::SETTINGS_KEYS)}</h2>
                <Button label=t(key::SETTINGS_USUAL_KEYS) kind=Kind::Quiet press=|| keep(|preferences| preferences.keys.clear())/>
            </div>
            <p class="muted">{t(key::SETTINGS_KEYS_TEXT)}</p>
            {move || why().map(|text| view! { <Strip tone=Tone::Warn text=text/> })}
            <div class="options flush">{Action::ALL.iter().map(row).collect_view()}</div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chord(text: &str) -> Chord {
        Chord::parse(text).unwrap_or_default()
    }

    #[test]
    fn a_printable_character_or_another_actions_key_is_refused() {
        assert!(check(&[], Action::Pay, &chord("p")) == Err(Refused::NoShortcut));
        assert!(check(&[], Action::Pay, &chord("F10")) == Err(Refused::Taken(Action::ExactCash, "F10".into())));
        assert!(check(&[], Action::Pay, &chord("F9")) == Ok(()));
        assert!(check(&[], Action::Pay, &chord("Ctrl+P")) == Ok(()));
    }

    #[test]
    fn a_choice_replaces_the_one_before_and_the_usual_key_is_none() {
        let choices = chosen(Vec::new(), Action::Pay, &chord("Ctrl+P"));
        assert_eq!(choices, [("pay".to_owned(), "Ctrl+P".to_owned())]);
        let choices = chosen(choices, Action::Pay, &chord("Ctrl+B"));
        assert_eq!(choices, [("pay".to_owned(), "Ctrl+B".to_owned())]);
        assert_eq!(chosen(choices, Action::Pay, &chord("F9")), []);
    }
}

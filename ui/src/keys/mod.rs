//! The keyboard: one listener for the whole window, before any field sees a key.
//!
//! A key goes to the scanner first (it may be a scan), then to what the window forbids, then to
//! whoever wants that action, the newest first.

mod action;
mod chord;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub(crate) use action::{Action, KeyMap};
pub(crate) use chord::Chord;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{AddEventListenerOptions, Event, KeyboardEvent};

use crate::state::app;
use crate::{scanner, seat, sound};

/// Whether a key was for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was: nobody else gets it.
    Yes,
    /// It was not.
    No,
}

type Handler<T> = Rc<dyn Fn(T) -> Taken>;

/// Those who want something, the newest last.
pub(crate) struct Handlers<T: 'static> {
    all: RefCell<Vec<(u32, Handler<T>)>>,
    last: Cell<u32>,
}

impl<T: Clone> Handlers<T> {
    pub(crate) const fn new() -> Self {
        Self { all: RefCell::new(Vec::new()), last: Cell::new(0) }
    }

    pub(crate) fn add(&self, handler: Handler<T>) -> u32 {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        self.all.borrow_mut().push((number, handler));
        number
    }

    pub(crate) fn remove(&self, number: u32) {
        self.all.borrow_mut().retain(|(known, _)| *known != number);
    }

    /// Offers it to each, the newest first, until one takes it.
    pub(crate) fn offer(&self, thing: &T) -> Taken {
        // A copy, because a handler may add or remove handlers.
        let handlers: Vec<Handler<T>> = self.all.borrow().iter().rev().map(|(_, handler)| handler.clone()).collect();
        let taken = handlers.iter().any(|handler| handler(thing.clone()) == Taken::Yes);
        if taken { Taken::Yes } else { Taken::No }
    }
}

/// A key as a handler sees it.
#[derive(Clone, Debug)]
pub(crate) struct Press {
    /// The key.
    pub(crate) chord: Chord,
    /// Whether the cursor is in a field where text can be written.
    pub(crate) in_text: bool,
    /// Whether a native dialog is open: it has its own keys.
    pub(crate) in_dialog: bool,
}

thread_local! {
    static ACTIONS: Handlers<Action> = const { Handlers::new() };
    static PRESSES: Handlers<Press> = const { Handlers::new() };
}

/// Does something for an action, as long as the component lives.
pub(crate) fn on_action(handler: impl Fn(Action) -> Taken + 'static) {
    let number = ACTIONS.with(|handlers| handlers.add(Rc::new(handler)));
    on_cleanup(move || ACTIONS.with(|handlers| handlers.remove(number)));
}

/// Does something for a plain key (arrows, Enter, Escape, Alt+1), as long as the component lives.
pub(crate) fn on_press(handler: impl Fn(Press) -> Taken + 'static) {
    let number = PRESSES.with(|handlers| handlers.add(Rc::new(handler)));
    on_cleanup(move || PRESSES.with(|handlers| handlers.remove(number)));
}

/// Does what an action's key does: for its button.
pub(crate) fn act(action: Action) {
    let _ = ACTIONS.with(|handlers| handlers.offer(&action));
}

/// The key of an action as it is shown: `Ctrl K`.
pub(crate) fn shown(action: Action) -> String {
    let map = app().preferences.with_untracked(|preferences| KeyMap::new(&preferences.keys));
    map.chord(action).map(|chord| chord.to_string().replace('+', " ")).unwrap_or_default()
}

/// Listens from now on.
pub(crate) fn begin() {
    sound::begin();
    capture("pointerdown", |_| {
        sound::wake();
        seat::touch();
    });
    capture("keydown", |event| {
        sound::wake();
        seat::touch();
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            key_down(event);
        }
    });
    capture("keyup", |event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            scanner::feed_release(event);
        }
    });
    capture("compositionstart", |_| scanner::composing());
    capture("blur", |event| {
        // The window's own, not a field's: keys let go elsewhere are not told here.
        if event.target().is_some_and(|target| target.is_instance_of::<web_sys::Window>()) {
            scanner::forget_down();
        }
    });
    // A reload by the menu would lose what is being typed; text fields keep theirs for pasting.
    capture("contextmenu", |event| {
        if !is_text(event.target().as_ref()) {
            event.prevent_default();
        }
    });
    // The mouse's own back and forward buttons.
    for name in ["mouseup", "mousedown", "auxclick"] {
        capture(name, |event| {
            if event.dyn_ref::<web_sys::MouseEvent>().is_some_and(|mouse| mouse.button() > 2) {
                event.prevent_default();
            }
        });
    }
}

fn capture(name: &str, handle: impl Fn(&Event) + 'static) {
    let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| handle(&event));
    let options = AddEventListenerOptions::new();
    options.set_capture(true);
    options.set_passive(false);
    let function = listener.as_ref().unchecked_ref();
    if let Some(window) = web_sys::window() {
        let _ = window.add_event_listener_with_callback_and_add_event_listener_options(name, function, &options);
    }
    // The window's own listener lives as long as the window.
    listener.forget();
}

fn key_down(event: &KeyboardEvent) {
    if scanner::feed(event) == Taken::Yes {
        stop(event);
        return;
    }
    // While an IME composes, keys belong to it.
    if event.is_composing() || event.key_code() == 229 {
        return;
    }
    let ctrl = event.ctrl_key() || event.meta_key();
    let chord = Chord::of(&event.key(), &event.code(), ctrl, event.alt_key(), event.shift_key());
    if offer(event, chord.clone()) == Taken::Yes {
        stop(event);
    } else if is_forbidden(&chord) {
        event.prevent_default();
    }
}

fn offer(event: &KeyboardEvent, chord: Chord) -> Taken {
    let in_dialog = dialog_is_open();
    let in_text = is_text(event.target().as_ref());
    let press = Press { chord: chord.clone(), in_text, in_dialog };
    if PRESSES.with(|handlers| handlers.offer(&press)) == Taken::Yes {
        return Taken::Yes;
    }
    // A dialog is a question that waits for its answer; shortcuts wait too.
    if in_dialog || event.repeat() {
        return Taken::No;
    }
    let map = app().preferences.with_untracked(|preferences| KeyMap::new(&preferences.keys));
    match map.action(&chord) {
        Some(action) => ACTIONS.with(|handlers| handlers.offer(&action)),
        None => Taken::No,
    }
}

fn stop(event: &KeyboardEvent) {
    event.prevent_default();
    event.stop_propagation();
}

/// What a web view would do and a till must not: reload, close, go back, print, zoom away.
fn is_forbidden(chord: &Chord) -> bool {
    const NEVER: &[&str] = &[
        "F1",
        "F3",
        "F5",
        "F6",
        "F7",
        "F10",
        "F11",
        "F12",
        "Ctrl+F5",
        "Shift+F5",
        "Ctrl+R",
        "Ctrl+W",
        "Ctrl+T",
        "Ctrl+N",
        "Ctrl+P",
        "Ctrl+S",
        "Ctrl+O",
        "Ctrl+F",
        "Ctrl+G",
        "Ctrl+H",
        "Ctrl+J",
        "Ctrl+U",
        "Ctrl+K",
        "Ctrl+L",
        "Alt+ArrowLeft",
        "Alt+ArrowRight",
        "BrowserBack",
        "BrowserForward",
        "BrowserRefresh",
    ];
    NEVER.contains(&chord.to_string().as_str())
}

/// Whether text can be written there.
pub(crate) fn is_text(target: Option<&web_sys::EventTarget>) -> bool {
    let Some(element) = target.and_then(|target| target.dyn_ref::<web_sys::Element>()) else { return false };
    if let Some(input) = element.dyn_ref::<web_sys::HtmlInputElement>() {
        return !matches!(input.type_().as_str(), "checkbox" | "radio" | "button" | "submit" | "range" | "color" | "file");
    }
    element.has_type::<web_sys::HtmlTextAreaElement>()
}

fn dialog_is_open() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.and_then(|document| document.query_selector("dialog[open]").ok().flatten()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_handler_is_asked_first_and_a_handler_may_remove_itself() {
        thread_local! {
            static HANDLERS: Handlers<u32> = const { Handlers::new() };
            static HEARD: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
        }
        let hear = |name: &'static str, taken: Taken| -> Handler<u32> {
            Rc::new(move |_| {
                HEARD.with_borrow_mut(|heard| heard.push(name));
                taken
            })
        };
        HANDLERS.with(|handlers| {
            handlers.add(hear("old", Taken::Yes));
            let number = handlers.add(hear("new", Taken::No));
            assert_eq!(handlers.offer(&1), Taken::Yes);
            handlers.remove(number);
            assert_eq!(handlers.offer(&2), Taken::Yes);
        });
        assert_eq!(HEARD.with_borrow(Clone::clone), ["new", "old", "old"]);
    }

    #[test]
    fn what_would_leave_the_page_is_forbidden() {
        for text in ["F5", "Ctrl+R", "Ctrl+W", "Alt+ArrowLeft"] {
            assert!(Chord::parse(text).is_some_and(|chord| is_forbidden(&chord)), "{text}");
        }
        assert!(!is_forbidden(&Chord::of("a", "KeyA", true, false, false)));
    }
}

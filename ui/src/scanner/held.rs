//! What a field held before a scan typed into it.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, EventInit, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};

/// A field with its text and cursor.
#[derive(Clone)]
pub(super) struct Held {
    element: Element,
    value: String,
    cursor: Option<(u32, u32)>,
}

impl Held {
    /// The field that has the focus, if one has.
    pub(super) fn here() -> Option<Self> {
        let element = web_sys::window()?.document()?.active_element()?;
        let value = value_of(&element)?;
        let cursor = element.dyn_ref::<HtmlInputElement>().and_then(|input| {
            let start = input.selection_start().ok().flatten()?;
            Some((start, input.selection_end().ok().flatten()?))
        });
        Some(Self { element, value, cursor })
    }

    /// Puts text and cursor back and tells whoever watches the field.
    pub(super) fn give_back(&self) {
        if value_of(&self.element).as_ref() == Some(&self.value) {
            return;
        }
        set_value(&self.element, &self.value);
        if let (Some(input), Some((start, end))) = (self.element.dyn_ref::<HtmlInputElement>(), self.cursor) {
            let _ = input.set_selection_range(start, end);
        }
        tell(&self.element);
    }

    /// The same where an IME still holds characters: leaving the field makes it let go of them.
    pub(super) fn give_back_composed(&self) {
        if value_of(&self.element).as_ref() == Some(&self.value) {
            return;
        }
        if let Some(element) = self.element.dyn_ref::<HtmlElement>() {
            let _ = element.blur();
            let _ = element.focus();
        }
        self.give_back();
    }
}

fn value_of(element: &Element) -> Option<String> {
    if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        return Some(input.value());
    }
    if let Some(area) = element.dyn_ref::<HtmlTextAreaElement>() {
        return Some(area.value());
    }
    element.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value)
}

fn set_value(element: &Element, value: &str) {
    if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        input.set_value(value);
    } else if let Some(area) = element.dyn_ref::<HtmlTextAreaElement>() {
        area.set_value(value);
    } else if let Some(select) = element.dyn_ref::<HtmlSelectElement>() {
        select.set_value(value);
    }
}

fn tell(element: &Element) {
    let options = EventInit::new();
    options.set_bubbles(true);
    for name in ["input", "change"] {
        let event: Result<Event, JsValue> = Event::new_with_event_init_dict(name, &options);
        if let Ok(event) = event {
            let _ = element.dispatch_event(&event);
        }
    }
}

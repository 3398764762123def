//! The counter as a whole: shelf on the left, cart on the right, and its keys.

use kontor_domain::command::Event;
use leptos::prelude::*;

use super::basket::{Basket, Step};
use super::cart_view::CartView;
use super::shelf::Shelf;
use super::{Sheet, scans, search};
use crate::keys::{self, Action, Press, Taken, on_action, on_press};
use crate::scanner::on_scan;
use crate::sound::{self, Sound};
use crate::state::app;
use crate::text::{key, t};

/// The counter.
#[component]
pub(crate) fn CounterScreen() -> impl IntoView {
    on_action(act);
    on_press(press);
    on_scan(|code| {
        scans::push(code);
        Taken::Yes
    });
    // Also when the screen comes up again: prices may have changed while another was shown.
    Effect::new(move |_| {
        app().changes.track(&[Event::CatalogChanged]);
        app().counter.look_at_prices();
    });
    // A tap on a tile or key leaves the cursor in the search.
    let keep_focus = |event: leptos::ev::MouseEvent| {
        if !keys::is_text(event.target().as_ref()) {
            event.prevent_default();
        }
    };
    view! {
        <div class="counter" on:mousedown=keep_focus>
            <h1 class="hidden-label">{t(key::SCREEN_COUNTER)}</h1>
            <Shelf/>
            <CartView/>
        </div>
    }
}

fn act(action: Action) -> Taken {
    let counter = app().counter;
    let is_elsewhere = matches!(action, Action::KeyMap | Action::Palette | Action::New | Action::SwitchPerson);
    if !is_elsewhere && counter.is_choosing() {
        sound::play(Sound::Look);
        return Taken::Yes;
    }
    let is_empty = counter.basket.with_untracked(Basket::is_empty);
    match action {
        Action::Quantity => {
            if let Some(line) = counter.current() {
                counter.sheet.set(Sheet::Quantity(line));
            }
        }
        Action::Discount if !is_empty => counter.sheet.set(Sheet::Discount),
        Action::Discount => {}
        Action::Search => {
            counter.sheet.set(Sheet::None);
            search::focus();
        }
        Action::Park => counter.park(),
        Action::Recall => counter.sheet.set(Sheet::Recall),
        Action::Customer => counter.sheet.set(Sheet::Customer),
        Action::Pay => counter.pay(),
        Action::ExactCash => counter.sell_for_exact_cash(),
        Action::Drawer => counter.open_drawer(),
        Action::LastReceipt => counter.print_last(),
        Action::RemoveLine => return remove_line(),
        Action::PutBack => return put_back(),
        Action::KeyMap | Action::Palette | Action::New | Action::SwitchPerson => return Taken::No,
    }
    Taken::Yes
}

/// Whether a person writes something, whose keys are the field's own.
fn is_writing() -> bool {
    let counter = app().counter;
    !counter.search.with_untracked(String::is_empty) || counter.sheet.with_untracked(|sheet| *sheet != Sheet::None)
}

fn put_back() -> Taken {
    let counter = app().counter;
    if is_writing() || counter.removed.with_untracked(Option::is_none) {
        return Taken::No;
    }
    counter.undo();
    Taken::Yes
}

fn remove_line() -> Taken {
    let counter = app().counter;
    match counter.current() {
        Some(line) if !is_writing() => {
            counter.remove(line);
            Taken::Yes
        }
        _ => Taken::No,
    }
}

/// Arrows and Escape, where nothing that is open wants them.
fn press(press: Press) -> Taken {
    let counter = app().counter;
    if press.in_dialog {
        return Taken::No;
    }
    let has_sheet = counter.sheet.with_untracked(|sheet| *sheet != Sheet::None);
    let has_search = !counter.search.with_untracked(String::is_empty);
    match press.chord.to_string().as_str() {
        "Escape" => {
            back();
            Taken::Yes
        }
        "ArrowUp" if !has_sheet && !has_search => {
            counter.walk(Step::Up);
            Taken::Yes
        }
        "ArrowDown" if !has_sheet && !has_search => {
            counter.walk(Step::Down);
            Taken::Yes
        }
        _ => Taken::No,
    }
}

/// One step back. It never voids a sale.
pub(super) fn back() {
    let counter = app().counter;
    if counter.sheet.with_untracked(|sheet| *sheet != Sheet::None) {
        counter.sheet.set(Sheet::None);
        scans::proceed();
    } else if !counter.search.with_untracked(String::is_empty) {
        counter.search.set(String::new());
    } else if counter.selected.with_untracked(Option::is_some) {
        counter.selected.set(None);
    } else {
        counter.unknown.update(|unknown| {
            unknown.pop();
        });
    }
    search::focus();
}

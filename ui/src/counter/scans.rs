//! Scanned codes: each is looked up at once, and they are settled one after another, so that none is dropped and
//! none overtakes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use kontor_domain::catalog::{has_right_check_digit, is_trade_number};
use kontor_domain::reject::Reject;
use kontor_domain::units::Quantity;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Sheet, Unknown, add_scan};
use crate::scanner::{self, Found};
use crate::sound::{self, Sound};
use crate::state::app;

struct Scan {
    number: u64,
    code: String,
    /// What it means, once that is known.
    found: Option<Result<Found, Reject>>,
}

/// What is done as soon as all scans are through: a key pressed right after the last scan.
type After = Box<dyn FnOnce()>;

thread_local! {
    static QUEUE: RefCell<VecDeque<Scan>> = const { RefCell::new(VecDeque::new()) };
    static LAST_NUMBER: Cell<u64> = const { Cell::new(0) };
    static AFTER: RefCell<Option<After>> = const { RefCell::new(None) };
}

/// A code was scanned.
pub(super) fn push(code: String) {
    let times = app().counter.take_times().unwrap_or(Quantity::ONE);
    let number = LAST_NUMBER.get() + 1;
    LAST_NUMBER.set(number);
    QUEUE.with_borrow_mut(|queue| queue.push_back(Scan { number, code: code.clone(), found: None }));
    proceed();
    spawn_local(async move {
        let found = scanner::find(&code, times).await;
        QUEUE.with_borrow_mut(|queue| {
            if let Some(scan) = queue.iter_mut().find(|scan| scan.number == number) {
                scan.found = Some(found);
            }
        });
        proceed();
    });
}

/// Runs `act` when no scan waits any more: at once, or after the last of them, unless one of them
/// needs a person first.
pub(super) fn after(act: impl FnOnce() + 'static) {
    if app().counter.is_choosing() {
        sound::play(Sound::Look);
    } else if QUEUE.with_borrow(VecDeque::is_empty) {
        act();
    } else {
        AFTER.with_borrow_mut(|after| *after = Some(Box::new(act)));
    }
}

/// Settles the scans whose meaning is known, unless something must be settled before them.
pub(super) fn proceed() {
    let counter = app().counter;
    while !is_held() {
        let next = QUEUE.with_borrow_mut(|queue| queue.pop_front_if(|scan| scan.found.is_some()));
        let Some(Scan { code, found: Some(found), .. }) = next else { break };
        settle(code, found);
    }
    counter.waiting.set(QUEUE.with_borrow(VecDeque::len));
    if !is_held()
        && QUEUE.with_borrow(VecDeque::is_empty)
        && let Some(act) = AFTER.with_borrow_mut(Option::take)
    {
        act();
    }
}

/// While a sale is made or somebody chooses, scans wait.
fn is_held() -> bool {
    let counter = app().counter;
    counter.selling.get_untracked() || counter.is_choosing()
}

fn settle(code: String, found: Result<Found, Reject>) {
    match found {
        Ok(Found { hits, quantity }) => match hits.as_slice() {
            [hit] => add_scan(hit, quantity),
            [] => refuse(code),
            _ => {
                forget_after();
                sound::play(Sound::Look);
                app().counter.sheet.set(Sheet::Choose(hits, quantity));
            }
        },
        Err(reject) => {
            app().toasts.refuse(&reject);
            refuse(code);
        }
    }
}

fn refuse(code: String) {
    forget_after();
    sound::play(Sound::Unknown);
    let misread = is_trade_number(&code) && !has_right_check_digit(&code);
    app().counter.unknown.update(|unknown| {
        unknown.retain(|known| known.code != code);
        unknown.push(Unknown { code, misread });
    });
}

/// A sale must not be closed over something that a person has to look at first.
fn forget_after() {
    AFTER.with_borrow_mut(|after| *after = None);
}

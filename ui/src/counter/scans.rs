//! Scanned codes, one after another: none is dropped, none overtakes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use kontor_domain::catalog::{ScanCode, ScanHit};
use kontor_domain::reject::Reject;
use kontor_domain::units::Quantity;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Sheet, Unknown, add_scan};
use crate::sound::{self, Sound};
use crate::state::app;
use crate::{backend, scanner};

struct Scan {
    code: String,
    quantity: Quantity,
}

/// What is done as soon as all scans are through: a key pressed right after the last scan.
type After = Box<dyn FnOnce()>;

thread_local! {
    static QUEUE: RefCell<VecDeque<Scan>> = const { RefCell::new(VecDeque::new()) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    static AFTER: RefCell<Option<After>> = const { RefCell::new(None) };
}

/// A code was scanned.
pub(super) fn push(code: String) {
    let quantity = app().counter.take_times().unwrap_or(Quantity::ONE);
    QUEUE.with_borrow_mut(|queue| queue.push_back(Scan { code, quantity }));
    proceed();
}

/// Runs `act` when no scan waits any more: at once, or after the last of them, unless one of them
/// needs a person first.
pub(super) fn after(act: impl FnOnce() + 'static) {
    if !RUNNING.get() && QUEUE.with_borrow(VecDeque::is_empty) {
        act();
    } else {
        AFTER.with_borrow_mut(|after| *after = Some(Box::new(act)));
    }
}

/// Takes the next scan, unless something must be settled before it.
pub(super) fn proceed() {
    let counter = app().counter;
    counter.waiting.set(QUEUE.with_borrow(VecDeque::len));
    let is_held = counter.selling.get_untracked() || counter.sheet.with_untracked(|sheet| matches!(sheet, Sheet::Choose(..)));
    if RUNNING.get() || is_held {
        return;
    }
    let Some(scan) = QUEUE.with_borrow_mut(VecDeque::pop_front) else {
        if let Some(act) = AFTER.with_borrow_mut(Option::take) {
            act();
        }
        return;
    };
    RUNNING.set(true);
    spawn_local(async move {
        let found = look_up(&scan.code).await;
        RUNNING.set(false);
        settle(scan, found);
        proceed();
    });
}

async fn look_up(code: &str) -> Result<Vec<ScanHit>, Reject> {
    for code in scanner::candidates(code) {
        let hits = backend::ask(ScanCode { code }).await?;
        if !hits.is_empty() {
            return Ok(hits);
        }
    }
    Ok(Vec::new())
}

fn settle(scan: Scan, found: Result<Vec<ScanHit>, Reject>) {
    let counter = app().counter;
    let hits = match found {
        Ok(hits) => hits,
        Err(reject) => {
            app().toasts.refuse(&reject);
            Vec::new()
        }
    };
    match hits.as_slice() {
        [hit] => add_scan(hit, scan.quantity),
        [] => refuse(scan.code),
        _ => {
            forget_after();
            sound::play(Sound::Look);
            counter.sheet.set(Sheet::Choose(hits, scan.quantity));
        }
    }
}

fn refuse(code: String) {
    forget_after();
    sound::play(Sound::Unknown);
    let misread = scanner::is_trade_number(&code) && !scanner::has_right_check_digit(&code);
    app().counter.unknown.update(|unknown| {
        unknown.retain(|known| known.code != code);
        unknown.push(Unknown { code, misread });
    });
}

/// A sale must not be closed over something that a person has to look at first.
fn forget_after() {
    AFTER.with_borrow_mut(|after| *after = None);
}

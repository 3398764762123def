//! A till that nobody touches for a while locks itself.

use std::cell::Cell;

use leptos::prelude::*;

use super::{asks, is_locked, lock};
use crate::state::app;

const MINUTE_MS: i64 = 60_000;

thread_local! {
    static TOUCHED_MS: Cell<i64> = const { Cell::new(0) };
}

/// Somebody pressed a key or touched the screen.
pub(crate) fn touch() {
    TOUCHED_MS.set(js_sys::Date::now() as i64);
}

/// Locks if it is time; asked whenever the clock in the top bar looks at the time. Not while a sale is on its way.
pub(crate) fn rest() {
    let rested_ms = app().now_ms.get_untracked() - TOUCHED_MS.get();
    let after = app().preferences.with_untracked(|preferences| preferences.lock_after_minutes);
    let may_lock = || untrack(|| asks() && !is_locked()) && !app().counter.selling.get_untracked();
    if after.is_some_and(|minutes| rested_ms >= i64::from(minutes) * MINUTE_MS) && may_lock() {
        lock();
    }
}

//! The barcode scanner: caught at the window by physical key, so neither focus nor an IME matters.

mod burst;
mod code;
mod find;
mod held;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use burst::{Burst, Verdict};
pub(crate) use find::{Found, find};
use held::Held;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::KeyboardEvent;

use crate::keys::{Handlers, Taken};
use crate::seat;
use crate::sound::{self, Sound};
use crate::state::app;
use crate::text::{key, tx};
use crate::toast::Tone;

/// When silence is looked for: a little after it would end a burst.
const SILENCE: Duration = Duration::from_millis(80);
/// An Enter this soon after a scan that silence ended is that scan's own, in milliseconds.
const LATE_ENTER_MS: f64 = 250.0;

#[derive(Default)]
struct Scanner {
    burst: Burst,
    held: Option<Held>,
    /// When the last scan ended without an Enter.
    ended_ms: f64,
    /// Counts keys, to know whether silence was broken.
    keys: u64,
    /// How late the last key was when it arrived here: on a busy computer the next ones are as late.
    late_ms: f64,
    /// Counts bursts that were scans, to know whether a key belonged to one.
    scans: u64,
    /// Keys that went down under their own name and are not up yet.
    down: Vec<String>,
    /// The field as it was before an input method took what is typed.
    before_method: Option<Held>,
}

thread_local! {
    static SCANNER: RefCell<Scanner> = RefCell::new(Scanner::default());
    static SCANS: Handlers<String> = const { Handlers::new() };
}

/// Gets the scans, as long as the component lives.
pub(crate) fn on_scan(handler: impl Fn(String) -> Taken + 'static) {
    let number = SCANS.with(|handlers| handlers.add(Rc::new(handler)));
    on_cleanup(move || SCANS.with(|handlers| handlers.remove(number)));
}

/// Runs `act` once it is sure that the key pressed now is not part of a scan.
pub(crate) fn when_typed(act: impl Fn() + 'static) {
    let scans = || SCANNER.with_borrow(|scanner| (scanner.scans, scanner.burst.is_scan()));
    let before = scans().0;
    set_timeout(
        move || {
            let (after, is_scan) = scans();
            if after == before && !is_scan {
                act();
            }
        },
        SILENCE,
    );
}

/// Keys held down at once by more fingers than anybody has: a release that was never told must not fill the memory.
const MOST_DOWN: usize = 16;

/// A key went down. [`Taken::Yes`]: it belongs to a scan.
pub(crate) fn feed(event: &KeyboardEvent) -> Taken {
    if event.repeat() {
        return Taken::No;
    }
    if is_secret(event) {
        // A password or a PIN is nobody's barcode, however quickly it is typed.
        SCANNER.with_borrow_mut(|scanner| scanner.burst.clear());
        return Taken::No;
    }
    let code = event.code();
    if matches!(code.as_str(), "" | "Unidentified") {
        // An input method took it, and does not say which key it was: its release will.
        hold_before_method(event.time_stamp(), event.is_composing());
        return Taken::No;
    }
    SCANNER.with_borrow_mut(|scanner| {
        if scanner.down.len() < MOST_DOWN && !scanner.down.contains(&code) {
            scanner.down.push(code.clone());
        }
    });
    press(event, &code)
}

/// A key went up. One that was never told to go down went to an input method, and is a key press now.
pub(crate) fn feed_release(event: &KeyboardEvent) {
    let code = event.code();
    let was_told = SCANNER.with_borrow_mut(|scanner| {
        let place = scanner.down.iter().position(|known| *known == code);
        place.map(|place| scanner.down.remove(place)).is_some()
    });
    if !was_told {
        press(event, &code);
    }
}

fn is_secret(event: &KeyboardEvent) -> bool {
    let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
    input.is_some_and(|input| input.type_() == "password")
}

/// Keys are let go where we do not hear it.
pub(crate) fn forget_down() {
    SCANNER.with_borrow_mut(|scanner| scanner.down.clear());
}

/// A composition begins: what it will put into the field is not there yet.
pub(crate) fn composing() {
    let held = Held::here();
    SCANNER.with_borrow_mut(|scanner| scanner.before_method = held);
}

fn hold_before_method(now_ms: f64, composing: bool) {
    let is_first = SCANNER.with_borrow(|scanner| !scanner.burst.is_going_on(now_ms));
    if is_first && !composing {
        let held = Held::here();
        SCANNER.with_borrow_mut(|scanner| scanner.before_method = held);
    }
}

fn press(event: &KeyboardEvent, code: &str) -> Taken {
    let now_ms = event.time_stamp();
    if event.ctrl_key() || event.alt_key() || event.meta_key() {
        SCANNER.with_borrow_mut(|scanner| scanner.burst.clear());
        return Taken::No;
    }
    if let Some(scan) = SCANNER.with_borrow_mut(|scanner| scanner.silence(now_ms)) {
        deliver(scan);
    }
    let composing = event.is_composing() || event.key_code() == 229 || event.type_() == "keyup";
    let verdict = SCANNER.with_borrow_mut(|scanner| {
        scanner.late_ms = (clock_ms() - now_ms).max(0.0);
        scanner.key(code, event.shift_key(), now_ms)
    });
    match verdict {
        Verdict::Pass if is_late_enter(code, now_ms) => Taken::Yes,
        Verdict::Pass => {
            listen_for_silence();
            Taken::No
        }
        Verdict::Begin => {
            let here = Held::here();
            SCANNER.with_borrow_mut(|scanner| {
                let before = scanner.before_method.take().filter(|_| composing);
                scanner.held = before.or(here);
            });
            listen_for_silence();
            Taken::No
        }
        Verdict::Swallow => {
            // Not while something is being composed: a field changed under an input method leaves it composing for ever.
            if !composing {
                give_back();
            }
            listen_for_silence();
            Taken::Yes
        }
        Verdict::Scan(scan) => {
            if composing {
                give_back_composed()
            } else {
                give_back()
            }
            deliver(scan);
            Taken::Yes
        }
    }
}

impl Scanner {
    fn key(&mut self, code: &str, shift: bool, now_ms: f64) -> Verdict {
        self.keys += 1;
        let verdict = self.burst.key(code, shift, now_ms);
        if matches!(verdict, Verdict::Scan(_)) {
            self.scans += 1;
        }
        verdict
    }

    fn silence(&mut self, now_ms: f64) -> Option<String> {
        let scan = self.burst.silence(now_ms)?;
        self.scans += 1;
        self.ended_ms = now_ms;
        Some(scan)
    }
}

fn is_late_enter(code: &str, now_ms: f64) -> bool {
    let is_end = matches!(code, "Enter" | "NumpadEnter" | "Tab");
    is_end && SCANNER.with_borrow(|scanner| scanner.ended_ms > 0.0 && now_ms - scanner.ended_ms < LATE_ENTER_MS)
}

/// Gives the field back what the burst typed over.
fn give_back() {
    if let Some(held) = SCANNER.with_borrow(|scanner| scanner.held.clone()) {
        held.give_back();
    }
}

/// The same where an input method has it: what it was composing arrives a moment later, after its key.
fn give_back_composed() {
    let Some(held) = SCANNER.with_borrow(|scanner| scanner.held.clone()) else { return };
    for wait_ms in [0, 40] {
        let held = held.clone();
        set_timeout(move || held.give_back_composed(), Duration::from_millis(wait_ms));
    }
}

fn listen_for_silence() {
    let keys = SCANNER.with_borrow(|scanner| scanner.keys);
    // Twice round, so that keys already waiting in the browser's queue come first.
    set_timeout(move || set_timeout(move || end_by_silence(keys), Duration::ZERO), SILENCE);
}

fn clock_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}

fn end_by_silence(keys: u64) {
    let now_ms = clock_ms();
    let (is_last, is_scan, due_ms) = SCANNER.with_borrow(|scanner| {
        let wait_ms = SILENCE.as_secs_f64() * 1000.0 + 2.0 * scanner.late_ms;
        (scanner.keys == keys, scanner.burst.is_scan(), scanner.burst.last_ms() + wait_ms)
    });
    if !is_last {
        return;
    }
    if is_scan && now_ms < due_ms {
        // The rest of the scan may still be on its way to us: half of it would be another product.
        set_timeout(move || end_by_silence(keys), Duration::from_secs_f64((due_ms - now_ms) / 1000.0));
        return;
    }
    let scan = SCANNER.with_borrow_mut(|scanner| scanner.silence(now_ms));
    if let Some(scan) = scan {
        give_back();
        deliver(scan);
    }
}

fn deliver(code: String) {
    SCANNER.with_borrow_mut(|scanner| scanner.held = None);
    // Under a lock nobody scans into the sale that waits there.
    if untrack(seat::is_locked) || SCANS.with(|handlers| handlers.offer(&code)) == Taken::No {
        // Nobody here wants it; the person must not think that it was counted.
        sound::play(Sound::Unknown);
        app().toasts.say(Tone::Warn, tx(key::SCAN_NOT_HERE, &[("code", code.into())]));
    }
}

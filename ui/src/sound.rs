//! Tones, so that nobody needs to look after every scan.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use js_sys::Promise;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AudioContext, AudioContextState, OscillatorType};

use crate::state::app;

/// What is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sound {
    /// It went in: two rising tones.
    Ok,
    /// Not known: two falling, rough.
    Unknown,
    /// Look first.
    Look,
}

/// A tone: Hz and milliseconds.
type Note = (f32, f64);

impl Sound {
    const fn notes(self) -> (OscillatorType, &'static [Note]) {
        match self {
            Self::Ok => (OscillatorType::Sine, &[(880.0, 60.0), (1320.0, 90.0)]),
            Self::Unknown => (OscillatorType::Square, &[(330.0, 110.0), (220.0, 130.0)]),
            Self::Look => (OscillatorType::Triangle, &[(660.0, 90.0), (660.0, 90.0)]),
        }
    }
}

/// Loud enough beside a fridge, not enough to startle.
const VOLUME: f32 = 0.12;

/// Finding the sound card stops everything for a third of a second: that is done when nobody has touched anything for so long.
const QUIET: Duration = Duration::from_millis(700);
/// After the window opened there is more to do than that.
const OPENED: Duration = Duration::from_secs(2);

thread_local! {
    static CONTEXT: RefCell<Option<AudioContext>> = const { RefCell::new(None) };
    static TOUCHES: Cell<u32> = const { Cell::new(0) };
}

/// Plays it, if this device makes sounds.
pub(crate) fn play(sound: Sound) {
    if app().preferences.with_untracked(|preferences| preferences.sound) {
        // A computer without a sound card still sells.
        let _ = try_play(sound);
    }
}

/// Plays it for a person who wants to know whether it is heard: for them the card is looked for now.
pub(crate) fn try_out(sound: Sound) {
    spawn_local(async move {
        // A computer without a sound card still sells.
        if let Ok(woken) = resume()
            && JsFuture::from(woken).await.is_ok()
        {
            play(sound);
        }
    });
}

/// The sound card, once it was found.
fn context() -> Option<AudioContext> {
    CONTEXT.with_borrow(Clone::clone)
}

fn is_running(context: &AudioContext) -> bool {
    context.state() == AudioContextState::Running
}

/// The window is open: the card is looked for before the first sound is wanted.
pub(crate) fn begin() {
    wake_after(OPENED);
}

/// A web view may hold sound back until a person did something: called at each key and tap.
pub(crate) fn wake() {
    if !context().is_some_and(|context| is_running(&context)) {
        wake_after(QUIET);
    }
}

fn wake_after(quiet: Duration) {
    let touches = TOUCHES.get().wrapping_add(1);
    TOUCHES.set(touches);
    let rest = move || {
        if TOUCHES.get() == touches && app().preferences.with_untracked(|preferences| preferences.sound) {
            // A computer without a sound card still sells.
            let _ = resume();
        }
    };
    set_timeout(rest, quiet);
}

/// Looks for the card, and has it sound from when the promise is kept.
fn resume() -> Result<Promise, JsValue> {
    let context = match context() {
        Some(context) => context,
        None => AudioContext::new().inspect(|context| CONTEXT.set(Some(context.clone())))?,
    };
    context.resume()
}

fn try_play(sound: Sound) -> Result<(), JsValue> {
    // What is held back would come later, all at once.
    let Some(context) = context().filter(is_running) else { return Ok(()) };
    let (shape, notes) = sound.notes();
    let mut start = context.current_time();
    for (hertz, length_ms) in notes {
        let end = start + length_ms / 1000.0;
        let (tone, volume) = (context.create_oscillator()?, context.create_gain()?);
        tone.set_type(shape);
        tone.frequency().set_value(*hertz);
        volume.gain().set_value_at_time(VOLUME, start)?;
        // Without a fade every tone ends in a click.
        volume.gain().linear_ramp_to_value_at_time(0.0, end)?;
        tone.connect_with_audio_node(&volume)?;
        volume.connect_with_audio_node(&context.destination())?;
        tone.start_with_when(start)?;
        tone.stop_with_when(end)?;
        start = end;
    }
    Ok(())
}

//! Tones, so that nobody needs to look after every scan.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsValue;
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

thread_local! {
    static CONTEXT: RefCell<Option<AudioContext>> = const { RefCell::new(None) };
    static WAKING: Cell<bool> = const { Cell::new(false) };
}

/// Plays it, if this device makes sounds.
pub(crate) fn play(sound: Sound) {
    if app().preferences.with_untracked(|preferences| preferences.sound) {
        // A computer without a sound card still sells.
        let _ = try_play(sound);
    }
}

fn context() -> Result<AudioContext, JsValue> {
    CONTEXT.with_borrow_mut(|kept| match kept {
        Some(context) => Ok(context.clone()),
        None => AudioContext::new().inspect(|context| *kept = Some(context.clone())),
    })
}

/// A web view may hold sound back until a person did something: called at the first key or tap.
/// Finding the sound card can take a third of a second, so the key goes its way first.
pub(crate) fn wake() {
    if !WAKING.get() && app().preferences.with_untracked(|preferences| preferences.sound) {
        WAKING.set(true);
        set_timeout(resume, Duration::ZERO);
    }
}

fn resume() {
    WAKING.set(false);
    if let Ok(context) = context()
        && context.state() != AudioContextState::Running
    {
        let _ = context.resume();
    }
}

fn try_play(sound: Sound) -> Result<(), JsValue> {
    let context = context()?;
    // What is held back would come later, all at once.
    if context.state() != AudioContextState::Running {
        return Ok(());
    }
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

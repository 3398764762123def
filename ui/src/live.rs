//! Answers that stay true: a question is asked again when a signal in it changes or when the
//! program says that what it is about has changed. The old answer stays on the screen until the
//! new one is there, so nothing jumps.

use kontor_domain::command::{Ask, Event};
use kontor_domain::reject::Reject;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend;
use crate::state::app;

/// How many kinds of event there are.
const TOPICS: usize = 9;

/// Place of an event's counter.
const fn topic(event: &Event) -> usize {
    match event {
        Event::SettingsChanged => 0,
        Event::CatalogChanged => 1,
        Event::StockChanged => 2,
        Event::ShiftChanged => 3,
        Event::SaleMade => 4,
        Event::ParkedChanged => 5,
        Event::PrintingChanged => 6,
        Event::AttentionChanged => 7,
        Event::IdentityChanged => 8,
    }
}

/// Counts how often each thing changed.
#[derive(Clone, Copy)]
pub(crate) struct Changes([RwSignal<u32>; TOPICS]);

impl Changes {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| RwSignal::new(0)))
    }

    /// Tells everyone who shows it.
    pub(crate) fn tell(self, events: &[Event]) {
        for event in events {
            self.0[topic(event)].update(|count| *count = count.wrapping_add(1));
        }
    }

    /// Makes the running effect run again when one of them happens.
    pub(crate) fn track(self, events: &[Event]) {
        for event in events {
            self.0[topic(event)].track();
        }
    }
}

/// What is known of an answer.
pub(crate) struct Live<T: Send + Sync + 'static> {
    /// The last answer; `None` until the first came.
    pub(crate) answer: RwSignal<Option<T>>,
    /// Why the last question was refused.
    pub(crate) refusal: RwSignal<Option<Reject>>,
    /// Whether a question is on its way.
    pub(crate) waiting: RwSignal<bool>,
}

impl<T: Send + Sync + 'static> Clone for Live<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Send + Sync + 'static> Copy for Live<T> {}

impl<T: Clone + Send + Sync + 'static> Live<T> {
    /// The answer, tracked.
    pub(crate) fn get(self) -> Option<T> {
        self.answer.get()
    }
}

/// Asks `question`, and again whenever a signal read in it changes or one of `events` happens.
///
/// `None` asks nothing and keeps what is shown.
pub(crate) fn live<Q>(events: &'static [Event], question: impl Fn() -> Option<Q> + 'static) -> Live<Q::Answer>
where
    Q: Ask + 'static,
    Q::Answer: Send + Sync + 'static,
{
    let live = Live { answer: RwSignal::new(None), refusal: RwSignal::new(None), waiting: RwSignal::new(true) };
    // Answers may overtake each other: only the one to the newest question counts.
    let newest = StoredValue::new(0_u32);
    Effect::new(move |_| {
        app().changes.track(events);
        let question = question();
        newest.update_value(|count| *count = count.wrapping_add(1));
        let number = newest.get_value();
        let Some(question) = question else {
            live.waiting.set(false);
            return;
        };
        live.waiting.set(true);
        spawn_local(async move {
            let answer = backend::ask(question).await;
            // Gone meanwhile, or asked again.
            if newest.try_get_value() != Some(number) {
                return;
            }
            live.waiting.set(false);
            match answer {
                Ok(answer) => {
                    live.refusal.set(None);
                    live.answer.set(Some(answer));
                }
                Err(reject) => live.refusal.set(Some(reject)),
            }
        });
    });
    live
}

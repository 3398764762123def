//! A form: what was refused about which field, and whether it is being sent.

use std::future::Future;

use kontor_domain::reject::Reject;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Strip;
use crate::text::refusal;
use crate::toast::Tone;

/// The state of a form. Give it to each field.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    refused: RwSignal<Option<Reject>>,
    /// Whether it is on its way.
    pub(crate) busy: RwSignal<bool>,
    /// Names of the fields that show their own error.
    fields: &'static [&'static str],
}

impl Form {
    /// A form with these fields: a refusal that names another one is shown above all.
    pub(crate) fn new(fields: &'static [&'static str]) -> Self {
        Self { refused: RwSignal::new(None), busy: RwSignal::new(false), fields }
    }

    /// Shows why it was refused.
    pub(crate) fn refuse(self, reject: Reject) {
        self.refused.set(Some(reject));
    }

    /// What was refused no longer holds.
    pub(crate) fn clear(self) {
        self.refused.set(None);
    }

    /// The error of one field.
    pub(crate) fn error_of(self, name: &str) -> Option<String> {
        self.refused.with(|refused| {
            let reject = refused.as_ref()?;
            (reject.args.get("field").map(String::as_str) == Some(name)).then(|| refusal(reject))
        })
    }

    /// The error of the whole.
    pub(crate) fn error(self) -> Option<String> {
        self.refused.with(|refused| {
            let reject = refused.as_ref()?;
            let field = reject.args.get("field").map(String::as_str);
            let is_shown_below = field.is_some_and(|field| self.fields.contains(&field));
            (!is_shown_below).then(|| refusal(reject))
        })
    }

    /// A field was edited: its error no longer holds.
    pub(crate) fn forget(self, name: &str) {
        let is_about =
            self.refused.with_untracked(|refused| refused.as_ref().is_some_and(|reject| reject.args.get("field").map(String::as_str) == Some(name)));
        if is_about {
            self.refused.set(None);
        }
    }

    /// Sends it once: while it is on its way another press does nothing.
    pub(crate) fn send<T>(self, work: impl Future<Output = Result<T, Reject>> + 'static, done: impl FnOnce(T) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.refused.set(None);
        spawn_local(async move {
            let result = work.await;
            // The form may be gone by now.
            let _ = self.busy.try_set(false);
            match result {
                Ok(value) => done(value),
                Err(reject) => {
                    if let Some(Some(reject)) = self.refused.try_set(Some(reject)) {
                        crate::state::app().toasts.refuse(&reject);
                    }
                }
            }
        });
    }
}

/// What was refused about the form as a whole.
#[component]
pub(crate) fn FormError(form: Form) -> impl IntoView {
    move || form.error().map(|text| view! { <Strip tone=Tone::Need text=text/> })
}

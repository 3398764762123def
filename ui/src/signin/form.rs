//! Name and password.

use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::backend::server::account::{self, Credentials};
use crate::parts::{Button, Form, FormError, Kind, TextField, field_name};
use crate::state::app;
use crate::storage;
use crate::text::{key, t};

/// Who signed in last in this browser: name and company, never the password.
const LAST: &str = "kontor-signin";

/// What is typed.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    company: RwSignal<String>,
    pub(super) username: RwSignal<String>,
    password: RwSignal<String>,
}

thread_local! {
    /// Outlives a change of language, which builds all anew; the password does not.
    static TYPED: std::cell::RefCell<(String, String)> = std::cell::RefCell::new(storage::load(LAST).unwrap_or_default());
}

impl Draft {
    pub(super) fn new() -> Self {
        let (company, username) = TYPED.with_borrow(Clone::clone);
        let draft = Self { company: RwSignal::new(company), username: RwSignal::new(username), password: RwSignal::new(String::new()) };
        Effect::new(move |_| TYPED.set((draft.company.get(), draft.username.get())));
        draft
    }

    /// Signs in; what was typed is kept for the next time, except the password.
    pub(super) fn send(self, form: Form, done: impl FnOnce() + 'static) {
        if let Some(reject) = self.missing() {
            return form.refuse(reject);
        }
        let (company, username) = self.who();
        let credentials = Credentials { cookie: true, company, username, password: Secret(self.password.get_untracked()) };
        form.send(async move { account::sign_in(&credentials).await }, move |()| {
            storage::save(LAST, &(self.company.get_untracked(), self.username.get_untracked()));
            let _ = self.password.try_set(String::new());
            done();
        });
    }

    /// Company, if it is named, and name.
    pub(super) fn who(self) -> (Option<String>, String) {
        let company = self.company.get_untracked().trim().to_owned();
        (Some(company).filter(|company| !company.is_empty()), self.username.get_untracked().trim().to_owned())
    }

    fn missing(self) -> Option<Reject> {
        let is_empty = |value: RwSignal<String>| value.with_untracked(|text| text.trim().is_empty());
        let field = if is_empty(self.username) { "username" } else { "password" };
        (is_empty(self.username) || is_empty(self.password)).then(|| Reject::field(Code::Format, field))
    }
}

/// The two fields, or three where the server has several companies.
#[component]
pub(super) fn Fields(draft: Draft, form: Form) -> impl IntoView {
    // Asked for once the server has said that it has several.
    let knows_company = !draft.company.get_untracked().is_empty();
    let names_company = Memo::new(move |before| knows_company || before == Some(&true) || form.error_of("company").is_some());
    let knows_name = !draft.username.get_untracked().is_empty();
    view! {
        <FormError form=form/>
        <Show when=move || names_company.get()>
            <TextField
                label=t(key::SIGNIN_COMPANY)
                value=draft.company
                name="company"
                form=form
                autocomplete="organization"
                hint=t(key::SIGNIN_COMPANY_HOW)
                max_length=200
            />
        </Show>
        <TextField
            label=field_name("username")
            value=draft.username
            name="username"
            form=form
            autocomplete="username"
            autofocus=!knows_name
            max_length=200
        />
        <TextField
            label=field_name("password")
            value=draft.password
            name="password"
            form=form
            kind="password"
            autocomplete="current-password"
            autofocus=knows_name
            max_length=1000
        />
    }
}

/// The form on the sign-in screen.
#[component]
pub(super) fn SignInForm(forgot: Callback<()>) -> impl IntoView {
    let form = new_form();
    let draft = Draft::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        draft.send(form, || spawn_local(app().enter()));
    };
    view! {
        <form class="form card own signin" novalidate on:submit=submit>
            <Fields draft=draft form=form/>
            <SubmitButton form=form label=t(key::SIGNIN_GO)/>
            <div class="row between wrap">
                <Button label=t(key::SIGNIN_FORGOT) kind=Kind::Quiet press=move || forgot.run(())/>
            </div>
        </form>
    }
}

pub(super) fn new_form() -> Form {
    Form::new(&["company", "username", "password"])
}

/// The one button of a form: Enter presses it.
#[component]
pub(super) fn SubmitButton(form: Form, #[prop(into)] label: String) -> impl IntoView {
    view! {
        <button type="submit" class="btn big primary" disabled=form.busy aria-busy=move || form.busy.get().to_string()>
            <span>{label}</span>
            <kbd aria-hidden="true">"Enter"</kbd>
        </button>
    }
}

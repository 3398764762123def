//! Signing in, in a browser: who, and which till the browser stands for.

mod ended;
mod forgot;
mod form;
mod reset;
mod till;

use leptos::prelude::*;

pub(crate) use ended::{Ended, sign_out};
pub(crate) use till::{WhichTill, till_words};

use self::forgot::Forgot;
use self::form::SignInForm;
use self::reset::Reset;
use crate::first::Languages;
use crate::icon::Mark;
use crate::text::{key, t};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Name and password.
    SignIn,
    /// Where to send a link.
    Forgot,
    /// A new password, by the link that was sent.
    Reset(String),
}

thread_local! {
    /// It must still be the same when the language changes and all is built anew.
    static STEP: std::cell::RefCell<Step> = std::cell::RefCell::new(reset::of_address().map_or(Step::SignIn, Step::Reset));
}

/// The screen before anybody has signed in.
#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let step = RwSignal::new(STEP.with_borrow(Clone::clone));
    Effect::new(move |_| STEP.set(step.get()));
    let back = Callback::new(move |()| step.set(Step::SignIn));
    let body = move || match step.get() {
        Step::SignIn => view! { <SignInForm forgot=Callback::new(move |()| step.set(Step::Forgot))/> }.into_any(),
        Step::Forgot => view! { <Forgot back=back/> }.into_any(),
        Step::Reset(token) => view! { <Reset token=token back=back/> }.into_any(),
    };
    view! { <Front title=t(key::SIGNIN_TITLE)>{body}</Front> }
}

/// The page around it: who we are, and every language in its own words.
#[component]
fn Front(title: String, children: Children) -> impl IntoView {
    view! {
        <main class="first">
            <header>
                <Mark/>
                <h1>{title}</h1>
                <Languages/>
            </header>
            {children()}
        </main>
    }
}

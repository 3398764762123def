//! A session that ended while somebody worked: they sign in again over what is on the screen, and go on.

use kontor_domain::reject::Code;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::form::{Draft, Fields, SubmitButton, new_form};
use crate::backend::server::account::{self, Account};
use crate::parts::{Button, Kind};
use crate::state::app;
use crate::text::{key, t};

/// Open while nobody is signed in and there is something on the screen to lose.
#[component]
pub(crate) fn Ended() -> impl IntoView {
    view! {
        <Show when=|| app().account.get() == Account::Ended>
            <Opened/>
        </Show>
    }
}

#[component]
fn Opened() -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = element.get()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
    on_cleanup(move || {
        if let Some(dialog) = element.try_get_untracked().flatten() {
            dialog.close();
        }
    });
    let form = new_form();
    let draft = Draft::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        // Whoever it is: the account says so, and the screen goes on, or begins anew for somebody else.
        draft.send(form, || {});
    };
    let stay = |event: leptos::ev::Event| event.prevent_default();
    view! {
        <dialog node_ref=element class="dialog" aria-label=t(key::SIGNIN_ENDED) on:cancel=stay>
            <div class="title"><h2>{t(key::SIGNIN_ENDED)}</h2></div>
            <div class="body">
                <p>{t(key::SIGNIN_ENDED_TEXT)}</p>
                <form class="form" novalidate on:submit=submit>
                    <Fields draft=draft form=form/>
                    <div class="foot">
                        <Button label=t(key::SIGNIN_OUT) kind=Kind::Quiet press=sign_out/>
                        <SubmitButton form=form label=t(key::SIGNIN_GO)/>
                    </div>
                </form>
            </div>
        </dialog>
    }
}

/// Signs out and shows the sign-in screen.
pub(crate) fn sign_out() {
    spawn_local(async {
        let answer = account::sign_out().await;
        app().counter.forget_buyer();
        app().session.set(None);
        match answer {
            // It had ended already.
            Err(reject) if reject.code == Code::Unauthorised => {}
            Err(reject) => app().toasts.refuse(&reject),
            Ok(()) => {}
        }
    });
}

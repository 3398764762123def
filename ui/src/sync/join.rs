//! Joining a shop server: its address, a code, and a look at its certificate if nobody vouches for it.

use kontor_domain::host::{HostCall, JoinServer, Start};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::parts::{Button, Dialog, Form, FormError, Kind, Progress, TextField};
use crate::state::app;
use crate::text::{key, t};
use crate::toast::Tone;
use crate::{backend, format};

thread_local! {
    /// What was typed outlives a change of language; the code does not, it is good for minutes.
    static ADDRESS: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

/// The form. `back`, if there is somewhere to go back to.
#[component]
pub(crate) fn JoinForm(#[prop(optional, into)] back: Option<Callback<()>>) -> impl IntoView {
    let address = RwSignal::new(ADDRESS.with_borrow(Clone::clone));
    Effect::new(move |_| ADDRESS.set(address.get()));
    let code = RwSignal::new(String::new());
    let form = Form::new(&["address", "code"]);
    let shown = RwSignal::new(None::<String>);
    let join = move |fingerprint: Option<String>| {
        let wish = JoinServer { address: address.get_untracked(), code: Secret(code.get_untracked()), fingerprint };
        if form.busy.get_untracked() {
            return;
        }
        form.busy.set(true);
        form.clear();
        spawn_local(async move {
            let answer = backend::host::<Start>(HostCall::JoinServer(wish)).await;
            let _ = form.busy.try_set(false);
            app().task.set(None);
            match answer {
                Ok(start) => app().begin(start),
                Err(reject) if has_stopped(&reject) => {
                    drop(code.try_set(String::new()));
                    app().toasts.say(Tone::Warn, t(key::SYNC_JOIN_STOPPED));
                }
                Err(reject) => match to_compare(&reject) {
                    Some(fingerprint) => drop(shown.try_set(Some(fingerprint))),
                    None => form.refuse(reject),
                },
            }
        });
    };
    let can_join = move || address.with(|text| !text.trim().is_empty()) && code.with(|text| !text.trim().is_empty());
    view! {
        <form
            class="form joinform"
            novalidate
            on:submit=move |event| {
                event.prevent_default();
                if can_join() {
                    join(None);
                }
            }
        >
            <p class="muted">{t(key::SYNC_JOIN_TEXT)}</p>
            <FormError form=form/>
            <TextField label=t(key::SYNC_ADDRESS) value=address name="address" form=form autofocus=true hint=t(key::SYNC_ADDRESS_HOW) max_length=300/>
            <TextField label=t(key::SYNC_CODE) value=code name="code" form=form hint=t(key::SYNC_CODE_HOW) max_length=200/>
            <Progress name="join" label=t(key::SYNC_FETCHING) count=format::megabytes/>
            <div class="foot" class:two-buttons=back.is_some()>
                {back.map(|back| view! { <Button label=t(key::COMMON_BACK) class="big" press=move || back.run(())/> })}
                <button type="submit" class="btn big primary" disabled=move || form.busy.get() || !can_join() aria-busy=move || form.busy.get().to_string()>
                    <span>{move || if form.busy.get() { t(key::SYNC_JOINING) } else { t(key::SYNC_JOIN_NOW) }}</span>
                    <kbd aria-hidden="true">"Enter"</kbd>
                </button>
            </div>
        </form>
        <Compare shown=shown same=Callback::new(move |fingerprint| join(Some(fingerprint)))/>
    }
}

/// The SHA-256 that a person has to compare.
fn to_compare(reject: &Reject) -> Option<String> {
    (reject.code == Code::CertificateUnknown).then(|| reject.args.get("fingerprint").cloned()).flatten()
}

/// Whether somebody did not want to wait for the shop's rows.
fn has_stopped(reject: &Reject) -> bool {
    reject.code == Code::NotAllowedInState && reject.args.get("state").is_some_and(|state| state == "cancelled")
}

/// Digits in groups of four, as people compare them.
fn grouped(digits: &str) -> String {
    let letters: Vec<char> = digits.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[component]
fn Compare(shown: RwSignal<Option<String>>, same: Callback<String>) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(shown.with(Option::is_some)));
    Effect::new(move |_| {
        if !open.get() && shown.with_untracked(Option::is_some) {
            shown.set(None);
        }
    });
    let take = move || {
        if let Some(fingerprint) = shown.get_untracked() {
            open.set(false);
            same.run(fingerprint);
        }
    };
    view! {
        <Dialog open=open title=t(key::SYNC_COMPARE)>
            <p>{t(key::SYNC_COMPARE_TEXT)}</p>
            <p class="fingerprint selectable num">{move || shown.get().map(|digits| grouped(&digits))}</p>
            <div class="foot">
                <Button label=t(key::SYNC_NOT_SAME) press=move || open.set(false)/>
                <Button label=t(key::SYNC_SAME) kind=Kind::Primary press=take/>
            </div>
        </Dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unknown_certificate_is_compared() {
        let unknown = Reject::new(Code::CertificateUnknown).with("fingerprint", "abcd");
        assert_eq!(to_compare(&unknown).as_deref(), Some("abcd"));
        assert_eq!(to_compare(&Reject::new(Code::CertificateOther).with("fingerprint", "abcd")), None);
        assert_eq!(grouped("0123456789"), "0123 4567 89");
    }

    #[test]
    fn only_who_stopped_is_told_that_nothing_was_changed() {
        let refused = |state: &str| Reject::new(Code::NotAllowedInState).with("action", "join").with("state", state);
        assert!(has_stopped(&refused("cancelled")) && !has_stopped(&refused("joined")) && !has_stopped(&Reject::new(Code::ServerAway)));
    }
}

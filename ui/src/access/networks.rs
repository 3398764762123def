//! From which networks people and programs may come.

use kontor_domain::command::{Command, Event};
use kontor_domain::identity::{self, ListNetworkRules, NetworkRule, NetworkRuleKind, NewNetworkRule};
use kontor_domain::ids::NetworkRuleId;
use leptos::prelude::*;

use crate::live::live;
use crate::parts::{Button, Choice, Dialog, Empty, Form, FormError, Kind, Tag, TextField, field_name, on_enter};
use crate::text::{key, t, word};
use crate::toast::Tone;
use crate::{backend, icon, ids};

/// The page.
#[component]
pub(super) fn NetworksPage() -> impl IntoView {
    let rules = live(&[Event::IdentityChanged], || Some(ListNetworkRules {}));
    let open = RwSignal::new(false);
    let form = Form::new(&[]);
    let remove = move |id| form.send(backend::execute(Command::Identity(identity::Command::RemoveNetworkRule { id })), |_| {});
    let row = move |rule: NetworkRule| {
        let id = rule.id;
        let tone = if rule.kind == NetworkRuleKind::Deny { Tone::Need } else { Tone::Ok };
        view! {
            <div class="option still">
                <Tag tone=tone text=word("network-rule", rule.kind.word())/>
                <span class="grow">
                    <span class="strong num selectable">{rule.network.clone()}</span>
                    <div class="sub">{rule.note.clone()}</div>
                </span>
                <Button label=t(key::COMMON_REMOVE) busy=form.busy press=move || remove(id)/>
            </div>
        }
    };
    let list = move || {
        let all = rules.get().unwrap_or_default();
        if all.is_empty() && !rules.waiting.get() {
            return view! { <Empty icon=icon::GLOBE title=t(key::ACCESS_NO_NETWORK) text=t(key::ACCESS_NO_NETWORK_TEXT)/> }.into_any();
        }
        view! { <div class="options flush">{all.into_iter().map(row).collect_view()}</div> }.into_any()
    };
    view! {
        <section class="card pad form">
            <div class="row between">
                <h2>{t(key::ACCESS_NETWORKS)}</h2>
                <Button label=t(key::ACCESS_NEW_NETWORK) kind=Kind::Primary icon=icon::PLUS press=move || open.set(true)/>
            </div>
            <p class="muted">{t(key::ACCESS_NETWORKS_TEXT)}</p>
            <FormError form=form/>
            {list}
        </section>
        <Dialog open=open title=t(key::ACCESS_NEW_NETWORK)>
            <NetworkForm open=open/>
        </Dialog>
    }
}

#[component]
fn NetworkForm(open: RwSignal<bool>) -> impl IntoView {
    let form = Form::new(&["network", "note"]);
    let kind = RwSignal::new(NetworkRuleKind::Deny);
    let (network, note) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let kinds: Vec<(NetworkRuleKind, String)> = NetworkRuleKind::ALL.iter().map(|kind| (*kind, word("network-rule", kind.word()))).collect();
    let id = ids::new(NetworkRuleId);
    let save = move || {
        let text = |value: RwSignal<String>| value.get_untracked().trim().to_owned();
        let new = NewNetworkRule { id, kind: kind.get_untracked(), network: text(network), note: text(note) };
        form.send(backend::execute(Command::Identity(identity::Command::AddNetworkRule(new))), move |_| open.set(false));
    };
    view! {
        <div class="form" on:keydown=on_enter(save)>
            <Choice label=t(key::ACCESS_NETWORK_KIND) options=kinds chosen=kind/>
            <TextField label=field_name("network") value=network name="network" form=form autofocus=true placeholder="192.168.1.0/24".to_owned() hint=t(key::ACCESS_NETWORK_HOW) max_length=60/>
            <TextField label=field_name("note") value=note name="note" form=form max_length=200/>
            <FormError form=form/>
            <div class="foot">
                <Button label=t(key::COMMON_CANCEL) press=move || open.set(false)/>
                <Button label=t(key::COMMON_SAVE) kind=Kind::Primary busy=form.busy keycap="Enter" press=save/>
            </div>
        </div>
    }
}

//! Who may do what: one's own profile, people, roles, devices, keys, networks, and what was done.

mod audit;
mod audit_detail;
mod devices;
mod grid;
mod here;
mod keys;
mod networks;
mod profile;
mod roles;
mod user_acts;
mod user_form;
mod users;

use kontor_domain::command::Permission;
use kontor_domain::host::SignInAt;
use leptos::prelude::*;

use crate::backend::is_browser;
use crate::icon::{self, Icon, Picture};
use crate::place::{Place, go};
use crate::seat::{ServerDoor, is_open, kept_at};
use crate::state::app;
use crate::text::{Key, key, t};

/// A part of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AccessPart {
    /// Whoever is signed in.
    #[default]
    Profile,
    /// People.
    Users,
    /// What they may.
    Roles,
    /// Where they work.
    Devices,
    /// Programs that act for them.
    Keys,
    /// Where they may come from.
    Networks,
    /// What was done.
    Audit,
}

impl AccessPart {
    const ALL: &'static [Self] = &[Self::Profile, Self::Users, Self::Roles, Self::Devices, Self::Keys, Self::Networks, Self::Audit];

    const fn name(self) -> Key {
        match self {
            Self::Profile => key::ACCESS_PROFILE,
            Self::Users => key::ACCESS_USERS,
            Self::Roles => key::ACCESS_ROLES,
            Self::Devices => key::ACCESS_DEVICES,
            Self::Keys => key::ACCESS_KEYS,
            Self::Networks => key::ACCESS_NETWORKS,
            Self::Audit => key::ACCESS_AUDIT,
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Profile => icon::PERSON,
            Self::Users => icon::PEOPLE,
            Self::Roles => icon::SHIELD,
            Self::Devices => icon::TILL,
            Self::Keys => icon::KEY,
            Self::Networks => icon::GLOBE,
            Self::Audit => icon::HISTORY,
        }
    }

    const fn permission(self) -> Permission {
        match self {
            Self::Profile => Permission::ProfileOwn,
            Self::Users => Permission::UsersRead,
            Self::Roles => Permission::RolesRead,
            Self::Devices => Permission::SettingsEdit,
            Self::Keys => Permission::KeysManage,
            Self::Networks => Permission::NetworkManage,
            Self::Audit => Permission::AuditRead,
        }
    }
}

/// Whether there is such a screen here: in a browser, and in a window that knows who is at it.
pub(crate) fn is_here() -> bool {
    is_browser() || kept_at().is_some()
}

impl AccessPart {
    /// Whether there is such a part here. Where a shop is alone there is no network and no other device.
    fn is_here(self) -> bool {
        kept_at() != Some(SignInAt::Here) || matches!(self, Self::Profile | Self::Users | Self::Roles | Self::Audit)
    }
}

/// The screen.
#[component]
pub(crate) fn AccessScreen(part: AccessPart) -> impl IntoView {
    let entry = move |one: &'static AccessPart| {
        view! {
            <button
                type="button"
                class="option"
                class:on=part == *one
                aria-current=(part == *one).then_some("page")
                on:click=move |_| go(Place::Access(*one))
            >
                <Picture icon=one.icon()/>
                <span>{t(one.name())}</span>
            </button>
        }
    };
    let entries = move || AccessPart::ALL.iter().filter(|one| one.is_here() && app().may(one.permission())).map(entry).collect_view();
    let is_open = Memo::new(|_| is_open());
    let kept_at_server = move || match part {
        AccessPart::Profile => ().into_any(),
        AccessPart::Users => view! { <users::UsersPage/> }.into_any(),
        AccessPart::Roles => view! { <roles::RolesPage/> }.into_any(),
        AccessPart::Devices => view! { <devices::DevicesPage/> }.into_any(),
        AccessPart::Keys => view! { <keys::KeysPage/> }.into_any(),
        AccessPart::Networks => view! { <networks::NetworksPage/> }.into_any(),
        AccessPart::Audit => view! { <audit::AuditPage/> }.into_any(),
    };
    let body = if part == AccessPart::Profile {
        view! { <profile::ProfilePage/> }.into_any()
    } else {
        view! {
            <ServerDoor/>
            {move || is_open.get().then(kept_at_server)}
        }
        .into_any()
    };
    view! {
        <div class="page settings access">
            <div class="head"><h1>{t(key::SCREEN_ACCESS)}</h1></div>
            <div class="settingsbody wide">
                <nav class="options" aria-label=t(key::SCREEN_ACCESS)>{entries}</nav>
                <div class="settingspart" class:fills=matches!(part, AccessPart::Users | AccessPart::Audit)>{body}</div>
            </div>
        </div>
    }
}

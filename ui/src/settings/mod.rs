//! Settings: the shop, taxes, this till, printers, this device, keys, letters, the shop server, data.

mod data;
mod keys;
mod look;
mod mail;
mod printer_form;
mod printers;
mod seat;
mod server;
mod shop;
mod taxes;
mod till;

use kontor_domain::command::Permission;
use kontor_domain::host::SignInAt;
use leptos::prelude::*;

use crate::backend::is_browser;
use crate::icon::{self, Icon, Picture};
use crate::place::{Place, go, leave};
use crate::seat::{ServerDoor, is_open, kept_at};
use crate::state::app;
use crate::text::{Key, key, t};

/// A part of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Shop,
    Taxes,
    Till,
    Seat,
    Printers,
    Look,
    Keys,
    Mail,
    Server,
    Data,
}

impl Part {
    const ALL: &'static [Self] =
        &[Self::Shop, Self::Taxes, Self::Till, Self::Seat, Self::Printers, Self::Look, Self::Keys, Self::Mail, Self::Server, Self::Data];

    /// Whether there is such a thing here: a browser has no printer and no file, and is at its server already. Letters are
    /// the server's, and for who may set it up.
    fn is_here(self) -> bool {
        match self {
            Self::Mail => kept_at() != Some(SignInAt::Here) && app().may(Permission::SettingsEdit),
            Self::Seat | Self::Printers | Self::Server | Self::Data => !is_browser(),
            _ => true,
        }
    }

    const fn name(self) -> Key {
        match self {
            Self::Shop => key::SETTINGS_SHOP,
            Self::Taxes => key::SETTINGS_TAXES,
            Self::Till => key::SETTINGS_TILL,
            Self::Seat => key::SEAT_SETTINGS,
            Self::Printers => key::SETTINGS_PRINTERS,
            Self::Look => key::SETTINGS_LOOK,
            Self::Keys => key::SETTINGS_KEYS,
            Self::Mail => key::SETTINGS_MAIL,
            Self::Server => key::SETTINGS_SERVER,
            Self::Data => key::SETTINGS_DATA,
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Shop => icon::SHOP,
            Self::Taxes => icon::PAPER,
            Self::Till => icon::TILL,
            Self::Seat => icon::PEOPLE,
            Self::Printers => icon::PRINTER,
            Self::Look => icon::GLOBE,
            Self::Keys => icon::KEYBOARD,
            Self::Mail => icon::MAIL,
            Self::Server => icon::SERVER,
            Self::Data => icon::SAVED,
        }
    }
}

thread_local! {
    /// Another language builds the window anew: the part stays.
    static SHOWN: std::cell::Cell<Part> = const { std::cell::Cell::new(Part::Shop) };
}

/// Opens the part about the shop server.
pub(crate) fn open_server() {
    SHOWN.set(Part::Server);
    go(Place::Settings);
}

/// The screen.
#[component]
pub(crate) fn SettingsScreen() -> impl IntoView {
    let chosen = RwSignal::new(SHOWN.get());
    Effect::new(move |_| SHOWN.set(chosen.get()));
    let entry = move |part: &Part| {
        let part = *part;
        view! {
            <button
                type="button"
                class="option"
                aria-current=move || (chosen.get() == part).then_some("page")
                class:on=move || chosen.get() == part
                on:click=move |_| leave(move || chosen.set(part))
            >
                <Picture icon=part.icon()/>
                <span>{t(part.name())}</span>
            </button>
        }
    };
    // The shop's own data is the shop server's, where there is one.
    let door = move || matches!(chosen.get(), Part::Shop | Part::Till | Part::Mail).then(|| view! { <ServerDoor/> });
    let is_open = Memo::new(|_| is_open());
    let body = move || match chosen.get() {
        Part::Mail if !is_open.get() => ().into_any(),
        Part::Shop => view! { <shop::ShopPage/> }.into_any(),
        Part::Taxes => view! { <taxes::TaxesPage/> }.into_any(),
        Part::Till => view! { <till::TillPage/> }.into_any(),
        Part::Seat => view! { <seat::SeatPage/> }.into_any(),
        Part::Printers => view! { <printers::PrintersPage/> }.into_any(),
        Part::Look => view! { <look::LookPage/> }.into_any(),
        Part::Keys => view! { <keys::KeysPage/> }.into_any(),
        Part::Mail => view! { <mail::MailPage/> }.into_any(),
        Part::Server => view! { <server::ServerPage/> }.into_any(),
        Part::Data => view! { <data::DataPage/> }.into_any(),
    };
    view! {
        <div class="page settings">
            <div class="head"><h1>{t(key::SETTINGS_TITLE)}</h1></div>
            <div class="settingsbody">
                <nav class="options" aria-label=t(key::SETTINGS_TITLE)>{Part::ALL.iter().filter(|part| part.is_here()).map(entry).collect_view()}</nav>
                <div class="settingspart">
                    {door}
                    {body}
                </div>
            </div>
        </div>
    }
}

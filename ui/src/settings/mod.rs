//! Settings: the shop, taxes, this till, printers, this device, keys, the shop server, data.

mod data;
mod keys;
mod look;
mod printer_form;
mod printers;
mod seat;
mod server;
mod shop;
mod taxes;
mod till;

use leptos::prelude::*;

use crate::backend::is_browser;
use crate::icon::{self, Icon, Picture};
use crate::place::{Place, go, leave};
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
    Server,
    Data,
}

impl Part {
    const ALL: &'static [Self] = &[Self::Shop, Self::Taxes, Self::Till, Self::Seat, Self::Printers, Self::Look, Self::Keys, Self::Server, Self::Data];

    /// Whether there is such a thing here: a browser has no printer and no file, and is at its server already.
    fn is_here(self) -> bool {
        !is_browser() || !matches!(self, Self::Seat | Self::Printers | Self::Server | Self::Data)
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
    let body = move || match chosen.get() {
        Part::Shop => view! { <shop::ShopPage/> }.into_any(),
        Part::Taxes => view! { <taxes::TaxesPage/> }.into_any(),
        Part::Till => view! { <till::TillPage/> }.into_any(),
        Part::Seat => view! { <seat::SeatPage/> }.into_any(),
        Part::Printers => view! { <printers::PrintersPage/> }.into_any(),
        Part::Look => view! { <look::LookPage/> }.into_any(),
        Part::Keys => view! { <keys::KeysPage/> }.into_any(),
        Part::Server => view! { <server::ServerPage/> }.into_any(),
        Part::Data => view! { <data::DataPage/> }.into_any(),
    };
    view! {
        <div class="page settings">
            <div class="head"><h1>{t(key::SETTINGS_TITLE)}</h1></div>
            <div class="settingsbody">
                <nav class="options" aria-label=t(key::SETTINGS_TITLE)>{Part::ALL.iter().filter(|part| part.is_here()).map(entry).collect_view()}</nav>
                <div class="settingspart">{body}</div>
            </div>
        </div>
    }
}

//! Where a person is in the program. There are no addresses: a till has no use for "back", and a
//! reload must not lose a sale.

use std::cell::{Cell, RefCell};

use kontor_domain::command::Permission;
use kontor_domain::ids::{ProductId, SaleId, ShiftId};
use leptos::prelude::*;

use crate::access::{self, AccessPart};
use crate::backend::is_browser;
use crate::deed::Deed;
use crate::icon::{self, Icon};
use crate::state::app;
use crate::text::{Key, key};

/// A screen with what it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// Selling.
    #[default]
    Counter,
    /// The open shift, or a closed one.
    Shift(Option<ShiftId>),
    /// The list of sales, or one of them.
    Sales(Option<SaleId>),
    /// Products.
    Products(ProductsPlace),
    /// Stock.
    Stock(StockPlace),
    /// The day's figures.
    Today,
    /// What needs a person.
    Attention,
    /// Who may do what.
    Access(AccessPart),
    /// This till and its shop server.
    Sync,
    /// Settings.
    Settings,
}

/// Where in products.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ProductsPlace {
    /// The list.
    #[default]
    List,
    /// One product.
    One(ProductId),
    /// A new product with this barcode (may be empty).
    New(String),
    /// A file of products.
    Import,
}

/// Where in stock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum StockPlace {
    /// What is where.
    #[default]
    Balances,
    /// The ledger.
    Moves,
    /// Goods receipts and adjustments.
    Documents,
    /// Goods come in.
    Receive,
    /// A difference is written down.
    Adjust,
}

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Counter,
    Shift,
    Sales,
    Products,
    Stock,
    Today,
    Attention,
    Access,
    Sync,
    Settings,
}

impl Screen {
    /// All, in the order of the rail.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Counter,
        Self::Shift,
        Self::Sales,
        Self::Products,
        Self::Stock,
        Self::Today,
        Self::Attention,
        Self::Access,
        Self::Sync,
        Self::Settings,
    ];

    /// Whether it stands on the rail; the way to the others is elsewhere on the window.
    pub(crate) const fn is_on_rail(self) -> bool {
        !matches!(self, Self::Sync)
    }

    /// The right without which it shows nothing.
    const fn permission(self) -> Option<Permission> {
        Some(match self {
            Self::Counter => Permission::CounterSell,
            Self::Shift => Permission::ShiftRead,
            Self::Sales => Permission::SalesRead,
            Self::Products => Permission::CatalogRead,
            Self::Stock => Permission::StockRead,
            Self::Today => Permission::ReportsRead,
            Self::Attention => Permission::AttentionRead,
            Self::Access => Permission::ProfileOwn,
            Self::Sync | Self::Settings => return None,
        })
    }

    /// Whether there is something for this person on it: a right, and a till where money is taken.
    pub(crate) fn is_open(self) -> bool {
        let has_till = || app().session.with(|session| session.as_ref().is_some_and(|session| session.till.is_some()));
        let is_here = match self {
            Self::Counter | Self::Shift => !is_browser() || has_till(),
            Self::Sync => !is_browser(),
            Self::Access => access::is_here(),
            _ => true,
        };
        is_here && self.permission().is_none_or(|permission| app().may(permission))
    }

    /// Its word.
    pub(crate) const fn name(self) -> Key {
        match self {
            Self::Counter => key::SCREEN_COUNTER,
            Self::Shift => key::SCREEN_SHIFT,
            Self::Sales => key::SCREEN_SALES,
            Self::Products => key::SCREEN_PRODUCTS,
            Self::Stock => key::SCREEN_STOCK,
            Self::Today => key::SCREEN_TODAY,
            Self::Attention => key::SCREEN_ATTENTION,
            Self::Access => key::SCREEN_ACCESS,
            Self::Sync => key::SCREEN_SYNC,
            Self::Settings => key::SCREEN_SETTINGS,
        }
    }

    /// Its picture.
    pub(crate) const fn icon(self) -> Icon {
        match self {
            Self::Counter => icon::TILL,
            Self::Shift => icon::DRAWER,
            Self::Sales => icon::PAPER,
            Self::Products => icon::BOX,
            Self::Stock => icon::WAREHOUSE,
            Self::Today => icon::CHART,
            Self::Attention => icon::WARNING,
            Self::Access => icon::PEOPLE,
            Self::Sync => icon::SYNC,
            Self::Settings => icon::SLIDERS,
        }
    }

    /// Where it starts.
    pub(crate) const fn place(self) -> Place {
        match self {
            Self::Counter => Place::Counter,
            Self::Shift => Place::Shift(None),
            Self::Sales => Place::Sales(None),
            Self::Products => Place::Products(ProductsPlace::List),
            Self::Stock => Place::Stock(StockPlace::Balances),
            Self::Today => Place::Today,
            Self::Attention => Place::Attention,
            Self::Access => Place::Access(AccessPart::Profile),
            Self::Sync => Place::Sync,
            Self::Settings => Place::Settings,
        }
    }
}

impl Place {
    /// The screen it belongs to.
    pub(crate) const fn screen(&self) -> Screen {
        match self {
            Self::Counter => Screen::Counter,
            Self::Shift(_) => Screen::Shift,
            Self::Sales(_) => Screen::Sales,
            Self::Products(_) => Screen::Products,
            Self::Stock(_) => Screen::Stock,
            Self::Today => Screen::Today,
            Self::Attention => Screen::Attention,
            Self::Access(_) => Screen::Access,
            Self::Sync => Screen::Sync,
            Self::Settings => Screen::Settings,
        }
    }
}

/// Goes there; asks first if something typed here would be lost.
pub(crate) fn go(place: Place) {
    leave(move || app().place.set(place.clone()));
}

thread_local! {
    /// Forms on the screen, each with whether it holds something that is not saved.
    static UNSAVED: RefCell<Vec<(u32, Memo<bool>)>> = const { RefCell::new(Vec::new()) };
    static NEXT_GUARD: Cell<u32> = const { Cell::new(0) };
}

/// While `is_dirty`, leaving the form that calls this is asked about.
pub(crate) fn guard(is_dirty: Memo<bool>) {
    let id = NEXT_GUARD.replace(NEXT_GUARD.get().wrapping_add(1));
    UNSAVED.with_borrow_mut(|all| all.push((id, is_dirty)));
    on_cleanup(move || UNSAVED.with_borrow_mut(|all| all.retain(|(known, _)| *known != id)));
}

/// Does what takes the person away from here, after asking if something typed would be lost.
pub(crate) fn leave(then: impl Fn() + Send + Sync + 'static) {
    let is_dirty = UNSAVED.with_borrow(|all| all.iter().any(|(_, is_dirty)| is_dirty.try_get_untracked() == Some(true)));
    if is_dirty {
        app().leaving.set(Some(Deed::new(then)));
    } else {
        then();
    }
}

//! The counter: where five scans and one key sell five things.
//!
//! [`basket`] and [`paying`] are pure; [`Counter`] holds them as signals; [`sale`] makes the sale,
//! [`scans`] works through the queue of scanned codes; the rest is what is seen. The cart and the
//! pay button never move: everything that asks something lies over the shelf.

mod basket;
mod cart_view;
mod done;
mod paying;
mod sale;
mod scans;
mod screen;
mod search;
mod sheet;
mod shelf;
mod stale;
mod tax_number;

use std::time::Duration;

use basket::{Basket, Removed, Step, line_of};
use kontor_domain::catalog::{ProductHit, ScanHit};
use kontor_domain::counter::cart::{CartFigures, CartLine, price};
use kontor_domain::ids::{CompanyId, SaleId};
use kontor_domain::reject::Reject;
use kontor_domain::settings::TaxMode;
use kontor_domain::units::{Money, Quantity};
use leptos::prelude::*;
pub(crate) use sale::print_again;
pub(crate) use screen::CounterScreen;

use self::stale::Today;
use crate::sound::{self, Sound};
use crate::state::app;
use crate::{ids, storage};

/// How long a new line is lit.
const LIT: Duration = Duration::from_secs(1);
/// How long a removed line can be put back.
const UNDO: Duration = Duration::from_secs(5);
/// How long changes wait for each other before the open sale is kept.
const KEEP: Duration = Duration::from_millis(60);

/// What lies over the shelf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sheet {
    /// Nothing: tiles are seen.
    #[default]
    None,
    /// Taking money.
    Pay,
    /// How many of a line.
    Quantity(u32),
    /// Discount or price.
    Discount,
    /// Who buys.
    Customer,
    /// Parked sales.
    Recall,
    /// Which of several things a code means.
    Choose(Vec<ScanHit>, Quantity),
}

/// A scanned code that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) code: String,
    /// Whether its check digit does not fit: misread rather than unknown.
    pub(crate) misread: bool,
}

/// A sale that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) sale_id: SaleId,
    pub(crate) number: String,
    pub(crate) total: Money,
    pub(crate) change: Money,
    /// Whether it was found to be saved after a restart.
    pub(crate) found: bool,
}

/// The open sale and all that is shown of it.
#[derive(Clone, Copy)]
pub(crate) struct Counter {
    pub(crate) basket: RwSignal<Basket>,
    /// What it comes to, or why it comes to nothing.
    pub(crate) figures: Memo<Result<CartFigures, Reject>>,
    /// The line that keys work on; none: the newest.
    pub(crate) selected: RwSignal<Option<u32>>,
    /// The line that was added just now, and how often one was.
    pub(crate) lit: RwSignal<(u32, u32)>,
    pub(crate) sheet: RwSignal<Sheet>,
    pub(crate) search: RwSignal<String>,
    pub(crate) unknown: RwSignal<Vec<Unknown>>,
    pub(crate) removed: RwSignal<Option<Removed>>,
    /// Whether the sale is on its way to the disk.
    pub(crate) selling: RwSignal<bool>,
    /// The last sale, until the next one begins.
    pub(crate) done: RwSignal<Option<Done>>,
    /// Scans that wait.
    pub(crate) waiting: RwSignal<usize>,
    /// The sale that was on its way when the window ended and was not saved.
    pub(crate) unfinished: RwSignal<bool>,
    /// What the products in it cost now.
    pub(crate) today: RwSignal<Today>,
    /// Whose basket this is.
    pub(crate) company: RwSignal<Option<CompanyId>>,
    keeping: RwSignal<bool>,
}

impl Counter {
    pub(crate) fn new() -> Self {
        let basket = RwSignal::new(Basket::new(ids::new(SaleId), TaxMode::Inclusive));
        Self {
            basket,
            figures: Memo::new(move |_| basket.with(|basket| price(&basket.cart()))),
            selected: RwSignal::new(None),
            lit: RwSignal::new((0, 0)),
            sheet: RwSignal::new(Sheet::None),
            search: RwSignal::new(String::new()),
            unknown: RwSignal::new(Vec::new()),
            removed: RwSignal::new(None),
            selling: RwSignal::new(false),
            done: RwSignal::new(None),
            waiting: RwSignal::new(0),
            unfinished: RwSignal::new(false),
            today: RwSignal::new(Today::new()),
            company: RwSignal::new(None),
            keeping: RwSignal::new(false),
        }
    }

    /// Whether a person has yet to say which product a code means. Until then nothing goes on: what was scanned would be
    /// left out of the sale.
    pub(crate) fn is_choosing(self) -> bool {
        self.sheet.with_untracked(|sheet| matches!(sheet, Sheet::Choose(..)))
    }

    /// Changes the open sale and keeps it.
    pub(crate) fn change<T>(self, change: impl FnOnce(&mut Basket) -> T) -> Option<T> {
        let result = self.basket.try_update(change);
        self.keep_soon();
        result
    }

    /// Keeping costs as much as the sale is long, so a burst of scans is kept once.
    fn keep_soon(self) {
        if !self.keeping.get_untracked() {
            self.keeping.set(true);
            set_timeout(move || self.keep(), KEEP);
        }
    }

    /// Keeps the open sale now.
    pub(crate) fn keep(self) {
        self.keeping.set(false);
        let Some(company) = self.company.get_untracked() else { return };
        self.basket.with_untracked(|basket| {
            let is_new = basket.is_empty() && basket.parked_cart_id.is_none() && basket.has_no_buyer() && basket.taken.is_empty();
            match (is_new, self.done.with_untracked(Option::is_some)) {
                // A sale that was made is remembered until the next begins: after a restart it is shown as made.
                (true, true) => {}
                (true, false) => storage::forget(&basket_name(company)),
                (false, _) => storage::save(&basket_name(company), basket),
            }
        });
    }

    /// Who signs out leaves the goods of the open sale in this browser, and not whom they were for.
    pub(crate) fn forget_buyer(self) {
        self.basket.update(|basket| {
            basket.customer_name.clear();
            basket.customer_tax_number.clear();
        });
        self.keep();
    }

    /// A fresh sale.
    pub(crate) fn clear(self) {
        self.basket.set(Basket::new(ids::new(SaleId), tax_mode()));
        self.selected.set(None);
        self.removed.set(None);
        self.unknown.set(Vec::new());
        self.unfinished.set(false);
        self.today.set(Today::new());
        self.sheet.set(Sheet::None);
        self.keep();
    }

    /// Puts something into the sale. The next thing after a sale begins the next sale.
    pub(crate) fn add(self, line: CartLine) {
        self.done.set(None);
        let added = self.change(|basket| {
            if basket.is_empty() {
                basket.tax_mode = tax_mode();
            }
            basket.add(line)
        });
        match added {
            Some(Ok(key)) => self.light(key),
            Some(Err(reject)) => app().toasts.refuse(&reject),
            None => {}
        }
    }

    fn light(self, key: u32) {
        let count = self.lit.get_untracked().1.wrapping_add(1);
        self.lit.set((key, count));
        self.selected.set(None);
        sound::play(Sound::Ok);
        let clear = move || {
            if self.lit.get_untracked().1 == count {
                self.lit.set((0, count));
            }
        };
        set_timeout(clear, LIT);
    }

    /// The quantity typed as `3*` into the search, once.
    pub(crate) fn take_times(self) -> Option<Quantity> {
        let times = self.search.with_untracked(|text| basket::split_times(text).0);
        if times.is_some() {
            self.search.set(String::new());
        }
        times
    }

    /// The line that keys work on.
    pub(crate) fn current(self) -> Option<u32> {
        self.selected.get_untracked().or_else(|| self.basket.with_untracked(Basket::newest))
    }

    /// Takes a line out; for a while it can be put back.
    pub(crate) fn remove(self, key: u32) {
        self.selected.set(None);
        let Some(Some(removed)) = self.change(|basket| basket.remove(key)) else { return };
        self.removed.set(Some(removed.clone()));
        let forget = move || {
            if self.removed.with_untracked(|now| now.as_ref() == Some(&removed)) {
                self.removed.set(None);
            }
        };
        set_timeout(forget, UNDO);
    }

    /// Puts it back.
    pub(crate) fn undo(self) {
        if let Some(removed) = self.removed.get_untracked() {
            self.removed.set(None);
            self.change(|basket| basket.put_back(removed));
        }
    }

    /// Moves the choice of a line.
    pub(crate) fn walk(self, step: Step) {
        let next = self.basket.with_untracked(|basket| basket.neighbour(self.selected.get_untracked(), step));
        self.selected.set(next);
    }

    /// The figures, if the cart comes to something that can be sold.
    pub(crate) fn total(self) -> Option<Money> {
        self.figures.with(|figures| figures.as_ref().ok().map(|figures| figures.total))
    }
}

fn basket_name(company: CompanyId) -> String {
    format!("kontor-basket-{company}")
}

/// How the shop's prices are meant.
fn tax_mode() -> TaxMode {
    app().session.with_untracked(|session| session.as_ref().map_or(TaxMode::Inclusive, |session| session.company.tax_mode))
}

/// Puts a product that was chosen on the screen into the sale.
pub(crate) fn add_hit(hit: &ProductHit) {
    let counter = app().counter;
    let quantity = counter.take_times().unwrap_or(Quantity::ONE);
    let line = app().session.with_untracked(|session| {
        let taxes = session.as_ref().map(|session| session.taxes.as_slice()).unwrap_or_default();
        line_of(hit, quantity, taxes)
    });
    counter.add(line);
}

/// Puts what was scanned into the sale.
pub(crate) fn add_scan(hit: &ScanHit, quantity: Quantity) {
    let line = app().session.with_untracked(|session| {
        let taxes = session.as_ref().map(|session| session.taxes.as_slice()).unwrap_or_default();
        basket::line_of_scan(hit, quantity, taxes)
    });
    match line {
        Ok(line) => app().counter.add(line),
        Err(reject) => app().toasts.refuse(&reject),
    }
}

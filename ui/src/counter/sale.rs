//! From the cart to a sale on the disk, and back to an empty cart. "Done" is said only after the
//! program has answered.

use std::cell::RefCell;

use kontor_domain::command::{Command, Receipt, Request};
use kontor_domain::counter::cart::exact_cash;
use kontor_domain::counter::{self, GetSale, LastSale, OpenDrawer, Park, PrintWish, Sell, Tender, Unpark};
use kontor_domain::host::HostCall;
use kontor_domain::ids::{CommandId, ParkedCartId, PrintJobId, SaleId};
use kontor_domain::printing::{self, PaperDocument, PaperKind, Reprint};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Money;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::basket::Basket;
use super::{Counter, Done, Sheet, basket_name, scans};
use crate::sound::{self, Sound};
use crate::state::app;
use crate::text::{key, t, tx};
use crate::toast::Tone;
use crate::{backend, ids, seat, storage};

thread_local! {
    /// The request whose answer was lost: the same sale is sent again under the same id, so that
    /// it cannot be made twice.
    static UNANSWERED: RefCell<Option<Request>> = const { RefCell::new(None) };
}

impl Counter {
    /// Sells for exactly the total in cash.
    pub(super) fn sell_for_exact_cash(self) {
        scans::after(move || {
            if self.has_taken() {
                self.sheet.set(Sheet::Pay);
                return;
            }
            let Some(total) = self.figures.with_untracked(|figures| figures.as_ref().ok().map(|figures| figures.total)) else { return };
            let step = app().session.with_untracked(|session| session.as_ref().map_or(Money(1), |session| session.company.cash_step));
            match exact_cash(total, step) {
                Ok((tenders, rounding)) => self.sell(tenders, rounding),
                Err(reject) => app().toasts.refuse(&reject),
            }
        });
    }

    /// Opens the pay sheet.
    pub(super) fn pay(self) {
        scans::after(move || {
            if self.is_ready_to_sell() {
                self.sheet.set(Sheet::Pay);
            }
        });
    }

    /// Whether money was taken for it already: then it is shown before anything else happens to the sale.
    fn has_taken(self) -> bool {
        self.basket.with_untracked(|basket| !basket.taken.is_empty() && !basket.is_empty())
    }

    fn is_ready_to_sell(self) -> bool {
        if self.basket.with_untracked(Basket::is_empty) || self.selling.get_untracked() {
            return false;
        }
        if app().session.with_untracked(|session| session.as_ref().is_none_or(|session| session.shift.is_none())) {
            app().toasts.refuse(&Reject::new(Code::NoOpenShift));
            return false;
        }
        match self.figures.get_untracked() {
            Ok(_) => true,
            Err(reject) => {
                app().toasts.refuse(&reject);
                false
            }
        }
    }

    /// Makes the sale.
    pub(super) fn sell(self, tenders: Vec<Tender>, rounding: Money) {
        if !self.is_ready_to_sell() {
            return;
        }
        let Some(sell) = self.sale(tenders, rounding) else { return };
        self.selling.set(true);
        self.search.set(String::new());
        self.change(|basket| basket.sent = true);
        // On the window's disk before it leaves: whatever happens, we know that it was sent.
        self.keep();
        let mut request = request_of(sell);
        spawn_local(async move {
            let answer = seat::execute(&mut request).await;
            self.selling.set(false);
            match answer {
                Ok(receipt) => self.sold(&request, &receipt),
                Err(reject) => self.not_sold(request, &reject),
            }
            scans::proceed();
        });
    }

    fn sale(self, tenders: Vec<Tender>, rounding: Money) -> Option<Sell> {
        let shift_id = app().session.with_untracked(|session| session.as_ref()?.shift.as_ref().map(|shift| shift.id))?;
        let figures = self.figures.get_untracked().ok()?;
        let print = app().default_printer().map(|printer| PrintWish { job_id: ids::new(PrintJobId), printer_id: printer.id });
        self.basket.with_untracked(|basket| {
            Some(Sell {
                sale_id: basket.sale_id,
                shift_id,
                cart: basket.cart(),
                figures,
                tenders,
                rounding,
                customer_name: basket.customer_name.trim().to_owned(),
                customer_tax_number: basket.customer_tax_number.trim().to_owned(),
                note: String::new(),
                print,
                parked_cart_id: basket.parked_cart_id,
                approval: None,
            })
        })
    }

    fn sold(self, request: &Request, receipt: &Receipt) {
        UNANSWERED.with_borrow_mut(|kept| *kept = None);
        let Command::Counter(counter::Command::Sell(sell)) = &request.command else { return };
        let change = sell.tenders.iter().map(|tender| tender.given.minus(tender.amount).unwrap_or_default());
        let done = Done {
            sale_id: sell.sale_id,
            number: receipt.number.clone().unwrap_or_default(),
            total: sell.figures.total.plus(sell.rounding).unwrap_or_default(),
            change: Money::sum(change).unwrap_or_default(),
            found: false,
        };
        self.done.set(Some(done));
        self.clear();
    }

    fn not_sold(self, request: Request, reject: &Reject) {
        sound::play(Sound::Unknown);
        app().toasts.refuse(reject);
        let is_known = !backend::is_unanswered(reject);
        UNANSWERED.with_borrow_mut(|kept| *kept = (!is_known).then_some(request));
        self.change(|basket| basket.sent = !is_known);
    }

    /// Takes up the sale that was open when the window was closed, or finds out what became of it.
    pub(crate) async fn restore(self) {
        let company = app().session.with_untracked(|session| session.as_ref().map(|session| session.company.id));
        let Some(company) = company.filter(|company| self.company.get_untracked() != Some(*company)) else { return };
        self.company.set(None);
        self.clear();
        self.done.set(None);
        self.company.set(Some(company));
        let Some(basket) = storage::load::<Basket>(&basket_name(company)) else { return };
        let sale_id = basket.sale_id;
        match backend::ask(GetSale { id: sale_id }).await {
            Ok(Some(sale)) => {
                let (total, change) = (sale.sale.total, sale.sale.change);
                self.done.set(Some(Done { sale_id, number: sale.sale.number, total, change, found: true }));
                self.clear();
            }
            // It was not saved: whoever stands at the till decides.
            Ok(None) | Err(_) => {
                self.unfinished.set(basket.sent);
                self.basket.set(basket);
                self.look_at_prices();
            }
        }
    }

    /// Puts the sale aside.
    pub(super) fn park(self) {
        scans::after(move || {
            if self.has_taken() {
                sound::play(Sound::Look);
                self.sheet.set(Sheet::Pay);
            } else {
                self.park_now();
            }
        });
    }

    fn park_now(self) {
        let till = app().session.with_untracked(|session| session.as_ref()?.till.as_ref().map(|till| till.id));
        let Some(till_id) = till.filter(|_| !self.basket.with_untracked(Basket::is_empty)) else {
            app().toasts.say(Tone::Plain, t(key::COUNTER_NOTHING_TO_PARK));
            return;
        };
        let basket = self.basket.get_untracked();
        let park = Park {
            parked_cart_id: ids::new(ParkedCartId),
            till_id,
            cart: basket.cart(),
            name: basket.customer_name.clone(),
            tax_number: basket.customer_tax_number.clone(),
            // What it was taken up from lies there no longer.
            replaces: basket.parked_cart_id,
        };
        spawn_local(async move {
            if let Err(reject) = backend::execute(Command::Counter(counter::Command::Park(park))).await {
                app().toasts.refuse(&reject);
                return;
            }
            self.clear();
            app().toasts.say(Tone::Ok, t(key::COUNTER_PARKED));
        });
    }

    /// Opens the drawer without a sale; the shift counts it.
    pub(super) fn open_drawer(self) {
        let shift = app().session.with_untracked(|session| session.as_ref()?.shift.as_ref().map(|shift| shift.id));
        let Some(shift_id) = shift else {
            app().toasts.refuse(&Reject::new(Code::NoOpenShift));
            return;
        };
        spawn_local(async move {
            let open = OpenDrawer { shift_id, reason: String::new() };
            match backend::execute(Command::Counter(counter::Command::OpenDrawer(open))).await {
                Ok(_) => match backend::host::<Option<bool>>(HostCall::KickDrawer).await {
                    Ok(None | Some(true)) => app().toasts.say(Tone::Ok, t(key::COUNTER_DRAWER_OPENED)),
                    Ok(Some(false)) => app().toasts.say(Tone::Plain, t(key::COUNTER_DRAWER_BY_HAND)),
                    Err(reject) => app().toasts.refuse(&reject),
                },
                Err(reject) => app().toasts.refuse(&reject),
            }
        });
    }

    /// Prints the last receipt again.
    pub(super) fn print_last(self) {
        let till = app().session.with_untracked(|session| session.as_ref()?.till.as_ref().map(|till| till.id));
        let Some(till_id) = till else { return };
        spawn_local(async move {
            match backend::ask(LastSale { till_id }).await {
                Ok(Some(sale)) => print_again(sale.id),
                Ok(None) => app().toasts.say(Tone::Plain, t(key::COUNTER_NO_SALE_YET)),
                Err(reject) => app().toasts.refuse(&reject),
            }
        });
    }
}

/// A new request, or the one whose answer was lost if it is for the same sale as it is now.
fn request_of(sell: Sell) -> Request {
    let before = UNANSWERED.with_borrow(Clone::clone).filter(|request| {
        let Command::Counter(counter::Command::Sell(before)) = &request.command else { return false };
        before.sale_id == sell.sale_id && before.cart == sell.cart && before.tenders == sell.tenders
    });
    before.unwrap_or_else(|| Request { id: ids::new(CommandId), command: Command::Counter(counter::Command::Sell(Box::new(sell))) })
}

/// Throws a parked sale away.
pub(super) async fn unpark(parked_cart_id: ParkedCartId) {
    let unpark = counter::Command::Unpark(Unpark { parked_cart_id });
    if let Err(reject) = backend::execute(Command::Counter(unpark)).await {
        app().toasts.refuse(&reject);
    }
}

/// Prints a sale again, marked as a copy. Without a printer a PDF is made.
pub(crate) fn print_again(sale_id: SaleId) {
    spawn_local(async move {
        let result = match app().default_printer() {
            Some(printer) => {
                let document = if printer.paper == PaperKind::A4 { PaperDocument::Invoice } else { PaperDocument::Receipt };
                let reprint = Reprint { job_id: ids::new(PrintJobId), printer_id: printer.id, sale_id, document };
                let done = backend::execute(Command::Printing(printing::Command::Reprint(reprint))).await;
                done.map(|_| tx(key::COUNTER_PRINTING, &[("printer", printer.name.into())]))
            }
            None => {
                let call = HostCall::SavePdf { document: PaperDocument::Receipt, document_id: sale_id.0, path: None };
                backend::host::<String>(call).await.map(|path| tx(key::COUNTER_PDF_SAVED, &[("path", path.into())]))
            }
        };
        match result {
            Ok(text) => app().toasts.say(Tone::Ok, text),
            Err(reject) => app().toasts.refuse(&reject),
        }
    });
}

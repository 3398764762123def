//! Paper as rows: what is printed first is no copy, and what a person decided stands.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use kontor_domain::command::Command;
use kontor_domain::counter::{PrintWish, Sale};
use kontor_domain::ids::{DeviceId, PrintJobId, PrinterId};
use kontor_domain::printing::{
    self, PaperDocument, PaperKind, PrintJob, PrintJobKey, PrintState, Printer, PrinterKind, Report, Reprint, Retry, SalePrint, SavePaper, next_copy,
};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::testing::{Failure, Shop, ShopKind};
use kontor_domain::time::Instant;
use kontor_domain::units::{Quantity, UnitPrice};

struct Counter {
    shop: Shop,
    printer: PrinterId,
    job: PrintJobId,
    sale: Sale,
}

impl Counter {
    /// A shop with a printer, and a sale whose paper waits.
    fn new() -> Self {
        let mut shop = Shop::found(ShopKind::Taiwan).unwrap();
        let tea = shop.product(0, UnitPrice(300_000)).unwrap();
        let (printer, job) = (PrinterId(shop.id()), PrintJobId(shop.id()));
        let row = Printer {
            id: printer,
            device_id: shop.context.device,
            name: "Counter".into(),
            kind: PrinterKind::Network,
            address: "127.0.0.1:9100".into(),
            paper: PaperKind::Roll80,
            charset: "big5".into(),
            has_drawer: true,
            is_default: true,
            active: true,
        };
        shop.run(Command::Printing(printing::Command::SetPrinter(row))).unwrap();
        let cart = shop.cart(vec![shop.line(tea, 0, Quantity::ONE, UnitPrice(300_000))]);
        let mut sell = shop.sell_for_cash(cart).unwrap();
        sell.print = Some(PrintWish { job_id: job, printer_id: printer });
        let sale = shop.sell(sell).unwrap();
        Self { shop, printer, job, sale }
    }

    fn run(&mut self, command: printing::Command) {
        self.shop.run(Command::Printing(command)).unwrap();
    }

    fn report(&mut self, state: PrintState) {
        let problem = (state != PrintState::Done).then(|| Reject::new(Code::PrinterAway).with("printer", "Counter"));
        self.run(printing::Command::Report(Report { job_id: self.job, state, attempts: 1, problem }));
    }

    /// Prints the sale again; the copy that was made for it, if one was.
    fn reprint(&mut self) -> Option<i64> {
        let job_id = PrintJobId(self.shop.id());
        let reprint = Reprint { job_id, printer_id: self.printer, sale_id: self.sale.id, document: PaperDocument::Receipt };
        self.run(printing::Command::Reprint(reprint));
        self.shop.store.row::<PrintJob>(&PrintJobKey { id: job_id }).unwrap().map(|job| job.copy)
    }

    /// Saves the sale's paper as a file, with what is written on it.
    fn try_to_save(&mut self, copy: i64) -> Result<(), Failure> {
        let save = SavePaper { sale_id: self.sale.id, copy };
        self.shop.run(Command::Printing(printing::Command::SavePaper(save))).map(drop)
    }

    /// What is written on it: the only number with which it is taken.
    fn save(&mut self) -> i64 {
        let taken = (0..9).find(|copy| self.try_to_save(*copy).is_ok()).unwrap();
        assert_eq!(self.shop.store.rows::<SalePrint>().unwrap()[0].copies, taken);
        taken
    }

    fn original(&self) -> PrintJob {
        self.shop.store.row::<PrintJob>(&PrintJobKey { id: self.job }).unwrap().unwrap()
    }
}

#[test]
fn printing_again_makes_a_copy_only_after_the_original_is_out() {
    for state in [PrintState::Waiting, PrintState::Failed] {
        let mut counter = Counter::new();
        counter.report(state);
        assert_eq!(counter.reprint(), None);
        let original = counter.original();
        assert_eq!((original.state, original.copy, original.problem()), (PrintState::Waiting, 0, None));
        assert!(counter.shop.store.rows::<SalePrint>().unwrap().is_empty());
        counter.report(PrintState::Done);
        assert_eq!((counter.reprint(), counter.reprint()), (Some(1), Some(2)));
    }
}

#[test]
fn a_file_is_the_original_where_no_printer_makes_one_and_a_copy_everywhere_else() {
    // What waits comes out yet, what is out is out: a file is a copy, and no number is given twice.
    for state in [PrintState::Waiting, PrintState::Done] {
        let mut counter = Counter::new();
        counter.report(state);
        assert_eq!((counter.save(), counter.save(), counter.original().state), (1, 2, state));
        counter.report(PrintState::Done);
        assert_eq!((counter.reprint(), counter.save()), (Some(3), 4));
    }
    // A job that was given up has its paper then.
    for give_up in [
        |counter: &mut Counter| counter.report(PrintState::Failed),
        |counter: &mut Counter| {
            counter.run(printing::Command::Cancel { job_id: counter.job });
        },
    ] {
        let mut counter = Counter::new();
        give_up(&mut counter);
        assert_eq!((counter.save(), counter.original().state), (0, PrintState::Done));
        // A try that was on its way meanwhile does not bring the job back, and none is printed.
        counter.report(PrintState::Waiting);
        assert_eq!(counter.original().state, PrintState::Done);
        assert_eq!(counter.try_to_save(0).unwrap_err().reject().unwrap().code, Code::NotAllowedInState, "there is one original");
        assert_eq!((counter.save(), counter.reprint()), (1, Some(2)));
    }
    // A sale without a printer: the first paper is the original, whichever way it comes; elsewhere there is no original.
    let elsewhere = DeviceId(uuid::Uuid::from_u128(9));
    let sale = Counter::new().sale;
    assert_eq!((next_copy(&sale, sale.device_id, None, None), next_copy(&sale, elsewhere, None, None)), (0, 1));
    let printed = SalePrint { sale_id: sale.id, copies: 0 };
    assert_eq!((next_copy(&sale, sale.device_id, None, Some(&printed)), next_copy(&sale, elsewhere, None, Some(&printed))), (1, 1));
}

#[test]
fn paper_that_was_cancelled_stays_so_until_a_person_wants_it_again() {
    let mut counter = Counter::new();
    counter.run(printing::Command::Cancel { job_id: counter.job });
    counter.report(PrintState::Waiting);
    assert_eq!(counter.original().state, PrintState::Cancelled);
    counter.run(printing::Command::Retry(Retry { job_id: counter.job, printer_id: counter.printer }));
    assert_eq!(counter.original().state, PrintState::Waiting);
    counter.report(PrintState::Done);
    counter.run(printing::Command::Retry(Retry { job_id: counter.job, printer_id: counter.printer }));
    counter.run(printing::Command::Cancel { job_id: counter.job });
    assert_eq!(counter.original().state, PrintState::Done, "it is out: nothing changes that");
}

#[test]
fn a_receipt_is_wanted_for_a_day_at_the_counter_and_a_shift_report_over_a_weekend() {
    let job = Counter::new().original();
    let after = |hours: i64| Instant(job.at.0 + hours * 3_600_000);
    assert_eq!([7, 9].map(|hours| job.is_stale(after(hours))), [false, true]);
    let report = PrintJob { document: PaperDocument::ShiftReport, ..job.clone() };
    assert_eq!([9, 64, 80].map(|hours| report.is_stale(after(hours))), [false, false, true]);
}

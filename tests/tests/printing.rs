//! Paper: it comes out when it can, is never forgotten, and no sale ever waits for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::path::Path;
use std::time::Duration;

use kontor_domain::command::Command;
use kontor_domain::counter::{self, CloseShift, LastSale, PrintWish};
use kontor_domain::host::{HostCall, HostEvent};
use kontor_domain::ids::{PrintJobId, PrinterId, SaleId};
use kontor_domain::printing::{self, ListPrintJobs, PaperDocument, PaperKind, PrintJob, PrintShift, PrintState, Printer, PrinterKind, Reprint};
use kontor_domain::settings::{self, GetSession};
use kontor_domain::units::Money;
use kontor_tests::desk::Desk;
use kontor_tests::program::Headless;
use kontor_tests::shop::{FLOAT, Founded, found_command, id, product_command, sale_command};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

/// GS V: the paper is cut.
const CUT: &[u8] = &[0x1D, 0x56];
/// ESC p: the drawer opens.
const DRAWER: &[u8] = &[0x1B, 0x70];

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A shop with three products and a printer.
async fn shop_with(folder: &Path, kind: PrinterKind, address: &str, paper: PaperKind) -> (Desk, Founded, Printer) {
    let desk = Desk::start(folder).await;
    let start: kontor_domain::host::Start = desk.host(HostCall::GetStart).await.unwrap();
    let (mut command, founded) = found_command(start.person, 3);
    if let Command::Settings(settings::Command::Found(found)) = &mut command {
        found.locale = "en".into();
    }
    desk.execute(command).await.unwrap();
    for index in 0..3 {
        desk.execute(product_command(&founded, index)).await.unwrap();
    }
    let printer = Printer {
        id: PrinterId(id()),
        device_id: start.device,
        name: "Counter".into(),
        kind,
        address: address.into(),
        paper,
        charset: "big5".into(),
        has_drawer: true,
        is_default: true,
        active: true,
    };
    desk.execute(Command::Printing(printing::Command::SetPrinter(printer.clone()))).await.unwrap();
    (desk, founded, printer)
}

fn sale_with_paper(founded: &Founded, printer: &Printer) -> Command {
    let Command::Counter(counter::Command::Sell(mut sell)) = sale_command(founded, &[0, 1, 2]).unwrap() else { panic!("a sale") };
    sell.print = Some(PrintWish { job_id: PrintJobId(id()), printer_id: printer.id });
    Command::Counter(counter::Command::Sell(sell))
}

/// Sells with paper; the receipt number.
async fn sell(desk: &Desk, founded: &Founded, printer: &Printer) -> String {
    desk.execute(sale_with_paper(founded, printer)).await.unwrap().number.unwrap()
}

async fn reprint(desk: &Desk, printer: &Printer, sale_id: SaleId) {
    let reprint = Reprint { job_id: PrintJobId(id()), printer_id: printer.id, sale_id, document: PaperDocument::Receipt };
    desk.execute(Command::Printing(printing::Command::Reprint(reprint))).await.unwrap();
}

/// The next paper that reaches a printer.
async fn paper(listener: &TcpListener) -> Vec<u8> {
    let (mut socket, _) = tokio::time::timeout(Duration::from_secs(60), listener.accept()).await.expect("paper").unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await.unwrap();
    bytes
}

async fn jobs(desk: &Desk) -> Vec<PrintJob> {
    let page = desk.ask(ListPrintJobs { state: None, offset: 0, limit: 100 }).await.unwrap();
    page.rows.into_iter().map(|view| view.job).collect()
}

/// Waits until all jobs are in a state.
async fn settled(desk: &Desk, state: PrintState) -> Vec<PrintJob> {
    for _ in 0..1_200 {
        let jobs = jobs(desk).await;
        if !jobs.is_empty() && jobs.iter().all(|job| job.state == state) {
            return jobs;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", jobs(desk).await);
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn a_network_printer_gets_the_receipt_the_cut_and_the_drawer() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, address) = listener().await;
    let (desk, founded, printer) = shop_with(folder.path(), PrinterKind::Network, &address, PaperKind::Roll80).await;
    for expected in ["TS-1-1-000001", "TS-1-1-000002"] {
        let number = sell(&desk, &founded, &printer).await;
        assert_eq!(number, expected);
        let bytes = paper(&listener).await;
        assert!(contains(&bytes, number.as_bytes()) && contains(&bytes, CUT), "{} bytes", bytes.len());
        assert!(contains(&bytes, DRAWER), "cash was taken");
        assert!(contains(&bytes, b"60"), "the total");
    }
    settled(&desk, PrintState::Done).await;
    assert!(!desk.events().iter().any(|event| matches!(event, HostEvent::PrintFailed { .. })));
}

#[tokio::test]
async fn a_test_page_and_a_shift_report_come_out_too() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, address) = listener().await;
    let (desk, founded, printer) = shop_with(folder.path(), PrinterKind::Network, &address, PaperKind::Roll80).await;
    let (_, page) = tokio::join!(async { desk.host::<()>(HostCall::TestPrinter { printer_id: printer.id }).await.unwrap() }, paper(&listener));
    assert!(contains(&page, CUT));
    let (opened, kick) = tokio::join!(async { desk.host::<bool>(HostCall::KickDrawer).await.unwrap() }, paper(&listener));
    assert!(opened && contains(&kick, DRAWER) && !contains(&kick, CUT));
    let close = CloseShift { shift_id: founded.shift, denominations: Vec::new(), counted: FLOAT };
    desk.execute(Command::Counter(counter::Command::CloseShift(close))).await.unwrap();
    let print = PrintShift { job_id: PrintJobId(id()), printer_id: printer.id, shift_id: founded.shift };
    desk.execute(Command::Printing(printing::Command::PrintShift(print))).await.unwrap();
    let report = paper(&listener).await;
    assert!(contains(&report, b"Z report 1") && contains(&report, CUT) && !contains(&report, DRAWER), "{}", String::from_utf8_lossy(&report));
    settled(&desk, PrintState::Done).await;
}

#[tokio::test]
async fn a_dead_printer_stops_no_sale_and_the_receipt_is_printed_again_as_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let (dead, address) = listener().await;
    drop(dead);
    let (desk, founded, printer) = shop_with(folder.path(), PrinterKind::Network, &address, PaperKind::Roll80).await;
    let number = sell(&desk, &founded, &printer).await;
    let failed = settled(&desk, PrintState::Failed).await;
    assert!(failed.len() == 1 && failed[0].attempts == 1 && !failed[0].error.is_empty(), "{failed:?}");
    let last = desk.ask(LastSale { till_id: founded.till }).await.unwrap().unwrap();
    assert_eq!(last.number, number);
    let told = desk.events().into_iter().find_map(|event| match event {
        HostEvent::PrintFailed { printer_name, sale_id, error, .. } => Some((printer_name, sale_id, error)),
        _ => None,
    });
    let (name, sale_id, error) = told.expect("screens were told");
    assert_eq!((name.as_str(), sale_id), ("Counter", Some(last.id)));
    assert!(!error.is_empty());
    // The printer is switched on again.
    let alive = TcpListener::bind(&address).await.unwrap();
    for copy in 1..=2 {
        reprint(&desk, &printer, last.id).await;
        let bytes = paper(&alive).await;
        assert!(contains(&bytes, number.as_bytes()) && contains(&bytes, CUT));
        assert!(!contains(&bytes, DRAWER), "a copy takes no cash");
        assert!(contains(&bytes, format!("COPY {copy}").as_bytes()), "{}", String::from_utf8_lossy(&bytes));
    }
    sell(&desk, &founded, &printer).await;
    let bytes = paper(&alive).await;
    assert!(contains(&bytes, b"TS-1-1-000002") && !contains(&bytes, b"COPY"));
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_printer_that_takes_nothing_in_stops_no_sale() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody accepts or reads: connections wait in the queue, and bytes in buffers until they are full.
    let (hung, address) = listener().await;
    let (desk, founded, printer) = shop_with(folder.path(), PrinterKind::Network, &address, PaperKind::Roll80).await;
    for _ in 0..21 {
        sell(&desk, &founded, &printer).await;
    }
    // Had a sale waited for its paper, none would be waiting now.
    let jobs = jobs(&desk).await;
    assert_eq!(jobs.len(), 21);
    assert!(jobs.iter().any(|job| job.state == PrintState::Waiting), "{jobs:?}");
    drop(hung);
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_folder_gets_a_pdf_with_the_figures() {
    let folder = tempfile::tempdir().unwrap();
    let paper_folder = folder.path().join("paper");
    let (desk, founded, printer) = shop_with(folder.path(), PrinterKind::PdfFolder, &paper_folder.display().to_string(), PaperKind::A4).await;
    let number = sell(&desk, &founded, &printer).await;
    settled(&desk, PrintState::Done).await;
    let text = pdf_text(&paper_folder.join(format!("{number}.pdf")));
    for part in [number.as_str(), "鳳梨酥 Product 2", "測試門市 Test", "24536806", "60", "57", "3"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let last = desk.ask(LastSale { till_id: founded.till }).await.unwrap().unwrap();
    assert_eq!(last.total, Money(60));
    reprint(&desk, &printer, last.id).await;
    settled(&desk, PrintState::Done).await;
    let copy = pdf_text(&paper_folder.join(format!("{number}-copy-1.pdf")));
    assert!(copy.contains("COPY 1"), "{copy}");
    let saved: String = desk.host(HostCall::SavePdf { document: PaperDocument::Receipt, document_id: last.id.0, path: None }).await.unwrap();
    assert!(pdf_text(Path::new(&saved)).contains(&number));
    desk.verify().await.unwrap();
}

fn pdf_text(path: &Path) -> String {
    let output = std::process::Command::new("pdftotext").arg("-layout").arg(path).arg("-").output().expect("pdftotext (poppler-utils)");
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn paper_that_waits_is_printed_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (dead, address) = listener().await;
    drop(dead);
    let (desk, founded, printer) = shop_with(folder.path(), PrinterKind::Network, &address, PaperKind::Roll80).await;
    desk.program.close().await;
    drop(desk);
    // As a process, so that nothing of it tries on when it is killed.
    let mut process = Headless::start(folder.path(), &[]).unwrap();
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let command = sale_with_paper(&founded, &printer);
        let receipt = process.ok("execute", &serde_json::json!({ "id": id(), "command": command })).await.unwrap();
        waiting.push(receipt["number"].as_str().unwrap().to_owned());
    }
    process.kill().await.unwrap();
    let alive = TcpListener::bind(&address).await.unwrap();
    let desk = Desk::start(folder.path()).await;
    for number in &waiting {
        let bytes = paper(&alive).await;
        assert!(contains(&bytes, number.as_bytes()), "{number}, oldest first: {}", String::from_utf8_lossy(&bytes));
    }
    let done = settled(&desk, PrintState::Done).await;
    assert_eq!(done.len(), 2);
    assert!(desk.ask(GetSession {}).await.unwrap().is_some());
    desk.verify().await.unwrap();
}

//! Paper: it comes out when it can, is never forgotten, and no sale ever waits for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::path::Path;
use std::time::Duration;

use kontor_domain::command::Command;
use kontor_domain::counter::{self, CloseShift, LastSale, PrintWish, SaleRow};
use kontor_domain::host::{HostCall, HostEvent};
use kontor_domain::ids::{PrintJobId, PrinterId, SaleId};
use kontor_domain::printing::{
    self, ListPrintJobs, PaperDocument, PaperKind, PrintJob, PrintShift, PrintState, Printer, PrinterKind, Reprint, Retry,
};
use kontor_domain::reject::{Code, Reject};
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
    desk.verify().await.unwrap();
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
    desk.verify().await.unwrap();
}

/// A shop with a printer at an address where nothing listens, and one sale whose paper was tried so often.
async fn shop_without_paper(folder: &Path, tries: i64) -> (Desk, Founded, Printer, SaleRow) {
    let (dead, address) = listener().await;
    drop(dead);
    let (desk, founded, printer) = shop_with(folder, PrinterKind::Network, &address, PaperKind::Roll80).await;
    sell(&desk, &founded, &printer).await;
    tried(&desk, tries).await;
    let last = desk.ask(LastSale { till_id: founded.till }).await.unwrap().unwrap();
    (desk, founded, printer, last)
}

/// Waits until the only job was tried so often.
async fn tried(desk: &Desk, times: i64) -> PrintJob {
    for _ in 0..1_200 {
        if let [job] = jobs(desk).await.as_slice()
            && job.attempts >= times
        {
            return job.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", jobs(desk).await);
}

/// What screens were told of paper that is not out.
fn told(desk: &Desk) -> Vec<(PrintJob, Reject)> {
    let failures = desk.events().into_iter().filter_map(|event| match event {
        HostEvent::PrintFailed { job, problem } => Some((job, problem)),
        _ => None,
    });
    failures.collect()
}

async fn retry(desk: &Desk, job_id: PrintJobId, printer_id: PrinterId) {
    desk.execute(Command::Printing(printing::Command::Retry(Retry { job_id, printer_id }))).await.unwrap();
}

#[tokio::test]
async fn paper_is_tried_until_the_printer_answers_and_comes_out_as_the_original() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _, printer, last) = shop_without_paper(folder.path(), 2).await;
    // Twice in vain; now the printer is switched on, and nobody does anything.
    let alive = TcpListener::bind(&printer.address).await.unwrap();
    let bytes = paper(&alive).await;
    assert!(contains(&bytes, last.number.as_bytes()) && contains(&bytes, CUT));
    assert!(!contains(&bytes, b"COPY"), "{}", String::from_utf8_lossy(&bytes));
    let done = settled(&desk, PrintState::Done).await;
    assert!(done.len() == 1 && done[0].attempts >= 3 && done[0].error.is_empty(), "{done:?}");
    for copy in 1..=2 {
        reprint(&desk, &printer, last.id).await;
        let bytes = paper(&alive).await;
        assert!(contains(&bytes, last.number.as_bytes()) && contains(&bytes, CUT));
        assert!(!contains(&bytes, DRAWER), "a copy takes no cash");
        assert!(contains(&bytes, format!("COPY {copy}").as_bytes()), "{}", String::from_utf8_lossy(&bytes));
    }
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_person_is_told_once_of_each_sale_without_paper_and_no_drawer_opens_late() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, founded, printer, last) = shop_without_paper(folder.path(), 5).await;
    let [(job, problem)] = <[_; 1]>::try_from(told(&desk)).expect("told once, however often it is tried");
    assert_eq!((job.document_id, problem), (last.id.0, Reject::new(Code::PrinterAway).with("printer", "Counter")));
    let second = sell(&desk, &founded, &printer).await;
    for _ in 0..500 {
        if told(&desk).len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(told(&desk).len(), 2, "the second buyer has no receipt either");
    let problems: Vec<_> = jobs(&desk).await.iter().map(|job| (job.state, job.problem().map(|problem| problem.code))).collect();
    assert_eq!(problems, [(PrintState::Waiting, Some(Code::PrinterAway)); 2]);
    let alive = TcpListener::bind(&printer.address).await.unwrap();
    retry(&desk, job.id, printer.id).await;
    // What was asked for again stands behind what waits.
    for number in [&second, &last.number] {
        let bytes = paper(&alive).await;
        assert!(contains(&bytes, number.as_bytes()) && !contains(&bytes, b"COPY"), "{}", String::from_utf8_lossy(&bytes));
        assert!(*number == second || !contains(&bytes, DRAWER), "its cash was taken long ago");
    }
    settled(&desk, PrintState::Done).await;
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn printing_again_what_never_came_out_prints_the_original() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _, printer, last) = shop_without_paper(folder.path(), 1).await;
    let job = jobs(&desk).await.remove(0);
    desk.execute(Command::Printing(printing::Command::Cancel { job_id: job.id })).await.unwrap();
    let alive = TcpListener::bind(&printer.address).await.unwrap();
    // What was cancelled would come out first if it still waited.
    let (tested, page) = tokio::join!(desk.host::<()>(HostCall::TestPrinter { printer_id: printer.id }), paper(&alive));
    tested.unwrap();
    assert!(!contains(&page, last.number.as_bytes()));
    assert_eq!(jobs(&desk).await[0].state, PrintState::Cancelled);
    reprint(&desk, &printer, last.id).await;
    let bytes = paper(&alive).await;
    assert!(contains(&bytes, last.number.as_bytes()) && !contains(&bytes, b"COPY"), "{}", String::from_utf8_lossy(&bytes));
    // While it is still coming out, asking for it asks for that paper.
    settled(&desk, PrintState::Done).await;
    reprint(&desk, &printer, last.id).await;
    assert!(contains(&paper(&alive).await, b"COPY 1"));
    assert_eq!(settled(&desk, PrintState::Done).await.len(), 2);
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_shift_report_that_has_no_printer_any_more_is_printed_on_another() {
    let folder = tempfile::tempdir().unwrap();
    let (alive, address) = listener().await;
    let (desk, founded, printer) = shop_with(folder.path(), PrinterKind::Network, &address, PaperKind::Roll80).await;
    let dead = Printer { id: PrinterId(id()), address: "127.0.0.1:1".into(), is_default: false, ..printer.clone() };
    desk.execute(Command::Printing(printing::Command::SetPrinter(dead.clone()))).await.unwrap();
    let close = CloseShift { shift_id: founded.shift, denominations: Vec::new(), counted: FLOAT };
    desk.execute(Command::Counter(counter::Command::CloseShift(close))).await.unwrap();
    let print = PrintShift { job_id: PrintJobId(id()), printer_id: dead.id, shift_id: founded.shift };
    desk.execute(Command::Printing(printing::Command::PrintShift(print.clone()))).await.unwrap();
    tried(&desk, 1).await;
    desk.execute(Command::Printing(printing::Command::SetPrinter(Printer { active: false, ..dead }))).await.unwrap();
    let failed = settled(&desk, PrintState::Failed).await;
    assert_eq!(failed[0].problem(), Some(Reject::new(Code::NotFound).with("what", "printer")));
    assert!(told(&desk).iter().any(|(job, _)| job.document == PaperDocument::ShiftReport), "a person hears of it");
    retry(&desk, print.job_id, printer.id).await;
    let report = paper(&alive).await;
    assert!(contains(&report, b"Z report 1"), "{}", String::from_utf8_lossy(&report));
    settled(&desk, PrintState::Done).await;
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn what_goes_wrong_with_paper_has_a_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _, printer, last) = shop_without_paper(folder.path(), 1).await;
    let away = Reject::new(Code::PrinterAway).with("printer", "Counter");
    assert_eq!(desk.host::<()>(HostCall::TestPrinter { printer_id: printer.id }).await, Err(away.clone()));
    assert_eq!(desk.host::<bool>(HostCall::KickDrawer).await, Err(away));
    let save = |path: &str| HostCall::SavePdf { document: PaperDocument::Receipt, document_id: last.id.0, path: Some(path.into()) };
    // The device that is always full.
    assert_eq!(desk.host::<String>(save("/dev/full")).await, Err(Reject::new(Code::PaperNoRoom).with("path", "/dev/full")));
    assert_eq!(desk.host::<String>(save("/proc/receipt.pdf")).await, Err(Reject::new(Code::PaperUnwritable).with("path", "/proc/receipt.pdf")));
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn characters_that_are_not_on_the_paper_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, address) = listener().await;
    let (desk, founded, printer) = shop_with(folder.path(), PrinterKind::Network, &address, PaperKind::Roll80).await;
    let Command::Counter(counter::Command::Sell(mut sell)) = sale_with_paper(&founded, &printer) else { panic!("a sale") };
    // Big5 has no simplified characters; no font has one for private use.
    sell.customer_name = "凤\u{E123}".into();
    let number = desk.execute(Command::Counter(counter::Command::Sell(sell))).await.unwrap().number.unwrap();
    paper(&listener).await;
    settled(&desk, PrintState::Done).await;
    let last = desk.ask(LastSale { till_id: founded.till }).await.unwrap().unwrap();
    desk.host::<String>(HostCall::SavePdf { document: PaperDocument::Receipt, document_id: last.id.0, path: None }).await.unwrap();
    let missing = desk.events().into_iter().filter_map(|event| match event {
        HostEvent::GlyphsMissing { number, characters } => Some((number, characters)),
        _ => None,
    });
    assert_eq!(missing.collect::<Vec<_>>(), [(number.clone(), "凤\u{E123}".to_owned()), (format!("{number}-copy-1"), "\u{E123}".to_owned())]);
    desk.verify().await.unwrap();
}

/// A program that stands for the system's `lp`: it keeps what it was told and given, or fails.
fn fake_lp(folder: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let lp = folder.join("lp");
    std::fs::write(&lp, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&lp, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_printer_of_the_system_is_given_a_pdf_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, founded, printer) = shop_with(folder.path(), PrinterKind::System, "Office -o raw", PaperKind::A4).await;
    desk.program.close().await;
    drop(desk);
    let tools = tempfile::tempdir().unwrap();
    let (told, given) = (tools.path().join("told"), tools.path().join("given.pdf"));
    fake_lp(tools.path(), "echo 'lp: no such printer' >&2; exit 1");
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap());
    let mut command = Headless::command(folder.path()).unwrap();
    command.env("PATH", path);
    let mut process = Headless::spawn(command).unwrap();
    let number = process.execute(sale_with_paper(&founded, &printer)).await.unwrap().number.unwrap();
    let list = ListPrintJobs { state: None, offset: 0, limit: 1 };
    let job = loop {
        let job = process.ask(list.clone()).await.unwrap().rows.remove(0).job;
        if job.attempts > 0 {
            break job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(job.problem(), Some(Reject::new(Code::PrinterRefused).with("printer", "Counter")));
    fake_lp(tools.path(), &format!("cp \"$4\" {}; printf '%s|' \"$@\" > {}", given.display(), told.display()));
    while process.ask(list.clone()).await.unwrap().rows[0].job.state != PrintState::Done {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let words = std::fs::read_to_string(&told).unwrap();
    assert!(words.starts_with("-d|Office -o raw|--|"), "{words}");
    assert!(pdf_text(&given).contains(&number));
    process.end().await.unwrap();
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
    for (copy, document) in [(2, PaperDocument::Receipt), (3, PaperDocument::Invoice)] {
        let saved: String = desk.host(HostCall::SavePdf { document, document_id: last.id.0, path: None }).await.unwrap();
        assert!(saved.ends_with(&format!("{number}-copy-{copy}.pdf")), "{saved}");
        let text = pdf_text(Path::new(&saved));
        assert!(text.contains(&number) && text.contains(&format!("COPY {copy}")), "{text}");
    }
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_sale_without_a_printer_has_one_original_and_no_file_that_was_not_written_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, founded, printer) = shop_with(folder.path(), PrinterKind::PdfFolder, &folder.path().display().to_string(), PaperKind::Roll80).await;
    desk.execute(sale_command(&founded, &[0]).unwrap()).await.unwrap();
    let sale = desk.ask(LastSale { till_id: founded.till }).await.unwrap().unwrap();
    let save = |path: Option<String>| HostCall::SavePdf { document: PaperDocument::Receipt, document_id: sale.id.0, path };
    assert_eq!(desk.host::<String>(save(Some("/dev/full".into()))).await.unwrap_err().code, Code::PaperNoRoom);
    let original: String = desk.host(save(None)).await.unwrap();
    assert!(!pdf_text(Path::new(&original)).contains("COPY"));
    let copy: String = desk.host(save(None)).await.unwrap();
    assert!(copy != original && pdf_text(Path::new(&copy)).contains("COPY 1"), "{copy}");
    // Two at once have two numbers.
    let at = |name: &str| Some(folder.path().join(name).display().to_string());
    let (one, other) = tokio::join!(desk.host::<String>(save(at("one.pdf"))), desk.host::<String>(save(at("other.pdf"))));
    let texts = [one.unwrap(), other.unwrap()].map(|path| pdf_text(Path::new(&path)));
    assert!([2, 3].iter().all(|copy| texts.iter().any(|text| text.contains(&format!("COPY {copy}")))), "{texts:?}");
    reprint(&desk, &printer, sale.id).await;
    assert_eq!(settled(&desk, PrintState::Done).await[0].copy, 4);
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

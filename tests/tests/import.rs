//! A shop's list of products from a file and back into one: all of it or nothing, and undone as one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use kontor_domain::catalog::{self, GetProduct, ImportSummary, ListImported, ListProducts, ProductChanges, ProductDetail, ProductFilter, ScanCode};
use kontor_domain::command::{Command, Edit};
use kontor_domain::host::{HostCall, HostEvent, ImportCheck};
use kontor_domain::ids::BatchId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::{Quantity, UnitPrice};
use kontor_tests::desk::Desk;
use kontor_tests::shop::id;

const HEADER: &str = "code,name,barcodes,unit,category,tags,price,tax,description,low,high,active\n";

fn row(number: usize, price: &str) -> String {
    format!(
        "C{number},商品 Item {number},47{number:011};BOX{number}*12@1100#box,pcs,Food > Sweets {},tea;禮盒,{price},VAT 5 %,,5,500,yes\n",
        number % 7
    )
}

fn file_of(folder: &Path, rows: usize) -> PathBuf {
    let mut text = HEADER.to_owned();
    for number in 0..rows {
        text.push_str(&row(number, &(100 + number).to_string()));
    }
    write(folder, "products.csv", &text)
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

async fn check(desk: &Desk, path: &Path) -> Result<ImportCheck, Reject> {
    desk.host(HostCall::CheckImport { path: path.display().to_string() }).await
}

async fn import(desk: &Desk, path: &Path) -> (BatchId, ImportSummary) {
    let found = check(desk, path).await.unwrap();
    assert_eq!(found.errors, Vec::new());
    let batch_id = BatchId(id());
    (batch_id, desk.host(HostCall::RunImport { batch_id }).await.unwrap())
}

fn counts(check: &ImportCheck) -> (i64, i64, i64, i64, i64) {
    (check.rows, check.created, check.changed, check.unchanged, check.error_count)
}

async fn count_products(desk: &Desk, archived: bool) -> i64 {
    let filter = ProductFilter { archived, ..ProductFilter::default() };
    desk.ask(ListProducts { filter, offset: 0, limit: 1 }).await.unwrap().total
}

async fn product(desk: &Desk, code: &str) -> ProductDetail {
    let hits = desk.ask(ScanCode { code: code.into() }).await.unwrap();
    desk.ask(GetProduct { id: hits.first().unwrap_or_else(|| panic!("no {code}")).product.id }).await.unwrap().unwrap()
}

async fn change(desk: &Desk, changes: ProductChanges) {
    desk.execute(Command::Catalog(catalog::Command::EditProduct(Box::new(changes)))).await.unwrap();
}

#[tokio::test]
async fn wrong_rows_are_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = Desk::found(folder.path()).await.unwrap();
    import(&desk, &write(folder.path(), "first.csv", "code,name,price,barcodes\nOLD,Old one,10,4710001\n")).await;
    let text = "code,name,price,tax,barcodes,low,high\n\
        A1,Good,10,,,,\n\
        A1,Same code again,10,,,,\n\
        A2,Barcode is taken,10,,4710001,,\n\
        A3,No price,,,,,\n\
        A4,Bad tax,10,17 %,,,\n\
        A5,Bad price,10.5.5,,,,\n\
        A6,Two of one barcode,10,,77,,\n\
        A7,Two of one barcode,10,,77,,\n\
        ,No code,10,,,,\n\
        A8,Below zero,-1,,,,\n\
        A9,Thresholds crossed,10,,,9,3\n\
        A10,Too\u{0007} loud,10,,,,\n\
        A11,=cmd|' /C calc'!A0,10,,,,\n\
        A12,Moved,10,,,,,stray\n";
    let path = write(folder.path(), "wrong.csv", text);
    let found = check(&desk, &path).await.unwrap();
    let by_row: BTreeMap<i64, Code> = found.errors.iter().map(|error| (error.row, error.reject.code)).collect();
    let expected = BTreeMap::from([
        (3, Code::CodeInUse),
        (4, Code::CodeInUse),
        (5, Code::MissingValue),
        (6, Code::Format),
        (7, Code::Format),
        (9, Code::CodeInUse),
        (10, Code::MissingValue),
        (11, Code::OutOfRange),
        (12, Code::HighMustExceedLow),
        (13, Code::ForbiddenCharacter),
        (15, Code::Format),
    ]);
    assert_eq!(by_row, expected, "{:#?}", found.errors);
    assert_eq!(found.error_count, 11);
    let missing = found.errors.iter().find(|error| error.row == 5).unwrap();
    assert_eq!((missing.reject.args["row"].as_str(), missing.reject.args["column"].as_str()), ("5", "price"));
    assert_eq!(found.errors.iter().find(|error| error.row == 6).unwrap().reject.args["field"], "tax");
    // A file with errors is not there to be imported.
    let refused: Result<ImportSummary, Reject> = desk.host(HostCall::RunImport { batch_id: BatchId(id()) }).await;
    assert_eq!(refused.map_err(|reject| reject.code), Err(Code::NotFound));
    assert_eq!(count_products(&desk, false).await, 1);
    assert_eq!(desk.ask(catalog::ListCategories {}).await.unwrap(), Vec::new());
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn files_that_are_no_lists_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = Desk::found(folder.path()).await.unwrap();
    for (name, bytes, code) in [
        ("empty.csv", Vec::new(), Code::MissingColumns),
        ("columns.csv", b"colour,size\nred,1\n".to_vec(), Code::MissingColumns),
        ("picture.csv", vec![0x89, b'P', b'N', b'G', 0, 0, 0, 1], Code::CsvOnly),
        ("twice.csv", b"code,name,price,price\n".to_vec(), Code::Format),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(check(&desk, &path).await.map_err(|reject| reject.code).map(|_| ()), Err(code), "{name}");
    }
    assert_eq!(check(&desk, &folder.path().join("none.csv")).await.map_err(|reject| reject.code).map(|_| ()), Err(Code::NotFound));
    // A quote that is never closed: the rows behind it are not where they seem to be.
    let path = write(folder.path(), "quote.csv", "code,name,price\nA,\"open,1\nB,b,2\n");
    assert!(check(&desk, &path).await.unwrap().error_count > 0);
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn two_thousand_rows_go_in_and_the_same_file_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = Desk::found(folder.path()).await.unwrap();
    let path = file_of(folder.path(), 2_000);
    let found = check(&desk, &path).await.unwrap();
    assert_eq!(counts(&found), (2_000, 2_000, 0, 0, 0));
    assert_eq!(found.new_categories.len(), 8, "{:?}", found.new_categories);
    assert_eq!(count_products(&desk, false).await, 0, "a check writes nothing");
    let batch_id = BatchId(id());
    let summary: ImportSummary = desk.host(HostCall::RunImport { batch_id }).await.unwrap();
    assert_eq!((summary.created, summary.changed, summary.reverted), (2_000, 0, 0));
    assert_eq!(count_products(&desk, false).await, 2_000);
    let progress = desk.events().iter().filter(|event| matches!(event, HostEvent::Progress { task, .. } if task == "import")).count();
    assert_eq!(progress, 4);
    let one = product(&desk, "C77").await.draft;
    assert_eq!((one.name.as_str(), one.price, one.low_threshold), ("商品 Item 77", UnitPrice(177 * UnitPrice::PER_MINOR_UNIT), Quantity(5_000)));
    assert_eq!((one.barcodes.len(), one.barcodes[1].pack, one.barcodes[1].pack_unit.as_str()), (2, Quantity(12_000), "box"));
    assert_eq!(counts(&check(&desk, &path).await.unwrap()), (2_000, 0, 0, 2_000, 0));
    // Out again and in again: nothing changes.
    let out = folder.path().join("out.csv");
    let rows: i64 = desk.host(HostCall::ExportProducts { path: out.display().to_string() }).await.unwrap();
    assert_eq!(rows, 2_000);
    assert_eq!(counts(&check(&desk, &out).await.unwrap()), (2_000, 0, 0, 2_000, 0));
    assert!(!folder.path().join("out.csv.part").exists());
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn odd_products_survive_the_way_out_and_in() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, founded) = Desk::found(folder.path()).await.unwrap();
    let text = "code,name,price,barcodes,category,tags,description,active\n\
        '=1+1,'@sum,10,A\\;B*12@1.5#box \\#1,Up \\> down > In,x\\;y;z,\"two\nlines, \"\"quoted\"\"\",no\n\
        B;2,\"a, b\",\"1,234\",,,,,\n\
        'quoted,''',0,,,,,yes\n";
    let (_, summary) = import(&desk, &write(folder.path(), "odd.csv", text)).await;
    assert_eq!(summary.created, 3);
    let out = folder.path().join("out.csv");
    let _: i64 = desk.host(HostCall::ExportProducts { path: out.display().to_string() }).await.unwrap();
    let again = check(&desk, &out).await.unwrap();
    assert_eq!(counts(&again), (3, 0, 0, 3, 0), "{:#?}\n{}", again.errors, std::fs::read_to_string(&out).unwrap());
    // Into another shop: the same file comes out.
    let other = tempfile::tempdir().unwrap();
    let (second, _) = Desk::found(other.path()).await.unwrap();
    import(&second, &out).await;
    let copy = other.path().join("copy.csv");
    let _: i64 = second.host(HostCall::ExportProducts { path: copy.display().to_string() }).await.unwrap();
    let sorted = |path: &Path| {
        let mut lines: Vec<String> = std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&out), sorted(&copy));
    assert_eq!(founded.products.len(), 0);
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_file_changes_what_it_names_and_the_revert_undoes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = Desk::found(folder.path()).await.unwrap();
    import(&desk, &file_of(folder.path(), 20)).await;
    let before = [product(&desk, "C3").await, product(&desk, "C4").await];
    let text = format!("{HEADER}{}C4,Other name,999,kg,,new,7,VAT 5 %,text,,,no\n{}{}", row(3, "555"), row(5, "105"), row(100, "1"));
    let (batch_id, summary) = import(&desk, &write(folder.path(), "change.csv", &text)).await;
    assert_eq!((summary.created, summary.changed), (1, 2));
    assert_eq!(product(&desk, "C3").await.draft.price, UnitPrice(555 * UnitPrice::PER_MINOR_UNIT));
    let c4 = desk.ask(GetProduct { id: before[1].id }).await.unwrap().unwrap().draft;
    assert_eq!((c4.name.as_str(), c4.active, c4.tags.len(), c4.barcodes.len(), c4.category_id), ("Other name", false, 1, 1, None));
    let made = product(&desk, "C100").await;
    let reverted: ImportSummary = desk.host(HostCall::RevertImport { batch_id }).await.unwrap();
    assert_eq!((reverted.created, reverted.changed, reverted.reverted), (1, 2, 3));
    for old in &before {
        assert_eq!(desk.ask(GetProduct { id: old.id }).await.unwrap().unwrap(), *old);
    }
    let gone = desk.ask(GetProduct { id: made.id }).await.unwrap().unwrap().draft;
    assert_eq!((gone.active, gone.barcodes.len()), (false, 0));
    assert_eq!((count_products(&desk, false).await, count_products(&desk, true).await), (20, 1));
    // Undone is undone: once more does nothing.
    let again: ImportSummary = desk.host(HostCall::RevertImport { batch_id }).await.unwrap();
    assert_eq!(again.reverted, 3);
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn what_a_person_changed_since_stays_and_the_rest_is_reverted() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = Desk::found(folder.path()).await.unwrap();
    import(&desk, &file_of(folder.path(), 1_200)).await;
    let mut text = HEADER.to_owned();
    for number in 0..1_200 {
        text.push_str(&row(number, "5"));
    }
    let (batch_id, summary) = import(&desk, &write(folder.path(), "cheap.csv", &text)).await;
    assert_eq!((summary.created, summary.changed), (0, 1_200));
    // A person sets three prices and, elsewhere, a name: the name is not what the file changed.
    let mut kept = Vec::new();
    for code in ["C17", "C600", "C1199"] {
        let id = product(&desk, code).await.id;
        kept.push(id);
        let to = UnitPrice(8 * UnitPrice::PER_MINOR_UNIT);
        change(&desk, ProductChanges { price: Some(Edit { from: UnitPrice(5 * UnitPrice::PER_MINOR_UNIT), to }), ..ProductChanges::of(id) }).await;
    }
    kept.sort();
    let named = product(&desk, "C18").await;
    let name = Some(Edit { from: named.draft.name.clone(), to: "By hand".into() });
    change(&desk, ProductChanges { name, ..ProductChanges::of(named.id) }).await;
    for _ in 0..2 {
        let reverted: ImportSummary = desk.host(HostCall::RevertImport { batch_id }).await.unwrap();
        assert_eq!((reverted.changed, reverted.reverted), (1_200, 1_197), "three stay and are counted");
    }
    assert_eq!(desk.ask(ListImported { batch_id, after: None, limit: 500 }).await.unwrap(), kept, "and are named");
    assert_eq!(product(&desk, "C17").await.draft.price, UnitPrice(8 * UnitPrice::PER_MINOR_UNIT));
    assert_eq!(product(&desk, "C16").await.draft.price, UnitPrice(116 * UnitPrice::PER_MINOR_UNIT));
    let named = product(&desk, "C18").await.draft;
    assert_eq!((named.name.as_str(), named.price), ("By hand", UnitPrice(118 * UnitPrice::PER_MINOR_UNIT)));
    desk.verify().await.unwrap();
}

/// Runs a future that never waits.
fn at_once<F: Future>(future: F) -> F::Output {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

#[tokio::test]
async fn a_cancelled_import_stops_between_two_parts_and_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = Desk::found(folder.path()).await.unwrap();
    let path = file_of(folder.path(), 1_800);
    check(&desk, &path).await.unwrap();
    let program = Arc::downgrade(&desk.program);
    desk.program.listen(Box::new(move |event| {
        if let HostEvent::Progress { task, done: 1_000, .. } = event
            && task == "import"
            && let Some(program) = program.upgrade()
        {
            at_once(program.host(HostCall::CancelTask)).unwrap();
        }
    }));
    let batch_id = BatchId(id());
    let summary: ImportSummary = desk.host(HostCall::RunImport { batch_id }).await.unwrap();
    assert_eq!(summary.created, 1_000);
    assert_eq!(count_products(&desk, false).await, 1_000);
    assert_eq!(counts(&check(&desk, &path).await.unwrap()), (1_800, 800, 0, 1_000, 0), "it can be taken up again");
    let reverted: ImportSummary = desk.host(HostCall::RevertImport { batch_id }).await.unwrap();
    assert_eq!(reverted.reverted, 1_000);
    assert_eq!(count_products(&desk, false).await, 0);
    desk.verify().await.unwrap();
}

#[tokio::test]
async fn a_cancelled_export_leaves_no_half_file() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = Desk::found(folder.path()).await.unwrap();
    import(&desk, &file_of(folder.path(), 600)).await;
    let program = Arc::downgrade(&desk.program);
    desk.program.listen(Box::new(move |event| {
        if let HostEvent::Progress { task, .. } = event
            && task == "export"
            && let Some(program) = program.upgrade()
        {
            at_once(program.host(HostCall::CancelTask)).unwrap();
        }
    }));
    let out = folder.path().join("out.csv");
    std::fs::write(&out, "the list of last week").unwrap();
    let refused: Result<i64, Reject> = desk.host(HostCall::ExportProducts { path: out.display().to_string() }).await;
    assert_eq!(refused.map_err(|reject| reject.code), Err(Code::NotAllowedInState));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "the list of last week");
    let mut names = String::new();
    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        writeln!(names, "{}", entry.file_name().display()).unwrap();
    }
    assert!(!names.contains(".part"), "{names}");
    desk.verify().await.unwrap();
}

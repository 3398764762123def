//! Product files: a file is read and checked whole before anything is written; written as commands of at most 500 rows under
//! one batch id; undone the same way.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use kontor_documents::products::{ParsedProduct, ProductChecker, ProductNames, ProductReader, products_csv_header, products_csv_row};
use kontor_domain::catalog::{
    self, ExportProducts, FindBarcodes, FindCodes, IMPORT_ROWS_LIMIT, Import, ImportSummary, ListCategories, ListImported, ListTaxes, RevertImport,
};
use kontor_domain::command::Command;
use kontor_domain::host::{ImportCheck, ImportError};
use kontor_domain::ids::{BatchId, CommandId, ProductId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Currency;
use kontor_sync::message::ARGS_BYTES_LIMIT;
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

use crate::platform;
use crate::program::{Program, internal};
use crate::shop::Shop;

/// Largest file.
const FILE_LIMIT_BYTES: u64 = 256 * 1024 * 1024;
/// Most products of one file.
const ROWS_LIMIT: usize = 500_000;
/// Most bytes of rows in one command: categories go with the first, and a server takes in no longer ones.
const IMPORT_BYTES_LIMIT: usize = ARGS_BYTES_LIMIT / 8;

/// What the rows of a file say, before the shop is looked at.
struct FileRows {
    rows: Vec<ParsedProduct>,
    errors: Vec<ImportError>,
    count: i64,
}

fn read_file(path: &Path, currency: &'static Currency) -> Result<FileRows, Reject> {
    let unreadable = |_| Reject::new(Code::NotFound).with("what", path.display());
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() > FILE_LIMIT_BYTES {
        return Err(Reject::field(Code::TooLong, "file").with("limit", FILE_LIMIT_BYTES));
    }
    let mut found = FileRows { rows: Vec::new(), errors: Vec::new(), count: 0 };
    for row in ProductReader::new(std::io::BufReader::new(file), currency)? {
        found.count += 1;
        match row {
            Ok(row) => found.rows.push(row),
            Err(error) => found.errors.push(error),
        }
        if found.rows.len() + found.errors.len() > ROWS_LIMIT {
            return Err(Reject::field(Code::TooLong, "lines").with("limit", ROWS_LIMIT));
        }
    }
    Ok(found)
}

/// Reads and checks a file; nothing is written.
pub async fn check(program: &Arc<Program>, path: &Path) -> Result<ImportCheck, Reject> {
    let shop = program.shop().await?;
    let currency = currency(&shop).await?;
    let owned = path.to_owned();
    let file = tokio::task::spawn_blocking(move || read_file(&owned, currency)).await.map_err(internal)??;
    let (categories, taxes) = (shop.ask(ListCategories {}).await?, shop.ask(ListTaxes {}).await?);
    let mut checker = ProductChecker::new(&categories, taxes, file.errors, Uuid::now_v7);
    checker.find_doubles(&file.rows);
    let total = i64::try_from(file.rows.len()).unwrap_or(i64::MAX);
    for (index, rows) in file.rows.chunks(IMPORT_ROWS_LIMIT).enumerate() {
        if program.is_cancelled() {
            return Err(Reject::new(Code::NotAllowedInState).with("action", "import").with("state", "cancelled"));
        }
        check_rows(&mut checker, &shop, rows).await?;
        program.progress("check", i64::try_from((index + 1) * IMPORT_ROWS_LIMIT).unwrap_or(total).min(total), total);
    }
    let (check, checked) = checker.finish(file.count);
    *program.checked.lock().unwrap_or_else(PoisonError::into_inner) = checked;
    Ok(check)
}

async fn currency(shop: &Shop) -> Result<&'static Currency, Reject> {
    let company = shop.reader().company(&shop.asker()).await.map_err(|error| error.reject())?;
    let company = company.ok_or_else(|| Reject::new(Code::NotFound).with("what", "company"))?;
    Currency::of(&company.currency).ok_or_else(|| Reject::field(Code::Format, "currency"))
}

/// Checks rows against the shop.
async fn check_rows(checker: &mut ProductChecker, shop: &Shop, rows: &[ParsedProduct]) -> Result<(), Reject> {
    let codes = rows.iter().map(|row| row.code.clone()).collect();
    let known = shop.ask(FindCodes { codes }).await?;
    let wanted: Vec<String> = rows.iter().flat_map(|row| &row.barcodes).map(|barcode| barcode.barcode.clone()).collect();
    let mut taken = Vec::new();
    for barcodes in wanted.chunks(IMPORT_ROWS_LIMIT) {
        taken.extend(shop.ask(FindBarcodes { barcodes: barcodes.to_vec() }).await?);
    }
    checker.check_rows(rows, known, taken);
    Ok(())
}

/// Imports the file that was checked last.
pub async fn run(program: &Arc<Program>, batch_id: BatchId) -> Result<ImportSummary, Reject> {
    let shop = program.shop().await?;
    let checked = program.checked.lock().unwrap_or_else(PoisonError::into_inner).take();
    let checked = checked.ok_or_else(|| Reject::new(Code::NotFound).with("what", "file"))?;
    let total = i64::try_from(checked.len()).unwrap_or(i64::MAX);
    let mut done = 0_i64;
    for part in checked.parts(batch_id, IMPORT_BYTES_LIMIT)? {
        if program.is_cancelled() {
            break;
        }
        done += i64::try_from(part.rows.len()).unwrap_or(0);
        import(program, &shop, part).await?;
        program.progress("import", done, total);
    }
    summary(&shop, batch_id).await
}

async fn import(program: &Arc<Program>, shop: &Shop, part: Import) -> Result<(), Reject> {
    let command = Command::Catalog(catalog::Command::Import(part));
    let done = shop.submit(CommandId(Uuid::now_v7()), command, platform::now()).await?;
    program.told(&done);
    Ok(())
}

async fn summary(shop: &Shop, batch_id: BatchId) -> Result<ImportSummary, Reject> {
    let found = shop.reader().import_summary(&shop.asker(), batch_id).await.map_err(|error| error.reject())?;
    Ok(found.unwrap_or(ImportSummary { batch_id, at: platform::now(), created: 0, changed: 0, reverted: 0 }))
}

/// Undoes an import, part by part. A product that a person changed since stays as it is: it counts as not reverted
/// ([`ImportSummary`]) and [`ListImported`] names it.
pub async fn revert(program: &Arc<Program>, batch_id: BatchId) -> Result<ImportSummary, Reject> {
    let shop = program.shop().await?;
    let before = summary(&shop, batch_id).await?;
    let total = before.created + before.changed - before.reverted;
    let (mut done, mut after) = (0_i64, None);
    while !program.is_cancelled() {
        // Behind a cursor: what stays is not asked for again and again.
        let product_ids = shop.ask(ListImported { batch_id, after, limit: 500 }).await?;
        let Some(last) = product_ids.last() else { break };
        after = Some(*last);
        done += i64::try_from(product_ids.len()).unwrap_or(0);
        revert_part(program, &shop, batch_id, product_ids).await?;
        program.progress("revert", done, total);
    }
    summary(&shop, batch_id).await
}

/// Undoes some products; one that cannot be undone is found by halves, and the others are undone without it.
async fn revert_part(program: &Arc<Program>, shop: &Shop, batch_id: BatchId, product_ids: Vec<ProductId>) -> Result<(), Reject> {
    let mut parts = vec![product_ids];
    while let Some(mut part) = parts.pop() {
        let command = Command::Catalog(catalog::Command::RevertImport(RevertImport { batch_id, product_ids: part.clone() }));
        match shop.submit(CommandId(Uuid::now_v7()), command, platform::now()).await {
            Ok(done) => program.told(&done),
            Err(reject) if !stays(&reject) => return Err(reject),
            Err(reject) if part.len() == 1 => tracing::info!(product = ?part, %reject, "stays as it is"),
            Err(_) => {
                let rest = part.split_off(part.len() / 2);
                parts.extend([part, rest]);
            }
        }
    }
    Ok(())
}

/// Whether one product refuses to be undone, not the shop.
const fn stays(reject: &Reject) -> bool {
    matches!(reject.code, Code::ChangedMeanwhile | Code::CodeInUse | Code::NotFound | Code::ProductNotFound | Code::TooLong)
}

/// Writes all products to a file; a stopped or failed export leaves no half file under the name.
pub async fn export(program: &Arc<Program>, path: &Path) -> Result<i64, Reject> {
    let shop = program.shop().await?;
    let partial = path.with_extension("csv.part");
    let unwritable = |_| Reject::new(Code::ReadOnly).with("path", path.display());
    let mut file = tokio::io::BufWriter::new(tokio::fs::File::create(&partial).await.map_err(unwritable)?);
    let names = ProductNames::new(currency(&shop).await?, &shop.ask(ListCategories {}).await?, &shop.ask(ListTaxes {}).await?);
    file.write_all(&products_csv_header()).await.map_err(unwritable)?;
    let mut after = None;
    let mut rows = 0_i64;
    loop {
        let page = shop.ask(ExportProducts { after, limit: 500 }).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for product in &page {
            file.write_all(&products_csv_row(product, &names)).await.map_err(unwritable)?;
        }
        rows += i64::try_from(page.len()).unwrap_or(0);
        program.progress("export", rows, rows);
        if program.is_cancelled() {
            drop(file);
            tokio::fs::remove_file(&partial).await.map_err(unwritable)?;
            return Err(Reject::new(Code::NotAllowedInState).with("action", "export").with("state", "cancelled"));
        }
    }
    file.flush().await.map_err(unwritable)?;
    tokio::fs::rename(&partial, path).await.map_err(unwritable)?;
    Ok(rows)
}

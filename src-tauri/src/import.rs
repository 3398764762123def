//! Product files: a file is read and checked whole before anything is written; written as commands of at most 500 rows under
//! one batch id; undone the same way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use kontor_documents::products::{ParsedProduct, ProductNames, ProductReader, products_csv_header, products_csv_row};
use kontor_domain::catalog::{
    self, Category, ExportProducts, FindBarcodes, FindCodes, IMPORT_ROWS_LIMIT, Import, ImportSummary, ImportedProduct, ListCategories, ListImported,
    ListTaxes, NewCategory, ProductDetail, ProductDraft, RevertImport, Tax, check_draft,
};
use kontor_domain::command::Command;
use kontor_domain::host::{ImportCheck, ImportError};
use kontor_domain::ids::{BatchId, CategoryId, CommandId, ProductId};
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
/// Most errors that are told.
const ERRORS_TOLD: usize = 200;

/// A file that was checked and can be imported.
#[derive(Debug)]
pub struct CheckedImport {
    categories: Vec<NewCategory>,
    rows: Vec<ImportedProduct>,
}

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
    let mut checker = Checker::new(&shop, file.errors).await?;
    checker.find_doubles(&file.rows);
    let total = i64::try_from(file.rows.len()).unwrap_or(i64::MAX);
    for (index, rows) in file.rows.chunks(IMPORT_ROWS_LIMIT).enumerate() {
        if program.is_cancelled() {
            return Err(Reject::new(Code::NotAllowedInState).with("action", "import").with("state", "cancelled"));
        }
        checker.check_rows(&shop, rows).await?;
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

/// Checks rows against the shop and each other.
struct Checker {
    taxes: Vec<Tax>,
    /// Path of names → category.
    categories: HashMap<Vec<String>, CategoryId>,
    new_categories: Vec<NewCategory>,
    errors: Vec<ImportError>,
    /// Rows that are wrong already.
    bad: BTreeSet<i64>,
    rows: Vec<ImportedProduct>,
    unchanged: i64,
}

impl Checker {
    async fn new(shop: &Shop, errors: Vec<ImportError>) -> Result<Self, Reject> {
        let all = shop.ask(ListCategories {}).await?;
        Ok(Self {
            taxes: shop.ask(ListTaxes {}).await?.into_iter().filter(|tax| tax.active).collect(),
            categories: paths(&all),
            new_categories: Vec::new(),
            bad: errors.iter().map(|error| error.row).collect(),
            errors,
            rows: Vec::new(),
            unchanged: 0,
        })
    }

    fn refuse(&mut self, row: i64, reject: Reject) {
        self.bad.insert(row);
        self.errors.push(ImportError { row, reject });
    }

    /// One code, one row; one barcode, one row.
    fn find_doubles(&mut self, rows: &[ParsedProduct]) {
        let mut codes: HashMap<&str, i64> = HashMap::new();
        let mut barcodes: HashMap<&str, i64> = HashMap::new();
        for row in rows {
            if let Some(first) = codes.insert(&row.code, row.row) {
                self.refuse(row.row, Reject::field(Code::CodeInUse, "code").with("value", &row.code).with("name", format!("#{first}")));
            }
            for barcode in &row.barcodes {
                if let Some(first) = barcodes.insert(&barcode.barcode, row.row) {
                    let reject = Reject::field(Code::CodeInUse, "barcode").with("value", &barcode.barcode).with("name", format!("#{first}"));
                    self.refuse(row.row, reject);
                }
            }
        }
    }

    async fn check_rows(&mut self, shop: &Shop, rows: &[ParsedProduct]) -> Result<(), Reject> {
        let codes = rows.iter().map(|row| row.code.clone()).collect();
        let known = shop.ask(FindCodes { codes }).await?;
        let mut by_code: HashMap<String, ProductDetail> = HashMap::new();
        for detail in known {
            by_code.entry(detail.draft.code.clone()).or_insert(detail);
        }
        let mut owners: BTreeMap<String, ProductId> = BTreeMap::new();
        let wanted: Vec<String> = rows.iter().flat_map(|row| &row.barcodes).map(|barcode| barcode.barcode.clone()).collect();
        for barcodes in wanted.chunks(IMPORT_ROWS_LIMIT) {
            for row in shop.ask(FindBarcodes { barcodes: barcodes.to_vec() }).await? {
                owners.insert(row.barcode, row.product_id);
            }
        }
        for row in rows {
            if self.bad.contains(&row.row) {
                continue;
            }
            match self.check_row(row, by_code.get(&row.code), &owners) {
                Ok(Some(imported)) => self.rows.push(imported),
                Ok(None) => self.unchanged += 1,
                Err(reject) => self.refuse(row.row, reject),
            }
        }
        Ok(())
    }

    fn check_row(
        &mut self,
        row: &ParsedProduct,
        known: Option<&ProductDetail>,
        owners: &BTreeMap<String, ProductId>,
    ) -> Result<Option<ImportedProduct>, Reject> {
        for barcode in &row.barcodes {
            if let Some(owner) = owners.get(&barcode.barcode)
                && known.is_none_or(|known| known.id != *owner)
            {
                return Err(Reject::field(Code::CodeInUse, "barcode").with("value", &barcode.barcode).with("name", ""));
            }
        }
        let mut barcodes = row.barcodes.clone();
        barcodes.sort();
        let mut tags = row.tags.clone();
        tags.sort();
        tags.dedup();
        let after = ProductDraft {
            code: row.code.clone(),
            name: row.name.clone(),
            description: row.description.clone(),
            unit: row.unit.clone(),
            category_id: self.category(&row.category),
            tax_id: self.tax(row.tax.as_deref())?,
            price: row.price,
            low_threshold: row.low,
            high_threshold: row.high,
            favourite: known.and_then(|known| known.draft.favourite),
            active: row.active,
            barcodes,
            tags,
        };
        check_draft(&after)?;
        let before = known.map(|known| known.draft.clone());
        if before.as_ref() == Some(&after) {
            return Ok(None);
        }
        let id = known.map_or_else(|| ProductId(Uuid::now_v7()), |known| known.id);
        Ok(Some(ImportedProduct { id, before, after }))
    }

    /// The tax class of a name or rate; none said: the default.
    fn tax(&self, said: Option<&str>) -> Result<kontor_domain::ids::TaxId, Reject> {
        let wrong = || Reject::field(Code::Format, "tax");
        let Some(said) = said else { return self.taxes.first().map(|tax| tax.id).ok_or_else(wrong) };
        let by_name = self.taxes.iter().find(|tax| tax.name.eq_ignore_ascii_case(said.trim()));
        let rate = kontor_domain::units::Rate::parse_percent(said);
        let found = by_name.or_else(|| self.taxes.iter().find(|tax| Some(tax.rate) == rate));
        found.map(|tax| tax.id).ok_or_else(wrong)
    }

    /// The category of a path; missing ones are made, from the top down.
    fn category(&mut self, path: &[String]) -> Option<CategoryId> {
        let mut parent = None;
        for length in 1..=path.len() {
            let key = path[..length].to_vec();
            let id = match self.categories.get(&key) {
                Some(id) => *id,
                None => {
                    let id = CategoryId(Uuid::now_v7());
                    let hue = i64::try_from(self.categories.len() % 8).unwrap_or(0);
                    self.new_categories.push(NewCategory { id, parent_id: parent, name: path[length - 1].clone(), hue });
                    self.categories.insert(key, id);
                    id
                }
            };
            parent = Some(id);
        }
        parent
    }

    fn finish(mut self, count: i64) -> (ImportCheck, Option<CheckedImport>) {
        self.errors.sort_by_key(|error| error.row);
        let created = self.rows.iter().filter(|row| row.before.is_none()).count();
        let error_count = i64::try_from(self.errors.len()).unwrap_or(i64::MAX);
        self.errors.truncate(ERRORS_TOLD);
        let check = ImportCheck {
            rows: count,
            created: i64::try_from(created).unwrap_or(i64::MAX),
            changed: i64::try_from(self.rows.len() - created).unwrap_or(i64::MAX),
            unchanged: self.unchanged,
            new_categories: self.new_categories.iter().map(|category| category.name.clone()).collect(),
            errors: self.errors,
            error_count,
        };
        let checked = (error_count == 0).then_some(CheckedImport { categories: self.new_categories, rows: self.rows });
        (check, checked)
    }
}

/// Every category under the names from the top down to it.
fn paths(all: &[Category]) -> HashMap<Vec<String>, CategoryId> {
    all.iter()
        .map(|category| {
            let mut path = vec![category.name.clone()];
            let mut above = category.parent_id;
            // A tree that bites its own tail ends here.
            for _ in 0..32 {
                let Some(parent) = above.and_then(|id| all.iter().find(|other| other.id == id)) else { break };
                path.insert(0, parent.name.clone());
                above = parent.parent_id;
            }
            (path, category.id)
        })
        .collect()
}

/// Imports the file that was checked last.
pub async fn run(program: &Arc<Program>, batch_id: BatchId) -> Result<ImportSummary, Reject> {
    let shop = program.shop().await?;
    let checked = program.checked.lock().unwrap_or_else(PoisonError::into_inner).take();
    let CheckedImport { mut categories, rows } = checked.ok_or_else(|| Reject::new(Code::NotFound).with("what", "file"))?;
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let mut done = 0_i64;
    // Categories first, parents before children; more of them than one command carries are several.
    while categories.len() > IMPORT_ROWS_LIMIT {
        let rest = categories.split_off(IMPORT_ROWS_LIMIT);
        import(program, &shop, Import { batch_id, categories, rows: Vec::new() }).await?;
        categories = rest;
    }
    let mut rest = rows.as_slice();
    while !rest.is_empty() && !program.is_cancelled() {
        let (chunk, after) = rest.split_at(part_length(rest)?);
        rest = after;
        import(program, &shop, Import { batch_id, categories: std::mem::take(&mut categories), rows: chunk.to_vec() }).await?;
        done += i64::try_from(chunk.len()).unwrap_or(0);
        program.progress("import", done, total);
    }
    summary(&shop, batch_id).await
}

/// How many of these rows one command carries: long descriptions make it fewer.
fn part_length(rows: &[ImportedProduct]) -> Result<usize, Reject> {
    let mut bytes = 0;
    for (count, row) in rows.iter().take(IMPORT_ROWS_LIMIT).enumerate() {
        bytes += serde_json::to_vec(row).map_err(internal)?.len();
        if bytes > IMPORT_BYTES_LIMIT && count > 0 {
            return Ok(count);
        }
    }
    Ok(rows.len().min(IMPORT_ROWS_LIMIT))
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

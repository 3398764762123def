//! A file's products against the shop: every row is checked before anything is written. Whoever asks the shop does so
//! between these steps; here nothing is asked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kontor_domain::catalog::{
    Barcode, Category, IMPORT_ROWS_LIMIT, Import, ImportedProduct, NewCategory, ProductDetail, ProductDraft, Tax, check_draft,
};
use kontor_domain::host::{ImportCheck, ImportError};
use kontor_domain::ids::{BatchId, CategoryId, ProductId, TaxId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Rate;
use uuid::Uuid;

use super::ParsedProduct;

/// Most errors that are told.
const ERRORS_TOLD: usize = 200;
/// Deepest category.
const DEPTH_LIMIT: usize = 32;

/// Checks rows against the shop and each other.
#[derive(Debug)]
pub struct ProductChecker {
    taxes: Vec<Tax>,
    /// Path of names → category.
    categories: HashMap<Vec<String>, CategoryId>,
    new_categories: Vec<NewCategory>,
    errors: Vec<ImportError>,
    /// Rows that are wrong already.
    bad: BTreeSet<i64>,
    rows: Vec<ImportedProduct>,
    unchanged: i64,
    fresh: fn() -> Uuid,
}

/// Products that can be imported.
#[derive(Debug)]
pub struct CheckedProducts {
    categories: Vec<NewCategory>,
    rows: Vec<ImportedProduct>,
}

impl ProductChecker {
    /// Of a shop's categories and tax classes; rows that could not be read are wrong already. `fresh` makes ids.
    pub fn new(categories: &[Category], taxes: Vec<Tax>, errors: Vec<ImportError>, fresh: fn() -> Uuid) -> Self {
        Self {
            taxes: taxes.into_iter().filter(|tax| tax.active).collect(),
            categories: paths(categories),
            new_categories: Vec::new(),
            bad: errors.iter().map(|error| error.row).collect(),
            errors,
            rows: Vec::new(),
            unchanged: 0,
            fresh,
        }
    }

    fn refuse(&mut self, row: i64, reject: Reject) {
        self.bad.insert(row);
        self.errors.push(ImportError { row, reject });
    }

    /// One code, one row; one barcode, one row.
    pub fn find_doubles(&mut self, rows: &[ParsedProduct]) {
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

    /// Checks rows; `known` are the shop's products of their codes, `taken` its barcodes among theirs.
    pub fn check_rows(&mut self, rows: &[ParsedProduct], known: Vec<ProductDetail>, taken: Vec<Barcode>) {
        let mut by_code: HashMap<String, ProductDetail> = HashMap::new();
        for detail in known {
            by_code.entry(detail.draft.code.clone()).or_insert(detail);
        }
        let owners: BTreeMap<String, ProductId> = taken.into_iter().map(|row| (row.barcode, row.product_id)).collect();
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
        let id = known.map_or_else(|| ProductId((self.fresh)()), |known| known.id);
        Ok(Some(ImportedProduct { id, before, after }))
    }

    /// The tax class of a name or rate; none said: the default.
    fn tax(&self, said: Option<&str>) -> Result<TaxId, Reject> {
        let wrong = || Reject::field(Code::Format, "tax");
        let Some(said) = said else { return self.taxes.first().map(|tax| tax.id).ok_or_else(wrong) };
        let by_name = self.taxes.iter().find(|tax| tax.name.eq_ignore_ascii_case(said.trim()));
        let rate = Rate::parse_percent(said);
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
                    let id = CategoryId((self.fresh)());
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

    /// What was found in so many rows; what can be imported only if nothing is wrong.
    pub fn finish(mut self, count: i64) -> (ImportCheck, Option<CheckedProducts>) {
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
        let checked = (error_count == 0).then_some(CheckedProducts { categories: self.new_categories, rows: self.rows });
        (check, checked)
    }
}

impl CheckedProducts {
    /// How many products.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The commands that import them, under one batch id, each of at most so many bytes of rows: categories first,
    /// parents before children.
    pub fn parts(self, batch_id: BatchId, bytes_limit: usize) -> Result<Vec<Import>, Reject> {
        let mut parts = Vec::new();
        let Self { mut categories, rows } = self;
        while categories.len() > IMPORT_ROWS_LIMIT {
            let rest = categories.split_off(IMPORT_ROWS_LIMIT);
            parts.push(Import { batch_id, categories, rows: Vec::new() });
            categories = rest;
        }
        let mut part = Import { batch_id, categories, rows: Vec::new() };
        let mut bytes = 0;
        for row in rows {
            let size = serde_json::to_vec(&row).map_err(|_| Reject::new(Code::Format))?.len();
            // Long descriptions make it fewer rows.
            if part.rows.len() == IMPORT_ROWS_LIMIT || (bytes + size > bytes_limit && !part.rows.is_empty()) {
                parts.push(std::mem::replace(&mut part, Import { batch_id, categories: Vec::new(), rows: Vec::new() }));
                bytes = 0;
            }
            bytes += size;
            part.rows.push(row);
        }
        if !part.rows.is_empty() || !part.categories.is_empty() {
            parts.push(part);
        }
        Ok(parts)
    }
}

/// Every category under the names from the top down to it.
fn paths(all: &[Category]) -> HashMap<Vec<String>, CategoryId> {
    all.iter()
        .map(|category| {
            let mut path = vec![category.name.clone()];
            let mut above = category.parent_id;
            // A tree that bites its own tail ends here.
            for _ in 0..DEPTH_LIMIT {
                let Some(parent) = above.and_then(|id| all.iter().find(|other| other.id == id)) else { break };
                path.insert(0, parent.name.clone());
                above = parent.parent_id;
            }
            (path, category.id)
        })
        .collect()
}

//! Products out.

use std::collections::HashMap;

use kontor_domain::catalog::{Category, ProductDetail, THRESHOLD_OFF, Tax};
use kontor_domain::ids::{CategoryId, TaxId};
use kontor_domain::units::{Currency, Quantity};

use super::Column;
use super::cells::{escape, guard, write_barcode, write_price, write_quantity};

/// What a product's ids are called in a file.
#[derive(Clone, Debug)]
pub struct ProductNames {
    currency: &'static Currency,
    categories: HashMap<CategoryId, String>,
    taxes: HashMap<TaxId, String>,
}

impl ProductNames {
    /// The names of a company's categories (as paths) and tax classes.
    pub fn new(currency: &'static Currency, categories: &[Category], taxes: &[Tax]) -> Self {
        let by_id: HashMap<CategoryId, &Category> = categories.iter().map(|category| (category.id, category)).collect();
        Self {
            currency,
            categories: categories.iter().map(|category| (category.id, path(category, &by_id))).collect(),
            taxes: taxes.iter().map(|tax| (tax.id, tax.name.clone())).collect(),
        }
    }
}

/// `Drinks > Tea`.
fn path(category: &Category, by_id: &HashMap<CategoryId, &Category>) -> String {
    let mut names = vec![escape(&category.name, &['>'])];
    let mut above = category.parent_id;
    // A damaged tree may go in circles: no path is longer than there are categories.
    while let Some(parent) = above.and_then(|id| by_id.get(&id)).filter(|_| names.len() <= by_id.len()) {
        names.push(escape(&parent.name, &['>']));
        above = parent.parent_id;
    }
    names.reverse();
    names.join(" > ")
}

/// The mark by which spreadsheets know UTF-8, and the headers.
pub fn products_csv_header() -> Vec<u8> {
    let headers: Vec<&str> = Column::ALL.iter().map(|column| column.header()).collect();
    format!("\u{FEFF}{}\r\n", headers.join(",")).into_bytes()
}

/// One product as a row.
pub fn products_csv_row(product: &ProductDetail, names: &ProductNames) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let cells = Column::ALL.iter().map(|column| guard(&cell(*column, product, names)));
    // Writing to memory fails in no way that leaves a program to tell of it.
    let row = writer.write_record(cells).ok().and_then(|()| writer.into_inner().ok());
    row.unwrap_or_default()
}

fn cell(column: Column, product: &ProductDetail, names: &ProductNames) -> String {
    let draft = &product.draft;
    match column {
        Column::Code => draft.code.clone(),
        Column::Name => draft.name.clone(),
        Column::Barcodes => draft.barcodes.iter().map(|barcode| write_barcode(barcode, names.currency)).collect::<Vec<_>>().join(";"),
        Column::Unit => draft.unit.clone(),
        Column::Category => draft.category_id.and_then(|id| names.categories.get(&id)).cloned().unwrap_or_default(),
        Column::Tags => draft.tags.iter().map(|tag| escape(tag, &[';'])).collect::<Vec<_>>().join(";"),
        Column::Price => write_price(draft.price, names.currency),
        Column::Tax => names.taxes.get(&draft.tax_id).cloned().unwrap_or_default(),
        Column::Description => draft.description.clone(),
        Column::Low => threshold(draft.low_threshold),
        Column::High => threshold(draft.high_threshold),
        Column::Active => if draft.active { "yes" } else { "no" }.to_owned(),
    }
}

fn threshold(quantity: Quantity) -> String {
    if quantity == THRESHOLD_OFF { String::new() } else { write_quantity(quantity) }
}

//! The form's fields as text, and the product they say.

use kontor_domain::catalog::{NewBarcode, ProductDraft, THRESHOLD_OFF, check_draft};
use kontor_domain::ids::{CategoryId, TaxId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::{Currency, Quantity};
use leptos::prelude::*;

use crate::state::app;

/// A barcode as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BarcodeFields {
    /// Tells rows apart on the page.
    pub(super) number: u32,
    pub(super) barcode: RwSignal<String>,
    pub(super) pack: RwSignal<String>,
    pub(super) pack_unit: RwSignal<String>,
    pub(super) pack_price: RwSignal<String>,
}

/// Everything as it is typed.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub(super) code: RwSignal<String>,
    pub(super) name: RwSignal<String>,
    pub(super) description: RwSignal<String>,
    pub(super) unit: RwSignal<String>,
    pub(super) category: RwSignal<String>,
    pub(super) tax: RwSignal<String>,
    pub(super) price: RwSignal<String>,
    pub(super) low: RwSignal<String>,
    pub(super) high: RwSignal<String>,
    pub(super) is_favourite: RwSignal<bool>,
    pub(super) favourite: RwSignal<String>,
    pub(super) active: RwSignal<bool>,
    pub(super) tags: RwSignal<String>,
    pub(super) barcodes: RwSignal<Vec<BarcodeFields>>,
    last_number: StoredValue<u32>,
    /// Who the rows' signals belong to: the page, not the handler or effect that makes a row.
    owner: StoredValue<Owner>,
}

impl Fields {
    /// The fields of a product.
    pub(super) fn new(draft: &ProductDraft) -> Self {
        let text = || RwSignal::new(String::new());
        let fields = Self {
            code: text(),
            name: text(),
            description: text(),
            unit: text(),
            category: text(),
            tax: text(),
            price: text(),
            low: text(),
            high: text(),
            is_favourite: RwSignal::new(false),
            favourite: text(),
            active: RwSignal::new(true),
            tags: text(),
            barcodes: RwSignal::new(Vec::new()),
            last_number: StoredValue::new(0),
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
        };
        fields.fill(draft);
        fields
    }

    /// Shows another state of the product.
    pub(super) fn fill(self, draft: &ProductDraft) {
        let currency = app().currency();
        self.code.set(draft.code.clone());
        self.name.set(draft.name.clone());
        self.description.set(draft.description.clone());
        self.unit.set(draft.unit.clone());
        self.category.set(draft.category_id.map(|id| id.to_string()).unwrap_or_default());
        self.tax.set(draft.tax_id.to_string());
        self.price.set(currency.price_figure(draft.price));
        self.low.set(threshold_text(draft.low_threshold));
        self.high.set(threshold_text(draft.high_threshold));
        self.is_favourite.set(draft.favourite.is_some());
        self.favourite.set(draft.favourite.map(|place| place.to_string()).unwrap_or_default());
        self.active.set(draft.active);
        self.tags.set(draft.tags.join(", "));
        self.barcodes.set(draft.barcodes.iter().map(|barcode| self.row(barcode, currency)).collect());
    }

    fn row(self, barcode: &NewBarcode, currency: &Currency) -> BarcodeFields {
        self.last_number.update_value(|last| *last += 1);
        let number = self.last_number.get_value();
        self.owner.get_value().with(|| BarcodeFields {
            number,
            barcode: RwSignal::new(barcode.barcode.clone()),
            pack: RwSignal::new(barcode.pack.to_string()),
            pack_unit: RwSignal::new(barcode.pack_unit.clone()),
            pack_price: RwSignal::new(barcode.pack_price.map(|price| currency.price_figure(price)).unwrap_or_default()),
        })
    }

    /// One more barcode; one that is there already is not added again.
    pub(super) fn add_barcode(self, barcode: &str) -> bool {
        let is_there =
            !barcode.is_empty() && self.barcodes.with_untracked(|all| all.iter().any(|row| row.barcode.with_untracked(|known| known == barcode)));
        if is_there {
            return false;
        }
        let new = NewBarcode { barcode: barcode.to_owned(), pack: Quantity::ONE, pack_unit: String::new(), pack_price: None };
        let row = self.row(&new, app().currency());
        self.barcodes.update(|all| all.push(row));
        true
    }

    /// Takes a barcode away.
    pub(super) fn remove_barcode(self, number: u32) {
        self.barcodes.update(|all| all.retain(|row| row.number != number));
    }

    /// The product that the fields say, by the rules of the domain; or the first field that is wrong.
    pub(super) fn draft(self) -> Result<ProductDraft, Reject> {
        let currency = app().currency();
        let draft = ProductDraft {
            code: trimmed(self.code),
            name: trimmed(self.name),
            description: self.description.get().trim_end().to_owned(),
            unit: trimmed(self.unit),
            category_id: self.category.get().parse().ok().map(CategoryId),
            tax_id: self.tax.get().parse().map(TaxId).map_err(|_| Reject::field(Code::Format, "tax"))?,
            price: currency.parse_price(&self.price.get()).ok_or_else(|| Reject::field(Code::Format, "price"))?,
            low_threshold: parse_threshold(&self.low.get(), "low_threshold")?,
            high_threshold: parse_threshold(&self.high.get(), "high_threshold")?,
            favourite: parse_favourite(self.is_favourite.get(), &self.favourite.get())?,
            active: self.active.get(),
            barcodes: self.barcode_drafts(currency)?,
            tags: split_tags(&self.tags.get()),
        };
        check_draft(&draft)?;
        Ok(draft)
    }

    fn barcode_drafts(self, currency: &Currency) -> Result<Vec<NewBarcode>, Reject> {
        let rows = self.barcodes.get();
        let rows = rows.iter().filter(|row| !row.barcode.with(|barcode| barcode.trim().is_empty()));
        rows.map(|row| barcode_draft(row, currency)).collect()
    }
}

fn barcode_draft(row: &BarcodeFields, currency: &Currency) -> Result<NewBarcode, Reject> {
    let price = row.pack_price.get();
    Ok(NewBarcode {
        barcode: trimmed(row.barcode),
        pack: Quantity::parse(&row.pack.get()).ok_or_else(|| Reject::field(Code::Format, "pack"))?,
        pack_unit: trimmed(row.pack_unit),
        pack_price: match price.trim() {
            "" => None,
            text => Some(currency.parse_price(text).ok_or_else(|| Reject::field(Code::Format, "pack_price"))?),
        },
    })
}

fn trimmed(text: RwSignal<String>) -> String {
    text.with(|text| text.trim().to_owned())
}

/// Off is an empty field.
pub(super) fn threshold_text(threshold: Quantity) -> String {
    if threshold == THRESHOLD_OFF { String::new() } else { threshold.to_string() }
}

fn parse_threshold(text: &str, field: &str) -> Result<Quantity, Reject> {
    match text.trim() {
        "" => Ok(THRESHOLD_OFF),
        text => {
            let quantity = Quantity::parse(text).ok_or_else(|| Reject::field(Code::Format, field))?;
            if quantity.is_negative() { Err(Reject::field(Code::OutOfRange, field)) } else { Ok(quantity) }
        }
    }
}

fn parse_favourite(is_favourite: bool, text: &str) -> Result<Option<i64>, Reject> {
    if !is_favourite {
        return Ok(None);
    }
    text.trim().parse().map(Some).map_err(|_| Reject::field(Code::Format, "favourite"))
}

/// Tags between commas of any script; the same tag once.
pub(super) fn split_tags(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in text.split([',', '，', '、', '\n']).map(str::trim).filter(|tag| !tag.is_empty()) {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_between_commas_of_any_script() {
        assert_eq!(split_tags("tea, 茶，飲料、gift,, tea "), ["tea", "茶", "飲料", "gift"]);
        assert_eq!(split_tags("  "), Vec::<String>::new());
    }

    #[test]
    fn an_empty_threshold_is_off() {
        assert_eq!(parse_threshold(" ", "low_threshold"), Ok(THRESHOLD_OFF));
        assert_eq!(parse_threshold("2.5", "low_threshold"), Ok(Quantity(2500)));
        assert_eq!(parse_threshold("-1", "low_threshold").map_err(|reject| reject.code), Err(Code::OutOfRange));
        assert_eq!(parse_threshold("many", "low_threshold").map_err(|reject| reject.code), Err(Code::Format));
        assert_eq!(threshold_text(THRESHOLD_OFF), "");
        assert_eq!(threshold_text(Quantity(2500)), "2.5");
    }

    #[test]
    fn a_favourite_has_a_place() {
        assert_eq!(parse_favourite(false, "x"), Ok(None));
        assert_eq!(parse_favourite(true, " 7 "), Ok(Some(7)));
        assert!(parse_favourite(true, "").is_err());
    }
}

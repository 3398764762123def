//! Products: what is sold, at what price, with which tax, found by which barcodes.

use serde::{Deserialize, Serialize};

use crate::blob::BlobHash;
use crate::command::{Edit, queries};
use crate::ids::{BatchId, CategoryId, ProductId, TaxId};
use crate::place::{Place, Stretch};
use crate::time::Instant;
use crate::units::{Money, Quantity, Rate, UnitPrice};
use crate::world::table;

mod execute;
mod images;
pub mod scale;
mod trade_number;
pub use execute::{check_draft, run};
pub use images::{IMAGE_BYTES_LIMIT, IMAGE_PIXELS_LIMIT, IMAGES_LIMIT, ProductImage, ProductImageKey};
pub use trade_number::{has_right_check_digit, is_trade_number};

/// Most rows one import command carries.
pub const IMPORT_ROWS_LIMIT: usize = 500;
/// Most barcodes or tags of one product.
pub const BARCODES_LIMIT: usize = 50;
/// A threshold that is switched off.
pub const THRESHOLD_OFF: Quantity = Quantity(-1);

table! {
    /// A tax class.
    tax: Tax, TaxKey {
        /// The tax class.
        id: TaxId,
    } => {
        /// Name as shown and printed: `VAT 5 %`.
        name: String,
        /// Its rate.
        rate: Rate,
        /// Order in lists; the first is the default of new products.
        position: i64,
        /// Whether it is still in use.
        active: bool,
    }
    reach Company, change Update
}

table! {
    /// A category: a tree of any depth.
    category: Category, CategoryKey {
        /// The category.
        id: CategoryId,
    } => {
        /// The one above it.
        parent_id: Option<CategoryId>,
        /// Name.
        name: String,
        /// Colour of its tiles: 0–7, an index into the theme's hues.
        hue: i64,
        /// Order in lists.
        position: i64,
        /// Whether it is still in use.
        active: bool,
    }
    reach Company, change Update
}

table! {
    /// A product.
    product: Product, ProductKey {
        /// The product.
        id: ProductId,
    } => {
        /// Code, as the shop calls it; entry refuses one in use.
        code: String,
        /// Name as shown and printed.
        name: String,
        /// Description, may be empty.
        description: String,
        /// Unit: `pcs`, `kg`.
        unit: String,
        /// Its category.
        category_id: Option<CategoryId>,
        /// Its tax class.
        tax_id: TaxId,
        /// Price of one unit, with or without tax as the company's tax mode says.
        price: UnitPrice,
        /// Below this it is low; [`THRESHOLD_OFF`].
        low_threshold: Quantity,
        /// Above this it is too much; [`THRESHOLD_OFF`].
        high_threshold: Quantity,
        /// Whether it stands on the counter's first page of tiles, and where.
        favourite: Option<i64>,
        /// Whether it is sold; to delete is to archive.
        active: bool,
    }
    reach Company, change Update, index [code]
}

table! {
    /// A barcode of a product, with how much it sells and at what price.
    barcode: Barcode, BarcodeKey {
        /// The product.
        product_id: ProductId,
        /// The barcode.
        barcode: String,
    } => {
        /// Base units in what the barcode stands on: a box of 12 is 12,000.
        pack: Quantity,
        /// What the pack is called: `box`; empty for the product's own unit.
        pack_unit: String,
        /// Price of the pack; `None`: pack × the product's price.
        pack_price: Option<UnitPrice>,
    }
    reach Company, change Remove, index [product_id, barcode]
}

table! {
    /// A tag of a product.
    product_tag: ProductTag, ProductTagKey {
        /// The product.
        product_id: ProductId,
        /// The tag.
        tag: String,
    } => {}
    reach Company, change Remove, index [product_id]
}

table! {
    /// What an import did to one product, so that the batch can be undone.
    import_row: ImportRow, ImportRowKey {
        /// The import.
        batch_id: BatchId,
        /// The product.
        product_id: ProductId,
    } => {
        /// The product before, as JSON of [`ProductDraft`]; `None`: it was created.
        before: Option<String>,
        /// The product after, as JSON of [`ProductDraft`].
        after: String,
        /// Whether it was undone.
        reverted: bool,
    }
    reach Office, change Update
}

/// A barcode as entered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewBarcode {
    /// The barcode.
    pub barcode: String,
    /// Base units in the pack, thousandths; 1000 for the product itself.
    pub pack: Quantity,
    /// What the pack is called, may be empty.
    #[serde(default)]
    pub pack_unit: String,
    /// Price of the pack.
    #[serde(default)]
    pub pack_price: Option<UnitPrice>,
}

/// A product as entered in a form or read from a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProductDraft {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Description or empty.
    #[serde(default)]
    pub description: String,
    /// Unit.
    pub unit: String,
    /// Category.
    #[serde(default)]
    pub category_id: Option<CategoryId>,
    /// Tax class.
    pub tax_id: TaxId,
    /// Price of one unit.
    pub price: UnitPrice,
    /// Low threshold.
    #[serde(default = "off")]
    pub low_threshold: Quantity,
    /// High threshold.
    #[serde(default = "off")]
    pub high_threshold: Quantity,
    /// Place among the counter's favourites.
    #[serde(default)]
    pub favourite: Option<i64>,
    /// Whether it is sold.
    #[serde(default = "yes")]
    pub active: bool,
    /// Barcodes.
    #[serde(default)]
    pub barcodes: Vec<NewBarcode>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

const fn off() -> Quantity {
    THRESHOLD_OFF
}
const fn yes() -> bool {
    true
}

/// A tax class as entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTax {
    /// The tax class.
    pub id: TaxId,
    /// Name.
    pub name: String,
    /// Rate.
    pub rate: Rate,
}

/// A category as entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewCategory {
    /// The category.
    pub id: CategoryId,
    /// The one above it.
    #[serde(default)]
    pub parent_id: Option<CategoryId>,
    /// Name.
    pub name: String,
    /// Colour 0–7.
    pub hue: i64,
}

/// Changes to the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A new product (a fact: a clerk may make one at a till).
    CreateProduct(CreateProduct),
    /// Changed fields of a product.
    EditProduct(Box<ProductChanges>),
    /// A new category.
    CreateCategory(NewCategory),
    /// Changed fields of a category.
    EditCategory(CategoryChanges),
    /// A new tax class.
    CreateTax(NewTax),
    /// Changed fields of a tax class.
    EditTax(TaxChanges),
    /// Up to [`IMPORT_ROWS_LIMIT`] products of one file.
    Import(Import),
    /// Undoes named products of an import.
    RevertImport(RevertImport),
    /// One more picture of a product: its hash and what was seen of it, never its bytes.
    AddImage(ProductImage),
    /// A picture of a product goes.
    RemoveImage {
        /// The product.
        product_id: ProductId,
        /// The picture.
        sha256: BlobHash,
    },
}

/// A new product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateProduct {
    /// The product.
    pub id: ProductId,
    /// What was entered.
    pub draft: ProductDraft,
}

/// Changed fields of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductChanges {
    /// Which product.
    pub id: ProductId,
    /// Code.
    #[serde(default)]
    pub code: Option<Edit<String>>,
    /// Name.
    #[serde(default)]
    pub name: Option<Edit<String>>,
    /// Description.
    #[serde(default)]
    pub description: Option<Edit<String>>,
    /// Unit.
    #[serde(default)]
    pub unit: Option<Edit<String>>,
    /// Category.
    #[serde(default)]
    pub category_id: Option<Edit<Option<CategoryId>>>,
    /// Tax class.
    #[serde(default)]
    pub tax_id: Option<Edit<TaxId>>,
    /// Price.
    #[serde(default)]
    pub price: Option<Edit<UnitPrice>>,
    /// Low threshold.
    #[serde(default)]
    pub low_threshold: Option<Edit<Quantity>>,
    /// High threshold.
    #[serde(default)]
    pub high_threshold: Option<Edit<Quantity>>,
    /// Place among the favourites.
    #[serde(default)]
    pub favourite: Option<Edit<Option<i64>>>,
    /// Whether it is sold.
    #[serde(default)]
    pub active: Option<Edit<bool>>,
    /// Barcodes that are new or changed.
    #[serde(default)]
    pub barcodes_set: Vec<NewBarcode>,
    /// Barcodes that go.
    #[serde(default)]
    pub barcodes_removed: Vec<String>,
    /// Tags that are new.
    #[serde(default)]
    pub tags_added: Vec<String>,
    /// Tags that go.
    #[serde(default)]
    pub tags_removed: Vec<String>,
    /// The whole product as it was seen, where nothing of it may have changed meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Box<ProductDraft>>,
}

impl ProductChanges {
    /// No change yet.
    pub const fn of(id: ProductId) -> Self {
        Self {
            id,
            code: None,
            name: None,
            description: None,
            unit: None,
            category_id: None,
            tax_id: None,
            price: None,
            low_threshold: None,
            high_threshold: None,
            favourite: None,
            active: None,
            barcodes_set: Vec::new(),
            barcodes_removed: Vec::new(),
            tags_added: Vec::new(),
            tags_removed: Vec::new(),
            seen: None,
        }
    }

    /// The changes that make `to` out of `from`: only fields that differ.
    pub fn between(id: ProductId, from: &ProductDraft, to: &ProductDraft) -> Self {
        let missing = |list: &[NewBarcode], barcode: &str| !list.iter().any(|known| known.barcode == barcode);
        Self {
            id,
            code: Edit::between(&from.code, &to.code),
            name: Edit::between(&from.name, &to.name),
            description: Edit::between(&from.description, &to.description),
            unit: Edit::between(&from.unit, &to.unit),
            category_id: Edit::between(&from.category_id, &to.category_id),
            tax_id: Edit::between(&from.tax_id, &to.tax_id),
            price: Edit::between(&from.price, &to.price),
            low_threshold: Edit::between(&from.low_threshold, &to.low_threshold),
            high_threshold: Edit::between(&from.high_threshold, &to.high_threshold),
            favourite: Edit::between(&from.favourite, &to.favourite),
            active: Edit::between(&from.active, &to.active),
            barcodes_set: to.barcodes.iter().filter(|barcode| !from.barcodes.contains(barcode)).cloned().collect(),
            barcodes_removed: from.barcodes.iter().filter(|old| missing(&to.barcodes, &old.barcode)).map(|old| old.barcode.clone()).collect(),
            tags_added: to.tags.iter().filter(|tag| !from.tags.contains(tag)).cloned().collect(),
            tags_removed: from.tags.iter().filter(|tag| !to.tags.contains(tag)).cloned().collect(),
            seen: None,
        }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::of(self.id)
    }
}

/// Changed fields of a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryChanges {
    /// Which category.
    pub id: CategoryId,
    /// Name.
    #[serde(default)]
    pub name: Option<Edit<String>>,
    /// Colour.
    #[serde(default)]
    pub hue: Option<Edit<i64>>,
    /// Whether it is in use.
    #[serde(default)]
    pub active: Option<Edit<bool>>,
}

/// Changed fields of a tax class. Sold lines keep the rate they were sold with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxChanges {
    /// Which tax class.
    pub id: TaxId,
    /// Name.
    #[serde(default)]
    pub name: Option<Edit<String>>,
    /// Rate.
    #[serde(default)]
    pub rate: Option<Edit<Rate>>,
    /// Whether it is in use.
    #[serde(default)]
    pub active: Option<Edit<bool>>,
}

/// Part of a file's products. All rows of the file were checked before the first part is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The whole import.
    pub batch_id: BatchId,
    /// Categories that the rows name and that are new.
    #[serde(default)]
    pub categories: Vec<NewCategory>,
    /// The rows.
    pub rows: Vec<ImportedProduct>,
}

/// One row of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedProduct {
    /// The product: new, or the one whose code the row has.
    pub id: ProductId,
    /// The product as it was seen; `None` creates it.
    #[serde(default)]
    pub before: Option<ProductDraft>,
    /// The product as the file has it.
    pub after: ProductDraft,
}

/// Undoes products of an import: created ones are archived, changed ones get back what they had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevertImport {
    /// The import.
    pub batch_id: BatchId,
    /// Up to [`IMPORT_ROWS_LIMIT`] of its products.
    pub product_ids: Vec<ProductId>,
}

queries! { Catalog {
    /// Finds products as the person types: exact code or barcode first, then names. Sold products only.
    SearchProducts { text: String, limit: u32 } -> Vec<ProductHit>, permission: CatalogRead;
    /// The product of a barcode or code, exactly; several when doubles exist.
    ScanCode { code: String } -> Vec<ScanHit>, permission: CatalogRead;
    /// Tiles: the favourites (`category_id: None`) or a category's first products.
    ListTiles { category_id: Option<CategoryId>, limit: u32 } -> Vec<ProductHit>, permission: CatalogRead;
    /// A page of products for lists and export.
    ListProducts { filter: ProductFilter, offset: u32, limit: u32 } -> Page<ProductHit>, permission: CatalogRead;
    /// The same, from place to place.
    BrowseProducts { filter: ProductFilter, after: Option<Place<ProductPlace>>, limit: u32 } -> Stretch<ProductHit, ProductPlace>, permission: CatalogRead;
    /// One product as it was entered.
    ReadProduct { id: ProductId } -> Option<ProductRecord>, permission: CatalogRead;
    /// One product with all it has.
    GetProduct { id: ProductId } -> Option<ProductDetail>, permission: CatalogRead;
    /// The pictures of a product in their order.
    ListImages { product_id: ProductId } -> Vec<ProductImage>, permission: CatalogRead;
    /// All categories in use.
    ListCategories {} -> Vec<Category>, permission: CatalogRead;
    /// One category, in use or not.
    ReadCategory { id: CategoryId } -> Option<Category>, permission: CatalogRead;
    /// One tax class, in use or not.
    ReadTax { id: TaxId } -> Option<Tax>, permission: CatalogRead;
    /// All tax classes.
    ListTaxes {} -> Vec<Tax>, permission: CatalogRead;
    /// Products by code, for an import's check: at most 500 codes.
    FindCodes { codes: Vec<String> } -> Vec<ProductDetail>, permission: CatalogRead;
    /// Products that have these barcodes: at most 500.
    FindBarcodes { barcodes: Vec<String> } -> Vec<Barcode>, permission: CatalogRead;
    /// Products by id behind a cursor, whole, for export.
    ExportProducts { after: Option<ProductId>, limit: u32 } -> Vec<ProductDetail>, permission: CatalogRead;
    /// Products of an import that are not undone yet, behind a cursor.
    ListImported { batch_id: BatchId, after: Option<ProductId>, limit: u32 } -> Vec<ProductId>, permission: CatalogImport;
    /// The last imports.
    ListImports { limit: u32 } -> Vec<ImportSummary>, permission: CatalogImport;
} }

/// A product as it was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProductRecord {
    /// The product.
    pub id: ProductId,
    /// Its fields, barcodes and tags.
    #[serde(flatten)]
    pub draft: ProductDraft,
}

/// A place in a list of products, by what the list is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProductPlace {
    /// By name.
    Name(String, ProductId),
    /// By code.
    Code(String, ProductId),
    /// By price.
    Price(UnitPrice, ProductId),
    /// By stock on hand.
    OnHand(Quantity, ProductId),
    /// Newest first.
    Newest(ProductId),
}

impl ProductPlace {
    /// The place of a product in a list.
    pub fn of(sort: ProductSort, hit: &ProductHit) -> Self {
        match sort {
            ProductSort::Name => Self::Name(hit.name.clone(), hit.id),
            ProductSort::Code => Self::Code(hit.code.clone(), hit.id),
            ProductSort::Price => Self::Price(hit.price, hit.id),
            ProductSort::OnHand => Self::OnHand(hit.on_hand, hit.id),
            ProductSort::Newest => Self::Newest(hit.id),
        }
    }

    /// How the list is sorted that it is a place of.
    pub const fn sort(&self) -> ProductSort {
        match self {
            Self::Name(..) => ProductSort::Name,
            Self::Code(..) => ProductSort::Code,
            Self::Price(..) => ProductSort::Price,
            Self::OnHand(..) => ProductSort::OnHand,
            Self::Newest(..) => ProductSort::Newest,
        }
    }
}

/// Which products a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProductFilter {
    /// Search text, empty for all.
    pub text: String,
    /// Only this category.
    pub category_id: Option<CategoryId>,
    /// Archived ones instead of those sold.
    pub archived: bool,
    /// Only those below their low threshold.
    pub low: bool,
    /// Order.
    pub sort: ProductSort,
}

crate::cell::words! {
    /// Order of a product list.
    ProductSort {
        /// By name.
        Name = "name",
        /// By code.
        Code = "code",
        /// By price, lowest first.
        Price = "price",
        /// By stock on hand, lowest first.
        OnHand = "on_hand",
        /// Newest first.
        Newest = "newest",
    }
}

#[allow(clippy::derivable_impls, reason = "the macro that declares the words has no default")]
impl Default for ProductSort {
    fn default() -> Self {
        Self::Name
    }
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many there are in all.
    pub total: i64,
}

/// A product in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProductHit {
    /// The product.
    pub id: ProductId,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Category.
    pub category_id: Option<CategoryId>,
    /// Its category's name.
    pub category_name: Option<String>,
    /// Colour 0–7 of its category.
    pub hue: i64,
    /// Tax class.
    pub tax_id: TaxId,
    /// Its rate.
    pub tax_rate: Rate,
    /// Price of one unit.
    pub price: UnitPrice,
    /// On hand in selling and storing locations.
    pub on_hand: Quantity,
    /// Low threshold.
    pub low_threshold: Quantity,
    /// Whether it is sold.
    pub active: bool,
    /// A small picture of it, if it has one.
    #[serde(default)]
    pub thumbnail: Option<BlobHash>,
}

/// What a scan found: a product and the pack that the barcode stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanHit {
    /// The product.
    pub product: ProductHit,
    /// The barcode's pack; 1000 for a code or plain barcode.
    pub pack: Quantity,
    /// What the pack is called, may be empty.
    pub pack_unit: String,
    /// The pack's price.
    pub pack_price: Option<UnitPrice>,
    /// The barcode, if it was one.
    pub barcode: Option<String>,
}

/// One product with all it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductDetail {
    /// The product.
    pub id: ProductId,
    /// Its fields, barcodes and tags as an edit form shows them.
    pub draft: ProductDraft,
    /// On hand in all real locations.
    pub on_hand: Quantity,
    /// What the stock is worth.
    pub stock_value: Money,
    /// Last cost of one unit.
    pub last_cost: Option<UnitPrice>,
}

/// An import that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportSummary {
    /// The import.
    pub batch_id: BatchId,
    /// When.
    pub at: Instant,
    /// Products created.
    pub created: i64,
    /// Products changed.
    pub changed: i64,
    /// Products undone since.
    pub reverted: i64,
}

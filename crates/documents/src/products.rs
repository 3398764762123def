//! A shop's list of products as CSV: written so that any spreadsheet opens it, read back as people save it.
//!
//! Columns: `code, name, barcodes, unit, category, tags, price, tax, description, low, high, active`. Several barcodes
//! or tags stand between `;`; a pack is `barcode*12@price` with its name behind `#`. A category is a path `A > B`.
//! Reading takes UTF-8 with or without mark and UTF-16 with one; comma, semicolon or tab; headers in any of our
//! languages, in any order. Cells that a spreadsheet would take for a formula get an apostrophe in front, which is
//! taken off again when read.

mod cells;
mod check;
mod input;
mod read;
mod write;

pub use check::{CheckedProducts, ProductChecker};
pub use read::{ParsedProduct, ProductReader};
pub use write::{ProductNames, products_csv_header, products_csv_row};

/// The columns, in the order they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    Code,
    Name,
    Barcodes,
    Unit,
    Category,
    Tags,
    Price,
    Tax,
    Description,
    Low,
    High,
    Active,
}

impl Column {
    pub(crate) const ALL: &'static [Self] = &[
        Self::Code,
        Self::Name,
        Self::Barcodes,
        Self::Unit,
        Self::Category,
        Self::Tags,
        Self::Price,
        Self::Tax,
        Self::Description,
        Self::Low,
        Self::High,
        Self::Active,
    ];

    /// Without these there is no product.
    pub(crate) const NEEDED: &'static [Self] = &[Self::Code, Self::Name, Self::Price];

    /// Its header, which is also its field in refusals.
    pub(crate) const fn header(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Name => "name",
            Self::Barcodes => "barcodes",
            Self::Unit => "unit",
            Self::Category => "category",
            Self::Tags => "tags",
            Self::Price => "price",
            Self::Tax => "tax",
            Self::Description => "description",
            Self::Low => "low",
            Self::High => "high",
            Self::Active => "active",
        }
    }

    /// What else people call it.
    const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Code => &["sku", "product code", "代碼", "編號", "貨號", "商品代碼", "商品編號", "编码", "编号", "货号", "商品编码"],
            Self::Name => &["product", "product name", "名稱", "品名", "商品名稱", "名称", "商品名称"],
            Self::Barcodes => &["barcode", "ean", "gtin", "upc", "條碼", "國際條碼", "条码", "条形码"],
            Self::Unit => &["uom", "單位", "单位"],
            Self::Category => &["categories", "分類", "類別", "分类", "类别"],
            Self::Tags => &["tag", "標籤", "标签"],
            Self::Price => &["unit price", "售價", "單價", "價格", "售价", "单价", "价格"],
            Self::Tax => &["tax class", "vat", "稅別", "稅率", "税别", "税率", "税类"],
            Self::Description => &["note", "notes", "說明", "描述", "備註", "说明", "备注"],
            Self::Low => &["low threshold", "minimum", "低庫存", "低庫存門檻", "安全庫存", "低库存", "低库存阈值", "安全库存"],
            Self::High => &["high threshold", "maximum", "高庫存", "高庫存門檻", "高库存", "高库存阈值"],
            Self::Active => &["on sale", "enabled", "販售中", "啟用", "上架", "在售", "启用"],
        }
    }

    /// The column of a header as it stands in a file.
    pub(crate) fn of(header: &str) -> Option<Self> {
        let header = header.trim().to_lowercase();
        Self::ALL.iter().copied().find(|column| column.header() == header || column.aliases().contains(&header.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::Column;

    #[test]
    fn no_header_means_two_columns() {
        for column in Column::ALL {
            for name in column.aliases().iter().chain([&column.header()]) {
                assert_eq!(Column::of(&format!(" {} ", name.to_uppercase())), Some(*column), "{name}");
            }
        }
        assert_eq!(Column::of("colour"), None);
    }
}

//! Products in: a row at a time, each right or with its refusal.

use std::io::{BufRead, ErrorKind, Read};

use csv::StringRecord;
use kontor_domain::catalog::{BARCODES_LIMIT, NewBarcode, THRESHOLD_OFF};
use kontor_domain::host::ImportError;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::text::{CODE_LIMIT, NAME_LIMIT, check_line, check_name, check_note};
use kontor_domain::units::{Currency, Quantity, UnitPrice};

use super::Column;
use super::cells::{read_barcode, read_price, read_quantity, split, unescape, unguard};
use super::input::{Budget, Input, separator};

/// The unit of a product whose row names none.
const UNIT: &str = "pcs";
/// Most columns of a file.
const COLUMNS_LIMIT: usize = 200;

/// One row of a file: well formed; whether its tax, category and codes exist is for the caller to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedProduct {
    /// Row in the file; the header is 1.
    pub row: i64,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Barcodes.
    pub barcodes: Vec<NewBarcode>,
    /// Unit.
    pub unit: String,
    /// Names from the top of the tree down to the product's category; empty for none.
    pub category: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Price of one unit.
    pub price: UnitPrice,
    /// Name or rate of the tax class; `None` for the default.
    pub tax: Option<String>,
    /// Description, may be empty.
    pub description: String,
    /// Low threshold.
    pub low: Quantity,
    /// High threshold.
    pub high: Quantity,
    /// Whether it is sold.
    pub active: bool,
}

/// Reads a file of products. It never holds more than one row.
pub struct ProductReader<R> {
    csv: csv::Reader<Input<R>>,
    budget: Budget,
    currency: &'static Currency,
    places: Vec<(Column, usize)>,
    ignored: Vec<String>,
    width: usize,
    record: StringRecord,
    row: i64,
    is_done: bool,
}

impl<R: Read> ProductReader<R> {
    /// Reads the header. Refused when the file is no text, or lacks a column that every product needs.
    pub fn new(reader: R, currency: &'static Currency) -> Result<Self, Reject> {
        let mut input = Input::new(reader);
        let budget = input.budget();
        let start = input.fill_buf().map_err(|_| Reject::new(Code::CsvOnly))?;
        let delimiter = separator(start);
        let csv = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(input);
        let record = StringRecord::new();
        let mut this = Self { csv, budget, currency, places: Vec::new(), ignored: Vec::new(), width: 0, record, row: 0, is_done: false };
        this.read_header()?;
        Ok(this)
    }

    /// Headers that mean nothing to us; their columns are left out.
    pub fn ignored_columns(&self) -> &[String] {
        &self.ignored
    }

    fn read_header(&mut self) -> Result<(), Reject> {
        if !self.next_record()? {
            return Err(missing_columns(Column::NEEDED));
        }
        if self.record.len() > COLUMNS_LIMIT {
            return Err(Reject::new(Code::CsvOnly));
        }
        for (place, header) in self.record.iter().enumerate() {
            match Column::of(header) {
                Some(column) if self.places.iter().any(|(known, _)| *known == column) => {
                    return Err(Reject::field(Code::Format, column.header()));
                }
                Some(column) => self.places.push((column, place)),
                None if header.trim().is_empty() => {}
                None => self.ignored.push(header.trim().to_owned()),
            }
        }
        self.width = self.record.len();
        let missing: Vec<Column> = Column::NEEDED.iter().copied().filter(|column| self.place(*column).is_none()).collect();
        if missing.is_empty() { Ok(()) } else { Err(missing_columns(&missing)) }
    }

    fn place(&self, column: Column) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == column).map(|(_, place)| *place)
    }

    /// The next record; false at the end of the file.
    fn next_record(&mut self) -> Result<bool, Reject> {
        self.budget.reset();
        self.row += 1;
        self.csv.read_record(&mut self.record).map_err(|error| match error.kind() {
            csv::ErrorKind::Io(error) if error.kind() == ErrorKind::FileTooLarge => Reject::field(Code::TooLong, "row").with("limit", "1 MB"),
            _ => Reject::new(Code::CsvOnly),
        })
    }

    /// What stands in a column of this row, without guard and spaces around.
    fn cell(&self, column: Column) -> &str {
        let cell = self.place(column).and_then(|place| self.record.get(place)).unwrap_or_default();
        unguard(cell.trim()).trim()
    }

    fn needed(&self, column: Column) -> Result<&str, Reject> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return Err(Reject::new(Code::MissingValue).with("row", self.row).with("column", column.header()));
        }
        Ok(cell)
    }

    fn parse(&self) -> Result<ParsedProduct, Reject> {
        // More cells than headers: a separator inside a text that is not quoted has moved all that follow.
        if self.record.iter().skip(self.width).any(|cell| !cell.trim().is_empty()) {
            return Err(Reject::field(Code::Format, "row"));
        }
        let product = ParsedProduct {
            row: self.row,
            code: self.needed(Column::Code)?.to_owned(),
            name: self.needed(Column::Name)?.to_owned(),
            price: self.price()?,
            barcodes: self.barcodes()?,
            unit: Some(self.cell(Column::Unit)).filter(|unit| !unit.is_empty()).unwrap_or(UNIT).to_owned(),
            category: split(self.cell(Column::Category), '>').iter().map(|name| unescape(name)).collect(),
            tags: self.tags()?,
            tax: Some(self.cell(Column::Tax)).filter(|tax| !tax.is_empty()).map(str::to_owned),
            description: self.cell(Column::Description).replace("\r\n", "\n"),
            low: self.threshold(Column::Low)?,
            high: self.threshold(Column::High)?,
            active: self.active()?,
        };
        check_texts(&product)?;
        Ok(product)
    }

    fn price(&self) -> Result<UnitPrice, Reject> {
        let field = Column::Price.header();
        let price = read_price(self.needed(Column::Price)?, self.currency).ok_or_else(|| Reject::field(Code::Format, field))?;
        if price.is_negative() { Err(Reject::field(Code::OutOfRange, field)) } else { Ok(price) }
    }

    fn barcodes(&self) -> Result<Vec<NewBarcode>, Reject> {
        let field = Column::Barcodes.header();
        let mut barcodes: Vec<NewBarcode> = Vec::new();
        for part in split(self.cell(Column::Barcodes), ';') {
            let barcode = read_barcode(&part, self.currency).ok_or_else(|| Reject::field(Code::Format, field))?;
            check_name(&barcode.barcode, field, CODE_LIMIT)?;
            check_line(&barcode.pack_unit, field, CODE_LIMIT)?;
            if barcode.pack <= Quantity::ZERO || barcode.pack_price.is_some_and(UnitPrice::is_negative) {
                return Err(Reject::field(Code::OutOfRange, field));
            }
            if barcodes.iter().any(|known| known.barcode == barcode.barcode) {
                return Err(Reject::field(Code::Format, field));
            }
            barcodes.push(barcode);
        }
        check_count(barcodes.len(), field)?;
        Ok(barcodes)
    }

    fn tags(&self) -> Result<Vec<String>, Reject> {
        let field = Column::Tags.header();
        let mut tags: Vec<String> = Vec::new();
        for tag in split(self.cell(Column::Tags), ';').iter().map(|tag| unescape(tag)) {
            check_name(&tag, field, CODE_LIMIT)?;
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        check_count(tags.len(), field)?;
        Ok(tags)
    }

    fn threshold(&self, column: Column) -> Result<Quantity, Reject> {
        match self.cell(column) {
            "" => Ok(THRESHOLD_OFF),
            cell => {
                let quantity = read_quantity(cell).ok_or_else(|| Reject::field(Code::Format, column.header()))?;
                // People write -1 for "off"; it is a thousandth below zero in our count.
                Ok(if quantity.is_negative() { THRESHOLD_OFF } else { quantity })
            }
        }
    }

    fn active(&self) -> Result<bool, Reject> {
        match self.cell(Column::Active).to_lowercase().as_str() {
            "" | "yes" | "y" | "true" | "1" | "x" | "是" | "販售中" | "啟用" | "上架" | "在售" | "启用" => Ok(true),
            "no" | "n" | "false" | "0" | "否" | "停售" | "停用" | "下架" => Ok(false),
            _ => Err(Reject::field(Code::Format, Column::Active.header())),
        }
    }
}

impl<R: Read> Iterator for ProductReader<R> {
    type Item = Result<ParsedProduct, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_done {
            match self.next_record() {
                Ok(true) if self.record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(true) => return Some(self.parse().map_err(|reject| ImportError { row: self.row, reject })),
                Ok(false) => self.is_done = true,
                Err(reject) => {
                    // Behind a row that cannot be read nothing is where it seems to be.
                    self.is_done = true;
                    return Some(Err(ImportError { row: self.row, reject }));
                }
            }
        }
        None
    }
}

fn missing_columns(columns: &[Column]) -> Reject {
    let names: Vec<&str> = columns.iter().map(|column| column.header()).collect();
    Reject::new(Code::MissingColumns).with("columns", names.join(", "))
}

fn check_count(count: usize, field: &str) -> Result<(), Reject> {
    if count > BARCODES_LIMIT { Err(Reject::field(Code::TooLong, field).with("limit", BARCODES_LIMIT)) } else { Ok(()) }
}

fn check_texts(product: &ParsedProduct) -> Result<(), Reject> {
    check_name(&product.code, Column::Code.header(), CODE_LIMIT)?;
    check_name(&product.name, Column::Name.header(), NAME_LIMIT)?;
    check_name(&product.unit, Column::Unit.header(), CODE_LIMIT)?;
    for name in &product.category {
        check_name(name, Column::Category.header(), NAME_LIMIT)?;
    }
    check_line(product.tax.as_deref().unwrap_or_default(), Column::Tax.header(), NAME_LIMIT)?;
    check_note(&product.description, Column::Description.header())
}

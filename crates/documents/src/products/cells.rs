//! How things stand in one cell: guarded text, lists, packs, figures.

use kontor_domain::catalog::NewBarcode;
use kontor_domain::units::{Currency, Quantity, UnitPrice};

/// What a spreadsheet would take for the start of a formula, and our own mark.
const GUARDED: &[char] = &['=', '+', '-', '@', '\t', '\r', '\''];

/// The cell as it is written.
pub(super) fn guard(cell: &str) -> String {
    if cell.starts_with(GUARDED) { format!("'{cell}") } else { cell.to_owned() }
}

/// The cell as it was before [`guard`]. An apostrophe that guards nothing is part of the text.
pub(super) fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(GUARDED) => rest,
        _ => cell,
    }
}

/// A text in which a separator is no separator: `\` in front of it.
pub(super) fn escape(text: &str, separators: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\\' || separators.contains(&character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Splits at a separator that has no `\` in front; parts keep their escapes and lose spaces around.
pub(super) fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_escaped = false;
    for character in text.chars() {
        if character == separator && !is_escaped {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(character);
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The text without its escapes.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    plain
}

/// The first place of a separator that has no `\` in front.
fn find(text: &str, separator: char) -> Option<usize> {
    let mut is_escaped = false;
    for (place, character) in text.char_indices() {
        if character == separator && !is_escaped {
            return Some(place);
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    None
}

/// Cuts off what stands behind a separator.
fn cut(text: &str, separator: char) -> (&str, Option<&str>) {
    match find(text, separator) {
        Some(place) => (text.get(..place).unwrap_or_default(), text.get(place + separator.len_utf8()..)),
        None => (text, None),
    }
}

const IN_BARCODES: &[char] = &[';', '*', '@', '#'];

/// `4710018000044` or `4710018000051*12@5400#box`.
pub(super) fn write_barcode(barcode: &NewBarcode, currency: &Currency) -> String {
    let mut cell = escape(&barcode.barcode, IN_BARCODES);
    if barcode.pack != Quantity::ONE {
        cell = format!("{cell}*{}", write_quantity(barcode.pack));
    }
    if let Some(price) = barcode.pack_price {
        cell = format!("{cell}@{}", write_price(price, currency));
    }
    if !barcode.pack_unit.is_empty() {
        cell = format!("{cell}#{}", escape(&barcode.pack_unit, IN_BARCODES));
    }
    cell
}

/// The barcode of a part of a cell; `None` if it is none.
pub(super) fn read_barcode(part: &str, currency: &Currency) -> Option<NewBarcode> {
    let (rest, unit) = cut(part, '#');
    let (rest, price) = cut(rest, '@');
    let (code, pack) = cut(rest, '*');
    let barcode = unescape(code.trim());
    if barcode.is_empty() || is_mangled(&barcode) {
        return None;
    }
    let pack = match pack {
        Some(pack) => read_quantity(pack)?,
        None => Quantity::ONE,
    };
    let pack_price = match price {
        Some(price) => Some(read_price(price, currency)?),
        None => None,
    };
    Some(NewBarcode { barcode, pack, pack_unit: unescape(unit.unwrap_or_default().trim()), pack_price })
}

/// `4.71002E+12`: a spreadsheet took a barcode for a number and lost its last digits.
fn is_mangled(code: &str) -> bool {
    let Some((figure, exponent)) = code.split_once(['E', 'e']) else { return false };
    let is_figure = figure.contains(['.', ',']) && figure.chars().all(|character| character.is_ascii_digit() || matches!(character, '.' | ','));
    is_figure && exponent.starts_with('+')
}

pub(super) fn write_quantity(quantity: Quantity) -> String {
    quantity.to_string().replace(',', "")
}

pub(super) fn write_price(price: UnitPrice, currency: &Currency) -> String {
    currency.price_figure(price).replace(',', "")
}

pub(super) fn read_quantity(text: &str) -> Option<Quantity> {
    Quantity::parse(&figure(text)?)
}

/// A price with or without the currency's sign or code.
pub(super) fn read_price(text: &str, currency: &Currency) -> Option<UnitPrice> {
    let text = text.trim();
    let signs = ["NT$", "US$", "HK$", currency.code, currency.symbol.trim()];
    let bare = signs.iter().find_map(|sign| text.strip_prefix(sign)).unwrap_or(text);
    currency.parse_price(&figure(bare)?)
}

/// A figure with a point. A comma groups thousands, or is the decimal point of those who write `12,50`; what could be
/// either way is refused: a price read a hundred times too high is worse than a question.
fn figure(text: &str) -> Option<String> {
    let text = text.trim();
    let Some((whole, rest)) = text.split_once(',') else { return Some(text.to_owned()) };
    let groups = rest.split('.').next().unwrap_or_default();
    let is_grouped = groups.split(',').all(|group| group.len() == 3 && group.chars().all(|digit| digit.is_ascii_digit()));
    let digits = whole.trim_start_matches('-');
    if is_grouped && (1..=3).contains(&digits.len()) {
        return Some(text.replace(',', ""));
    }
    let is_decimal = !rest.is_empty() && rest.len() != 3 && rest.chars().all(|digit| digit.is_ascii_digit()) && !whole.contains('.');
    is_decimal.then(|| format!("{whole}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_groups_or_is_a_point_and_is_never_guessed() {
        let cases = [
            ("1,365", Some("1365")),
            ("1,234,567.50", Some("1234567.50")),
            ("12,50", Some("12.50")),
            ("12,5", Some("12.5")),
            ("-1,000", Some("-1000")),
            ("1.234,50", None),
            ("1,23,456", None),
            ("1234,567", None),
            ("12.5", Some("12.5")),
            ("12,", None),
        ];
        for (text, figure_of_it) in cases {
            assert_eq!(figure(text).as_deref(), figure_of_it, "{text}");
        }
    }

    #[test]
    fn packs_are_read_as_they_are_written() -> Result<(), &'static str> {
        let currency = Currency::of("USD").ok_or("USD")?;
        let pack = NewBarcode { barcode: "A*1;2".into(), pack: Quantity(12_000), pack_unit: "box #1".into(), pack_price: Some(UnitPrice(5_405_000)) };
        let cell = write_barcode(&pack, currency);
        assert_eq!(cell, r"A\*1\;2*12@5.405#box \#1");
        assert_eq!(split(&cell, ';').len(), 1);
        assert_eq!(read_barcode(&cell, currency), Some(pack));
        assert_eq!(read_barcode("4.71002E+12", currency), None);
        assert_eq!(read_barcode("471*x", currency), None);
        assert_eq!(read_price("$1,234.50", currency), currency.parse_price("1234.5"));
        Ok(())
    }

    #[test]
    fn a_formula_is_guarded_and_an_apostrophe_stays() {
        for cell in ["=1+1", "@x", "-5", "'quoted", "''", "plain", "it's", ""] {
            assert_eq!(unguard(&guard(cell)), cell);
        }
        assert_eq!(guard("=1+1"), "'=1+1");
        assert_eq!(unguard("'plain"), "'plain");
    }
}

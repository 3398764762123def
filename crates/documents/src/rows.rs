//! Paper from a roll as rows, whoever writes them.

use kontor_domain::settings::Company;
use kontor_translations::key;

use crate::words::Words;

/// Between facts on one line. Chinese faces give it air of its own.
pub(crate) const DOT: &str = "·";

/// Facts longer than this together have a line each.
const LINE_LIMIT: usize = 34;

/// How a row looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Body,
    Strong,
    /// The shop's name, the kind of document.
    Title,
    /// What is to be paid.
    Total,
}

/// One row of a roll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// In the middle; wraps.
    Centre(String, Style),
    /// From the left; wraps.
    Left(String, Style),
    /// One thing left and one right; the left wraps in what the right leaves.
    Pair(String, String, Style),
    /// A line across.
    Rule,
    /// Some room.
    Gap,
    /// A little room, where there is a choice of how little.
    Air,
    /// A barcode with its text below.
    Barcode(String),
}

impl Row {
    pub(crate) fn pair(left: impl Into<String>, right: impl Into<String>) -> Self {
        Self::Pair(left.into(), right.into(), Style::Body)
    }

    pub(crate) fn centre(text: impl Into<String>) -> Self {
        Self::Centre(text.into(), Style::Body)
    }
}

/// Who is selling: what every roll starts with.
pub(crate) fn letterhead(company: &Company, words: &Words) -> Vec<Row> {
    let mut rows = vec![Row::Centre(company.name.clone(), Style::Title)];
    if !company.address.is_empty() {
        rows.push(Row::centre(&company.address));
    }
    let numbers = company_numbers(company, words);
    if numbers.join(DOT).chars().count() <= LINE_LIMIT {
        rows.extend((!numbers.is_empty()).then(|| Row::centre(numbers.join(DOT))));
    } else {
        rows.extend(numbers.into_iter().map(Row::centre));
    }
    rows
}

/// Tax number and telephone, as far as there are.
pub(crate) fn company_numbers(company: &Company, words: &Words) -> Vec<String> {
    let tax_number = (!company.tax_number.is_empty()).then(|| words.say_with(key::PAPER_TAX_NUMBER, "number", &company.tax_number));
    let phone = (!company.phone.is_empty()).then(|| words.say_with(key::PAPER_PHONE, "number", &company.phone));
    tax_number.into_iter().chain(phone).collect()
}

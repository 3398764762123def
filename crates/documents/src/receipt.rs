//! A sale or refund as rows of a receipt: the figures are the stored ones, nothing is computed anew but sums of lines.

use kontor_domain::counter::{SaleDetail, SaleKind, SaleLine, SaleTax, SaleTender, TenderKind};
use kontor_domain::settings::TaxMode;
use kontor_domain::units::Money;
use kontor_translations::key;

use crate::fonts::Fonts;
use crate::rows::{DOT, Row, Style, letterhead};
use crate::words::Words;
use crate::{DocumentError, Paper, PaperOptions, roll};

/// The receipt as a PDF, 80 mm wide and as long as it is, in the company's language.
pub fn receipt_pdf(sale: &SaleDetail, options: PaperOptions, fonts: &Fonts) -> Result<Paper, DocumentError> {
    let words = Words::of(&sale.company)?;
    roll::pdf(&rows(sale, options, &words)?, &sale.sale.number, &words, fonts)
}

/// The rows of a receipt.
pub(crate) fn rows(detail: &SaleDetail, options: PaperOptions, words: &Words) -> Result<Vec<Row>, DocumentError> {
    let mut rows = letterhead(&detail.company, words);
    rows.extend(marks(detail, options, words));
    rows.push(Row::Rule);
    rows.push(Row::pair(&detail.sale.number, words.moment(detail.sale.at)));
    rows.push(Row::Left(till_and_person(detail, words), Style::Body));
    rows.extend(customer(detail, words));
    rows.push(Row::Rule);
    for line in &detail.lines {
        rows.extend(line_rows(line, words)?);
    }
    rows.push(Row::Rule);
    rows.extend(total_rows(detail, words)?);
    rows.push(Row::Rule);
    rows.extend(tax_figures(&detail.taxes, words).into_iter().map(|(label, amount)| Row::pair(label, amount)));
    rows.push(Row::Gap);
    rows.push(Row::Barcode(detail.sale.number.clone()));
    if !detail.sale.note.is_empty() {
        rows.push(Row::Gap);
        rows.push(Row::Left(format!("{}: {}", words.say(key::PAPER_NOTE), detail.sale.note), Style::Body));
    }
    if !detail.company.receipt_footer.trim().is_empty() {
        rows.push(Row::Gap);
        rows.extend(detail.company.receipt_footer.trim().lines().map(Row::centre));
    }
    Ok(rows)
}

/// What kind of paper this is, where it is no plain first receipt.
fn marks(detail: &SaleDetail, options: PaperOptions, words: &Words) -> Vec<Row> {
    let mut rows = Vec::new();
    if detail.sale.kind == SaleKind::Refund {
        rows.push(Row::Gap);
        rows.push(Row::Centre(words.say(key::PAPER_REFUND), Style::Title));
        if let Some(number) = &detail.refund_of_number {
            rows.push(Row::centre(words.say_with(key::PAPER_REFUND_OF, "number", number)));
        }
    }
    if options.copy > 0 {
        rows.push(Row::Gap);
        rows.push(Row::Centre(words.say_all(key::PAPER_COPY, &[("count", options.copy.into())]), Style::Strong));
    }
    rows
}

/// Till and person.
pub(crate) fn till_and_person(detail: &SaleDetail, words: &Words) -> String {
    let till = if detail.till.name.is_empty() {
        words.say_with(key::PAPER_TILL, "number", &detail.till.number.to_string())
    } else {
        detail.till.name.clone()
    };
    if detail.person_name.is_empty() { till } else { format!("{till}{DOT}{}", detail.person_name) }
}

fn customer(detail: &SaleDetail, words: &Words) -> Vec<Row> {
    let mut rows = Vec::new();
    if !detail.sale.customer_name.is_empty() {
        rows.push(Row::pair(words.say(key::PAPER_CUSTOMER), &detail.sale.customer_name));
    }
    if !detail.sale.customer_tax_number.is_empty() {
        rows.push(Row::pair(words.say(key::PAPER_CUSTOMER_TAX_NUMBER), &detail.sale.customer_tax_number));
    }
    rows
}

/// What a line came to before the cart's discount.
pub(crate) fn after_line_discount(line: &SaleLine) -> Result<Money, DocumentError> {
    Ok(line.gross.minus(line.discount)?)
}

fn line_rows(line: &SaleLine, words: &Words) -> Result<[Row; 3], DocumentError> {
    let mut left = format!("{} × {}", words.quantity(line.quantity, &line.unit), words.price(line.unit_price));
    if !line.discount.is_zero() {
        left = format!("{left}  {} {}", words.say(key::PAPER_DISCOUNT), words.money(line.discount.negated()?));
    }
    Ok([Row::Left(line.name.clone(), Style::Body), Row::pair(left, words.money(after_line_discount(line)?)), Row::Air])
}

/// From the lines to the money in the drawer.
fn total_rows(detail: &SaleDetail, words: &Words) -> Result<Vec<Row>, DocumentError> {
    let sale = &detail.sale;
    let lines = detail.lines.iter().map(after_line_discount).collect::<Result<Vec<_>, _>>()?;
    let cart_discount = Money::sum(detail.lines.iter().map(|line| line.cart_discount))?;
    let mut rows = Vec::new();
    if !cart_discount.is_zero() || sale.tax_mode == TaxMode::Exclusive {
        rows.push(Row::pair(words.say(key::PAPER_SUBTOTAL), words.money(Money::sum(lines)?)));
    }
    if !cart_discount.is_zero() {
        rows.push(Row::pair(words.say(key::PAPER_CART_DISCOUNT), words.money(cart_discount.negated()?)));
    }
    if sale.tax_mode == TaxMode::Exclusive {
        rows.push(Row::pair(words.say(key::PAPER_COLUMN_TAX_AMOUNT), words.money(sale.tax)));
    }
    let label = if sale.kind == SaleKind::Refund { key::PAPER_TOTAL_REFUND } else { key::PAPER_TOTAL };
    rows.push(Row::Pair(words.say(label), words.money(sale.total), Style::Total));
    rows.extend(payment_figures(detail, words)?.into_iter().map(|(label, amount)| Row::pair(label, amount)));
    Ok(rows)
}

/// Rounding, what was handed over, change.
pub(crate) fn payment_figures(detail: &SaleDetail, words: &Words) -> Result<Vec<(String, String)>, DocumentError> {
    let sale = &detail.sale;
    let mut figures = Vec::new();
    if !sale.rounding.is_zero() {
        figures.push((words.say(key::PAPER_ROUNDING), words.money(sale.rounding)));
        figures.push((words.say(key::PAPER_TO_PAY), words.money(sale.total.plus(sale.rounding)?)));
    }
    figures.extend(detail.tenders.iter().map(|tender| tender_figure(tender, sale.kind, words)));
    if !sale.change.is_zero() {
        figures.push((words.say(key::PAPER_CHANGE), words.money(sale.change)));
    }
    Ok(figures)
}

fn tender_figure(tender: &SaleTender, kind: SaleKind, words: &Words) -> (String, String) {
    let name = words.word("tender", tender.kind.word());
    let label = match (kind, tender.reference.is_empty()) {
        (SaleKind::Refund, _) => words.say_with(key::PAPER_GIVEN_BACK, "tender", &name),
        (SaleKind::Sale, true) => name,
        (SaleKind::Sale, false) => format!("{name} {}", tender.reference),
    };
    // Notes are handed over and change comes back; all else is paid to the amount.
    let amount = if kind == SaleKind::Sale && tender.kind == TenderKind::Cash { tender.given } else { tender.amount };
    (label, words.money(amount))
}

/// Base and tax of each class. Two classes of one rate are told apart by name; one without tax by its name alone.
pub(crate) fn tax_figures(taxes: &[SaleTax], words: &Words) -> Vec<(String, String)> {
    let mut figures = Vec::new();
    for tax in taxes {
        if tax.rate.is_zero() {
            figures.push((tax.name.clone(), words.money(tax.base)));
            continue;
        }
        let percent = words.percent(tax.rate);
        let is_alone = taxes.iter().filter(|other| other.rate == tax.rate).count() == 1;
        let label = |key| {
            let label = words.say_with(key, "rate", &percent);
            if is_alone { label } else { format!("{label} {}", tax.name) }
        };
        figures.push((label(key::PAPER_TAX_BASE), words.money(tax.base)));
        figures.push((label(key::PAPER_TAX_AMOUNT), words.money(tax.tax)));
    }
    figures
}

//! A shift as rows: X while it is open, Z with its number when it is closed.

use kontor_domain::counter::{CashDirection, ShiftDetail, ShiftState, ShiftTotal, TotalKind};
use kontor_domain::settings::Company;
use kontor_domain::units::Money;
use kontor_translations::key;

use crate::fonts::Fonts;
use crate::rows::{DOT, Row, Style, letterhead};
use crate::words::Words;
use crate::{DocumentError, Paper, PaperOptions, roll};

/// The shift's report as a PDF, 80 mm wide, in the company's language.
pub fn shift_report_pdf(shift: &ShiftDetail, company: &Company, options: PaperOptions, fonts: &Fonts) -> Result<Paper, DocumentError> {
    let words = Words::of(company)?;
    roll::pdf(&rows(shift, company, options, &words)?, &title(shift, &words), &words, fonts)
}

fn title(detail: &ShiftDetail, words: &Words) -> String {
    match (detail.shift.state, detail.shift.number) {
        (ShiftState::Closed, Some(number)) => words.say_with(key::PAPER_Z_REPORT, "number", &number.to_string()),
        (ShiftState::Closed, None) => words.say_with(key::PAPER_Z_REPORT, "number", "–"),
        (ShiftState::Open, _) => words.say(key::PAPER_X_REPORT),
    }
}

/// The rows of a shift's report.
pub(crate) fn rows(detail: &ShiftDetail, company: &Company, options: PaperOptions, words: &Words) -> Result<Vec<Row>, DocumentError> {
    let mut rows = letterhead(company, words);
    rows.push(Row::Gap);
    rows.push(Row::Centre(title(detail, words), Style::Title));
    if options.copy > 0 {
        rows.push(Row::Centre(words.say_all(key::PAPER_COPY, &[("count", options.copy.into())]), Style::Strong));
    }
    rows.push(Row::Rule);
    rows.extend(period(detail, words));
    rows.push(Row::Rule);
    rows.extend(sales(detail, words)?);
    rows.push(Row::Rule);
    rows.extend(by_tender(detail, words));
    rows.extend(by_tax(detail, words));
    rows.push(Row::Rule);
    rows.extend(cash(detail, words)?);
    rows.extend(movements(detail, words));
    rows.extend(denominations(detail, words));
    Ok(rows)
}

fn heading(text: String) -> Row {
    Row::Left(text, Style::Strong)
}

fn period(detail: &ShiftDetail, words: &Words) -> Vec<Row> {
    let shift = &detail.shift;
    let till = words.say_with(key::PAPER_TILL, "number", &detail.till.number.to_string());
    let mut rows = vec![
        Row::pair(till, words.date(shift.business_date)),
        Row::pair(words.say(key::PAPER_OPENED), who_and_when(&detail.opened_by_name, words.moment(shift.opened_at))),
    ];
    match shift.closed_at {
        Some(at) => {
            let name = detail.closed_by_name.as_deref().unwrap_or_default();
            rows.push(Row::pair(words.say(key::PAPER_CLOSED), who_and_when(name, words.moment(at))));
        }
        None => rows.push(Row::pair(words.say(key::PAPER_CLOSED), words.say(key::PAPER_SHIFT_OPEN))),
    }
    let numbers = match (&detail.first_number, &detail.last_number) {
        (Some(first), Some(last)) if first != last => format!("{first} – {last}"),
        (Some(number), _) | (None, Some(number)) => number.clone(),
        (None, None) => words.say(key::PAPER_NO_RECEIPTS),
    };
    rows.push(Row::pair(words.say(key::PAPER_RECEIPTS), numbers));
    rows
}

fn who_and_when(name: &str, moment: String) -> String {
    if name.is_empty() { moment } else { format!("{name}{DOT}{moment}") }
}

fn of_kind(detail: &ShiftDetail, kind: TotalKind) -> impl Iterator<Item = &ShiftTotal> {
    detail.totals.iter().filter(move |total| total.kind == kind)
}

fn sum(detail: &ShiftDetail, kind: TotalKind) -> Result<(i64, Money), DocumentError> {
    let count = of_kind(detail, kind).map(|total| total.count).fold(0, i64::saturating_add);
    Ok((count, Money::sum(of_kind(detail, kind).map(|total| total.amount))?))
}

fn sales(detail: &ShiftDetail, words: &Words) -> Result<Vec<Row>, DocumentError> {
    let counted = |kind: TotalKind| {
        let (count, amount) = sum(detail, kind)?;
        let label = words.word("total", kind.word());
        let label = format!("{label}  {}", words.say_all(key::PAPER_COUNT, &[("count", count.into())]));
        Ok::<_, DocumentError>((Row::pair(label, words.money(amount)), amount))
    };
    let (sales, sold) = counted(TotalKind::Sales)?;
    let (refunds, refunded) = counted(TotalKind::Refunds)?;
    let (discounts, _) = counted(TotalKind::Discounts)?;
    let net = Row::Pair(words.say(key::PAPER_NET), words.money(sold.plus(refunded)?), Style::Total);
    let mut rows = vec![sales, refunds, net, discounts];
    let (_, rounding) = sum(detail, TotalKind::Rounding)?;
    if !rounding.is_zero() {
        rows.push(Row::pair(words.say(key::PAPER_ROUNDING), words.money(rounding)));
    }
    Ok(rows)
}

fn by_tender(detail: &ShiftDetail, words: &Words) -> Vec<Row> {
    let mut rows: Vec<Row> =
        of_kind(detail, TotalKind::Tender).map(|total| Row::pair(words.word("tender", &total.detail), words.money(total.amount))).collect();
    if !rows.is_empty() {
        rows.insert(0, heading(words.say(key::PAPER_TENDERS)));
        rows.push(Row::Rule);
    }
    rows
}

/// Base and tax of each class beside each other; `detail` is the class's name here.
fn by_tax(detail: &ShiftDetail, words: &Words) -> Vec<Row> {
    let mut rows = vec![heading(words.say(key::PAPER_TAXES))];
    for base in of_kind(detail, TotalKind::TaxBase) {
        rows.push(Row::pair(format!("{}  {}", base.detail, words.word("total", TotalKind::TaxBase.word())), words.money(base.amount)));
        if let Some(tax) = of_kind(detail, TotalKind::TaxAmount).find(|tax| tax.detail == base.detail) {
            rows.push(Row::pair(format!("{}  {}", tax.detail, words.word("total", TotalKind::TaxAmount.word())), words.money(tax.amount)));
        }
    }
    // A class whose base is nowhere still has its tax told.
    for tax in of_kind(detail, TotalKind::TaxAmount).filter(|tax| !of_kind(detail, TotalKind::TaxBase).any(|base| base.detail == tax.detail)) {
        rows.push(Row::pair(format!("{}  {}", tax.detail, words.word("total", TotalKind::TaxAmount.word())), words.money(tax.amount)));
    }
    if rows.len() == 1 {
        rows.push(Row::pair(words.say(key::PAPER_COLUMN_TAX_AMOUNT), words.money(Money::ZERO)));
    }
    rows
}

fn cash(detail: &ShiftDetail, words: &Words) -> Result<Vec<Row>, DocumentError> {
    let shift = &detail.shift;
    let mut rows = vec![heading(words.say(key::PAPER_CASH)), Row::pair(words.say(key::PAPER_FLOAT), words.money(shift.float))];
    for (kind, sign) in [(TotalKind::CashIn, 1), (TotalKind::CashOut, -1)] {
        let (count, amount) = sum(detail, kind)?;
        if count > 0 || !amount.is_zero() {
            rows.push(Row::pair(words.word("total", kind.word()), words.money(amount.times_fraction(sign, 1)?)));
        }
    }
    let (_, in_drawer) = sum(detail, TotalKind::Drawer)?;
    let expected = shift.expected.unwrap_or(in_drawer);
    rows.push(Row::pair(words.say(key::PAPER_EXPECTED), words.money(expected)));
    if let Some(counted) = shift.counted {
        rows.push(Row::pair(words.say(key::PAPER_COUNTED), words.money(counted)));
        let difference = counted.minus(expected)?;
        let label = match difference.0 {
            0 => key::PAPER_EXACT,
            over if over > 0 => key::PAPER_OVER,
            _ => key::PAPER_SHORT,
        };
        rows.push(Row::Pair(words.say(label), words.money(difference), Style::Strong));
    }
    let (opened, _) = sum(detail, TotalKind::DrawerOpened)?;
    if opened > 0 {
        rows.push(Row::pair(words.say(key::PAPER_DRAWER_OPENED), opened.to_string()));
    }
    Ok(rows)
}

fn movements(detail: &ShiftDetail, words: &Words) -> Vec<Row> {
    let mut rows = Vec::new();
    for movement in &detail.movements {
        let sign = if movement.direction == CashDirection::In { "+" } else { "−" };
        let left = format!("{}  {}", words.clock(movement.at), movement.reason);
        rows.push(Row::pair(left, format!("{sign}{}", words.money(movement.amount))));
    }
    if !rows.is_empty() {
        rows.insert(0, Row::Rule);
        rows.insert(1, heading(words.say(key::PAPER_MOVEMENTS)));
    }
    rows
}

/// What was counted, note by note.
fn denominations(detail: &ShiftDetail, words: &Words) -> Vec<Row> {
    let counted: Vec<(Money, i64)> = serde_json::from_str(&detail.shift.denominations).unwrap_or_default();
    let mut rows = Vec::new();
    for (value, count) in counted.into_iter().filter(|(_, count)| *count > 0) {
        let sum = value.times_fraction(count, 1).unwrap_or_default();
        rows.push(Row::pair(format!("{} × {count}", words.money(value)), words.money(sum)));
    }
    if !rows.is_empty() {
        rows.insert(0, Row::Rule);
        rows.insert(1, heading(words.say(key::PAPER_DENOMINATIONS)));
    }
    rows
}

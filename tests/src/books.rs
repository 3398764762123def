//! What a shop's documents come to, by kind: as it was told to people, and as a file keeps it.

use std::collections::BTreeMap;

use kontor_domain::command::Command;
use kontor_domain::counter;
use kontor_domain::host::VerifyReport;
use kontor_domain::stock;
use rusqlite::Connection;

/// The report, if every figure agrees with its ledger; an error names the first that does not.
pub fn agreed(report: VerifyReport) -> anyhow::Result<VerifyReport> {
    match report.differences.first() {
        None => Ok(report),
        Some(difference) => anyhow::bail!("{difference:?}"),
    }
}

/// Each kind with what counts and sums it in a file.
const KINDS: [(&str, &str); 7] = [
    ("sale", "SELECT COUNT(*), COALESCE(SUM(total), 0) FROM sale WHERE kind = 'sale'"),
    ("refund", "SELECT COUNT(*), COALESCE(-SUM(total), 0) FROM sale WHERE kind = 'refund'"),
    (
        "goods receipt",
        "SELECT COUNT(DISTINCT d.id), COALESCE(SUM(l.quantity), 0) FROM stock_document d \
         JOIN stock_document_line l ON l.company = d.company AND l.document_id = d.id WHERE d.kind = 'receipt'",
    ),
    ("cash in", "SELECT COUNT(*), COALESCE(SUM(amount), 0) FROM cash_movement WHERE direction = 'in'"),
    ("cash out", "SELECT COUNT(*), COALESCE(SUM(amount), 0) FROM cash_movement WHERE direction = 'out'"),
    ("opened shift", "SELECT COUNT(*), COALESCE(SUM(float), 0) FROM shift"),
    ("closed shift", "SELECT COUNT(*), COALESCE(SUM(counted), 0) FROM shift WHERE state = 'closed'"),
];

/// How many of each kind, and what they come to (money; thousandths of goods received).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books(BTreeMap<&'static str, (i64, i64)>);

impl Books {
    /// As a file keeps them.
    pub fn kept(file: &Connection) -> anyhow::Result<Self> {
        let mut books = Self::default();
        for (kind, sql) in KINDS {
            let (count, sum) = file.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            books.note(kind, count, sum);
        }
        Ok(books)
    }

    fn note(&mut self, kind: &'static str, count: i64, sum: i64) {
        if count != 0 {
            let entry = self.0.entry(kind).or_default();
            *entry = (entry.0 + count, entry.1 + sum);
        }
    }

    /// Adds what a command that stands makes.
    pub fn add(&mut self, command: &Command) {
        let (kind, sum) = match command {
            Command::Counter(counter::Command::Sell(sell)) => ("sale", sell.figures.total.0),
            Command::Counter(counter::Command::Refund(refund)) => ("refund", refund.total.0),
            Command::Counter(counter::Command::CashIn(cash)) => ("cash in", cash.amount.0),
            Command::Counter(counter::Command::CashOut(cash)) => ("cash out", cash.amount.0),
            Command::Counter(counter::Command::OpenShift(open)) => ("opened shift", open.float.0),
            Command::Counter(counter::Command::CloseShift(close)) => ("closed shift", close.counted.0),
            Command::Stock(stock::Command::Receive(receive)) => ("goods receipt", receive.lines.iter().map(|line| line.quantity.0).sum()),
            _ => return,
        };
        self.note(kind, 1, sum);
    }

    /// Both together.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        for (kind, (count, sum)) in &other.0 {
            self.note(kind, *count, *sum);
        }
        self
    }

    /// How many of a kind.
    pub fn count(&self, kind: &str) -> i64 {
        self.0.get(kind).map_or(0, |(count, _)| *count)
    }

    /// Kinds of which there is none.
    pub fn missing(&self) -> Vec<&'static str> {
        KINDS.iter().map(|(kind, _)| *kind).filter(|kind| self.count(kind) == 0).collect()
    }
}

impl std::fmt::Display for Books {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self.0.iter().map(|(kind, (count, sum))| format!("{count} × {kind} ({sum})")).collect();
        f.write_str(&parts.join(", "))
    }
}

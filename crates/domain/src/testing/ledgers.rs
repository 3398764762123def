//! What must hold after every command, recomputed from the ledgers.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::{Failure, MemoryStore, broken};
use crate::counter::{Sale, SaleKind, SaleLine, SaleLineRefunded, SaleTax, SaleTender, Shift, ShiftState, ShiftTotal, TotalKind};
use crate::ids::{LocationId, ProductId, SaleId, ShiftId, WarehouseId};
use crate::money::{Account, Posting};
use crate::stock::{Balance, Location, MoveValue, StockMove, StockValue};

type Sums<K> = BTreeMap<K, i128>;

fn same<K: Ord + Debug>(rule: &str, stored: Sums<K>, ledger: Sums<K>) -> Result<(), Failure> {
    let (mut stored, mut ledger) = (stored, ledger);
    stored.retain(|_, amount| *amount != 0);
    ledger.retain(|_, amount| *amount != 0);
    if stored == ledger { Ok(()) } else { broken(format!("{rule}: stored {stored:?}, ledger {ledger:?}")) }
}

fn add<K: Ord>(sums: &mut Sums<K>, key: K, amount: i64) {
    *sums.entry(key).or_default() += i128::from(amount);
}

/// Checks all rules.
pub(super) fn check(store: &MemoryStore) -> Result<(), Failure> {
    postings_sum_to_zero(store)?;
    balances_are_moves(store)?;
    values_are_moves(store)?;
    sales_are_their_lines(store)?;
    sales_are_their_postings(store)?;
    shift_totals_are_sales(store)?;
    closed_shifts_leave_empty_drawers(store)?;
    refunds_are_within_sales(store)
}

fn postings_sum_to_zero(store: &MemoryStore) -> Result<(), Failure> {
    let mut sums = Sums::new();
    for posting in store.rows::<Posting>()? {
        if posting.amount.is_zero() {
            return broken(format!("an empty posting: {posting:?}"));
        }
        add(&mut sums, posting.command_id, posting.amount.0);
    }
    same("postings of a command", Sums::new(), sums)
}

fn balances_are_moves(store: &MemoryStore) -> Result<(), Failure> {
    let mut ledger: Sums<(ProductId, LocationId)> = Sums::new();
    for row in store.rows::<StockMove>()? {
        if row.quantity.is_negative() || row.from_id == row.to_id {
            return broken(format!("a move that is none: {row:?}"));
        }
        add(&mut ledger, (row.product_id, row.from_id), -row.quantity.0);
        add(&mut ledger, (row.product_id, row.to_id), row.quantity.0);
    }
    let (mut stored, mut products) = (Sums::new(), Sums::new());
    for row in store.rows::<Balance>()? {
        add(&mut stored, (row.product_id, row.location_id), row.quantity.0);
        add(&mut products, row.product_id, row.quantity.0);
    }
    same("balances of a product over all locations", Sums::new(), products)?;
    same("balances", stored, ledger)
}

fn values_are_moves(store: &MemoryStore) -> Result<(), Failure> {
    let real: BTreeMap<LocationId, (WarehouseId, bool)> =
        store.rows::<Location>()?.into_iter().map(|row| (row.id, (row.warehouse_id, row.kind.is_real()))).collect();
    let is_real = |id: &LocationId| real.get(id).is_some_and(|(_, real)| *real);
    let moves: BTreeMap<_, StockMove> = store.rows::<StockMove>()?.into_iter().map(|row| ((row.command_id, row.ordinal), row)).collect();
    let mut ledger = Sums::new();
    for row in store.rows::<MoveValue>()? {
        let Some(moved) = moves.get(&(row.command_id, row.ordinal)) else { return broken(format!("value without move: {row:?}")) };
        if row.value.is_negative() {
            return broken(format!("a value below zero: {row:?}"));
        }
        let key = (moved.warehouse_id, moved.product_id);
        let sign = i64::from(is_real(&moved.to_id)) - i64::from(is_real(&moved.from_id));
        add(&mut ledger, key, sign * row.value.0);
    }
    let (mut values, mut quantities, mut balances) = (Sums::new(), Sums::new(), Sums::new());
    for row in store.rows::<StockValue>()? {
        add(&mut values, (row.warehouse_id, row.product_id), row.value.0);
        add(&mut quantities, (row.warehouse_id, row.product_id), row.quantity.0);
        let sane = match row.quantity.0.signum() {
            0 => row.value.is_zero(),
            1 => !row.value.is_negative(),
            _ => row.value.0 <= 0,
        };
        if !sane {
            return broken(format!("a value of the wrong sign: {row:?}"));
        }
    }
    for row in store.rows::<Balance>()? {
        if let Some((warehouse, true)) = real.get(&row.location_id) {
            add(&mut balances, (*warehouse, row.product_id), row.quantity.0);
        }
    }
    same("stock values", values, ledger)?;
    same("valued quantities", quantities, balances)
}

fn sales_are_their_lines(store: &MemoryStore) -> Result<(), Failure> {
    let mut stored: Sums<(SaleId, &str)> = Sums::new();
    let mut lines = Sums::new();
    let mut taxes = Sums::new();
    let mut taxes_of_lines = Sums::new();
    let mut tenders = Sums::new();
    let mut due = Sums::new();
    for sale in store.rows::<Sale>()? {
        for (name, amount) in [("gross", sale.gross), ("discount", sale.discount), ("base", sale.base), ("tax", sale.tax), ("total", sale.total)] {
            add(&mut stored, (sale.id, name), amount.0);
        }
        add(&mut stored, (sale.id, "net"), sale.gross.0 - sale.discount.0);
        add(&mut due, (sale.id, "paid"), sale.total.0 + sale.rounding.0);
        add(&mut due, (sale.id, "given"), sale.given.0);
        add(&mut due, (sale.id, "change"), sale.change.0);
    }
    for line in store.rows::<SaleLine>()? {
        let id = line.sale_id;
        add(&mut lines, (id, "gross"), line.gross.0);
        add(&mut lines, (id, "discount"), line.discount.0 + line.cart_discount.0);
        add(&mut lines, (id, "base"), line.base.0);
        add(&mut lines, (id, "tax"), line.tax.0);
        add(&mut lines, (id, "total"), line.total.0);
        add(&mut lines, (id, "net"), line.gross.0 - line.discount.0 - line.cart_discount.0);
        add(&mut taxes_of_lines, (id, line.tax_id, "base"), line.base.0);
        add(&mut taxes_of_lines, (id, line.tax_id, "tax"), line.tax.0);
        if line.base.0 + line.tax.0 != line.total.0 {
            return broken(format!("a line that does not sum: {line:?}"));
        }
    }
    for tax in store.rows::<SaleTax>()? {
        add(&mut taxes, (tax.sale_id, tax.tax_id, "base"), tax.base.0);
        add(&mut taxes, (tax.sale_id, tax.tax_id, "tax"), tax.tax.0);
    }
    for tender in store.rows::<SaleTender>()? {
        add(&mut tenders, (tender.sale_id, "paid"), tender.amount.0);
        add(&mut tenders, (tender.sale_id, "given"), tender.given.0);
        add(&mut tenders, (tender.sale_id, "change"), tender.given.0 - tender.amount.0);
    }
    same("sales and their lines", stored, lines)?;
    same("taxes and lines", taxes, taxes_of_lines)?;
    same("tenders of sales", due, tenders)
}

fn sales_are_their_postings(store: &MemoryStore) -> Result<(), Failure> {
    let (mut stored, mut ledger) = (Sums::new(), Sums::new());
    for sale in store.rows::<Sale>()? {
        add(&mut stored, (sale.id.0, "sales"), -sale.base.0);
        add(&mut stored, (sale.id.0, "tax"), -sale.tax.0);
        add(&mut stored, (sale.id.0, "rounding"), -sale.rounding.0);
        add(&mut stored, (sale.id.0, "tenders"), sale.total.0 + sale.rounding.0);
    }
    for posting in store.rows::<Posting>()? {
        let name = match posting.account {
            Account::Sales => "sales",
            Account::Tax => "tax",
            Account::Rounding => "rounding",
            Account::Drawer | Account::Card | Account::Transfer if posting.document_kind == crate::stock::DocumentKind::Sale => "tenders",
            _ => continue,
        };
        add(&mut ledger, (posting.document_id, name), posting.amount.0);
    }
    same("sales and their postings", stored, ledger)
}

fn shift_totals_are_sales(store: &MemoryStore) -> Result<(), Failure> {
    let (mut stored, mut ledger) = (Sums::<(ShiftId, TotalKind, String)>::new(), Sums::new());
    for total in store.rows::<ShiftTotal>()? {
        add(&mut stored, (total.shift_id, total.kind, total.detail), total.amount.0);
    }
    let sales: BTreeMap<SaleId, Sale> = store.rows::<Sale>()?.into_iter().map(|sale| (sale.id, sale)).collect();
    let shift_of = |id: &SaleId| sales.get(id).map(|sale| sale.shift_id);
    for sale in sales.values() {
        let kind = if sale.kind == SaleKind::Sale { TotalKind::Sales } else { TotalKind::Refunds };
        add(&mut ledger, (sale.shift_id, kind, String::new()), sale.total.0);
        add(&mut ledger, (sale.shift_id, TotalKind::Discounts, String::new()), sale.discount.0);
        add(&mut ledger, (sale.shift_id, TotalKind::Rounding, String::new()), sale.rounding.0);
    }
    for tender in store.rows::<SaleTender>()? {
        let Some(shift) = shift_of(&tender.sale_id) else { return broken("a tender without sale".into()) };
        add(&mut ledger, (shift, TotalKind::Tender, tender.kind.word().to_owned()), tender.amount.0);
    }
    for tax in store.rows::<SaleTax>()? {
        let Some(shift) = shift_of(&tax.sale_id) else { return broken("a tax without sale".into()) };
        add(&mut ledger, (shift, TotalKind::TaxBase, tax.tax_id.to_string()), tax.base.0);
        add(&mut ledger, (shift, TotalKind::TaxAmount, tax.tax_id.to_string()), tax.tax.0);
    }
    for shift in store.rows::<Shift>()? {
        add(&mut ledger, (shift.id, TotalKind::Drawer, String::new()), shift.float.0);
    }
    for posting in store.rows::<Posting>()? {
        let is_shift = posting.document_kind == crate::stock::DocumentKind::Shift;
        match posting.account {
            Account::Drawer if !is_shift => add(&mut ledger, (posting.shift_id, TotalKind::Drawer, String::new()), posting.amount.0),
            Account::CashIn => add(&mut ledger, (posting.shift_id, TotalKind::CashIn, String::new()), -posting.amount.0),
            Account::CashOut => add(&mut ledger, (posting.shift_id, TotalKind::CashOut, String::new()), posting.amount.0),
            _ => {}
        }
    }
    same("totals of shifts", stored, ledger)
}

fn closed_shifts_leave_empty_drawers(store: &MemoryStore) -> Result<(), Failure> {
    let mut drawers = Sums::new();
    let mut over_short: Sums<ShiftId> = Sums::new();
    let mut stored = Sums::new();
    let mut negative_drawers = Vec::new();
    for posting in store.rows::<Posting>()? {
        match posting.account {
            Account::Drawer => add(&mut drawers, posting.shift_id, posting.amount.0),
            Account::OverShort => add(&mut over_short, posting.shift_id, posting.amount.0),
            _ => {}
        }
    }
    for shift in store.rows::<Shift>()? {
        if shift.state == ShiftState::Open {
            drawers.remove(&shift.id);
            continue;
        }
        let (Some(expected), Some(counted)) = (shift.expected, shift.counted) else {
            negative_drawers.push(shift.id);
            continue;
        };
        add(&mut stored, shift.id, expected.0 - counted.0);
    }
    if !negative_drawers.is_empty() {
        return broken(format!("closed without figures: {negative_drawers:?}"));
    }
    same("drawers of closed shifts", Sums::new(), drawers)?;
    same("over and short", stored, over_short)
}

fn refunds_are_within_sales(store: &MemoryStore) -> Result<(), Failure> {
    let lines: BTreeMap<_, SaleLine> = store.rows::<SaleLine>()?.into_iter().map(|line| ((line.sale_id, line.line), line)).collect();
    let sales: BTreeMap<SaleId, Sale> = store.rows::<Sale>()?.into_iter().map(|sale| (sale.id, sale)).collect();
    let mut back = Sums::new();
    let mut noted = Sums::new();
    for line in lines.values() {
        let Some(sold) = line.refund_of_line else { continue };
        let Some(sale_id) = sales.get(&line.sale_id).and_then(|sale| sale.refund_of) else { return broken("a refund of nothing".into()) };
        add(&mut back, (sale_id, sold), -line.quantity.0);
    }
    for row in store.rows::<SaleLineRefunded>()? {
        add(&mut noted, (row.sale_id, row.line), row.quantity.0);
        let sold = lines.get(&(row.sale_id, row.line)).map_or(0, |line| line.quantity.0);
        if row.quantity.0 > sold {
            return broken(format!("more came back than was sold: {row:?}"));
        }
    }
    same("what came back", noted, back)
}

//! Every rule of `verify` finds the row that breaks it: one row is spoilt, on both engines, and the rule must name it.

use std::collections::BTreeSet;

use kontor_domain::catalog::ListTaxes;
use kontor_domain::command::{Command, Edit};
use kontor_domain::counter::cart::{Cart, Discount, cash_rounding, price};
use kontor_domain::counter::{self, GetSale, Refund, RefundLine, Sell, Tender, TenderKind, refund_tenders};
use kontor_domain::host::Difference;
use kontor_domain::ids::SaleId;
use kontor_domain::settings::{self, CompanyChanges, TaxMode};
use kontor_domain::units::{Money, Quantity};
use kontor_domain::verify::VerifyRule;
use kontor_domain::world::{Change, Table};
use kontor_store::verify::check_file;
use kontor_tests::shop::{Founded, cart_line, found_command, id};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _};

use crate::script::{Both, fill_catalogue, settle, trade};

/// A damage: the rule that must name it, the table, what is set in one row, and in which row.
type Spoil = (VerifyRule, Table, &'static str, &'static str);

const ANY: &str = "1 = 1";

const SPOILS: &[Spoil] = &[
    (VerifyRule::BalanceOfMoves, Table::balance, "quantity = quantity + 1", ANY),
    (VerifyRule::BalanceOfMoves, Table::balance, "lot_id = product_id", "quantity <> 0"),
    (VerifyRule::OpeningOfMoves, Table::opening, "quantity = quantity + 1", ANY),
    (VerifyRule::BalancesSumToZero, Table::balance, "quantity = quantity - 1", ANY),
    // In another warehouse: over all of them it still sums to nothing.
    (VerifyRule::BalancesSumToZero, Table::location, "warehouse_id = id", "id IN (SELECT location_id FROM balance WHERE quantity <> 0)"),
    (VerifyRule::MoveGoesSomewhere, Table::stock_move, "to_id = from_id", ANY),
    (VerifyRule::MoveGoesSomewhere, Table::stock_move, "quantity = -quantity", "quantity > 0"),
    (VerifyRule::MoveOfDocument, Table::stock_move, "line = 999", ANY),
    (VerifyRule::StockDocumentMoved, Table::stock_document_line, "quantity = quantity + 1", ANY),
    (VerifyRule::StockDocumentMoved, Table::stock_move, "quantity = quantity + 1", "reason = 'receipt'"),
    (VerifyRule::ReceivedAtCost, Table::stock_document_cost, "unit_cost = unit_cost + 10000", ANY),
    (
        VerifyRule::ReceivedAtCost,
        Table::move_value,
        "value = value + 1",
        "(command_id, ordinal) IN (SELECT command_id, ordinal FROM stock_move WHERE reason = 'receipt')",
    ),
    (VerifyRule::ValueOfMove, Table::move_value, "ordinal = 999", ANY),
    (VerifyRule::ValueNotBelowZero, Table::move_value, "value = -1", ANY),
    (VerifyRule::StockValueCounts, Table::stock_value, "quantity = quantity + 1", ANY),
    (VerifyRule::StockValueOfMoves, Table::stock_value, "value = value + 1", ANY),
    (VerifyRule::StockValueSign, Table::stock_value, "value = -value - 1", "quantity > 0"),
    (VerifyRule::PostingsSumToZero, Table::posting, "amount = amount + 1", ANY),
    (VerifyRule::PostingOfSomething, Table::posting, "amount = 0", ANY),
    (VerifyRule::PostingOfShift, Table::posting, "shift_id = command_id", ANY),
    (VerifyRule::PostingOfShift, Table::posting, "till_id = command_id", ANY),
    (VerifyRule::PostingOfShift, Table::posting, "document_id = command_id", "document_kind = 'cash'"),
    (VerifyRule::PostingOfShift, Table::posting, "detail = ''", "account = 'drawer'"),
    (VerifyRule::TendersPosted, Table::sale_tender, "kind = 'card'", "kind = 'cash'"),
    (VerifyRule::TendersPosted, Table::posting, "account = 'transfer'", "account = 'card'"),
    (VerifyRule::SalesPosted, Table::posting, "detail = 'another'", "account = 'sales'"),
    (VerifyRule::SalesPosted, Table::sale_tax, "base = base + 1", ANY),
    (VerifyRule::TaxPosted, Table::posting, "detail = 'another'", "account = 'tax'"),
    (VerifyRule::TaxPosted, Table::sale_tax, "tax = tax + 1", ANY),
    (VerifyRule::RoundingPosted, Table::sale, "rounding = rounding + 1", ANY),
    (VerifyRule::CashMovementPosted, Table::cash_movement, "amount = amount + 1", ANY),
    (VerifyRule::CashMovementPosted, Table::cash_movement, "direction = 'out'", "direction = 'in'"),
    (VerifyRule::FloatAndCountPosted, Table::shift, "float = float + 1", ANY),
    (VerifyRule::FloatAndCountPosted, Table::shift, "counted = counted + 1", "state = 'closed'"),
    (VerifyRule::OverShortPosted, Table::shift, "expected = expected + 1", "state = 'closed'"),
    (VerifyRule::ClosedDrawerIsEmpty, Table::posting, "account = 'card'", "account = 'drawer' AND document_kind = 'sale'"),
    (VerifyRule::LineBaseAndTax, Table::sale_line, "tax = tax + 1", ANY),
    (VerifyRule::LineDiscounted, Table::sale_line, "gross = gross + 1", ANY),
    (VerifyRule::LinesGross, Table::sale, "gross = gross + 1", ANY),
    (VerifyRule::LinesDiscount, Table::sale, "discount = discount + 1", ANY),
    (VerifyRule::LinesDiscount, Table::sale_line, "cart_discount = cart_discount + 1", ANY),
    (VerifyRule::LinesBase, Table::sale, "base = base + 1", ANY),
    (VerifyRule::LinesTax, Table::sale, "tax = tax + 1", ANY),
    (VerifyRule::LinesTotal, Table::sale, "total = total + 1", ANY),
    (VerifyRule::ClassBase, Table::sale_tax, "base = base - 1", ANY),
    (VerifyRule::ClassBase, Table::sale_line, "tax_id = product_id", ANY),
    (VerifyRule::ClassTax, Table::sale_tax, "tax = tax - 1", ANY),
    (VerifyRule::TendersPay, Table::sale_tender, "amount = amount + 1", ANY),
    (VerifyRule::TendersGiven, Table::sale, "given = given + 1", ANY),
    (VerifyRule::TendersChange, Table::sale, "change = change + 1", ANY),
    (VerifyRule::SaleMoved, Table::sale_line, "quantity = quantity + 1000", ANY),
    (VerifyRule::ReceiptNumbers, Table::sale, "seq = 77", ANY),
    (VerifyRule::ReceiptCounter, Table::number_counter, "last = last + 1", "kind = 'receipt'"),
    (VerifyRule::RefundedOfLine, Table::sale_line_refunded, "quantity = quantity - 1", ANY),
    (VerifyRule::RefundedOfLine, Table::sale_line_refunded, "quantity = quantity + 1", ANY),
    (VerifyRule::RefundedOfLine, Table::sale_line_refunded, "line = 99", ANY),
    (VerifyRule::ShiftSales, Table::shift_total, "amount = amount + 1", "kind = 'sales'"),
    (VerifyRule::ShiftSales, Table::shift_total, "count = count + 1", "kind = 'sales'"),
    (VerifyRule::ShiftRefunds, Table::shift_total, "amount = amount + 1", "kind = 'refunds'"),
    (VerifyRule::ShiftRefunds, Table::shift_total, "count = count + 1", "kind = 'refunds'"),
    (VerifyRule::ShiftDiscounts, Table::shift_total, "amount = amount + 1", "kind = 'discounts'"),
    (VerifyRule::ShiftDiscounts, Table::shift_total, "count = count + 1", "kind = 'discounts'"),
    (VerifyRule::ShiftTender, Table::shift_total, "amount = amount + 1", "kind = 'tender'"),
    (VerifyRule::ShiftTender, Table::shift_total, "count = count + 1", "kind = 'tender'"),
    (VerifyRule::ShiftTender, Table::shift_total, "detail = 'cheque'", "kind = 'tender' AND detail = 'card'"),
    (VerifyRule::ShiftTaxBase, Table::shift_total, "amount = amount + 1", "kind = 'tax_base'"),
    (VerifyRule::ShiftTaxBase, Table::shift_total, "count = count + 1", "kind = 'tax_base'"),
    (VerifyRule::ShiftTaxBase, Table::shift_total, "detail = 'another'", "kind = 'tax_base'"),
    (VerifyRule::ShiftTaxAmount, Table::shift_total, "amount = amount + 1", "kind = 'tax_amount'"),
    (VerifyRule::ShiftTaxAmount, Table::shift_total, "count = count + 1", "kind = 'tax_amount'"),
    (VerifyRule::ShiftRounding, Table::shift_total, "amount = amount + 1", "kind = 'rounding'"),
    (VerifyRule::ShiftRounding, Table::shift_total, "count = count + 1", "kind = 'rounding'"),
    (VerifyRule::ShiftCashIn, Table::shift_total, "amount = amount + 1", "kind = 'cash_in'"),
    (VerifyRule::ShiftCashIn, Table::shift_total, "count = count + 1", "kind = 'cash_in'"),
    (VerifyRule::ShiftCashOut, Table::shift_total, "amount = amount + 1", "kind = 'cash_out'"),
    (VerifyRule::ShiftCashOut, Table::shift_total, "count = count + 1", "kind = 'cash_out'"),
    (VerifyRule::ShiftDrawer, Table::shift_total, "amount = amount + 1", "kind = 'drawer'"),
    (VerifyRule::ShiftDrawer, Table::shift_total, "count = count + 1", "kind = 'drawer'"),
    (VerifyRule::ShiftDrawerOpened, Table::shift_total, "amount = amount + 1", "kind = 'drawer_opened'"),
    (VerifyRule::ShiftDrawerOpened, Table::shift_total, "count = count + 1", "kind = 'drawer_opened'"),
    (VerifyRule::ShiftExpected, Table::shift, "expected = expected - 1", "state = 'closed'"),
    (VerifyRule::ShiftExpected, Table::shift, "counted = 5", "state = 'open'"),
    (VerifyRule::ShiftNumbers, Table::shift, "number = number + 1", "state = 'closed'"),
];

/// One row of a table is changed.
fn statement((_, table, set, condition): &Spoil) -> String {
    let info = table.info();
    let (name, keys) = (info.name, format!("company, {}", info.key.join(", ")));
    format!("UPDATE {name} SET {set} WHERE ({keys}) IN (SELECT {keys} FROM {name} WHERE {condition} ORDER BY {keys} LIMIT 1)")
}

/// The rule names the row, by a name that people know it by.
fn assert_named(spoil: &Spoil, found: &[Difference]) {
    let is_id = |about: &str| about.len() == 32 && about.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_named = |difference: &Difference| difference.rule == spoil.0 && !difference.about.is_empty() && !is_id(&difference.about);
    assert!(found.iter().any(is_named), "{spoil:?}: {found:?}");
}

#[tokio::test]
async fn every_rule_of_verify_names_the_row_that_was_spoilt() {
    let spoilt: BTreeSet<VerifyRule> = SPOILS.iter().map(|spoil| spoil.0).collect();
    let sound: Vec<&VerifyRule> = VerifyRule::ALL.iter().filter(|rule| !spoilt.contains(rule)).collect();
    assert!(sound.is_empty(), "nothing breaks {sound:?}");

    let both = Both::new().await;
    let (command, founded) = found_command(both.ids.person, 6);
    both.run(command).await;
    fill_catalogue(&both, &founded).await;
    trade(&both, &founded).await;
    trade_with_every_tender(&both, &founded).await;
    settle(&both, &founded).await;
    let asker = both.asker(founded.date);
    assert_eq!(both.sqlite.differences(&asker).await.unwrap(), Vec::new());
    assert_eq!(both.postgres.differences(&asker).await.unwrap(), Vec::new());

    let copy = both.folder.path().join("copy.kontor");
    kontor_store::sqlite::backup(&both.folder.path().join("shop.kontor"), &copy).unwrap();
    let mut file = rusqlite::Connection::open(&copy).unwrap();
    let mut beside = both.database.connect().await.unwrap();
    // Nothing is behind a horizon yet, so an opening of nothing is right.
    let opening = "INSERT INTO opening (company, product_id, location_id, lot_id, quantity, rev, scope)
        SELECT company, product_id, location_id, lot_id, 0, rev, scope FROM balance LIMIT 1";
    file.execute(opening, []).unwrap();
    beside.execute(opening).await.unwrap();
    for table in Table::ALL.iter().filter(|table| table.info().change == Change::Append) {
        let name = table.info().name;
        file.execute_batch(&format!("DROP TRIGGER {name}_no_update")).unwrap();
        beside.execute(AssertSqlSafe(format!("ALTER TABLE {name} DISABLE TRIGGER USER"))).await.unwrap();
    }
    for spoil in SPOILS {
        let transaction = file.transaction().unwrap();
        assert_eq!(transaction.execute(&statement(spoil), []).unwrap(), 1, "{spoil:?}: which row");
        assert_named(spoil, &check_file(&transaction, both.ids.company).unwrap());
        transaction.rollback().unwrap();

        let name = spoil.1.info().name;
        beside.execute(AssertSqlSafe(format!("CREATE TEMPORARY TABLE kept AS TABLE {name}"))).await.unwrap();
        let done = beside.execute(AssertSqlSafe(statement(spoil))).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{spoil:?}: which row");
        assert_named(spoil, &both.postgres.differences(&asker).await.unwrap());
        put_back(&mut beside, name).await;
    }
    assert_eq!(both.postgres.differences(&asker).await.unwrap(), Vec::new());
}

async fn put_back(beside: &mut PgConnection, table: &str) {
    beside
        .execute(AssertSqlSafe(format!("BEGIN; DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept; COMMIT")))
        .await
        .unwrap();
}

/// A sale in two tax classes, paid with a card, a transfer and rounded cash, with change; part of it comes back.
async fn trade_with_every_tender(both: &Both, founded: &Founded) {
    let step = Money(5);
    let changes = CompanyChanges { cash_step: Some(Edit { from: Money(1), to: step }), ..CompanyChanges::default() };
    both.run(Command::Settings(settings::Command::ChangeCompany(Box::new(changes)))).await;
    let taxes = both.ask(founded, ListTaxes {}).await;
    let other = taxes.iter().find(|tax| tax.id != founded.tax).expect("a second tax class");
    let mut cart =
        Cart { tax_mode: TaxMode::Exclusive, lines: vec![cart_line(founded, 2), cart_line(founded, 5)], discount: Discount::Amount(Money(3)) };
    cart.lines[1].tax_id = other.id;
    cart.lines[1].tax_name.clone_from(&other.name);
    cart.lines[1].tax_rate = other.rate;
    let total = price(&cart).unwrap().total;
    let left = Money(total.0 - 20);
    let rounding = cash_rounding(left, step).unwrap();
    assert_ne!(rounding, Money::ZERO);
    let paid = |kind, amount: i64, given: i64| Tender { kind, amount: Money(amount), given: Money(given), reference: String::new() };
    let due = left.0 + rounding.0;
    let tenders = vec![paid(TenderKind::Card, 10, 10), paid(TenderKind::Transfer, 10, 10), paid(TenderKind::Cash, due, due + 35)];
    let sell = Sell::plain(SaleId(id()), founded.shift, cart, tenders, rounding).unwrap();
    let sale_id = sell.sale_id;
    both.run(Command::Counter(counter::Command::Sell(Box::new(sell)))).await;
    let detail = both.ask(founded, GetSale { id: sale_id }).await.unwrap();
    let (tenders, rounding) = refund_tenders(&detail.sale, &detail.tenders, &detail.given_back, total, step).unwrap();
    let refund = Refund {
        refund_id: SaleId(id()),
        shift_id: founded.shift,
        sale_id,
        lines: (1..=2).map(|line| RefundLine { line, quantity: Quantity::ONE }).collect(),
        total,
        tenders,
        rounding,
        note: String::new(),
        restock: true,
        print: None,
        sold: None,
        approval: None,
    };
    both.run(Command::Counter(counter::Command::Refund(Box::new(refund)))).await;
}

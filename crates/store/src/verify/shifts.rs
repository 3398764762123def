//! A shift's totals against what its receipts, movements and drawer come to.

use kontor_domain::counter::{TotalKind, Z_NUMBER};
use kontor_domain::verify::VerifyRule;

use super::compare::{Compare, Sql, not_told_double};
use super::{IS_AUTHORITY, Rule, SHIFT_IS_WHOLE};

pub(super) fn rules(sql: Sql) -> Vec<Rule> {
    let mut rules: Vec<Rule> = TotalKind::ALL.iter().map(|kind| total_rule(sql, *kind)).collect();
    rules.push(Rule {
        rule: VerifyRule::ShiftExpected,
        compared: "shift",
        sql: format!(
            "SELECT {}, {}, {} FROM shift h
             LEFT JOIN shift_total t ON t.company = h.company AND t.shift_id = h.id AND t.kind = 'drawer' AND t.detail = ''
             WHERE h.company = $1 AND ((h.state = 'closed' AND (h.expected IS DISTINCT FROM coalesce(t.amount, 0) OR h.counted IS NULL))
                OR (h.state = 'open' AND (h.expected IS NOT NULL OR h.counted IS NOT NULL)))",
            sql.shift("h.id"),
            sql.text("h.expected"),
            sql.text("coalesce(t.amount, 0)")
        ),
    });
    rules.push(Rule { rule: VerifyRule::ShiftNumbers, compared: "shift", sql: z_numbers(sql) });
    rules
}

/// What a total must come to: rows of shift, detail, `amount` or `count`, and how much.
fn total_rule(sql: Sql, kind: TotalKind) -> Rule {
    let sales = |figure: &str, condition: &str| counted(&format!("sale WHERE company = $1 AND {condition}"), "shift_id", "''", figure);
    let of_sales = |table: &str, detail: &str, figure: &str| {
        let from = format!("{table} x JOIN sale s ON s.company = x.company AND s.id = x.sale_id WHERE x.company = $1");
        counted(&from, "s.shift_id", detail, figure)
    };
    let cash = |direction: &str| counted(&format!("cash_movement WHERE company = $1 AND direction = '{direction}'"), "shift_id", "''", "amount");
    let (rule, ledger) = match kind {
        TotalKind::Sales => (VerifyRule::ShiftSales, sales("total", "kind = 'sale'")),
        TotalKind::Refunds => (VerifyRule::ShiftRefunds, sales("total", "kind = 'refund'")),
        TotalKind::Discounts => (VerifyRule::ShiftDiscounts, sales("discount", "discount <> 0")),
        TotalKind::Rounding => (VerifyRule::ShiftRounding, sales("rounding", "rounding <> 0")),
        TotalKind::Tender => (VerifyRule::ShiftTender, of_sales("sale_tender", "x.kind", "x.amount")),
        TotalKind::TaxBase => (VerifyRule::ShiftTaxBase, of_sales("sale_tax", &sql.hex("x.tax_id"), "x.base")),
        TotalKind::TaxAmount => (VerifyRule::ShiftTaxAmount, of_sales("sale_tax", &sql.hex("x.tax_id"), "x.tax")),
        TotalKind::CashIn => (VerifyRule::ShiftCashIn, cash("in")),
        TotalKind::CashOut => (VerifyRule::ShiftCashOut, cash("out")),
        TotalKind::Drawer => (VerifyRule::ShiftDrawer, drawer()),
        TotalKind::DrawerOpened => (VerifyRule::ShiftDrawerOpened, drawer_opened(sql)),
    };
    let about = match kind {
        TotalKind::Tender => format!("{} || ' ' || d.detail", sql.shift("d.shift_id")),
        TotalKind::TaxBase | TotalKind::TaxAmount => format!("{} || ' ' || {}", sql.shift("d.shift_id"), sql.tax("d.detail")),
        _ => sql.shift("d.shift_id"),
    };
    let rows = |figure: &str| {
        format!("SELECT shift_id, replace(detail, '-', ''), '{figure}', {figure} FROM shift_total WHERE company = $1 AND kind = '{}'", kind.word())
    };
    Compare {
        rule,
        compared: "shift_total",
        keys: "shift_id, detail, figure",
        about,
        stored: format!("{} UNION ALL {}", rows("amount"), rows("count")),
        ledger,
        // Which commands other devices entered, only the authority's log knows.
        only: if kind == TotalKind::DrawerOpened { IS_AUTHORITY } else { SHIFT_IS_WHOLE },
    }
    .rule(sql)
}

/// Each row of something adds an amount and counts one.
fn counted(from: &str, shift: &str, detail: &str, amount: &str) -> String {
    format!("SELECT {shift}, {detail}, 'amount', {amount} FROM {from} UNION ALL SELECT {shift}, {detail}, 'count', 1 FROM {from}")
}

/// The float and what went through the drawer, up to the closing; it is not counted how often.
fn drawer() -> String {
    "SELECT id, '', 'amount', float FROM shift WHERE company = $1
     UNION ALL SELECT shift_id, '', 'amount', amount FROM posting WHERE company = $1 AND account = 'drawer' AND document_kind <> 'shift'"
        .into()
}

fn drawer_opened(sql: Sql) -> String {
    let shift = sql.json("args", &["counter", "open_drawer", "shift_id"]);
    format!(
        "SELECT unhex(replace({shift}, '-', '')), '', 'count', 1 FROM command_log WHERE company = $1 AND name = 'counter.open_drawer' AND status = 'ok'"
    )
}

/// Every number that is on a paper: of the shifts, and of a second count of one, which stands in the item about it.
/// Only a number that nobody was told of twice is a double. How far the numbers go, and what is double, is said by what the
/// authority confirmed; none may be missing up to there, but a shift that something pending touched has its number still.
fn z_numbers(sql: Sql) -> String {
    format!(
        "WITH printed AS (
            SELECT till_id, number, CASE WHEN rev > 0 AND {} THEN number END AS own, rev FROM shift WHERE company = $1 AND number IS NOT NULL
            UNION ALL SELECT s.till_id, CASE WHEN a.args LIKE '%\"{Z_NUMBER}\":%' THEN CAST({} AS BIGINT) END, NULL, a.rev
            FROM attention a JOIN shift s ON s.company = a.company AND s.id = a.about_id
            WHERE a.company = $1 AND a.kind = 'rule_broken'),
         confirmed AS (SELECT till_id, MAX(number) AS last FROM printed WHERE rev > 0 AND number IS NOT NULL GROUP BY till_id),
         n AS (SELECT p.till_id, c.last, COUNT(DISTINCT p.number) AS many, COUNT(DISTINCT p.own) AS distinct_own, COUNT(p.own) AS own
            FROM printed p JOIN confirmed c ON c.till_id = p.till_id WHERE p.number <= c.last GROUP BY p.till_id, c.last)
         SELECT {}, {}, {} FROM n WHERE many <> last OR distinct_own <> own",
        not_told_double("shift.id"),
        sql.json("a.args", &[Z_NUMBER]),
        sql.till("n.till_id"),
        sql.text("many"),
        sql.text("last"),
    )
}

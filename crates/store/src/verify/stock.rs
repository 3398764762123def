//! Quantities and values against the moves.

use kontor_domain::stock::LocationKind;
use kontor_domain::verify::VerifyRule;

use super::compare::{Compare, EVERYWHERE, Sql};
use super::{HAS_ALL_HISTORY, IS_AUTHORITY, Rule};

/// An office's copy has the stock values of every warehouse, and the moves of those it holds.
const HOLDS_WAREHOUSE: &str = "((SELECT role FROM installation WHERE id = 1) IS DISTINCT FROM 'replica'
                 OR EXISTS (SELECT 1 FROM stock_move y WHERE y.company = $1 AND y.warehouse_id = d.warehouse_id))";

fn real_kinds() -> String {
    LocationKind::ALL.iter().filter(|kind| kind.is_real()).map(|kind| format!("'{}'", kind.word())).collect::<Vec<_>>().join(", ")
}

pub(super) fn rules(sql: Sql) -> Vec<Rule> {
    let mut rules = balance_rules(sql);
    rules.extend(move_rules(sql));
    rules.extend(value_rules(sql));
    rules
}

fn balance_rules(sql: Sql) -> Vec<Rule> {
    vec![
        Compare {
            rule: VerifyRule::BalanceOfMoves,
            compared: "balance",
            keys: "product_id, location_id, lot_id",
            about: sql.product("d.product_id"),
            stored: "SELECT product_id, location_id, lot_id, quantity FROM balance WHERE company = $1".into(),
            ledger: "SELECT product_id, to_id, lot_id, quantity FROM stock_move WHERE company = $1
                 UNION ALL SELECT product_id, from_id, lot_id, -quantity FROM stock_move WHERE company = $1
                 UNION ALL SELECT product_id, location_id, lot_id, quantity FROM opening
                    WHERE company = $1 AND (SELECT role FROM installation WHERE id = 1) IS NOT DISTINCT FROM 'replica'"
                .into(),
            only: EVERYWHERE,
        }
        .rule(sql),
        // On a copy the moves are gone and the opening stands for them; the authority has both.
        Compare {
            rule: VerifyRule::OpeningOfMoves,
            compared: "opening",
            keys: "product_id, location_id, lot_id",
            about: sql.product("d.product_id"),
            stored: "SELECT product_id, location_id, lot_id, quantity FROM opening WHERE company = $1".into(),
            ledger: "SELECT product_id, to_id, lot_id, quantity FROM stock_move
                    WHERE company = $1 AND rev <= (SELECT through_rev FROM horizon WHERE company = $1)
                 UNION ALL SELECT product_id, from_id, lot_id, -quantity FROM stock_move
                    WHERE company = $1 AND rev <= (SELECT through_rev FROM horizon WHERE company = $1)"
                .into(),
            only: IS_AUTHORITY,
        }
        .rule(sql),
        Rule {
            rule: VerifyRule::BalancesSumToZero,
            compared: "product",
            sql: format!(
                "SELECT {}, {}, '0' FROM balance b LEFT JOIN location l ON l.company = b.company AND l.id = b.location_id
                 WHERE b.company = $1 GROUP BY b.product_id, l.warehouse_id HAVING SUM(b.quantity) <> 0",
                sql.product("b.product_id"),
                sql.text("SUM(b.quantity)")
            ),
        },
    ]
}

fn move_rules(sql: Sql) -> Vec<Rule> {
    vec![
        Rule {
            rule: VerifyRule::MoveGoesSomewhere,
            compared: "stock_move",
            sql: format!(
                "SELECT {}, {}, '0' FROM stock_move m WHERE m.company = $1 AND (m.quantity < 0 OR m.from_id = m.to_id)",
                sql.document("m.document_id"),
                sql.text("m.quantity")
            ),
        },
        Rule {
            rule: VerifyRule::MoveOfDocument,
            compared: "stock_move",
            sql: format!(
                "SELECT {}, '1', '0' FROM stock_move m WHERE m.company = $1
                 AND NOT EXISTS (SELECT 1 FROM sale_line l WHERE l.company = m.company AND l.sale_id = m.document_id AND l.line = m.line AND l.product_id = m.product_id)
                 AND NOT EXISTS (SELECT 1 FROM stock_document_line l WHERE l.company = m.company AND l.document_id = m.document_id AND l.line = m.line AND l.product_id = m.product_id)",
                sql.document("m.document_id")
            ),
        },
        Compare {
            rule: VerifyRule::StockDocumentMoved,
            compared: "stock_document_line",
            keys: "document_id, line, product_id",
            about: sql.document("d.document_id"),
            stored: "SELECT document_id, line, product_id, quantity FROM stock_document_line WHERE company = $1".into(),
            ledger: "SELECT m.document_id, m.line, m.product_id, CASE WHEN m.to_id = x.location_id THEN m.quantity ELSE -m.quantity END
                 FROM stock_move m JOIN stock_document x ON x.company = m.company AND x.id = m.document_id WHERE m.company = $1"
                .into(),
            only: EVERYWHERE,
        }
        .rule(sql),
    ]
}

fn value_rules(sql: Sql) -> Vec<Rule> {
    let real = real_kinds();
    vec![
        received_at_cost(sql),
        value_of_move(sql, &real),
        Rule {
            rule: VerifyRule::ValueNotBelowZero,
            compared: "move_value",
            sql: format!(
                "SELECT CASE WHEN m.command_id IS NULL THEN {} ELSE {} END, {}, '0' FROM move_value x
                 LEFT JOIN stock_move m ON m.company = x.company AND m.command_id = x.command_id AND m.ordinal = x.ordinal
                 WHERE x.company = $1 AND x.value < 0",
                sql.hex("x.command_id"),
                sql.document("m.document_id"),
                sql.text("x.value")
            ),
        },
        Compare {
            rule: VerifyRule::StockValueCounts,
            compared: "stock_value",
            keys: "warehouse_id, product_id",
            about: sql.product("d.product_id"),
            stored: "SELECT warehouse_id, product_id, quantity FROM stock_value WHERE company = $1".into(),
            ledger: format!(
                "SELECT l.warehouse_id, b.product_id, b.quantity FROM balance b
                 JOIN location l ON l.company = b.company AND l.id = b.location_id WHERE b.company = $1 AND l.kind IN ({real})
                 {}",
                and_holds_values("b", "l.warehouse_id", "b.product_id")
            ),
            only: HOLDS_WAREHOUSE,
        }
        .rule(sql),
        Compare {
            rule: VerifyRule::StockValueOfMoves,
            compared: "stock_value",
            keys: "warehouse_id, product_id",
            about: sql.product("d.product_id"),
            stored: "SELECT warehouse_id, product_id, value FROM stock_value WHERE company = $1".into(),
            ledger: format!(
                "SELECT m.warehouse_id, m.product_id,
                        CASE WHEN t.kind IN ({real}) AND f.kind NOT IN ({real}) THEN x.value
                             WHEN f.kind IN ({real}) AND t.kind NOT IN ({real}) THEN -x.value ELSE 0 END
                 FROM stock_move m
                 JOIN move_value x ON x.company = m.company AND x.command_id = m.command_id AND x.ordinal = m.ordinal
                 JOIN location f ON f.company = m.company AND f.id = m.from_id
                 JOIN location t ON t.company = m.company AND t.id = m.to_id
                 WHERE m.company = $1"
            ),
            only: &format!("{HOLDS_WAREHOUSE} AND {HAS_ALL_HISTORY}"),
        }
        .rule(sql),
        Rule {
            rule: VerifyRule::StockValueSign,
            compared: "stock_value",
            sql: format!(
                "SELECT {}, {}, {} FROM stock_value v WHERE v.company = $1
                 AND ((v.quantity = 0 AND v.value <> 0) OR (v.quantity > 0 AND v.value < 0) OR (v.quantity < 0 AND v.value > 0))",
                sql.product("v.product_id"),
                sql.text("v.value"),
                sql.text("v.quantity")
            ),
        },
    ]
}

/// A copy without the office's scope holds balances and no values: nothing there can be compared.
fn and_holds_values(row: &str, warehouse: &str, product: &str) -> String {
    format!(
        "AND ({IS_AUTHORITY} OR EXISTS (SELECT 1 FROM stock_value o WHERE o.company = {row}.company AND o.warehouse_id = {warehouse} AND o.product_id = {product}))"
    )
}

/// Cost and quantity are too large to be multiplied as whole numbers. As numbers with a point they are right to far
/// less than half a minor unit for all that is ever received; the tolerance is for what is not.
fn received_at_cost(sql: Sql) -> Rule {
    let cost = "(CAST(c.unit_cost AS DOUBLE PRECISION) * l.quantity / 10000000.0)";
    Rule {
        rule: VerifyRule::ReceivedAtCost,
        compared: "stock_document_cost",
        sql: format!(
            "SELECT {}, {}, {} FROM stock_document_cost c
             JOIN stock_document_line l ON l.company = c.company AND l.document_id = c.document_id AND l.line = c.line
             JOIN stock_move m ON m.company = c.company AND m.document_id = c.document_id AND m.line = c.line AND m.reason = 'receipt'
             JOIN move_value x ON x.company = m.company AND x.command_id = m.command_id AND x.ordinal = m.ordinal
             WHERE c.company = $1 AND abs(x.value - {cost}) > 0.5 + abs({cost}) * 0.000000000001",
            sql.document("c.document_id"),
            sql.text("x.value"),
            sql.text(cost)
        ),
    }
}

fn value_of_move(sql: Sql, real: &str) -> Rule {
    Rule {
        rule: VerifyRule::ValueOfMove,
        compared: "move_value",
        sql: format!(
            "SELECT {}, '0', '1' FROM stock_move m
             JOIN location f ON f.company = m.company AND f.id = m.from_id
             JOIN location t ON t.company = m.company AND t.id = m.to_id
             WHERE m.company = $1 AND (f.kind IN ({real})) <> (t.kind IN ({real})) AND {IS_AUTHORITY}
             AND NOT EXISTS (SELECT 1 FROM move_value x WHERE x.company = m.company AND x.command_id = m.command_id AND x.ordinal = m.ordinal)
             UNION ALL SELECT {}, '1', '0' FROM move_value x WHERE x.company = $1 AND {IS_AUTHORITY}
             AND NOT EXISTS (SELECT 1 FROM stock_move m WHERE m.company = x.company AND m.command_id = x.command_id AND m.ordinal = x.ordinal)",
            sql.document("m.document_id"),
            sql.hex("x.command_id")
        ),
    }
}

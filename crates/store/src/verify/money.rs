//! Postings against the documents they belong to, account by account.

use kontor_domain::verify::VerifyRule;

use super::compare::{Compare, EVERYWHERE, Sql};
use super::{Rule, SHIFT_IS_WHOLE};

pub(super) fn rules(sql: Sql) -> Vec<Rule> {
    let mut rules = posting_rules(sql);
    rules.extend(sale_rules(sql));
    rules.extend(drawer_rules(sql));
    rules
}

fn posting_rules(sql: Sql) -> Vec<Rule> {
    vec![
        Rule {
            rule: VerifyRule::PostingsSumToZero,
            compared: "posting",
            sql: format!(
                "SELECT {}, {}, '0' FROM (SELECT command_id, MIN(ordinal) AS ordinal, SUM(amount) AS amount FROM posting WHERE company = $1 GROUP BY command_id) s
                 JOIN posting p ON p.company = $1 AND p.command_id = s.command_id AND p.ordinal = s.ordinal WHERE s.amount <> 0",
                sql.document("p.document_id"),
                sql.text("s.amount")
            ),
        },
        Rule {
            rule: VerifyRule::PostingOfSomething,
            compared: "posting",
            sql: format!("SELECT {}, '0', '1' FROM posting p WHERE p.company = $1 AND p.amount = 0", sql.document("p.document_id")),
        },
        Rule {
            rule: VerifyRule::PostingOfShift,
            compared: "posting",
            sql: format!(
                "SELECT CASE WHEN h.id IS NULL THEN {} ELSE {} END, {}, {} FROM posting p
                 LEFT JOIN sale s ON p.document_kind = 'sale' AND s.company = p.company AND s.id = p.document_id
                 LEFT JOIN cash_movement c ON p.document_kind = 'cash' AND c.company = p.company AND c.id = p.document_id
                 LEFT JOIN shift o ON p.document_kind = 'shift' AND o.company = p.company AND o.id = p.document_id
                 LEFT JOIN shift h ON h.company = p.company AND h.id = coalesce(s.shift_id, c.shift_id, o.id)
                 WHERE p.company = $1 AND (p.shift_id IS DISTINCT FROM h.id OR p.till_id IS DISTINCT FROM h.till_id
                    OR (p.account = 'drawer' AND replace(p.detail, '-', '') IS DISTINCT FROM {}))",
                sql.shift("p.shift_id"),
                sql.document("p.document_id"),
                sql.shift("p.shift_id"),
                sql.shift("h.id"),
                sql.hex("h.till_id")
            ),
        },
    ]
}

/// A sale's figures against its postings.
fn sale_rules(sql: Sql) -> Vec<Rule> {
    let of_class = |account: &str| {
        format!(
            "SELECT document_id, replace(detail, '-', ''), -amount FROM posting WHERE company = $1 AND document_kind = 'sale' AND account = '{account}'"
        )
    };
    let class = |rule, account: &str, figure: &str| {
        Compare {
            rule,
            compared: "sale_tax",
            keys: "sale_id, class",
            about: format!("{} || ' ' || {}", sql.sale("d.sale_id"), sql.tax("d.class")),
            stored: format!("SELECT sale_id, {}, {figure} FROM sale_tax WHERE company = $1", sql.hex("tax_id")),
            ledger: of_class(account),
            only: EVERYWHERE,
        }
        .rule(sql)
    };
    vec![
        Compare {
            rule: VerifyRule::TendersPosted,
            compared: "sale_tender",
            keys: "sale_id, account",
            about: sql.sale("d.sale_id"),
            stored: "SELECT sale_id, CASE kind WHEN 'cash' THEN 'drawer' ELSE kind END, amount FROM sale_tender WHERE company = $1".into(),
            ledger: "SELECT document_id, account, amount FROM posting
                 WHERE company = $1 AND document_kind = 'sale' AND account NOT IN ('sales', 'tax', 'rounding')"
                .into(),
            only: EVERYWHERE,
        }
        .rule(sql),
        class(VerifyRule::SalesPosted, "sales", "base"),
        class(VerifyRule::TaxPosted, "tax", "tax"),
        Compare {
            rule: VerifyRule::RoundingPosted,
            compared: "sale",
            keys: "sale_id",
            about: sql.sale("d.sale_id"),
            stored: "SELECT id, rounding FROM sale WHERE company = $1".into(),
            ledger: "SELECT document_id, -amount FROM posting WHERE company = $1 AND document_kind = 'sale' AND account = 'rounding'".into(),
            only: EVERYWHERE,
        }
        .rule(sql),
    ]
}

/// What a shift's opening, closing and cash movements posted. Money told after the closing raises what was expected
/// and is missing at once, so the sums hold then, too.
fn drawer_rules(sql: Sql) -> Vec<Rule> {
    let of_shift = |rule, figure: &str, account: &str| {
        Compare {
            rule,
            compared: "shift",
            keys: "shift_id",
            about: sql.shift("d.shift_id"),
            stored: format!("SELECT id, {figure} FROM shift WHERE company = $1"),
            ledger: format!("SELECT shift_id, amount FROM posting WHERE company = $1 AND account = '{account}'"),
            only: SHIFT_IS_WHOLE,
        }
        .rule(sql)
    };
    vec![
        Compare {
            rule: VerifyRule::CashMovementPosted,
            compared: "cash_movement",
            keys: "id, account",
            about: sql.document("d.id"),
            stored: "SELECT id, 'drawer', CASE direction WHEN 'in' THEN amount ELSE -amount END FROM cash_movement WHERE company = $1
                 UNION ALL SELECT id, CASE direction WHEN 'in' THEN 'cash_in' ELSE 'cash_out' END, CASE direction WHEN 'in' THEN -amount ELSE amount END
                 FROM cash_movement WHERE company = $1"
                .into(),
            ledger: "SELECT document_id, account, amount FROM posting WHERE company = $1 AND document_kind = 'cash'".into(),
            only: EVERYWHERE,
        }
        .rule(sql),
        of_shift(VerifyRule::FloatAndCountPosted, "coalesce(counted, 0) - float", "safe"),
        of_shift(VerifyRule::OverShortPosted, "coalesce(expected, 0) - coalesce(counted, 0)", "over_short"),
        Compare {
            rule: VerifyRule::ClosedDrawerIsEmpty,
            compared: "shift",
            keys: "shift_id",
            about: sql.shift("d.shift_id"),
            stored: "SELECT id, 0 FROM shift WHERE company = $1".into(),
            ledger: "SELECT shift_id, amount FROM posting WHERE company = $1 AND account = 'drawer'".into(),
            only: &format!("EXISTS (SELECT 1 FROM shift h WHERE h.company = $1 AND h.id = d.shift_id AND h.state = 'closed') AND {SHIFT_IS_WHOLE}"),
        }
        .rule(sql),
    ]
}

//! Sales against their lines, tax classes, tenders, moves and refunds.

use kontor_domain::verify::VerifyRule;

use super::compare::{Compare, EVERYWHERE, Sql, not_told_double};
use super::{HAS_ALL_HISTORY, IS_AUTHORITY, Rule};

pub(super) fn rules(sql: Sql) -> Vec<Rule> {
    let mut rules = line_rules(sql);
    rules.extend(sum_rules(sql));
    rules.extend(["base", "tax"].map(|figure| class_rule(sql, figure)));
    rules.push(sale_moved(sql));
    rules.extend(number_rules(sql));
    rules.push(refunded_of_line(sql));
    rules
}

fn line_rules(sql: Sql) -> Vec<Rule> {
    let line = |rule, figure: &str, parts: &str| Rule {
        rule,
        compared: "sale_line",
        sql: format!(
            "SELECT s.number, {}, {} FROM sale_line l JOIN sale s ON s.company = l.company AND s.id = l.sale_id
             WHERE l.company = $1 AND {figure} <> {parts}",
            sql.text(figure),
            sql.text(parts)
        ),
    };
    vec![
        line(VerifyRule::LineBaseAndTax, "l.total", "(l.base + l.tax)"),
        // The discounted price is the one with tax where prices contain it, without where not.
        line(
            VerifyRule::LineDiscounted,
            "(CASE s.tax_mode WHEN 'inclusive' THEN l.total ELSE l.base END)",
            "(l.gross - l.discount - l.cart_discount)",
        ),
    ]
}

/// A sale's figure against the sum of its parts.
fn sum_rules(sql: Sql) -> impl Iterator<Item = Rule> {
    [
        (VerifyRule::LinesGross, "gross", "sale_line", "gross"),
        (VerifyRule::LinesDiscount, "discount", "sale_line", "discount + cart_discount"),
        (VerifyRule::LinesBase, "base", "sale_line", "base"),
        (VerifyRule::LinesTax, "tax", "sale_line", "tax"),
        (VerifyRule::LinesTotal, "total", "sale_line", "total"),
        (VerifyRule::TendersPay, "total + rounding", "sale_tender", "amount"),
        (VerifyRule::TendersGiven, "given", "sale_tender", "given"),
        (VerifyRule::TendersChange, "change", "sale_tender", "given - amount"),
    ]
    .into_iter()
    .map(move |(rule, figure, table, column)| {
        Compare {
            rule,
            compared: "sale",
            keys: "sale_id",
            about: sql.sale("d.sale_id"),
            stored: format!("SELECT id, {figure} FROM sale WHERE company = $1"),
            ledger: format!("SELECT sale_id, {column} FROM {table} WHERE company = $1"),
            only: EVERYWHERE,
        }
        .rule(sql)
    })
}

/// A sale's sums by tax class against its lines of that class.
fn class_rule(sql: Sql, figure: &str) -> Rule {
    Compare {
        rule: if figure == "base" { VerifyRule::ClassBase } else { VerifyRule::ClassTax },
        compared: "sale_tax",
        keys: "sale_id, tax_id",
        about: format!("{} || ' ' || {}", sql.sale("d.sale_id"), sql.tax(&sql.hex("d.tax_id"))),
        stored: format!("SELECT sale_id, tax_id, {figure} FROM sale_tax WHERE company = $1"),
        ledger: format!("SELECT sale_id, tax_id, {figure} FROM sale_line WHERE company = $1"),
        only: EVERYWHERE,
    }
    .rule(sql)
}

fn sale_moved(sql: Sql) -> Rule {
    Rule {
        rule: VerifyRule::SaleMoved,
        compared: "sale_line",
        // A thousandth of a pack can be a fraction of a base unit: moves are whole thousandths, so ≤ 1 apart.
        sql: format!(
            "SELECT s.number, {}, {} FROM sale_line l JOIN sale s ON s.company = l.company AND s.id = l.sale_id
             LEFT JOIN (SELECT m.document_id, m.line, m.product_id, SUM(CASE WHEN m.to_id = x.location_id THEN -m.quantity ELSE m.quantity END) AS quantity
                 FROM stock_move m JOIN sale x ON x.company = m.company AND x.id = m.document_id
                 WHERE m.company = $1 AND m.reason IN ('sale', 'refund') GROUP BY m.document_id, m.line, m.product_id) h
             ON h.document_id = l.sale_id AND h.line = l.line AND h.product_id = l.product_id
             WHERE l.company = $1 AND abs(l.quantity * l.pack - 1000 * coalesce(h.quantity, 0)) > CASE WHEN l.pack % 1000 = 0 AND l.quantity % 1000 = 0 THEN 0 ELSE 1000 END",
            sql.text("l.quantity"),
            sql.text("coalesce(h.quantity, 0)")
        ),
    }
}

fn number_rules(sql: Sql) -> Vec<Rule> {
    vec![
        Rule {
            rule: VerifyRule::ReceiptNumbers,
            compared: "sale",
            sql: format!(
                "SELECT {} || '-' || CAST(n.series AS TEXT), {}, {} FROM (
                    SELECT till_id, series, COUNT(*) AS many, COUNT(DISTINCT seq) AS distinct_many, MIN(seq) AS first, MAX(seq) AS last
                    FROM sale WHERE company = $1 AND rev > 0 AND {} GROUP BY till_id, series) n
                 WHERE n.distinct_many <> n.many OR ((n.many <> n.last - n.first + 1 OR n.first <> 1) AND {HAS_ALL_HISTORY})",
                sql.till("n.till_id"),
                sql.text("n.many"),
                sql.text("n.last"),
                not_told_double("sale.id")
            ),
        },
        Rule {
            rule: VerifyRule::ReceiptCounter,
            compared: "number_counter",
            sql: format!(
                "SELECT {} || '-' || CAST(c.series AS TEXT), {}, {} FROM number_counter c
                 LEFT JOIN (SELECT till_id, series, MAX(seq) AS seq FROM sale WHERE company = $1 GROUP BY till_id, series) s
                 ON s.till_id = c.till_id AND s.series = c.series
                 WHERE c.company = $1 AND c.kind = 'receipt' AND c.last <> coalesce(s.seq, 0)
                 AND {IS_AUTHORITY}",
                sql.till("c.till_id"),
                sql.text("c.last"),
                sql.text("coalesce(s.seq, 0)")
            ),
        },
    ]
}

/// A copy may hold the sale and not a refund of it made in another warehouse, nor the item that tells of it: only who
/// sees all of what came back can miss the item.
fn refunded_of_line(sql: Sql) -> Rule {
    Rule {
        rule: VerifyRule::RefundedOfLine,
        compared: "sale_line_refunded",
        sql: format!(
            "SELECT {}, {}, {} FROM sale_line_refunded r
             LEFT JOIN (SELECT s.refund_of, l.refund_of_line, -SUM(l.quantity) AS quantity FROM sale s
                 JOIN sale_line l ON l.company = s.company AND l.sale_id = s.id
                 WHERE s.company = $1 AND s.refund_of IS NOT NULL GROUP BY s.refund_of, l.refund_of_line) x
             ON x.refund_of = r.sale_id AND x.refund_of_line = r.line
             JOIN sale_line o ON o.company = r.company AND o.sale_id = r.sale_id AND o.line = r.line
             WHERE r.company = $1 AND (r.quantity < coalesce(x.quantity, 0) OR (r.quantity > coalesce(x.quantity, 0) AND {IS_AUTHORITY})
                OR (r.quantity > o.quantity AND r.quantity = coalesce(x.quantity, 0) AND NOT EXISTS (SELECT 1 FROM attention a WHERE a.company = $1 AND a.about_id = r.sale_id AND a.kind = 'rule_broken')))
             UNION ALL SELECT s.number, '0', {} FROM sale s JOIN sale_line l ON l.company = s.company AND l.sale_id = s.id
             WHERE s.company = $1 AND s.refund_of IS NOT NULL AND {IS_AUTHORITY}
             AND NOT EXISTS (SELECT 1 FROM sale_line_refunded r WHERE r.company = s.company AND r.sale_id = s.refund_of AND r.line = l.refund_of_line)",
            sql.sale("r.sale_id"),
            sql.text("r.quantity"),
            sql.text("coalesce(x.quantity, 0)"),
            sql.text("-l.quantity")
        ),
    }
}

//! Recomputing everything from the ledgers, line by line, and naming what differs.
//!
//! Each rule is one statement that returns rows only where something is wrong: what it is about, what is stored,
//! what the ledger says. The same on both engines.

use kontor_domain::counter::Z_NUMBER;
use kontor_domain::host::{Difference, VerifyReport};
use kontor_domain::ids::CompanyId;
use kontor_domain::reject::Code;
use kontor_domain::stock::LocationKind;
use sqlx::Row;

use crate::error::StoreError;
use crate::migrations::Engine;
use crate::reader::{Asker, Reader, values};

/// Most differences of one rule that are told.
const DIFFERENCES_LIMIT: usize = 20;

/// A rule: its name, how many figures it compares, and what finds differences (about, stored, ledger).
struct Rule {
    name: &'static str,
    compared: &'static str,
    sql: String,
}

impl Reader {
    /// Checks every rule. `progress` is told (done, of) after each.
    pub async fn verify(&self, asker: &Asker, progress: &(dyn Fn(i64, i64) + Send + Sync)) -> Result<VerifyReport, StoreError> {
        let rules = rules(self.engine());
        let mut report = VerifyReport { compared: 0, differences: Vec::new() };
        let of = i64::try_from(rules.len()).unwrap_or(i64::MAX);
        for (done, rule) in (1_i64..).zip(&rules) {
            report.compared += self.number(format!("SELECT COUNT(*) FROM {} WHERE company = $1", rule.compared), values(asker, [])).await?;
            let sql = format!("{} LIMIT {DIFFERENCES_LIMIT}", rule.sql);
            for row in self.fetch(sql, values(asker, [])).await? {
                let text = |index: usize| row.try_get::<Option<String>, _>(index).map(Option::unwrap_or_default);
                report.differences.push(Difference { rule: rule.name.to_owned(), about: text(0)?, stored: text(1)?, ledger: text(2)? });
            }
            progress(done, of);
        }
        Ok(report)
    }
}

/// Checks every rule on an open file, at once: what the simulator does to each of its files.
pub fn check_file(connection: &rusqlite::Connection, company: CompanyId) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    for rule in rules(Engine::Sqlite) {
        let mut statement = connection.prepare_cached(&rule.sql)?;
        let mut rows = statement.query([company.0.as_bytes()])?;
        while let Some(row) = rows.next()? {
            let text = |index: usize| row.get::<_, Option<String>>(index).map(Option::unwrap_or_default);
            differences.push(Difference { rule: rule.name.to_owned(), about: text(0)?, stored: text(1)?, ledger: text(2)? });
        }
    }
    Ok(differences)
}

/// Numbers that were given twice (two files of one till) are told to a person: the second one is no difference. (What
/// is still pending on a copy has rev 0 and is looked at when the authority has it.)
fn not_told_double(id: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM attention a WHERE a.company = $1 AND a.about_id = {id} AND a.kind = 'rule_broken' AND a.args LIKE '%\"code\":\"{}\"%')",
        Code::CodeInUse.number()
    )
}

fn real_kinds() -> String {
    LocationKind::ALL.iter().filter(|kind| kind.is_real()).map(|kind| format!("'{}'", kind.word())).collect::<Vec<_>>().join(", ")
}

fn rules(engine: Engine) -> Vec<Rule> {
    let hex = |column: &str| match engine {
        Engine::Sqlite => format!("lower(hex({column}))"),
        Engine::Postgres => format!("encode({column}, 'hex')"),
    };
    // A sum as text; SUM over BIGINT is NUMERIC on PostgreSQL.
    let text = |value: &str| format!("CAST(CAST({value} AS BIGINT) AS TEXT)");
    let mut rules = stock_rules(&hex, &text);
    rules.extend(money_rules(&hex, &text));
    rules.extend(sale_rules(&hex, &text));
    rules.extend(shift_rules(engine, &hex, &text));
    rules
}

/// An office's copy has the stock values of every warehouse, and the moves of those it holds.
const HOLDS_WAREHOUSE: &str = "((SELECT role FROM installation WHERE id = 1) IS DISTINCT FROM 'replica'
                 OR EXISTS (SELECT 1 FROM stock_move y WHERE y.company = v.company AND y.warehouse_id = v.warehouse_id))";

/// What a copy need not fulfil: it lacks what was done in warehouses it does not hold.
const IS_AUTHORITY: &str = "(SELECT role FROM installation WHERE id = 1) IS DISTINCT FROM 'replica'";

/// On a copy, what is behind the horizon is one opening for each balance; the authority has the moves themselves.
const OPENINGS: &str = "SELECT product_id, location_id, lot_id, quantity FROM opening
                    WHERE company = $1 AND (SELECT role FROM installation WHERE id = 1) IS NOT DISTINCT FROM 'replica'";

/// A copy has all documents of the shifts (`h`) of the day from which it keeps them.
const SHIFT_IS_WHOLE: &str = "((SELECT role FROM installation WHERE id = 1) IS DISTINCT FROM 'replica'
                 OR h.business_date >= coalesce((SELECT kept_from FROM horizon WHERE company = $1), ''))";

/// The authority, and a copy that has nothing behind a horizon.
const HAS_ALL_HISTORY: &str = "((SELECT role FROM installation WHERE id = 1) IS DISTINCT FROM 'replica'
                 OR NOT EXISTS (SELECT 1 FROM horizon z WHERE z.company = $1))";

type Text<'a> = &'a dyn Fn(&str) -> String;

fn stock_rules(hex: Text<'_>, text: Text<'_>) -> Vec<Rule> {
    let real = real_kinds();
    vec![
        Rule {
            name: "balance equals its moves",
            compared: "balance",
            sql: format!(
                "WITH flow AS (
                    SELECT product_id, to_id AS location_id, lot_id, quantity FROM stock_move WHERE company = $1
                    UNION ALL SELECT product_id, from_id, lot_id, -quantity FROM stock_move WHERE company = $1
                    UNION ALL SELECT product_id, location_id, lot_id, 0 FROM balance WHERE company = $1
                    UNION ALL {OPENINGS}),
                 sums AS (SELECT product_id, location_id, lot_id, SUM(quantity) AS quantity FROM flow GROUP BY product_id, location_id, lot_id)
                 SELECT {}, {}, {} FROM sums s LEFT JOIN balance b ON b.company = $1 AND b.product_id = s.product_id AND b.location_id = s.location_id AND b.lot_id = s.lot_id
                 WHERE coalesce(b.quantity, 0) <> s.quantity",
                hex("s.product_id"),
                text("coalesce(b.quantity, 0)"),
                text("s.quantity")
            ),
        },
        Rule {
            name: "an opening equals the moves behind the horizon",
            compared: "opening",
            sql: format!(
                "WITH behind AS (SELECT through_rev FROM horizon WHERE company = $1),
                 flow AS (
                    SELECT product_id, to_id AS location_id, lot_id, quantity FROM stock_move WHERE company = $1 AND rev <= (SELECT through_rev FROM behind)
                    UNION ALL SELECT product_id, from_id, lot_id, -quantity FROM stock_move WHERE company = $1 AND rev <= (SELECT through_rev FROM behind)
                    UNION ALL SELECT product_id, location_id, lot_id, 0 FROM opening WHERE company = $1),
                 sums AS (SELECT product_id, location_id, lot_id, SUM(quantity) AS quantity FROM flow GROUP BY product_id, location_id, lot_id)
                 SELECT {}, {}, {} FROM sums s LEFT JOIN opening o ON o.company = $1 AND o.product_id = s.product_id AND o.location_id = s.location_id AND o.lot_id = s.lot_id
                 WHERE coalesce(o.quantity, 0) <> s.quantity AND {IS_AUTHORITY}",
                hex("s.product_id"),
                text("coalesce(o.quantity, 0)"),
                text("s.quantity")
            ),
        },
        Rule {
            name: "balances of a product sum to zero over all locations",
            compared: "product",
            sql: format!(
                "SELECT {}, {}, '0' FROM balance WHERE company = $1 GROUP BY product_id HAVING SUM(quantity) <> 0",
                hex("product_id"),
                text("SUM(quantity)")
            ),
        },
        Rule {
            name: "stock value counts what real locations hold",
            compared: "stock_value",
            sql: format!(
                "SELECT {}, {}, {} FROM stock_value v
                 LEFT JOIN (SELECT b.product_id, l.warehouse_id, SUM(b.quantity) AS quantity FROM balance b
                     JOIN location l ON l.company = b.company AND l.id = b.location_id
                     WHERE b.company = $1 AND l.kind IN ({real}) GROUP BY b.product_id, l.warehouse_id) h
                 ON h.product_id = v.product_id AND h.warehouse_id = v.warehouse_id
                 WHERE v.company = $1 AND v.quantity <> coalesce(h.quantity, 0) AND {HOLDS_WAREHOUSE}",
                hex("v.product_id"),
                text("v.quantity"),
                text("coalesce(h.quantity, 0)")
            ),
        },
        Rule {
            name: "stock value equals the values that moved in and out",
            compared: "stock_value",
            sql: format!(
                "SELECT {}, {}, {} FROM stock_value v
                 LEFT JOIN (SELECT m.product_id, m.warehouse_id,
                        SUM(CASE WHEN t.kind IN ({real}) AND f.kind NOT IN ({real}) THEN x.value
                                 WHEN f.kind IN ({real}) AND t.kind NOT IN ({real}) THEN -x.value ELSE 0 END) AS value
                     FROM stock_move m
                     JOIN move_value x ON x.company = m.company AND x.command_id = m.command_id AND x.ordinal = m.ordinal
                     JOIN location f ON f.company = m.company AND f.id = m.from_id
                     JOIN location t ON t.company = m.company AND t.id = m.to_id
                     WHERE m.company = $1 GROUP BY m.product_id, m.warehouse_id) h
                 ON h.product_id = v.product_id AND h.warehouse_id = v.warehouse_id
                 WHERE v.company = $1 AND v.value <> coalesce(h.value, 0) AND {HOLDS_WAREHOUSE}
                 AND {HAS_ALL_HISTORY}",
                hex("v.product_id"),
                text("v.value"),
                text("coalesce(h.value, 0)")
            ),
        },
        Rule {
            name: "no stock is worth nothing",
            compared: "stock_value",
            sql: format!(
                "SELECT {}, {}, '0' FROM stock_value WHERE company = $1 AND quantity = 0 AND value <> 0",
                hex("product_id"),
                text("value")
            ),
        },
        Rule {
            name: "a stock document's lines equal its moves",
            compared: "stock_document_line",
            sql: format!(
                "SELECT d.number, {}, {} FROM stock_document_line l
                 JOIN stock_document d ON d.company = l.company AND d.id = l.document_id
                 LEFT JOIN (SELECT document_id, line, product_id, SUM(CASE WHEN to_id = location_id THEN quantity ELSE -quantity END) AS quantity
                     FROM stock_move m JOIN stock_document x ON x.company = m.company AND x.id = m.document_id
                     WHERE m.company = $1 GROUP BY document_id, line, product_id) h
                 ON h.document_id = l.document_id AND h.line = l.line AND h.product_id = l.product_id
                 WHERE l.company = $1 AND l.quantity <> coalesce(h.quantity, 0)",
                text("l.quantity"),
                text("coalesce(h.quantity, 0)")
            ),
        },
        Rule {
            name: "every move belongs to a document",
            compared: "stock_move",
            sql: format!(
                "SELECT {}, '1', '0' FROM stock_move m WHERE m.company = $1
                 AND NOT EXISTS (SELECT 1 FROM sale_line l WHERE l.company = m.company AND l.sale_id = m.document_id AND l.line = m.line AND l.product_id = m.product_id)
                 AND NOT EXISTS (SELECT 1 FROM stock_document_line l WHERE l.company = m.company AND l.document_id = m.document_id AND l.line = m.line AND l.product_id = m.product_id)",
                hex("m.command_id")
            ),
        },
    ]
}

fn money_rules(hex: Text<'_>, text: Text<'_>) -> Vec<Rule> {
    vec![
        Rule {
            name: "a command's postings sum to zero",
            compared: "posting",
            sql: format!(
                "SELECT {}, {}, '0' FROM posting WHERE company = $1 GROUP BY command_id HAVING SUM(amount) <> 0",
                hex("command_id"),
                text("SUM(amount)")
            ),
        },
        posting_rule(
            "tenders equal their postings",
            "sale_tender",
            "('drawer', 'card', 'transfer')",
            "(SELECT SUM(amount) FROM sale_tender t WHERE t.company = s.company AND t.sale_id = s.id)",
            "1",
            text,
        ),
        posting_rule("sales without tax equal their postings", "sale", "('sales')", "s.base", "-1", text),
        posting_rule("tax equals its postings", "sale", "('tax')", "s.tax", "-1", text),
        posting_rule("rounding equals its postings", "sale", "('rounding')", "s.rounding", "-1", text),
    ]
}

/// A sale's figure against the postings of some accounts.
fn posting_rule(name: &'static str, compared: &'static str, accounts: &str, figure: &str, sign: &str, text: Text<'_>) -> Rule {
    Rule {
        name,
        compared,
        sql: format!(
            "SELECT s.number, {}, {} FROM sale s
             LEFT JOIN (SELECT document_id, SUM(amount) AS amount FROM posting WHERE company = $1 AND account IN {accounts} GROUP BY document_id) g
             ON g.document_id = s.id
             WHERE s.company = $1 AND coalesce({figure}, 0) <> {sign} * coalesce(g.amount, 0)",
            text(&format!("coalesce({figure}, 0)")),
            text(&format!("{sign} * coalesce(g.amount, 0)"))
        ),
    }
}

fn sale_rules(hex: Text<'_>, text: Text<'_>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = [
        ("lines sum to the sale's total", "total", "sale_line", "total"),
        ("lines sum to the sale's gross", "gross", "sale_line", "gross"),
        ("lines sum to the sale's tax", "tax", "sale_line", "tax"),
        ("lines sum to the sale without tax", "base", "sale_line", "base"),
        ("tax classes sum to the sale's tax", "tax", "sale_tax", "tax"),
        ("tax classes sum to the sale without tax", "base", "sale_tax", "base"),
        ("tenders sum to total and rounding", "total + s.rounding", "sale_tender", "amount"),
        ("discounts of lines sum to the sale's", "discount", "sale_line", "discount + cart_discount"),
    ]
    .into_iter()
    .map(|(name, figure, table, column)| Rule {
        name,
        compared: "sale",
        sql: format!(
            "SELECT s.number, {}, {} FROM sale s
             LEFT JOIN (SELECT sale_id, SUM({column}) AS amount FROM {table} WHERE company = $1 GROUP BY sale_id) x ON x.sale_id = s.id
             WHERE s.company = $1 AND s.{figure} <> coalesce(x.amount, 0)",
            text(&format!("s.{figure}")),
            text("coalesce(x.amount, 0)")
        ),
    })
    .collect();
    rules.push(Rule {
        name: "a sale's lines equal its moves",
        compared: "sale_line",
        // A thousandth of a pack can be a fraction of a base unit: moves are whole thousandths, so ≤ 1 apart.
        sql: format!(
            "SELECT s.number, {}, {} FROM sale_line l JOIN sale s ON s.company = l.company AND s.id = l.sale_id
             LEFT JOIN (SELECT m.document_id, m.line, SUM(CASE WHEN m.to_id = x.location_id THEN -m.quantity ELSE m.quantity END) AS quantity
                 FROM stock_move m JOIN sale x ON x.company = m.company AND x.id = m.document_id
                 WHERE m.company = $1 AND m.reason IN ('sale', 'refund') GROUP BY m.document_id, m.line) h
             ON h.document_id = l.sale_id AND h.line = l.line
             WHERE l.company = $1 AND abs(l.quantity * l.pack - 1000 * coalesce(h.quantity, 0)) > CASE WHEN l.pack % 1000 = 0 AND l.quantity % 1000 = 0 THEN 0 ELSE 1000 END",
            text("l.quantity"),
            text("coalesce(h.quantity, 0)")
        ),
    });
    rules.push(Rule {
        name: "receipt numbers have no gap and no double",
        compared: "sale",
        sql: format!(
            "SELECT {}, {}, {} FROM sale WHERE company = $1 AND rev > 0 AND {} GROUP BY till_id, series
             HAVING COUNT(DISTINCT seq) <> COUNT(*) OR ((COUNT(*) <> MAX(seq) - MIN(seq) + 1 OR MIN(seq) <> 1) AND {HAS_ALL_HISTORY})",
            hex("till_id"),
            text("COUNT(*)"),
            text("MAX(seq)"),
            not_told_double("sale.id")
        ),
    });
    rules.push(Rule {
        name: "the number counter stands at the last receipt",
        compared: "number_counter",
        sql: format!(
            "SELECT {}, {}, {} FROM number_counter c
             LEFT JOIN (SELECT till_id, series, MAX(seq) AS seq FROM sale WHERE company = $1 GROUP BY till_id, series) s
             ON s.till_id = c.till_id AND s.series = c.series
             WHERE c.company = $1 AND c.kind = 'receipt' AND c.last <> coalesce(s.seq, 0)
             AND {IS_AUTHORITY}",
            hex("c.till_id"),
            text("c.last"),
            text("coalesce(s.seq, 0)")
        ),
    });
    rules.push(Rule {
        // A copy may hold the sale and not a refund of it made in another warehouse, nor the item that tells of it: only
        // who sees all of what came back can miss the item.
        name: "what came back of a line equals its refunds",
        compared: "sale_line_refunded",
        sql: format!(
            "SELECT {}, {}, {} FROM sale_line_refunded r
             LEFT JOIN (SELECT s.refund_of, l.refund_of_line, -SUM(l.quantity) AS quantity FROM sale s
                 JOIN sale_line l ON l.company = s.company AND l.sale_id = s.id
                 WHERE s.company = $1 AND s.refund_of IS NOT NULL GROUP BY s.refund_of, l.refund_of_line) x
             ON x.refund_of = r.sale_id AND x.refund_of_line = r.line
             JOIN sale_line o ON o.company = r.company AND o.sale_id = r.sale_id AND o.line = r.line
             WHERE r.company = $1 AND (r.quantity < coalesce(x.quantity, 0) OR (r.quantity > coalesce(x.quantity, 0) AND {IS_AUTHORITY})
                OR (r.quantity > o.quantity AND r.quantity = coalesce(x.quantity, 0) AND NOT EXISTS (SELECT 1 FROM attention a WHERE a.company = $1 AND a.about_id = r.sale_id AND a.kind = 'rule_broken')))",
            hex("r.sale_id"),
            text("r.quantity"),
            text("coalesce(x.quantity, 0)")
        ),
    });
    rules
}

fn shift_rules(engine: Engine, hex: Text<'_>, text: Text<'_>) -> Vec<Rule> {
    let total = |name: &'static str, kind: &str, column: &str, ledger: String| {
        Rule {
        name,
        compared: "shift_total",
        sql: format!(
            "SELECT {}, {}, {} FROM shift h
             LEFT JOIN (SELECT shift_id, SUM({column}) AS amount FROM shift_total WHERE company = $1 AND kind = '{kind}' GROUP BY shift_id) t ON t.shift_id = h.id
             LEFT JOIN ({ledger}) x ON x.shift_id = h.id
             WHERE h.company = $1 AND coalesce(t.amount, 0) <> coalesce(x.amount, 0) AND {SHIFT_IS_WHOLE}",
            hex("h.id"),
            text("coalesce(t.amount, 0)"),
            text("coalesce(x.amount, 0)")
        ),
    }
    };
    let sales = |figure: &str, condition: &str| {
        format!("SELECT shift_id, SUM({figure}) AS amount FROM sale WHERE company = $1 AND {condition} GROUP BY shift_id")
    };
    vec![
        total("a shift's sales equal its receipts", "sales", "amount", sales("total", "kind = 'sale'")),
        total("a shift counts its receipts", "sales", "count", sales("1", "kind = 'sale'")),
        total("a shift's refunds equal its refund receipts", "refunds", "amount", sales("total", "kind = 'refund'")),
        total("a shift's tax equals its receipts'", "tax_amount", "amount", sales("tax", "1 = 1")),
        total(
            "a shift's tenders equal its receipts'",
            "tender",
            "amount",
            "SELECT s.shift_id, SUM(t.amount) AS amount FROM sale s JOIN sale_tender t ON t.company = s.company AND t.sale_id = s.id
             WHERE s.company = $1 GROUP BY s.shift_id"
                .to_owned(),
        ),
        total(
            "a shift's drawer equals its postings, or what was expected when it closed",
            "drawer",
            "amount",
            "SELECT y.id AS shift_id, CASE WHEN y.state = 'closed' THEN y.expected ELSE g.amount END AS amount FROM shift y
             LEFT JOIN (SELECT shift_id, SUM(amount) AS amount FROM posting WHERE company = $1 AND account = 'drawer' GROUP BY shift_id) g
             ON g.shift_id = y.id WHERE y.company = $1"
                .to_owned(),
        ),
        Rule {
            name: "a closed shift's drawer is empty in the ledger",
            compared: "shift",
            sql: format!(
                "SELECT {}, {}, '0' FROM shift h JOIN posting p ON p.company = h.company AND p.shift_id = h.id
                 WHERE h.company = $1 AND h.state = 'closed' AND p.account = 'drawer' AND {SHIFT_IS_WHOLE} GROUP BY h.id HAVING SUM(p.amount) <> 0",
                hex("h.id"),
                text("SUM(p.amount)")
            ),
        },
        Rule { name: "Z numbers have no gap and no double", compared: "shift", sql: z_numbers(engine, hex, text) },
    ]
}

/// Every number that is on a paper: of the shifts, and of a second count of one, which stands in the item about it.
/// Only a number that nobody was told of twice is a double.
fn z_numbers(engine: Engine, hex: Text<'_>, text: Text<'_>) -> String {
    let told_number = match engine {
        Engine::Sqlite => format!("json_extract(a.args, '$.{Z_NUMBER}')"),
        Engine::Postgres => format!("(CAST(a.args AS JSONB) ->> '{Z_NUMBER}')"),
    };
    format!(
        "WITH printed AS (
            SELECT till_id, number, CASE WHEN {} THEN number END AS own FROM shift WHERE company = $1 AND number IS NOT NULL AND rev > 0
            UNION ALL SELECT s.till_id, CASE WHEN a.args LIKE '%\"{Z_NUMBER}\":%' THEN CAST({told_number} AS BIGINT) END, NULL
            FROM attention a JOIN shift s ON s.company = a.company AND s.id = a.about_id
            WHERE a.company = $1 AND a.kind = 'rule_broken' AND a.rev > 0)
         SELECT {}, {}, {} FROM printed WHERE number IS NOT NULL GROUP BY till_id
         HAVING COUNT(DISTINCT number) <> MAX(number) OR COUNT(DISTINCT own) <> COUNT(own)",
        not_told_double("shift.id"),
        hex("till_id"),
        text("COUNT(DISTINCT number)"),
        text("MAX(number)"),
    )
}

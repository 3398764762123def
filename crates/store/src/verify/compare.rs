//! How rules are written: the SQL that differs by engine, names for what a difference is about, and sums compared.

use kontor_domain::reject::Code;
use kontor_domain::verify::VerifyRule;

use super::Rule;
use crate::migrations::Engine;

/// SQL for an engine. Who is named is looked for under names that no rule gives its own tables: a name inside would
/// hide one outside.
#[derive(Clone, Copy)]
pub(super) struct Sql(pub(super) Engine);

impl Sql {
    /// The hexadecimal digits of an id.
    pub(super) fn hex(self, column: &str) -> String {
        match self.0 {
            Engine::Sqlite => format!("lower(hex({column}))"),
            Engine::Postgres => format!("encode({column}, 'hex')"),
        }
    }

    /// A sum as text; SUM over BIGINT is NUMERIC on PostgreSQL.
    pub(super) fn text(self, value: &str) -> String {
        format!("CAST(CAST({value} AS BIGINT) AS TEXT)")
    }

    /// A text inside JSON.
    pub(super) fn json(self, column: &str, path: &[&str]) -> String {
        match self.0 {
            Engine::Sqlite => format!("json_extract({column}, '$.{}')", path.join(".")),
            Engine::Postgres => format!("(CAST({column} AS JSONB) #>> '{{{}}}')", path.join(",")),
        }
    }

    /// A product by its code.
    pub(super) fn product(self, id: &str) -> String {
        format!("coalesce((SELECT named.code FROM product named WHERE named.company = $1 AND named.id = {id}), {})", self.hex(id))
    }

    /// A till by its number.
    pub(super) fn till(self, id: &str) -> String {
        format!(
            "coalesce((SELECT CAST(its_till.number AS TEXT) FROM till its_till WHERE its_till.company = $1 AND its_till.id = {id}), {})",
            self.hex(id)
        )
    }

    /// A sale by its number.
    pub(super) fn sale(self, id: &str) -> String {
        format!("coalesce((SELECT named.number FROM sale named WHERE named.company = $1 AND named.id = {id}), {})", self.hex(id))
    }

    /// A shift by its till and its Z number, or its day while it is open.
    pub(super) fn shift(self, id: &str) -> String {
        format!(
            "coalesce((SELECT {} || CASE WHEN its_shift.number IS NULL THEN ' ' || its_shift.business_date ELSE '-Z' || CAST(its_shift.number AS TEXT) END
                 FROM shift its_shift WHERE its_shift.company = $1 AND its_shift.id = {id}), {})",
            self.till("its_shift.till_id"),
            self.hex(id)
        )
    }

    /// The document of a line in a ledger, by its number; of cash and shifts: the shift.
    pub(super) fn document(self, id: &str) -> String {
        format!(
            "coalesce((SELECT named.number FROM sale named WHERE named.company = $1 AND named.id = {id}),
                (SELECT named.number FROM stock_document named WHERE named.company = $1 AND named.id = {id}),
                (SELECT {} FROM cash_movement its_cash WHERE its_cash.company = $1 AND its_cash.id = {id}), {})",
            self.shift("its_cash.shift_id"),
            self.shift(id)
        )
    }

    /// A tax class that is written as text (its id with dashes), by its name.
    pub(super) fn tax(self, detail: &str) -> String {
        format!(
            "coalesce((SELECT named.name FROM tax named WHERE named.company = $1 AND {} = replace({detail}, '-', '')), {detail})",
            self.hex("named.id")
        )
    }
}

/// Two sums for each key that must be one: neither side may have what the other does not have.
pub(super) struct Compare<'a> {
    pub(super) rule: VerifyRule,
    /// The table whose rows are compared.
    pub(super) compared: &'static str,
    /// Names of the key's columns.
    pub(super) keys: &'a str,
    /// What a difference is about, cut from the columns of the key in `d`.
    pub(super) about: String,
    /// Rows of key and amount, as they are stored.
    pub(super) stored: String,
    /// The same, from what they are made of.
    pub(super) ledger: String,
    /// Where the rule must hold; `d` has the columns of the key.
    pub(super) only: &'a str,
}

/// Holds on every copy.
pub(super) const EVERYWHERE: &str = "1 = 1";

impl Compare<'_> {
    pub(super) fn rule(self, sql: Sql) -> Rule {
        let Self { rule, compared, keys, about, stored, ledger, only } = self;
        let statement = format!(
            "WITH kept ({keys}, amount) AS ({stored}), recomputed ({keys}, amount) AS ({ledger}),
             d AS (SELECT {keys}, SUM(stored) AS stored, SUM(ledger) AS ledger
                 FROM (SELECT {keys}, amount AS stored, 0 AS ledger FROM kept UNION ALL SELECT {keys}, 0, amount FROM recomputed) u
                 GROUP BY {keys})
             SELECT {about}, {}, {} FROM d WHERE stored <> ledger AND {only}",
            sql.text("stored"),
            sql.text("ledger")
        );
        Rule { rule, compared, sql: statement }
    }
}

/// Numbers that were given twice (two files of one till) are told to a person: the second one is no difference. (What
/// is still pending on a copy has rev 0 and is looked at when the authority has it.)
pub(super) fn not_told_double(id: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM attention a WHERE a.company = $1 AND a.about_id = {id} AND a.kind = 'rule_broken' AND a.args LIKE '%\"code\":\"{}\"%')",
        Code::CodeInUse.number()
    )
}

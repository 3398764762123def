//! Recomputing everything from the ledgers, line by line, and naming what differs.
//!
//! Each rule is one statement that returns rows only where something is wrong: what it is about, what is stored,
//! what the ledger says. The same on both engines, and on a copy that holds some scopes and has commands pending.

mod compare;
mod money;
mod sales;
mod shifts;
mod stock;

use kontor_domain::host::{Difference, VerifyReport};
use kontor_domain::ids::CompanyId;
use kontor_domain::verify::VerifyRule;
use sqlx::Row;

use crate::error::StoreError;
use crate::migrations::Engine;
use crate::reader::{Asker, Reader, values};
use compare::Sql;

/// Most differences of one rule that are told.
const DIFFERENCES_LIMIT: usize = 20;

/// A rule, how many figures it compares, and what finds differences (about, stored, ledger).
struct Rule {
    rule: VerifyRule,
    /// The table whose rows are compared.
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
                report.differences.push(Difference { rule: rule.rule, about: text(0)?, stored: text(1)?, ledger: text(2)? });
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
            differences.push(Difference { rule: rule.rule, about: text(0)?, stored: text(1)?, ledger: text(2)? });
        }
    }
    Ok(differences)
}

fn rules(engine: Engine) -> Vec<Rule> {
    let sql = Sql(engine);
    let mut rules = stock::rules(sql);
    rules.extend(money::rules(sql));
    rules.extend(sales::rules(sql));
    rules.extend(shifts::rules(sql));
    rules
}

/// What a copy need not fulfil: it lacks what was done in warehouses it does not hold.
const IS_AUTHORITY: &str = "(SELECT role FROM installation WHERE id = 1) IS DISTINCT FROM 'replica'";

/// The authority, and a copy that has nothing behind a horizon.
const HAS_ALL_HISTORY: &str = "((SELECT role FROM installation WHERE id = 1) IS DISTINCT FROM 'replica'
                 OR NOT EXISTS (SELECT 1 FROM horizon z WHERE z.company = $1))";

/// A copy has all documents of a shift (of `d`) of the day from which it keeps them.
const SHIFT_IS_WHOLE: &str = "((SELECT role FROM installation WHERE id = 1) IS DISTINCT FROM 'replica'
                 OR NOT EXISTS (SELECT 1 FROM shift z JOIN horizon y ON y.company = z.company
                    WHERE z.company = $1 AND z.id = d.shift_id AND z.business_date < y.kept_from))";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_is_looked_at_once_on_both_engines() {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let rules: Vec<VerifyRule> = rules(engine).iter().map(|rule| rule.rule).collect();
            assert_eq!(rules.iter().copied().collect::<BTreeSet<_>>(), VerifyRule::ALL.iter().copied().collect(), "{engine:?}");
            assert_eq!(rules.len(), VerifyRule::ALL.len(), "{engine:?}");
        }
    }
}

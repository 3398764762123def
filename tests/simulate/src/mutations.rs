//! Each rule broken once, by its switch: the simulator must notice, by a look that is named for that rule.

#[cfg(not(feature = "mutations"))]
use anyhow::Result;

/// Breaks each rule once; whether every one was noticed by its catchers.
#[cfg(not(feature = "mutations"))]
pub fn mutations(_threads: usize, _name: &str) -> Result<bool> {
    Err(anyhow::anyhow!("this was built without the feature `mutations`: call `cargo xtask simulate --mutations`"))
}

#[cfg(feature = "mutations")]
pub use switched::mutations;

#[cfg(feature = "mutations")]
mod switched {
    use anyhow::{Context as _, Result};
    use kontor_sync::rule::{Rule, break_rule};

    use crate::files::Template;
    use crate::noticed::{Look, Noticed};
    use crate::postgres::{Database, has_server};
    use crate::{Seeds, gap, simulate_until};

    /// Seeds within which a broken rule must be noticed.
    const SEEDS: u64 = 1_000;
    /// Writers of PostgreSQL beside each other.
    const WRITERS: u64 = 8;

    /// The looks of which one is to notice, in seeds, that a rule is broken; and whether the till beside writers must, too.
    const fn catchers(rule: Rule) -> (&'static [Look], Writers) {
        match rule {
            Rule::OnceById => (&[Look::CountedOnce, Look::ServerFigures, Look::Told], Writers::Apart),
            Rule::AckCarriesId => (&[Look::OwnWrites, Look::Promises], Writers::Apart),
            Rule::ForkIsTold => (&[Look::TillFigures, Look::OwnWrites, Look::Promises], Writers::Apart),
            Rule::HistoryIsNoticed => (&[Look::Promises, Look::Base, Look::Rows], Writers::Apart),
            Rule::JournalIsKept | Rule::JournalForThirtyDays => (&[Look::Promises, Look::OwnWrites], Writers::Apart),
            Rule::OneTransaction => (&[Look::Base, Look::OwnWrites, Look::Promises], Writers::Apart),
            Rule::RefusedStays => (&[Look::ComesToRest, Look::OwnWrites], Writers::Apart),
            Rule::ReplayIsDue => (&[Look::OwnWrites], Writers::Apart),
            Rule::UndoFirst | Rule::EchoIsCurrent | Rule::ApplyOnce => {
                (&[Look::Base, Look::Rows, Look::OwnWrites, Look::TillFigures], Writers::Apart)
            }
            Rule::OneSnapshot => (&[Look::OwnWrites, Look::Base], Writers::Look),
            Rule::RevsInOrder => (&[], Writers::Look),
            Rule::FactsStand => (&[Look::OwnWrites, Look::Promises], Writers::Apart),
            Rule::NewerWaits | Rule::OldIsUpcast => (&[Look::Promises], Writers::Apart),
            Rule::FailureIsNoAnswer => (&[Look::FailureKeepsNothing], Writers::Apart),
            Rule::LeftIsTold | Rule::LeftBeforePuts | Rule::FloorBoots | Rule::ShapeBoots | Rule::SumsAreCompared => {
                (&[Look::Base, Look::Rows], Writers::Apart)
            }
            Rule::RevokedIsCleared => (&[Look::TillFigures, Look::Base, Look::Rows], Writers::Apart),
            Rule::HistoryIsForgotten => (&[Look::Rows], Writers::Apart),
        }
    }

    /// Breaks each rule once; whether every one was noticed by its catchers.
    pub fn mutations(threads: usize, name: &str) -> Result<bool> {
        let template = Template::make()?;
        let mut is_good = true;
        for rule in Rule::ALL.iter().copied().filter(|rule| rule.name().contains(name)) {
            let (looks, writers) = catchers(rule);
            let mut found = Vec::new();
            break_rule(Some(rule));
            if !looks.is_empty() {
                found.push(in_seeds(&template, threads, looks));
            }
            if writers == Writers::Look {
                found.push(beside_writers()?);
            }
            break_rule(None);
            for Found { is_noticed, what } in found {
                is_good &= is_noticed;
                println!("{:24} {what}", rule.name());
            }
        }
        Ok(is_good)
    }

    /// Whether a till that reads beside writers of PostgreSQL must notice.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Writers {
        Apart,
        Look,
    }

    struct Found {
        is_noticed: bool,
        what: String,
    }

    fn is_by(looks: &[Look], error: &anyhow::Error) -> bool {
        error.downcast_ref::<Noticed>().is_some_and(|noticed| looks.contains(&noticed.look))
    }

    fn short(error: &anyhow::Error) -> String {
        format!("{error:#}").chars().take(140).collect()
    }

    fn in_seeds(template: &Template, threads: usize, looks: &[Look]) -> Found {
        // Other looks may be first in some seeds: it goes on to one that this rule names.
        let report = simulate_until(template, Seeds { from: 1, count: SEEDS }, threads, |error| is_by(looks, error));
        let (done, others) = (report.done, report.others);
        match report.failed {
            Some((seed, error)) => {
                let what = format!("noticed by seed {seed} ({done} ended well before, {others} otherwise): {}", short(&error));
                Found { is_noticed: true, what }
            }
            None => Found { is_noticed: false, what: format!("NOT NOTICED: {done} seeds ended well, {others} otherwise") },
        }
    }

    /// On a machine without PostgreSQL this says so, and only where nobody is watching it is a failure.
    fn beside_writers() -> Result<Found> {
        if !has_server() {
            let is_watched = std::env::var_os("CI").is_none();
            return Ok(Found { is_noticed: is_watched, what: "NOT LOOKED AT: there is no PostgreSQL here".into() });
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
        let result = runtime.block_on(async {
            let database = Database::new().await.context("PostgreSQL")?;
            Ok::<_, anyhow::Error>(gap(&database.url, WRITERS).await)
        })?;
        Ok(match result {
            Err(error) if is_by(&[Look::Gap], &error) => Found { is_noticed: true, what: format!("noticed: {}", short(&error)) },
            Err(error) => Found { is_noticed: false, what: format!("NOT NOTICED but failed: {}", short(&error)) },
            Ok(seen) => Found { is_noticed: false, what: format!("NOT NOTICED: {seen:?}") },
        })
    }
}

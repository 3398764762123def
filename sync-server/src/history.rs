//! Copies do not keep documents and moves for ever: the horizon is moved after the calendar.

use chrono::{DateTime, Days, Utc};
use kontor_domain::history::Advance;
use kontor_domain::ids::{CommandId, CompanyId};
use kontor_domain::reject::Code;
use kontor_domain::time::{BusinessDate, Instant};
use kontor_store::{StoreError, history};
use kontor_sync::authority::{Job, Message};
use uuid::Uuid;

use crate::host::Host;

impl Host {
    /// Moves every company's horizon so that copies keep so many days. Several servers on one database may all do it: a
    /// horizon that was moved meanwhile is not moved again.
    pub async fn forget_history(&self, kept_days: u32, now: Instant) -> Result<(), StoreError> {
        let Some(kept_from) = days_before(now, kept_days) else { return Ok(()) };
        for company in self.access.companies().await? {
            if let Some(advance) = history::plan(self.access.reader(), company, kept_from).await? {
                self.advance(company, advance, now).await?;
            }
        }
        Ok(())
    }

    async fn advance(&self, company: CompanyId, to: Advance, now: Instant) -> Result<(), StoreError> {
        let (through_rev, openings) = (to.through_rev, to.brought.len());
        let id = CommandId(Uuid::now_v7());
        match self.ask(company, move |answer| Message::Job(Job::advance_history(id, to, now, answer))).await {
            Ok(()) => {
                tracing::info!(through_rev, openings, "copies forget what is older");
                Ok(())
            }
            Err(reject) if reject.code == Code::ChangedMeanwhile => Ok(()),
            Err(reject) => Err(StoreError::Other(reject.to_string())),
        }
    }
}

fn days_before(now: Instant, days: u32) -> Option<BusinessDate> {
    let today = DateTime::<Utc>::from_timestamp_millis(now.0)?.date_naive();
    today.checked_sub_days(Days::new(days.into())).map(BusinessDate)
}

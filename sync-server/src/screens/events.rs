//! What changed, as it happens: server-sent events for the screens of one company.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event as Line, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use kontor_domain::command::Event;
use kontor_domain::host::HostEvent;
use kontor_domain::ids::CompanyId;
use kontor_domain::news::events_of;
use kontor_domain::reject::{Code, Reject};
use kontor_store::StoreError;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::{App, LinePlace};
use crate::identity::{Actor, Means};
use crate::problem::Problem;

/// Lines that are open at once.
pub const LINES_LIMIT: usize = 1_024;
/// Lines of one person, in all their browsers, or of one device.
pub const LINES_OF_ONE_LIMIT: usize = 16;
/// A line ends after so long: the screens ask again, with a token of then.
const LINE_LIMIT: Duration = Duration::from_secs(600);
/// A line that says nothing says so after this, and looks whether its session still holds.
const QUIET: Duration = Duration::from_secs(15);
/// What happens within so long is told together.
const TOGETHER: Duration = Duration::from_millis(150);

/// An open line.
struct Hearing {
    app: Arc<App>,
    actor: Actor,
    news: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    rev: i64,
    ends: Instant,
    _place: LinePlace,
}

/// Opens a line.
pub async fn open(app: Arc<App>, actor: Actor) -> Result<Response, Problem> {
    let Means::Session(_) = actor.means else {
        return Err(Reject::new(Code::NotAllowedInState).with("action", "listen").with("state", "api_key").into());
    };
    let place = app.line_place(actor.person.0)?;
    let mut news = app.host.hear(actor.company);
    // Before reading: what is written while it reads is told.
    news.borrow_and_update();
    let rev = app.host.access.last_rev(actor.company).await?;
    let stopping = app.stopping.clone();
    let hearing = Hearing { app, actor, news, stopping, rev, ends: Instant::now() + LINE_LIMIT, _place: place };
    let lines = stream::unfold(hearing, |mut hearing| async move {
        let line = hearing.next().await?;
        Some((Ok::<_, Infallible>(line), hearing))
    });
    Ok(Sse::new(lines).into_response())
}

impl Hearing {
    /// The next line; `None` ends it.
    async fn next(&mut self) -> Option<Line> {
        loop {
            let is_news = tokio::select! {
                changed = self.news.changed() => {
                    changed.ok()?;
                    true
                }
                _ = self.stopping.changed() => return None,
                () = tokio::time::sleep_until(self.ends) => return None,
                () = tokio::time::sleep(QUIET) => false,
            };
            if *self.stopping.borrow() || !self.holds().await {
                return None;
            }
            if !is_news {
                return Some(Line::default().comment(""));
            }
            tokio::time::sleep(TOGETHER).await;
            self.news.borrow_and_update();
            // What cannot be read now is told with the next news, or asked for when the line is opened again.
            let events = self.events().await.ok()?;
            if !events.is_empty() {
                let told = serde_json::to_string(&HostEvent::Changed(events.into_iter().collect())).ok()?;
                return Some(Line::default().data(told));
            }
        }
    }

    /// Whether who listens may still do so: signed out elsewhere is signed out here.
    async fn holds(&self) -> bool {
        let access = &self.app.host.access;
        let Means::Session(session) = self.actor.means else { return false };
        let acting = access.acting(session).await.ok().flatten();
        acting.is_some_and(|acting| acting.revoked_at.is_none() && acting.expires_at > self.app.host.now() && acting.holder.person.active)
    }

    async fn events(&mut self) -> Result<BTreeSet<Event>, StoreError> {
        let (access, company): (_, CompanyId) = (&self.app.host.access, self.actor.company);
        let rev = access.last_rev(company).await?;
        let names = access.names_between(company, self.rev, rev).await?;
        self.rev = rev;
        Ok(names.iter().flat_map(|name| events_of(name)).cloned().collect())
    }
}

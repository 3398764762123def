//! Hints for tills: an open line that says that there is something, and nothing else. A till to which nothing happens for
//! a while listens instead of asking again and again; what there is it asks for.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event as Line, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::{App, Caller, LinePlace};
use crate::problem::Problem;

/// All that a line says.
const NEWS: &str = "news";
/// A line ends after so long, and is opened again.
const LINE_LIMIT: Duration = Duration::from_secs(600);
/// A line that says nothing says so after this, and looks whether its device is still let in.
const QUIET: Duration = Duration::from_secs(20);

/// An open line.
struct Hearing {
    app: Arc<App>,
    caller: Caller,
    news: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    ends: Instant,
    _place: LinePlace,
}

/// Opens a line for a device.
pub async fn open(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    let place = app.line_place(caller.device.0)?;
    let mut news = app.host.hear(caller.company);
    // What was written before it is open is asked for once it is.
    news.borrow_and_update();
    let stopping = app.stopping.clone();
    let hearing = Hearing { app, caller, news, stopping, ends: Instant::now() + LINE_LIMIT, _place: place };
    let lines = stream::unfold(hearing, |mut hearing| async move {
        let line = hearing.next().await?;
        Some((Ok::<_, Infallible>(line), hearing))
    });
    Ok(Sse::new(lines).into_response())
}

impl Hearing {
    /// The next line; `None` ends it.
    async fn next(&mut self) -> Option<Line> {
        let is_news = tokio::select! {
            changed = self.news.changed() => {
                changed.ok()?;
                true
            }
            _ = self.stopping.changed() => return None,
            () = tokio::time::sleep_until(self.ends) => return None,
            () = tokio::time::sleep(QUIET) => false,
        };
        if *self.stopping.borrow() || self.caller.check_again(&self.app).await.is_err() {
            return None;
        }
        Some(if is_news { Line::default().data(NEWS) } else { Line::default().comment("") })
    }
}

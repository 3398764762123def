//! The program without a window: the same writer and the same handlers as the window's, over lines of JSON.
//!
//! A line in: `{"n": 1, "execute": Request}`, `{"n": 2, "query": Query}`, `{"n": 3, "host": HostCall}`.
//! A line out: `{"n": 1, "ok": …}` or `{"n": 1, "reject": …}`, in the order of completion.

use std::sync::Arc;

use kontor_domain::command::{Query, Request};
use kontor_domain::host::HostCall;
use kontor_domain::reject::{Code, Reject};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;

use crate::program::Program;

#[derive(Debug, Deserialize)]
struct Line {
    n: i64,
    #[serde(flatten)]
    call: Call,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Call {
    Execute(Box<Request>),
    Query(Query),
    Host(HostCall),
}

/// Serves standard input until it ends, then closes the shop.
pub async fn run(program: Arc<Program>) -> anyhow::Result<()> {
    let (sender, mut receiver) = mpsc::unbounded_channel::<String>();
    let writer = tokio::spawn(async move {
        let mut out = tokio::io::stdout();
        while let Some(line) = receiver.recv().await {
            if out.write_all(line.as_bytes()).await.is_err() || out.flush().await.is_err() {
                break;
            }
        }
    });
    let mut input = BufReader::new(tokio::io::stdin());
    let mut line = Vec::new();
    let mut running = tokio::task::JoinSet::new();
    // By bytes: a line that is no UTF-8 is refused like any other that is malformed, and the next one is read.
    while {
        line.clear();
        input.read_until(b'\n', &mut line).await? > 0
    } {
        let (program, sender) = (Arc::clone(&program), sender.clone());
        // Commands go to the writer in the order they came: the task is spawned after the hand-over.
        match serde_json::from_slice::<Line>(&line) {
            Err(error) => answer(&sender, number_of(&line), Err(Reject::new(Code::Format).with("field", error))),
            Ok(Line { n, call: Call::Execute(request) }) => {
                let pending = program.begin_execute(*request).await;
                running.spawn(async move { answer(&sender, n, program.finish_execute(pending).await) });
            }
            Ok(Line { n, call: Call::Query(query) }) => {
                running.spawn(async move { answer(&sender, n, program.query(&query).await) });
            }
            Ok(Line { n, call: Call::Host(call) }) => {
                running.spawn(async move { answer(&sender, n, program.host(call).await) });
            }
        }
    }
    while running.join_next().await.is_some() {}
    program.close().await;
    drop(sender);
    writer.await?;
    Ok(())
}

/// The number of a line that is no call, if it says one: whoever waits for its answer gets it.
fn number_of(line: &[u8]) -> i64 {
    serde_json::from_slice::<serde_json::Value>(line).ok().and_then(|value| value.get("n")?.as_i64()).unwrap_or(0)
}

fn answer(sender: &mpsc::UnboundedSender<String>, n: i64, result: Result<String, Reject>) {
    let line = match result {
        Ok(json) => format!("{{\"n\":{n},\"ok\":{json}}}\n"),
        Err(reject) => format!("{}\n", serde_json::json!({ "n": n, "reject": reject })),
    };
    if sender.send(line).is_err() {
        tracing::warn!("nobody reads the answers");
    }
}

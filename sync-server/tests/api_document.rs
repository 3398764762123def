//! What the document tells a reader to type, typed.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::Result;
use kontor_server::config::Transport;
use std::process::Command;
use support::{Api, Place};

const DOCUMENT: &str = include_str!("../../docs/api.md");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_can_be_followed() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", "a long enough password").await?;
    let running = place.start().await?;
    let lines: Vec<&str> = DOCUMENT.split("```").filter_map(|block| block.strip_prefix("sh\n")).flat_map(str::lines).collect();
    assert!(lines.len() > 10, "{lines:?}");
    // Each thing that is kept is there before it is used.
    let script = format!("set -euo pipefail\n{}\necho; echo \"sold $SALE\"\n", lines.join("\n"));
    let url = format!("{}/api/v1", Api::plain(&running)?.base);
    let reader = move || Command::new("bash").args(["-c", &script]).env("URL", url).env("no_proxy", "*").output();
    let output = tokio::task::spawn_blocking(reader).await??;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("High mountain oolong") && said.contains("\"postings\""), "{said}");
    let sold = said.lines().last().unwrap().strip_prefix("sold ").unwrap();
    assert!(uuid::Uuid::try_parse(sold).is_ok(), "{said}");
    running.stop().await
}

//! Schemathesis asks what the description promises, and much that it does not: every answer is one that is described.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::Result;
use kontor_domain::command::Permission;
use kontor_server::config::Transport;
use serde_json::json;
use std::process::Command;
use support::caller::sale;
use support::company::Company;
use support::{Api, Place};

/// Requests made up for each operation.
const EXAMPLES: &str = "60";
/// What tills and the reader of figures ask needs tokens of other kinds; a line of events has no end.
const OTHERS: &str = "/sync/|/metrics|/devices/enrol|/screens/events";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs schemathesis: `cargo xtask test` installs it and runs this"]
async fn schemathesis_finds_no_server_error_and_no_answer_that_is_not_described() -> Result<()> {
    let program = std::env::var("KONTOR_SCHEMATHESIS").unwrap_or_else(|_| "schemathesis".into());
    let place = Place::new(Transport::Plain)?;
    let company = place.found().await?;
    let running = place.start().await?;
    let (host, api) = (running.host(), Api::plain(&running)?);
    // An owner to be thrown away: whatever the requests do to people, roles and networks, nobody is shut out by it, because
    // nobody takes the last owner's rights or shuts out the network that asks.
    let caller = Company::of(host, company).await?.program(host, &api, Permission::ALL).await?;
    let stand = caller.stand().await?;
    let product = caller.product(&stand, "P1", 30).await?;
    caller.receive(&stand, &product, 10).await?;
    caller.post("/api/v1/sales", &sale(&stand, &[&product])).await?.expect(201);
    caller.post("/api/v1/inventory/categories", &json!({ "name": "Cakes" })).await?.expect(201);
    let (folder, base, token) = (place.folder.path().to_owned(), api.base.clone(), caller.token.clone());
    let asks = move || {
        Command::new(program)
            .current_dir(folder)
            .args(["run", &format!("{base}/api/v1/openapi.json"), "--header", &format!("Authorization: Bearer {token}")])
            .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
            .args(["--max-examples", EXAMPLES, "--exclude-path-regex", OTHERS, "--no-color"])
            .output()
    };
    let output = tokio::task::spawn_blocking(asks).await??;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Tested:"), "nothing was tested: {said}");
    running.stop().await
}

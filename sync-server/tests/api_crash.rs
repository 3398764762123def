//! `kill -9` while requests are answered: a request that is sent again under its name is done once, and answered as before.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use kontor_server::config::Transport;
use reqwest::Client;
use serde_json::Value;
use support::caller::{Caller, sale};
use support::{Api, Place};

const PASSWORD: &str = "a long enough password";
const START_LIMIT: Duration = Duration::from_secs(60);
/// Times that the server is killed.
const KILLS: usize = 8;
/// Requests that are on their way when it is.
const REQUESTS: usize = 16;

fn program(place: &Place, address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kontor-server"));
    command.env("KONTOR_DATA", &place.settings.data).env("KONTOR_LISTEN", address).env("KONTOR_PLAIN_HTTP", "true");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

async fn serve(place: &Place, address: &str) -> Result<(Child, Api)> {
    let mut child = program(place, address).arg("serve").spawn()?;
    let api = Api { client: Client::builder().no_proxy().build()?, base: format!("http://{address}") };
    let start = Instant::now();
    while start.elapsed() < START_LIMIT {
        if let Some(status) = child.try_wait()? {
            bail!("it ended with {status}");
        }
        if api.client.get(format!("{}/health/ready", api.base)).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok((child, api));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("it does not answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_request_is_done_once_whenever_the_server_is_killed() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let address = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string();
    let (mut child, api) = serve(&place, &address).await?;
    let mut caller = Caller::sign_in(&api, None, "mei", PASSWORD).await?;
    let stand = caller.stand().await?;
    let product = caller.product(&stand, "P1", 30).await?;
    let body = sale(&stand, &[&product]);
    let mut answered: BTreeMap<String, Value> = BTreeMap::new();
    let mut in_time = 0;
    for kill in 0..KILLS {
        let keys: Vec<String> = (0..REQUESTS).map(|request| format!("sale {kill}-{request}")).collect();
        let sent = keys.iter().map(|key| {
            let (caller, key, body) = (caller.clone(), key.clone(), body.clone());
            tokio::spawn(async move { (key.clone(), caller.post_as(&key, "/api/v1/sales", &body).await) })
        });
        let sent: Vec<_> = sent.collect();
        // Early and late, and somewhere between: what the moment hits is not known, what is left must be right.
        tokio::time::sleep(Duration::from_millis(3 * kill as u64)).await;
        child.kill()?;
        child.wait()?;
        for (key, answer) in futures_util::future::try_join_all(sent).await? {
            if let Ok(answer) = answer {
                answered.insert(key, answer.expect(201));
                in_time += 1;
            }
        }
        let (restarted, api) = serve(&place, &address).await?;
        (child, caller.api) = (restarted, api);
        for key in keys {
            let again = caller.post_as(&key, "/api/v1/sales", &body).await?.expect(201);
            let before = answered.insert(key.clone(), again.clone());
            assert!(before.is_none_or(|before| before == again), "{key} was answered otherwise");
        }
    }
    println!("{in_time} of {} were answered before the server was killed", answered.len());
    let numbers: std::collections::BTreeSet<&str> = answered.values().map(|made| made["number"].as_str().unwrap()).collect();
    assert_eq!(numbers.len(), KILLS * REQUESTS, "each request is a sale of its own");
    assert_eq!(caller.get("/api/v1/sales?page=1").await?.expect(200)["total"], KILLS * REQUESTS);
    assert_eq!(caller.on_hand(&product).await?, -1_000 * (KILLS * REQUESTS) as i64);
    child.kill()?;
    child.wait()?;
    place.verify().await
}

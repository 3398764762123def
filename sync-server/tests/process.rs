//! The program itself.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use kontor_server::config::Transport;
use kontor_store::feed::FeedFile;
use support::{Api, Place};

const START_LIMIT: Duration = Duration::from_secs(30);

fn program(place: &Place, address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kontor-server"));
    command.env("KONTOR_DATA", &place.settings.data).env("KONTOR_LISTEN", address).env("KONTOR_PLAIN_HTTP", "true");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(mut command: Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn serve(place: &Place, address: &str) -> Result<Child> {
    let child = program(place, address).arg("serve").stderr(Stdio::null()).spawn()?;
    let start = Instant::now();
    while start.elapsed() < START_LIMIT {
        let mut health = program(place, address);
        if health.arg("healthcheck").output()?.status.success() {
            return Ok(child);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("it does not answer")
}

/// Founds a company.
fn found(place: &Place, address: &str) -> Result<()> {
    let mut found = program(place, address);
    found.args(["create-company", "--name", "Harbour Street", "--code", "HS", "--currency", "TWD", "--time-zone", "Asia/Taipei"]);
    found.args(["--tax", "VAT=5", "--owner", "Mei", "--warehouse", "First"]);
    run(found).map(|_| ())
}

fn code(place: &Place, address: &str) -> Result<String> {
    let mut enrol = program(place, address);
    enrol.args(["enrol", "--till", "1"]);
    let shown = run(enrol)?;
    Ok(shown.lines().find_map(|line| line.strip_prefix("code")).context("no code")?.trim().to_owned())
}

fn free_address() -> Result<String> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string())
}

/// Kills of the server while a till pushes and pulls.
const KILLS: u64 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_while_a_till_syncs_loses_nothing_and_does_nothing_twice() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let address = free_address()?;
    found(&place, &address)?;
    let mut child = serve(&place, &address)?;
    let api = Api { client: reqwest::Client::builder().no_proxy().build()?, base: format!("http://{address}") };
    let reply = api.enrol(&code(&place, &address)?).await?.context("no token")?;
    let mut till = support::Till::open(&place.folder.path().join("till.kontor"), &api, &reply, None).await?;
    till.sync().await?;
    till.create_product("P1", 30)?;
    let mut sold = std::collections::BTreeSet::new();
    let mut failed = 0;
    for kill in 0..KILLS {
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(3 + 17 * kill));
            child.kill().and_then(|()| child.wait())
        });
        let start = Instant::now();
        while !killer.is_finished() && start.elapsed() < START_LIMIT {
            sold.insert(till.sell()?);
            failed += u64::from(till.sync().await.is_err());
        }
        ensure!(killer.join().is_ok_and(|status| status.is_ok_and(|status| !status.success())), "it was not killed");
        child = serve(&place, &address)?;
    }
    println!("{KILLS} kills, {} sales, {failed} syncs that failed", sold.len());
    ensure!(failed > 0, "no kill was noticed");
    till.sync().await?;
    ensure!(till.sales()? == sold, "{} sales of {}", till.sales()?.len(), sold.len());
    till.agrees_with(&FeedFile::open(&place.file())?)?;
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_answers_who_waits_and_loses_nothing() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let address = free_address()?;
    found(&place, &address)?;
    let mut child = serve(&place, &address)?;
    // A second one does not take the file.
    let mut second = program(&place, "127.0.0.1:0");
    ensure!(!second.arg("serve").output()?.status.success(), "two servers on one file");
    let code = code(&place, &address)?;
    let api = Api { client: reqwest::Client::builder().no_proxy().build()?, base: format!("http://{address}") };
    let reply = api.enrol(&code).await?.context("no token")?;
    let mut till = support::Till::open(&place.folder.path().join("till.kontor"), &api, &reply, None).await?;
    till.sync().await?;
    till.create_product("P1", 30)?;
    till.sell()?;
    till.sync().await?;
    let waits = tokio::spawn(async move {
        till.pull(20_000).await?;
        Ok::<_, anyhow::Error>(till)
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let start = Instant::now();
    run({
        let mut kill = Command::new("kill");
        kill.args(["-TERM", &child.id().to_string()]);
        kill
    })?;
    let till = waits.await??;
    let status = tokio::task::spawn_blocking(move || child.wait()).await??;
    println!("stopped in {:?}", start.elapsed());
    ensure!(status.success() && start.elapsed() < Duration::from_secs(10), "{status} after {:?}", start.elapsed());
    till.agrees_with(&FeedFile::open(&place.file())?)?;
    let log = std::fs::read_dir(place.settings.data.join("logs"))?.next().context("no log")??;
    let log = std::fs::read_to_string(log.path())?;
    ensure!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "a line that is no JSON");
    ensure!(log.contains("/api/v1/sync/push") && !log.contains(reply.token.0.as_str()) && !log.contains(&code), "what a log should say");
    Ok(())
}

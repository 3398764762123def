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

/// Everything that is secret passes through once, at the most talkative the log can be.
#[tokio::test]
async fn no_secret_stands_in_the_log() -> Result<()> {
    const PASSWORD: &str = "a password of this very test";
    let place = Place::new(Transport::Plain)?;
    let address = free_address()?;
    found(&place, &address)?;
    run({
        let mut admin = program(&place, &address);
        admin.args(["create-admin", "--username", "mei"]).env("KONTOR_PASSWORD", PASSWORD);
        admin
    })?;
    let mut talkative = program(&place, &address);
    talkative.env("KONTOR_LOG", "trace,sqlx=debug,hyper=debug,h2=debug");
    let mut child = talkative.arg("serve").stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let api = Api { client: reqwest::Client::builder().no_proxy().build()?, base: format!("http://{address}") };
    let start = Instant::now();
    while start.elapsed() < START_LIMIT && api.client.get(format!("{}/health/ready", api.base)).send().await.is_err() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let signed_in = api.sign_in("HS", "mei", PASSWORD).await?;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let (access, refresh) = (text(&signed_in["access_token"]), text(&signed_in["refresh_token"]));
    let call = async |method: &str, path: &str, wish: serde_json::Value| {
        let answer = api.call(method, path, Some(&access), Some(wish)).await?;
        Ok::<_, anyhow::Error>(serde_json::from_str::<serde_json::Value>(&answer.text().await?).unwrap_or_default())
    };
    let key = text(&call("POST", "/api/v1/api-keys", serde_json::json!({ "name": "Shop", "permissions": [] })).await?["key"]);
    api.client.get(format!("{}/api/v1/auth/me", api.base)).header("x-api-key", &key).send().await?;
    let smtp = serde_json::json!({ "host": "127.0.0.1", "port": 9, "security": "none", "username": "shop", "password": "the mail server's secret",
        "mail_from": "shop@example.com", "public_url": "https://shop.example.com" });
    call("PUT", "/api/v1/settings/smtp", smtp).await?;
    call("PUT", "/api/v1/users/me", serde_json::json!({ "email": "mei@example.com", "password": PASSWORD })).await?;
    call("POST", "/api/v1/auth/forgot-password", serde_json::json!({ "username": "mei" })).await?;
    let link = "kontorl_0193a1b2c3d47e5f8a9b000000000001_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    call("POST", "/api/v1/auth/reset-password", serde_json::json!({ "token": link, "new_password": "another secret of this test" })).await?;
    call("POST", "/api/v1/auth/refresh", serde_json::json!({ "refresh_token": refresh })).await?;
    call("POST", "/api/v1/auth/login", serde_json::json!({ "username": "mei", "password": "a wrong secret of this test" })).await?;
    call("POST", "/api/v1/auth/change-password", serde_json::json!({ "old_password": PASSWORD, "new_password": "yet another secret here" })).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    child.kill()?;
    child.wait()?;
    let mut log = String::new();
    for entry in std::fs::read_dir(place.settings.data.join("logs"))? {
        log.push_str(&std::fs::read_to_string(entry?.path())?);
    }
    ensure!(log.contains("/api/v1/auth/login") && log.contains("DEBUG"), "too little was said to see anything: {} bytes", log.len());
    let secrets = [
        PASSWORD,
        &access,
        access.rsplit('.').next().unwrap(),
        &refresh,
        refresh.rsplit('_').next().unwrap(),
        &key,
        key.rsplit('_').next().unwrap(),
        link.rsplit('_').next().unwrap(),
        "the mail server's secret",
        "another secret of this test",
        "a wrong secret of this test",
        "yet another secret here",
        "argon2id$",
        "#kontorl_",
    ];
    for secret in secrets {
        ensure!(!log.contains(secret), "a secret stands in the log: {secret}");
    }
    Ok(())
}

//! The program itself.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kontor_server::config::Transport;
use kontor_store::feed::FeedFile;
use support::Place;
use support::process::{START_LIMIT, api, code, found, free_address, program, run, sell_through_kills, serve};

/// Kills of the server while a till pushes and pulls.
const KILLS: u64 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_while_a_till_syncs_loses_nothing_and_does_nothing_twice() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let (till, mut child) = sell_through_kills(&place, KILLS).await?;
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
    let api = api(&address)?;
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

#[test]
fn the_settings_are_checked_with_what_they_lead_to_and_nothing_is_made() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let check = |more: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kontor-server"));
        command.env("KONTOR_DATA", &place.settings.data).arg("check-config").envs(more.iter().copied());
        let output = command.output()?;
        Ok::<_, anyhow::Error>((output.status.success(), String::from_utf8([output.stdout, output.stderr].concat())?))
    };
    let (good, said) = check(&[])?;
    ensure!(good && said.contains("server.kontor will be made") && said.contains("certificate  will be made"), "{said}");
    ensure!(!place.settings.data.exists(), "something was made");
    // Brought up to date by its own command, and found so.
    let mut migrate = program(&place, "127.0.0.1:0");
    migrate.arg("migrate");
    run(migrate)?;
    let newest = kontor_store::feed::schema();
    let (good, said) = check(&[])?;
    ensure!(good && said.contains(&format!("opened, at {newest}\n")), "{said}");
    // A certificate that is none, a key of another, an address where nothing answers: told now, not at the next start.
    let (chain, key, other) = (place.folder.path().join("chain.pem"), place.folder.path().join("key.pem"), place.folder.path().join("other.pem"));
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    std::fs::write(&chain, made.cert.pem())?;
    std::fs::write(&key, made.signing_key.serialize_pem())?;
    std::fs::write(&other, rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?.signing_key.serialize_pem())?;
    let with = |chain: &std::path::Path, key: &std::path::Path| {
        check(&[("KONTOR_TLS_CERTIFICATE", &chain.to_string_lossy()), ("KONTOR_TLS_KEY", &key.to_string_lossy())])
    };
    ensure!(with(&chain, &key)?.0);
    for (chain, key) in [(&key, &key), (&chain, &chain), (&chain, &other)] {
        let (good, said) = with(chain, key)?;
        ensure!(!good, "{said}");
    }
    let (good, said) = check(&[("KONTOR_DATABASE_URL", "postgres://kontor@127.0.0.1:1/none")])?;
    ensure!(!good, "{said}");
    std::fs::write(place.file(), "no database")?;
    let (good, said) = check(&[])?;
    ensure!(!good, "{said}");
    Ok(())
}

#[test]
fn flags_beat_the_environment_and_the_environment_beats_the_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, "log = 'from-file'\nlog_days = 5\nremovals_days = 30\n")?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_kontor-server"));
    command.env("KONTOR_DATA", folder.path().join("data")).env("KONTOR_LOG", "from-environment").env("KONTOR_LOG_DAYS", "6");
    command.args(["check-config", "--log-days", "7", "--config"]).arg(&file);
    let said = run(command)?;
    for holds in ["log: \"from-environment\"", "log_days: 7", "removals_days: 30"] {
        ensure!(said.contains(holds), "{holds}: {said}");
    }
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
    let api = api(&address)?;
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

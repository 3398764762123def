//! A till joins a shop server: what is seen of it, how it is stopped, whom it believes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use kontor_domain::host::{HostCall, HostEvent, JoinServer, ShopFile, Start, SyncPhase, SyncState};
use kontor_domain::reject::Code;
use kontor_tests::desk::Desk;
use kontor_tests::program::Headless;
use kontor_tests::proxy::{Bend, Proxy};
use kontor_tests::server::Server;
use kontor_tests::till::Till;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// Products that the shop has before a till joins.
const PRODUCTS: usize = 40;
/// How long anything may take, on a slow machine: a limit, not a verdict.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that runs, and till 1 with the products.
async fn shop(folder: &Path) -> anyhow::Result<(Server, Till)> {
    let mut server = Server::plain(&folder.join("server"))?;
    server.found().await?;
    server.start().await?;
    let mut till = Till::join(&folder.join("first"), server.invite(Some(1)).await?).await?;
    till.ready(PRODUCTS).await?;
    till.until_synced().await?;
    Ok((server, till))
}

/// An invitation that leads through a proxy.
async fn through(proxy: &Proxy, server: &Server) -> anyhow::Result<JoinServer> {
    Ok(JoinServer { address: proxy.address().to_owned(), ..server.invite(None).await? })
}

async fn until(what: &str, mut is_it: impl FnMut() -> bool) -> anyhow::Result<()> {
    let started = Instant::now();
    while !is_it() {
        ensure!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// How far the ready file was, each time that screens were told: bytes of all.
fn told(desk: &Desk) -> Vec<(i64, i64)> {
    let of = |event| match event {
        HostEvent::Progress { task, done, total } if task == "join" => Some((done, total)),
        _ => None,
    };
    desk.events().into_iter().filter_map(of).collect()
}

/// What a join that came to nothing may not leave behind.
fn leftovers(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let is_left =
        |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("till-") || name.starts_with("server."));
    Ok(std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).filter(is_left).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_sees_how_many_bytes_have_come_and_then_how_many_rows_until_there_is_something_to_sell_with() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (server, _first) = shop(folder.path()).await?;
    let desk = Desk::start(&folder.path().join("second")).await;
    let _: Start = desk.host(HostCall::JoinServer(server.invite(None).await?)).await?;
    let told = told(&desk);
    let (done, total) = *told.last().context("nothing was told")?;
    ensure!(told[0] == (0, 0) && done == total && total > 1_000, "while the server makes it, and to its end: {told:?}");
    ensure!(told[1..].iter().all(|(done, of)| *of == total && (1..=total).contains(done)), "{told:?}");
    let states = || -> Vec<SyncState> {
        let of = |event| match event {
            HostEvent::Sync(state) => state,
            _ => None,
        };
        desk.events().into_iter().filter_map(of).collect()
    };
    until("it is there", || states().iter().any(|state| state.phase == SyncPhase::Synced)).await?;
    let states = states();
    let first = states.iter().take_while(|state| state.phase != SyncPhase::Synced);
    let rows: Vec<i64> =
        first.map(|state| (state.phase == SyncPhase::First).then_some(state.rows)).collect::<Option<_>>().context("it sells too soon")?;
    ensure!(rows.last().is_some_and(|rows| *rows > 0), "rows are not counted: {rows:?}");
    desk.program.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_that_is_stopped_while_the_products_come_changes_nothing_and_another_code_joins() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (server, _first) = shop(folder.path()).await?;
    let proxy = Proxy::start(server.listen().to_owned(), 1).await?;
    proxy.bend(Bend::HoldFile);
    let place = folder.path().join("second");
    let desk = Desk::start(&place).await;
    let stop = async {
        until("half of it is there", || told(&desk).iter().any(|(done, _)| *done > 0)).await?;
        ensure!(told(&desk).iter().all(|(done, total)| *total == 0 || done < total), "{:?}", told(&desk));
        // The shop that was open is still open.
        let start: Start = desk.host(HostCall::GetStart).await?;
        ensure!(start.file == ShopFile::Own && start.problem.is_none(), "{start:?}");
        desk.host::<()>(HostCall::CancelTask).await?;
        anyhow::Ok(())
    };
    let invitation = through(&proxy, &server).await?;
    // What goes wrong beside it ends the waiting for it, too.
    let join = async { anyhow::Ok(desk.host::<Start>(HostCall::JoinServer(invitation)).await) };
    let (joined, ()) = tokio::try_join!(join, stop)?;
    let refused = joined.expect_err("it was stopped");
    assert_eq!((refused.code, refused.args["state"].as_str()), (Code::NotAllowedInState, "cancelled"));
    assert_eq!(leftovers(&place)?, Vec::<PathBuf>::new());
    let start: Start = desk.host(HostCall::GetStart).await?;
    ensure!(start.file == ShopFile::Own && start.problem.is_none(), "{start:?}");
    desk.program.close().await;

    proxy.bend(Bend::None);
    let mut till = Till::join(&place, through(&proxy, &server).await?).await?;
    till.ready(PRODUCTS).await?;
    till.until_agrees(&server.file()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_that_is_killed_while_the_products_come_begins_anew_with_another_code() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (server, _first) = shop(folder.path()).await?;
    let proxy = Proxy::start(server.listen().to_owned(), 1).await?;
    proxy.bend(Bend::HoldFile);
    let place = folder.path().join("second");
    std::fs::create_dir_all(&place)?;
    let mut program = Headless::start(&place, &[])?;
    program.send("host", &serde_json::to_value(HostCall::JoinServer(through(&proxy, &server).await?))?).await?;
    until("it comes", || leftovers(&place).is_ok_and(|left| !left.is_empty())).await?;
    program.kill().await?;

    proxy.bend(Bend::None);
    let mut till = Till::start(&place)?;
    let start: Start = till.program.host(&HostCall::GetStart).await?;
    ensure!(start.file == ShopFile::Own && start.problem.is_none(), "{start:?}");
    ensure!(leftovers(&place)?.is_empty(), "half a file stays: {:?}", leftovers(&place)?);
    let _: Start = till.program.host(&HostCall::JoinServer(through(&proxy, &server).await?)).await?;
    till.ready_when_synced(PRODUCTS).await?;
    till.until_agrees(&server.file()).await
}

/// Writes a certificate for this machine that an authority of its own vouches for: authority, certificate, key.
fn certificate(folder: &Path) -> anyhow::Result<[PathBuf; 3]> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate()?;
    let authority = params.self_signed(&authority_key)?;
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    let paths = ["authority.pem", "certificate.pem", "key.pem"].map(|name| folder.join(name));
    for (path, text) in paths.iter().zip([authority.pem(), certificate.pem(), key.serialize_pem()]) {
        std::fs::write(path, text)?;
    }
    Ok(paths)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_the_system_vouches_for_needs_no_comparing() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let [authority, certificate, key] = certificate(folder.path())?;
    let server = Server::secure(&folder.path().join("server"))?;
    let mut server = server.with("KONTOR_TLS_CERTIFICATE", certificate.as_os_str()).with("KONTOR_TLS_KEY", key.as_os_str());
    server.found().await?;
    server.start().await?;
    let start = |roots: &Path, name: &str| -> anyhow::Result<Till> {
        let place = folder.path().join(name);
        std::fs::create_dir_all(&place)?;
        let mut command = Headless::command(&place)?;
        command.env("SSL_CERT_FILE", roots).env_remove("SSL_CERT_DIR");
        Ok(Till::of(Headless::spawn(command)?, &place))
    };
    let invitation = JoinServer { fingerprint: None, ..server.invite(Some(1)).await? };
    // Any other roots, here none of this authority's: it is shown to a person, as one that nobody vouches for.
    let other = folder.path().join("other.pem");
    std::fs::write(&other, std::fs::read(self::certificate(&tempfile::tempdir_in(folder.path())?.keep())?[0].clone())?)?;
    let mut stranger = start(&other, "stranger")?;
    let refused = stranger.program.refusal(&HostCall::JoinServer(invitation.clone())).await?;
    assert_eq!(refused.code, Code::CertificateUnknown, "{refused}");

    let mut till = start(&authority, "till")?;
    let _: Start = till.program.host(&HostCall::JoinServer(invitation)).await?;
    let founded = till.ready_when_synced(2).await?;
    till.sell(&founded, &[0]).await?;
    till.until_agrees(&server.file()).await?;
    let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path().join("till/server.json"))?)?;
    ensure!(kept["fingerprint"].is_null(), "it is pinned: a new certificate of the same authority would be another server's");
    till.program.end().await
}

//! PostgreSQL goes away and something older takes its place; a server goes away in the middle of a push.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kontor_domain::ids::{CompanyId, DeviceId};
use kontor_server::backup;
use kontor_server::config::{Database, Settings, Transport};
use kontor_store::feed::{Head, PgSnapshot};
use kontor_store::postgres;
use kontor_sync::enrol::Secret;
use kontor_sync::message::PullReply;
use support::cluster::Cluster;
use support::process::sell_through_kills;
use support::{Api, Place, Till};
use uuid::Uuid;

/// How long a server may take to find its database again.
const LIMIT: Duration = Duration::from_secs(60);
/// Kills of the server while a till pushes and pulls.
const KILLS: u64 = 8;

fn place(url: &str) -> Result<Place> {
    let place = Place::new(Transport::Plain)?;
    let settings = Settings { database: Database::Postgres(Secret(url.to_owned())), ..place.settings };
    Ok(Place { settings, folder: place.folder })
}

async fn head(url: &str, company: CompanyId) -> Result<Head> {
    let mut connection = postgres::connect(url).await?;
    Ok(PgSnapshot::begin(&mut connection).await?.head(company, DeviceId(Uuid::nil()), None).await?)
}

async fn agrees(till: &Till, url: &str) -> Result<()> {
    let (state, entries) = till.look()?;
    ensure!(entries.is_empty(), "{} commands are on their way", entries.len());
    let scopes = state.cursors.keys().copied().collect();
    let mut connection = postgres::connect(url).await?;
    let there = PgSnapshot::begin(&mut connection).await?.sums(till.enrolled.company, &scopes).await?;
    let here = kontor_store::copy::sums(till.feed()?.connection(), till.enrolled.company, &scopes)?;
    ensure!(here == there && here.len() >= 3, "{here:?} is not {there:?}");
    Ok(())
}

/// Syncs as often as it takes until the server has its database again.
async fn sync_until_it_works(till: &mut Till) -> Result<()> {
    let start = Instant::now();
    while let Err(error) = till.sync().await {
        ensure!(start.elapsed() < LIMIT, "{error:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_standby_that_was_promoted_while_behind_does_not_have_comes_back_from_the_tills() -> Result<()> {
    let mut primary = Cluster::start().await?;
    let (one, other) = (place(&primary.url)?, place(&primary.url)?);
    one.found().await?;
    // Two processes: what either remembers of a history that is lost must not be believed.
    let (first_server, second_server) = (one.start().await?, other.start().await?);
    let mut first = one.till(&Api::plain(&first_server)?, Some(1)).await?;
    let mut second = other.till(&Api::plain(&second_server)?, None).await?;
    first.sync().await?;
    first.create_product("P1", 30)?;
    first.sync().await?;
    second.sync().await?;
    second.open_shift()?;
    let mut sold = std::collections::BTreeSet::from([first.sell()?, second.sell()?]);
    first.sync().await?;
    second.sync().await?;
    let company = first.enrolled.company;
    let mut standby = primary.standby().await?;
    standby.stop("INT");
    let behind = head(&primary.url, company).await?;
    // What follows, the standby never hears of. The tills have the server's word for all of it.
    first.create_product("P2", 40)?;
    for _ in 0..5 {
        sold.insert(first.sell()?);
        sold.insert(second.sell()?);
        first.sync().await?;
        second.sync().await?;
    }
    first.sync().await?;
    let lost = head(&primary.url, company).await?;
    ensure!(lost.rev >= behind.rev + 11, "{} after {}", lost.rev, behind.rev);
    let replicas = [first.look()?.0.meta.replica, second.look()?.0.meta.replica];
    primary.stop("QUIT");
    assert!(first.sync().await.is_err(), "the database is away");
    standby.take_the_place_of(&primary).await?;
    let promoted = head(&standby.url, company).await?;
    assert_eq!((promoted.rev, promoted.mark), (behind.rev, behind.mark), "it is behind");
    // One at a time, so that the history is as long as the lost one was, and longer, under the other process's eyes.
    sync_until_it_works(&mut second).await?;
    sold.insert(second.sell()?);
    sync_until_it_works(&mut second).await?;
    sync_until_it_works(&mut first).await?;
    sold.insert(first.sell()?);
    for _ in 0..2 {
        sync_until_it_works(&mut first).await?;
        sync_until_it_works(&mut second).await?;
    }
    let now = [first.look()?.0.meta.replica, second.look()?.0.meta.replica];
    assert!(now[0] != replicas[0] && now[1] != replicas[1], "both noticed that history went back");
    for till in [&first, &second] {
        assert_eq!(till.sales()?, sold, "nothing is lost, nothing is there twice");
        assert_eq!(till.products()?, 2);
        agrees(till, &standby.url).await?;
    }
    drop((first, second));
    first_server.stop().await?;
    second_server.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_postgresql_that_is_killed_while_a_till_syncs_loses_nothing_and_does_nothing_twice() -> Result<()> {
    let cluster = Cluster::start().await?;
    let place = place(&cluster.url)?;
    let (till, mut child) = sell_through_kills(&place, KILLS).await?;
    agrees(&till, &cluster.url).await?;
    child.kill()?;
    child.wait()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_covers_what_was_there_when_it_began_and_tills_bring_the_rest_after_it_came_back() -> Result<()> {
    let cluster = Cluster::start().await?;
    let old = place(&cluster.url)?;
    old.found().await?;
    let running = old.start().await?;
    let mut till = old.till(&Api::plain(&running)?, Some(1)).await?;
    let mut shut_out = old.till(&Api::plain(&running)?, None).await?;
    till.sync().await?;
    shut_out.sync().await?;
    till.create_product("P1", 30)?;
    let mut sold = std::collections::BTreeSet::from([till.sell()?]);
    till.sync().await?;
    let point = backup::point(&old.settings).await?;
    sold.insert(till.sell()?);
    till.sync().await?;
    let dump = cluster.dump()?;
    // Said once the dump is elsewhere: covered is what was there when it began.
    backup::mark(&old.settings, &point).await?;
    let request = till.pull_request(0)?;
    let PullReply::Page(page) = till.api.ask("/api/v1/sync/pull", till.token(), &request).await? else { panic!("no page") };
    assert_eq!((page.stable, page.head.0), (point.companies[0].2, point.companies[0].2 + 1));
    let covered = backup::status(&old.settings).await?[0];
    assert_eq!((covered.stable_at, covered.rev - covered.stable), (Some(point.at), 1));
    assert!(backup::mark(&old.settings, &backup::point(&old.settings).await?).await.is_ok());
    assert!(backup::mark(&old.settings, &point).await.is_err(), "a later one covers more");
    // After the dump: one till joins, another is shut out, one goes on.
    let mut joined = old.till(&Api::plain(&running)?, None).await?;
    joined.sync().await?;
    kontor_server::admin::revoke(&old.settings, 2).await?;
    sold.insert(till.sell()?);
    till.sync().await?;
    running.stop().await?;

    let url = cluster.bring_back(&dump, "again")?;
    let again = place(&url)?;
    let address = again.folder.path().join("before");
    std::fs::write(&address, &cluster.url)?;
    let epoch = head(&url, till.enrolled.company).await?.epoch;
    backup::after_restore(&again.settings, Some(&address)).await?;
    assert_ne!(head(&url, till.enrolled.company).await?.epoch, epoch, "a history of its own");
    assert!(backup::mark(&again.settings, &point).await.is_err(), "a point of the other history");
    let running = again.start().await?;
    for till in [&mut till, &mut shut_out, &mut joined] {
        till.api = Api::plain(&running)?;
    }
    till.sync().await?;
    till.sync().await?;
    assert_eq!(till.sales()?, sold);
    agrees(&till, &url).await?;
    assert!(shut_out.pull(0).await.is_err(), "who was shut out stays out");
    joined.pull(0).await?;
    assert!(again.till(&till.api, Some(1)).await?.enrolled.series > joined.enrolled.series, "a series was given twice");
    drop((till, shut_out, joined));
    running.stop().await
}

/// What asks whether a server is ready is told so in time while PostgreSQL is away, and when it is there again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_not_ready_while_postgres_is_away_and_ready_when_it_is_back() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let place = place(&cluster.url)?;
    place.found().await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let status = async |path: &str| Ok::<_, anyhow::Error>(api.client.get(format!("{}{path}", api.base)).send().await?.status().as_u16());
    assert_eq!((status("/health/ready").await?, status("/health/live").await?), (204, 204));
    cluster.stop("QUIT");
    assert_eq!((status("/health/ready").await?, status("/health/live").await?), (503, 204));
    cluster.start_again().await?;
    let start = Instant::now();
    while status("/health/ready").await? != 204 {
        ensure!(start.elapsed() < LIMIT, "not ready again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    running.stop().await
}

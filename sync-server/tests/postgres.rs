//! The same on PostgreSQL: two servers on one database, each with a till.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kontor_server::config::{Database, Settings, Transport};
use kontor_store::feed::PgSnapshot;
use kontor_store::postgres;
use kontor_sync::enrol::Secret;
use support::cluster::Cluster;
use support::{Api, Place, Till};

fn place(cluster: &Cluster) -> Result<Place> {
    let place = Place::new(Transport::Plain)?;
    let settings = Settings { database: Database::Postgres(Secret(cluster.url.clone())), ..place.settings };
    Ok(Place { settings, folder: place.folder })
}

async fn agrees(till: &Till, cluster: &Cluster) -> Result<()> {
    let (state, entries) = till.look()?;
    ensure!(entries.is_empty(), "{} commands are on their way", entries.len());
    let scopes = state.cursors.keys().copied().collect();
    let mut connection = postgres::connect(&cluster.url).await?;
    let there = PgSnapshot::begin(&mut connection).await?.sums(till.enrolled.company, &scopes).await?;
    let here = kontor_store::copy::sums(till.feed()?.connection(), till.enrolled.company, &scopes)?;
    ensure!(here == there && here.len() >= 3, "{here:?} is not {there:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_database_are_one_authority() -> Result<()> {
    let cluster = Cluster::start().await?;
    let (one, other) = (place(&cluster)?, place(&cluster)?);
    one.found().await?;
    let (first_server, second_server) = (one.start().await?, other.start().await?);
    let mut first = one.till(&Api::plain(&first_server)?, Some(1)).await?;
    let mut second = other.till(&Api::plain(&second_server)?, None).await?;
    first.sync().await?;
    first.create_product("P1", 30)?;
    first.sync().await?;
    second.sync().await?;
    second.open_shift()?;
    for _ in 0..10 {
        first.sell()?;
        second.sell()?;
    }
    let (mut first, mut second) = {
        // Both push at once, each to its own server.
        let (one, other) = tokio::join!(first.sync(), second.sync());
        one.and(other)?;
        (first, second)
    };
    first.sync().await?;
    second.sync().await?;
    assert_eq!(first.sales()?.len(), 20);
    assert_eq!(first.sales()?, second.sales()?);
    agrees(&first, &cluster).await?;
    agrees(&second, &cluster).await?;
    // What one server commits wakes who waits at the other.
    let waits = tokio::spawn(async move {
        second.pull(20_000).await?;
        Ok::<_, anyhow::Error>((second, Instant::now()))
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    first.create_product("P2", 30)?;
    let pushed = Instant::now();
    first.push().await?;
    let (second, woken) = waits.await??;
    println!("from the push's start to the commit of the till at the other server: {:?}", woken.duration_since(pushed));
    // A pull whose time runs out answers what it read before it waited: nothing.
    assert_eq!(second.products()?, 2, "woken, not timed out");
    // A code shown by one is good at the other, once.
    let code = one.code(None).await?;
    assert!(Api::plain(&second_server)?.enrol(&code).await?.is_some());
    assert!(Api::plain(&first_server)?.enrol(&code).await?.is_none());
    drop((first, second));
    first_server.stop().await?;
    second_server.stop().await
}

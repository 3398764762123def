//! The same on PostgreSQL: two servers on one database, each with a till.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::RoleId;
use kontor_server::config::{Database, Settings, Transport};
use kontor_store::feed::PgSnapshot;
use kontor_store::postgres;
use kontor_sync::enrol::Secret;
use reqwest::StatusCode;
use support::cluster::Cluster;
use support::{Api, Place, Till, body};

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
    // Who signs out at one server is out at the other, at once; what a session goes on with is good at both, once.
    let (here, there) = (Api::plain(&first_server)?, Api::plain(&second_server)?);
    let company = first_server.host().access.companies().await?[0];
    one.hire(&first_server, company, "lin", RoleId::of(BuiltIn::Seller), "a long enough password").await?;
    let signed_in = here.sign_in("HS", "lin", "a long enough password").await?;
    let refresh = serde_json::json!({ "refresh_token": signed_in["refresh_token"] });
    let next = body(there.call("POST", "/api/v1/auth/refresh", None, Some(refresh)).await?, StatusCode::OK).await?;
    let token = next["access_token"].as_str().context("no token")?;
    let me = async |api: &Api| Ok::<_, anyhow::Error>(api.call("GET", "/api/v1/auth/me", Some(token), None).await?.status());
    assert_eq!((me(&here).await?, me(&there).await?), (StatusCode::OK, StatusCode::OK));
    body(there.call("POST", "/api/v1/auth/logout", Some(token), Some(serde_json::json!({}))).await?, StatusCode::NO_CONTENT).await?;
    assert_eq!((me(&here).await?, me(&there).await?), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    // People, roles, keys, the audit: the same questions as on a file.
    one.hire(&first_server, company, "boss", RoleId::OWNER, "a long enough password").await?;
    let boss = here.token("HS", "boss", "a long enough password").await?;
    for path in ["users?q=li&active=true", "roles", "api-keys", "ip-rules", "audit?kind=access.&limit=5", "audit", "audit/export", "users/me"] {
        let response = there.call("GET", &format!("/api/v1/{path}"), Some(&boss), None).await?;
        let status = response.status();
        assert_eq!(status, StatusCode::OK, "{path}: {}", response.text().await?);
    }
    let key = serde_json::json!({ "name": "Shop", "permissions": ["users.read"] });
    let key = body(there.call("POST", "/api/v1/api-keys", Some(&boss), Some(key)).await?, StatusCode::CREATED).await?;
    assert_eq!(here.call("GET", "/api/v1/users", key["key"].as_str(), None).await?.status(), StatusCode::OK);
    drop((first, second));
    first_server.stop().await?;
    second_server.stop().await
}

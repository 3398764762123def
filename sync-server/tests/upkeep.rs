//! What the server does of itself, and what is done for it at its machine while it runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kontor_domain::catalog::{self, Product, ProductChanges};
use kontor_domain::cell::Value;
use kontor_domain::command::Command;
use kontor_domain::time;
use kontor_domain::world::Scope;
use kontor_server::admin::{self, Beside, Grant};
use kontor_server::config::Transport;
use kontor_server::host::now;
use kontor_server::{backup, quarantine, upkeep};
use kontor_store::feed::FeedFile;
use kontor_store::sqlite::find_rows;
use kontor_sync::message::{PullReply, PushAnswer, PushReply};
use reqwest::StatusCode;
use support::{Api, Place, Till};

const PUSH: &str = "/api/v1/sync/push";
const PULL: &str = "/api/v1/sync/pull";
const LIMIT: Duration = Duration::from_secs(60);
const DAY_MS: i64 = 24 * 3_600_000;

async fn metric(place: &Place, api: &Api, name: &str) -> Result<Option<i64>> {
    let token = std::fs::read_to_string(place.settings.data.join("metrics.token"))?;
    let text = api.client.get(format!("{}/metrics", api.base)).bearer_auth(token.trim()).send().await?.text().await?;
    Ok(text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()))
}

/// Gives the first product a tag and takes it back: a removal that copies have to hear of.
async fn remove_something(till: &mut Till) -> Result<()> {
    let products: Vec<Product> = find_rows(till.feed()?.connection(), "company = ?1", &[Value::Id(till.enrolled.company.0)])?;
    let changes = || ProductChanges::of(products[0].id);
    for changes in [ProductChanges { tags_added: vec!["tea".into()], ..changes() }, ProductChanges { tags_removed: vec!["tea".into()], ..changes() }]
    {
        till.submit(Command::Catalog(catalog::Command::EditProduct(Box::new(changes))))?;
        till.sync().await?;
    }
    Ok(())
}

#[tokio::test]
async fn old_removals_are_forgotten_and_a_till_that_was_away_for_longer_starts_anew() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let (mut till, mut away) = (place.till(&Api::plain(&running)?, Some(1)).await?, place.till(&Api::plain(&running)?, None).await?);
    till.sync().await?;
    till.create_product("P1", 30)?;
    till.sync().await?;
    away.sync().await?;
    remove_something(&mut till).await?;
    let host = running.host();
    let (company, at) = (till.enrolled.company, |days: i64| time::Instant(now().0 + days * DAY_MS));
    let last = host.access.last_rev(company).await?;
    assert!(host.access.removals(company, last).await? > 0);
    upkeep::forget_removals(host, 400, at(399)).await?;
    assert!(host.access.removals(company, last).await? > 0, "they are not 400 days old");
    upkeep::forget_removals(host, 400, at(401)).await?;
    assert_eq!(host.access.removals(company, last).await?, 0);
    let request = away.pull_request(0)?;
    let PullReply::Page(page) = away.api.ask(PULL, away.token(), &request).await? else { panic!("no page") };
    assert!(page.boot.contains(&Scope::COMPANY.0), "{:?}", page.boot);
    away.sync().await?;
    away.agrees_with(&FeedFile::open(&place.file())?)?;
    // One process does it, once a day.
    let (access, today) = (&host.access, now());
    assert!(access.take_duty("test", today, DAY_MS).await?);
    assert!(!access.take_duty("test", time::Instant(today.0 + DAY_MS - 1), DAY_MS).await?);
    assert!(access.take_duty("test", time::Instant(today.0 + DAY_MS), DAY_MS).await?);
    drop((till, away));
    running.stop().await
}

#[tokio::test]
async fn a_till_reads_more_than_its_own_warehouse_while_that_is_granted() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let mut till = place.till(&Api::plain(&running)?, Some(1)).await?;
    till.sync().await?;
    let holds = |till: &Till, scope: Scope| Ok::<_, anyhow::Error>(till.look()?.0.cursors.contains_key(&scope));
    let office = Beside { warehouse: None, office: true };
    let elsewhere = Beside { warehouse: Some("Second".into()), office: false };
    assert!(admin::grant(&place.settings, 1, &elsewhere, Grant::Given).await.is_err(), "there is no such warehouse");
    assert!(!holds(&till, Scope::OFFICE)?);
    assert!(admin::grant(&place.settings, 1, &office, Grant::Given).await?);
    assert!(!admin::grant(&place.settings, 1, &office, Grant::Given).await?, "it has it already");
    till.sync().await?;
    assert!(holds(&till, Scope::OFFICE)?);
    // A grant of after the backup stays, and one that was taken back does not come back.
    let copy = place.folder.path().join("copy");
    backup::write(&place.settings, &copy, backup::Place::Here).await?;
    assert!(admin::grant(&place.settings, 1, &office, Grant::Withdrawn).await?);
    running.stop().await?;
    backup::restore(&place.settings, &copy).await?;
    let running = place.start().await?;
    till.api = Api::plain(&running)?;
    till.sync().await?;
    till.sync().await?;
    assert!(!holds(&till, Scope::OFFICE)?);
    till.agrees_with(&FeedFile::open(&place.file())?)?;
    drop(till);
    running.stop().await
}

/// A till that was shut out and sent a sale nobody else has.
async fn shut_out(place: &Place, api: &Api) -> Result<Till> {
    let mut till = place.till(api, Some(1)).await?;
    till.sync().await?;
    till.create_product("P1", 30)?;
    till.sync().await?;
    admin::revoke(&place.settings, 1).await?;
    till.sell()?;
    let reply: PushReply = till.api.ask(PUSH, till.token(), &till.push_request()?.unwrap()).await?;
    ensure!(reply.answer == PushAnswer::Ok, "{reply:?}");
    Ok(till)
}

async fn names(place: &Place) -> Result<Vec<String>> {
    let access = admin::open(&place.settings).await?;
    let company = access.companies().await?[0];
    let names = access.names_between(company, 0, access.last_rev(company).await?).await?;
    access.close().await;
    Ok(names)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_device_sent_after_it_was_shut_out_is_done_by_the_server_that_runs() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let _till = shut_out(&place, &Api::plain(&running)?).await?;
    assert!(!names(&place).await?.contains(&"counter.sell".to_owned()));
    assert_eq!(quarantine::let_go(&place.settings, 1).await?, 1);
    assert!(names(&place).await?.contains(&"counter.sell".to_owned()));
    assert!(quarantine::list(&place.settings).await?.is_empty());
    running.stop().await
}

#[tokio::test]
async fn what_a_device_sent_after_it_was_shut_out_outlives_a_restore() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let copy = place.folder.path().join("copy");
    backup::write(&place.settings, &copy, backup::Place::Here).await?;
    let running = place.start().await?;
    let _till = shut_out(&place, &Api::plain(&running)?).await?;
    running.stop().await?;
    backup::restore(&place.settings, &copy).await?;
    let held = quarantine::list(&place.settings).await?;
    assert_eq!(held.iter().map(|(place, held)| (place.till.number, held.count)).collect::<Vec<_>>(), [(1, 1)]);
    assert_eq!(quarantine::let_go(&place.settings, 1).await?, 1);
    assert!(quarantine::list(&place.settings).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn that_no_backup_is_on_another_machine_is_said() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let said = async || {
        Ok::<_, anyhow::Error>((
            metric(&place, &api, "kontor_backup_timestamp_seconds").await?,
            metric(&place, &api, "kontor_uncovered_commands").await?,
        ))
    };
    let (at, uncovered) = said().await?;
    assert_eq!(at, Some(0));
    assert!(uncovered.is_some_and(|commands| commands > 0), "{uncovered:?}");
    let before = now().0 / 1_000;
    backup::write(&place.settings, &place.folder.path().join("away"), backup::Place::OffMachine).await?;
    let (at, uncovered) = said().await?;
    assert!(at.is_some_and(|at| at >= before), "{at:?}");
    assert_eq!(uncovered, Some(0));
    // A point is good for the history it was taken of, and no further than that went.
    let mut point = backup::point(&place.settings).await?;
    backup::mark(&place.settings, &point).await?;
    point.companies[0].2 += 1;
    assert!(backup::mark(&place.settings, &point).await.is_err(), "there is no such rev yet");
    running.stop().await?;
    let epoch = point.companies[0].1;
    backup::after_restore(&place.settings, None).await?;
    let point = backup::point(&place.settings).await?;
    assert_ne!(point.companies[0].1, epoch);
    Ok(())
}

#[tokio::test]
async fn rows_that_were_not_the_servers_are_told_to_the_server() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let mut till = place.till(&api, Some(1)).await?;
    till.sync().await?;
    let mut request = till.pull_request(0)?;
    request.mismatched = vec![Scope::COMPANY.0, 7];
    let reply: PullReply = till.api.ask(PULL, till.token(), &request).await?;
    assert!(matches!(reply, PullReply::Page(_)));
    assert_eq!(metric(&place, &api, "kontor_mismatched_scopes_total").await?, Some(2));
    drop(till);
    running.stop().await
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_network_has_tries_of_its_own_and_all_servers_count_together() -> Result<()> {
    let mut place = Place::with_company(Transport::Plain).await?;
    place.settings.trusted_proxies = vec!["127.0.0.0/8".parse()?];
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let tries = async |from: &str| {
        let body = serde_json::json!({ "code": "0000-0000-0000" }).to_string();
        let request = api.client.post(format!("{}/api/v1/devices/enrol", api.base)).header("content-type", "application/json");
        Ok::<_, anyhow::Error>(request.header("x-forwarded-for", from).body(body).send().await?.status())
    };
    for _ in 0..10 {
        assert_eq!(tries("203.0.113.7").await?, StatusCode::NOT_FOUND);
    }
    assert_eq!(tries("203.0.113.7").await?, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(tries("198.51.100.1").await?, StatusCode::NOT_FOUND, "another till's network");
    // Another process counted these.
    let access = &running.host().access;
    for _ in 0..10 {
        access.count_enrol_try("192.0.2.1", now()).await?;
    }
    assert_eq!(tries("192.0.2.1").await?, StatusCode::TOO_MANY_REQUESTS);
    // A minute later they count no more.
    assert_eq!(access.count_enrol_try("192.0.2.1", time::Instant(now().0 + 61_000)).await?, 1);
    running.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ready_file_is_made_to_its_end_though_who_asked_is_gone() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let till = place.till(&api, Some(1)).await?;
    let ask = || api.client.get(format!("{}/api/v1/sync/snapshot/{}", api.base, Scope::COMPANY.0)).bearer_auth(till.token());
    let folder = place.settings.data.join("snapshots");
    let files = || Ok::<_, anyhow::Error>(std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?);
    // Gone as soon as the work has begun.
    let request = tokio::spawn(ask().send());
    let start = Instant::now();
    while files()?.is_empty() {
        ensure!(start.elapsed() < LIMIT, "nothing began");
        tokio::task::yield_now().await;
    }
    request.abort();
    let ready = loop {
        let files = files()?;
        if let [one] = files.as_slice()
            && one.extension().is_some_and(|extension| extension == "zst")
        {
            break one.clone();
        }
        ensure!(start.elapsed() < LIMIT, "{files:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    // Who asks again gets that one.
    assert_eq!(ask().send().await?.error_for_status()?.bytes().await?.len() as u64, std::fs::metadata(&ready)?.len());
    assert_eq!(files()?, [ready]);
    drop(till);
    running.stop().await
}

//! Tills and a server, over the network, on real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;
use kontor_domain::ids::{CompanyId, DeviceId, PersonId};
use kontor_domain::world::Scope;
use kontor_server::config::Transport;
use kontor_server::{admin, backup};
use kontor_store::copy::Meta;
use kontor_store::feed::FeedFile;
use kontor_store::installation::{self, Installation};
use kontor_store::snapshot;
use kontor_store::sqlite::{self, Synchronous};
use kontor_sync::message::{PullReply, PushAnswer, PushReply};
use support::{Api, Place, Till};
use uuid::Uuid;

#[tokio::test]
async fn two_tills_that_sold_offline_agree_after_both_have_synced() -> Result<()> {
    let place = Place::with_company(Transport::OwnCertificate(vec!["localhost".into()])).await?;
    let running = place.start().await?;
    assert_eq!(running.fingerprint.as_deref().map(str::len), Some(64));
    let api = Api::pinned(&running, &place.settings.data)?;
    let mut first = place.till(&api, Some(1)).await?;
    let mut second = place.till(&api, None).await?;
    assert_eq!((first.enrolled.till_number, second.enrolled.till_number), (1, 2));
    assert_ne!(first.enrolled.series, second.enrolled.series);
    first.sync().await?;
    first.create_product("P1", 30)?;
    first.sync().await?;
    second.sync().await?;
    second.open_shift()?;
    // Now nobody speaks to the server.
    let mut sold = BTreeSet::new();
    for _ in 0..20 {
        sold.insert(first.sell()?);
        sold.insert(second.sell()?);
    }
    assert_eq!(first.sales()?.len(), 20);
    first.sync().await?;
    second.sync().await?;
    first.sync().await?;
    assert_eq!(first.sales()?, sold);
    assert_eq!(second.sales()?, sold);
    let server = FeedFile::open(&place.file())?;
    first.agrees_with(&server)?;
    second.agrees_with(&server)?;
    running.stop().await
}

#[tokio::test]
async fn a_push_that_comes_twice_is_done_once() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let mut till = place.till(&Api::plain(&running)?, Some(1)).await?;
    till.sync().await?;
    till.create_product("P1", 30)?;
    till.sell()?;
    let request = till.push_request()?.unwrap();
    for _ in 0..3 {
        let reply: PushReply = till.api.ask("/api/v1/sync/push", till.token(), &request).await?;
        assert_eq!(reply.answer, PushAnswer::Ok);
    }
    till.sync().await?;
    assert_eq!(till.sales()?.len(), 1);
    till.agrees_with(&FeedFile::open(&place.file())?)?;
    running.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_that_waits_is_woken_by_what_another_till_pushes() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let (mut first, mut second) = (place.till(&api, Some(1)).await?, place.till(&api, None).await?);
    first.sync().await?;
    second.sync().await?;
    second.sync().await?;
    let start = Instant::now();
    assert!(second.pull(300).await? || start.elapsed() >= Duration::from_millis(300));
    assert!(start.elapsed() >= Duration::from_millis(300), "there was nothing to say, and it was said after {:?}", start.elapsed());
    let waits = tokio::spawn(async move {
        second.pull(20_000).await?;
        Ok::<_, anyhow::Error>((second, Instant::now()))
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    first.create_product("P1", 30)?;
    let pushed = Instant::now();
    first.push().await?;
    let (second, woken) = waits.await??;
    let took = woken.duration_since(pushed);
    println!("from the push's start to the other till's commit: {took:?}");
    // A pull whose time runs out answers what it read before it waited: nothing.
    assert_eq!(second.products()?, 1, "woken, not timed out");
    drop(second);
    running.stop().await
}

/// The next line that says something; `None`: the line has ended.
async fn hint(line: &mut reqwest::Response) -> Result<Option<String>> {
    while let Some(chunk) = tokio::time::timeout(Duration::from_secs(60), line.chunk()).await?? {
        let said = String::from_utf8(chunk.to_vec())?;
        if said.starts_with("data:") {
            return Ok(Some(said));
        }
    }
    Ok(None)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_that_listens_is_told_of_news_and_of_nothing_in_it_until_it_is_shut_out() -> Result<()> {
    const HINTS: &str = "/api/v1/sync/hints";
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let (mut first, second) = (place.till(&api, Some(1)).await?, place.till(&api, None).await?);
    first.sync().await?;
    assert_eq!(api.call("GET", HINTS, None, None).await?.status(), 401, "nobody listens without a token");
    let mut line = api.call("GET", HINTS, Some(second.token()), None).await?;
    assert_eq!(line.status(), 200);
    for code in ["P1", "P2"] {
        first.create_product(code, 30)?;
        first.push().await?;
        assert_eq!(hint(&mut line).await?.as_deref(), Some("data: news\n\n"), "that there is something, not what");
    }
    admin::revoke(&place.settings, 2).await?;
    first.create_product("P3", 30)?;
    first.push().await?;
    assert_eq!(hint(&mut line).await?, None, "who was shut out hears nothing more");
    assert_eq!(api.call("GET", HINTS, Some(second.token()), None).await?.status(), 401);
    running.stop().await
}

#[tokio::test]
async fn tills_bring_a_server_that_was_restored_from_an_old_backup_up_to_date() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let (mut first, mut second) = (place.till(&api, Some(1)).await?, place.till(&api, None).await?);
    first.sync().await?;
    first.create_product("P1", 30)?;
    let mut sold = BTreeSet::from([first.sell()?]);
    first.sync().await?;
    second.sync().await?;
    second.open_shift()?;
    second.sync().await?;
    let backup = place.folder.path().join("backup.kontor");
    // While it runs.
    backup::write(&place.settings, &backup, backup::Place::Here).await?;
    // Both tills and the office go on, and the tills see what the office did.
    sold.extend([first.sell()?, first.sell()?, second.sell()?]);
    second.create_product("P2", 40)?;
    first.sync().await?;
    second.sync().await?;
    place.office_creates(&running, &first, "LOST").await?;
    first.sync().await?;
    assert_eq!(first.codes()?, ["LOST", "P1", "P2"]);
    assert!(backup::restore(&place.settings, &backup).await.is_err(), "the server has the file");
    running.stop().await?;
    let epoch = first.look()?.0.meta.epoch;
    let before = backup::restore(&place.settings, &backup).await?;
    assert!(before.is_some_and(|before| before.is_file()));
    let running = place.start().await?;
    // At the restored server people work before any till is heard, and tills sell before they hear of it.
    place.office_creates(&running, &first, "NEW").await?;
    sold.extend([first.sell()?, second.sell()?]);
    for till in [&mut first, &mut second] {
        till.api = Api::plain(&running)?;
        till.sync().await?;
    }
    for till in [&mut first, &mut second] {
        till.sync().await?;
        assert_ne!(till.look()?.0.meta.epoch, epoch, "a restore begins a history of its own");
        assert_eq!(till.sales()?, sold);
        // What only the office entered is in no till's journal: it is gone everywhere, and nowhere half.
        assert_eq!(till.codes()?, ["NEW", "P1", "P2"]);
    }
    let server = FeedFile::open(&place.file())?;
    first.agrees_with(&server)?;
    second.agrees_with(&server)?;
    let done = "SELECT COUNT(*), COUNT(DISTINCT id) FROM command_log WHERE name = 'counter.sell' AND status = 'ok'";
    let done: (usize, usize) = server.connection().query_row(done, [], |row| Ok((row.get::<_, u32>(0)? as usize, row.get::<_, u32>(1)? as usize)))?;
    assert_eq!(done, (sold.len(), sold.len()));
    drop((first, second));
    running.stop().await
}

#[tokio::test]
async fn a_new_till_starts_from_a_ready_file_and_pulls_what_came_after() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let mut first = place.till(&api, Some(1)).await?;
    first.sync().await?;
    for number in 0..30 {
        first.create_product(&format!("P{number}"), 30)?;
    }
    first.sync().await?;
    let enrolled = api.enrol(&place.code(None).await?).await?.unwrap();
    let get = |scope: Scope| {
        let request = api.client.get(format!("{}/api/v1/sync/snapshot/{}", api.base, scope.0));
        request.header("authorization", format!("Bearer {}", enrolled.token.0)).send()
    };
    // Another device's scope is no business of this one.
    assert_eq!(get(Scope::of_id(first.enrolled.device.0)).await?.status(), 404);
    let response = get(Scope::COMPANY).await?;
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let (epoch, rev) = (header("kontor-epoch").parse()?, header("kontor-rev").parse::<i64>()?);
    let path = place.folder.path().join("ready.kontor");
    std::fs::write(&path, zstd::stream::decode_all(&*response.bytes().await?)?)?;
    let who = Installation { company: enrolled.company, device: enrolled.device, person: enrolled.person };
    let meta = Meta::fresh(Some(epoch), Uuid::new_v4(), enrolled.series);
    assert!(snapshot::start_copy(&path, who, &meta)?);
    // Something happens after it was made.
    first.create_product("LATE", 30)?;
    first.sync().await?;
    let mut second = Till::open(&path, &api, &enrolled, Some(epoch)).await?;
    assert_eq!(second.products()?, 30);
    assert_eq!(second.look()?.0.cursors, [(Scope::COMPANY, rev)].into());
    let request = second.pull_request(0)?;
    let reply: PullReply = api.ask("/api/v1/sync/pull", second.token(), &request).await?;
    let PullReply::Page(page) = reply else { panic!("{reply:?}") };
    assert!(!page.boot.contains(&Scope::COMPANY.0) && page.rows.len() < 30, "{} rows, {:?} anew", page.rows.len(), page.boot);
    second.sync().await?;
    assert_eq!(second.products()?, 31);
    second.agrees_with(&FeedFile::open(&place.file())?)?;
    drop((first, second));
    running.stop().await
}

#[tokio::test]
async fn a_backup_on_another_machine_is_told_to_tills_and_one_here_is_not() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let mut till = place.till(&Api::plain(&running)?, Some(1)).await?;
    for (name, where_it_is) in [("here", backup::Place::Here), ("away", backup::Place::OffMachine)] {
        backup::write(&place.settings, &place.folder.path().join(name), where_it_is).await?;
        let request = till.pull_request(0)?;
        let reply: PullReply = till.api.ask("/api/v1/sync/pull", till.token(), &request).await?;
        let PullReply::Page(page) = reply else { panic!("{reply:?}") };
        assert_eq!(page.stable, if where_it_is == backup::Place::Here { 0 } else { page.head.0 });
        assert_eq!(page.backup.map(|backup| backup.at.is_some()), Some(where_it_is == backup::Place::OffMachine));
    }
    running.stop().await
}

#[tokio::test]
async fn a_shop_that_was_alone_moves_to_a_server_with_all_it_has() -> Result<()> {
    let (alone, place) = (Place::with_company(Transport::Plain).await?, Place::new(Transport::Plain)?);
    let file = sqlite::open_ready(&alone.file(), Synchronous::Full)?;
    let offered = Installation { company: CompanyId(Uuid::now_v7()), device: DeviceId(Uuid::now_v7()), person: PersonId(Uuid::now_v7()) };
    installation::load_or_make(file.connection(), offered)?;
    assert!(admin::adopt(&place.settings, &alone.file()).await.is_err(), "the shop is open");
    drop(file);
    admin::adopt(&place.settings, &alone.file()).await?;
    assert!(admin::adopt(&place.settings, &alone.file()).await.is_err(), "there is a company already");
    assert!(place.found().await.is_err(), "there is a company already");
    let running = place.start().await?;
    let mut till = place.till(&Api::plain(&running)?, Some(1)).await?;
    till.sync().await?;
    till.create_product("P1", 30)?;
    till.sell()?;
    till.sync().await?;
    till.agrees_with(&FeedFile::open(&place.file())?)?;
    drop(till);
    running.stop().await
}

#[tokio::test]
async fn a_restore_does_not_let_in_again_who_was_shut_out_nor_shut_out_who_was_let_in() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let mut old = place.till(&api, Some(1)).await?;
    old.sync().await?;
    let code = place.code(Some(1)).await?;
    let backup = place.folder.path().join("backup.kontor");
    backup::write(&place.settings, &backup, backup::Place::Here).await?;
    let mut new = place.till(&api, Some(1)).await?;
    running.stop().await?;
    backup::restore(&place.settings, &backup).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    (old.api, new.api) = (api.clone(), api.clone());
    assert!(old.pull(0).await.is_err());
    new.sync().await?;
    assert!(api.enrol(&code).await?.is_none(), "a code came back");
    assert!(place.till(&api, Some(1)).await?.enrolled.series > new.enrolled.series, "a series was given twice");
    drop((old, new));
    running.stop().await
}

//! What the audit says of where a command came from, and that a file of it is whole.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::{Context as _, Result};
use kontor_server::config::{Settings, Transport};
use kontor_server::server::Running;
use kontor_store::feed::FeedFile;
use reqwest::Method;
use serde_json::{Value, json};
use support::caller::{Answered, Caller};
use support::{Api, Place};
use uuid::Uuid;

const PASSWORD: &str = "a long enough password";
/// More than the pages of a file that was once cut off.
const MANY: usize = 50_123;

async fn open(place: &Place) -> Result<(Running, Api)> {
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    Ok((running, api))
}

/// Makes a category as from an address, through a proxy that is believed.
async fn make(caller: &Caller, address: &str, key: Option<&str>, name: &str) -> Result<Answered> {
    let request = caller.json(Method::POST, "/api/v1/inventory/categories", &json!({ "name": name })).header("x-forwarded-for", address);
    caller.send(if let Some(key) = key { request.header("idempotency-key", key) } else { request }).await
}

async fn detail(owner: &Caller, name: &str) -> Result<Value> {
    let listed = owner.get("/api/v1/audit?kind=catalog.create_category&limit=500").await?.expect(200);
    for row in listed["rows"].as_array().context("rows")? {
        let detail = owner.get(&format!("/api/v1/audit/{}", row["id"].as_str().context("id")?)).await?.expect(200);
        if detail["args"].as_str().is_some_and(|args| args.contains(name)) {
            assert_eq!(detail["entry"], *row);
            return Ok(detail);
        }
    }
    anyhow::bail!("nothing is said of {name}")
}

async fn every_way_a_command_comes(place: Place) -> Result<()> {
    let (running, api) = open(&place).await?;
    let owner = Caller::sign_in(&api, None, "mei", PASSWORD).await?;
    let session = owner.get("/api/v1/auth/sessions").await?.expect(200)["rows"][0]["id"].clone();
    let wish = json!({ "name": "Web shop", "permissions": ["catalog.manage", "catalog.read"] });
    let made = owner.post("/api/v1/api-keys", &wish).await?.expect(201);
    let program = Caller { api: api.clone(), token: made["key"].as_str().context("key")?.to_owned() };
    // By a session and by a key, named and not; and by the screens of a browser.
    make(&owner, "203.0.113.7", None, "Plain").await?.expect(201);
    make(&owner, "203.0.113.8", Some("one"), "Named").await?.expect(201);
    make(&owner, "203.0.113.9", Some("one"), "Named").await?.expect(201);
    make(&program, "2001:db8::7", None, "Program").await?.expect(201);
    let command = json!({ "catalog": { "create_category": { "id": Uuid::now_v7(), "parent_id": null, "name": "Screens", "hue": 1 } } });
    let request = owner.json(Method::POST, "/api/v1/screens/execute", &json!({ "id": Uuid::now_v7(), "command": command }));
    owner.send(request.header("x-forwarded-for", "198.51.100.4")).await?.expect(200);
    let nobody = || (Value::Null, Value::Null, Value::Null);
    for (name, address, session_id, key) in [
        ("Plain", "203.0.113.7", session.clone(), (Value::Null, Value::Null)),
        ("Named", "203.0.113.8", session.clone(), (Value::Null, Value::Null)),
        ("Program", "2001:db8::7", Value::Null, (made["id"].clone(), json!("Web shop"))),
        ("Screens", "198.51.100.4", session.clone(), (Value::Null, Value::Null)),
    ] {
        let found = detail(&owner, name).await?;
        assert_eq!(found["entry"]["address"], address, "{name}");
        // What a command names by id is told by its name.
        assert_eq!(found["names"].as_object().context("names")?.values().collect::<Vec<_>>(), [&json!(name)]);
        assert_eq!((&found["session_id"], &found["key_id"], &found["key_name"]), (&session_id, &key.0, &key.1), "{name}");
    }
    let file = owner.request(Method::GET, "/api/v1/audit/export?kind=catalog.").send().await?.text().await?;
    assert!(["203.0.113.7", "203.0.113.8", "2001:db8::7", "198.51.100.4"].iter().all(|address| file.contains(address)), "{file}");
    assert!(!file.contains("203.0.113.9"), "what was answered again was not done again");
    // What came by a till names no address.
    let mut till = place.till(&api, Some(1)).await?;
    till.sync().await?;
    till.create_product("P1", 30)?;
    till.sync().await?;
    let pushed = owner.get("/api/v1/audit?kind=catalog.create_product").await?.expect(200)["rows"][0].clone();
    let found = owner.get(&format!("/api/v1/audit/{}", pushed["id"].as_str().context("id")?)).await?.expect(200);
    assert_eq!(found["entry"]["address"], "");
    assert_eq!((found["session_id"].clone(), found["key_id"].clone(), found["key_name"].clone()), nobody());
    // And one device's entries are found alone.
    let device = till.enrolled.device.to_string();
    let of_device = owner.get(&format!("/api/v1/audit?device={device}&limit=500")).await?.expect(200);
    let rows = of_device["rows"].as_array().context("rows")?;
    assert!(rows.contains(&pushed) && rows.iter().all(|row| row["device_id"] == device.as_str()), "{of_device}");
    running.stop().await
}

fn behind_a_proxy(place: Place) -> Place {
    Place { settings: Settings { trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()], ..place.settings }, folder: place.folder }
}

#[cfg(unix)]
fn on(cluster: &support::cluster::Cluster, place: Place) -> Place {
    let database = kontor_server::config::Database::Postgres(kontor_sync::enrol::Secret(cluster.url.clone()));
    Place { settings: Settings { database, ..place.settings }, folder: place.folder }
}

#[tokio::test]
async fn a_command_says_from_where_and_by_what_key_or_session_it_came() -> Result<()> {
    every_way_a_command_comes(behind_a_proxy(Place::with_company(Transport::Plain).await?)).await
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_says_so_on_postgres_too() -> Result<()> {
    let cluster = support::cluster::Cluster::start().await?;
    let place = behind_a_proxy(on(&cluster, Place::new(Transport::Plain)?));
    place.found().await?;
    every_way_a_command_comes(place).await
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_the_audit_is_whole_however_much_there_is() -> Result<()> {
    let cluster = support::cluster::Cluster::start().await?;
    let place = on(&cluster, Place::new(Transport::Plain)?);
    place.found().await?;
    let (running, api) = open(&place).await?;
    let owner = Caller::sign_in(&api, None, "mei", PASSWORD).await?;
    let company = running.host().access.companies().await?[0];
    // Several at one time: a page may end between them.
    let sql = format!(
        "INSERT INTO access_event (id, company, at, kind, person, device, address, detail, code)
         SELECT decode(md5(n::text), 'hex'), decode('{}', 'hex'), n / 3, 'access.refused', NULL, NULL, 'number ' || n, '{{}}', 11002
         FROM generate_series(1, {MANY}) n",
        company.0.simple()
    );
    cluster.tell(&sql, &cluster.url)?;
    let file = owner.request(Method::GET, "/api/v1/audit/export?kind=access.refused").send().await?;
    assert_eq!((file.status().as_u16(), file.headers()["content-type"].to_str()?), (200, "text/csv; charset=utf-8"));
    let text = file.text().await?;
    let mut numbers: Vec<usize> = text.lines().filter_map(|line| line.split_once("number ")?.1.split(',').next()?.parse().ok()).collect();
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(1..=MANY), "{} lines, {} numbers", text.lines().count(), numbers.len());
    assert_eq!(text.lines().filter(|line| line.starts_with("at,")).count(), 1, "one head");
    // Who may not is told so, and given no file.
    let program = owner.post("/api/v1/api-keys", &json!({ "name": "Other", "permissions": ["users.read"] })).await?.expect(201);
    let program = Caller { api: api.clone(), token: program["key"].as_str().context("key")?.to_owned() };
    assert_eq!(program.get("/api/v1/audit/export").await?.problem(403), 12_001);
    running.stop().await
}

/// From where somebody came is forgotten with the rest of what happened at the door.
#[tokio::test]
async fn addresses_are_forgotten_when_their_time_is_over() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let (running, api) = open(&place).await?;
    let owner = Caller::sign_in(&api, None, "mei", PASSWORD).await?;
    let (access, now) = (&running.host().access, running.host().now());
    owner.post("/api/v1/inventory/categories", &json!({ "name": "Cakes" })).await?.expect(201);
    assert_eq!(detail(&owner, "Cakes").await?["entry"]["address"], "127.0.0.1");
    access.forget_ended(now, now, now).await?;
    assert_eq!(detail(&owner, "Cakes").await?["entry"]["address"], "127.0.0.1", "not before");
    let later = kontor_domain::time::Instant(running.host().now().0 + 1);
    access.forget_ended(now, later, later).await?;
    let found = detail(&owner, "Cakes").await?;
    assert_eq!((&found["entry"]["address"], &found["session_id"]), (&json!(""), &Value::Null));
    let count: i64 = FeedFile::open(&place.file())?.connection().query_row("SELECT COUNT(*) FROM command_origin", [], |row| row.get(0))?;
    assert_eq!(count, 0);
    running.stop().await
}

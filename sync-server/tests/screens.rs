//! The screens in a browser: their files, what they ask, what they hear, and which till they stand for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::path::Path;

use anyhow::{Context as _, Result};
use kontor_domain::catalog::{self, CreateProduct, ProductDraft, THRESHOLD_OFF};
use kontor_domain::command::{Command, Event, Query, Receipt, Request};
use kontor_domain::counter::Till as TillRow;
use kontor_domain::host::HostEvent;
use kontor_domain::ids::{CommandId, ProductId, TillId};
use kontor_domain::settings::{DeviceView, GetSession, ListDevices, ListTills, Session};
use kontor_domain::stock::{self, Receive, ReceiveLine};
use kontor_domain::units::{Quantity, UnitPrice};
use kontor_server::admin::{self, NewAdmin};
use kontor_server::config::{Settings, Transport};
use kontor_server::screens::LINES_OF_ONE_LIMIT;
use kontor_server::server::Running;
use kontor_sync::enrol::Secret;
use reqwest::{Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use support::{Api, Place};
use uuid::Uuid;

const PASSWORD: &str = "a password of this test";

/// A server with a company whose owner may sign in, and screens.
struct House {
    place: Place,
    running: Running,
    api: Api,
}

impl House {
    async fn open() -> Result<Self> {
        let mut place = Place::with_company(Transport::Plain).await?;
        let new = NewAdmin { username: "mei".into(), name: None, email: String::new(), password_file: None };
        admin::create_admin(&place.settings, &new, Secret(PASSWORD.into())).await?;
        let folder = place.folder.path().join("ui");
        write_screens(&folder)?;
        place.settings = Settings { ui_dir: Some(folder), ..place.settings };
        let running = place.start().await?;
        let api = Api::plain(&running)?;
        Ok(Self { place, running, api })
    }

    /// Signs in as a browser does: the token, and the cookie that goes on with it.
    async fn sign_in(&self) -> Result<(String, String)> {
        let body = serde_json::json!({ "username": "mei", "password": PASSWORD, "cookie": true });
        let response = self.api.post("/api/v1/auth/login", None, body.to_string()).await?;
        assert_eq!(response.status(), StatusCode::OK);
        let cookie = response.headers()["set-cookie"].to_str()?.to_owned();
        let signed: serde_json::Value = serde_json::from_slice(&response.bytes().await?)?;
        assert!(signed.get("refresh_token").is_none(), "a script could read it");
        Ok((signed["access_token"].as_str().context("no token")?.to_owned(), cookie))
    }

    async fn send(&self, door: &str, token: &str, till: Option<TillId>, body: &impl Serialize) -> Result<Response> {
        let request = self.api.client.post(format!("{}/api/v1/screens/{door}", self.api.base)).header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {token}")).body(serde_json::to_string(body)?);
        let request = if let Some(till) = till { request.header("kontor-till", till.to_string()) } else { request };
        Ok(request.send().await?)
    }

    async fn ask<A: DeserializeOwned>(&self, token: &str, till: Option<TillId>, query: impl Into<Query>) -> Result<A> {
        let response = self.send("query", token, till, &query.into()).await?;
        assert_eq!(response.status(), StatusCode::OK);
        Ok(serde_json::from_slice(&response.bytes().await?)?)
    }

    async fn execute(&self, token: &str, till: Option<TillId>, command: Command) -> Result<Response> {
        self.send("execute", token, till, &Request { id: CommandId(Uuid::now_v7()), command }).await
    }

    async fn close(self) -> Result<()> {
        self.running.stop().await
    }
}

fn write_screens(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("index.html"), r#"<!doctype html><script type="module" src="/boot.js"></script>"#)?;
    Ok(std::fs::write(folder.join("boot.js"), "// starts")?)
}

fn product(session: &Session, id: ProductId) -> Command {
    let draft = ProductDraft {
        code: "T-1".into(),
        name: "凍頂烏龍茶".into(),
        description: String::new(),
        unit: "pcs".into(),
        category_id: None,
        tax_id: session.taxes[0].id,
        price: UnitPrice(UnitPrice::PER_MINOR_UNIT * 100),
        low_threshold: THRESHOLD_OFF,
        high_threshold: THRESHOLD_OFF,
        favourite: None,
        active: true,
        barcodes: Vec::new(),
        tags: Vec::new(),
    };
    Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id, draft }))
}

#[tokio::test]
async fn the_page_is_served_and_the_api_is_not_the_page() {
    let house = House::open().await.unwrap();
    let get = |path: &str| house.api.client.get(format!("{}{path}", house.api.base)).header("accept", "text/html").send();
    let page = get("/").await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(page.headers()["cache-control"], "no-cache");
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("'wasm-unsafe-eval'"));
    let text = page.text().await.unwrap();
    let script = text.split('"').find(|part| part.starts_with("/assets/")).unwrap();
    let file = get(script).await.unwrap();
    assert_eq!((file.status(), file.headers()["cache-control"].to_str().unwrap()), (StatusCode::OK, "public, max-age=31536000, immutable"));
    for path in ["/api/v1/nothing", "/assets/none", "/..%2fserver.kontor"] {
        let answer = get(path).await.unwrap();
        assert_eq!(
            (answer.status(), answer.headers()["content-type"].to_str().unwrap()),
            (StatusCode::NOT_FOUND, "application/problem+json"),
            "{path}"
        );
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    house.close().await.unwrap();
}

#[tokio::test]
async fn the_cookie_goes_on_and_no_script_or_other_site_gets_it() {
    let house = House::open().await.unwrap();
    let (_, cookie) = house.sign_in().await.unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let kept = cookie.split(';').next().unwrap().to_owned();
    let refresh = |kind: &'static str, with_cookie: bool| {
        let request = house.api.client.post(format!("{}/api/v1/auth/refresh", house.api.base)).header("content-type", kind).body("{}");
        let request = if with_cookie { request.header("cookie", kept.clone()) } else { request };
        request.send()
    };
    assert_eq!(refresh("application/json", false).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    // What a form of another site can send without asking first.
    assert_eq!(refresh("text/plain", true).await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(refresh("application/json", true).await.unwrap().status(), StatusCode::OK);
    house.close().await.unwrap();
}

#[tokio::test]
async fn screens_ask_and_change_as_the_person_at_the_till_they_stand_for() {
    let house = House::open().await.unwrap();
    let (token, _) = house.sign_in().await.unwrap();
    let tills: Vec<TillRow> = house.ask(&token, None, ListTills {}).await.unwrap();
    let till = tills[0].id;
    let nowhere: Option<Session> = house.ask(&token, None, GetSession {}).await.unwrap();
    assert_eq!(nowhere.unwrap().till, None);
    let session: Option<Session> = house.ask(&token, Some(till), GetSession {}).await.unwrap();
    let session = session.unwrap();
    assert_eq!(session.till.as_ref().map(|till| till.id), Some(till));
    let id = ProductId(Uuid::now_v7());
    let made = house.execute(&token, None, product(&session, id)).await.unwrap();
    assert_eq!(made.status(), StatusCode::OK);
    let receipt: Receipt = serde_json::from_slice(&made.bytes().await.unwrap()).unwrap();
    assert!(receipt.rev > 0 && !receipt.repeated);
    let receive = || {
        let location_id = session.locations.iter().find(|location| location.kind.is_sellable()).unwrap().id;
        let lines = vec![ReceiveLine { product_id: id, quantity: Quantity(5_000), unit_cost: UnitPrice(UnitPrice::PER_MINOR_UNIT * 40) }];
        let document_id = kontor_domain::ids::StockDocumentId(Uuid::now_v7());
        Command::Stock(stock::Command::Receive(Receive {
            document_id,
            location_id,
            note: String::new(),
            business_date: session.today.unwrap(),
            lines,
        }))
    };
    // A document needs a number, and a number needs a till.
    let without = house.execute(&token, None, receive()).await.unwrap();
    assert_eq!(without.status(), StatusCode::NOT_FOUND);
    let with = house.execute(&token, Some(till), receive()).await.unwrap();
    let receipt: Receipt = serde_json::from_slice(&with.bytes().await.unwrap()).unwrap();
    assert!(receipt.number.unwrap().contains("-1-"), "the till's number");
    let stranger = house.execute(&token, Some(TillId(Uuid::now_v7())), receive()).await.unwrap();
    assert_eq!(stranger.status(), StatusCode::NOT_FOUND);
    let nobody = house.execute("no token", Some(till), receive()).await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    house.close().await.unwrap();
}

/// Reads a stream until an event has come.
async fn next_event(response: &mut Response) -> Option<HostEvent> {
    let mut text = String::new();
    while let Some(piece) = response.chunk().await.unwrap() {
        text.push_str(&String::from_utf8_lossy(&piece));
        if let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: ")).filter(|_| text.ends_with("\n\n")) {
            return serde_json::from_str(data).ok();
        }
    }
    None
}

#[tokio::test]
async fn screens_hear_what_others_change_and_nothing_after_signing_out() {
    let house = House::open().await.unwrap();
    let (token, _) = house.sign_in().await.unwrap();
    let tills: Vec<TillRow> = house.ask(&token, None, ListTills {}).await.unwrap();
    let session: Option<Session> = house.ask(&token, Some(tills[0].id), GetSession {}).await.unwrap();
    let listen =
        || house.api.client.get(format!("{}/api/v1/screens/events", house.api.base)).header("authorization", format!("Bearer {token}")).send();
    let mut line = listen().await.unwrap();
    assert_eq!((line.status(), line.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, "text/event-stream"));
    // A till, not a browser: what it pushes is told too.
    let mut till = house.place.till(&house.api, Some(1)).await.unwrap();
    till.pull(0).await.unwrap();
    till.create_product("A-1", 30).unwrap();
    till.sync().await.unwrap();
    let Some(HostEvent::Changed(events)) = next_event(&mut line).await else { panic!("no event") };
    assert!(events.contains(&Event::CatalogChanged), "{events:?}");
    let (other, _) = house.sign_in().await.unwrap();
    let out = house.api.post("/api/v1/auth/logout", Some(&token), "{}").await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    let id = ProductId(Uuid::now_v7());
    assert_eq!(house.execute(&other, None, product(&session.unwrap(), id)).await.unwrap().status(), StatusCode::OK);
    assert_eq!(next_event(&mut line).await, None, "the line ends instead");
    assert_eq!(listen().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    house.close().await.unwrap();
}

/// Nobody takes the places of the others: a person has a few in all their sessions, and what is given back is there again.
#[tokio::test]
async fn a_person_listens_a_few_times_at_once_and_no_more() {
    let house = House::open().await.unwrap();
    let ((token, _), (other, _)) = (house.sign_in().await.unwrap(), house.sign_in().await.unwrap());
    let listen = |token: &str| {
        let request = house.api.client.get(format!("{}/api/v1/screens/events", house.api.base));
        request.header("authorization", format!("Bearer {token}")).send()
    };
    let mut lines = Vec::new();
    for number in 0..LINES_OF_ONE_LIMIT {
        let line = listen(if number % 2 == 0 { &token } else { &other }).await.unwrap();
        assert_eq!(line.status(), StatusCode::OK);
        lines.push(line);
    }
    let refused = listen(&token).await.unwrap();
    assert_eq!((refused.status(), refused.headers().contains_key("retry-after")), (StatusCode::TOO_MANY_REQUESTS, true));
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    assert_eq!(problem["code"], 10_429);
    assert_eq!(listen(&other).await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
    // The end of a line is noticed when the connection is gone.
    drop(lines.pop());
    let start = std::time::Instant::now();
    while listen(&token).await.unwrap().status() != StatusCode::OK {
        assert!(start.elapsed() < std::time::Duration::from_secs(120), "what was given back is not there again");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    drop(lines);
    house.close().await.unwrap();
}

#[tokio::test]
async fn a_device_is_invited_and_written_off_by_who_has_signed_in() {
    let house = House::open().await.unwrap();
    let (token, _) = house.sign_in().await.unwrap();
    let devices = async || -> Vec<DeviceView> { house.ask(&token, None, ListDevices {}).await.unwrap() };
    assert!(devices().await.iter().all(|view| view.token_count == 0));
    let answer = post(&house.api, "/api/v1/devices/invitations", Some(token.clone()), r#"{"till":1}"#).await;
    let invitation: serde_json::Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let enrolled = house.api.enrol(invitation["code"].as_str().unwrap()).await.unwrap().expect("the code is good");
    assert_eq!(enrolled.till_number, 1);
    let joined = devices().await.into_iter().find(|view| view.token_count == 1).expect("one has joined");
    assert_eq!(joined.device.id, enrolled.device);
    let path = format!("/api/v1/devices/{}/write-off", joined.device.id);
    assert_eq!(post(&house.api, &path, None, "{}").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(post(&house.api, &path, Some(token.clone()), "{}").await.status(), StatusCode::NO_CONTENT);
    assert_eq!(devices().await.iter().map(|view| view.token_count).sum::<i64>(), 0);
    let unknown = format!("/api/v1/devices/{}/write-off", Uuid::now_v7());
    for (path, body) in [("/api/v1/devices/invitations", r#"{"till":99}"#), (unknown.as_str(), "{}")] {
        assert_eq!(post(&house.api, path, Some(token.clone()), body).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    house.close().await.unwrap();
}

async fn post(api: &Api, path: &str, token: Option<String>, body: &'static str) -> Response {
    api.post(path, token.as_deref(), body).await.unwrap()
}

//! What is good for a time is good until the last instant of it, and not at its end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::{Context as _, Result};
use kontor_server::config::{Mail, Transport};
use kontor_server::server::Running;
use kontor_sync::enrol::Secret;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use support::{Api, Place, StandingClock, body, link_token, written_letter};

const PASSWORD: &str = "a long enough password";
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// A server whose clock stands, and an owner, Mei, who may sign in.
struct House {
    _place: Place,
    running: Running,
    api: Api,
    clock: StandingClock,
}

impl House {
    async fn open(mail: Option<Mail>) -> Result<Self> {
        let mut place = Place::with_company(Transport::Plain).await?;
        place.founder_signs_in("mei", PASSWORD).await?;
        place.settings.mail = mail;
        let clock = StandingClock::new();
        let running = place.start_at(&clock).await?;
        let api = Api::plain(&running)?;
        Ok(Self { _place: place, running, api, clock })
    }

    async fn post(&self, path: &str, token: Option<&str>, wish: Value) -> Result<Response> {
        self.api.call("POST", path, token, Some(wish)).await
    }

    async fn sign_in(&self, password: &str) -> Result<Response> {
        self.post("/api/v1/auth/login", None, json!({ "username": "mei", "password": password })).await
    }

    async fn refresh(&self, token: &Value) -> Result<Response> {
        self.post("/api/v1/auth/refresh", None, json!({ "refresh_token": token })).await
    }

    /// What an access token is answered.
    async fn me(&self, token: &Value) -> Result<(u16, Value)> {
        let token = token.as_str().context("no token")?;
        let answer = self.api.call("GET", "/api/v1/auth/me", Some(token), None).await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str::<Value>(&text)?["code"].clone()))
    }
}

async fn given(response: Response) -> Result<(Value, Value)> {
    let session = body(response, StatusCode::OK).await?;
    Ok((session["access_token"].clone(), session["refresh_token"].clone()))
}

/// Refused as a token that is not good.
async fn is_over(response: Response) -> Result<()> {
    assert_eq!(body(response, StatusCode::UNAUTHORIZED).await?["code"], 11_002);
    Ok(())
}

#[tokio::test]
async fn an_access_token_is_good_for_an_hour() -> Result<()> {
    let house = House::open(None).await?;
    let start = house.clock.now().0;
    let session = body(house.sign_in(PASSWORD).await?, StatusCode::OK).await?;
    assert_eq!(session["expires_in_s"], 3_600);
    let token = &session["access_token"];
    house.clock.set(start + 60 * MINUTE_MS - 1);
    assert_eq!(house.me(token).await?, (200, Value::Null));
    house.clock.set(start + 60 * MINUTE_MS);
    assert_eq!(house.me(token).await?, (401, json!(11_002)));
    // The session is not over: it goes on.
    let (next, _) = given(house.refresh(&session["refresh_token"]).await?).await?;
    assert_eq!(house.me(&next).await?, (200, Value::Null));
    house.running.stop().await
}

#[tokio::test]
async fn a_session_goes_on_within_seven_days() -> Result<()> {
    let house = House::open(None).await?;
    let start = house.clock.now().0;
    let (_, in_time) = given(house.sign_in(PASSWORD).await?).await?;
    let (_, late) = given(house.sign_in(PASSWORD).await?).await?;
    house.clock.set(start + 7 * DAY_MS - 1);
    let (_, next) = given(house.refresh(&in_time).await?).await?;
    house.clock.set(start + 7 * DAY_MS);
    is_over(house.refresh(&late).await?).await?;
    given(house.refresh(&next).await?).await?;
    house.running.stop().await
}

#[tokio::test]
async fn a_session_lasts_ninety_days_however_often_it_goes_on() -> Result<()> {
    let house = House::open(None).await?;
    let start = house.clock.now().0;
    let (_, mut kept) = given(house.sign_in(PASSWORD).await?).await?;
    for days in (6..90).step_by(6) {
        house.clock.set(start + days * DAY_MS);
        (_, kept) = given(house.refresh(&kept).await?).await?;
    }
    house.clock.set(start + 90 * DAY_MS - 1);
    let (access, fresh) = given(house.refresh(&kept).await?).await?;
    assert_eq!(house.me(&access).await?, (200, Value::Null));
    // Neither what was given a moment ago.
    house.clock.set(start + 90 * DAY_MS);
    assert_eq!(house.me(&access).await?, (401, json!(11_002)));
    is_over(house.refresh(&fresh).await?).await?;
    house.running.stop().await
}

#[tokio::test]
async fn a_link_to_a_new_password_is_good_for_half_an_hour() -> Result<()> {
    // Nobody is there who takes letters: they are read where they wait.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let smtp_url = Secret(format!("smtp://127.0.0.1:{port}"));
    let mail = Mail { smtp_url, from: "Kontor <kontor@example.com>".into(), public_url: "https://shop.example.com/".into() };
    let house = House::open(Some(mail)).await?;
    let start = house.clock.now().0;
    let (access, _) = given(house.sign_in(PASSWORD).await?).await?;
    let wish = json!({ "email": "mei@example.com", "password": PASSWORD });
    body(house.api.call("PUT", "/api/v1/users/me", access.as_str(), Some(wish)).await?, StatusCode::OK).await?;
    let mut links = Vec::new();
    for _ in 0..2 {
        let answer = house.post("/api/v1/auth/forgot-password", None, json!({ "username": "mei" })).await?;
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        let letter = written_letter(&house.running.host().access).await?;
        house.running.host().access.drop_letter(letter.id).await?;
        links.push(link_token(&letter.body).context(letter.body)?);
    }
    let reset =
        async |link: &str, password: &str| house.post("/api/v1/auth/reset-password", None, json!({ "token": link, "new_password": password })).await;
    house.clock.set(start + 30 * MINUTE_MS - 1);
    body(reset(&links[0], "quite another one").await?, StatusCode::NO_CONTENT).await?;
    house.clock.set(start + 30 * MINUTE_MS);
    is_over(reset(&links[1], "a third long one").await?).await?;
    given(house.sign_in("quite another one").await?).await?;
    house.running.stop().await
}

#[tokio::test]
async fn who_was_wrong_five_times_waits_a_quarter_of_an_hour() -> Result<()> {
    let house = House::open(None).await?;
    let start = house.clock.now().0;
    for _ in 0..5 {
        assert_eq!(body(house.sign_in("another long password").await?, StatusCode::UNAUTHORIZED).await?["code"], 11_001);
    }
    house.clock.set(start + 15 * MINUTE_MS - 1);
    let locked = house.sign_in(PASSWORD).await?;
    assert_eq!(locked.headers()["retry-after"], "1");
    assert_eq!(body(locked, StatusCode::UNAUTHORIZED).await?["code"], 11_008);
    house.clock.set(start + 15 * MINUTE_MS);
    given(house.sign_in(PASSWORD).await?).await?;
    house.running.stop().await
}

#[tokio::test]
async fn a_code_for_a_device_is_good_for_a_quarter_of_an_hour() -> Result<()> {
    let house = House::open(None).await?;
    let start = house.clock.now().0;
    let (access, _) = given(house.sign_in(PASSWORD).await?).await?;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let answer = house.post("/api/v1/devices/invitations", access.as_str(), json!({ "till": 1 })).await?;
        codes.push(body(answer, StatusCode::OK).await?["code"].as_str().context("no code")?.to_owned());
    }
    house.clock.set(start + 15 * MINUTE_MS - 1);
    assert!(house.api.enrol(&codes[0]).await?.is_some());
    house.clock.set(start + 15 * MINUTE_MS);
    assert!(house.api.enrol(&codes[1]).await?.is_none());
    house.running.stop().await
}

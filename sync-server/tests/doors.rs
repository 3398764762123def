//! Who is let in, and what who is not let in is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::io::{Read as _, Write as _};

use anyhow::{Result, ensure};
use kontor_domain::ids::{CommandId, LocationId, PersonId};
use kontor_domain::time::Instant;
use kontor_server::config::Transport;
use kontor_server::host::now;
use kontor_server::{admin, secrets, wire};
use kontor_store::access::Enrolment;
use reqwest::{Response, StatusCode};
use support::{Api, Place};
use uuid::Uuid;

const PUSH: &str = "/api/v1/sync/push";
const PULL: &str = "/api/v1/sync/pull";
const ENROL: &str = "/api/v1/devices/enrol";

/// Every error is a problem, has an id, and tells nothing of what is inside.
async fn is_problem(response: Response, status: StatusCode) -> Result<serde_json::Value> {
    ensure!(response.status() == status, "{} is not {status}", response.status());
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    ensure!(header("content-type") == "application/problem+json", "{}", header("content-type"));
    ensure!(header("x-request-id").len() == 36, "no id");
    let body: serde_json::Value = serde_json::from_slice(&response.bytes().await?)?;
    ensure!(body["status"] == status.as_u16() && body["title"].is_string(), "{body}");
    Ok(body)
}

#[tokio::test]
async fn nothing_but_enrolment_and_health_answers_without_a_good_token() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let mut till = place.till(&api, Some(1)).await?;
    till.sync().await?;
    till.create_product("P1", 30)?;
    let body = serde_json::to_string(&till.push_request()?.unwrap())?;
    let good = till.token().to_owned();
    let other_secret = format!("{}{}", &good[..good.len() - 1], if good.ends_with('0') { '1' } else { '0' });
    let other_id = format!("kontor_{:032x}_{}", 7, good.rsplit('_').next().unwrap());
    for path in [PUSH, PULL] {
        for token in [None, Some(""), Some("x"), Some(other_secret.as_str()), Some(other_id.as_str())] {
            let body = is_problem(api.post(path, token, body.clone()).await?, StatusCode::UNAUTHORIZED).await?;
            assert_eq!(body["code"], 11_003);
        }
        let basic = api.client.post(format!("{}{path}", api.base)).header("authorization", format!("Basic {good}"));
        is_problem(basic.body(body.clone()).send().await?, StatusCode::UNAUTHORIZED).await?;
    }
    let get = |path: &str, token: String| api.client.get(format!("{}{path}", api.base)).header("authorization", format!("Bearer {token}")).send();
    is_problem(get("/metrics", good.clone()).await?, StatusCode::UNAUTHORIZED).await?;
    let metrics_token = std::fs::read_to_string(place.settings.data.join("metrics.token"))?;
    let text = get("/metrics", metrics_token).await?.text().await?;
    assert!(text.contains("kontor_http_requests_total{route=\"/api/v1/sync/push\",status=\"401\"} 6"), "{text}");
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(api.client.get(format!("{}{path}", api.base)).send().await?.status(), StatusCode::NO_CONTENT);
    }
    // Nothing of all that was kept; with the token it is.
    assert_eq!(api.post(PUSH, Some(&good), body.clone()).await?.status(), StatusCode::OK);
    assert_eq!(admin::revoke(&place.settings, 1).await?, 1);
    is_problem(api.post(PULL, Some(&good), body.clone()).await?, StatusCode::UNAUTHORIZED).await?;
    // What it still has to say is kept, not done: tests/tests/sync.rs.
    assert_eq!(api.post(PUSH, Some(&good), body).await?.status(), StatusCode::OK);
    running.stop().await
}

/// A server whose database is gone says that it is not ready, and that it lives: it is not started anew for that.
#[tokio::test]
async fn a_server_without_its_database_lives_and_is_not_ready() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let get = async |path: &str| api.client.get(format!("{}{path}", api.base)).send().await;
    for path in ["/health/", "/health/ready", "/health/live"] {
        assert_eq!(get(path).await?.status(), StatusCode::NO_CONTENT, "{path}");
    }
    running.host().access.close().await;
    for path in ["/health/", "/health/ready"] {
        let answer = get(path).await?;
        assert!(answer.headers().contains_key("retry-after"), "{path}");
        assert_eq!(is_problem(answer, StatusCode::SERVICE_UNAVAILABLE).await?["code"], 10_503, "{path}");
    }
    assert_eq!(get("/health/live").await?.status(), StatusCode::NO_CONTENT);
    running.stop().await
}

#[tokio::test]
async fn every_error_is_a_problem() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let till = place.till(&api, Some(1)).await?;
    let token = Some(till.token());
    is_problem(api.post("/api/v1/nothing", token, "{}").await?, StatusCode::NOT_FOUND).await?;
    let wrong_method = api.client.get(format!("{}{PUSH}", api.base)).send().await?;
    assert_eq!(wrong_method.headers().get("allow").unwrap(), "POST");
    is_problem(wrong_method, StatusCode::METHOD_NOT_ALLOWED).await?;
    for malformed in ["", "{", "[]", "{}", "null", "\u{feff}{}", &"[".repeat(100_000)] {
        is_problem(api.post(PUSH, token, malformed.to_owned()).await?, StatusCode::BAD_REQUEST).await?;
        is_problem(api.post(PULL, token, malformed.to_owned()).await?, StatusCode::BAD_REQUEST).await?;
    }
    let post = |path: &str| api.client.post(format!("{}{path}", api.base)).header("authorization", format!("Bearer {}", till.token()));
    is_problem(post(PUSH).body("{}").send().await?, StatusCode::UNSUPPORTED_MEDIA_TYPE).await?;
    let json = |path: &str| post(path).header("content-type", "application/json; charset=utf-8");
    is_problem(json(PUSH).header("content-encoding", "gzip").body("{}").send().await?, StatusCode::UNSUPPORTED_MEDIA_TYPE).await?;
    is_problem(json(PUSH).header("content-encoding", "zstd").body("{}").send().await?, StatusCode::BAD_REQUEST).await?;
    let bomb = zstd::bulk::compress(&vec![b' '; 64 * 1_048_576], 3)?;
    is_problem(json(PUSH).header("content-encoding", "zstd").body(bomb).send().await?, StatusCode::PAYLOAD_TOO_LARGE).await?;
    is_problem(json(PUSH).body(vec![b' '; 17 * 1_048_576]).send().await?, StatusCode::PAYLOAD_TOO_LARGE).await?;
    is_problem(api.post(ENROL, None, " ".repeat(2_000)).await?, StatusCode::PAYLOAD_TOO_LARGE).await?;
    // Numbers that do not follow each other.
    let request = serde_json::json!({ "epoch": null, "replica": till.enrolled.device, "device": till.enrolled.device, "build": "", "now": 0, "commands": [
        { "seq": 0, "id": till.enrolled.device, "name": "", "version": 1, "args": null, "at": 0, "actor": till.enrolled.person } ] });
    is_problem(api.post(PUSH, token, request.to_string()).await?, StatusCode::BAD_REQUEST).await?;
    running.stop().await
}

#[tokio::test]
async fn a_body_that_does_not_say_its_length_is_stopped_at_the_limit() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let till = place.till(&Api::plain(&running)?, Some(1)).await?;
    let (address, token) = (running.address, till.token().to_owned());
    let answer = tokio::task::spawn_blocking(move || -> std::io::Result<String> {
        let mut stream = std::net::TcpStream::connect(address)?;
        let body = vec![b' '; wire::BODY_LIMIT + 1];
        write!(stream, "POST {PUSH} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n")?;
        write!(stream, "content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n{:x}\r\n", body.len())?;
        stream.write_all(&body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    let answer = answer.await??;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("application/problem+json"), "{answer}");
    running.stop().await
}

#[tokio::test]
async fn a_code_is_good_once() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let code = place.code(None).await?;
    let tries = futures_util::future::join_all((0..4).map(|_| api.enrol(&code))).await;
    let got = tries.into_iter().collect::<Result<Vec<_>>>()?;
    assert_eq!(got.iter().flatten().count(), 1);
    assert!(api.enrol(&code).await?.is_none());
    assert!(api.enrol("0000-0000-0000").await?.is_none());
    // One that is over.
    let (late, hash) = secrets::new_code()?;
    let access = admin::open(&place.settings).await?;
    let device = admin::tills(&place.settings).await?.swap_remove(0).device.unwrap();
    let enrolment = Enrolment {
        id: CommandId(Uuid::now_v7()),
        company: access.companies().await?[0],
        device: device.id,
        device_name: device.name,
        till: device.till_id.unwrap(),
        till_number: 1,
        location: LocationId(Uuid::now_v7()),
        person: PersonId(Uuid::now_v7()),
        adds_till: false,
        expires_at: Instant(now().0 - 1),
    };
    access.add_enrolment(&hash, &enrolment, now()).await?;
    assert!(api.enrol(&late.0).await?.is_none());
    let tills = admin::tills(&place.settings).await?;
    assert_eq!(tills.iter().map(|place| (place.till.number, place.token_count)).collect::<Vec<_>>(), vec![(1, 0), (2, 1)]);
    running.stop().await
}

#[tokio::test]
async fn a_till_that_joins_again_leaves_its_old_token_without_effect() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let mut old = place.till(&api, Some(1)).await?;
    let mut new = place.till(&api, Some(1)).await?;
    assert_eq!(old.enrolled.device, new.enrolled.device);
    assert_ne!(old.enrolled.series, new.enrolled.series);
    assert!(old.pull(0).await.is_err());
    new.sync().await?;
    running.stop().await
}

#[tokio::test]
async fn who_tries_codes_too_often_is_told_to_wait() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    for _ in 0..10 {
        assert!(api.enrol("0000-0000-0000").await?.is_none());
    }
    let response = api.post(ENROL, None, "{}").await?;
    assert!(response.headers().contains_key("retry-after"));
    is_problem(response, StatusCode::TOO_MANY_REQUESTS).await?;
    running.stop().await
}

#[tokio::test]
async fn the_device_is_the_tokens_whatever_the_request_says() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let (mut first, second) = (place.till(&api, Some(1)).await?, place.till(&api, None).await?);
    let mut request = first.pull_request(0)?;
    request.device = second.enrolled.device;
    let reply: serde_json::Value = api.ask(PULL, first.token(), &request).await?;
    let own = kontor_domain::world::Scope::of_id(first.enrolled.device.0).0.to_string();
    let others = kontor_domain::world::Scope::of_id(second.enrolled.device.0).0.to_string();
    assert!(reply["page"]["scopes"].get(&own).is_some() && reply["page"]["scopes"].get(&others).is_none(), "{}", reply["page"]["scopes"]);
    running.stop().await
}

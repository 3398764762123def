//! Who signs in, how long that lasts, and what who does not is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::{Context as _, Result, ensure};
use kontor_server::config::Transport;
use reqwest::{Response, StatusCode};
use serde_json::{Value as Json, json};
use support::{Api, Place};

const LOGIN: &str = "/api/v1/auth/login";
const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";
const ME: &str = "/api/v1/auth/me";
const PASSWORD: &str = "a long enough password";

async fn body(response: Response, status: StatusCode) -> Result<Json> {
    let found = response.status();
    let bytes = response.bytes().await?;
    ensure!(found == status, "{found} is not {status}: {}", String::from_utf8_lossy(&bytes));
    Ok(if bytes.is_empty() { Json::Null } else { serde_json::from_slice(&bytes)? })
}

async fn login(api: &Api, username: &str, password: &str) -> Result<Response> {
    api.post(LOGIN, None, json!({ "username": username, "password": password }).to_string()).await
}

async fn me(api: &Api, token: &str) -> Result<Response> {
    Ok(api.client.get(format!("{}{ME}", api.base)).header("authorization", format!("Bearer {token}")).send().await?)
}

fn text(json: &Json, name: &str) -> Result<String> {
    Ok(json[name].as_str().with_context(|| format!("no {name} in {json}"))?.to_owned())
}

#[tokio::test]
async fn who_signs_in_goes_on_and_signs_out() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let founder = place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let signed_in = body(login(&api, " Mei", PASSWORD).await?, StatusCode::OK).await?;
    assert_eq!((signed_in["token_type"].as_str(), signed_in["expires_in_s"].as_i64()), (Some("Bearer"), Some(3_600)));
    let (access, refresh) = (text(&signed_in, "access_token")?, text(&signed_in, "refresh_token")?);
    let who = body(me(&api, &access).await?, StatusCode::OK).await?;
    assert_eq!(who["person"]["id"], founder.0.to_string());
    assert!(who["permissions"].as_array().unwrap().contains(&json!("roles.manage")), "{who}");
    // It goes on: the next token is another one, and the session is the same.
    let next = body(api.post(REFRESH, None, json!({ "refresh_token": refresh }).to_string()).await?, StatusCode::OK).await?;
    let (next_access, next_refresh) = (text(&next, "access_token")?, text(&next, "refresh_token")?);
    assert_ne!(next_refresh, refresh);
    body(me(&api, &next_access).await?, StatusCode::OK).await?;
    // Signed out, no token of this session is good any more.
    body(api.post(LOGOUT, Some(&next_access), "{}").await?, StatusCode::NO_CONTENT).await?;
    for token in [&access, &next_access] {
        assert_eq!(body(me(&api, token).await?, StatusCode::UNAUTHORIZED).await?["code"], 11_002);
    }
    body(api.post(REFRESH, None, json!({ "refresh_token": next_refresh }).to_string()).await?, StatusCode::UNAUTHORIZED).await?;
    running.stop().await
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_told_the_same_and_five_lock() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let wrong_password = body(login(&api, "mei", "another long password").await?, StatusCode::UNAUTHORIZED).await?;
    let wrong_name = body(login(&api, "nobody", PASSWORD).await?, StatusCode::UNAUTHORIZED).await?;
    assert_eq!(wrong_password, wrong_name);
    assert_eq!(wrong_name["code"], 11_001);
    running.stop().await
}

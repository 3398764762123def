//! Who signs in, how long that lasts, and what who does not is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::{Context as _, Result};
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::RoleId;
use kontor_domain::time::Instant;
use kontor_server::backup;
use kontor_server::config::Transport;
use kontor_server::host::now;
use kontor_server::secrets::{self, SentToken, TokenKind};
use kontor_store::access::RefreshToken;
use reqwest::{Response, StatusCode};
use serde_json::{Value as Json, json};
use support::{Api, Place, body};

const LOGIN: &str = "/api/v1/auth/login";
const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";
const ME: &str = "/api/v1/auth/me";
const PASSWORD: &str = "a long enough password";

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
async fn a_wrong_name_and_a_wrong_password_are_told_the_same_and_five_wrong_ones_lock_until_somebody_unlocks() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let company = running.host().access.companies().await?[0];
    let lin = place.hire(&running, company, "lin", RoleId::of(BuiltIn::Seller), PASSWORD).await?;
    let api = Api::plain(&running)?;
    let wrong_password = body(login(&api, "lin", "another long password").await?, StatusCode::UNAUTHORIZED).await?;
    let wrong_name = body(login(&api, "nobody", PASSWORD).await?, StatusCode::UNAUTHORIZED).await?;
    assert_eq!(wrong_password, wrong_name);
    assert_eq!(wrong_name["code"], 11_001);
    for _ in 0..4 {
        body(login(&api, "lin", "another long password").await?, StatusCode::UNAUTHORIZED).await?;
    }
    let locked = login(&api, "lin", PASSWORD).await?;
    assert!(locked.headers().contains_key("retry-after"));
    assert_eq!(body(locked, StatusCode::UNAUTHORIZED).await?["code"], 11_008);
    running.stop().await?;
    // Another process of the server, which has counted nothing itself, knows it too. Others sign in.
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let locked = login(&api, "lin", PASSWORD).await?;
    assert!(locked.headers().contains_key("retry-after"));
    assert_eq!(body(locked, StatusCode::UNAUTHORIZED).await?["code"], 11_008);
    let owner = api.token("HS", "mei", PASSWORD).await?;
    let unlocked = api.call("POST", &format!("/api/v1/users/{lin}/unlock"), Some(&owner), None).await?;
    assert_eq!(body(unlocked, StatusCode::OK).await?["networks"], 1);
    body(login(&api, "lin", PASSWORD).await?, StatusCode::OK).await?;
    running.stop().await
}

#[tokio::test]
async fn what_a_session_goes_on_with_is_good_once_and_who_comes_with_it_later_ends_the_session() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let refresh = async |token: &str| api.post(REFRESH, None, json!({ "refresh_token": token }).to_string()).await;
    let signed_in = api.sign_in("HS", "mei", PASSWORD).await?;
    let first = text(&signed_in, "refresh_token")?;
    // Two windows of one browser ask at once: both go on, and the session stays.
    let (one, other) = tokio::join!(refresh(&first), refresh(&first));
    let (one, other) = (body(one?, StatusCode::OK).await?, body(other?, StatusCode::OK).await?);
    let (one, other) = (text(&one, "refresh_token")?, text(&other, "refresh_token")?);
    assert_ne!(one, other);
    let next = text(&body(refresh(&one).await?, StatusCode::OK).await?, "refresh_token")?;
    // A token that was used a minute ago is in two hands.
    let access = &running.host().access;
    let old = SentToken::read(TokenKind::Refresh, &other).unwrap();
    let kept = access.refresh_token(old.id).await?.unwrap();
    let (_, id, secret_hash) = secrets::new_token(TokenKind::Refresh)?;
    let fresh = RefreshToken { id, secret_hash, ..kept };
    assert!(access.rotate(old.id, &fresh, Instant(now().0 - 60_000)).await?);
    assert_eq!(body(refresh(&other).await?, StatusCode::UNAUTHORIZED).await?["code"], 11_002);
    body(refresh(&next).await?, StatusCode::UNAUTHORIZED).await?;
    body(me(&api, &text(&signed_in, "access_token")?).await?, StatusCode::UNAUTHORIZED).await?;
    running.stop().await
}

#[tokio::test]
async fn a_browser_goes_on_with_a_cookie_that_no_script_sees() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let wish = json!({ "username": "mei", "password": PASSWORD, "cookie": true });
    let answer = api.post(LOGIN, None, wish.to_string()).await?;
    let set = answer.headers().get("set-cookie").unwrap().to_str()?.to_owned();
    for part in ["kontor_refresh=kontorr_", "HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"] {
        assert!(set.contains(part), "{set}");
    }
    let signed_in = body(answer, StatusCode::OK).await?;
    assert!(signed_in.get("refresh_token").is_none(), "only in the cookie");
    let cookie = set.split(';').next().unwrap().to_owned();
    let cookie_of = |answer: &reqwest::Response| answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let with_cookie = |path: &str, cookie: &str, body: String| {
        let request = api.client.post(format!("{}{path}", api.base)).header("cookie", format!("a=b; {cookie}"));
        request.header("content-type", "application/json").body(body).send()
    };
    let next = with_cookie(REFRESH, &cookie, "{}".into()).await?;
    let next_cookie = cookie_of(&next);
    body(next, StatusCode::OK).await?;
    // Whoever signs in anew in this browser leaves the session that was in it.
    let again = with_cookie(LOGIN, &next_cookie, wish.to_string()).await?;
    let newer = cookie_of(&again);
    let signed_in = body(again, StatusCode::OK).await?;
    body(with_cookie(REFRESH, &next_cookie, "{}".into()).await?, StatusCode::UNAUTHORIZED).await?;

    let out = with_cookie(LOGOUT, &newer, "{}".into()).await?;
    assert!(out.headers().get("set-cookie").unwrap().to_str()?.contains("Max-Age=0"));
    body(out, StatusCode::NO_CONTENT).await?;
    body(me(&api, &text(&signed_in, "access_token")?).await?, StatusCode::UNAUTHORIZED).await?;
    running.stop().await
}

#[tokio::test]
async fn no_other_text_is_an_access_token() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let signed_in = api.sign_in("HS", "mei", PASSWORD).await?;
    let good = text(&signed_in, "access_token")?;
    body(me(&api, &good).await?, StatusCode::OK).await?;
    let parts: Vec<&str> = good.split('.').collect();
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]);
    let (link, ..) = secrets::new_token(TokenKind::ResetLink)?;
    let cut = good[..good.len() - 2].to_owned();
    for wrong in [unsigned, cut, format!("{}.{}.", parts[0], parts[1]), link.0, text(&signed_in, "refresh_token")?, String::new(), "x".repeat(7_000)]
    {
        body(me(&api, &wrong).await?, StatusCode::UNAUTHORIZED).await?;
    }
    running.stop().await
}

#[tokio::test]
async fn who_may_no_longer_act_is_out_at_once_and_is_not_in_again_by_being_let_in_again() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let company = running.host().access.companies().await?[0];
    let lin = place.hire(&running, company, "lin", RoleId::of(BuiltIn::Seller), PASSWORD).await?;
    let api = Api::plain(&running)?;
    let (owner, seller) = (api.token("HS", "mei", PASSWORD).await?, api.token("HS", "lin", PASSWORD).await?);
    body(me(&api, &seller).await?, StatusCode::OK).await?;
    let path = format!("/api/v1/users/{lin}/active");
    body(api.call("PUT", &path, Some(&owner), Some(json!({ "active": false }))).await?, StatusCode::OK).await?;
    assert_eq!(body(me(&api, &seller).await?, StatusCode::UNAUTHORIZED).await?["code"], 11_002);
    assert_eq!(body(login(&api, "lin", PASSWORD).await?, StatusCode::UNAUTHORIZED).await?["code"], 11_006);
    body(api.call("PUT", &path, Some(&owner), Some(json!({ "active": true }))).await?, StatusCode::OK).await?;
    body(me(&api, &seller).await?, StatusCode::UNAUTHORIZED).await?;
    body(login(&api, "lin", PASSWORD).await?, StatusCode::OK).await?;
    // Sign-ins and what was refused can be read, who and why; passwords and tokens stand nowhere.
    let audit = body(api.call("GET", "/api/v1/audit?kind=access.&limit=3", Some(&owner), None).await?, StatusCode::OK).await?;
    let rows = audit["rows"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0]["kind"].as_str(), rows[0]["status"].as_str()), (3, Some("access.sign_in"), Some("ok")));
    // Before that, who came with a session that was ended, and who may no longer sign in.
    for (row, code) in [(&rows[1], 11_002), (&rows[2], 11_006)] {
        assert_eq!((row["code"].as_i64(), row["person_id"].as_str()), (Some(code), Some(lin.to_string().as_str())));
    }
    let next = text(&audit, "next")?;
    let older = body(api.call("GET", &format!("/api/v1/audit?kind=access.&after={next}"), Some(&owner), None).await?, StatusCode::OK).await?;
    let older = older["rows"].as_array().unwrap();
    assert!(!older.is_empty() && older.iter().all(|row| !rows.contains(row)), "{older:?}");
    let commands = body(api.call("GET", "/api/v1/audit?kind=identity.set_active", Some(&owner), None).await?, StatusCode::OK).await?;
    let id = text(&commands["rows"][0], "id")?;
    let detail = body(api.call("GET", &format!("/api/v1/audit/{id}"), Some(&owner), None).await?, StatusCode::OK).await?;
    assert!(text(&detail, "args")?.contains(r#""active":{"from":false,"to":true}"#), "{detail}");
    let file = api.call("GET", "/api/v1/audit/export", Some(&owner), None).await?.text().await?;
    assert!(file.lines().count() > 8 && file.contains("access.sign_in,refused,11006,lin,"), "{file}");
    assert!(!file.contains(PASSWORD) && !file.contains("argon2"));
    running.stop().await
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_needs_the_old_one() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let (here, elsewhere) = (api.token("HS", "mei", PASSWORD).await?, api.token("HS", "mei", PASSWORD).await?);
    let change = async |old: &str, new: &str| {
        let wish = json!({ "old_password": old, "new_password": new });
        api.call("POST", "/api/v1/auth/change-password", Some(&here), Some(wish)).await
    };
    assert_eq!(body(change("not the old one", "quite another one").await?, StatusCode::BAD_REQUEST).await?["code"], 10_003);
    assert_eq!(body(change(PASSWORD, "short").await?, StatusCode::BAD_REQUEST).await?["code"], 14_010);
    body(change(PASSWORD, "quite another one").await?, StatusCode::NO_CONTENT).await?;
    body(me(&api, &here).await?, StatusCode::OK).await?;
    body(me(&api, &elsewhere).await?, StatusCode::UNAUTHORIZED).await?;
    running.stop().await
}

#[tokio::test]
async fn who_signs_in_on_a_device_is_believed_there_and_customers_never() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let company = running.host().access.companies().await?[0];
    let lin = place.hire(&running, company, "lin", RoleId::of(BuiltIn::Seller), PASSWORD).await?;
    place.hire(&running, company, "guest", RoleId::CUSTOMER, PASSWORD).await?;
    let api = Api::plain(&running)?;
    let till = place.till(&api, Some(1)).await?;
    let device = till.enrolled.device;
    assert!(!running.host().access.persons(company, device).await?.contains(&lin));
    let on_device = async |name: &str| api.post(LOGIN, Some(till.token()), json!({ "username": name, "password": PASSWORD }).to_string()).await;
    let signed_in = body(on_device("lin").await?, StatusCode::OK).await?;
    assert!(running.host().access.persons(company, device).await?.contains(&lin));
    let who = body(me(&api, &text(&signed_in, "access_token")?).await?, StatusCode::OK).await?;
    assert_eq!(who["device"], device.to_string());
    assert_eq!(body(on_device("guest").await?, StatusCode::UNAUTHORIZED).await?["code"], 11_005);
    body(login(&api, "guest", PASSWORD).await?, StatusCode::OK).await?;
    // A device's token is no person's, and a wrong one opens nothing.
    body(me(&api, till.token()).await?, StatusCode::UNAUTHORIZED).await?;
    body(api.post(LOGIN, Some("kontor_x"), json!({ "username": "lin", "password": PASSWORD }).to_string()).await?, StatusCode::UNAUTHORIZED).await?;
    running.stop().await
}

#[tokio::test]
async fn only_a_trusted_proxy_says_where_somebody_comes_from() -> Result<()> {
    let mut place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let mut found = Vec::new();
    for trusted in [Vec::new(), vec!["127.0.0.0/8".parse()?]] {
        place.settings.trusted_proxies = trusted;
        let running = place.start().await?;
        let api = Api::plain(&running)?;
        let owner = api.token("HS", "mei", PASSWORD).await?;
        let rule = json!({ "kind": "deny", "network": "203.0.113.0/24" });
        let made = api.call("POST", "/api/v1/ip-rules", Some(&owner), Some(rule)).await?.status();
        assert!(made == StatusCode::CREATED || made == StatusCode::CONFLICT, "{made}");
        let from = async |said: &str| {
            let request = api.client.get(format!("{}{ME}", api.base)).header("authorization", format!("Bearer {owner}"));
            Ok::<_, anyhow::Error>(request.header("x-forwarded-for", said).send().await?.status().as_u16())
        };
        // What a client wrote itself stands farther away than what the proxy wrote, and is not believed.
        for said in ["203.0.113.7", "::ffff:203.0.113.7", "198.51.100.1, 203.0.113.7:4711", "203.0.113.7, 198.51.100.1", "nonsense"] {
            found.push(from(said).await?);
        }
        // Nobody shuts themselves out.
        let rule = json!({ "kind": "deny", "network": "127.0.0.0/8" });
        let refused = api.call("POST", "/api/v1/ip-rules", Some(&owner), Some(rule)).await?;
        assert_eq!(body(refused, StatusCode::FORBIDDEN).await?["code"], 12_002);
        running.stop().await?;
    }
    assert_eq!(found, [200, 200, 200, 200, 200, 403, 403, 403, 200, 200]);
    Ok(())
}

#[tokio::test]
async fn what_a_backup_brings_back_lets_nobody_in_who_was_shut_out() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let signed_in = api.sign_in("HS", "mei", PASSWORD).await?;
    let (access, refresh) = (text(&signed_in, "access_token")?, text(&signed_in, "refresh_token")?);
    let wish = json!({ "name": "Shop", "permissions": ["users.read"] });
    let key = body(api.call("POST", "/api/v1/api-keys", Some(&access), Some(wish)).await?, StatusCode::CREATED).await?;
    let backup = place.folder.path().join("backup.kontor");
    backup::write(&place.settings, &backup, backup::Place::Here).await?;
    // After the backup the key is taken back and the password changed, which ends every other session.
    let path = format!("/api/v1/api-keys/{}", text(&key, "id")?);
    body(api.call("DELETE", &path, Some(&access), None).await?, StatusCode::NO_CONTENT).await?;
    let elsewhere = api.token("HS", "mei", PASSWORD).await?;
    let wish = json!({ "old_password": PASSWORD, "new_password": "quite another one" });
    body(api.call("POST", "/api/v1/auth/change-password", Some(&elsewhere), Some(wish)).await?, StatusCode::NO_CONTENT).await?;
    running.stop().await?;
    backup::restore(&place.settings, &backup).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    for token in [&access, &elsewhere] {
        body(me(&api, token).await?, StatusCode::UNAUTHORIZED).await?;
    }
    body(api.post(REFRESH, None, json!({ "refresh_token": refresh }).to_string()).await?, StatusCode::UNAUTHORIZED).await?;
    let by_key = api.client.get(format!("{}/api/v1/users", api.base)).header("x-api-key", text(&key, "key")?).send().await?;
    assert_eq!(body(by_key, StatusCode::FORBIDDEN).await?["code"], 12_004);
    body(login(&api, "mei", PASSWORD).await?, StatusCode::UNAUTHORIZED).await?;
    body(login(&api, "mei", "quite another one").await?, StatusCode::OK).await?;
    running.stop().await
}

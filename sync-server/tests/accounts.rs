//! What a token that was left lying is not enough for, who is counted as whom, and what the audit says of who was turned away.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::num::NonZeroU32;

use anyhow::Result;
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::{CommandId, PersonId, RoleId};
use kontor_server::admin;
use kontor_server::config::Transport;
use kontor_server::server::Running;
use reqwest::{Response, StatusCode};
use serde_json::{Value as Json, json};
use support::{Api, Place, body};
use uuid::Uuid;

const PASSWORD: &str = "a long enough password";
const LOGIN: &str = "/api/v1/auth/login";

/// A server with an owner, Mei, who may sign in.
async fn house() -> Result<(Place, Running, Api)> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    Ok((place, running, api))
}

async fn hire(place: &Place, running: &Running, name: &str) -> Result<PersonId> {
    let company = running.host().access.companies().await?[0];
    place.hire(running, company, name, RoleId::of(BuiltIn::Seller), PASSWORD).await
}

async fn login(api: &Api, username: &str, password: &str) -> Result<Response> {
    api.call("POST", LOGIN, None, Some(json!({ "username": username, "password": password }))).await
}

/// Signs in as from an address, through a proxy that is believed.
async fn login_from(api: &Api, address: &str, username: &str, password: &str) -> Result<Response> {
    let body = json!({ "username": username, "password": password }).to_string();
    let request = api.client.post(format!("{}{LOGIN}", api.base)).header("x-forwarded-for", address);
    Ok(request.header("content-type", "application/json").body(body).send().await?)
}

/// Codes of what was refused at the door, newest first.
async fn refused(api: &Api, owner: &str) -> Result<Vec<i64>> {
    let audit = body(api.call("GET", "/api/v1/audit?kind=access.&limit=100", Some(owner), None).await?, StatusCode::OK).await?;
    Ok(audit["rows"].as_array().unwrap().iter().filter_map(|row| row["code"].as_i64()).collect())
}

async fn kinds(api: &Api, owner: &str) -> Result<Vec<String>> {
    let audit = body(api.call("GET", "/api/v1/audit?limit=200", Some(owner), None).await?, StatusCode::OK).await?;
    Ok(audit["rows"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn where_links_to_a_new_password_go_is_changed_by_who_knows_the_password() -> Result<()> {
    let (place, running, api) = house().await?;
    let owner = api.sign_in("HS", "mei", PASSWORD).await?["access_token"].as_str().unwrap().to_owned();
    let me = body(api.call("GET", "/api/v1/users/me", Some(&owner), None).await?, StatusCode::OK).await?["person"]["id"].clone();
    let own = format!("/api/v1/users/{}", me.as_str().unwrap());
    let email = "thief@example.com";
    for (method, path) in [("PUT", "/api/v1/users/me"), ("PATCH", own.as_str())] {
        let missing = body(api.call(method, path, Some(&owner), Some(json!({ "email": email }))).await?, StatusCode::BAD_REQUEST).await?;
        assert_eq!((&missing["code"], &missing["pointer"]), (&json!(10_003), &json!("#/password")), "{path}");
        let wish = json!({ "email": email, "password": "not the password" });
        assert_eq!(body(api.call(method, path, Some(&owner), Some(wish)).await?, StatusCode::BAD_REQUEST).await?["code"], 10_003, "{path}");
    }
    assert_eq!(refused(&api, &owner).await?, [10_003, 10_003], "both tries stand in the audit");
    // Nor by the way that the screens go.
    let edit = json!({ "from": "", "to": email });
    let commands =
        [json!({ "identity": { "edit_profile": { "email": edit } } }), json!({ "identity": { "edit_person": { "person_id": me, "email": edit } } })];
    for command in commands {
        let wish = json!({ "id": CommandId(Uuid::now_v7()), "command": command });
        let answer = api.call("POST", "/api/v1/screens/execute", Some(&owner), Some(wish)).await?;
        assert_eq!(body(answer, StatusCode::BAD_REQUEST).await?["code"], 10_003);
    }
    // One's own password is no other's to set.
    let set = api.call("PUT", &format!("{own}/password"), Some(&owner), Some(json!({ "password": "quite another one" }))).await?;
    assert_eq!(body(set, StatusCode::CONFLICT).await?["code"], 16_000);
    let wish = json!({ "email": "Mei@Example.com", "password": PASSWORD });
    let changed = body(api.call("PUT", "/api/v1/users/me", Some(&owner), Some(wish)).await?, StatusCode::OK).await?;
    assert_eq!(changed["profile"]["email"], "mei@example.com");
    // What is not the address needs no password, and others' addresses are the office's.
    body(api.call("PUT", "/api/v1/users/me", Some(&owner), Some(json!({ "name": "Mei Chen" }))).await?, StatusCode::OK).await?;
    let lin = hire(&place, &running, "lin").await?;
    body(api.call("PATCH", &format!("/api/v1/users/{lin}"), Some(&owner), Some(json!({ "email": "l@example.com" }))).await?, StatusCode::OK).await?;
    running.stop().await
}

#[tokio::test]
async fn an_edit_that_saw_another_state_is_refused_and_one_that_saw_nothing_too() -> Result<()> {
    let (place, running, api) = house().await?;
    let lin = hire(&place, &running, "lin").await?;
    let owner = support::caller::Caller::sign_in(&api, None, "mei", PASSWORD).await?;
    let role = owner.post("/api/v1/roles", &json!({ "name": "Weekend", "permissions": [] })).await?.expect(201)["id"].clone();
    let paths = [
        (format!("/api/v1/users/{lin}"), json!({ "department": "Front" })),
        (format!("/api/v1/roles/{}", role.as_str().unwrap()), json!({ "name": "Sunday" })),
    ];
    for (path, wish) in paths {
        let tag = owner.get(&path).await?.header("etag").unwrap().to_owned();
        let patch = async |seen: Option<&str>| {
            let request = owner.json(reqwest::Method::PATCH, &path, &wish);
            owner.send(if let Some(seen) = seen { request.header("if-match", seen) } else { request }).await
        };
        assert_eq!(patch(None).await?.problem(428), 10_428, "{path}");
        let changed = patch(Some(&tag)).await?;
        let fresh = changed.header("etag").unwrap().to_owned();
        changed.expect(200);
        assert_eq!(patch(Some(&tag)).await?.problem(412), 10_412, "{path}");
        assert_eq!(owner.get(&path).await?.header("etag"), Some(fresh.as_str()), "{path}");
    }
    // A request that is named is done once; a key is shown once.
    let wish = json!({ "name": "Shop", "permissions": [] });
    let first = owner.post_as("key-1", "/api/v1/api-keys", &wish).await?.expect(201);
    let again = owner.post_as("key-1", "/api/v1/api-keys", &wish).await?.expect(201);
    assert!(first["key"].is_string() && again["key"].is_null() && first["id"] == again["id"], "{again}");
    let key = first["key"].as_str().unwrap();
    assert_eq!(api.client.get(format!("{}/api/v1/auth/me", api.base)).header("x-api-key", key).send().await?.status(), 200);
    // People are read from place to place, in any order.
    hire(&place, &running, "an").await?;
    let names = async |query: &str| {
        let page = owner.get(&format!("/api/v1/users?limit=2&{query}")).await?.expect(200);
        let rows: Vec<String> = page["rows"].as_array().unwrap().iter().map(|row| row["person"]["username"].as_str().unwrap().to_owned()).collect();
        Ok::<_, anyhow::Error>((rows, page["next"].as_str().map(str::to_owned)))
    };
    let (first, next) = names("sort=username").await?;
    assert_eq!(first, ["an", "lin"]);
    assert_eq!(names(&format!("sort=username&after={}", next.unwrap())).await?, (vec!["mei".to_owned()], None));
    assert_eq!(names("sort=newest").await?.0, ["an", "lin"]);
    assert_eq!(owner.get("/api/v1/users?sort=colour").await?.problem(400), 14_001);
    running.stop().await
}

#[tokio::test]
async fn a_persons_names_are_counted_together_and_a_restart_forgets_nothing() -> Result<()> {
    let (place, running, api) = house().await?;
    hire(&place, &running, "lin").await?;
    for name in ["lin", "lin@example.com", "LIN", "lin@example.com", "lin"] {
        body(login(&api, name, "another long password").await?, StatusCode::UNAUTHORIZED).await?;
    }
    for name in ["lin", "lin@example.com"] {
        assert_eq!(body(login(&api, name, PASSWORD).await?, StatusCode::UNAUTHORIZED).await?["code"], 11_008, "{name}");
    }
    // Right ones count for the minute, too, at whichever process.
    for _ in 0..5 {
        assert_eq!(login(&api, "mei", PASSWORD).await?.status(), StatusCode::OK);
    }
    running.stop().await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    // On a slow machine part of the minute may be over.
    let mut often = login(&api, "mei", PASSWORD).await?;
    for _ in 0..20 {
        if often.status() == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        often = login(&api, "mei", PASSWORD).await?;
    }
    assert!(often.headers().contains_key("retry-after"));
    assert_eq!(body(often, StatusCode::TOO_MANY_REQUESTS).await?["code"], 10_429);
    running.stop().await
}

#[tokio::test]
async fn nobody_locks_the_owner_out_from_afar_and_lists_of_networks_hold_for_both_kinds_of_addresses() -> Result<()> {
    let mut place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    place.settings.trusted_proxies = vec!["127.0.0.0/8".parse()?];
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    for _ in 0..6 {
        body(login_from(&api, "203.0.113.7", "mei", "another long password").await?, StatusCode::UNAUTHORIZED).await?;
    }
    assert_eq!(body(login_from(&api, "203.0.113.7", "mei", PASSWORD).await?, StatusCode::UNAUTHORIZED).await?["code"], 11_008);
    let owner = body(login_from(&api, "198.51.100.1", "mei", PASSWORD).await?, StatusCode::OK).await?["access_token"].as_str().unwrap().to_owned();
    // The neighbours of one IPv6 network are one, and another network is another.
    for host in 1..=6 {
        login_from(&api, &format!("2001:db8:1:1::{host}"), "mei", "another long password").await?;
    }
    assert_eq!(body(login_from(&api, "2001:db8:1:1::99", "mei", PASSWORD).await?, StatusCode::UNAUTHORIZED).await?["code"], 11_008);
    body(login_from(&api, "[2001:db8:1:2::1]:4711", "mei", PASSWORD).await?, StatusCode::OK).await?;
    // From now on only these.
    for network in ["127.0.0.0/8", "2001:db8:1::/48"] {
        let wish = json!({ "kind": "allow", "network": network });
        body(api.call("POST", "/api/v1/ip-rules", Some(&owner), Some(wish)).await?, StatusCode::CREATED).await?;
    }
    let from = async |address: &str| {
        let request = api.client.get(format!("{}/api/v1/auth/me", api.base)).header("authorization", format!("Bearer {owner}"));
        let answer: Json = serde_json::from_str(&request.header("x-forwarded-for", address).send().await?.text().await?)?;
        Ok::<_, anyhow::Error>(answer["code"].as_i64())
    };
    assert_eq!(from("2001:db8:1:77::5").await?, None);
    assert_eq!(from("2001:db8:2::5").await?, Some(12_003));
    assert_eq!(from("198.51.100.1").await?, Some(12_003));
    assert_eq!(from("::ffff:127.0.0.9").await?, None);
    assert_eq!(body(login_from(&api, "198.51.100.1", "mei", PASSWORD).await?, StatusCode::FORBIDDEN).await?["code"], 12_003);
    let wish = json!({ "kind": "deny", "network": "2001:db8:1:66::/64" });
    body(api.call("POST", "/api/v1/ip-rules", Some(&owner), Some(wish)).await?, StatusCode::CREATED).await?;
    assert_eq!(from("2001:db8:1:66::5").await?, Some(12_002));
    let told = refused(&api, &owner).await?;
    assert!(told.contains(&12_002) && told.contains(&12_003) && told.contains(&11_008), "{told:?}");
    running.stop().await
}

#[tokio::test]
async fn sessions_are_seen_and_ended_by_whose_they_are_and_by_who_may() -> Result<()> {
    let (place, running, api) = house().await?;
    let lin = hire(&place, &running, "lin").await?;
    let (here, elsewhere) = (api.token("HS", "lin", PASSWORD).await?, api.token("HS", "lin", PASSWORD).await?);
    let owner = api.token("HS", "mei", PASSWORD).await?;
    let get = async |token: &str, path: &str| body(api.call("GET", path, Some(token), None).await?, StatusCode::OK).await;
    let mine = get(&here, "/api/v1/auth/sessions").await?;
    let rows = mine["rows"].as_array().unwrap();
    assert_eq!((rows.len(), rows.iter().filter(|row| row["is_own"] == true).count()), (2, 1), "{mine}");
    let other = rows.iter().find(|row| row["is_own"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    // Nobody ends a session of somebody else by its id.
    let path = format!("/api/v1/auth/sessions/{other}");
    assert_eq!(body(api.call("DELETE", &path, Some(&owner), None).await?, StatusCode::NOT_FOUND).await?["code"], 13_001);
    body(api.call("DELETE", &path, Some(&here), None).await?, StatusCode::NO_CONTENT).await?;
    assert_eq!(body(api.call("GET", "/api/v1/auth/me", Some(&elsewhere), None).await?, StatusCode::UNAUTHORIZED).await?["code"], 11_002);
    let theirs = format!("/api/v1/users/{lin}/sessions");
    assert_eq!(get(&owner, &theirs).await?["rows"].as_array().unwrap().len(), 1);
    body(api.call("DELETE", &theirs, Some(&here), None).await?, StatusCode::FORBIDDEN).await?;
    body(api.call("DELETE", &theirs, Some(&owner), None).await?, StatusCode::NO_CONTENT).await?;
    body(api.call("GET", "/api/v1/auth/me", Some(&here), None).await?, StatusCode::UNAUTHORIZED).await?;
    assert_eq!(get(&owner, &theirs).await?["rows"], json!([]));
    assert!(kinds(&api, &owner).await?.iter().filter(|kind| *kind == "access.sessions_ended").count() == 2);
    assert!(refused(&api, &owner).await?.contains(&11_002), "who came with a session that was ended");
    running.stop().await
}

#[tokio::test]
async fn keys_that_were_taken_back_joined_devices_and_what_is_done_at_the_machine_stand_in_the_audit() -> Result<()> {
    let (place, running, api) = house().await?;
    let owner = api.token("HS", "mei", PASSWORD).await?;
    let wish = json!({ "name": "Shop", "permissions": [] });
    let made = body(api.call("POST", "/api/v1/api-keys", Some(&owner), Some(wish)).await?, StatusCode::CREATED).await?;
    let path = format!("/api/v1/api-keys/{}", made["id"].as_str().unwrap());
    body(api.call("DELETE", &path, Some(&owner), None).await?, StatusCode::NO_CONTENT).await?;
    for _ in 0..20 {
        let asked = api.client.get(format!("{}/api/v1/users", api.base)).header("x-api-key", made["key"].as_str().unwrap()).send().await?;
        assert_eq!(body(asked, StatusCode::FORBIDDEN).await?["code"], 12_004);
    }
    let noted = refused(&api, &owner).await?.iter().filter(|code| **code == 12_004).count();
    assert!((1..=8).contains(&noted), "{noted}: written down, and not every time");
    place.till(&api, Some(1)).await?;
    assert_eq!(admin::revoke(&place.settings, 1).await?, 1);
    let told = kinds(&api, &owner).await?;
    for kind in ["access.device_joined", "access.device_written_off", "access.password_set"] {
        assert!(told.iter().any(|one| one == kind), "{kind}: {told:?}");
    }
    running.stop().await
}

/// Who may change people, but not the owner, is written down when trying; and who tries all day fills no disk with it.
#[tokio::test]
async fn what_somebody_may_not_do_is_written_down_and_not_without_end() -> Result<()> {
    let (place, running, api) = house().await?;
    let owner = api.sign_in("HS", "mei", PASSWORD).await?["access_token"].as_str().unwrap().to_owned();
    let me = body(api.call("GET", "/api/v1/users/me", Some(&owner), None).await?, StatusCode::OK).await?["person"]["id"].clone();
    let company = running.host().access.companies().await?[0];
    for name in ["min", "lin"] {
        place.hire(&running, company, name, RoleId::of(BuiltIn::Manager), PASSWORD).await?;
    }
    let (min, lin) = (api.token("HS", "min", PASSWORD).await?, api.token("HS", "lin", PASSWORD).await?);
    let set = async |who: &str| {
        let path = format!("/api/v1/users/{}/password", me.as_str().unwrap());
        let answer = api.call("PUT", &path, Some(who), Some(json!({ "password": "quite another one" }))).await?;
        assert_eq!(body(answer, StatusCode::FORBIDDEN).await?["code"], 12_001);
        Ok::<_, anyhow::Error>(())
    };
    for _ in 0..20 {
        set(&min).await?;
    }
    set(&lin).await?;
    let told = refused(&api, &owner).await?;
    assert!((7..=8).contains(&told.len()), "one of lin, and few of min: {told:?}");
    running.stop().await
}

#[tokio::test]
async fn over_tls_the_cookie_says_so_and_a_session_that_asks_without_end_waits() -> Result<()> {
    let mut place = Place::with_company(Transport::OwnCertificate(vec!["localhost".into()])).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    place.settings.requests_a_second = NonZeroU32::MIN;
    let running = place.start().await?;
    let api = Api::pinned(&running, &place.settings.data)?;
    let wish = json!({ "username": "mei", "password": PASSWORD, "cookie": true });
    let answer = api.call("POST", LOGIN, None, Some(wish)).await?;
    let set = answer.headers()["set-cookie"].to_str()?.to_owned();
    assert!(set.starts_with("__Secure-kontor_refresh=kontorr_") && set.contains("; Secure"), "{set}");
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000; includeSubDomains");
    let policy = answer.headers()["content-security-policy"].to_str()?.to_owned();
    assert!(policy.contains("base-uri 'none'") && policy.contains("default-src 'none'"), "{policy}");
    let token = body(answer, StatusCode::OK).await?["access_token"].as_str().unwrap().to_owned();
    let goes_on = async |cookie: String| {
        let request = api.client.post(format!("{}/api/v1/auth/refresh", api.base)).header("cookie", cookie);
        Ok::<_, anyhow::Error>(request.header("content-type", "application/json").body("{}").send().await?.status().as_u16())
    };
    let cookie = set.split(';').next().unwrap().to_owned();
    assert_eq!(goes_on(cookie.replace("__Secure-", "")).await?, 401, "a cookie that did not come over TLS");
    assert_eq!(goes_on(cookie).await?, 200);
    let mut statuses = Vec::new();
    for _ in 0..40 {
        let answer = api.call("GET", "/api/v1/auth/me", Some(&token), None).await?;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key("retry-after"));
        }
        statuses.push(answer.status().as_u16());
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    running.stop().await
}

#[tokio::test]
async fn behind_a_proxy_with_tls_the_cookie_and_the_headers_say_what_browsers_see() -> Result<()> {
    for (public_url, is_encrypted) in [(None, false), (Some("https://shop.example.com"), true)] {
        let mut place = Place::with_company(Transport::Plain).await?;
        place.founder_signs_in("mei", PASSWORD).await?;
        place.settings.public_url = public_url.map(str::to_owned);
        let running = place.start().await?;
        let wish = json!({ "username": "mei", "password": PASSWORD, "cookie": true });
        let answer = Api::plain(&running)?.call("POST", LOGIN, None, Some(wish)).await?;
        let set = answer.headers()["set-cookie"].to_str()?.to_owned();
        assert_eq!((set.starts_with("__Secure-kontor_refresh="), set.contains("; Secure")), (is_encrypted, is_encrypted), "{set}");
        assert_eq!(answer.headers().contains_key("strict-transport-security"), is_encrypted);
        running.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn no_token_of_another_kind_sets_a_password_and_no_password_that_many_have_is_set() -> Result<()> {
    let (_place, running, api) = house().await?;
    let signed_in = api.sign_in("HS", "mei", PASSWORD).await?;
    for kind in ["access_token", "refresh_token"] {
        let wish = json!({ "token": signed_in[kind], "new_password": "quite another one" });
        let answer = api.call("POST", "/api/v1/auth/reset-password", None, Some(wish)).await?;
        assert_eq!(body(answer, StatusCode::UNAUTHORIZED).await?["code"], 11_002, "{kind}");
    }
    let token = signed_in["access_token"].as_str().unwrap();
    // Each try of the old password counts: a few are enough to see.
    for common in ["password123", "harbourstreet", "kontor2026"] {
        let wish = json!({ "old_password": PASSWORD, "new_password": common });
        let answer = api.call("POST", "/api/v1/auth/change-password", Some(token), Some(wish)).await?;
        assert_eq!(body(answer, StatusCode::BAD_REQUEST).await?["code"], 14_001, "{common}");
    }
    let wish = json!({ "name": "Guest", "username": "guest", "password": "iloveyou1" });
    body(api.call("POST", "/api/v1/auth/register", None, Some(wish)).await?, StatusCode::BAD_REQUEST).await?;
    running.stop().await
}

#[tokio::test]
async fn a_name_that_is_not_there_costs_as_much_work_as_one_that_is() -> Result<()> {
    let (place, running, api) = house().await?;
    hire(&place, &running, "lin").await?;
    let work = async |username: &str| {
        let before = running.hashes();
        body(login(&api, username, "another long password").await?, StatusCode::UNAUTHORIZED).await?;
        Ok::<_, anyhow::Error>(running.hashes() - before)
    };
    assert_eq!((work("lin").await?, work("nobody").await?, work("nobody@example.com").await?), (1, 1, 1));
    running.stop().await
}

#[tokio::test]
async fn every_document_that_is_made_stands_in_the_audit_with_its_command() -> Result<()> {
    let (_place, running, api) = house().await?;
    let owner = support::caller::Caller::sign_in(&api, None, "mei", PASSWORD).await?;
    let ids = support::operations::furnish(&owner).await?;
    let sale = ids["sale_id"].as_str().unwrap();
    let refund = json!({ "shift_id": ids["shift_id"], "lines": [{ "line": 1, "quantity": 1000 }], "restock": true });
    owner.post(&format!("/api/v1/sales/{sale}/refunds"), &refund).await?.expect(201);
    let told = kinds(&api, &owner.token).await?;
    let made = [
        "catalog.create_product",
        "catalog.create_category",
        "stock.receive",
        "counter.open_shift",
        "counter.sell",
        "counter.refund",
        "identity.create_role",
        "identity.create_person",
        "identity.create_key",
        "identity.add_network_rule",
        "settings.add_till",
    ];
    for kind in made {
        assert_eq!(told.iter().filter(|one| *one == kind).count(), 1, "{kind}: {told:?}");
    }
    running.stop().await
}

//! Requests that are no command and are named are done once, too; and what is taken away is what was seen, where that is said.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::{Context as _, Result};
use kontor_domain::command::Permission;
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::RoleId;
use kontor_server::config::Transport;
use kontor_server::server::Running;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use support::caller::{Answered, Caller};
use support::company::Company;
use support::{Api, Place};
use uuid::Uuid;

const PASSWORD: &str = "a long enough password";

async fn open() -> Result<(Place, Running, Company, Caller)> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let company = running.host().access.companies().await?[0];
    let company = Company::of(running.host(), company).await?;
    let caller = company.program(running.host(), &api, Permission::ALL).await?;
    Ok((place, running, company, caller))
}

/// The same request, twice under one name and once under another path: done once, answered alike, and refused.
async fn twice(caller: &Caller, key: &str, request: impl Fn() -> RequestBuilder, other: RequestBuilder) -> Result<Answered> {
    let named = |request: RequestBuilder| request.header("idempotency-key", key);
    let first = caller.send(named(request())).await?;
    assert!(first.status.is_success(), "{}", first.body);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = caller.send(named(request())).await?;
    assert_eq!((again.status, &again.body, again.header("idempotency-replayed")), (first.status, &first.body, Some("true")));
    assert_eq!(caller.send(named(other)).await?.problem(422), 10_422);
    Ok(first)
}

async fn count(caller: &Caller, kind: &str) -> Result<usize> {
    let listed = caller.get(&format!("/api/v1/audit?limit=500&kind={kind}")).await?.expect(200);
    Ok(listed["rows"].as_array().context("rows")?.len())
}

#[tokio::test]
async fn what_is_no_command_is_done_once_for_a_name() -> Result<()> {
    let (place, running, company, caller) = open().await?;
    let api = Api::plain(&running)?;
    let lin = place.hire(&running, company.id, "lin", RoleId::of(BuiltIn::Seller), PASSWORD).await?;
    let an = place.hire(&running, company.id, "an", RoleId::of(BuiltIn::Seller), PASSWORD).await?;
    let post = |path: String| caller.json(Method::POST, &path, &json!({}));
    // A person is locked out and let in again; locked out again the old request lets nobody in.
    let wrong = async || {
        for _ in 0..5 {
            let wish = json!({ "username": "lin", "password": "another long password" });
            api.call("POST", "/api/v1/auth/login", None, Some(wish)).await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    wrong().await?;
    let unlock = |person| post(format!("/api/v1/users/{person}/unlock"));
    let unlocked = twice(&caller, "unlock-1", || unlock(lin), unlock(an)).await?;
    assert_eq!((unlocked.body, count(&caller, "access.unlocked").await?), (json!({ "networks": 1 }), 1));
    // A device is written off and a person no longer believed on it, once each.
    let till = place.till(&api, Some(1)).await?;
    let device = till.enrolled.device;
    let withdraw = |person| post(format!("/api/v1/devices/{device}/persons/{person}/withdraw"));
    twice(&caller, "withdraw-1", || withdraw(till.enrolled.person), withdraw(lin)).await?;
    assert_eq!(count(&caller, "access.device_person_withdrawn").await?, 1);
    let write_off = |device: Uuid| post(format!("/api/v1/devices/{device}/write-off"));
    twice(&caller, "off-1", || write_off(device.0), write_off(Uuid::now_v7())).await?;
    assert_eq!(count(&caller, "access.device_written_off").await?, 1);
    // A file is read once, and looking at it is another request than taking it.
    let import = |query: &str| {
        let request = caller.request(Method::POST, &format!("/api/v1/inventory/products/import{query}"));
        request.header("content-type", "text/csv").body("code,name,price,unit\nTEA,Oolong,30,pcs\n")
    };
    let imported = twice(&caller, "import-1", || import(""), import("?check=true")).await?;
    assert_eq!((&imported.body["created"], imported.body["batch_id"].is_string()), (&json!(1), true));
    // Not named, it is read anew: nothing is there to do any more.
    assert_eq!(caller.send(import("")).await?.expect(200)["unchanged"], 1);
    // What was refused is not kept: it may be right the next time.
    let unknown = Uuid::now_v7();
    for _ in 0..2 {
        let refused = caller.send(unlock(kontor_domain::ids::PersonId(unknown)).header("idempotency-key", "unlock-2")).await?;
        assert_eq!((refused.problem(404), refused.header("idempotency-replayed")), (13_002, None));
    }
    // And a name is one person's: another's same name is another request.
    let other = company.program(running.host(), &api, &[Permission::UsersEdit]).await?;
    assert_eq!(
        other.send(other.json(Method::POST, &format!("/api/v1/users/{an}/unlock"), &json!({})).header("idempotency-key", "fresh")).await?.status,
        200
    );
    running.stop().await
}

#[tokio::test]
async fn what_is_taken_away_is_what_was_seen_where_that_is_said() -> Result<()> {
    let (_place, running, _, caller) = open().await?;
    let role = caller.post("/api/v1/roles", &json!({ "name": "Weekend", "permissions": [] })).await?.expect(201)["id"].clone();
    let role = format!("/api/v1/roles/{}", role.as_str().context("id")?);
    let smtp = "/api/v1/settings/smtp";
    let mail = |host: &str| json!({ "host": host, "port": 25, "security": "none", "mail_from": "Shop <shop@example.com>", "public_url": "https://shop.example.com" });
    caller.put(smtp, "*", &mail("127.0.0.1")).await?.expect(200);
    let changes: [(&str, Method, Value); 2] = [(&role, Method::PATCH, json!({ "name": "Sunday" })), (smtp, Method::PUT, mail("localhost"))];
    for (path, method, change) in changes {
        let remove = async |seen: &str| caller.send(caller.request(Method::DELETE, path).header("if-match", seen)).await;
        let before = caller.get(path).await?.header("etag").context("no tag")?.to_owned();
        caller.send(caller.json(method, path, &change).header("if-match", &before)).await?.expect(200);
        assert_eq!(remove(&before).await?.problem(412), 10_412, "{path}");
        let now = caller.get(path).await?.header("etag").context("no tag")?.to_owned();
        assert_eq!(remove("no tag").await?.problem(400), 14_001, "{path}");
        assert_eq!(remove(&now).await?.status, 204, "{path}");
    }
    assert_eq!(caller.get(&role).await?.problem(404), 13_001);
    assert_eq!(caller.get(smtp).await?.expect(200)["source"], "none");
    // Programs from before say nothing.
    caller.put(smtp, "*", &mail("127.0.0.1")).await?.expect(200);
    assert_eq!(caller.send(caller.request(Method::DELETE, smtp)).await?.status, 204);
    running.stop().await
}

//! Several companies on one server, each for itself, and a company whose time has run out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::Result;
use chrono::NaiveDate;
use kontor_server::admin::{self, NewAdmin, NewCompany};
use kontor_server::config::{Settings, Transport};
use kontor_store::feed::FeedFile;
use kontor_sync::enrol::Secret;
use reqwest::StatusCode;
use serde_json::{Value as Json, json};
use support::caller::Caller;
use support::{Api, Place, body};

const PASSWORD: &str = "a long enough password";

fn another(code: &str) -> NewCompany {
    NewCompany {
        name: "Second Street".into(),
        code: code.into(),
        currency: "EUR".into(),
        time_zone: "Europe/Berlin".into(),
        taxes: vec!["VAT=19".into()],
        tax_exclusive: false,
        locale: "en".into(),
        owner: "Ana".into(),
        warehouse: "First".into(),
        shelf: "SHELF".into(),
        till_name: "Counter".into(),
    }
}

#[tokio::test]
async fn companies_beside_each_other_are_named_where_somebody_signs_in_and_know_nothing_of_each_other() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let second = admin::create_company(&place.settings, &another("ss")).await?;
    assert!(admin::create_company(&place.settings, &another("SS")).await.is_err(), "the code names a company already");
    let of = |code: &str| Settings { company: Some(code.into()), ..place.settings.clone() };
    let owner = NewAdmin { username: "boss".into(), ..NewAdmin::default() };
    assert!(admin::create_admin(&place.settings, &owner, Secret(PASSWORD.into())).await.is_err(), "which company?");
    for code in ["HS", "SS"] {
        admin::create_admin(&of(code), &owner, Secret(PASSWORD.into())).await?;
    }
    let shown: Vec<String> = admin::companies(&place.settings).await?.into_iter().map(|company| company.code).collect();
    assert!(shown.len() == 2 && shown.contains(&"HS".to_owned()) && shown.contains(&"ss".to_owned()), "{shown:?}");
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    // The same name in both: the company is named, or the address names it.
    let wish = json!({ "username": "boss", "password": PASSWORD });
    let unnamed = body(api.call("POST", "/api/v1/auth/login", None, Some(wish.clone())).await?, StatusCode::BAD_REQUEST).await?;
    assert_eq!((&unnamed["code"], &unnamed["args"]["field"]), (&json!(14_001), &json!("company")));
    let named = Caller::sign_in(&api, Some("SS"), "boss", PASSWORD).await?;
    let by_address = api.client.post(format!("{}/api/v1/auth/login", api.base)).header("host", "ss.shop.example.com");
    let by_address = by_address.header("content-type", "application/json").body(wish.to_string()).send().await?;
    let by_address = Caller { api: api.clone(), token: body(by_address, StatusCode::OK).await?["access_token"].as_str().unwrap().to_owned() };
    let companies = named.get("/api/v1/companies").await?.expect(200);
    assert_eq!(by_address.get("/api/v1/companies").await?.expect(200), companies);
    let rows = companies["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["id"], &rows[0]["currency"]), (1, &json!(second), &json!("EUR")));
    let path = format!("/api/v1/companies/{second}");
    let found = named.get(&path).await?;
    let tag = found.header("etag").unwrap().to_owned();
    let mut fields = found.expect(200);
    fields.as_object_mut().unwrap().retain(|name, _| !["id", "currency", "demo", "expires_at"].contains(&name.as_str()));
    fields["name"] = json!("Second Street 2");
    assert_eq!(named.put(&path, &tag, &fields).await?.expect(200)["name"], "Second Street 2");
    assert_eq!(named.put(&path, &tag, &fields).await?.problem(412), 10_412);
    // None takes the code of another: nobody of either could sign in by it. One's own may be written otherwise.
    let tag = named.get(&path).await?.header("etag").unwrap().to_owned();
    fields["code"] = json!("hs");
    let refused = named.put(&path, &tag, &fields).await?;
    assert_eq!((refused.body["args"]["field"].as_str(), refused.problem(400)), (Some("code"), 14_001));
    let change = json!({ "settings": { "change_company": { "code": { "from": "ss", "to": "HS" } } } });
    let wish = json!({ "id": uuid::Uuid::now_v7(), "command": change });
    assert_eq!(named.post("/api/v1/screens/execute", &wish).await?.problem(400), 14_001);
    fields["code"] = json!("SS");
    assert_eq!(named.put(&path, &tag, &fields).await?.expect(200)["code"], "SS");
    let first = Caller::sign_in(&api, Some("HS"), "boss", PASSWORD).await?;
    assert_eq!(first.get(&path).await?.problem(404), 13_001);
    // A till joins the company that is meant at the machine.
    assert!(place.code(None).await.is_err(), "which company?");
    let shown = admin::enrol(&of("SS"), &admin::NewEnrolment { till: Some(1), name: None, beside: 1 }).await?;
    assert_eq!(api.enrol(&shown.code.0).await?.unwrap().company, second);
    running.stop().await
}

#[tokio::test]
async fn an_expired_company_signs_in_reads_and_records_what_happened_and_nothing_else() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let mut till = place.till(&api, Some(1)).await?;
    till.sync().await?;
    till.create_product("P1", 30)?;
    till.sync().await?;
    running.stop().await?;
    let company = admin::set_expiry(&place.settings, NaiveDate::from_ymd_opt(2026, 1, 31)).await?;
    // The last day ends in the company's time zone.
    assert_eq!(company.expires_at.unwrap().utc().unwrap().to_rfc3339(), "2026-01-31T16:00:00+00:00");
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    till.api = api.clone();
    let owner = Caller::sign_in(&api, None, "mei", PASSWORD).await?;
    assert!(owner.get("/api/v1/companies").await?.expect(200)["rows"][0]["expires_at"].is_i64());
    let refused = owner.post("/api/v1/inventory/categories", &json!({ "name": "Cakes" })).await?;
    assert_eq!(refused.problem(401), 11_007);
    let mail = json!({ "host": "127.0.0.1", "port": 25, "security": "none", "username": "", "mail_from": "k@example.com", "public_url": "https://k.example.com" });
    assert_eq!(owner.put("/api/v1/settings/smtp", "*", &mail).await?.problem(401), 11_007);
    // Its own people do not let it go on, whatever they may.
    let longer = json!({ "settings": { "set_expiry": { "expires_at": { "from": company.expires_at, "to": null } } } });
    let wish = json!({ "id": uuid::Uuid::now_v7(), "command": longer });
    assert_eq!(owner.post("/api/v1/screens/execute", &wish).await?.problem(403), 12_001);
    // A till that does not know it yet, and one that does: sales are recorded.
    till.sell()?;
    till.sync().await?;
    till.sell()?;
    till.sync().await?;
    assert_eq!(till.sales()?.len(), 2);
    let sales = owner.get("/api/v1/sales?page=1").await?.expect(200);
    assert_eq!(sales["total"], 2);
    till.agrees_with(&FeedFile::open(&place.file())?)?;
    running.stop().await?;
    admin::set_expiry(&place.settings, None).await?;
    let running = place.start().await?;
    let owner = Caller::sign_in(&Api::plain(&running)?, None, "mei", PASSWORD).await?;
    let made: Json = owner.post("/api/v1/inventory/categories", &json!({ "name": "Cakes" })).await?.expect(201);
    assert_eq!(made["name"], "Cakes");
    running.stop().await
}

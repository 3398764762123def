//! Every list that the specification describes is read in parts and in pages, and sorted, by generation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::{Context as _, Result};
use kontor_domain::command::Permission;
use kontor_server::api::spec;
use kontor_server::config::Transport;
use kontor_server::routes::specification;
use serde_json::{Value, json};
use support::caller::Caller;
use support::company::Company;
use support::operations::{furnish, people};
use support::{Api, Place};

/// Lists that are told whole: of one thing, or of what a period or the program itself fixes.
const WHOLE: &[&str] = &[
    "/api/v1/companies",
    "/api/v1/permissions",
    "/api/v1/reports/sales",
    "/api/v1/inventory/products/{id}/images",
    "/api/v1/inventory/products/{id}/stock",
];

/// Paths of lists, with the names of their parameters.
fn lists() -> Vec<(String, Vec<String>)> {
    let spec: Value = serde_json::from_str(&spec::text(&specification()).unwrap()).unwrap();
    let mut found = Vec::new();
    for (path, item) in spec["paths"].as_object().unwrap() {
        if item.pointer("/get/responses/200/content/application~1json/example/rows").is_some_and(Value::is_array) {
            let parameters = item["get"]["parameters"].as_array().into_iter().flatten();
            found.push((path.clone(), parameters.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()));
        }
    }
    found
}

#[test]
fn every_list_is_read_in_parts_or_in_pages() {
    let mut whole: Vec<&str> = WHOLE.to_vec();
    for (path, parameters) in lists() {
        let has = |name: &str| parameters.iter().any(|parameter| parameter == name);
        let is_whole = whole.iter().position(|known| *known == path).map(|place| whole.remove(place)).is_some();
        assert!(is_whole != (has("page") || has("after")), "{path}: {parameters:?}");
    }
    assert_eq!(whole, Vec::<&str>::new());
}

async fn rows(caller: &Caller, path: &str) -> Result<(Vec<Value>, Value, Value)> {
    let answer = caller.get(path).await?.expect(200);
    Ok((answer["rows"].as_array().context("rows")?.clone(), answer["next"].clone(), answer["total"].clone()))
}

/// Lists of which there is never much have no words to look for.
#[tokio::test]
async fn a_small_list_in_parts_is_the_whole_list_in_that_order() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", "a long enough password").await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let company = running.host().access.companies().await?[0];
    let company = Company::of(running.host(), company).await?;
    let program = company.program(running.host(), &api, Permission::ALL).await?;
    furnish(&program).await?;
    people(&program).await?;
    program.post("/api/v1/inventory/categories", &json!({ "name": "Teas" })).await?.expect(201);
    program.post("/api/v1/inventory/taxes", &json!({ "name": "None", "rate": 0 })).await?.expect(201);
    Caller::sign_in(&api, None, "mei", "a long enough password").await?;
    let owner = Caller::sign_in(&api, None, "mei", "a long enough password").await?;
    let mei = owner.get("/api/v1/auth/me").await?.expect(200)["person"]["id"].as_str().context("id")?.to_owned();
    let mut several = 0;
    for (path, parameters) in lists() {
        let has = |name: &str| parameters.iter().any(|parameter| parameter == name);
        // Long ones are looked through by words or by what they are about.
        if !has("sort") || has("q") || has("product_id") {
            continue;
        }
        let path = path.replace("{id}", &mei);
        let sorts = owner.get(&format!("{path}?sort=nothing")).await?;
        assert_eq!(sorts.problem(400), 14_001, "{path}");
        let names = sorts.body["detail"].as_str().and_then(|text| text.strip_prefix("one of ")).context("names")?.to_owned();
        let (whole, next, total) = rows(&owner, &path).await?;
        assert!(!whole.is_empty() && next.is_null() && total.is_null(), "{path}");
        several += usize::from(whole.len() > 1);
        for name in names.split(", ").flat_map(|name| [name.to_owned(), format!("-{name}")]) {
            let (sorted, ..) = rows(&owner, &format!("{path}?sort={name}")).await?;
            assert_eq!(sorted.len(), whole.len(), "{path} {name}");
            assert!(whole.iter().all(|row| sorted.contains(row)), "{path} {name}");
            let (mut read, mut after) = (Vec::new(), String::new());
            loop {
                let (part, next, _) = rows(&owner, &format!("{path}?sort={name}&limit=1{after}")).await?;
                read.extend(part);
                let Some(next) = next.as_str() else { break };
                after = format!("&after={next}");
            }
            assert_eq!(read, sorted, "{path} {name}");
            let (page, _, total) = rows(&owner, &format!("{path}?sort={name}&page=1&page_size=1")).await?;
            assert_eq!((&page[..], total), (&sorted[..1], json!(whole.len())), "{path} {name}");
        }
    }
    assert!(several >= 7, "{several} lists of more than one row");
    running.stop().await
}

//! Two companies with the same data on one server, and programs that may exactly one thing: every route that is described,
//! tried by generation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::BTreeMap;

use anyhow::Result;
use kontor_domain::command::Permission;
use kontor_server::api::spec::{self, PERMISSION};
use kontor_server::config::Transport;
use kontor_server::routes::specification;
use reqwest::Method;
use serde_json::{Value, json};
use support::caller::{Answered, Caller, sale};
use support::company::Company;
use support::{Api, Place};
use uuid::Uuid;

/// An operation that needs rights of the business.
struct Operation {
    method: Method,
    path: String,
    rights: Vec<Permission>,
    body: Option<Value>,
}

fn operations() -> Vec<Operation> {
    let spec: Value = serde_json::from_str(&spec::text(&specification()).unwrap()).unwrap();
    let mut found = Vec::new();
    for (path, item) in spec["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let rights = operation[PERMISSION].as_array().into_iter().flatten().filter_map(Value::as_str);
            let rights: Vec<Permission> = rights.filter_map(Permission::of).collect();
            // What is no business of these, or not JSON, has tests of its own.
            // What belongs to people has a test of its own, of the same kind.
            let is_door = kontor_server::identity::ROUTES.iter().any(|route| route.path == path);
            let content = operation.pointer("/requestBody/content");
            let body = content.and_then(|content| content.pointer("/application~1json/example")).cloned();
            if !is_door && !rights.is_empty() && content.is_some() == body.is_some() {
                found.push(Operation { method: method.to_uppercase().parse().unwrap(), path: path.clone(), rights, body });
            }
        }
    }
    assert!(found.len() > 25, "{}", found.len());
    found
}

/// Ids by the names of the fields they stand in, and by the paths they are part of.
type Ids = BTreeMap<&'static str, Value>;

fn random() -> Ids {
    let names = ["product_id", "category_id", "parent_id", "tax_id", "location_id", "shift_id", "till_id", "sale_id"];
    names.into_iter().map(|name| (name, json!(Uuid::now_v7()))).collect()
}

/// Puts these ids wherever a field of the name stands.
fn put(value: &mut Value, ids: &Ids) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match ids.get(name.as_str()) {
                    Some(id) => *field = id.clone(),
                    None => put(field, ids),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, ids)),
        _ => {}
    }
}

fn path_of(operation: &Operation, ids: &Ids) -> String {
    let kinds =
        [("/products/", "product_id"), ("/categories/", "category_id"), ("/taxes/", "tax_id"), ("/sales/", "sale_id"), ("/shifts/", "shift_id")];
    let kind = kinds.iter().find(|(part, _)| operation.path.contains(part)).map_or("product_id", |(_, name)| name);
    operation.path.replace("{id}", ids[kind].as_str().unwrap()).replace("{sha256}", &"5e".repeat(32))
}

async fn ask(caller: &Caller, operation: &Operation, ids: &Ids) -> Result<Answered> {
    let mut path = path_of(operation, ids);
    if path.ends_with("/reports/sales") {
        path.push_str("?from=2026-01-01&to=2026-12-31");
    } else if path.ends_with("/shifts") && operation.method == Method::GET {
        path.push_str(&format!("?till_id={}", ids["till_id"].as_str().unwrap()));
    } else if path.ends_with("/stock/moves") {
        path.push_str(&format!("?product_id={}", ids["product_id"].as_str().unwrap()));
    } else if path.ends_with("/stock/balances") {
        path.push_str(&format!("?location_id={}", ids["location_id"].as_str().unwrap()));
    } else if path.ends_with("/inventory/products") && operation.method == Method::GET {
        path.push_str(&format!("?category_id={}", ids["category_id"].as_str().unwrap()));
    }
    let mut request = caller.request(operation.method.clone(), &path).header("if-match", "*");
    if let Some(body) = &operation.body {
        let mut body = body.clone();
        put(&mut body, ids);
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    caller.send(request).await
}

/// The same shop in each company.
async fn furnish(caller: &Caller) -> Result<Ids> {
    let stand = caller.stand().await?;
    let product = caller.product(&stand, "P1", 30).await?;
    caller.receive(&stand, &product, 10).await?;
    let category = caller.post("/api/v1/inventory/categories", &json!({ "name": "Cakes" })).await?.expect(201)["id"].clone();
    let mut several = sale(&stand, &[&product]);
    several["lines"][0]["quantity"] = json!(5_000);
    let sold = caller.post("/api/v1/sales", &several).await?.expect(201)["id"].clone();
    let tills = caller.get("/api/v1/tills").await?.expect(200);
    let till = tills["rows"].as_array().unwrap().iter().find(|till| till["name"] == "Server").unwrap()["id"].clone();
    Ok(BTreeMap::from([
        ("product_id", product),
        ("category_id", category.clone()),
        ("parent_id", category),
        ("tax_id", stand.tax),
        ("location_id", stand.shelf),
        ("shift_id", stand.shift),
        ("till_id", till),
        ("sale_id", sold),
    ]))
}

/// All that a company says of itself.
async fn everything(caller: &Caller, ids: &Ids) -> Result<Vec<Value>> {
    let mut said = Vec::new();
    for operation in operations().iter().filter(|operation| operation.method == Method::GET) {
        said.push(ask(caller, operation, ids).await?.expect(200));
    }
    Ok(said)
}

#[tokio::test]
async fn no_id_of_one_company_answers_in_another() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let first = place.found().await?;
    let running = place.start().await?;
    let (host, api) = (running.host(), Api::plain(&running)?);
    let (first, second) = (Company::of(host, first).await?, Company::found(host, "SE").await?);
    let (mine, theirs) = (first.program(host, &api, Permission::ALL).await?, second.program(host, &api, Permission::ALL).await?);
    let (own, other) = (furnish(&mine).await?, furnish(&theirs).await?);
    let before = everything(&theirs, &other).await?;
    for operation in operations() {
        let what = format!("{} {}", operation.method, operation.path);
        let (asked, unknown) = (ask(&mine, &operation, &other).await?, ask(&mine, &operation, &random()).await?);
        // What is not of this company is as if it were nowhere.
        assert_eq!((asked.status, &asked.body["code"]), (unknown.status, &unknown.body["code"]), "{what}: {} is not {}", asked.body, unknown.body);
        if operation.path.contains("{id}") {
            // 409: a shift that is not there is not open.
            assert!([403, 404, 409].contains(&asked.status.as_u16()), "{what}: {}", asked.status);
        }
        if operation.method == Method::GET {
            let text = asked.body.to_string();
            for (name, id) in &other {
                assert!(!text.contains(id.as_str().unwrap()), "{what} tells the other's {name}");
            }
        }
    }
    assert_eq!(everything(&theirs, &other).await?, before, "nothing of the other company has changed");
    // And each answers in its own.
    everything(&mine, &own).await?;
    running.stop().await
}

#[tokio::test]
async fn every_operation_needs_the_rights_it_names_and_no_others() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let company = place.found().await?;
    let running = place.start().await?;
    let (host, api) = (running.host(), Api::plain(&running)?);
    let company = Company::of(host, company).await?;
    let ids = furnish(&company.program(host, &api, Permission::ALL).await?).await?;
    for operation in operations() {
        let what = format!("{} {}", operation.method, operation.path);
        let exactly = company.program(host, &api, &operation.rights).await?;
        let answer = ask(&exactly, &operation, &ids).await?;
        assert_ne!(answer.status.as_u16(), 403, "{what}: {}", answer.body);
        assert!(!answer.status.is_server_error(), "{what}: {}", answer.body);
        for right in &operation.rights {
            let rest: Vec<Permission> = Permission::ALL.iter().copied().filter(|other| other != right).collect();
            let without = company.program(host, &api, &rest).await?;
            let answer = ask(&without, &operation, &ids).await?;
            assert_eq!((answer.body["args"]["permission"].as_str(), answer.status.as_u16()), (Some(right.word()), 403), "{what}");
        }
    }
    running.stop().await
}

//! Every operation that the API describes, and how it is asked: tests by generation, not by hand.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use kontor_domain::command::{Permission, Query};
use kontor_server::api::spec::{self, PERMISSION, SIGNED_IN};
use kontor_server::routes::specification;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::{Answered, Caller, sale};

/// An operation that somebody who is signed in may ask for.
pub struct Operation {
    pub method: Method,
    pub path: String,
    /// The rights it needs, all of them; none: to be signed in is enough.
    pub rights: Vec<Permission>,
    /// The example of its body.
    pub body: Option<Value>,
    /// Whether its body is a file.
    pub is_file: bool,
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// All of them but those of devices and of who is not signed in.
pub fn operations() -> Vec<Operation> {
    let spec: Value = serde_json::from_str(&spec::text(&specification()).unwrap()).unwrap();
    let mut found = Vec::new();
    for (path, item) in spec["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named: Vec<&str> = operation[PERMISSION].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let rights: Vec<Permission> = named.iter().copied().filter_map(Permission::of).collect();
            if rights.is_empty() && named != [SIGNED_IN] {
                continue;
            }
            let content = operation.pointer("/requestBody/content");
            let body = content.and_then(|content| content.pointer("/application~1json/example")).cloned();
            let is_file = content.is_some_and(|content| content.pointer("/text~1csv").is_some());
            if content.is_some() && body.is_none() && !is_file {
                // Pictures come in parts: their rights and whose they are have tests of their own.
                continue;
            }
            found.push(Operation { method: method.to_uppercase().parse().unwrap(), path: path.clone(), rights, body, is_file });
        }
    }
    assert!(found.len() > 75, "{}", found.len());
    found
}

/// Ids by the names of the fields they stand in.
pub type Ids = BTreeMap<&'static str, Value>;

/// What stands for `{id}` in a path, by a part of the path.
const KINDS: &[(&str, &str)] = &[
    ("/products/", "product_id"),
    ("/categories/", "category_id"),
    ("/taxes/", "tax_id"),
    ("/sales/", "sale_id"),
    ("/shifts/", "shift_id"),
    ("/sessions/", "session_id"),
    ("/users/", "person_id"),
    ("/roles/", "role_id"),
    ("/api-keys/", "key_id"),
    ("/ip-rules/", "rule_id"),
    ("/audit/", "entry_id"),
    ("/devices/", "device_id"),
    ("/companies/", "company_id"),
];

/// Ids of nothing.
pub fn random() -> Ids {
    let others = ["parent_id", "location_id", "till_id"];
    KINDS.iter().map(|(_, name)| *name).chain(others).map(|name| (name, json!(Uuid::now_v7()))).collect()
}

/// Puts these wherever a field of the name stands.
fn put(value: &mut Value, fields: &BTreeMap<&str, Value>) {
    match value {
        Value::Object(object) => {
            for (name, field) in object {
                match fields.get(name.as_str()) {
                    Some(other) => *field = other.clone(),
                    None => put(field, fields),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, fields)),
        _ => {}
    }
}

/// What may be there once only, and what nobody gives who does not have it.
fn fresh(operation: &Operation) -> BTreeMap<&'static str, Value> {
    let number = Uuid::now_v7().as_u128();
    let word = format!("u{:x}", number & 0xFFFF_FFFF_FFFF);
    let network = format!("203.0.{}.{}", (number >> 8) & 0xFF, number & 0xFF);
    let mut fields = BTreeMap::from([("username", json!(word)), ("network", json!(network)), ("permissions", json!([])), ("barcodes", json!([]))]);
    if operation.path.contains("/products") {
        fields.insert("code", json!(word));
    }
    if operation.path.ends_with("/settings/smtp") {
        // Nobody is there, and nobody outside is asked.
        fields.extend([("host", json!("127.0.0.1")), ("port", json!(1))]);
    }
    if operation.path.ends_with("/users") {
        fields.insert("email", json!(""));
    }
    fields
}

/// What is asked of a list beside its path: so that it names something of the ids.
fn query_of(operation: &Operation, ids: &Ids) -> String {
    let id = |name: &str| ids[name].as_str().unwrap();
    match (operation.method.as_str(), operation.path.trim_start_matches("/api/v1/")) {
        ("GET", "reports/sales") => "?from=2026-01-01&to=2026-12-31".into(),
        ("GET", "shifts") => format!("?till_id={}", id("till_id")),
        ("GET", "stock/moves") => format!("?product_id={}", id("product_id")),
        ("GET", "stock/balances") => format!("?location_id={}", id("location_id")),
        ("GET", "inventory/products") => format!("?category_id={}", id("category_id")),
        ("GET", "users" | "admin/users" | "users/search") => format!("?role={}", id("role_id")),
        ("GET", "audit") => format!("?person={}", id("person_id")),
        _ => String::new(),
    }
}

/// The names of the ids that an operation's body says.
pub fn said_ids(operation: &Operation, ids: &Ids) -> Vec<&'static str> {
    fn says(value: &Value, name: &str) -> bool {
        match value {
            Value::Object(object) => object.iter().any(|(field, value)| field == name || says(value, name)),
            Value::Array(items) => items.iter().any(|item| says(item, name)),
            _ => false,
        }
    }
    ids.keys().copied().filter(|name| operation.body.as_ref().is_some_and(|body| says(body, name))).collect()
}

/// Asks for an operation with these ids.
pub async fn ask(caller: &Caller, operation: &Operation, ids: &Ids) -> Result<Answered> {
    ask_mixed(caller, operation, ids, ids).await
}

/// The same with other ids in the body than in the path.
pub async fn ask_mixed(caller: &Caller, operation: &Operation, ids: &Ids, in_body: &Ids) -> Result<Answered> {
    let kind = KINDS.iter().find(|(part, _)| operation.path.contains(part)).map_or("product_id", |(_, name)| name);
    let path = operation.path.replace("{id}", ids[kind].as_str().context("an id")?).replace("{sha256}", &"5e".repeat(32));
    let path = path.replace("{person}", ids["person_id"].as_str().context("an id")?);
    let path = path + &query_of(operation, ids);
    let mut request = caller.request(operation.method.clone(), &path).header("if-match", "*");
    if operation.is_file {
        request = request.header("content-type", "text/csv").body("code,name,price\n");
    } else if let Some(body) = &operation.body {
        let mut body = body.clone();
        let mut fields = fresh(operation);
        fields.extend(in_body.clone());
        put(&mut body, &fields);
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    caller.send(request).await
}

/// `ListTaxes` is `list_taxes`.
fn snake(name: &str) -> String {
    name.chars()
        .enumerate()
        .flat_map(|(place, letter)| (place > 0 && letter.is_uppercase()).then_some('_').into_iter().chain(letter.to_lowercase()))
        .collect()
}

/// Every question of the screens, with the right it needs, about these ids. Each gets all fields that any has: a question
/// reads those it knows.
pub fn questions(ids: &Ids) -> Vec<(Permission, Value)> {
    let mut found = Vec::new();
    for (feature, questions) in Query::ALL {
        for (name, permission) in *questions {
            let name = snake(name);
            let kinds = [
                ("person", "person_id"),
                ("sale", "sale_id"),
                ("shift", "shift_id"),
                ("category", "category_id"),
                ("tax", "tax_id"),
                ("audit", "entry_id"),
            ];
            let id = kinds.iter().find(|(kind, _)| name.contains(kind)).map_or("product_id", |(_, id)| id);
            let mut fields = json!({
                "filter": {}, "offset": 0, "limit": 50, "after": null, "before": null, "text": "", "code": "P1", "codes": ["P1"], "barcodes": ["1"],
                "only_low": false, "number": "", "state": null, "business_date": "2026-11-21", "from": "2026-11-01", "to": "2026-11-30", "period": "day",
                "batch_id": ids["product_id"], "device_id": ids["device_id"], "id": ids[id], "product_ids": [ids["product_id"]],
            });
            fields.as_object_mut().unwrap().extend(ids.iter().map(|(name, id)| ((*name).to_owned(), id.clone())));
            let question = json!({ *feature: { name: fields } });
            found.push((*permission, question));
        }
    }
    found
}

/// A shop with one of everything that has an id.
pub async fn furnish(caller: &Caller) -> Result<Ids> {
    let stand = caller.stand().await?;
    let product = caller.product(&stand, "P1", 30).await?;
    caller.receive(&stand, &product, 10).await?;
    let category = caller.post("/api/v1/inventory/categories", &json!({ "name": "Cakes" })).await?.expect(201)["id"].clone();
    let mut several = sale(&stand, &[&product]);
    several["lines"][0]["quantity"] = json!(5_000);
    let sold = caller.post("/api/v1/sales", &several).await?.expect(201)["id"].clone();
    let tills = caller.get("/api/v1/tills").await?.expect(200);
    let till = tills["rows"].as_array().context("tills")?.iter().find(|till| till["name"] == "Server").context("no till")?["id"].clone();
    let me = caller.get("/api/v1/auth/me").await?.expect(200);
    let mut ids = BTreeMap::from([
        ("product_id", product),
        ("category_id", category.clone()),
        ("parent_id", category),
        ("tax_id", stand.tax),
        ("location_id", stand.shelf),
        ("shift_id", stand.shift),
        ("till_id", till),
        ("sale_id", sold),
        ("company_id", me["company"].clone()),
        ("session_id", json!(Uuid::now_v7())),
        ("device_id", me["device"].clone()),
    ]);
    ids.extend(people(caller).await?);
    Ok(ids)
}

/// Somebody who may nothing, their role, a key, a rule, and what the audit says of it.
pub async fn people(caller: &Caller) -> Result<Ids> {
    let word = format!("t{:x}", Uuid::now_v7().as_u128() & 0xFFFF_FFFF_FFFF);
    let made = async |path: &str, body: Value| Ok::<_, anyhow::Error>(caller.post(path, &body).await?.expect(201)["id"].clone());
    let role = made("/api/v1/roles", json!({ "name": word, "permissions": [] })).await?;
    let person = made("/api/v1/users", json!({ "name": word, "username": word, "role_id": role })).await?;
    let key = made("/api/v1/api-keys", json!({ "name": word, "permissions": [] })).await?;
    let (high, low) = (Uuid::now_v7().as_bytes()[14], Uuid::now_v7().as_bytes()[15]);
    let rule = made("/api/v1/ip-rules", json!({ "kind": "deny", "network": format!("198.18.{high}.{low}"), "note": word })).await?;
    let entry = caller.get("/api/v1/audit?limit=1").await?.expect(200)["rows"][0]["id"].clone();
    Ok(BTreeMap::from([("role_id", role), ("person_id", person), ("key_id", key), ("rule_id", rule), ("entry_id", entry)]))
}

/// All that a company says of itself, but for when a key was used last.
pub async fn everything(caller: &Caller, ids: &Ids) -> Result<Vec<Value>> {
    let mut said = Vec::new();
    for operation in operations().iter().filter(|operation| operation.method == Method::GET && !operation.path.ends_with("/events")) {
        let mut answer = ask(caller, operation, ids).await?.expect(200);
        put(&mut answer, &BTreeMap::from([("last_used_at", Value::Null)]));
        said.push(answer);
    }
    Ok(said)
}

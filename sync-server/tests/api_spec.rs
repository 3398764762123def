//! What the API says about itself, and whether that is so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use kontor_domain::command::Permission;
use kontor_domain::reject::Code;
use kontor_server::api::once::NAMELESS;
use kontor_server::api::spec::{self, ANYBODY, DEVICE, PERMISSION, SIGNED_IN};
use kontor_server::config::Transport;
use kontor_server::routes::specification;
use reqwest::Method;
use serde_json::Value;
use support::{Api, Place};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// The file that the specification is kept in, for whoever reads it without a server.
const FILE: &str = "docs/openapi.json";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn described() -> Value {
    serde_json::from_str(&spec::text(&specification()).unwrap()).unwrap()
}

fn operations(spec: &Value) -> Vec<(String, String, Value)> {
    let paths = spec["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| METHODS.iter().filter_map(move |method| Some(((*method).to_owned(), path.clone(), item.get(*method)?.clone()))))
        .collect()
}

#[test]
fn the_specification_is_the_one_that_is_kept() {
    let text = spec::text(&specification()).unwrap() + "\n";
    let path = root().join(FILE);
    if std::env::var_os("KONTOR_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "the API changed: look at what `kontor-server openapi` prints, and keep it in {FILE} (KONTOR_WRITE=1 with this test)");
}

/// Paths that the sources of the server give to a router.
fn routed(folder: &Path, paths: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            routed(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            // The identity's table: `GET "/api/v1/…" => …`.
            let declared = text.lines().filter_map(|line| line.trim().split_once(" \"/"));
            paths.extend(
                declared
                    .filter(|(method, _)| ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(method))
                    .filter_map(|(_, rest)| rest.split_once("\" =>").map(|(path, _)| format!("/{path}"))),
            );
            for (place, _) in text.match_indices("route(") {
                if let Some(rest) = text[place + "route(".len()..].trim_start().strip_prefix('"') {
                    paths.insert(rest.split('"').next().unwrap().to_owned());
                }
            }
        }
    }
}

#[test]
fn every_route_is_described_and_names_the_right_it_needs() {
    let spec = described();
    let mut paths = BTreeSet::new();
    routed(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    // Two are given by their constants.
    paths.extend([kontor_server::api::docs::PAGE_PATH.to_owned(), kontor_server::api::docs::SPEC_PATH.to_owned()]);
    let operations = operations(&spec);
    let in_spec: BTreeSet<String> = operations.iter().map(|(_, path, _)| path.clone()).collect();
    assert_eq!(paths, in_spec);
    let rights: BTreeSet<&str> =
        Permission::ALL.iter().map(|permission| permission.word()).chain([ANYBODY, DEVICE, SIGNED_IN, "metrics_token"]).collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in &operations {
        let named = operation[PERMISSION].as_array().filter(|named| !named.is_empty()).unwrap_or_else(|| panic!("{method} {path} names no right"));
        assert!(named.iter().all(|right| rights.contains(right.as_str().unwrap())), "{method} {path}: {named:?}");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}: its id is another's");
    }
}

/// Every `$ref` leads somewhere, and every JSON body and answer has an example.
#[test]
fn the_specification_is_whole() {
    let spec = described();
    assert_eq!(spec["openapi"], "3.1.0");
    fn follow(spec: &Value, value: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(spec.pointer(pointer).is_some(), "{reference} leads nowhere");
                }
                fields.values().for_each(|value| follow(spec, value));
            }
            Value::Array(items) => items.iter().for_each(|value| follow(spec, value)),
            _ => {}
        }
    }
    follow(&spec, &spec);
    for (method, path, operation) in operations(&spec) {
        let answers = operation["responses"].as_object().unwrap().values().filter_map(|answer| answer.get("content"));
        let bodies = operation.pointer("/requestBody/content").into_iter().chain(answers);
        let is_empty = |value: &Value| value.as_object().is_none_or(serde_json::Map::is_empty);
        for content in bodies.filter_map(|content| content.get("application/json")) {
            let example = &content["example"];
            assert!(!example.is_null() && example != &serde_json::json!({}), "{method} {path} has no example");
            assert!(!is_empty(&content["schema"]), "{method} {path} says nothing of its JSON");
        }
    }
}

/// The JSON types that a schema allows.
fn types(spec: &Value, schema: &Value) -> BTreeSet<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return types(spec, spec.pointer(reference.strip_prefix('#').unwrap()).unwrap());
    }
    let parts = ["allOf", "anyOf", "oneOf"].iter().filter_map(|name| schema[*name].as_array()).flatten();
    let named = match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    };
    parts.flat_map(|part| types(spec, part)).chain(named).collect()
}

#[test]
fn every_parameter_has_an_example_of_its_type() {
    let spec = described();
    let mut count = 0;
    for (method, path, operation) in operations(&spec) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let (name, example) = (&parameter["name"], &parameter["example"]);
            let kind = match example {
                Value::String(_) => "string",
                Value::Number(_) => "integer",
                Value::Bool(_) => "boolean",
                _ => panic!("{method} {path}: {name} has no example"),
            };
            let types = types(&spec, &parameter["schema"]);
            assert!(types.contains(kind), "{method} {path}: {name} is {types:?}, not {kind}");
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

/// What is sent twice is done once, or it is said why that does no harm.
#[test]
fn every_post_takes_a_name_or_says_why_it_takes_none() {
    let spec = described();
    let mut nameless: BTreeSet<&str> = NAMELESS.iter().map(|(path, _)| *path).collect();
    for (_, path, operation) in operations(&spec).into_iter().filter(|(method, ..)| method == "post") {
        let takes = operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["name"] == "Idempotency-Key");
        let why = operation["description"].as_str().is_some_and(|about| about.starts_with("Takes no `Idempotency-Key`: "));
        assert!(takes != why, "{path}: takes one: {takes}, says why not: {why}");
        assert_eq!(nameless.remove(path.as_str()), why, "{path}");
    }
    assert_eq!(nameless, BTreeSet::new(), "said of what there is not");
}

/// The numbers of problems, as their description says them.
#[test]
fn every_code_is_in_the_range_that_is_described() {
    let spec = described();
    let said = spec["components"]["schemas"]["Problem"]["properties"]["code"]["description"].as_str().unwrap();
    assert!(said.contains("10001 to 10399, and 11001 to 18999") && said.contains("10400 to 10599"), "{said}");
    for code in Code::ALL {
        let number = code.number();
        // What failed inside is told as what its status says.
        let is_said = [10_001..10_400, 10_400..10_600, 11_001..19_000].iter().any(|range| range.contains(&number));
        assert!(is_said && (*code == Code::Internal) == (10_400..10_600).contains(&number), "{code:?} is {number}");
    }
}

/// Asks each path for a method that none has: the answer names those it has.
#[tokio::test]
async fn the_server_answers_what_is_described_and_nothing_else() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let mut described_methods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (method, path, _) in operations(&described()) {
        described_methods.entry(path).or_default().insert(method.to_uppercase());
    }
    for (path, methods) in described_methods {
        let asked = path.replace("{id}", "0193a1b2-c3d4-7e5f-8a9b-000000000001").replace("{scope}", "1");
        let answer = api.client.request(Method::TRACE, format!("{}{asked}", api.base)).send().await?;
        assert_eq!(answer.status().as_u16(), 405, "{path}");
        let allowed = answer.headers()["allow"].to_str()?;
        let allowed: BTreeSet<String> = allowed.split(',').map(|method| method.trim().to_owned()).filter(|method| method != "HEAD").collect();
        assert_eq!(allowed, methods, "{path}");
    }
    let served: Value = api.client.get(format!("{}/api/v1/openapi.json", api.base)).send().await?.text().await?.parse()?;
    assert_eq!(served, described());
    running.stop().await
}

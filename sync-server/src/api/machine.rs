//! What else the server answers, for the specification: health and figures, signing in, and what only Kontor's own programs
//! ask. Bodies are told by an example: the type of each field is its example's, and one whose name ends with `?` may be
//! missing. What tills say is `kontor-sync`'s and may change with the programs; it is an object here and nothing more.

use aide::openapi::{OpenApi, Operation, PathItem, ReferenceOr};
use serde_json::{Map, Value, json};

use super::spec::{ANYBODY, DEVICE, PERMISSION, SIGNED_IN, may_answer};

/// The token in the data folder.
const METRICS_TOKEN: &str = "metrics_token";
const JSON: &str = "application/json";

/// One of them.
struct Route {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    who: &'static str,
    /// What is sent.
    body: Option<Value>,
    status: u16,
    /// What is answered.
    answer: Answer,
    problems: &'static [u16],
}

enum Answer {
    Nothing,
    Of(&'static str),
    Json(Value),
}

fn get(path: &'static str, summary: &'static str, who: &'static str, answer: Answer, problems: &'static [u16]) -> Route {
    let status = if matches!(answer, Answer::Nothing) { 204 } else { 200 };
    Route { method: "get", path, summary, who, body: None, status, answer, problems }
}

fn post(path: &'static str, summary: &'static str, who: &'static str, body: Value, answer: Answer, problems: &'static [u16]) -> Route {
    let status = if matches!(answer, Answer::Nothing) { 204 } else { 200 };
    Route { method: "post", path, summary, who, body: Some(body), status, answer, problems }
}

fn routes() -> Vec<Route> {
    let session = || Answer::Json(json!({ "access_token": "eyJ…", "token_type": "Bearer", "expires_in_s": 3600, "refresh_token?": "kontor…" }));
    let me = Answer::Json(json!({
        "company": "0193a1b2-c3d4-7e5f-8a9b-00000000000d",
        "person": { "id": "0193a1b2-c3d4-7e5f-8a9b-000000000009", "name": "Mei" },
        "device": "0193a1b2-c3d4-7e5f-8a9b-00000000000b",
        "role": "0193a1b2-c3d4-7e5f-8a9b-000000000010",
        "permissions": ["catalog.read"],
    }));
    let credentials = json!({ "company?": "HS", "username": "mei", "password": "a long enough password", "cookie?": false });
    vec![
        get("/health/live", "Whether the server runs", ANYBODY, Answer::Nothing, &[]),
        get("/health/ready", "Whether it can answer", ANYBODY, Answer::Nothing, &[]),
        get("/metrics", "Figures, for Prometheus", METRICS_TOKEN, Answer::Of("application/openmetrics-text"), &[401]),
        get("/docs", "This specification as a page", ANYBODY, Answer::Of("text/html"), &[]),
        get("/api/v1/openapi.json", "This specification", ANYBODY, Answer::Json(json!({ "openapi": "3.1.0" })), &[]),
        post("/api/v1/auth/login", "A person signs in", ANYBODY, credentials, session(), &[400, 401, 403, 413, 415, 429]),
        post("/api/v1/auth/refresh", "A session goes on", ANYBODY, json!({ "refresh_token?": "kontor…" }), session(), &[400, 401, 403, 413, 415, 429]),
        post("/api/v1/auth/logout", "A person signs out", SIGNED_IN, json!({}), Answer::Nothing, &[400, 401, 403, 413, 415]),
        get("/api/v1/auth/me", "Who asks, and what they may do", SIGNED_IN, me, &[401, 403]),
        post("/api/v1/devices/enrol", "A till joins with a code", ANYBODY, json!({}), Answer::Json(json!({})), &[400, 404, 409, 413, 415, 429]),
        post("/api/v1/sync/push", "A till brings its commands", DEVICE, json!({}), Answer::Json(json!({})), &[400, 401, 413, 415, 429]),
        post("/api/v1/sync/pull", "A till asks for rows", DEVICE, json!({}), Answer::Json(json!({})), &[400, 401, 413, 415, 429]),
        get("/api/v1/sync/snapshot/{scope}", "A new till's ready file", DEVICE, Answer::Of("application/zstd"), &[401, 404, 429]),
    ]
}

/// The schema that an example has.
fn schema(example: &Value) -> Value {
    match example {
        Value::Null => json!({}),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(_) => json!({ "type": "integer", "format": "int64" }),
        Value::String(_) => json!({ "type": "string" }),
        Value::Array(items) => json!({ "type": "array", "items": items.first().map_or(json!({}), schema) }),
        Value::Object(fields) => {
            let properties: Map<String, Value> = fields.iter().map(|(name, value)| (name.trim_end_matches('?').to_owned(), schema(value))).collect();
            let required: Vec<&String> = fields.keys().filter(|name| !name.ends_with('?')).collect();
            json!({ "type": "object", "properties": properties, "required": required })
        }
    }
}

/// The example itself.
fn plain(example: &Value) -> Value {
    match example {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.trim_end_matches('?').to_owned(), plain(value))).collect::<Map<_, _>>().into(),
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

fn content(example: &Value) -> Value {
    json!({ JSON: { "schema": schema(example), "example": plain(example) } })
}

fn operation(route: &Route) -> Option<Operation> {
    let content_of_answer = match &route.answer {
        Answer::Nothing => json!({}),
        Answer::Of(media_type) => json!({ *media_type: { "schema": { "type": "string" } } }),
        Answer::Json(example) => content(example),
    };
    let mut operation = json!({
        "summary": route.summary,
        "responses": { route.status.to_string(): { "description": "OK", "content": content_of_answer } },
        PERMISSION: [route.who],
    });
    if let Some(body) = &route.body {
        operation["requestBody"] = json!({ "required": true, "content": content(body) });
    }
    if route.path.contains("{scope}") {
        operation["parameters"] = json!([{ "in": "path", "name": "scope", "required": true, "schema": { "type": "string" }, "style": "simple" }]);
    }
    if route.who == DEVICE || route.who == METRICS_TOKEN {
        operation["security"] = json!([{ route.who: [] }]);
    }
    let mut operation: Operation = serde_json::from_value(operation).ok()?;
    may_answer(&mut operation, route.problems);
    may_answer(&mut operation, &[500, 503]);
    Some(operation)
}

/// Adds them.
pub fn describe(api: &mut OpenApi) {
    let paths = api.paths.get_or_insert_with(Default::default);
    for route in routes() {
        let item = paths.paths.entry(route.path.to_owned()).or_insert_with(|| ReferenceOr::Item(PathItem::default()));
        let ReferenceOr::Item(item) = item else { continue };
        let place = if route.method == "get" { &mut item.get } else { &mut item.post };
        *place = operation(&route);
    }
}

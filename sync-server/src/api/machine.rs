//! What else the server answers, for the specification: health and figures, and what only Kontor's own programs ask. Bodies are told by an example: the type of each field is its example's, and one whose name ends with `?` may be
//! missing. What tills say is `kontor-sync`'s and may change with the programs; it is an object here and nothing more.

use aide::openapi::{OpenApi, Operation, PathItem, ReferenceOr};
use serde_json::{Map, Value, json};

use super::spec::{ANYBODY, DEVICE, PERMISSION, may_answer};

/// The token in the data folder.
const METRICS_TOKEN: &str = "metrics_token";
const JSON: &str = "application/json";

/// One of them.
struct Route {
    /// Upper case.
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

/// What is answered.
enum Answer {
    Nothing,
    /// Something of a media type.
    Of(&'static str),
    /// Something like this.
    Json(Value),
}

fn get(path: &'static str, summary: &'static str, who: &'static str, answer: Answer, problems: &'static [u16]) -> Route {
    let status = if matches!(answer, Answer::Nothing) { 204 } else { 200 };
    Route { method: "GET", path, summary, who, body: None, status, answer, problems }
}

fn post(path: &'static str, summary: &'static str, who: &'static str, body: Value, answer: Answer, problems: &'static [u16]) -> Route {
    let status = if matches!(answer, Answer::Nothing) { 204 } else { 200 };
    Route { method: "POST", path, summary, who, body: Some(body), status, answer, problems }
}

const ID: &str = "0193a1b2-c3d4-7e5f-8a9b-00000000000b";
const AT: i64 = 1_795_200_000_000;

fn joined() -> Value {
    json!({ "token": "kontor_5f1c…_9a0e…", "company": ID, "device": ID, "till_number": 2, "person": ID, "series": 3, "seal_key?": "9f86d081…" })
}

fn push() -> Value {
    let command = json!({ "seq": 1, "id": ID, "name": "counter.open_drawer", "version": 1, "args": {}, "number?": {}, "at": AT, "actor": ID });
    json!({ "epoch?": ID, "replica": ID, "device": ID, "build": "0.1.0", "now": AT, "commands": [command] })
}

/// How a copy stands: which history, what it has had answered, and up to where it has each scope.
fn stand() -> Value {
    json!({ "epoch?": ID, "replica": ID, "acked": 0, "cursors": {} })
}

fn pull() -> Value {
    json!({ "device": ID, "seen?": [42, ID], "shape": 1, "schema": 1, "booting?": {}, "sums?": false, "wait_ms?": 25_000, "state": stand() })
}

fn pulled() -> Value {
    let page = json!({ "epoch": ID, "head": [42, ID], "now": AT, "stable": 0, "scopes": {}, "complete": true, "echo": stand() });
    json!({ "page?": page })
}

fn routes() -> Vec<Route> {
    vec![
        get("/health/", "Whether it can answer, as /health/ready", ANYBODY, Answer::Nothing, &[]),
        get("/health/live", "Whether the server runs", ANYBODY, Answer::Nothing, &[]),
        get("/health/ready", "Whether it can answer", ANYBODY, Answer::Nothing, &[]),
        get("/metrics", "Figures, for Prometheus", METRICS_TOKEN, Answer::Of("application/openmetrics-text"), &[401]),
        get("/docs", "This specification as a page", ANYBODY, Answer::Of("text/html"), &[]),
        get("/api/v1/openapi.json", "This specification", ANYBODY, Answer::Json(json!({ "openapi": "3.1.0" })), &[]),
        post(
            "/api/v1/devices/enrol",
            "A till joins with a code",
            ANYBODY,
            json!({ "code": "7K2M-9QXA-4TFD" }),
            Answer::Json(joined()),
            &[400, 404, 409, 413, 415, 429],
        ),
        post(
            "/api/v1/sync/push",
            "A till brings its commands",
            DEVICE,
            push(),
            Answer::Json(json!({ "replica": ID, "answer": { "is": "ok" } })),
            &[400, 401, 413, 415, 429],
        ),
        post("/api/v1/sync/pull", "A till asks for rows", DEVICE, pull(), Answer::Json(pulled()), &[400, 401, 413, 415, 429]),
        post(
            "/api/v1/sync/older",
            "A till asks for sales that it no longer keeps",
            DEVICE,
            json!({ "actor": ID, "query": { "counter": { "list_sales": { "filter": { "text": "HS-2" }, "offset": 0, "limit": 50 } } } }),
            Answer::Json(json!({ "rows?": [], "total?": 0 })),
            &[400, 401, 403, 404, 413, 415, 429],
        ),
        get(
            "/api/v1/sync/hints",
            "A line that tells a till that there is something to ask for",
            DEVICE,
            Answer::Of("text/event-stream"),
            &[401, 429],
        ),
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
        Value::Array(items) => {
            // A place in a history is a number and a mark.
            let is_mixed = items.iter().any(|item| schema(item) != schema(&items[0]));
            let item = items.first().filter(|_| !is_mixed).map_or(json!({ "type": ["integer", "string", "null"] }), schema);
            json!({ "type": "array", "items": item })
        }
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
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.trim_end_matches('?').to_owned(), plain(value))).collect::<Map<_, _>>().into()
        }
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
    let of_path = route.path.split(['{', '}']).skip(1).step_by(2).map(|name| {
        let format = if name == "id" { json!({ "type": "string", "format": "uuid" }) } else { json!({ "type": "string" }) };
        json!({ "in": "path", "name": name, "required": true, "schema": format, "style": "simple" })
    });
    operation["parameters"] = of_path.collect();
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
        let place = match route.method {
            "GET" => &mut item.get,
            "PUT" => &mut item.put,
            "PATCH" => &mut item.patch,
            "DELETE" => &mut item.delete,
            _ => &mut item.post,
        };
        *place = operation(&route);
    }
}

//! What else the server answers, for the specification: health and figures, and what only Kontor's own programs ask. Their
//! bodies are `kontor-sync`'s types and may change with the programs; who writes another one asks the rest of the API.

use aide::openapi::{OpenApi, Operation, PathItem, ReferenceOr};
use serde_json::json;

use super::spec::{ANYBODY, DEVICE, PERMISSION, may_answer};

/// One of them.
struct Route {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    who: &'static str,
    status: u16,
    media_type: Option<&'static str>,
    problems: &'static [u16],
}

const JSON: Option<&str> = Some("application/json");

const ROUTES: &[Route] = &[
    Route { method: "get", path: "/health/live", summary: "Whether the server runs", who: ANYBODY, status: 204, media_type: None, problems: &[503] },
    Route { method: "get", path: "/health/ready", summary: "Whether it can answer", who: ANYBODY, status: 204, media_type: None, problems: &[503] },
    Route { method: "get", path: "/metrics", summary: "Figures, for Prometheus; with the token in the data folder", who: "metrics_token", status: 200, media_type: Some("application/openmetrics-text"), problems: &[401, 503] },
    Route { method: "get", path: "/docs", summary: "This specification as a page", who: ANYBODY, status: 200, media_type: Some("text/html"), problems: &[503] },
    Route { method: "get", path: "/api/v1/openapi.json", summary: "This specification", who: ANYBODY, status: 200, media_type: JSON, problems: &[503] },
    Route { method: "post", path: "/api/v1/devices/enrol", summary: "A till joins with a code", who: ANYBODY, status: 200, media_type: JSON, problems: &[400, 404, 409, 413, 415, 429, 503] },
    Route { method: "post", path: "/api/v1/sync/push", summary: "A till brings its commands", who: DEVICE, status: 200, media_type: JSON, problems: &[400, 401, 413, 415, 429, 503] },
    Route { method: "post", path: "/api/v1/sync/pull", summary: "A till asks for rows", who: DEVICE, status: 200, media_type: JSON, problems: &[400, 401, 413, 415, 429, 503] },
    Route { method: "get", path: "/api/v1/sync/snapshot/{scope}", summary: "A new till's ready file", who: DEVICE, status: 200, media_type: Some("application/zstd"), problems: &[401, 404, 429, 503] },
];

fn operation(route: &Route) -> Option<Operation> {
    let schema = if route.media_type == JSON { json!({ "type": "object" }) } else { json!({ "type": "string" }) };
    let content = route.media_type.map(|media_type| json!({ media_type: { "schema": schema } })).unwrap_or(json!({}));
    let mut operation = json!({
        "summary": route.summary,
        "responses": { route.status.to_string(): { "description": "OK", "content": content } },
        PERMISSION: route.who,
    });
    if route.method == "post" {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": { "type": "object" } } } });
    }
    if route.path.contains("{scope}") {
        operation["parameters"] = json!([{ "in": "path", "name": "scope", "required": true, "schema": { "type": "string" }, "style": "simple" }]);
    }
    if route.who == DEVICE {
        operation["security"] = json!([{ "device": [] }]);
    }
    let mut operation: Operation = serde_json::from_value(operation).ok()?;
    may_answer(&mut operation, route.problems);
    may_answer(&mut operation, &[500]);
    Some(operation)
}

/// Adds them.
pub fn describe(api: &mut OpenApi) {
    let paths = api.paths.get_or_insert_with(Default::default);
    for route in ROUTES {
        let item = paths.paths.entry(route.path.to_owned()).or_insert_with(|| ReferenceOr::Item(PathItem::default()));
        let ReferenceOr::Item(item) = item else { continue };
        let place = if route.method == "get" { &mut item.get } else { &mut item.post };
        *place = operation(route);
    }
}

//! What the API says about itself: OpenAPI 3.1, made from the very types that requests are read with and answered by.

use aide::axum::ApiRouter;
use aide::openapi::{Components, Info, OpenApi, Operation, Parameter, PathItem, ReferenceOr, Responses, StatusCode as SpecStatus};
use aide::transform::TransformOperation;
use axum::http::StatusCode;
use kontor_domain::command::Permission;
use kontor_domain::reject::Code;
use serde_json::{Value, json};

use super::once::NAMELESS;
use crate::identity::route::RouteAccess;
use crate::problem::{self, status_of};

/// Where the rights are named that an operation needs: all of them.
pub const PERMISSION: &str = "x-permission";
/// What stands there for an operation that anybody may ask for.
pub const ANYBODY: &str = "anybody";
/// What stands there for an operation that needs a token, but no right.
pub const SIGNED_IN: &str = "signed_in";
/// What stands there for an operation of a device.
pub const DEVICE: &str = "device";

const ABOUT: &str = "\
Amounts are whole numbers of the currency's smallest unit (a dollar of Taiwan; a cent where there are cents). Unit prices count \
1/10,000 of it, quantities thousandths, rates millionths; instants are milliseconds since 1970 in UTC. There are no fractions.

An error is `application/problem+json` with a numeric `code` that stays the same. A list is read from place to place (`limit`, \
`after`: the `next` of the part before) or by page (`page`, `page_size`: then `total` is counted). What is changed names the state \
that was seen (`If-Match`); what is made may name the request (`Idempotency-Key`), which is then never done twice.";

/// Says that an operation may be answered with a problem of these statuses.
pub fn may_answer(operation: &mut Operation, statuses: &[u16]) {
    let responses = operation.responses.get_or_insert_with(Responses::default);
    for status in statuses {
        let reference = ReferenceOr::Reference { reference: format!("#/components/responses/{status}"), summary: None, description: None };
        responses.responses.entry(SpecStatus::Code(*status)).or_insert(reference);
    }
}

/// Describes a question: what it tells, and the rights it needs.
pub fn question(summary: &'static str, permissions: &'static [Permission]) -> impl FnOnce(TransformOperation<'_>) -> TransformOperation<'_> {
    described(summary, permissions, &[])
}

/// Describes a change: what it does, and the rights it needs. Any rule of the business may refuse it.
pub fn change(summary: &'static str, permissions: &'static [Permission]) -> impl FnOnce(TransformOperation<'_>) -> TransformOperation<'_> {
    described(summary, permissions, &[400, 404, 409])
}

/// Describes a route of a table: what it is for, and who may.
pub fn guarded(summary: &'static str, method: &'static str, access: RouteAccess) -> impl FnOnce(TransformOperation<'_>) -> TransformOperation<'_> {
    move |operation| {
        let mut operation = operation.summary(summary);
        let inner = operation.inner_mut();
        let who: Vec<&str> = match access {
            RouteAccess::Open => vec![ANYBODY],
            RouteAccess::SignedIn => vec![SIGNED_IN],
            RouteAccess::May(permissions) => permissions.iter().map(|permission| permission.word()).collect(),
        };
        inner.extensions.insert(PERMISSION.to_owned(), json!(who));
        if method != "GET" {
            may_answer(inner, &[400, 404, 409]);
        }
        may_answer(inner, &[401, 403, 429, 500, 503]);
        operation
    }
}

fn described(
    summary: &'static str,
    permissions: &'static [Permission],
    statuses: &'static [u16],
) -> impl FnOnce(TransformOperation<'_>) -> TransformOperation<'_> {
    move |operation| {
        let mut operation = operation.summary(summary);
        let inner = operation.inner_mut();
        let words: Vec<&str> = permissions.iter().map(|permission| permission.word()).collect();
        inner.extensions.insert(PERMISSION.to_owned(), words.into());
        may_answer(inner, statuses);
        may_answer(inner, &[401, 403, 429, 500, 503]);
        operation
    }
}

fn problem_response(status: StatusCode) -> Value {
    let codes: Vec<u32> = Code::ALL.iter().filter(|code| status_of(**code) == status).map(|code| code.number()).collect();
    let title = status.canonical_reason().unwrap_or("Error");
    let code = codes.first().copied().unwrap_or(10_000 + u32::from(status.as_u16()));
    let example = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "code": code });
    let description = if codes.is_empty() { title.to_owned() } else { format!("{title}; codes {}", words(&codes)) };
    let mut response = json!({
        "description": description,
        "content": { problem::MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" }, "example": example } },
    });
    let integer = json!({ "type": "integer" });
    let header = match status.as_u16() {
        401 => Some(("WWW-Authenticate", json!({ "schema": { "type": "string" } }))),
        405 => Some(("Allow", json!({ "schema": { "type": "string" } }))),
        409 | 429 | 503 => Some(("Retry-After", json!({ "schema": integer, "description": "Seconds." }))),
        _ => None,
    };
    if let Some((name, header)) = header {
        response["headers"] = json!({ name: header });
    }
    response
}

fn words(codes: &[u32]) -> String {
    codes.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

/// Statuses that problems have.
const STATUSES: [u16; 16] = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 426, 428, 429, 500, 502, 503];

/// Takes the routes apart: what answers, and what it says about itself.
pub fn finish<S: Clone + Send + Sync + 'static>(routes: ApiRouter<S>) -> (axum::Router<S>, OpenApi) {
    let mut api = OpenApi {
        info: Info { title: "Kontor".into(), version: env!("CARGO_PKG_VERSION").into(), description: Some(ABOUT.into()), ..Info::default() },
        ..OpenApi::default()
    };
    let mut problem_schema = Value::Null;
    aide::generate::in_context(|ctx| {
        problem_schema = json!(ctx.schema.root_schema_for::<problem::Body<'static>>());
    });
    let router = routes.finish_api(&mut api);
    super::machine::describe(&mut api);
    if let Some(paths) = &mut api.paths {
        for (path, item) in &mut paths.paths {
            if let ReferenceOr::Item(item) = item {
                settle(path, item);
            }
        }
    }
    let components = api.components.get_or_insert_with(Components::default);
    complete(components, problem_schema);
    api.security = vec![[("session".to_owned(), Vec::new())].into_iter().collect(), [("api_key".to_owned(), Vec::new())].into_iter().collect()];
    (router, api)
}

/// What every operation has: a name, a group, and no need of a token where anybody may ask.
fn settle(path: &str, item: &mut PathItem) {
    let group = path.trim_start_matches("/api/v1/").trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
    let operations =
        [("get", &mut item.get), ("post", &mut item.post), ("put", &mut item.put), ("patch", &mut item.patch), ("delete", &mut item.delete)];
    for (method, operation) in operations {
        let Some(operation) = operation else { continue };
        operation.tags = vec![group.clone()];
        if let Some((_, why)) = NAMELESS.iter().find(|(nameless, _)| *nameless == path).filter(|_| method == "post") {
            operation.description = Some(format!("Takes no `Idempotency-Key`: {why}."));
        }
        operation.parameters.iter_mut().for_each(|parameter| show(path, parameter));
        operation.operation_id =
            Some(format!("{method}{}", path.trim_start_matches("/api/v1").replace(['/', '-', '.'], "_").replace(['{', '}'], "")));
        if operation.extensions.get(PERMISSION).is_some_and(|permission| permission == &json!([ANYBODY])) {
            operation.security = vec![Default::default()];
        }
    }
}

/// Gives a parameter an example.
fn show(path: &str, parameter: &mut ReferenceOr<Parameter>) {
    if let ReferenceOr::Item(parameter) = parameter {
        let data = parameter.parameter_data_mut();
        data.example = super::examples::of_parameter(path, &data.name);
    }
}

fn complete(components: &mut Components, problem_schema: Value) {
    let responses = STATUSES.iter().filter_map(|status| {
        let response = problem_response(StatusCode::from_u16(*status).ok()?);
        Some((status.to_string(), ReferenceOr::Item(serde_json::from_value(response).ok()?)))
    });
    components.responses.extend(responses);
    let schemes = json!({
        "session": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The access token of a person who signed in: POST /api/v1/auth/login. Good for an hour." },
        "api_key": { "type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "A key made for a program, with the rights it was given." },
        "device": { "type": "http", "scheme": "bearer", "description": "The token of a till that joined: POST /api/v1/devices/enrol." },
        "metrics_token": { "type": "http", "scheme": "bearer", "description": "The token in the server's data folder." },
    });
    if let Ok(schemes) = serde_json::from_value(schemes) {
        components.security_schemes = schemes;
    }
    if let Ok(schema) = serde_json::from_value::<schemars::Schema>(problem_schema) {
        components.schemas.insert("Problem".into(), aide::openapi::SchemaObject { json_schema: schema, external_docs: None, example: None });
    }
    let names: serde_json::Map<String, Value> = Code::ALL.iter().map(|code| (code.number().to_string(), format!("{code:?}").into())).collect();
    components.extensions.insert("x-codes".to_owned(), names.into());
}

/// The specification, as text.
pub fn text(api: &OpenApi) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(api)?)
}

/// Whoever asks proves who they are, and may be nobody, or may not.
impl aide::OperationInput for crate::identity::Actor {
    fn operation_input(_: &mut aide::generate::GenContext, operation: &mut Operation) {
        may_answer(operation, &[401, 403]);
    }
}

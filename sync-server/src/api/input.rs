//! Reading a request: path, query, body. What is not understood is refused and named; nothing is silently left out.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, RequestBody, SchemaObject};
use aide::operation::{ParamLocation, add_parameters, parameters_from_schema, set_body};
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use kontor_domain::ids::PersonId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::examples::Example;
use super::spec::may_answer;
use crate::problem::Problem;
use crate::wire::body_problem;

/// Most bytes of a JSON body.
pub const BODY_LIMIT: usize = 1_048_576;

/// The thing of a path, by its id: `…/{id}`. What is no id names nothing.
#[derive(Debug)]
pub struct Of<T>(pub T);

#[derive(Deserialize)]
struct PathId {
    id: Uuid,
}

impl<T: From<Uuid>, S: Send + Sync> FromRequestParts<S> for Of<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(PathId { id }) = Path::from_request_parts(parts, state).await.map_err(|_| Problem::missing("id"))?;
        Ok(Self(T::from(id)))
    }
}

/// The thing of a path and a person in it: `…/{id}/persons/{person}`.
#[derive(Debug)]
pub struct OfPerson<T>(pub T, pub PersonId);

/// The ids of such a path.
#[derive(Deserialize, JsonSchema)]
struct PersonPath {
    /// Which one.
    id: Uuid,
    /// Who.
    person: Uuid,
}

impl<T: From<Uuid>, S: Send + Sync> FromRequestParts<S> for OfPerson<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(PersonPath { id, person }) = Path::from_request_parts(parts, state).await.map_err(|_| Problem::missing("id"))?;
        Ok(Self(T::from(id), PersonId(person)))
    }
}

impl<T> OperationInput for OfPerson<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.root_schema_for::<PersonPath>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Path);
        add_parameters(ctx, operation, parameters);
        may_answer(operation, &[404]);
    }
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only for its schema")]
struct IdParameter {
    /// Which one.
    id: Uuid,
}

impl<T> OperationInput for Of<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.root_schema_for::<IdParameter>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Path);
        add_parameters(ctx, operation, parameters);
        may_answer(operation, &[404]);
    }
}

/// The query string. A parameter that is not known is refused: a filter that is misspelt would show everything.
#[derive(Debug)]
pub struct Search<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Search<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        search(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads a query string.
pub fn search<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let name = error.path().to_string();
        Problem::malformed("query").about(error.inner().to_string(), if name == "." { String::new() } else { format!("query:{name}") })
    })
}

impl<T: JsonSchema> OperationInput for Search<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.root_schema_for::<T>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Query);
        add_parameters(ctx, operation, parameters);
        may_answer(operation, &[400]);
    }
}

/// A JSON body. A field that is not known is refused, and the place of what is wrong is told as a JSON pointer.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = json_bytes(&parts.headers, body, BODY_LIMIT).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: JsonSchema + Example> OperationInput for Body<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let json_schema = ctx.schema.subschema_for::<T>();
        let schema = Some(SchemaObject { json_schema, example: None, external_docs: None });
        let content = MediaType { schema, example: Some(T::example()), ..MediaType::default() };
        let body =
            RequestBody { content: [("application/json".to_owned(), content)].into_iter().collect(), required: true, ..RequestBody::default() };
        set_body(ctx, operation, body);
        may_answer(operation, &[400, 413, 415]);
    }
}

/// The bytes of a body that says it is JSON.
pub async fn json_bytes(headers: &HeaderMap, body: axum::body::Body, limit: usize) -> Result<Bytes, Problem> {
    typed_bytes(headers, body, limit, "application/json").await
}

/// The bytes of a body of a media type, at most so many.
pub async fn typed_bytes(headers: &HeaderMap, body: axum::body::Body, limit: usize, wanted: &str) -> Result<Bytes, Problem> {
    let is_wanted = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(wanted));
    if !headers.get(header::CONTENT_TYPE).is_some_and(is_wanted) || headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(Problem::status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    to_bytes(body, limit).await.map_err(|error| body_problem(&error))
}

/// Reads JSON; what is wrong is named with its place.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut unknown = None;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let read = serde_ignored::deserialize(tracked, |path| {
        unknown.get_or_insert_with(|| ignored_pointer(&path));
    });
    let value: T = read.map_err(|error: serde_json::Error| Problem::malformed("body").about(error.to_string(), error_pointer(&track.path())))?;
    deserializer.end().map_err(|error| Problem::malformed("body").about(error.to_string(), String::new()))?;
    match unknown {
        None => Ok(value),
        Some(pointer) => Err(Problem::malformed("body").about("unknown field".to_owned(), pointer)),
    }
}

fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// RFC 6901, as a fragment: `#/lines/0/quantity`.
fn error_pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter().fold("#".to_owned(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => format!("{pointer}/{}", escape(key)),
        Segment::Enum { variant } => format!("{pointer}/{}", escape(variant)),
        Segment::Unknown => pointer,
    })
}

fn ignored_pointer(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => "#".to_owned(),
        Path::Seq { parent, index } => format!("{}/{index}", ignored_pointer(parent)),
        Path::Map { parent, key } => format!("{}/{}", ignored_pointer(parent), escape(key)),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => ignored_pointer(parent),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Line {
        #[allow(dead_code, reason = "read for its kind")]
        quantity: i64,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Lines {
        #[allow(dead_code, reason = "read for its kind")]
        #[serde(default)]
        lines: Vec<Line>,
    }

    fn pointer<T: DeserializeOwned + std::fmt::Debug>(value: &serde_json::Value) -> String {
        parse::<T>(value.to_string().as_bytes()).unwrap_err().pointer().to_owned()
    }

    #[derive(Debug, Deserialize)]
    struct Order {
        #[allow(dead_code, reason = "read for its kind")]
        lines: Vec<Line>,
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert_eq!(pointer::<Order>(&json!({ "lines": [{ "quantity": 1 }, { "quantity": "x" }] })), "#/lines/1/quantity");
        assert_eq!(pointer::<Order>(&json!({ "lines": [{ "quantity": 1, "prize/~": 2 }] })), "#/lines/0/prize~1~0");
        assert_eq!(pointer::<Order>(&json!({ "lines": [{}] })), "#/lines/0");
        assert!(parse::<Order>(br#"{"lines":[]} x"#).is_err());
        assert!(parse::<Order>(br#"{"lines":[]}"#).is_ok());
        assert!(search::<Lines>("limes=1").is_err());
    }
}

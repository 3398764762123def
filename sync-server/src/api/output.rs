//! Answering: JSON with the status that was declared for it.

use std::marker::PhantomData;

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Header, MediaType, Operation, ParameterSchemaOrContent, ReferenceOr, Response as SpecResponse, SchemaObject};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::examples::Example;
use crate::problem::Problem;

/// An answer of a status with a body of a type. The body may have been text already.
#[derive(Debug)]
pub struct Reply<const STATUS: u16, T> {
    body: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    of: PhantomData<fn() -> T>,
}

/// JSON of a value.
pub fn json(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|error| {
        tracing::error!(%error, "an answer");
        Problem::unavailable()
    })
}

impl<const STATUS: u16, T> Reply<STATUS, T> {
    /// An answer that is JSON of the type already.
    pub const fn text(body: String) -> Self {
        Self { body, headers: Vec::new(), of: PhantomData }
    }

    /// Its JSON.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        // A header of ours that does not fit one is left out rather than failing what was done.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }
}

impl<const STATUS: u16, T: Serialize> Reply<STATUS, T> {
    /// An answer.
    pub fn of(value: &T) -> Result<Self, Problem> {
        json(value).map(Self::text)
    }
}

impl<const STATUS: u16, T> IntoResponse for Reply<STATUS, T> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(STATUS).unwrap_or(StatusCode::OK);
        let mut response = (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], self.body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

/// What the spec says of an answer.
pub fn described<T: JsonSchema + Example>(ctx: &mut GenContext, description: &str) -> SpecResponse {
    let json_schema = ctx.schema.subschema_for::<T>();
    let schema = Some(SchemaObject { json_schema, example: None, external_docs: None });
    let content = MediaType { schema, example: Some(T::example()), ..MediaType::default() };
    SpecResponse {
        description: description.to_owned(),
        content: [("application/json".to_owned(), content)].into_iter().collect(),
        ..SpecResponse::default()
    }
}

/// What the spec says of an answer that is text of a media type.
pub fn described_text(ctx: &mut GenContext, media_type: &str, description: &str) -> SpecResponse {
    let json_schema = ctx.schema.subschema_for::<String>();
    let content = MediaType { schema: Some(SchemaObject { json_schema, example: None, external_docs: None }), ..MediaType::default() };
    let content = [(media_type.to_owned(), content)].into_iter().collect();
    SpecResponse { description: description.to_owned(), content, ..SpecResponse::default() }
}

/// A header of an answer, in the spec.
pub fn described_header(ctx: &mut GenContext, description: &str) -> ReferenceOr<Header> {
    let json_schema = ctx.schema.subschema_for::<String>();
    ReferenceOr::Item(Header {
        description: Some(description.to_owned()),
        style: aide::openapi::HeaderStyle::Simple,
        required: false,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(SchemaObject { json_schema, example: None, external_docs: None }),
        example: None,
        examples: Default::default(),
        extensions: Default::default(),
    })
}

impl<const STATUS: u16, T: JsonSchema + Example> OperationOutput for Reply<STATUS, T> {
    type Inner = T;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<SpecResponse> {
        Some(described::<T>(ctx, StatusCode::from_u16(STATUS).ok()?.canonical_reason()?))
    }

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, SpecResponse)> {
        Self::operation_response(ctx, operation).map(|response| (Some(STATUS), response)).into_iter().collect()
    }
}

/// It is done and there is nothing to say.
#[derive(Debug)]
pub struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl OperationOutput for Done {
    type Inner = ();

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, SpecResponse)> {
        vec![(Some(204), SpecResponse { description: "Done".into(), ..SpecResponse::default() })]
    }
}

/// Problems are declared by what finds them; each refers to one description.
impl OperationOutput for Problem {
    type Inner = Self;
}

/// A list, or a part of one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listed<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next part begins; null at the end. Not with `page`.
    #[serde(default)]
    pub next: Option<String>,
    /// How many there are in all. Only with `page`.
    #[serde(default)]
    pub total: Option<i64>,
}

/// A whole list of which there is never much.
pub fn whole<T>(rows: &str) -> Reply<200, Listed<T>> {
    Reply::text(format!("{{\"rows\":{rows}}}"))
}

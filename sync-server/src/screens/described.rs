//! What the screens ask, for the specification. It is the JSON of the window's IPC and changes with the program: others use
//! the paths of the business. So it is described as what it is, an object, with an example of one.

use std::marker::PhantomData;

use aide::generate::GenContext;
use aide::openapi::{Operation, Response as SpecResponse};
use aide::{OperationInput, OperationOutput};
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::api::examples::Example;
use crate::api::input::Body;
use crate::api::output::{described, described_text};
use crate::problem::Problem;
use crate::wire::Input;

/// A command of the screens.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Sent {
    /// The command's id, made by the screen: the same one again is not done again.
    id: Uuid,
    /// The command: `{ feature: { name: args } }`.
    command: Map<String, Value>,
}

/// A command that is on the disk.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// The command.
    id: Uuid,
    /// Its place in the company's order.
    rev: i64,
    /// When it was entered, UTC milliseconds.
    at: i64,
    /// Number of its document, if it made one.
    number: Option<String>,
    /// Whether it had been done before.
    repeated: bool,
}

/// A question of the screens: `{ feature: { name: args } }`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Asked(Map<String, Value>);

/// What a question is answered: whatever it asks for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told(Value);

impl JsonSchema for Told {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Told".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["object", "array", "string", "number", "boolean", "null"],
            "description": "What the question asks for.",
        })
    }
}

/// A body that may be packed, read as one type and described as another.
pub(super) struct Internal<T, D>(pub(super) T, pub(super) PhantomData<fn() -> D>);

impl<T: DeserializeOwned, D, S: Send + Sync> FromRequest<S> for Internal<T, D> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Input::from_request(request, state).await.map(|Input(read)| Self(read, PhantomData))
    }
}

impl<T, D: JsonSchema + Example> OperationInput for Internal<T, D> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Body::<D>::operation_input(ctx, operation);
    }
}

/// An answer, described as a type.
pub(super) struct Answered<D>(Response, PhantomData<fn() -> D>);

impl<D> Answered<D> {
    pub(super) const fn of(response: Response) -> Self {
        Self(response, PhantomData)
    }
}

impl<D> IntoResponse for Answered<D> {
    fn into_response(self) -> Response {
        self.0
    }
}

impl<D: JsonSchema + Example> OperationOutput for Answered<D> {
    type Inner = D;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, SpecResponse)> {
        vec![(Some(200), described::<D>(ctx, "OK"))]
    }
}

/// Server-sent events.
pub(super) struct Lines(pub(super) Response);

impl IntoResponse for Lines {
    fn into_response(self) -> Response {
        self.0
    }
}

impl OperationOutput for Lines {
    type Inner = String;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, SpecResponse)> {
        vec![(Some(200), described_text(ctx, "text/event-stream", "Lines, as long as it is read; 409 for a key"))]
    }
}

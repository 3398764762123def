//! What is sent here: small, whole, and nothing that nobody knows.

use std::net::IpAddr;
use std::sync::Arc;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use kontor_domain::ids::CommandId;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::session::BYTES_LIMIT;
use crate::api::examples::Example;
use crate::api::input::{Body, json_bytes, parse};
use crate::api::spec::may_answer;
use crate::app::{App, Caller, bearer};
use crate::problem::Problem;

/// A small JSON body; nobody who is not signed in makes the server read much.
pub struct Small<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Small<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        read(&parts.headers, body).await.map(Self)
    }
}

impl<T: JsonSchema + Example> OperationInput for Small<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Body::<T>::operation_input(ctx, operation);
    }
}

/// Reads a small body.
pub async fn read<T: DeserializeOwned>(headers: &axum::http::HeaderMap, body: axum::body::Body) -> Result<T, Problem> {
    parse(&json_bytes(headers, body, BYTES_LIMIT).await?)
}

/// From where somebody asks who is not signed in: a network that asks too often waits.
pub struct Whence(pub IpAddr);

impl FromRequestParts<Arc<App>> for Whence {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let address = app.door.address(parts);
        app.door.may_ask(address)?;
        Ok(Self(address))
    }
}

impl OperationInput for Whence {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        may_answer(operation, &[429]);
    }
}

/// The device on which somebody asks, if a device does.
pub struct On(pub Option<Caller>);

impl FromRequestParts<Arc<App>> for On {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        match bearer(parts) {
            Some(_) => Caller::from_request_parts(parts, app).await.map(|caller| Self(Some(caller))),
            None => Ok(Self(None)),
        }
    }
}

impl OperationInput for On {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        may_answer(operation, &[401]);
    }
}

/// The id of a command that is made here.
pub fn new_command() -> CommandId {
    CommandId(Uuid::now_v7())
}

//! What is sent here: small, whole, and nothing that nobody knows.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use kontor_domain::ids::CommandId;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::session::BYTES_LIMIT;
use crate::problem::Problem;
use crate::wire;

/// A small JSON body that is not packed.
pub struct Small<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Small<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        read(&parts.headers, body).await.map(Self)
    }
}

/// Reads a small body; nobody who is not signed in makes the server unpack anything.
pub async fn read<T: DeserializeOwned>(headers: &axum::http::HeaderMap, body: axum::body::Body) -> Result<T, Problem> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    wire::read(headers, body, BYTES_LIMIT).await
}

/// What stands behind the question mark.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::from_request_parts(parts, state).await.map(|Query(read)| Self(read)).map_err(|_| Problem::malformed("query"))
    }
}

/// The id in a path. What is no id is the id of nothing.
pub struct Id(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::<Uuid>::from_request_parts(parts, state).await.map(|Path(id)| Self(id)).map_err(|_| Problem::status(StatusCode::NOT_FOUND))
    }
}

/// The id of a command that is made here.
pub fn new_command() -> CommandId {
    CommandId(Uuid::now_v7())
}

//! Errors on the wire: RFC 9457, `application/problem+json`, for every answer that is none.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kontor_domain::reject::{Code, Reject};
use kontor_store::StoreError;
use serde::Serialize;

/// Media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// When a caller that was turned away may come again.
const RETRY_AFTER_S: u64 = 5;

/// Why a request was not answered.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    /// Kontor's own number of it, if a rule of the business refused.
    code: Option<u32>,
    args: BTreeMap<String, String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    args: &'a BTreeMap<String, String>,
}

impl Problem {
    /// A problem that its status says all about.
    pub fn status(status: StatusCode) -> Self {
        Self { status, code: None, args: BTreeMap::new(), headers: Vec::new() }
    }

    /// Nothing was kept: the same again later.
    pub fn unavailable() -> Self {
        Self::retry(StatusCode::SERVICE_UNAVAILABLE, RETRY_AFTER_S)
    }

    /// The same again after so many seconds.
    pub fn retry(status: StatusCode, after_s: u64) -> Self {
        Self::status(status).after(after_s)
    }

    /// No token, or none that is good: which of them is nobody's business.
    pub fn unauthorised() -> Self {
        let mut problem = Self::of(&Reject::new(Code::Unauthorised), StatusCode::UNAUTHORIZED);
        problem.headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        problem
    }

    /// A token that is not good any more, or never was: which of them is nobody's business.
    pub fn invalid_token() -> Self {
        let mut problem = Self::of(&Reject::new(Code::TokenInvalid), StatusCode::UNAUTHORIZED);
        problem.headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\"")));
        problem
    }

    /// The same, and after how many seconds it is worth trying again.
    #[must_use]
    pub fn after(mut self, after_s: u64) -> Self {
        self.headers.push((header::RETRY_AFTER, HeaderValue::from(after_s)));
        self
    }

    /// A field that cannot be understood.
    pub fn malformed(field: &str) -> Self {
        Self::of(&Reject::field(Code::Format, field), StatusCode::BAD_REQUEST)
    }

    fn of(reject: &Reject, status: StatusCode) -> Self {
        Self { code: Some(reject.code.number()), args: reject.args.clone(), ..Self::status(status) }
    }

    /// The same with headers of the answer it stands for.
    #[must_use]
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        for name in [header::ALLOW, header::RETRY_AFTER] {
            if let Some(value) = headers.get(&name) {
                self.headers.push((name, value.clone()));
            }
        }
        self
    }
}

impl From<Reject> for Problem {
    /// What failed inside stays inside: it is in the log.
    fn from(reject: Reject) -> Self {
        let status = match (reject.code, reject.code.number() / 1000) {
            (Code::Internal, _) | (_, 18) => {
                tracing::error!(%reject, "not answered");
                let mut problem = Self::unavailable();
                problem.code = Some(reject.code.number());
                return problem;
            }
            (_, 10) => StatusCode::BAD_REQUEST,
            (_, 11) => StatusCode::UNAUTHORIZED,
            (_, 12) => StatusCode::FORBIDDEN,
            (_, 13) => StatusCode::NOT_FOUND,
            (_, 14 | 15) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::CONFLICT,
        };
        Self::of(&reject, status)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "store");
        Self::unavailable()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = Body { r#type: "about:blank", title, status: self.status.as_u16(), code: self.code, args: &self.args };
        let bytes = serde_json::to_vec(&body).unwrap_or_else(|_| b"{}".to_vec());
        let mut response = (self.status, bytes).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response.headers_mut().extend(self.headers);
        response
    }
}

/// Whether an answer is a problem already.
pub fn is_problem(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes() == MEDIA_TYPE.as_bytes())
}

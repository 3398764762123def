//! Errors on the wire: RFC 9457, `application/problem+json`, for every answer that is none.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kontor_domain::host::ImportError;
use kontor_domain::reject::{Code, Reject};
use kontor_store::StoreError;
use schemars::JsonSchema;
use serde::Serialize;

/// Media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// When a caller that was turned away may come again.
const RETRY_AFTER_S: u64 = 5;
/// What is behind a status that no rule of the business gave: 10000 and the status.
const TRANSPORT_CODE: u32 = 10_000;

/// Why a request was not answered.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: u32,
    args: BTreeMap<String, String>,
    // Boxed: an error that is carried about a lot stays small.
    detail: Box<str>,
    pointer: Box<str>,
    rows: Box<[RowProblem]>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What is wrong with a row of a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RowProblem {
    /// The row; the header is 1.
    row: i64,
    /// Which problem.
    code: u32,
    /// What the sentence for people names.
    args: BTreeMap<String, String>,
}

/// Why a request was not answered (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Body<'a> {
    /// `about:blank`: `code` says which problem it is.
    r#type: &'static str,
    /// The status in words.
    title: &'a str,
    /// The status.
    status: u16,
    /// Which problem: a number that stays the same. Of the business (10001 to 10399, and 11001 to 18999), or 10000 and the status (10400 to 10599).
    code: u32,
    /// For a developer; not for the people at the till, whose sentence follows from `code` and `args`.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    detail: &'a str,
    /// Which part of the request it is about: a JSON pointer into the body (`#/lines/0/quantity`), or `query:limit`.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pointer: &'a str,
    /// What the sentence for people names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default = "BTreeMap::<String, String>::new")]
    args: &'a BTreeMap<String, String>,
    /// Of a file: what is wrong with it, row by row (the header is 1); at most 200.
    #[serde(skip_serializing_if = "<[RowProblem]>::is_empty")]
    #[schemars(default)]
    rows: &'a [RowProblem],
}

impl Problem {
    /// Another answer where a rule said this: what is wrong with a till's clock is wrong with a caller's field.
    #[must_use]
    pub fn instead(self, code: Code, reject: Reject) -> Self {
        if self.code == code.number() { reject.into() } else { self }
    }

    /// A problem that its status says all about.
    pub fn status(status: StatusCode) -> Self {
        let code = TRANSPORT_CODE + u32::from(status.as_u16());
        Self { status, code, args: BTreeMap::new(), detail: Box::default(), pointer: Box::default(), rows: Box::default(), headers: Vec::new() }
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

    /// Something that is not there, or not for who asks.
    pub fn missing(what: &str) -> Self {
        Self::of(&Reject::new(Code::NotFound).with("what", what), StatusCode::NOT_FOUND)
    }

    /// Which problem.
    pub const fn code(&self) -> u32 {
        self.code
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

    /// A refusal with another status than its class has.
    pub fn of(reject: &Reject, status: StatusCode) -> Self {
        Self { code: reject.code.number(), args: reject.args.clone(), ..Self::status(status) }
    }

    /// The same, telling a developer what is wrong and where.
    #[must_use]
    pub fn about(self, detail: String, pointer: String) -> Self {
        Self { detail: detail.into(), pointer: pointer.into(), ..self }
    }

    /// The first of what is wrong with a file, and all of it.
    pub fn of_rows(errors: Vec<ImportError>) -> Self {
        let first = errors.first().map(|error| error.reject.clone().with("row", error.row)).unwrap_or_else(|| Reject::new(Code::Format));
        let row = |error: ImportError| RowProblem { row: error.row, code: error.reject.code.number(), args: error.reject.args };
        Self { rows: errors.into_iter().map(row).collect(), ..Self::of(&first, StatusCode::BAD_REQUEST) }
    }

    /// Which part of the request it is about, may be empty.
    pub fn pointer(&self) -> &str {
        &self.pointer
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

/// The status that the class of a code has.
pub const fn status_of(code: Code) -> StatusCode {
    match (code, code.number() / 1000) {
        (Code::Internal, _) | (_, 18) => StatusCode::SERVICE_UNAVAILABLE,
        (_, 10 | 14) => StatusCode::BAD_REQUEST,
        (_, 11) => StatusCode::UNAUTHORIZED,
        (_, 12) => StatusCode::FORBIDDEN,
        (_, 13) => StatusCode::NOT_FOUND,
        _ => StatusCode::CONFLICT,
    }
}

impl From<Reject> for Problem {
    /// What failed inside stays inside: it is in the log.
    fn from(reject: Reject) -> Self {
        match status_of(reject.code) {
            StatusCode::SERVICE_UNAVAILABLE => {
                tracing::error!(%reject, "not answered");
                Self { code: reject.code.number(), ..Self::unavailable() }
            }
            status => Self::of(&reject, status),
        }
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
        let Self { status, code, args, detail, pointer, rows, .. } = &self;
        let body = Body { r#type: "about:blank", title, status: status.as_u16(), code: *code, detail, pointer, args, rows };
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

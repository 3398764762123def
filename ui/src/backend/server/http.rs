//! One request, and what its answer means.

use js_sys::Uint8Array;
use kontor_domain::host::ServerMethod;
use kontor_domain::reject::{Code, Reject};
use serde::Deserialize;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, FormData, Headers, RequestInit};

use super::account;

/// How long an answer may take.
const ANSWER_LIMIT_MS: u32 = 60_000;
/// The till that this browser stands for.
const TILL_HEADER: &str = "kontor-till";

/// An answer that has begun.
pub(super) struct Response(web_sys::Response);

/// What an answer with an error says.
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: Option<u32>,
    #[serde(default)]
    args: std::collections::BTreeMap<String, String>,
}

/// The server's address, as the browser shows it.
pub(crate) fn origin() -> String {
    web_sys::window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
}

fn unreached() -> Reject {
    Reject::new(Code::ServerUnreached).with("address", origin())
}

/// Sends a request whose answer comes in one piece, soon.
pub(super) async fn send(method: ServerMethod, path: &str, body: Option<&str>, token: Option<&str>) -> Result<Response, Reject> {
    let limit = AbortSignal::timeout_with_u32(ANSWER_LIMIT_MS);
    begin(method, path, body, token, Some(&limit)).await
}

/// Sends a form; the browser says where its parts begin.
pub(super) async fn send_form(path: &str, form: &FormData, token: &str) -> Result<Response, Reject> {
    let limit = AbortSignal::timeout_with_u32(ANSWER_LIMIT_MS);
    let made = request(ServerMethod::Post, None, Some(token), Some(&limit)).map_err(|error| super::super::not_understood(format!("{error:?}")))?;
    made.set_body(form);
    fetch(path, &made).await
}

/// Sends a request; its answer may go on for as long as it wants.
pub(super) async fn begin(
    method: ServerMethod,
    path: &str,
    body: Option<&str>,
    token: Option<&str>,
    signal: Option<&AbortSignal>,
) -> Result<Response, Reject> {
    let made = request(method, body, token, signal).map_err(|error| super::super::not_understood(format!("{error:?}")))?;
    fetch(path, &made).await
}

async fn fetch(path: &str, request: &RequestInit) -> Result<Response, Reject> {
    let window = web_sys::window().ok_or_else(unreached)?;
    let answer = JsFuture::from(window.fetch_with_str_and_init(path, request)).await;
    // Nothing came back, or not in time: what became of the request is not known.
    let response = answer.ok().and_then(|answer| answer.dyn_into::<web_sys::Response>().ok());
    response.map(Response).ok_or_else(unreached)
}

fn request(method: ServerMethod, body: Option<&str>, token: Option<&str>, signal: Option<&AbortSignal>) -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    if let Some(token) = token {
        headers.set("authorization", &format!("Bearer {token}"))?;
        if let Some(till) = account::till() {
            headers.set(TILL_HEADER, &till.to_string())?;
        }
    }
    if method == ServerMethod::Put {
        headers.set("if-match", "*")?;
    }
    let request = RequestInit::new();
    request.set_method(method.word());
    if let Some(body) = body {
        headers.set("content-type", "application/json")?;
        request.set_body(&body.into());
    }
    request.set_headers(&headers);
    request.set_signal(signal);
    Ok(request)
}

impl Response {
    /// The answer's text, or the refusal it is.
    pub(super) async fn read(self) -> Result<String, Reject> {
        let Self(response) = self;
        let text = match response.text() {
            Ok(text) => JsFuture::from(text).await.ok().and_then(|text| text.as_string()),
            Err(_) => None,
        };
        let text = text.ok_or_else(unreached)?;
        if response.ok() { Ok(text) } else { Err(refusal(response.status(), &text)) }
    }

    /// What the answer's bytes are, and they; `None`: there are none.
    pub(super) async fn bytes(self) -> Result<Option<(String, Vec<u8>)>, Reject> {
        if self.0.status() == 404 {
            return Ok(None);
        }
        if !self.0.ok() {
            return Err(self.read().await.err().unwrap_or_else(unreached));
        }
        let kind = self.0.headers().get("content-type").ok().flatten().unwrap_or_default();
        let buffer = match self.0.array_buffer() {
            Ok(buffer) => JsFuture::from(buffer).await.ok(),
            Err(_) => None,
        };
        buffer.map(|buffer| Some((kind, Uint8Array::new(&buffer).to_vec()))).ok_or_else(unreached)
    }

    /// The answer's pieces as they come; an error is a refusal.
    pub(super) async fn stream(self) -> Result<web_sys::ReadableStream, Reject> {
        match self.0.body() {
            Some(body) if self.0.ok() => Ok(body),
            _ => Err(self.read().await.err().unwrap_or_else(unreached)),
        }
    }
}

/// What an error says, or, where it says nothing that these screens know, its status.
fn refusal(status: u16, text: &str) -> Reject {
    let problem: Option<Problem> = serde_json::from_str(text).ok();
    let known = problem.and_then(|problem| Some((Code::of(problem.code?)?, problem.args)));
    match (known, status) {
        (Some((code, args)), _) => Reject { code, args },
        (None, 401) => Reject::new(Code::Unauthorised),
        (None, 502..=504) => unreached(),
        (None, status) => Reject::new(Code::ServerUnexpected).with("status", status),
    }
}

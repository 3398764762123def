//! Bodies: JSON, as it is or as zstd, in and out, never larger than agreed.

use std::io::Read as _;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Most bytes of a request, packed and unpacked.
pub const BODY_LIMIT: usize = 8 * 1_048_576;
/// Smaller answers are sent as they are.
const PACK_FROM: usize = 512;
/// zstd: fast, and small enough.
const PACK_LEVEL: i32 = 3;
/// log2 of the memory that unpacking may take: 8 MiB.
const WINDOW_LOG_LIMIT: u32 = 23;

/// The body of a request.
#[derive(Debug)]
pub struct Input<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        Ok(Self(read(&parts.headers, body, BODY_LIMIT).await?))
    }
}

/// Reads a body of at most so many bytes, packed and unpacked.
pub async fn read<T: DeserializeOwned>(headers: &HeaderMap, body: Body, limit: usize) -> Result<T, Problem> {
    let is_json =
        |value: &HeaderValue| value.to_str().is_ok_and(|text| text.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json"));
    if !headers.get(header::CONTENT_TYPE).is_some_and(is_json) {
        return Err(Problem::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let is_packed = match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => false,
        Some(b"zstd") => true,
        Some(_) => return Err(Problem::status(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    };
    let too_large = || Problem::status(StatusCode::PAYLOAD_TOO_LARGE);
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let bytes = to_bytes(body, limit).await.map_err(|error| body_problem(&error))?;
    if !is_packed {
        return parse(&bytes);
    }
    let unpacked = tokio::task::spawn_blocking(move || unpack(&bytes, limit)).await.map_err(|_| Problem::unavailable())?;
    match unpacked {
        Ok(bytes) if bytes.len() > limit => Err(too_large()),
        Ok(bytes) => parse(&bytes),
        Err(_) => Err(Problem::malformed("body")),
    }
}

/// Too large is one thing, a line that broke another.
pub(crate) fn body_problem(error: &axum::Error) -> Problem {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.to_string().contains("length limit exceeded") {
            return Problem::status(StatusCode::PAYLOAD_TOO_LARGE);
        }
        source = error.source();
    }
    Problem::status(StatusCode::BAD_REQUEST)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        tracing::debug!(line = error.line(), column = error.column(), "malformed body");
        Problem::malformed("body")
    })
}

/// Unpacks up to one byte more than allowed.
fn unpack(bytes: &[u8], limit: usize) -> std::io::Result<Vec<u8>> {
    let mut decoder = zstd::stream::read::Decoder::new(bytes)?;
    decoder.window_log_max(WINDOW_LOG_LIMIT)?;
    let mut out = Vec::new();
    decoder.take(u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut out)?;
    Ok(out)
}

/// Whether the caller reads zstd.
pub fn accepts_zstd(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        parts.next() == Some("zstd") && !parts.any(|part| part == "q=0" || part == "q=0.0")
    })
}

/// An answer. Large ones are made on a thread where that holds nobody up.
pub async fn reply<T: Serialize + Send + 'static>(value: T, pack: Pack) -> Result<Response, Problem> {
    let made = tokio::task::spawn_blocking(move || -> std::io::Result<(Vec<u8>, bool)> {
        let bytes = serde_json::to_vec(&value)?;
        if pack == Pack::Zstd && bytes.len() >= PACK_FROM {
            return Ok((zstd::bulk::compress(&bytes, PACK_LEVEL)?, true));
        }
        Ok((bytes, false))
    });
    let (bytes, is_packed) = made.await.map_err(|_| Problem::unavailable())?.map_err(|_| Problem::unavailable())?;
    let mut response = bytes.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"));
    }
    Ok(response)
}

/// How an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pack {
    /// As it is.
    No,
    /// As zstd, if that pays.
    Zstd,
}

impl Pack {
    /// What the caller reads.
    pub fn of(headers: &HeaderMap) -> Self {
        if accepts_zstd(headers) { Self::Zstd } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn what_unpacks_to_too_much_is_stopped_there() {
        let bomb = zstd::bulk::compress(&vec![b' '; 4_000_000], 19).unwrap();
        assert!(bomb.len() < 10_000);
        assert_eq!(unpack(&bomb, 1_000).unwrap().len(), 1_001);
        assert!(unpack(b"no zstd", 1_000).is_err());
    }

    #[test]
    fn zstd_is_sent_to_who_reads_it() {
        let accepts = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
            accepts_zstd(&headers)
        };
        assert!(accepts("gzip, zstd"));
        assert!(accepts("zstd;q=0.5"));
        assert!(!accepts("gzip"));
        assert!(!accepts("zstd;q=0, gzip"));
        assert!(!accepts_zstd(&HeaderMap::new()));
    }
}

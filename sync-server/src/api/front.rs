//! What a browser is told about every answer, and which pages of other addresses may ask at all.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::once::REPLAYED;

/// How long a browser need not ask again whether it may.
const PREFLIGHT_GOOD_FOR: Duration = Duration::from_mins(10);

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of every answer, unless what is answered has one of its own: nothing is kept by caches, guessed by its looks,
/// shown in a frame, or told to another address. Over TLS only TLS is spoken from then on.
pub fn add_headers(headers: &mut HeaderMap, is_encrypted: bool) {
    let always = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in always {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_encrypted {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
}

/// Lets pages of these origins ask. Without cookies: a page proves who asks with a token it holds itself.
pub fn with_cors(router: Router, origins: &[String]) -> Router {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return router;
    }
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH, header::IF_NONE_MATCH, KEY, API_KEY])
        .expose_headers([header::ETAG, header::RETRY_AFTER, REPLAYED, REQUEST_ID])
        .max_age(PREFLIGHT_GOOD_FOR);
    router.layer(layer)
}

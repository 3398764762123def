//! The specification as a page to read and try. All of it comes from this program: no other address is asked for anything.

use std::sync::Arc;

use aide::swagger::Swagger;
use aws_lc_rs::digest;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::App;

/// Where the specification is.
pub const SPEC_PATH: &str = "/api/v1/openapi.json";
/// Where the page is.
pub const PAGE_PATH: &str = "/docs";

/// The texts between `<script>` and `</script>`, as the page has them.
fn scripts(html: &str) -> Vec<&str> {
    // The page has two: the library, which itself contains such words, and the lines that start it.
    let Some((library_start, page_start)) = html.find("<script>").zip(html.rfind("<script>")) else { return Vec::new() };
    let ends = [html[..page_start].rfind("</script>"), html.rfind("</script>")];
    let starts = [library_start, page_start];
    starts.iter().zip(ends).filter_map(|(start, end)| html.get(start + "<script>".len()..end?)).collect()
}

/// Only the page's own scripts run, and they speak only with this server.
fn policy(html: &str) -> String {
    let hash = |script: &str| format!("'sha256-{}'", STANDARD.encode(digest::digest(&digest::SHA256, script.as_bytes())));
    let hashes = scripts(html).into_iter().map(hash).collect::<Vec<_>>().join(" ");
    // The library writes styles into its elements.
    format!(
        "default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The page, and what it reads.
pub fn routes(spec: String) -> Router<Arc<App>> {
    let html = Swagger::new(SPEC_PATH).with_title("Kontor API").html();
    let policy = HeaderValue::from_str(&policy(&html)).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let (html, spec) = (Bytes::from(html), Bytes::from(spec));
    let page = move || async move {
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")), (header::CONTENT_SECURITY_POLICY, policy)];
        (headers, html).into_response()
    };
    let json = move || async move { ([(header::CONTENT_TYPE, "application/json")], spec) };
    Router::new().route(PAGE_PATH, get(page)).route(SPEC_PATH, get(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_nobody_else() {
        let html = Swagger::new(SPEC_PATH).html();
        let found = scripts(&html);
        assert_eq!(found.len(), 2);
        assert!(found[0].len() > 500_000 && found[1].contains(SPEC_PATH) && found[1].len() < 2_000);
        // Around the library nothing is fetched; the library itself is held by the policy, which lets nothing else run or load.
        let (library, page) = (found[0], found[1]);
        let around = html.replace(library, "");
        for outside in ["<script src", "<link", "<iframe", "cdn.", "//unpkg", "src=\"http", "href=\"http", "url(http", "url(\"http", "@import"] {
            assert!(!around.contains(outside), "{outside}");
        }
        assert!(!page.contains("://"), "{page}");
        let policy = policy(&html);
        assert_eq!(policy.matches("'sha256-").count(), 2);
        assert!(!policy.contains("http"));
    }
}

//! The files of the screens, read once at the start.
//!
//! All but the page itself lie below a folder named after what is in them: a browser keeps them for ever, and asks for
//! the page alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::problem::Problem;
use crate::secrets;
use crate::wire::accepts_zstd;

/// The page.
const PAGE: &str = "index.html";
/// Hexadecimal digits of the hash that the files' folder is named after.
const HASH_DIGITS: usize = 16;
/// zstd: once at the start, then sent many times.
const PACK_LEVEL: i32 = 5;
/// Smaller files are sent as they are.
const PACK_FROM: usize = 1_024;
/// Most bytes of all files together: they stay in memory.
const BYTES_LIMIT: u64 = 64 * 1_048_576;

/// What the page may do: its own files, this server's answers, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The files.
#[derive(Debug)]
pub struct Files {
    page: File,
    page_tag: HeaderValue,
    /// Where the others are: `/assets/0123456789abcdef/`.
    folder: String,
    others: BTreeMap<String, File>,
}

#[derive(Debug)]
struct File {
    kind: HeaderValue,
    plain: Bytes,
    packed: Option<Bytes>,
}

impl File {
    fn new(name: &str, plain: Vec<u8>) -> Result<Self> {
        let kind = kind_of(name).with_context(|| format!("{name} is no file of the screens"))?;
        let packed = if plain.len() < PACK_FROM { None } else { Some(zstd::bulk::compress(&plain, PACK_LEVEL)?) };
        // What is packed already (a font) gets no smaller.
        let packed = packed.filter(|packed| packed.len() < plain.len());
        Ok(Self { kind: HeaderValue::from_static(kind), plain: plain.into(), packed: packed.map(Into::into) })
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let (bytes, is_packed) = match &self.packed {
            Some(packed) if accepts_zstd(headers) => (packed.clone(), true),
            _ => (self.plain.clone(), false),
        };
        let mut response = bytes.into_response();
        let to = response.headers_mut();
        to.insert(header::CONTENT_TYPE, self.kind.clone());
        to.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if is_packed {
            to.insert(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"));
        }
        response
    }
}

fn kind_of(name: &str) -> Option<&'static str> {
    Some(match Path::new(name).extension()?.to_str()? {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// The folder beside the program, if the settings name none.
pub fn usual_folder() -> Option<PathBuf> {
    let folder = std::env::current_exe().ok()?.parent()?.join("ui");
    folder.join(PAGE).is_file().then_some(folder)
}

impl Files {
    /// Reads a folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut found = BTreeMap::new();
        let mut left = BYTES_LIMIT;
        collect(folder, "", &mut found, &mut left).with_context(|| folder.display().to_string())?;
        let page = found.remove(PAGE).with_context(|| format!("{} holds no {PAGE}", folder.display()))?;
        let mut all = page.clone();
        for (name, bytes) in &found {
            all.extend_from_slice(name.as_bytes());
            all.extend_from_slice(&secrets::hash(bytes));
        }
        let hash = secrets::hex(&secrets::hash(&all));
        let folder = format!("/assets/{}/", &hash[..HASH_DIGITS]);
        let mut page = String::from_utf8(page).context(PAGE)?;
        for name in found.keys() {
            page = page.replace(&format!("\"/{name}\""), &format!("\"{folder}{name}\""));
        }
        let others = found.into_iter().map(|(name, bytes)| File::new(&name, bytes).map(|file| (name, file))).collect::<Result<_>>()?;
        Ok(Self { page: File::new(PAGE, page.into_bytes())?, page_tag: HeaderValue::from_str(&format!("\"{hash}\""))?, folder, others })
    }

    /// What a path answers, if there is something.
    fn find(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        if let Some(name) = path.strip_prefix(&self.folder) {
            let mut response = self.others.get(name)?.answer(headers);
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
            return Some(response);
        }
        is_place(path, headers).then(|| self.page(headers))
    }

    fn page(&self, headers: &HeaderMap) -> Response {
        let is_known = headers.get(header::IF_NONE_MATCH) == Some(&self.page_tag);
        let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { self.page.answer(headers) };
        let to = response.headers_mut();
        to.insert(header::ETAG, self.page_tag.clone());
        for (name, value) in [
            (header::CACHE_CONTROL, "no-cache"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (header::HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
        ] {
            to.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Whether a browser asks for a place inside the screens: no file, nothing of the API.
fn is_place(path: &str, headers: &HeaderMap) -> bool {
    let is_page = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|kinds| kinds.contains("text/html"));
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    path == "/" || (is_page && !is_file && !["/api", "/assets"].iter().any(|of| path == *of || path.starts_with(&format!("{of}/"))))
}

fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>, left: &mut u64) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| anyhow::anyhow!("{}", name.display()))?;
        let name = format!("{prefix}{name}");
        let data = std::fs::metadata(entry.path())?;
        if data.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found, left)?;
            continue;
        }
        ensure!(data.len() <= *left, "the files have more than {BYTES_LIMIT} bytes");
        *left -= data.len();
        found.insert(name, std::fs::read(entry.path())?);
    }
    Ok(())
}

/// Whatever no route answers: a file of the screens, or nothing.
pub async fn fallback(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let files = app.screens.as_ref().filter(|_| is_read);
    let found = files.and_then(|files| files.find(request.uri().path(), request.headers()));
    found.ok_or_else(|| Problem::status(StatusCode::NOT_FOUND))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    fn files() -> Files {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("fonts")).unwrap();
        for (name, text) in [
            ("index.html", r#"<script src="/boot.js"></script><link href="/fonts/inter.woff2">"#.to_owned()),
            ("boot.js", "x".repeat(2_000)),
            ("fonts/inter.woff2", "f".into()),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Files::read(folder.path()).unwrap()
    }

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_page_names_its_files_where_they_never_change() {
        let files = files();
        let page = String::from_utf8(files.page.plain.to_vec()).unwrap();
        assert_eq!(page, format!(r#"<script src="{0}boot.js"></script><link href="{0}fonts/inter.woff2">"#, files.folder));
        let found = files.find(&format!("{}fonts/inter.woff2", files.folder), &HeaderMap::new()).unwrap();
        assert!(found.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert_eq!(found.headers()[header::CONTENT_TYPE], "font/woff2");
        assert!(files.find("/assets/0000000000000000/boot.js", &HeaderMap::new()).is_none());
        assert!(files.find(&format!("{}../boot.js", files.folder), &HeaderMap::new()).is_none());
    }

    #[test]
    fn the_page_is_asked_for_again_and_not_sent_again() {
        let files = files();
        let page = files.find("/", &HeaderMap::new()).unwrap();
        assert_eq!((page.status(), &page.headers()[header::CACHE_CONTROL]), (StatusCode::OK, &HeaderValue::from_static("no-cache")));
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && policy.contains("frame-ancestors 'none'"));
        let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, page.headers()[header::ETAG].clone())]);
        assert_eq!(files.find("/", &known).unwrap().status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn a_place_inside_the_screens_is_the_page_and_the_api_is_not() {
        let files = files();
        let html = headers(header::ACCEPT, "text/html,application/xhtml+xml");
        assert!(files.find("/reset-password", &html).is_some());
        assert!(files.find("/reset-password", &headers(header::ACCEPT, "*/*")).is_none());
        for path in ["/api/v1/nothing", "/api", "/assets/x", "/favicon.ico"] {
            assert!(files.find(path, &html).is_none(), "{path}");
        }
    }

    #[test]
    fn who_reads_zstd_gets_it() {
        let files = files();
        let path = format!("{}boot.js", files.folder);
        let found = files.find(&path, &headers(header::ACCEPT_ENCODING, "gzip, zstd")).unwrap();
        assert_eq!(found.headers()[header::CONTENT_ENCODING], "zstd");
        assert!(files.find(&path, &HeaderMap::new()).unwrap().headers().get(header::CONTENT_ENCODING).is_none());
    }

    #[test]
    fn a_folder_without_the_page_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Files::read(folder.path()).is_err());
        std::fs::write(folder.path().join(PAGE), "").unwrap();
        assert!(Files::read(folder.path()).is_ok());
        std::fs::write(folder.path().join("notes.exe"), "").unwrap();
        assert!(Files::read(folder.path()).is_err());
    }
}

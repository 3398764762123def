//! Bytes that rows name by their hash: pictures. Who may read or bring them is who holds, or may read and change, a row of
//! their own company that names them; for all others they are not there.

use std::sync::Arc;
use std::time::Duration;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use aide::generate::GenContext;
use aide::openapi::{MediaType as SpecMedia, Operation, RequestBody, Response as SpecResponse, SchemaObject};
use aide::operation::{ParamLocation, add_parameters, parameters_from_schema, set_body};
use aide::transform::TransformOperation;
use aide::{OperationInput, OperationOutput};
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kontor_documents::picture::{self, Picture};
use kontor_domain::blob::{BlobHash, MediaType};
use kontor_domain::catalog::IMAGE_BYTES_LIMIT;
use kontor_domain::command::Permission;
use kontor_domain::ids::CompanyId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_store::StoreError;
use kontor_store::blob::{Blob, Blobs, Holds};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::api::output::Done;
use crate::api::spec::{DEVICE, PERMISSION, may_answer, question};
use crate::app::{App, Caller, bearer};
use crate::identity::Actor;
use crate::problem::Problem;
use crate::secrets::{SentToken, TokenKind};
use crate::wire::body_problem;

/// Pictures that are unpacked at once: each may take a hundred megabytes.
static UNPACKING: Semaphore = Semaphore::const_new(2);
/// Bytes that no row names any more are kept so long: what is undone may be done again.
const KEPT_FOR: Duration = Duration::from_hours(30 * 24);
/// How often they are looked for.
const FORGET_EVERY: Duration = Duration::from_hours(6);
/// What bytes are, of all that are taken.
pub const MEDIA_TYPES: &[&str] = &["image/gif", "image/jpeg", "image/png", "image/webp"];

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    let read = get_with(give, of_devices("The bytes that a row names by their hash; for a till, or whoever may read products"))
        .put_with(take, of_devices("Brings bytes that a row names by their hash; for a till, or whoever may change products"));
    ApiRouter::new().api_route("/api/v1/blobs/{sha256}", read)
}

fn of_devices(summary: &'static str) -> impl FnOnce(TransformOperation<'_>) -> TransformOperation<'_> {
    move |operation| {
        let mut operation = question(summary, &[])(operation);
        let inner = operation.inner_mut();
        inner.extensions.insert(PERMISSION.to_owned(), json!([DEVICE]));
        inner.security = ["device", "session", "api_key"].map(|name| [(name.to_owned(), Vec::new())].into_iter().collect()).into();
        operation
    }
}

/// Who asks.
#[derive(Debug)]
enum Asking {
    /// A device, for what it holds.
    Device(Caller),
    /// A person or a program, for what they may.
    Person(Box<Actor>),
}

impl FromRequestParts<Arc<App>> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if bearer(parts).is_some_and(|sent| SentToken::read(TokenKind::Device, sent).is_some()) {
            return Caller::from_request_parts(parts, app).await.map(Self::Device);
        }
        Actor::from_request_parts(parts, app).await.map(|actor| Self::Person(Box::new(actor)))
    }
}

impl OperationInput for Asking {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        may_answer(operation, &[401, 403]);
    }
}

impl Asking {
    /// The company, if a row that who asks holds or may see names these bytes. Whether there are any elsewhere is nobody's
    /// business.
    async fn company(&self, app: &App, sha256: BlobHash, permission: Permission) -> Result<CompanyId, Problem> {
        let blobs = app.host.access.blobs();
        let (company, is_named) = match self {
            Self::Device(caller) => {
                let scopes = app.host.head(caller.company, caller.device).await?.scopes;
                (caller.company, blobs.is_named(caller.company, sha256, Holds::Scopes(&scopes)).await?)
            }
            Self::Person(actor) => {
                app.host.check(actor, permission, "picture").await?;
                (actor.company, blobs.is_named(actor.company, sha256, Holds::All).await?)
            }
        };
        if is_named { Ok(company) } else { Err(nowhere()) }
    }
}

fn nowhere() -> Problem {
    Problem::status(StatusCode::NOT_FOUND)
}

/// The bytes of a path, by what they hash to. What is no hash names nothing.
#[derive(Debug)]
struct Hash(BlobHash);

#[derive(Deserialize, JsonSchema)]
struct PathHash {
    /// SHA-256 of the bytes.
    sha256: BlobHash,
}

impl<S: Send + Sync> FromRequestParts<S> for Hash {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(PathHash { sha256 }) = Path::from_request_parts(parts, state).await.map_err(|_| nowhere())?;
        Ok(Self(sha256))
    }
}

impl OperationInput for Hash {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.root_schema_for::<PathHash>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Path);
        add_parameters(ctx, operation, parameters);
        may_answer(operation, &[404]);
    }
}

/// Schema of a picture's bytes.
pub fn bytes_schema() -> SchemaObject {
    let json_schema = schemars::json_schema!({ "type": "string", "format": "binary" });
    SchemaObject { json_schema, example: None, external_docs: None }
}

/// Bytes that are read when it is known that they may come.
#[derive(Debug)]
struct Bytes(Request);

impl<S: Send + Sync> FromRequest<S> for Bytes {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Ok(Self(request))
    }
}

fn media(media_type: &str) -> (String, SpecMedia) {
    (media_type.to_owned(), SpecMedia { schema: Some(bytes_schema()), ..SpecMedia::default() })
}

impl OperationInput for Bytes {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let content = MEDIA_TYPES.iter().map(|media_type| media(media_type)).collect();
        set_body(ctx, operation, RequestBody { content, required: true, ..RequestBody::default() });
        may_answer(operation, &[400, 413, 415]);
    }
}

impl Bytes {
    async fn read(self) -> Result<Vec<u8>, Problem> {
        let (parts, body) = self.0.into_parts();
        if parts.headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Problem::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let bytes = to_bytes(body, IMAGE_BYTES_LIMIT).await.map_err(|error| body_problem(&error))?;
        Ok(bytes.into())
    }
}

/// Bytes as they are given out: what they hash to never changes, so who has them need not ask again.
#[derive(Debug)]
struct Given {
    tag: String,
    /// `None`: the caller has them.
    bytes: Option<(MediaType, Vec<u8>)>,
}

impl IntoResponse for Given {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
        // Whatever else the bytes could be taken for: as a page of this server they may do nothing.
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; base-uri 'none'; sandbox; frame-ancestors 'none'"),
        );
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            headers.insert(header::ETAG, tag);
        }
        match self.bytes {
            None => (StatusCode::NOT_MODIFIED, headers).into_response(),
            Some((media_type, bytes)) => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type.word()));
                (headers, bytes).into_response()
            }
        }
    }
}

impl OperationOutput for Given {
    type Inner = Self;

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, SpecResponse)> {
        let content = MEDIA_TYPES.iter().map(|media_type| media(media_type)).collect();
        let of = |description: &str| SpecResponse { description: description.to_owned(), ..SpecResponse::default() };
        vec![(Some(200), SpecResponse { content, ..of("The bytes") }), (Some(304), of("Not changed"))]
    }
}

async fn give(State(app): State<Arc<App>>, asking: Asking, Hash(sha256): Hash, headers: HeaderMap) -> Result<Given, Problem> {
    let company = asking.company(&app, sha256, Permission::CatalogRead).await?;
    let tag = format!("\"{sha256}\"");
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let is_known = known.map(str::trim).any(|known| known == tag || known == "*");
    let blobs = app.host.access.blobs();
    if is_known && blobs.has(company, sha256).await? {
        return Ok(Given { tag, bytes: None });
    }
    let blob = blobs.find(company, sha256).await?.ok_or_else(nowhere)?;
    Ok(Given { tag, bytes: Some((blob.media_type, blob.bytes)) })
}

async fn take(State(app): State<Arc<App>>, asking: Asking, Hash(sha256): Hash, bytes: Bytes) -> Result<Done, Problem> {
    let company = asking.company(&app, sha256, Permission::CatalogEdit).await?;
    // What a till holds is recorded; what a person only wishes for is not done for a company whose time is over.
    if let Asking::Person(_) = asking {
        app.host.check_expiry(company).await?;
    }
    let bytes = bytes.read().await?;
    let blobs = app.host.access.blobs();
    if blobs.has(company, sha256).await? {
        return Ok(Done);
    }
    let (bytes, media_type) = unpacking(move || check(bytes, sha256)).await?;
    blobs.keep(company, &Blob { sha256, media_type, bytes }, app.host.now()).await?;
    Ok(Done)
}

fn check(bytes: Vec<u8>, sha256: BlobHash) -> Result<(Vec<u8>, MediaType), Reject> {
    if picture::hash(&bytes) != sha256 {
        return Err(Reject::field(Code::UploadFailed, "sha256"));
    }
    let media_type = picture::check(&bytes)?;
    Ok((bytes, media_type))
}

/// Work on a picture, of which few are unpacked at once.
async fn unpacking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Reject> + Send + 'static) -> Result<T, Problem> {
    let _place = UNPACKING.acquire().await.map_err(|_| Problem::unavailable())?;
    Ok(tokio::task::spawn_blocking(work).await.map_err(|_| Problem::unavailable())??)
}

/// Reads a picture that somebody sends.
pub async fn read(bytes: Vec<u8>) -> Result<Picture, Problem> {
    unpacking(move || picture::read(bytes)).await
}

/// Keeps a picture and its small one.
pub async fn keep(blobs: &Blobs, company: CompanyId, picture: Picture, now: Instant) -> Result<(), StoreError> {
    for named in std::iter::once(picture.whole).chain(picture.thumbnail) {
        blobs.keep(company, &Blob { sha256: named.sha256, media_type: named.media_type, bytes: named.bytes }, now).await?;
    }
    Ok(())
}

/// Forgets bytes that no row names any more, as long as the server runs.
pub async fn forget_old(app: Arc<App>) {
    let mut stopping = app.stopping.clone();
    while !*stopping.borrow() {
        if let Err(error) = forget(&app).await {
            tracing::warn!(%error, "bytes that no row names are not forgotten");
        }
        tokio::select! {
            changed = stopping.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(FORGET_EVERY) => {}
        }
    }
}

async fn forget(app: &App) -> Result<(), StoreError> {
    let before = Instant(app.host.now().0.saturating_sub(i64::try_from(KEPT_FOR.as_millis()).unwrap_or(i64::MAX)));
    for company in app.host.access.companies().await? {
        app.host.access.blobs().forget_unnamed(company, before).await?;
    }
    Ok(())
}

//! Pictures of products.

use std::sync::Arc;

use aide::OperationInput;
use aide::axum::ApiRouter;
use aide::axum::routing::{delete_with, get_with};
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, RequestBody, SchemaObject};
use aide::operation::{ParamLocation, add_parameters, parameters_from_schema, set_body};
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use kontor_domain::blob::BlobHash;
use kontor_domain::catalog::{self, IMAGE_BYTES_LIMIT, ListImages, ProductImage, ReadProduct};
use kontor_domain::command::{Command, Permission};
use kontor_domain::ids::ProductId;
use kontor_domain::reject::{Code, Reject};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::acting::{ask, ask_text, execute, fresh};
use super::input::Of;
use super::once::{Named, describe};
use super::output::{Done, Listed, Reply, whole};
use super::spec::{change, may_answer, question};
use crate::app::App;
use crate::blobs;
use crate::identity::Actor;
use crate::problem::Problem;

/// Room for what stands around the picture.
const BODY_LIMIT: usize = IMAGE_BYTES_LIMIT + 65_536;
/// The part of the form that is the picture.
const PART: &str = "file";
const FORM: &str = "multipart/form-data";

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    let all = get_with(list, question("The pictures of a product; their bytes are at /api/v1/blobs/{sha256}", &[Permission::CatalogRead]))
        .post_with(add, change("Adds a picture to a product: PNG, JPEG, GIF or WebP", &[Permission::CatalogRead, Permission::CatalogEdit]));
    let one = delete_with(remove, change("Takes a picture of a product away", &[Permission::CatalogEdit]));
    ApiRouter::new()
        .api_route("/api/v1/inventory/products/{id}/images", all)
        .api_route("/api/v1/inventory/products/{id}/images/{sha256}", one)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// A picture of a product, in a path.
#[derive(Debug, Deserialize, JsonSchema)]
struct ImageOf {
    /// The product.
    id: Uuid,
    /// SHA-256 of the picture.
    sha256: BlobHash,
}

impl<S: Send + Sync> FromRequestParts<S> for ImageOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(of) = Path::from_request_parts(parts, state).await.map_err(|_| Problem::status(StatusCode::NOT_FOUND))?;
        Ok(of)
    }
}

impl OperationInput for ImageOf {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = ctx.schema.root_schema_for::<Self>();
        let parameters = parameters_from_schema(ctx, schema, ParamLocation::Path);
        add_parameters(ctx, operation, parameters);
        may_answer(operation, &[404]);
    }
}

/// A form with one file, as browsers send it.
#[derive(Debug)]
struct Upload {
    named: Named,
    bytes: Vec<u8>,
}

/// Too large is one thing; all else is a form that did not arrive whole.
fn broken(error: &MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::status(StatusCode::PAYLOAD_TOO_LARGE),
        _ => Problem::from(Reject::field(Code::UploadFailed, PART)).about(error.body_text(), String::new()),
    }
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_form = kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM);
        if !is_form || parts.headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Problem::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let failed = |detail: &str| Problem::from(Reject::field(Code::UploadFailed, PART)).about(detail.to_owned(), String::new());
        let mut form = Multipart::from_request(Request::from_parts(parts.clone(), body), state).await.map_err(|_| failed("no boundary"))?;
        let field = form.next_field().await.map_err(|error| broken(&error))?.ok_or_else(|| failed("no part"))?;
        if field.name() != Some(PART) {
            return Err(failed("the part is not called `file`"));
        }
        let bytes: Vec<u8> = field.bytes().await.map_err(|error| broken(&error))?.into();
        if form.next_field().await.map_err(|error| broken(&error))?.is_some() {
            return Err(failed("more than one part"));
        }
        if bytes.len() > IMAGE_BYTES_LIMIT {
            return Err(Problem::status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Ok(Self { named: Named::of(&parts, &bytes)?, bytes })
    }
}

impl OperationInput for Upload {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe(ctx, operation);
        let json_schema = schemars::json_schema!({
            "type": "object",
            "properties": { "file": { "type": "string", "format": "binary", "description": "PNG, JPEG, GIF or WebP, by its content; at most 5 MiB." } },
            "required": ["file"],
            "additionalProperties": false,
        });
        let schema = Some(SchemaObject { json_schema, example: None, external_docs: None });
        let content = [(FORM.to_owned(), MediaType { schema, ..MediaType::default() })].into_iter().collect();
        set_body(ctx, operation, RequestBody { content, required: true, ..RequestBody::default() });
        may_answer(operation, &[400, 413, 415]);
    }
}

/// The pictures of a product that is there.
async fn images(app: &App, actor: &Actor, product_id: ProductId) -> Result<Vec<ProductImage>, Problem> {
    if ask_text(app, actor, ReadProduct { id: product_id }).await? == "null" {
        return Err(Problem::status(StatusCode::NOT_FOUND));
    }
    ask(app, actor, ListImages { product_id }).await
}

async fn list(State(app): State<Arc<App>>, actor: Actor, Of(product_id): Of<ProductId>) -> Result<Reply<200, Listed<ProductImage>>, Problem> {
    Ok(whole(&super::output::json(&images(&app, &actor, product_id).await?)?))
}

async fn add(
    State(app): State<Arc<App>>,
    actor: Actor,
    Of(product_id): Of<ProductId>,
    Upload { named, bytes }: Upload,
) -> Result<Reply<201, ProductImage>, Problem> {
    // Before anything is read or kept; the command itself looks again.
    app.host.check_change(&actor, Permission::CatalogEdit, "picture").await?;
    let known = images(&app, &actor, product_id).await?;
    let picture = blobs::read(bytes).await?;
    let position = known.last().map_or(0, |last| last.position + 1);
    let image = match known.into_iter().find(|image| image.sha256 == picture.whole.sha256) {
        Some(there) => there,
        None => picture.row(product_id, position),
    };
    // The bytes first: a row that names nothing would show nothing.
    blobs::keep(&app.host.access.blobs(), actor.company, picture, app.host.now()).await?;
    named.execute(&app, &actor, Command::Catalog(catalog::Command::AddImage(image.clone())), move |_| image.clone()).await
}

async fn remove(State(app): State<Arc<App>>, actor: Actor, ImageOf { id, sha256 }: ImageOf) -> Result<Done, Problem> {
    let command = catalog::Command::RemoveImage { product_id: ProductId(id), sha256 };
    execute(&app, &actor, fresh(), Command::Catalog(command), None).await?;
    Ok(Done)
}

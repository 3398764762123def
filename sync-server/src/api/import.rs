//! Products from a file: all of it is checked before anything is written.

use std::sync::Arc;

use aide::OperationInput;
use aide::axum::ApiRouter;
use aide::axum::routing::post_with;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, RequestBody, SchemaObject};
use aide::operation::set_body;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use kontor_documents::products::{ParsedProduct, ProductChecker, ProductReader};
use kontor_domain::catalog::{self, FindBarcodes, FindCodes, IMPORT_ROWS_LIMIT, ListCategories, ListTaxes};
use kontor_domain::command::{Command, Permission};
use kontor_domain::host::ImportError;
use kontor_domain::ids::BatchId;
use kontor_domain::reject::{Code, Reject};
use kontor_domain::units::Currency;
use kontor_sync::message::ARGS_BYTES_LIMIT;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::acting::{ask, company, execute, fresh};
use super::input::{Search, typed_bytes};
use super::once::{Named, Once, describe};
use super::output::Reply;
use super::spec::{change, may_answer};
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// Largest file.
const FILE_LIMIT: usize = 32 * 1_048_576;
/// Most products of one file.
const ROWS_LIMIT: usize = 100_000;
/// Most bytes of rows in one command.
const PART_BYTES_LIMIT: usize = ARGS_BYTES_LIMIT / 8;

/// The routes.
pub fn routes() -> ApiRouter<Arc<App>> {
    let import = change("Makes and changes products from a CSV file, if all of it is right", &[Permission::CatalogRead, Permission::CatalogImport]);
    ApiRouter::new().api_route("/api/v1/inventory/products/import", post_with(import_file, import))
}

/// What to do with the file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportSearch {
    /// Only look: nothing is written.
    #[serde(default)]
    check: Option<bool>,
}

/// What a file came to. A row that is as in the shop is left alone, so the same file again does nothing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Imported {
    /// By this the whole import can be undone; null if nothing was written.
    pub batch_id: Option<BatchId>,
    /// Rows in the file.
    pub rows: i64,
    /// Products created.
    pub created: i64,
    /// Products changed.
    pub changed: i64,
    /// Products that are as in the file.
    pub unchanged: i64,
    /// Categories created.
    pub new_categories: Vec<String>,
}

/// A CSV file, in a request that may be named.
#[derive(Debug)]
pub struct CsvFile {
    named: Named,
    bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for CsvFile {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = typed_bytes(&parts.headers, body, FILE_LIMIT, "text/csv").await?;
        Ok(Self { named: Named::of(&parts, &bytes)?, bytes })
    }
}

impl OperationInput for CsvFile {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe(ctx, operation);
        let json_schema = ctx.schema.subschema_for::<String>();
        let schema = Some(SchemaObject { json_schema, example: None, external_docs: None });
        let example = Some("code,name,price,unit,barcodes\nTEA,Oolong,30,pcs,4710000000017\n".into());
        let content = MediaType { schema, example, ..MediaType::default() };
        let body = RequestBody { content: [("text/csv".to_owned(), content)].into_iter().collect(), required: true, ..RequestBody::default() };
        set_body(ctx, operation, body);
        may_answer(operation, &[400, 413, 415]);
    }
}

/// The rows of a file, and those that cannot be read.
fn rows_of(file: &[u8], currency: &'static Currency) -> Result<(Vec<ParsedProduct>, Vec<ImportError>), Reject> {
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for row in ProductReader::new(file, currency)? {
        match row {
            Ok(row) => rows.push(row),
            Err(error) => errors.push(error),
        }
        if rows.len() + errors.len() > ROWS_LIMIT {
            return Err(Reject::field(Code::TooLong, "lines").with("limit", ROWS_LIMIT));
        }
    }
    Ok((rows, errors))
}

async fn check_rows(app: &App, actor: &Actor, checker: &mut ProductChecker, rows: &[ParsedProduct]) -> Result<(), Problem> {
    let codes = rows.iter().map(|row| row.code.clone()).collect();
    let known = ask(app, actor, FindCodes { codes }).await?;
    let wanted: Vec<String> = rows.iter().flat_map(|row| &row.barcodes).map(|barcode| barcode.barcode.clone()).collect();
    let mut taken = Vec::new();
    for barcodes in wanted.chunks(IMPORT_ROWS_LIMIT) {
        taken.extend(ask(app, actor, FindBarcodes { barcodes: barcodes.to_vec() }).await?);
    }
    checker.check_rows(rows, known, taken);
    Ok(())
}

async fn import_file(
    State(app): State<Arc<App>>,
    actor: Actor,
    Search(search): Search<ImportSearch>,
    CsvFile { named, bytes }: CsvFile,
) -> Result<Once<Reply<200, Imported>>, Problem> {
    named.once(&app, &actor, imported(&app, &actor, &search, bytes)).await
}

async fn imported(app: &App, actor: &Actor, search: &ImportSearch, file: Bytes) -> Result<Reply<200, Imported>, Problem> {
    // Also where there is nothing to write: what a file would change is told to who may change it.
    app.host.check(actor, Permission::CatalogImport, "import").await?;
    let currency = Currency::of(&company(app, actor).await?.currency).ok_or_else(|| Reject::field(Code::Format, "currency"))?;
    let read = tokio::task::spawn_blocking(move || rows_of(&file, currency)).await.map_err(|_| Problem::unavailable())?;
    let (rows, errors) = read?;
    let count = i64::try_from(rows.len() + errors.len()).unwrap_or(i64::MAX);
    let (categories, taxes) = (ask(app, actor, ListCategories {}).await?, ask(app, actor, ListTaxes {}).await?);
    let mut checker = ProductChecker::new(&categories, taxes, errors, Uuid::now_v7);
    checker.find_doubles(&rows);
    for part in rows.chunks(IMPORT_ROWS_LIMIT) {
        check_rows(app, actor, &mut checker, part).await?;
    }
    let (check, checked) = checker.finish(count);
    let Some(checked) = checked else { return Err(Problem::of_rows(check.errors)) };
    let batch_id = (!search.check.unwrap_or(false) && !checked.is_empty()).then(fresh::<BatchId>);
    if let Some(batch_id) = batch_id {
        for part in checked.parts(batch_id, PART_BYTES_LIMIT)? {
            execute(app, actor, fresh(), Command::Catalog(catalog::Command::Import(part)), None).await?;
        }
    }
    let (created, changed, unchanged) = (check.created, check.changed, check.unchanged);
    Reply::of(&Imported { batch_id, rows: check.rows, created, changed, unchanged, new_categories: check.new_categories })
}

//! Pictures: their bytes from the server, and a file to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kontor_domain::blob::BlobHash;
use kontor_domain::host::ServerMethod;
use kontor_domain::ids::ProductId;
use kontor_domain::reject::Reject;
use wasm_bindgen::prelude::JsValue;
use web_sys::{File, FormData};

use super::http;
use super::with_token;

/// A picture as an address that a page can show.
pub(crate) async fn picture(sha256: BlobHash) -> Result<Option<String>, Reject> {
    let path = format!("/api/v1/blobs/{sha256}");
    let found = with_token(async |token| http::send(ServerMethod::Get, &path, None, Some(token)).await?.bytes().await).await?;
    Ok(found.map(|(kind, bytes)| format!("data:{kind};base64,{}", STANDARD.encode(bytes))))
}

/// Adds the picture in a file to a product.
pub(crate) async fn upload(product_id: ProductId, file: File) -> Result<(), Reject> {
    let path = format!("/api/v1/inventory/products/{product_id}/images");
    let failed = |error: JsValue| super::super::not_understood(format!("{error:?}"));
    let form = FormData::new().map_err(failed)?;
    form.append_with_blob("file", &file).map_err(failed)?;
    with_token(async |token| http::send_form(&path, &form, token).await?.read().await).await.map(|_| ())
}

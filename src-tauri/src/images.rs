//! Pictures of products: one comes from a file, and one is shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kontor_documents::picture::{self, Picture};
use kontor_domain::blob::BlobHash;
use kontor_domain::catalog::{self, IMAGE_BYTES_LIMIT, ListImages};
use kontor_domain::command::{Command, Permission, Request};
use kontor_domain::host::ShopFile;
use kontor_domain::ids::{CommandId, ProductId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_store::StoreError;
use kontor_store::blob::{Blob, Direction, Holds};
use uuid::Uuid;

use crate::platform;
use crate::program::{Program, internal};
use crate::shop::Shop;

/// Bytes that no row names any more are kept so long: a month, so what is undone may be done again.
pub(crate) const KEPT_FOR_MS: i64 = 30 * 86_400_000;

fn read(path: &Path) -> Result<Picture, Reject> {
    let unreadable = |_| Reject::new(Code::NotFound).with("what", path.display());
    if std::fs::metadata(path).map_err(unreadable)?.len() > IMAGE_BYTES_LIMIT as u64 {
        return Err(Reject::field(Code::TooLong, "file").with("limit", IMAGE_BYTES_LIMIT));
    }
    picture::read(std::fs::read(path).map_err(unreadable)?)
}

/// Keeps a picture and its small one, and on a till's copy puts them on their way to the shop server.
async fn keep(shop: &Shop, picture: Picture) -> Result<(), StoreError> {
    let (company, now) = (shop.installation.company, platform::now());
    for named in std::iter::once(picture.whole).chain(picture.thumbnail) {
        let blob = Blob { sha256: named.sha256, media_type: named.media_type, bytes: named.bytes };
        shop.blobs().keep(company, &blob, now).await?;
        if shop.file == ShopFile::Joined {
            shop.blobs().queue(company, blob.sha256, Direction::Send, now).await?;
        }
    }
    // Whoever changes pictures makes bytes that nobody wants any more: this is the time to look.
    shop.blobs().forget_unnamed(company, Instant(now.0.saturating_sub(KEPT_FOR_MS))).await.map(|_| ())
}

/// Adds the picture in a file to a product. The bytes are kept first: a row that names nothing would show nothing.
pub async fn add(program: &Arc<Program>, product_id: ProductId, path: PathBuf) -> Result<(), Reject> {
    let shop = program.shop().await?;
    let known = shop.ask(ListImages { product_id }).await?;
    let picture = tokio::task::spawn_blocking(move || read(&path)).await.map_err(internal)??;
    let image = picture.row(product_id, known.last().map_or(0, |last| last.position + 1));
    keep(&shop, picture).await.map_err(|error| error.reject())?;
    let command = Command::Catalog(catalog::Command::AddImage(image));
    program.execute(Request { id: CommandId(Uuid::now_v7()), command }).await?;
    shop.blobs_due.notify_one();
    Ok(())
}

/// A picture as an address that a page can show; `None`: it is not here yet. A till asks its server for it.
pub async fn address(program: &Program, sha256: BlobHash) -> Result<Option<String>, Reject> {
    let shop = program.shop().await?;
    let company = shop.installation.company;
    let failed = |error: StoreError| error.reject();
    if !shop.reader().rights(&shop.asker()).await.map_err(failed)?.allow(Permission::CatalogRead) {
        return Err(Reject::new(Code::InsufficientPermission).with("permission", Permission::CatalogRead.word()));
    }
    if !shop.blobs().is_named(company, sha256, Holds::All).await.map_err(failed)? {
        return Ok(None);
    }
    if let Some(blob) = shop.blobs().find(company, sha256).await.map_err(failed)? {
        return Ok(Some(format!("data:{};base64,{}", blob.media_type.word(), STANDARD.encode(blob.bytes))));
    }
    if shop.file == ShopFile::Joined {
        shop.blobs().queue(company, sha256, Direction::Fetch, platform::now()).await.map_err(failed)?;
        shop.blobs_due.notify_one();
    }
    Ok(None)
}

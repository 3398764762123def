//! A product's pictures: rows that name bytes by their hash.

use super::{Product, ProductKey};
use crate::blob::{BlobHash, MediaType};
use crate::cell::Cell;
use crate::command::Exec;
use crate::ids::ProductId;
use crate::reject::{Code, Reject};
use crate::world::{Halt, Scope, table};

/// Most pictures of one product.
pub const IMAGES_LIMIT: usize = 8;
/// Most bytes of a picture.
pub const IMAGE_BYTES_LIMIT: usize = 5 * 1_048_576;
/// Most pixels of a picture: a telephone's photograph.
pub const IMAGE_PIXELS_LIMIT: i64 = 25_000_000;
/// Places in the order of a product's pictures.
const POSITIONS: std::ops::Range<i64> = 0..10_000;

table! {
    /// A picture of a product. The same picture is there once.
    product_image: ProductImage, ProductImageKey {
        /// The product.
        product_id: ProductId,
        /// Its bytes.
        sha256: BlobHash,
    } => {
        /// Order; the first is shown on tiles.
        position: i64,
        /// What the bytes are.
        media_type: MediaType,
        /// How many bytes.
        size: i64,
        /// Pixels across, as it is shown.
        width: i64,
        /// Pixels down.
        height: i64,
        /// Bytes of a small one; the same as the picture if that is small.
        thumbnail: BlobHash,
    }
    reach Company, change Remove, index [product_id]
}

/// The rules of what was seen of a picture.
fn check(image: &ProductImage) -> Result<(), Reject> {
    let out_of = |field| Err(Reject::field(Code::OutOfRange, field));
    if !usize::try_from(image.size).is_ok_and(|size| (1..=IMAGE_BYTES_LIMIT).contains(&size)) {
        return out_of("size");
    }
    if image.width < 1 || image.height < 1 || image.width.checked_mul(image.height).is_none_or(|pixels| pixels > IMAGE_PIXELS_LIMIT) {
        return out_of("width");
    }
    if POSITIONS.contains(&image.position) { Ok(()) } else { out_of("position") }
}

fn check_product(exec: &mut Exec<'_>, id: ProductId) -> Result<(), Halt> {
    exec.world.wish::<Product>(&ProductKey { id });
    exec.world.wish_under::<ProductImage>(0, id.to_value());
    exec.world.granted()?;
    if exec.world.has::<Product>(&ProductKey { id })? { Ok(()) } else { Err(Reject::new(Code::ProductNotFound).into()) }
}

/// A picture that is there already stays as it is: two who add the same one mean the same.
pub(super) fn add(exec: &mut Exec<'_>, image: &ProductImage) -> Result<(), Halt> {
    check(image)?;
    check_product(exec, image.product_id)?;
    let images = exec.world.under::<ProductImage>(0, image.product_id.to_value())?;
    if images.iter().any(|known| known.sha256 == image.sha256) {
        return Ok(());
    }
    if images.len() >= IMAGES_LIMIT {
        return Err(Reject::field(Code::TooLong, "images").with("limit", IMAGES_LIMIT).into());
    }
    exec.world.insert(Scope::COMPANY, image.clone());
    Ok(())
}

/// One that is gone already stays gone.
pub(super) fn remove(exec: &mut Exec<'_>, product_id: ProductId, sha256: BlobHash) -> Result<(), Halt> {
    check_product(exec, product_id)?;
    let images = exec.world.under::<ProductImage>(0, product_id.to_value())?;
    if images.iter().any(|known| known.sha256 == sha256) {
        exec.world.remove::<ProductImage>(ProductImageKey { product_id, sha256 });
    }
    Ok(())
}

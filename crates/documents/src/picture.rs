//! Pictures that come in: what they are by their content, whatever their name says, and a small one to show.
//!
//! The header says how many pixels there are before any of them is unpacked, and nothing is unpacked past a limit: a file
//! of a few bytes does not become gigabytes of memory.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageEncoder as _, ImageFormat, ImageReader, Limits};
use kontor_domain::blob::{BlobHash, MediaType};
use kontor_domain::catalog::{IMAGE_BYTES_LIMIT, IMAGE_PIXELS_LIMIT, ProductImage};
use kontor_domain::ids::ProductId;
use kontor_domain::reject::{Code, Reject};
use sha2::{Digest as _, Sha256};

/// Longest side of a small picture, pixels: a tile on a sharp screen.
const THUMBNAIL_PIXELS: u32 = 192;
/// A picture of no more bytes and pixels is its own small one.
const SMALL_BYTES: usize = 32 * 1024;
/// JPEG, per cent: nobody sees a difference on a tile.
const THUMBNAIL_QUALITY: u8 = 80;
/// Most memory that unpacking may take: 16 bits of each of four colours, and some room.
const MEMORY_LIMIT_BYTES: u64 = 256 * 1_048_576;

/// Bytes with their name and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What they hash to.
    pub sha256: BlobHash,
    /// What they are.
    pub media_type: MediaType,
    /// They.
    pub bytes: Vec<u8>,
}

/// A picture that can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// As it came.
    pub whole: Named,
    /// A small one; `None`: the whole is small.
    pub thumbnail: Option<Named>,
    /// Pixels across, as it is shown.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Picture {
    /// The row of it at a product.
    pub fn row(&self, product_id: ProductId, position: i64) -> ProductImage {
        ProductImage {
            product_id,
            sha256: self.whole.sha256,
            position,
            media_type: self.whole.media_type,
            size: i64::try_from(self.whole.bytes.len()).unwrap_or(i64::MAX),
            width: i64::from(self.width),
            height: i64::from(self.height),
            thumbnail: self.thumbnail.as_ref().unwrap_or(&self.whole).sha256,
        }
    }
}

/// What bytes hash to.
pub fn hash(bytes: &[u8]) -> BlobHash {
    BlobHash(Sha256::digest(bytes).into())
}

fn no_picture() -> Reject {
    Reject::field(Code::FileType, "file")
}

fn media_type_of(format: ImageFormat) -> Option<MediaType> {
    match format {
        ImageFormat::Png => Some(MediaType::Png),
        ImageFormat::Jpeg => Some(MediaType::Jpeg),
        ImageFormat::Gif => Some(MediaType::Gif),
        ImageFormat::WebP => Some(MediaType::Webp),
        _ => None,
    }
}

/// Unpacks a picture, of one that moves the first. [`Code::FileType`]: it is none of the four kinds, or damaged;
/// [`Code::TooLong`]: too many bytes; [`Code::OutOfRange`]: too many pixels.
fn decode(bytes: &[u8]) -> Result<(DynamicImage, MediaType), Reject> {
    if bytes.len() > IMAGE_BYTES_LIMIT {
        return Err(Reject::field(Code::TooLong, "file").with("limit", IMAGE_BYTES_LIMIT));
    }
    let format = image::guess_format(bytes).map_err(|_| no_picture())?;
    let media_type = media_type_of(format).ok_or_else(no_picture)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MEMORY_LIMIT_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| no_picture())?;
    let (width, height) = decoder.dimensions();
    if i64::from(width).checked_mul(i64::from(height)).is_none_or(|pixels| pixels > IMAGE_PIXELS_LIMIT) {
        return Err(Reject::field(Code::OutOfRange, "file").with("limit", IMAGE_PIXELS_LIMIT));
    }
    // A telephone says how it was held; browsers show it so.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|_| no_picture())?;
    image.apply_orientation(orientation);
    Ok((image, media_type))
}

/// What bytes are that came by their hash: one of the four kinds, whole, and no larger than agreed.
pub fn check(bytes: &[u8]) -> Result<MediaType, Reject> {
    decode(bytes).map(|(_, media_type)| media_type)
}

/// Reads a picture as it comes from a person or a program.
pub fn read(bytes: Vec<u8>) -> Result<Picture, Reject> {
    let (image, media_type) = decode(&bytes)?;
    let (width, height) = (image.width(), image.height());
    let is_small = bytes.len() <= SMALL_BYTES && width.max(height) <= THUMBNAIL_PIXELS;
    let thumbnail = if is_small { None } else { Some(thumbnail(&image)?) };
    Ok(Picture { whole: Named { sha256: hash(&bytes), media_type, bytes }, thumbnail, width, height })
}

/// What shows through stays so in a PNG; all else is a JPEG, which is a fraction of it.
fn thumbnail(image: &DynamicImage) -> Result<Named, Reject> {
    // One that is small in pixels already, but not in bytes, is not made larger.
    let side = THUMBNAIL_PIXELS.min(image.width().max(image.height()));
    let small = image.thumbnail(side, side);
    let mut bytes = Vec::new();
    let (media_type, written) = if small.color().has_alpha() {
        let pixels = small.to_rgba8();
        let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        (MediaType::Png, encoder.write_image(&pixels, pixels.width(), pixels.height(), image::ExtendedColorType::Rgba8))
    } else {
        let pixels = small.to_rgb8();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, THUMBNAIL_QUALITY);
        (MediaType::Jpeg, encoder.write_image(&pixels, pixels.width(), pixels.height(), image::ExtendedColorType::Rgb8))
    };
    written.map_err(|_| no_picture())?;
    Ok(Named { sha256: hash(&bytes), media_type, bytes })
}

//! Pictures that come in: by content, not by name, and never more than can be unpacked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use kontor_documents::picture::{check, hash, read};
use kontor_domain::blob::MediaType;
use kontor_domain::catalog::IMAGE_BYTES_LIMIT;
use kontor_domain::reject::Code;
use proptest::prelude::*;

fn drawn(width: u32, height: u32) -> DynamicImage {
    RgbaImage::from_fn(width, height, |x, y| Rgba([(x % 256) as u8, (y % 256) as u8, ((x * y) % 256) as u8, if x < 2 { 0 } else { 255 }])).into()
}

fn bytes_of(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn code(bytes: &[u8]) -> Option<Code> {
    let (checked, read) = (check(bytes).err(), read(bytes.to_vec()).err());
    assert_eq!(checked.is_some(), read.is_some());
    read.map(|reject| reject.code)
}

#[test]
fn each_of_the_four_kinds_is_known_by_its_content_and_has_a_small_one() {
    let image = drawn(600, 300);
    let opaque = DynamicImage::from(image.to_rgb8());
    for (format, media_type, of) in [
        (ImageFormat::Png, MediaType::Png, &image),
        (ImageFormat::Gif, MediaType::Gif, &image),
        (ImageFormat::WebP, MediaType::Webp, &image),
        (ImageFormat::Jpeg, MediaType::Jpeg, &opaque),
    ] {
        let bytes = bytes_of(of, format);
        assert_eq!(check(&bytes), Ok(media_type));
        let picture = read(bytes.clone()).unwrap();
        assert_eq!((picture.width, picture.height, picture.whole.media_type), (600, 300, media_type));
        assert_eq!((picture.whole.sha256, &picture.whole.bytes), (hash(&bytes), &bytes));
        let small = picture.thumbnail.unwrap();
        assert_eq!((check(&small.bytes), small.sha256), (Ok(small.media_type), hash(&small.bytes)));
        let shown = image::load_from_memory(&small.bytes).unwrap();
        assert_eq!((shown.width(), shown.height()), (192, 96));
        // What shows through stays so.
        assert_eq!(shown.color().has_alpha(), format != ImageFormat::Jpeg, "{format:?}");
    }
}

#[test]
fn a_small_picture_is_its_own_small_one() {
    let picture = read(bytes_of(&drawn(40, 20), ImageFormat::Png)).unwrap();
    assert_eq!(picture.thumbnail, None);
    let row = picture.row(kontor_domain::ids::ProductId(uuid::Uuid::nil()), 3);
    assert_eq!((row.thumbnail, row.width, row.height, row.position), (row.sha256, 40, 20, 3));
}

/// A JPEG that says by EXIF that the telephone was held upright.
fn held_upright(jpeg: &[u8]) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xFF, 0xE1, length[0], length[1]]);
    bytes.append(&mut exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

#[test]
fn a_telephones_picture_is_as_it_was_held() {
    let jpeg = bytes_of(&DynamicImage::from(drawn(600, 300).to_rgb8()), ImageFormat::Jpeg);
    let picture = read(held_upright(&jpeg)).unwrap();
    assert_eq!((picture.width, picture.height), (300, 600));
    let small = image::load_from_memory(&picture.thumbnail.unwrap().bytes).unwrap();
    assert_eq!((small.width(), small.height()), (96, 192));
}

/// A PNG whose header says how large it is, and nothing behind it.
fn huge_png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = bytes_of(&drawn(1, 1), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 }))
}

#[test]
fn what_is_no_picture_is_refused_whatever_it_says_it_is() {
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("a page", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("a drawing with a script", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec()),
        ("a script behind the first letters of a GIF", b"GIF89a/*\0\0\0\0*/=1;alert(1)".to_vec()),
        ("a bitmap", b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0".to_vec()),
        ("the first letters of a PNG", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("an archive", b"PK\x03\x04\x14\0".to_vec()),
    ] {
        assert_eq!(code(&bytes), Some(Code::FileType), "{what}");
    }
    let png = bytes_of(&drawn(100, 100), ImageFormat::Png);
    assert_eq!(code(&png[..png.len() / 2]), Some(Code::FileType), "half a picture");
}

#[test]
fn what_would_unpack_to_too_much_is_not_unpacked() {
    assert_eq!(code(&huge_png(50_000, 50_000)), Some(Code::OutOfRange));
    assert_eq!(code(&huge_png(5_001, 5_000)), Some(Code::OutOfRange));
    // It could be unpacked, and is not whole.
    assert_eq!(code(&huge_png(5_000, 5_000)), Some(Code::FileType));
    let mut large = bytes_of(&drawn(10, 10), ImageFormat::Png);
    large.resize(IMAGE_BYTES_LIMIT + 1, 0);
    assert_eq!(code(&large), Some(Code::TooLong));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_bytes_are_too_strange(which in 0_usize..4, place in any::<usize>(), junk in prop::collection::vec(any::<u8>(), 0..24)) {
        let format = [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Jpeg][which];
        let image = DynamicImage::from(drawn(24, 24).to_rgb8());
        let mut bytes = bytes_of(&image, format);
        let place = place % bytes.len();
        let end = (place + junk.len()).min(bytes.len());
        bytes.splice(place..end, junk);
        // It is a picture or it is refused; it is never a panic, and both ways agree.
        code(&bytes);
    }
}

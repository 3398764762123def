//! Pictures of products: facts about bytes that no command has ever seen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod common;

use common::samples::image;
use kontor_domain::catalog::{self, IMAGE_BYTES_LIMIT, IMAGE_PIXELS_LIMIT, IMAGES_LIMIT, ProductImage};
use kontor_domain::command::{Command, Mode};
use kontor_domain::ids::ProductId;
use kontor_domain::reject::Code;
use kontor_domain::testing::{Failure, Shop, ShopKind};
use kontor_domain::units::UnitPrice;

fn add(image: ProductImage) -> Command {
    Command::Catalog(catalog::Command::AddImage(image))
}

fn remove(image: &ProductImage) -> Command {
    Command::Catalog(catalog::Command::RemoveImage { product_id: image.product_id, sha256: image.sha256 })
}

fn code(shop: &mut Shop, command: Command) -> Option<Code> {
    shop.run(command).err().as_ref().and_then(Failure::reject).map(|reject| reject.code)
}

fn shop() -> (Shop, ProductId) {
    let mut shop = Shop::found(ShopKind::Swiss).unwrap();
    let tea = shop.product(0, UnitPrice(300_000)).unwrap();
    (shop, tea)
}

#[test]
fn the_same_picture_is_there_once_and_goes_once() {
    let (mut shop, tea) = shop();
    let first = image(tea, 1);
    shop.run(add(first.clone())).unwrap();
    // Another till adds the same picture: what stands there stays.
    shop.run(add(ProductImage { position: 7, ..first.clone() })).unwrap();
    assert_eq!(shop.store.rows::<ProductImage>().unwrap(), std::slice::from_ref(&first));
    shop.run(remove(&first)).unwrap();
    shop.run(remove(&first)).unwrap();
    assert_eq!(shop.store.rows::<ProductImage>().unwrap(), []);
}

#[test]
fn a_product_has_no_more_pictures_than_agreed_even_where_it_is_executed_again() {
    let (mut shop, tea) = shop();
    for number in 0..IMAGES_LIMIT {
        shop.run(add(image(tea, u8::try_from(number).unwrap()))).unwrap();
    }
    for mode in [Mode::Entry, Mode::Again] {
        shop.context.mode = mode;
        assert_eq!(code(&mut shop, add(image(tea, 99))), Some(Code::TooLong));
        // The one that is there is no more.
        assert_eq!(code(&mut shop, add(image(tea, 0))), None);
    }
}

#[test]
fn figures_that_no_picture_has_are_refused() {
    let (mut shop, tea) = shop();
    let too_many = i64::try_from(IMAGE_BYTES_LIMIT).unwrap() + 1;
    let wrong = [
        (ProductImage { size: 0, ..image(tea, 1) }, Code::OutOfRange),
        (ProductImage { size: too_many, ..image(tea, 1) }, Code::OutOfRange),
        (ProductImage { width: 0, ..image(tea, 1) }, Code::OutOfRange),
        (ProductImage { height: -1, ..image(tea, 1) }, Code::OutOfRange),
        (ProductImage { width: IMAGE_PIXELS_LIMIT, height: 2, ..image(tea, 1) }, Code::OutOfRange),
        (ProductImage { width: i64::MAX, height: i64::MAX, ..image(tea, 1) }, Code::OutOfRange),
        (ProductImage { position: -1, ..image(tea, 1) }, Code::OutOfRange),
        (image(ProductId(shop.id()), 1), Code::ProductNotFound),
    ];
    for (image, wanted) in wrong {
        assert_eq!(code(&mut shop, add(image.clone())), Some(wanted), "{image:?}");
    }
    let nowhere = image(ProductId(shop.id()), 1);
    assert_eq!(code(&mut shop, remove(&nowhere)), Some(Code::ProductNotFound));
    assert_eq!(shop.store.rows::<ProductImage>().unwrap(), []);
}

//! Pictures of products over HTTP: what is taken, who may read it, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use anyhow::{Context as _, Result};
use kontor_documents::picture;
use kontor_domain::blob::BlobHash;
use kontor_domain::catalog::{self, IMAGE_BYTES_LIMIT, Product, ProductImage};
use kontor_domain::command::{Command, Permission};
use kontor_domain::ids::ProductId;
use kontor_domain::time::Instant;
use kontor_server::admin::{self, NewEnrolment};
use kontor_server::config::Transport;
use kontor_server::host::now;
use kontor_server::server::Running;
use kontor_store::sqlite::find_rows;
use reqwest::Method;
use serde_json::{Value, json};
use support::caller::{Answered, Caller};
use support::company::Company;
use support::picture::{BOUNDARY, form, images_of, png, sending, upload};
use support::{Api, Place, Till};
use uuid::Uuid;

const SMALL: [u8; 4] = [1, 2, 3, 4];

fn blob(hash: &Value) -> String {
    format!("/api/v1/blobs/{}", hash.as_str().unwrap())
}

async fn bring(caller: &Caller, sha256: BlobHash, bytes: &[u8]) -> Result<Answered> {
    caller.send(caller.request(Method::PUT, &format!("/api/v1/blobs/{sha256}")).header("content-type", "image/png").body(bytes.to_vec())).await
}

/// A program that may all of a company, and a product there.
async fn shop(running: &Running, company: Company) -> Result<(Caller, Value)> {
    let caller = company.program(running.host(), &Api::plain(running)?, Permission::ALL).await?;
    let stand = caller.stand().await?;
    let product = caller.product(&stand, "P1", 30).await?;
    Ok((caller, product))
}

async fn first(running: &Running) -> Result<Company> {
    let company = running.host().access.companies().await?.first().copied().context("no company")?;
    Company::of(running.host(), company).await
}

#[tokio::test]
async fn a_picture_is_added_shown_and_taken_away() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let (caller, product) = shop(&running, first(&running).await?).await?;
    let bytes = png(1);
    let added = upload(&caller, &product, &bytes).await?.expect(201);
    assert_eq!(
        (&added["media_type"], &added["width"], &added["height"], &added["position"]),
        (&json!("image/png"), &json!(300), &json!(200), &json!(0))
    );
    assert_eq!((&added["sha256"], &added["size"]), (&json!(picture::hash(&bytes)), &json!(bytes.len())));
    // The same again is the same.
    assert_eq!(upload(&caller, &product, &bytes).await?.expect(201), added);
    let other = upload(&caller, &product, &png(2)).await?.expect(201);
    assert_eq!(caller.get(&images_of(&product)).await?.expect(200)["rows"], json!([added, other]));
    let listed = caller.get("/api/v1/inventory/products").await?.expect(200);
    assert_eq!(listed["rows"][0]["thumbnail"], added["thumbnail"]);

    let response = caller.request(Method::GET, &blob(&added["sha256"])).send().await?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!((response.status().as_u16(), header("content-type"), header("x-content-type-options")), (200, "image/png".into(), "nosniff".into()));
    assert_eq!(header("cache-control"), "private, max-age=31536000, immutable");
    assert!(header("content-security-policy").contains("sandbox"));
    let tag = header("etag");
    assert_eq!(response.bytes().await?, bytes);
    let again = caller.request(Method::GET, &blob(&added["sha256"])).header("if-none-match", &tag).send().await?;
    assert_eq!((again.status().as_u16(), again.bytes().await?.len()), (304, 0));
    let small = caller.request(Method::GET, &blob(&added["thumbnail"])).send().await?;
    assert_eq!(small.headers()["content-type"], "image/jpeg");
    let small = image::load_from_memory(&small.bytes().await?)?;
    assert_eq!((small.width(), small.height()), (192, 128));

    let one = format!("{}/{}", images_of(&product), added["sha256"].as_str().unwrap());
    caller.send(caller.request(Method::DELETE, &one)).await?.expect(204);
    caller.send(caller.request(Method::DELETE, &one)).await?.expect(204);
    assert_eq!(caller.get(&images_of(&product)).await?.expect(200)["rows"], json!([other]));
    // Nothing names it any more, so nobody reads it, though the bytes are still there for a while.
    caller.get(&blob(&added["sha256"])).await?.problem(404);
    let company = first(&running).await?.id;
    let (blobs, hash) = (running.host().access.blobs(), picture::hash(&bytes));
    blobs.forget_unnamed(company, Instant(now().0 - 60_000)).await?;
    assert!(blobs.has(company, hash).await?);
    assert_eq!(blobs.forget_unnamed(company, Instant(now().0 + 60_000)).await?, 2, "it and its small one");
    assert!(!blobs.has(company, hash).await?);
    caller.get(&blob(&other["sha256"])).await?.expect(200);
    running.stop().await?;
    place.verify().await
}

#[tokio::test]
async fn what_is_no_picture_or_did_not_arrive_whole_is_refused_and_leaves_nothing() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let (caller, product) = shop(&running, first(&running).await?).await?;
    let good = png(1);
    for (what, bytes) in [
        ("a page that is called a picture", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("a script that begins as a GIF", b"GIF89a/*\0\0\0\0*/=1;alert(1)".to_vec()),
        ("half a picture", good[..good.len() / 2].to_vec()),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(upload(&caller, &product, &bytes).await?.problem(400), 10_001, "{what}");
    }
    let whole = form("file", "tea.png", &good);
    for (what, body) in [
        ("a form that ends in the middle", whole[..whole.len() - 200].to_vec()),
        ("another part", form("picture", "tea.png", &good)),
        ("no part", format!("--{BOUNDARY}--\r\n").into_bytes()),
        ("two parts", [&whole[..whole.len() - BOUNDARY.len() - 6], &form("file", "b.png", &good)[..]].concat()),
    ] {
        assert_eq!(caller.send(sending(&caller, &product, body)).await?.problem(400), 10_002, "{what}");
    }
    upload(&caller, &product, &vec![0; IMAGE_BYTES_LIMIT + 1]).await?.problem(413);
    caller.post(&images_of(&product), &json!({})).await?.problem(415);
    upload(&caller, &json!(Uuid::now_v7()), &good).await?.problem(404);
    assert_eq!(caller.get(&images_of(&product)).await?.expect(200)["rows"], json!([]));
    assert!(!running.host().access.blobs().has(first(&running).await?.id, picture::hash(&good)).await?);
    // The same form, whole, to the same product.
    caller.send(sending(&caller, &product, whole)).await?.expect(201);
    running.stop().await
}

#[tokio::test]
async fn no_other_company_reads_brings_or_replaces_bytes() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let (host, api) = (running.host(), Api::plain(&running)?);
    let (mine, product) = shop(&running, first(&running).await?).await?;
    let second = Company::found(host, "SE").await?;
    let (theirs, their_product) = shop(&running, second).await?;
    let first = first(&running).await?;
    let till = async |company: Company, number: Option<i64>| -> Result<Caller> {
        let wish = NewEnrolment { till: number, name: None, beside: 1 };
        let shown = admin::invite(&host.access, company.id, company.owner, &wish, None, now()).await?;
        Ok(Caller { api: api.clone(), token: api.enrol(&shown.code.0).await?.context("no token")?.token.0 })
    };
    let (their_till, own_till) = (till(second, Some(1)).await?, till(first, None).await?);
    let bytes = png(1);
    let added = upload(&mine, &product, &bytes).await?.expect(201);
    for stranger in [&theirs, &their_till] {
        stranger.get(&blob(&added["sha256"])).await?.problem(404);
        stranger.get(&blob(&added["thumbnail"])).await?.problem(404);
        bring(stranger, picture::hash(&bytes), &bytes).await?.problem(404);
    }
    upload(&theirs, &product, &bytes).await?.problem(404);
    theirs.get(&images_of(&product)).await?.problem(404);
    own_till.get(&blob(&added["sha256"])).await?.expect(200);
    // A row of their own that names our bytes gives them nothing: bytes are each company's.
    let row = ProductImage { product_id: ProductId(their_product.as_str().unwrap().parse()?), ..serde_json::from_value(added.clone())? };
    let add = Command::Catalog(catalog::Command::AddImage(row));
    let device = kontor_server::identity::actor::server_device(second.id);
    host.submit(kontor_domain::ids::CommandId(Uuid::now_v7()), second.id, device, second.owner, add).await.unwrap();
    theirs.get(&blob(&added["sha256"])).await?.problem(404);
    bring(&their_till, picture::hash(&bytes), &bytes).await?.expect(204);
    theirs.get(&blob(&added["sha256"])).await?.expect(200);
    // Who may not read products reads no pictures; who may not change them brings none; nobody does nothing.
    let stock_only = first.program(host, &api, &[Permission::StockRead]).await?;
    assert_eq!(stock_only.get(&blob(&added["sha256"])).await?.problem(403), 12_001);
    let reader = first.program(host, &api, &[Permission::CatalogRead]).await?;
    assert_eq!(bring(&reader, picture::hash(&bytes), &bytes).await?.problem(403), 12_001);
    assert_eq!(upload(&reader, &product, &bytes).await?.problem(403), 12_001);
    let nobody = Caller { api: api.clone(), token: "none".into() };
    nobody.get(&blob(&added["sha256"])).await?.problem(401);
    bring(&nobody, picture::hash(&bytes), &bytes).await?.problem(401);
    running.stop().await
}

/// A till's row of a picture of its first product.
fn row_of(till: &Till, bytes: &[u8]) -> Result<ProductImage> {
    let products: Vec<Product> = find_rows(till.feed()?.connection(), "1 = 1", &[])?;
    Ok(picture::read(bytes.to_vec()).map_err(|reject| anyhow::anyhow!("{reject}"))?.row(products.first().context("no product")?.id, 0))
}

#[tokio::test]
async fn a_row_may_come_before_its_bytes_and_only_those_are_taken() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let mut one = place.till(&api, Some(1)).await?;
    let mut two = place.till(&api, None).await?;
    one.sync().await?;
    one.create_product("P1", 30)?;
    let bytes = png(1);
    let image = row_of(&one, &bytes)?;
    let as_one = Caller { api: api.clone(), token: one.token().to_owned() };
    // Before the row there is nothing to bring.
    bring(&as_one, image.sha256, &bytes).await?.problem(404);
    one.submit(Command::Catalog(catalog::Command::AddImage(image.clone())))?;
    one.sync().await?;
    two.sync().await?;
    let there: Vec<ProductImage> = find_rows(two.feed()?.connection(), "1 = 1", &[])?;
    assert_eq!(there, std::slice::from_ref(&image));
    let as_two = Caller { api: api.clone(), token: two.token().to_owned() };
    let path = blob(&json!(image.sha256));
    as_two.get(&path).await?.problem(404);
    // What it is not, in whatever way, is not taken.
    assert_eq!(bring(&as_one, image.sha256, &png(2)).await?.problem(400), 10_002);
    assert_eq!(bring(&as_one, image.sha256, &bytes[..bytes.len() - 1]).await?.problem(400), 10_002);
    bring(&as_one, image.sha256, &vec![0; IMAGE_BYTES_LIMIT + 1]).await?.problem(413);
    let strange = ProductImage { sha256: picture::hash(&SMALL), thumbnail: picture::hash(&SMALL), size: 4, ..image.clone() };
    one.submit(Command::Catalog(catalog::Command::AddImage(strange.clone())))?;
    one.sync().await?;
    assert_eq!(bring(&as_one, strange.sha256, &SMALL).await?.problem(400), 10_001);
    for name in ["", "0", "..%2f", &image.sha256.to_string().to_uppercase()] {
        as_one.get(&format!("/api/v1/blobs/{name}")).await?.problem(404);
    }
    as_two.get(&path).await?.problem(404);
    bring(&as_one, image.sha256, &bytes).await?.expect(204);
    bring(&as_two, image.sha256, &bytes).await?.expect(204);
    let shown = as_two.request(Method::GET, &path).send().await?;
    assert_eq!((shown.status().as_u16(), shown.bytes().await?.to_vec()), (200, bytes));
    // A till whose token was taken back neither reads nor brings.
    running.host().access.revoke(two.enrolled.company, two.enrolled.device, now()).await?;
    as_two.get(&path).await?.problem(401);
    running.stop().await
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_kept_on_postgresql_as_in_a_file() -> Result<()> {
    use kontor_server::config::{Database, Settings};
    use kontor_store::blob::{Direction, Waiting};
    use kontor_sync::enrol::Secret;

    let cluster = support::cluster::Cluster::start().await?;
    let place = Place::new(Transport::Plain)?;
    let settings = Settings { database: Database::Postgres(Secret(cluster.url.clone())), ..place.settings };
    let place = Place { settings, folder: place.folder };
    place.found().await?;
    let running = place.start().await?;
    let company = first(&running).await?;
    let (caller, product) = shop(&running, company).await?;
    let bytes = png(1);
    let added = upload(&caller, &product, &bytes).await?.expect(201);
    let listed = caller.get("/api/v1/inventory/products").await?.expect(200);
    assert_eq!(listed["rows"][0]["thumbnail"], added["thumbnail"]);
    let till = Caller { api: caller.api.clone(), token: caller.api.enrol(&place.code(None).await?).await?.context("no token")?.token.0 };
    assert_eq!(till.request(Method::GET, &blob(&added["sha256"])).send().await?.bytes().await?, bytes);
    bring(&till, picture::hash(&bytes), &bytes).await?.expect(204);
    // The queue's statements are the same text on both engines.
    let (blobs, sha256) = (running.host().access.blobs(), picture::hash(&bytes));
    blobs.queue_all(company.id, Instant(5)).await?;
    blobs.queue(company.id, sha256, Direction::Fetch, Instant(1)).await?;
    let small: BlobHash = serde_json::from_value(added["thumbnail"].clone())?;
    let waiting = |sha256, direction| Waiting { sha256, direction, tries: 0, due_at: Instant(5) };
    let mut sent = Vec::new();
    while let Some(next) = blobs.next(company.id, Instant(9)).await?.filter(|next| next.direction == Direction::Send) {
        sent.push(next);
        blobs.done(company.id, next).await?;
    }
    sent.sort_by_key(|next| next.sha256 != sha256);
    assert_eq!(sent, [waiting(sha256, Direction::Send), waiting(small, Direction::Send)]);
    let fetch = Waiting { sha256, direction: Direction::Fetch, tries: 0, due_at: Instant(1) };
    assert_eq!(blobs.next(company.id, Instant(9)).await?, Some(fetch));
    blobs.put_off(company.id, fetch, Instant(7)).await?;
    assert_eq!(blobs.next(company.id, Instant(0)).await?, Some(Waiting { tries: 1, due_at: Instant(7), ..fetch }));
    let one = format!("{}/{}", images_of(&product), added["sha256"].as_str().unwrap());
    caller.send(caller.request(Method::DELETE, &one)).await?.expect(204);
    assert_eq!(blobs.next(company.id, Instant(9)).await?, None, "what no row names is not moved");
    assert_eq!(blobs.forget_unnamed(company.id, Instant(now().0 + 60_000)).await?, 2);
    running.stop().await
}

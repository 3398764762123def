//! Pictures between tills: a real server, real programs. The row and the bytes each go their own way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use kontor_documents::picture;
use kontor_domain::blob::BlobHash;
use kontor_domain::catalog::{self, ListImages, ProductImage, ScanCode};
use kontor_domain::command::Command;
use kontor_domain::host::{HostCall, SyncPhase};
use kontor_domain::ids::ProductId;
use kontor_domain::reject::Code;
use kontor_store::closed_file;
use kontor_tests::server::Server;
use kontor_tests::till::Till;

/// A limit on a slow machine, not a verdict.
const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(50);

/// A picture in a file; another one for each number.
fn file(folder: &Path, number: u8) -> anyhow::Result<PathBuf> {
    let path = folder.join(format!("{number}.png"));
    let (width, height) = (300_u32, 200_u32);
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(std::fs::File::create(&path)?), width, height);
    encoder.set_color(png::ColorType::Rgb);
    // Like a photograph: what is alike everywhere is packed smaller than any picture of it.
    let mut state = u32::from(number);
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let pixels: Vec<u8> = (0..width * height * 3).map(|_| noise()).collect();
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(path)
}

async fn add(till: &mut Till, product_id: ProductId, path: &Path) -> anyhow::Result<()> {
    till.program.host(&HostCall::AddImage { product_id, path: path.display().to_string() }).await
}

async fn images(till: &mut Till, product_id: ProductId) -> anyhow::Result<Vec<ProductImage>> {
    till.program.ask(ListImages { product_id }).await
}

/// What a screen shows in the picture's place; `None` is an empty box.
async fn shown(till: &mut Till, sha256: BlobHash) -> anyhow::Result<Option<String>> {
    till.program.host(&HostCall::GetPicture { sha256 }).await
}

async fn until_shown(till: &mut Till, sha256: BlobHash) -> anyhow::Result<String> {
    let started = Instant::now();
    loop {
        if let Some(address) = shown(till, sha256).await? {
            return Ok(address);
        }
        ensure!(started.elapsed() < PATIENCE, "the picture never comes");
        tokio::time::sleep(GLANCE).await;
    }
}

async fn until_listed(till: &mut Till, product_id: ProductId, count: usize) -> anyhow::Result<Vec<ProductImage>> {
    let started = Instant::now();
    loop {
        let found = images(till, product_id).await?;
        if found.len() == count {
            return Ok(found);
        }
        ensure!(started.elapsed() < PATIENCE, "{found:?} are not {count}");
        tokio::time::sleep(GLANCE).await;
    }
}

/// A server with two tills that hold one product.
async fn two_tills(folder: &Path) -> anyhow::Result<(Server, Till, Till, ProductId)> {
    let mut server = Server::plain(&folder.join("server"))?;
    server.found().await?;
    server.start().await?;
    let mut one = Till::join(&folder.join("one"), server.invite(Some(1)).await?).await?;
    let product = one.ready(1).await?.products.first().copied().context("a product")?;
    one.until_synced().await?;
    let two = Till::join(&folder.join("two"), server.invite(None).await?).await?;
    Ok((server, one, two, product))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_added_offline_is_on_the_other_till_after_everybody_was_killed_once() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, mut one, mut two, product) = two_tills(folder.path()).await?;
    server.kill().await?;
    one.until("it notices", |state| state.phase == SyncPhase::Offline).await?;
    let path = file(folder.path(), 1)?;
    add(&mut one, product, &path).await?;
    let image = images(&mut one, product).await?.remove(0);
    ensure!(image.sha256 == picture::hash(&std::fs::read(&path)?) && image.thumbnail != image.sha256, "{image:?}");
    // Who added it sees it at once, in full and small.
    let (whole, small) = (shown(&mut one, image.sha256).await?.context("here")?, shown(&mut one, image.thumbnail).await?.context("here")?);
    ensure!(whole.starts_with("data:image/png;base64,") && small.starts_with("data:image/jpeg;base64,"), "{}", &whole[..40]);
    ensure!(small.len() < whole.len(), "{} {}", small.len(), whole.len());
    // What no row names is nowhere to be seen.
    ensure!(shown(&mut two, image.sha256).await?.is_none(), "nobody told this till");

    one.program.kill().await?;
    server.start().await?;
    let mut one = Till::start(&folder.path().join("one"))?;
    let there = until_listed(&mut two, product, 1).await?;
    ensure!(there == [image.clone()], "{there:?}");
    // It asks for what it shows, is killed over it, and asks again.
    let _ = shown(&mut two, image.thumbnail).await?;
    two.program.kill().await?;
    let mut two = Till::start(&folder.path().join("two"))?;
    ensure!(until_shown(&mut two, image.thumbnail).await? == small, "the same small one");
    ensure!(until_shown(&mut two, image.sha256).await? == whole, "the same picture");
    let found = two.program.ask(ScanCode { code: "P1".into() }).await?;
    ensure!(found.first().is_some_and(|hit| hit.product.thumbnail == Some(image.thumbnail)), "{found:?}");

    // Gone on one, gone on the other; the till keeps its bytes for a while and shows them to nobody.
    let remove = catalog::Command::RemoveImage { product_id: product, sha256: image.sha256 };
    two.program.execute(Command::Catalog(remove)).await?;
    until_listed(&mut one, product, 0).await?;
    ensure!(shown(&mut one, image.sha256).await?.is_none(), "no row names it");
    for till in [&mut one, &mut two] {
        till.until_agrees(&server.file()).await?;
    }
    one.program.end().await?;
    two.program.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_comes_before_its_picture_is_an_empty_box_until_the_picture_comes() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (server, mut one, mut two, product) = two_tills(folder.path()).await?;
    let path = file(folder.path(), 2)?;
    let image = picture::read(std::fs::read(&path)?)?.row(product, 0);
    // Only the row: as if whoever added it was cut off behind it.
    one.program.execute(Command::Catalog(catalog::Command::AddImage(image.clone()))).await?;
    ensure!(until_listed(&mut two, product, 1).await? == [image.clone()], "the row has come");
    ensure!(shown(&mut two, image.thumbnail).await?.is_none(), "and nothing to show");
    // The same picture from its file: the row stays, and now there are bytes.
    add(&mut one, product, &path).await?;
    ensure!(images(&mut one, product).await? == [image.clone()], "it is there once");
    let wanted = shown(&mut one, image.thumbnail).await?.context("here")?;
    ensure!(until_shown(&mut two, image.thumbnail).await? == wanted, "the same");

    // What is no picture is refused, whatever its name is.
    let page = folder.path().join("page.png");
    std::fs::write(&page, "<!doctype html><script>alert(1)</script>")?;
    let refused = one.program.refusal(&HostCall::AddImage { product_id: product, path: page.display().to_string() }).await?;
    ensure!(refused.code == Code::FileType, "{refused}");
    two.until_agrees(&server.file()).await?;
    one.program.end().await?;
    two.program.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_brings_a_restored_server_the_pictures_it_lost() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, mut one, mut two, product) = two_tills(folder.path()).await?;
    let backup = folder.path().join("backup.kontor").display().to_string();
    server.run(&["backup", "--to", &backup]).await?;
    add(&mut one, product, &file(folder.path(), 3)?).await?;
    let image = until_listed(&mut two, product, 1).await?.remove(0);
    let small = until_shown(&mut two, image.thumbnail).await?;
    server.kill().await?;
    server.run(&["restore", "--from", &backup]).await?;
    server.start().await?;
    one.until_agrees(&server.file()).await?;
    // A till that is new holds nothing of before: what it shows, the server has.
    let mut three = Till::join(&folder.path().join("three"), server.invite(None).await?).await?;
    until_listed(&mut three, product, 1).await?;
    ensure!(until_shown(&mut three, image.thumbnail).await? == small, "the same");
    for till in [one, two, three] {
        till.program.end().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_pictures_come_before_anybody_looks_so_that_a_till_that_is_cut_off_shows_its_goods() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, mut one, mut two, product) = two_tills(folder.path()).await?;
    add(&mut one, product, &file(folder.path(), 4)?).await?;
    let image = until_listed(&mut two, product, 1).await?.remove(0);
    let kept = |sha256: BlobHash| {
        move |file: &rusqlite::Connection| {
            Ok(file.query_row("SELECT COUNT(*) FROM blob WHERE sha256 = ?1", [sha256.to_string()], |row| row.get::<_, i64>(0))?)
        }
    };
    let (path, started) = (two.file()?, Instant::now());
    while closed_file::peek(&path, kept(image.thumbnail))? != Some(1) {
        ensure!(started.elapsed() < PATIENCE, "nobody looks at it, and it does not come");
        tokio::time::sleep(GLANCE).await;
    }
    ensure!(closed_file::peek(&path, kept(image.sha256))? == Some(0), "the whole one waits until somebody wants it");
    server.kill().await?;
    two.until("it notices", |state| state.phase == SyncPhase::Offline).await?;
    ensure!(shown(&mut two, image.thumbnail).await?.is_some(), "shown at once");
    ensure!(shown(&mut two, image.sha256).await?.is_none());
    one.program.end().await?;
    two.program.end().await
}

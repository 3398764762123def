//! Tills and a shop server as real processes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;

use anyhow::{Context as _, ensure};
use kontor_domain::attention::{Attention, AttentionKind};
use kontor_domain::catalog::GetProduct;
use kontor_domain::command::{Command, Receipt};
use kontor_domain::host::{HostCall, JoinServer, Over, ShopFile, Start, SyncPhase, Waiting};
use kontor_domain::ids::{CommandId, ProductId};
use kontor_domain::reject::Code;
use kontor_domain::secret::Secret;
use kontor_domain::settings::{GetSession, Session};
use kontor_domain::units::UnitPrice;
use kontor_store::feed::FeedFile;
use kontor_tests::program::Headless;
use kontor_tests::server::Server;
use kontor_tests::shop::{found_command, product_command, sale_command};
use kontor_tests::till::Till;
use serde_json::json;

/// A founded server that runs.
async fn server(folder: &tempfile::TempDir) -> anyhow::Result<Server> {
    let mut server = Server::plain(&folder.path().join("server"))?;
    server.found().await?;
    server.start().await?;
    Ok(server)
}

/// The server with two tills that hold the same two products.
async fn two_tills(folder: &tempfile::TempDir) -> anyhow::Result<(Server, Till, Till)> {
    let server = server(folder).await?;
    let mut one = Till::join(&folder.path().join("one"), server.invite(Some(1)).await?).await?;
    one.ready(2).await?;
    one.until_synced().await?;
    let two = Till::join(&folder.path().join("two"), server.invite(None).await?).await?;
    Ok((server, one, two))
}

async fn price(till: &mut Till, id: ProductId) -> anyhow::Result<i64> {
    Ok(till.program.ask(GetProduct { id }).await?.context("the product")?.draft.price.0 / UnitPrice::PER_MINOR_UNIT)
}

/// Changes a field of a product from what was seen.
fn edit(id: ProductId, field: &str, from: serde_json::Value, to: serde_json::Value) -> anyhow::Result<Command> {
    Ok(serde_json::from_value(json!({ "catalog": { "edit_product": { "id": id, (field): { "from": from, "to": to } } } }))?)
}

fn dollars(amount: i64) -> serde_json::Value {
    json!(amount * UnitPrice::PER_MINOR_UNIT)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tills_that_sold_while_the_server_was_away_agree_when_it_is_back() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = server(&folder).await?;
    let mut one = Till::join(&folder.path().join("one"), server.invite(Some(1)).await?).await?;
    let at_one = one.ready(2).await?;
    one.until_synced().await?;
    let mut two = Till::join(&folder.path().join("two"), server.invite(None).await?).await?;
    let at_two = two.ready(2).await?;
    ensure!(at_one.products == at_two.products && at_one.till != at_two.till, "one shop, two tills");
    two.until_synced().await?;

    server.kill().await?;
    let mut sold = Vec::new();
    for round in 0..5 {
        sold.push(one.sell(&at_one, &[0, round % 2]).await?);
        sold.push(two.sell(&at_two, &[1]).await?);
    }
    let offline = one.until("it notices", |state| state.phase == SyncPhase::Offline && state.waiting_sales == 5).await?;
    ensure!(offline.problem.as_ref().is_some_and(|problem| problem.code == Code::ServerAway), "{offline:?}");
    ensure!(offline.waiting_since.is_some() && offline.last_contact.is_some(), "{offline:?}");
    let waiting: Vec<Waiting> = one.program.host(&HostCall::ListWaiting { limit: 100 }).await?;
    ensure!(waiting.iter().filter(|command| command.name == "counter.sell").count() == 5, "{waiting:?}");

    server.start().await?;
    for till in [&mut one, &mut two] {
        till.sync_now().await?;
        till.until_synced().await?;
    }
    sold.sort();
    // Each shows the sales of the other as soon as it has heard of them.
    for till in [&mut one, &mut two] {
        till.until_it("it has all sales", async |till| Ok(till.sales().await? == sold)).await?;
        till.until_synced().await?;
    }
    one.until_agrees(&server.file()).await?;
    two.until_agrees(&server.file()).await?;

    // A sale on one is on the other without anybody asking.
    let number = two.sell(&at_two, &[0]).await?;
    one.until_it("the sale has come", async |till| Ok(till.sales().await?.contains(&number))).await?;
    one.program.end().await?;
    two.program.end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_of_two_fields_both_stand_and_of_one_field_a_person_decides() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, mut one, mut two) = two_tills(&folder).await?;
    let product = one.ready(1).await?.products[0];
    one.until_synced().await?;
    server.kill().await?;
    one.program.execute(edit(product, "price", dollars(10), dollars(12))?).await?;
    two.program.execute(edit(product, "unit", json!("pcs"), json!("box"))?).await?;
    two.program.execute(edit(product, "price", dollars(10), dollars(15))?).await?;
    // The first till's price is at the server before the second speaks.
    server.start().await?;
    one.sync_now().await?;
    one.until_synced().await?;
    two.sync_now().await?;
    two.until_synced().await?;
    two.until_it("it is told", async |till| Ok(!till.open_items().await?.is_empty())).await?;
    ensure!(price(&mut two, product).await? == 12, "what the server took first stands");
    let item = two.open_items().await?.remove(0);
    ensure!(item.kind == AttentionKind::Refused, "{item:?}");
    let args: serde_json::Value = serde_json::from_str(&item.args)?;
    let said = |name: &str| args[name].as_str().map(str::to_owned);
    ensure!(said("before") == Some(dollars(10).to_string()) && said("theirs") == Some(dollars(12).to_string()), "{args}");
    ensure!(said("mine") == Some(dollars(15).to_string()) && said("code").as_deref() == Some("17007"), "{args}");
    ensure!(one.open_items().await?.is_empty(), "it is the second till's");

    // As it was it is refused again; over what stands now it counts, and on the first till, too.
    let command_id = CommandId(item.about_id);
    let refused = two.program.refusal(&HostCall::EnterAgain { command_id, over: Over::Before }).await?;
    ensure!(refused.code == Code::ChangedMeanwhile, "{refused}");
    let _: Receipt = two.program.host(&HostCall::EnterAgain { command_id, over: Over::Theirs }).await?;
    two.until_synced().await?;
    one.until_it("the price has come", async |till| Ok(price(till, product).await? == 15)).await?;
    let unit = one.program.ask(GetProduct { id: product }).await?.context("the product")?.draft.unit;
    ensure!(unit == "box", "{unit}");
    one.until_synced().await?;
    one.until_agrees(&server.file()).await?;
    two.until_agrees(&server.file()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_both_tills_sold_last_is_named_to_both() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, mut one, mut two) = two_tills(&folder).await?;
    let (at_one, at_two) = (one.ready(1).await?, two.ready(1).await?);
    let receive = kontor_tests::shop::receive_command(&at_one, kontor_domain::units::Quantity::ONE, UnitPrice(UnitPrice::PER_MINOR_UNIT));
    one.program.execute(receive).await?;
    one.until_synced().await?;
    two.until_synced().await?;
    server.kill().await?;
    one.sell(&at_one, &[0]).await?;
    two.sell(&at_two, &[0]).await?;
    server.start().await?;
    for till in [&mut one, &mut two] {
        till.sync_now().await?;
        till.until_synced().await?;
    }
    for till in [&mut one, &mut two] {
        till.until_it("it is told", async |till| {
            let items = till.open_items().await?;
            Ok(items.iter().any(|item| item.kind == AttentionKind::StockBelowZero && item.args.contains("鳳梨酥 Product 1")))
        })
        .await?;
    }
    one.until_agrees(&server.file()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_that_is_killed_again_and_again_loses_nothing_and_sends_nothing_twice() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, mut one, two) = two_tills(&folder).await?;
    drop(two);
    let mut sold = Vec::new();
    for round in 0..12 {
        let founded = one.ready(1).await?;
        for _ in 0..4 {
            sold.push(one.sell(&founded, &[0]).await?);
        }
        one.program.kill().await?;
        if round % 4 == 3 {
            server.kill().await?;
            server.start().await?;
        }
        one = Till::start(&folder.path().join("one"))?;
    }
    one.until_synced().await?;
    sold.sort();
    ensure!(one.sales().await? == sold, "{} sales", sold.len());
    one.until_agrees(&server.file()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_nobody_vouches_for_is_compared_before_the_code_is_said() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::secure(&folder.path().join("server"))?;
    server.found().await?;
    server.start().await?;
    let invitation = server.invite(Some(1)).await?;
    let fingerprint = invitation.fingerprint.clone().context("a certificate")?;
    let mut till = Till::start(&folder.path().join("till"))?;
    let blind = JoinServer { fingerprint: None, ..invitation.clone() };
    let told = till.program.refusal(&HostCall::JoinServer(blind)).await?;
    ensure!(told.code == Code::CertificateUnknown && told.args.get("fingerprint") == Some(&fingerprint), "{told}");
    let other = JoinServer { fingerprint: Some("ab".repeat(32)), ..invitation.clone() };
    let told = till.program.refusal(&HostCall::JoinServer(other)).await?;
    ensure!(told.code == Code::CertificateOther, "{told}");
    // The code is still good: nobody has heard it.
    let start: Start = till.program.host(&HostCall::JoinServer(invitation)).await?;
    ensure!(start.file == ShopFile::Joined, "{start:?}");
    till.until_synced().await?;
    till.ready(1).await?;
    till.until_synced().await?;
    till.until_agrees(&server.file()).await?;
    let token = std::fs::read_to_string(folder.path().join("till/server.token"))?;
    let logs = std::fs::read_dir(folder.path().join("till/logs"))?.flatten();
    for log in logs {
        let text = std::fs::read_to_string(log.path())?;
        ensure!(!text.is_empty() && !text.contains(token.trim()), "a token in a log");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_code_or_address_joins_nothing_and_the_shop_stays_as_it_was() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let server = server(&folder).await?;
    let mut till = Till::start(&folder.path().join("till"))?;
    let invitation = server.invite(Some(1)).await?;
    let wrong = [
        (JoinServer { code: Secret("0000-0000-0000".into()), ..invitation.clone() }, Code::NotFound),
        (JoinServer { address: server.address().replace("127.0.0.1", "192.0.2.1"), ..invitation.clone() }, Code::Format),
        (JoinServer { address: "http://127.0.0.1:9".into(), ..invitation.clone() }, Code::ServerAway),
    ];
    for (wish, code) in wrong {
        let told = till.program.refusal(&HostCall::JoinServer(wish)).await?;
        ensure!(told.code == code, "{told}");
    }
    let start: Start = till.program.host(&HostCall::GetStart).await?;
    ensure!(start.file == ShopFile::Own && start.problem.is_none(), "{start:?}");
    let _: Start = till.program.host(&HostCall::JoinServer(invitation.clone())).await?;
    till.until_synced().await?;
    let other = server.invite(None).await?;
    let told = till.program.refusal(&HostCall::JoinServer(other)).await?;
    ensure!(told.code == Code::NotAllowedInState, "{told}");
    till.until_synced().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_that_was_shut_out_keeps_what_it_sold_and_sends_it_with_a_new_code() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let server = server(&folder).await?;
    let mut till = Till::join(&folder.path().join("till"), server.invite(Some(1)).await?).await?;
    let founded = till.ready(1).await?;
    till.until_synced().await?;
    server.run(&["revoke", "--till", "1"]).await?;
    let sold = till.sell(&founded, &[0]).await?;
    let state = till.until("it is told", |state| state.phase == SyncPhase::Refused).await?;
    ensure!(state.problem.as_ref().is_some_and(|problem| problem.code == Code::TokenRefused), "{state:?}");
    let waiting: Vec<Waiting> = till.program.host(&HostCall::ListWaiting { limit: 10 }).await?;
    ensure!(waiting.iter().any(|command| command.number.as_ref() == Some(&sold)), "{waiting:?}");
    let _: Start = till.program.host(&HostCall::JoinServer(server.invite(Some(1)).await?)).await?;
    till.until_agrees(&server.file()).await?;
    ensure!(till.sales().await? == vec![sold], "the sale is lost");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_till_sends_after_it_was_shut_out_is_done_only_when_it_is_released() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, mut one, mut two) = two_tills(&folder).await?;
    let founded = two.ready(1).await?;
    two.until_synced().await?;
    server.run(&["revoke", "--till", "2"]).await?;
    let sold = vec![two.sell(&founded, &[0]).await?, two.sell(&founded, &[0]).await?];
    two.until("it is told", |state| state.phase == SyncPhase::Refused).await?;
    let started = std::time::Instant::now();
    while !server.run(&["quarantine"]).await?.contains("2 commands") {
        ensure!(started.elapsed() < std::time::Duration::from_secs(120), "{:?}", server.run(&["quarantine"]).await?);
        two.sync_now().await?;
    }
    // The till still has them: nothing was answered.
    ensure!(two.state().await?.waiting == 2, "{:?}", two.state().await?);
    one.until_synced().await?;
    ensure!(one.sales().await?.is_empty(), "they are done already");
    // Who may see to it is told in the program, and what watches the server by a figure.
    let is_it = |item: &Attention| item.kind == AttentionKind::ShutOutSent && item.args == r#"{"count":"2","till":"2"}"#;
    one.until_it("it is told", async |till| Ok(till.open_items().await?.iter().any(is_it))).await?;
    ensure!(server.metric("kontor_quarantined_commands").await? == 2, "the figure");
    server.kill().await?;
    ensure!(server.run(&["release", "--till", "2"]).await?.starts_with("2 "), "two commands");
    ensure!(server.run(&["quarantine"]).await?.is_empty(), "they are still kept");
    server.start().await?;
    one.until_it("the sales have come", async |till| Ok(till.sales().await? == sold)).await?;
    one.until_it("it is dealt with", async |till| Ok(till.open_items().await?.iter().all(|item| item.kind != AttentionKind::ShutOutSent))).await?;
    ensure!(server.metric("kontor_quarantined_commands").await? == 0, "the figure");
    // Let in again, the till learns that they are done, and they are done once.
    let _: Start = two.program.host(&HostCall::JoinServer(server.invite(Some(2)).await?)).await?;
    two.until_agrees(&server.file()).await?;
    ensure!(two.sales().await? == sold, "once each");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_something_is_set_aside_is_told_again_after_a_restore() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, mut one, mut two) = two_tills(&folder).await?;
    let founded = two.ready(1).await?;
    two.until_synced().await?;
    let copy = folder.path().join("copy.kontor").display().to_string();
    server.run(&["backup", "--to", &copy]).await?;
    server.run(&["revoke", "--till", "2"]).await?;
    two.sell(&founded, &[0]).await?;
    let is_told = |file: &Path| -> anyhow::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM attention WHERE kind = 'shut_out_sent' AND resolved_at IS NULL)";
        Ok(FeedFile::open(file)?.connection().query_row(sql, [], |row| row.get(0))?)
    };
    one.until_it("it is told", async |till| is_told(&till.file()?)).await?;
    server.kill().await?;
    server.run(&["restore", "--from", &copy]).await?;
    ensure!(!is_told(&server.file())?, "the copy is of before");
    server.start().await?;
    one.sync_now().await?;
    one.until_it("it is told again", async |_| is_told(&server.file())).await?;
    one.until_agrees(&server.file()).await?;
    ensure!(is_told(&one.file()?)?, "the till has it, too");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_with_unsent_sales_writes_them_sealed_and_the_server_takes_them_in() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, mut one, mut two) = two_tills(&folder).await?;
    let founded = two.ready(1).await?;
    two.until_synced().await?;
    server.kill().await?;
    let sold = vec![two.sell(&founded, &[0]).await?, two.sell(&founded, &[0]).await?];
    let told = two.program.refusal(&HostCall::LeaveServer { sealed_path: None }).await?;
    ensure!(told.code == Code::Unsent && told.args.get("count").map(String::as_str) == Some("2"), "{told}");
    ensure!(two.state().await?.waiting == 2, "nothing was closed");
    let file = folder.path().join("unsent.kontor-sealed");
    let start: Start = two.program.host(&HostCall::LeaveServer { sealed_path: Some(file.display().to_string()) }).await?;
    ensure!(start.file == ShopFile::Own && !start.has_company, "{start:?}");
    let bytes = std::fs::read(&file)?;
    ensure!(!bytes.windows(3).any(|part| part == "鳳".as_bytes()), "it can be read");

    // Twice the same file: once the same sales.
    let path = file.display().to_string();
    ensure!(server.run(&["take-in", &path]).await?.starts_with("2 "), "two commands");
    server.run(&["take-in", &path]).await?;
    server.start().await?;
    one.sync_now().await?;
    one.until_it("the sales have come", async |till| Ok(till.sales().await? == sold)).await?;
    one.until_synced().await?;
    one.until_agrees(&server.file()).await?;

    // Another server's key does not open it, nor does a file that was touched.
    let other = Server::plain(&folder.path().join("other"))?;
    other.found().await?;
    ensure!(other.run(&["take-in", &path]).await.is_err(), "another server has read it");
    server.kill().await?;
    let mut touched = bytes;
    *touched.last_mut().context("bytes")? ^= 1;
    std::fs::write(&file, touched)?;
    ensure!(server.run(&["take-in", &path]).await.is_err(), "a touched file was taken in");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_was_alone_moves_whole_and_only_in_its_last_state() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let till_folder = folder.path().join("till");
    std::fs::create_dir_all(&till_folder)?;
    let mut alone = Headless::start(&till_folder, &[])?;
    let start: Start = alone.host(&HostCall::GetStart).await?;
    let (command, founded) = found_command(start.person, 1);
    alone.execute(command).await?;
    alone.execute(product_command(&founded, 0)).await?;
    let first = alone.execute(sale_command(&founded, &[0])?).await?.number.context("a number")?;
    let copy = folder.path().join("copy.kontor").display().to_string();
    let _: String = alone.host(&HostCall::Backup { path: copy.clone() }).await?;

    // Somebody sells on: the copy is old.
    let second = alone.execute(sale_command(&founded, &[0])?).await?.number.context("a number")?;
    let mut old = Server::plain(&folder.path().join("old"))?;
    old.run(&["adopt", &copy]).await?;
    old.start().await?;
    let told = alone.refusal(&HostCall::JoinServer(old.invite(Some(1)).await?)).await?;
    ensure!(told.code == Code::MovedOlder, "{told}");
    let session: Option<Session> = alone.ask(GetSession {}).await?;
    ensure!(session.is_some(), "the shop is open again");
    old.kill().await?;

    let newer = folder.path().join("newer.kontor").display().to_string();
    let _: String = alone.host(&HostCall::Backup { path: newer.clone() }).await?;
    let mut server = Server::plain(&folder.path().join("server"))?;
    server.run(&["adopt", &newer]).await?;
    server.start().await?;
    let own_file = till_folder.join("shop.kontor");
    let kept_before = std::fs::read(&newer)?;
    let start: Start = alone.host(&HostCall::JoinServer(server.invite(Some(1)).await?)).await?;
    ensure!(start.file == ShopFile::Joined, "{start:?}");
    alone.end().await?;
    // As if the program had ended between joining and putting the file aside: the next start does it.
    std::fs::write(&own_file, kept_before)?;
    let mut till = Till::start(&till_folder)?;
    till.until_synced().await?;
    ensure!(!own_file.exists(), "it could be sold on");
    ensure!(till.sales().await? == vec![first.clone(), second.clone()], "the history came along");
    let founded = till.ready(1).await?;
    let third = till.sell(&founded, &[0]).await?;
    ensure!(third != first && third != second, "{third}");
    till.until_synced().await?;
    till.until_agrees(&server.file()).await?;
    // The file that was alone is kept, and not sold on.
    let kept = std::fs::read_dir(&till_folder)?.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("shop.moved-"));
    ensure!(kept.count() >= 1, "the old file is gone");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_does_not_sell_from_the_file_of_another() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (server, mut one, two) = two_tills(&folder).await?;
    let founded = one.ready(2).await?;
    let first = one.sell(&founded, &[0]).await?;
    one.until_synced().await?;
    let (own, other) = (one.file()?, two.file()?);
    one.program.end().await?;
    two.program.end().await?;
    std::fs::copy(&other, &own)?;
    let mut till = Headless::start(&folder.path().join("one"), &[])?;
    let start: Start = till.host(&HostCall::GetStart).await?;
    ensure!(start.problem.as_ref().is_some_and(|problem| problem.code == Code::CopyGone), "{start:?}");
    // The way out that the window shows: joined again, it starts anew from what the server has, in a series of its own.
    let start: Start = till.host(&HostCall::JoinServer(server.invite(Some(1)).await?)).await?;
    ensure!(start.file == ShopFile::Joined && start.problem.is_none(), "{start:?}");
    till.end().await?;
    let mut till = Till::start(&folder.path().join("one"))?;
    till.until_synced().await?;
    let founded = till.ready(2).await?;
    let sold = till.sell(&founded, &[0]).await?;
    till.until_agrees(&server.file()).await?;
    ensure!(sold != first && till.sales().await? == vec![first, sold], "both are there");
    let aside = std::fs::read_dir(folder.path().join("one"))?.flatten().any(|entry| entry.file_name().to_string_lossy().contains(".before-"));
    ensure!(aside, "the other till's file was thrown away");
    Ok(())
}

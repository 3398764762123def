//! Copies of an authority on PostgreSQL: the same answers as from a file, and no row that a reader passes by.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;

use kontor_domain::catalog::{self, CreateProduct, ProductChanges};
use kontor_domain::command::{COMMAND_VERSION, Command, Envelope, Rights};
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, ProductId, TillId};
use kontor_domain::settings::{self, AddTill};
use kontor_domain::testing::{Shop, ShopKind, id_of};
use kontor_domain::time::Instant;
use kontor_domain::units::UnitPrice;
use kontor_simulate::{gap, postgres};
use kontor_store::feed::{FeedFile, schema};
use kontor_store::{shape, sqlite};
use kontor_sync::authority::{Authority, Message, Push, Submission};
use kontor_sync::message::{Echo, Page, PullReply, PullRequest, PushAnswer, PushRequest, PushedCommand};
use kontor_sync::pull;
use tokio::sync::oneshot;
use uuid::Uuid;

const NOW: Instant = Instant(1_790_000_000_000);

fn submission(shop: &Shop, id: u64, command: Command) -> (Message, oneshot::Receiver<Result<(), String>>) {
    let (sender, receiver) = oneshot::channel();
    let context = &shop.context;
    let (company, device, actor) = (context.company, context.device, context.person);
    let envelope = Envelope { id: CommandId(id_of(id)), company, device, actor, at: NOW, version: COMMAND_VERSION, number: None, command };
    let answer = Box::new(move |verdict: Result<_, _>| drop(sender.send(verdict.map(|_| ()).map_err(|reject| format!("{reject}")))));
    (Submission { envelope, rights: Rights::All, now: NOW, answer, keep: None }.into(), receiver)
}

fn push(shop: &Shop, replica: Uuid, first: i64, commands: Vec<Command>) -> (Message, oneshot::Receiver<PushAnswer>) {
    let (sender, receiver) = oneshot::channel();
    let commands = (first..).zip(commands).map(|(seq, command)| PushedCommand {
        seq,
        id: CommandId(id_of(5_000 + seq.unsigned_abs())),
        name: command.name().to_owned(),
        version: COMMAND_VERSION,
        args: serde_json::to_value(&command).unwrap(),
        number: None,
        at: NOW,
        actor: shop.context.person,
    });
    let request = PushRequest { epoch: None, replica, device: till_device(), build: "test".into(), now: NOW, commands: commands.collect() };
    let rights = [(shop.context.person, Rights::All)].into();
    let answer = Box::new(move |reply: Result<kontor_sync::message::PushReply, _>| drop(sender.send(reply.unwrap().answer)));
    (Message::Push(Push::new(shop.context.company, request, rights, NOW, answer)), receiver)
}

fn till_device() -> DeviceId {
    DeviceId(id_of(901))
}

fn founding(shop: &mut Shop) -> Vec<Command> {
    let till = AddTill {
        till_id: TillId(id_of(902)),
        number: 2,
        name: String::new(),
        location_id: shop.shelf_id,
        device_id: till_device(),
        device_name: "Till 2".into(),
    };
    vec![Command::Settings(settings::Command::Found(Box::new(shop.founding("TWD")))), Command::Settings(settings::Command::AddTill(till))]
}

fn product(shop: &Shop, number: u64) -> Command {
    let mut draft = shop.draft(&format!("P-{number}"), 0, UnitPrice(10_000));
    draft.tags = vec!["new".into()];
    Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id: ProductId(id_of(1_000 + number)), draft }))
}

/// What a till pushes first: products, and an edit of one that nobody knows.
fn made(shop: &Shop) -> Vec<Command> {
    let mut commands: Vec<Command> = (0..4).map(|number| product(shop, number)).collect();
    commands.push(Command::Catalog(catalog::Command::EditProduct(Box::new(ProductChanges::of(ProductId(id_of(77)))))));
    commands
}

/// And then: a tag goes again.
fn removed() -> Vec<Command> {
    let mut changes = ProductChanges::of(ProductId(id_of(1_001)));
    changes.tags_removed = vec!["new".into()];
    vec![Command::Catalog(catalog::Command::EditProduct(Box::new(changes)))]
}

fn request(replica: Uuid, cursors: BTreeMap<i64, i64>) -> PullRequest {
    PullRequest {
        device: till_device(),
        seen: None,
        shape: shape::shape(),
        schema: schema(),
        booting: BTreeMap::new(),
        sums: true,
        mismatched: Vec::new(),
        wait_ms: 0,
        state: Echo { epoch: None, replica, acked: 0, cursors },
    }
}

/// A page without the random id of its history, its rows in one order.
fn comparable(reply: PullReply) -> Page {
    let PullReply::Page(mut page) = reply else { panic!("{reply:?}") };
    page.epoch = Uuid::nil();
    page.rows.sort_by_key(|row| serde_json::to_string(row).unwrap());
    *page
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_says_the_same_on_both_engines() {
    let database = postgres::Database::new().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.kontor");
    let mut shop = Shop::found(ShopKind::Taiwan).unwrap();
    let replica = id_of(903);
    let writer = sqlite::open(&path, sqlite::Synchronous::Off).await.unwrap().start_writer(Authority::new()).unwrap();
    let far = kontor_store::postgres::start_writer(&database.url, Authority::new()).await.unwrap();
    for (number, command) in (1_u64..).zip(founding(&mut shop)) {
        let (message, answer) = submission(&shop, 3_000 + number, command.clone());
        writer.sender().send(message).unwrap();
        answer.await.unwrap().unwrap();
        let (message, answer) = submission(&shop, 3_000 + number, command);
        far.send(message).await.unwrap();
        answer.await.unwrap().unwrap();
    }
    let company: CompanyId = shop.context.company;
    let mut connection = kontor_store::postgres::connect(&database.url).await.unwrap();
    let mut cursors = BTreeMap::new();
    let (mut pages, mut removals, mut acks) = (0, 0, 0);
    for (first, commands) in [(1, made(&shop)), (1, made(&shop)), (6, removed())] {
        let (message, answer) = push(&shop, replica, first, commands.clone());
        writer.sender().send(message).unwrap();
        assert_eq!(answer.await.unwrap(), PushAnswer::Ok);
        let (message, answer) = push(&shop, replica, first, commands);
        far.send(message).await.unwrap();
        assert_eq!(answer.await.unwrap(), PushAnswer::Ok);
        let mut file = FeedFile::open(&path).unwrap();
        loop {
            let question = request(replica, cursors.clone());
            let near = comparable(pull::answer(&file.snapshot().unwrap(), company, &question, NOW, Some(9)).unwrap());
            let other = comparable(pull::answer_postgres(&mut connection, company, &question, NOW, Some(9)).await.unwrap());
            assert_eq!(near, other);
            pages += 1;
            removals += near.rows.iter().filter(|row| row.2 == kontor_sync::message::RowKind::Del).count();
            cursors.clone_from(&near.scopes);
            if near.complete {
                assert!(near.sums.is_some());
                acks = near.acks.len();
                break;
            }
        }
    }
    assert!(pages > 4 && removals == 1 && acks == 6, "{pages} pages, {removals} removals, {acks} answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_till_beside_sixteen_writers_passes_no_row_removal_or_answer_by() {
    let database = postgres::Database::new().await.unwrap();
    let seen = gap(&database.url, 16).await.unwrap();
    assert!(seen.puts > 100 && seen.removals > 20 && seen.left > 20 && seen.acks > 5 && seen.pulls > 5, "{seen:?}");
}

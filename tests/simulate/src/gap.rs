//! Writers of PostgreSQL beside each other, as in processes of their own, and a real till that pushes and pulls among
//! them: it must have every row, removal and answer, and nothing before what it belongs to.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, anyhow};
use kontor_domain::catalog::{self, CreateProduct, ProductChanges};
use kontor_domain::command::{COMMAND_VERSION, Command, Envelope, Rights};
use kontor_domain::counter::{ParkedCart, ParkedCartKey};
use kontor_domain::ids::{CommandId, DeviceId, ParkedCartId, ProductId, TillId};
use kontor_domain::settings::{self, AddTill};
use kontor_domain::testing::{Shop, ShopKind, id_of};
use kontor_domain::units::{Money, UnitPrice};
use kontor_domain::world::{Halt, Scope, World};
use kontor_store::feed::{PgConnection, schema};
use kontor_store::postgres;
use kontor_sync::authority::{Authority, Job, Message, Push, Submission};
use kontor_sync::message::{PullReply, RowKind};
use kontor_sync::pull;
use kontor_sync::replica::{Applied, push_request};
use kontor_sync::stage::Staged;
use tokio::sync::{mpsc, oneshot};

use crate::files::Template;
use crate::noticed::{Look, holds, noticed};
use crate::shop::START;
use crate::till::Till;

/// Turns of each writer.
const TURNS: u64 = 12;
/// Rows of a page.
const PAGE_ROWS: usize = 40;

/// What the till saw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Rows that came.
    pub puts: usize,
    /// Rows that were removed.
    pub removals: usize,
    /// Rows that went to others.
    pub left: usize,
    /// Its own commands that were answered.
    pub acks: usize,
    /// Answers it read.
    pub pulls: usize,
}

type Writer = mpsc::Sender<Message>;

/// Lets writers and a till work until all is said; what the till saw, or what it passed by.
pub async fn gap(url: &str, writers: u64) -> Result<Seen> {
    let folder = tempfile::tempdir()?;
    let mut shop = Shop::found(ShopKind::Taiwan).map_err(|reject| anyhow!("{reject}"))?;
    let first = postgres::start_writer(url, Authority::new()).await?;
    for (number, command) in (1..).zip(founding(&mut shop)) {
        enter(&first, &shop, 3_000 + number, command).await?;
    }
    let shop = Arc::new(shop);
    let mut reader = Reader::new(folder.path(), Arc::clone(&shop), url, first).await?;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut running = tokio::task::JoinSet::new();
    for number in 0..writers {
        let (writer, shop) = (postgres::start_writer(url, Authority::new()).await?, Arc::clone(&shop));
        running.spawn(async move { writes(&writer, &shop, number).await });
    }
    let ends = {
        let is_over = Arc::clone(&is_over);
        tokio::spawn(async move {
            let results = running.join_all().await;
            is_over.store(true, Ordering::SeqCst);
            results.into_iter().collect::<Result<Vec<()>>>()
        })
    };
    let result = reader.reads(&is_over).await;
    let ended = ends.await?;
    let seen = result?;
    ended.context("a writer")?;
    Ok(seen)
}

fn gone() -> anyhow::Error {
    anyhow!("a writer ended")
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

async fn enter(writer: &Writer, shop: &Shop, id: u64, command: Command) -> Result<()> {
    let (sender, receiver) = oneshot::channel();
    let context = &shop.context;
    let (company, device, actor) = (context.company, context.device, context.person);
    let envelope = Envelope { id: CommandId(id_of(id)), company, device, actor, at: START, version: COMMAND_VERSION, number: None, command };
    let answer = Box::new(move |verdict| drop(sender.send(verdict)));
    writer.send(Submission { envelope, rights: Rights::All, now: START, answer, keep: None }.into()).await.map_err(|_| gone())?;
    receiver.await?.map(|_| ()).map_err(|reject| anyhow!("{reject}"))
}

async fn job(writer: &Writer, shop: &Shop, id: u64, work: impl Fn(&mut World) -> Result<(), Halt> + Send + 'static) -> Result<()> {
    let (sender, receiver) = oneshot::channel();
    let answer = Box::new(move |verdict| drop(sender.send(verdict)));
    let company = shop.context.company;
    let job = Job { id: CommandId(id_of(id)), company, name: "gap.job".into(), now: START, work: Box::new(work), answer };
    writer.send(Message::Job(job)).await.map_err(|_| gone())?;
    receiver.await?.map_err(|reject| anyhow!("{reject}"))
}

fn product_id(number: u64) -> ProductId {
    ProductId(id_of(100_000 + number))
}

fn product(shop: &Shop, number: u64) -> Command {
    let mut draft = shop.draft(&format!("P-{number}"), 0, UnitPrice(10_000));
    draft.tags = vec!["new".into()];
    Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id: product_id(number), draft }))
}

/// One writer: rows that all copies hold, a part of one that goes again, rows of the till that go to another.
async fn writes(writer: &Writer, shop: &Shop, writer_number: u64) -> Result<()> {
    let (till, other) = (Scope::of_id(till_device().0), Scope::of_id(shop.context.device.0));
    for turn in 0..TURNS {
        let at = writer_number * TURNS + turn;
        let ids = 200_000 + at * 10;
        enter(writer, shop, ids, product(shop, at)).await?;
        let mut changes = ProductChanges::of(product_id(at));
        changes.tags_removed = vec!["new".into()];
        enter(writer, shop, ids + 1, Command::Catalog(catalog::Command::EditProduct(Box::new(changes)))).await?;
        let key = ParkedCartKey { id: ParkedCartId(id_of(300_000 + at)) };
        let cart = ParkedCart {
            id: key.id,
            till_id: TillId(id_of(902)),
            name: String::new(),
            tax_number: String::new(),
            at: START,
            lines: 0,
            total: Money(0),
            cart: "{}".into(),
        };
        job(writer, shop, ids + 2, move |world| {
            world.find::<ParkedCart>(&ParkedCartKey { id: cart.id })?;
            world.insert(till, cart.clone());
            Ok(())
        })
        .await?;
        job(writer, shop, ids + 3, move |world| {
            if let Some(cart) = world.find::<ParkedCart>(&key)? {
                world.rescope(cart, other);
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// The till.
struct Reader {
    till: Till,
    writer: Writer,
    connection: PgConnection,
    shop: Arc<Shop>,
    entered: Vec<ProductId>,
    seen: Seen,
}

impl Reader {
    async fn new(folder: &Path, shop: Arc<Shop>, url: &str, writer: Writer) -> Result<Self> {
        let path = folder.join("till.kontor");
        // On a thread of its own: it starts a runtime.
        let make = || -> Result<()> { Template::make()?.write(&path) };
        std::thread::scope(|scope| scope.spawn(make).join()).map_err(|_| anyhow!("no template"))??;
        let till = Till::new(&path, shop.context.company, till_device(), shop.context.person, id_of(903), 2)?;
        let connection = postgres::connect(url).await?;
        Ok(Self { till, writer, connection, shop, entered: Vec::new(), seen: Seen::default() })
    }

    async fn reads(&mut self, is_over: &AtomicBool) -> Result<Seen> {
        loop {
            let is_last = is_over.load(Ordering::SeqCst);
            if !is_last {
                self.enters()?;
            }
            self.pushes().await?;
            let applied = self.pulls().await?;
            self.looks(&applied)?;
            // It compares sums each time, so there is always something done.
            if is_last && matches!(applied, Applied::Nothing | Applied::Done { rows: 0, acked: 0, .. }) {
                break;
            }
        }
        let rest = self.till.look(1)?.1;
        holds!(Look::Gap, rest.is_empty(), "never answered: {rest:?}");
        self.compares_rows().await?;
        Ok(self.seen)
    }

    fn enters(&mut self) -> Result<()> {
        let number = 50_000 + self.entered.len() as u64;
        let verdict = self.till.submit(CommandId(id_of(400_000 + number)), product(&self.shop, number), START)?;
        // Before its first pull it knows no shop.
        if verdict.is_ok() {
            self.entered.push(product_id(number));
        }
        Ok(())
    }

    async fn pushes(&mut self) -> Result<()> {
        let (copy, entries) = self.till.look(200)?;
        let Some(request) = push_request(&copy, &entries, till_device(), "gap", START) else { return Ok(()) };
        let (sender, receiver) = oneshot::channel();
        let rights = [(self.shop.context.person, Rights::All)].into();
        let answer = Box::new(move |reply| drop(sender.send(reply)));
        self.writer.send(Message::Push(Push::new(self.till.company, request, rights, START, answer))).await.map_err(|_| gone())?;
        let reply = receiver.await?.map_err(|reject| anyhow!("{reject}"))?;
        self.till.pushed(reply, id_of(904))?.map_err(|reject| anyhow!("{reject}"))?;
        Ok(())
    }

    async fn pulls(&mut self) -> Result<Applied> {
        loop {
            let (copy, _) = self.till.look(0)?;
            let request = self.till.stage.request(&copy, till_device(), schema(), true);
            let reply = pull::answer_postgres(&mut self.connection, self.till.company, &request, START, Some(PAGE_ROWS)).await?;
            self.counts(&reply);
            match self.till.stage.take(reply)? {
                Staged::More => {}
                Staged::Ready(batch) => return self.till.apply(batch, START)?.map_err(|reject| anyhow!("{reject}")),
                // Nobody restored anything: what it saw was not the whole of what was there.
                other => return Err(noticed(Look::Gap, format!("the history that it read is another one: {other:?}"))),
            }
        }
    }

    fn counts(&mut self, reply: &PullReply) {
        let PullReply::Page(page) = reply else { return };
        let count = |kind| page.rows.iter().filter(|row| row.2 == kind).count();
        self.seen.puts += count(RowKind::Put);
        self.seen.removals += count(RowKind::Del);
        self.seen.left += count(RowKind::Left);
        self.seen.acks += page.acks.len();
        self.seen.pulls += 1;
    }

    /// Whatever came is whole: with nothing pending it is what the database had, and what was entered here is there.
    fn looks(&self, applied: &Applied) -> Result<()> {
        if let Applied::Done { mismatched, .. } = applied {
            holds!(Look::Gap, mismatched.is_empty(), "passed something by in {mismatched:?}: {:?}", self.seen);
        }
        let mut known = self.till.connection().prepare_cached("SELECT 1 FROM product WHERE id = ?1")?;
        for id in &self.entered {
            holds!(Look::Gap, known.exists([id.0.as_bytes()])?, "{id} was entered here and is gone: {:?}", self.seen);
        }
        Ok(())
    }

    /// Not by sums: how many rows the till has of each table, and where in the order.
    async fn compares_rows(&mut self) -> Result<()> {
        let mut statement = self.till.connection().prepare("SELECT scope FROM sync_cursor")?;
        let scopes = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        for table in ["product", "product_tag", "parked_cart"] {
            let count = format!("SELECT COUNT(*), CAST(coalesce(SUM(rev), 0) AS BIGINT) FROM {table} WHERE scope = ");
            let here: BTreeMap<i64, (i64, i64)> = scopes
                .iter()
                .map(|scope| Ok((*scope, self.till.connection().query_row(&format!("{count}{scope}"), [], |row| Ok((row.get(0)?, row.get(1)?)))?)))
                .collect::<Result<_>>()?;
            for (scope, here) in here {
                let there: (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(format!("{count}{scope}"))).fetch_one(&mut self.connection).await?;
                holds!(Look::Gap, here == there, "{table}: {here:?} rows and revs here, {there:?} there");
            }
        }
        Ok(())
    }
}

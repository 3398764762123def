//! Two processes of the shop server on one database, each with a till: either may be killed in the middle of a push.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use kontor_domain::ids::{DeviceId, PersonId};
use kontor_store::installation::Installation;
use kontor_store::reader::Reader;
use kontor_tests::proxy::Proxy;
use kontor_tests::server::Server;
use kontor_tests::till::Till;
use sqlx::Connection as _;

use super::*;

/// Kills of a server that has a push in hand.
const KILLS: usize = 8;
/// Sales of which one must be in hand when it is looked, and how often it is looked after each.
const TRIES: usize = 20;
const GLANCES: usize = 200;
/// What a server is answering now: the question for this, and a pull that waits.
const IN_FLIGHT: &str = "kontor_http_requests_in_flight";
/// Pulls that a server has answered.
const PULLS: &str = r#"kontor_http_requests_total{route="/api/v1/sync/pull",status="200"}"#;

/// A server process, and what stands before it.
struct Place {
    server: Server,
    proxy: Proxy,
}

impl Place {
    /// Starts it on a folder of its own. The first one founds the company.
    async fn start(folder: &Path, url: &str, is_first: bool) -> anyhow::Result<Self> {
        let mut server = Server::on_postgres(folder, url)?;
        if is_first {
            server.found().await?;
        }
        server.start().await?;
        let proxy = Proxy::start(server.listen().to_owned(), 1).await?;
        Ok(Self { server, proxy })
    }

    /// A till that joins here.
    async fn till(&self, folder: &Path, number: Option<i64>) -> anyhow::Result<Till> {
        let mut invitation = self.server.invite(number).await?;
        invitation.address = self.proxy.address().to_owned();
        Till::join(folder, invitation).await
    }
}

/// Sells until the server has a push in hand, and kills it then.
async fn kill_in_a_push(place: &mut Place, till: &mut Till, founded: &Founded, sold: &mut Vec<String>) -> anyhow::Result<()> {
    for _ in 0..TRIES {
        sold.push(till.sell(founded, &[sold.len() % 2]).await?);
        for _ in 0..GLANCES {
            if place.proxy.pushes() > 0 {
                return place.server.kill().await;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    anyhow::bail!("no push was ever in hand")
}

/// What the database says of its companies.
async fn number(url: &str, sql: &'static str) -> anyhow::Result<i64> {
    let mut connection = PgConnection::connect(url).await?;
    Ok(sqlx::query(sql).fetch_one(&mut connection).await?.try_get(0)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_of_which_either_is_killed_in_a_push_lose_nothing_and_do_nothing_twice() -> anyhow::Result<()> {
    let database = Database::new().await?;
    let folder = tempfile::tempdir()?;
    let mut here = Place::start(&folder.path().join("here"), &database.url, true).await?;
    let mut there = Place::start(&folder.path().join("there"), &database.url, false).await?;
    let mut one = here.till(&folder.path().join("one"), Some(1)).await?;
    let at_one = one.ready(2).await?;
    one.until_synced().await?;
    let mut two = there.till(&folder.path().join("two"), None).await?;
    let at_two = two.ready(2).await?;
    two.until_synced().await?;
    let mut sold = Vec::new();
    let mut woken = 0;
    for kill in 0..KILLS {
        for till in [&mut one, &mut two] {
            till.until_agrees_with_database(&database.url).await?;
        }
        // Nothing is on its way any more. What goes up at one server comes down at the other.
        // A server that was started again has answered none yet, and counts none.
        let waits = async |server: &Server| server.metric(PULLS).await.is_ok() && server.metric(IN_FLIGHT).await.is_ok_and(|count| count > 1);
        two.until_it("it waits at its server", async |_| Ok(waits(&there.server).await)).await?;
        let before = there.server.metric(PULLS).await?;
        let first = one.sell(&at_one, &[0]).await?;
        two.until_it("the sale has come", async |till| Ok(till.sales().await?.contains(&first))).await?;
        // A pull whose time had run out would have been answered with nothing, and others asked after it.
        woken += usize::from(there.server.metric(PULLS).await? == before + 1);
        let second = two.sell(&at_two, &[1]).await?;
        one.until_it("the sale has come", async |till| Ok(till.sales().await?.contains(&second))).await?;
        sold.extend([first, second]);
        if kill % 2 == 0 {
            kill_in_a_push(&mut here, &mut one, &at_one, &mut sold).await?;
            // The other goes on meanwhile, and so does the till that is cut off.
            sold.extend([one.sell(&at_one, &[1]).await?, two.sell(&at_two, &[0]).await?]);
            two.until_synced().await?;
            here.server.start().await?;
            one.sync_now().await?;
        } else {
            kill_in_a_push(&mut there, &mut two, &at_two, &mut sold).await?;
            sold.extend([two.sell(&at_two, &[1]).await?, one.sell(&at_one, &[0]).await?]);
            one.until_synced().await?;
            there.server.start().await?;
            two.sync_now().await?;
        }
    }
    // Now and then a pull's time runs out just then; unwoken, each would be answered with nothing first.
    ensure!(woken > 0, "none of {KILLS} pulls was woken by what was pushed at the other server");
    sold.sort();
    for till in [&mut one, &mut two] {
        till.until_it("it has all sales", async |till| Ok(till.sales().await? == sold)).await?;
        till.until_agrees_with_database(&database.url).await?;
        till.program.verify().await?;
    }
    let done = number(&database.url, "SELECT COUNT(*) FROM command_log WHERE name = 'counter.sell' AND status = 'ok'").await?;
    ensure!(done == i64::try_from(sold.len())?, "{done} of {}", sold.len());
    let kept_aside = number(&database.url, "SELECT COUNT(*) FROM command_log WHERE status <> 'ok'").await?;
    ensure!(kept_aside == 0, "{kept_aside} commands do not stand");
    let mut connection = database.connect().await?;
    let company: Vec<u8> = sqlx::query("SELECT company FROM clock").fetch_one(&mut connection).await?.try_get(0)?;
    let company = CompanyId(uuid::Uuid::from_slice(&company)?);
    assert_no_gap(&mut connection, company, number(&database.url, "SELECT COUNT(*) FROM command_log").await?).await;
    let nobody = Installation { company, device: DeviceId(id()), person: PersonId(id()) };
    let report = Reader::open(&database.url).await?.verify(&asker(nobody, platform::now(), at_one.date), &|_, _| {}).await?;
    assert_eq!(report.differences, Vec::new());
    ensure!(report.compared > 0, "nothing was compared");
    one.program.end().await?;
    two.program.end().await.context("the second till")
}

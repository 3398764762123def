//! Many at once: of one product, through one server and three, on both engines.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};
use kontor_domain::ids::{CompanyId, DeviceId, PersonId};
use kontor_domain::time::Instant;
use kontor_server::config::{Database, Settings, Transport};
use kontor_server::server::Running;
use kontor_store::Reader;
use kontor_store::reader::Asker;
use kontor_sync::enrol::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use support::caller::{Answered, Caller, Stand, sale};
use support::cluster::Cluster;
use support::{Api, Place};
use uuid::Uuid;

const PASSWORD: &str = "a long enough password";
/// How many at once, of each kind.
const MANY: usize = 50;
/// How long a program may take to answer for the first time.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Pieces on the shelf before.
const PIECES: i64 = 200;

/// Callers that ask different servers of the same shop.
struct Shop {
    running: Vec<Running>,
    processes: Vec<Child>,
    callers: Vec<Caller>,
    company: CompanyId,
    url: String,
    _places: Vec<Place>,
}

impl Shop {
    async fn open(places: Vec<Place>, url: String) -> Result<Self> {
        let company = places[0].found().await?;
        places[0].founder_signs_in("mei", PASSWORD).await?;
        let (mut running, mut callers) = (Vec::new(), Vec::new());
        for place in &places {
            running.push(place.start().await?);
        }
        // Signed in at one server is signed in at all.
        let first = Caller::sign_in(&Api::plain(&running[0])?, None, "mei", PASSWORD).await?;
        for server in &running {
            callers.push(Caller { api: Api::plain(server)?, ..first.clone() });
        }
        Ok(Self { running, processes: Vec::new(), callers, company, url, _places: places })
    }

    /// Servers that are programs of their own, as on as many machines.
    async fn through_processes(cluster: &Cluster, servers: usize) -> Result<Self> {
        let first = Place::new(Transport::Plain)?;
        let settings = Settings { database: Database::Postgres(Secret(cluster.url.clone())), ..first.settings };
        let first = Place { settings, folder: first.folder };
        let company = first.found().await?;
        first.founder_signs_in("mei", PASSWORD).await?;
        let (mut places, mut processes, mut callers) = (vec![first], Vec::new(), Vec::<Caller>::new());
        for _ in 0..servers {
            let place = Place::new(Transport::Plain)?;
            let address = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
            let mut program = Command::new(env!("CARGO_BIN_EXE_kontor-server"));
            program.arg("serve").env("KONTOR_DATA", &place.settings.data).env("KONTOR_LISTEN", address.to_string());
            program.env("KONTOR_PLAIN_HTTP", "true").env("KONTOR_DATABASE_URL", &cluster.url).stdout(Stdio::null()).stderr(Stdio::null());
            processes.push(program.spawn()?);
            places.push(place);
            let api = Api { client: reqwest::Client::builder().no_proxy().build()?, base: format!("http://{address}") };
            let start = std::time::Instant::now();
            while api.client.get(format!("{}/health/ready", api.base)).send().await.is_err() {
                ensure!(start.elapsed() < START_LIMIT, "it does not answer");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            // Signed in at one server is signed in at all.
            callers.push(match callers.first() {
                Some(first) => Caller { api, ..first.clone() },
                None => Caller::sign_in(&api, None, "mei", PASSWORD).await?,
            });
        }
        Ok(Self { running: Vec::new(), processes, callers, company, url: cluster.url.clone(), _places: places })
    }

    async fn on_file() -> Result<Self> {
        let place = Place::new(Transport::Plain)?;
        let url = kontor_store::sqlite::url(&place.file(), "ro");
        Self::open(vec![place], url).await
    }

    async fn on_postgres(cluster: &Cluster, servers: usize) -> Result<Self> {
        let mut places = Vec::new();
        for _ in 0..servers {
            let place = Place::new(Transport::Plain)?;
            let settings = Settings { database: Database::Postgres(Secret(cluster.url.clone())), ..place.settings };
            places.push(Place { settings, folder: place.folder });
        }
        Self::open(places, cluster.url.clone()).await
    }

    fn caller(&self, number: usize) -> &Caller {
        &self.callers[number % self.callers.len()]
    }

    /// Everything is recomputed from the ledgers.
    async fn close(self) -> Result<()> {
        let reader = Reader::open(&self.url).await?;
        let (device, person) = (DeviceId(Uuid::nil()), PersonId(Uuid::nil()));
        let asker = Asker { company: self.company, device, person, now: Instant(0), today: None, utc_offset_minutes: 0 };
        let report = reader.verify(&asker, &|_, _| {}).await?;
        assert_eq!(report.differences, Vec::new());
        reader.close().await;
        for server in self.running {
            server.stop().await?;
        }
        for mut server in self.processes {
            server.kill()?;
            server.wait()?;
        }
        Ok(())
    }
}

async fn all_at_once(shop: &Shop, requests: Vec<reqwest::RequestBuilder>) -> Result<Vec<Answered>> {
    let sent = requests.into_iter().enumerate().map(|(number, request)| {
        let caller = shop.caller(number).clone();
        tokio::spawn(async move { caller.send(request).await })
    });
    let mut answers = Vec::new();
    for answer in futures_util::future::join_all(sent).await {
        answers.push(answer??);
    }
    Ok(answers)
}

fn adjustment(stand: &Stand, difference: i64) -> Value {
    json!({ "location_id": stand.shelf, "difference": difference, "reason": "counted" })
}

async fn sales_and_adjustments_of_one_product(shop: Shop) -> Result<()> {
    let caller = shop.caller(0);
    let stand = caller.stand().await?;
    let product = caller.product(&stand, "P1", 30).await?;
    caller.receive(&stand, &product, PIECES).await?;
    let stock = format!("/api/v1/inventory/products/{}/stock", product.as_str().unwrap());
    let sell = |number: usize| shop.caller(number).json(Method::POST, "/api/v1/sales", &sale(&stand, &[&product]));
    let adjust = |number: usize| shop.caller(number).json(Method::PATCH, &stock, &adjustment(&stand, -2_000));
    let requests = (0..MANY).flat_map(|number| [sell(2 * number), adjust(2 * number + 1)]).collect();
    let mut numbers = std::collections::BTreeSet::new();
    for answer in all_at_once(&shop, requests).await? {
        assert!(answer.status.is_success(), "{}", answer.body);
        assert!(numbers.insert(answer.body["number"].as_str().unwrap().to_owned()), "a number is given once");
    }
    assert_eq!(caller.on_hand(&product).await?, (PIECES - 3 * i64::try_from(MANY)?) * 1_000);
    let sales = caller.get("/api/v1/sales?page=1&page_size=1").await?.expect(200);
    assert_eq!(sales["total"], MANY);
    let day = caller.get("/api/v1/admin/stats").await?.expect(200);
    assert_eq!(day["total"].as_i64(), Some(30 * i64::try_from(MANY)?));
    shop.close().await
}

async fn two_lines_in_opposite_order(shop: Shop) -> Result<()> {
    let caller = shop.caller(0);
    let stand = caller.stand().await?;
    let (tea, cake) = (caller.product(&stand, "TEA", 30).await?, caller.product(&stand, "CAKE", 50).await?);
    let requests = (0..MANY).map(|number| {
        let products = if number.is_multiple_of(2) { [&tea, &cake] } else { [&cake, &tea] };
        shop.caller(number / 2).json(Method::POST, "/api/v1/sales", &sale(&stand, &products))
    });
    for answer in all_at_once(&shop, requests.collect()).await? {
        answer.expect(201);
    }
    for product in [&tea, &cake] {
        assert_eq!(caller.on_hand(product).await?, -1_000 * i64::try_from(MANY)?);
    }
    shop.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sales_and_adjustments_at_once_are_exact_on_a_file() -> Result<()> {
    sales_and_adjustments_of_one_product(Shop::on_file().await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sales_and_adjustments_at_once_are_exact_on_postgres() -> Result<()> {
    let cluster = Cluster::start().await?;
    sales_and_adjustments_of_one_product(Shop::on_postgres(&cluster, 1).await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sales_and_adjustments_at_once_are_exact_through_three_servers() -> Result<()> {
    let cluster = Cluster::start().await?;
    sales_and_adjustments_of_one_product(Shop::on_postgres(&cluster, 3).await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sales_and_adjustments_at_once_are_exact_through_three_programs() -> Result<()> {
    let cluster = Cluster::start().await?;
    sales_and_adjustments_of_one_product(Shop::through_processes(&cluster, 3).await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_lines_in_opposite_order_do_not_wait_for_each_other_on_a_file() -> Result<()> {
    two_lines_in_opposite_order(Shop::on_file().await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_lines_in_opposite_order_do_not_wait_for_each_other_on_postgres() -> Result<()> {
    let cluster = Cluster::start().await?;
    two_lines_in_opposite_order(Shop::on_postgres(&cluster, 1).await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_lines_in_opposite_order_do_not_wait_for_each_other_through_three_servers() -> Result<()> {
    let cluster = Cluster::start().await?;
    two_lines_in_opposite_order(Shop::on_postgres(&cluster, 3).await?).await
}

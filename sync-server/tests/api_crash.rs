//! `kill -9` while requests are answered: a request that is sent again under its name is done once, and answered as before.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use kontor_server::config::Transport;
use kontor_store::feed::FeedFile;
use reqwest::Client;
use serde_json::{Value, json};
use support::caller::{Caller, Stand, sale};
use support::{Api, Place};

const PASSWORD: &str = "a long enough password";
const START_LIMIT: Duration = Duration::from_secs(60);
/// Times that the server is killed.
const KILLS: usize = 8;
/// And at most, where chance was not kind.
const KILLS_LIMIT: usize = 60;
/// Requests that are on their way when it is.
const REQUESTS: usize = 16;

fn program(place: &Place, address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kontor-server"));
    command.env("KONTOR_DATA", &place.settings.data).env("KONTOR_LISTEN", address).env("KONTOR_PLAIN_HTTP", "true");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

async fn serve(place: &Place, address: &str) -> Result<(Child, Api)> {
    let mut child = program(place, address).arg("serve").spawn()?;
    let api = Api { client: Client::builder().no_proxy().build()?, base: format!("http://{address}") };
    let start = Instant::now();
    while start.elapsed() < START_LIMIT {
        if let Some(status) = child.try_wait()? {
            bail!("it ended with {status}");
        }
        if api.client.get(format!("{}/health/ready", api.base)).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok((child, api));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("it does not answer")
}

/// A shop in which requests of every kind are made, each under a name of its own.
struct Work {
    stand: Stand,
    product: Value,
    /// What was answered, by name.
    answered: BTreeMap<String, Value>,
    /// Sales that nothing was given back of.
    sales: Vec<String>,
    /// How many of each path.
    asked: BTreeMap<&'static str, usize>,
}

const CASH: &str = "cash";
const RECEIPT: &str = "receipt";
const REFUND: &str = "refund";
const SALE: &str = "sale";

impl Work {
    /// Path and body of the next request.
    fn next(&mut self, place: usize) -> (String, Value) {
        let cash = |amount: i64| {
            (CASH, format!("/api/v1/shifts/{}/cash", self.stand.shift.as_str().unwrap()), json!({ "amount": amount, "reason": "change" }))
        };
        let (kind, path, body) = match place % 8 {
            0 => {
                let line = json!({ "product_id": self.product, "quantity": 2_000, "unit_cost": 60_000 });
                (RECEIPT, "/api/v1/stock/receipts".to_owned(), json!({ "location_id": self.stand.shelf, "lines": [line] }))
            }
            1 => cash(7),
            2 => cash(-3),
            3 | 4 if !self.sales.is_empty() => {
                let sale = self.sales.pop().unwrap();
                let body = json!({ "shift_id": self.stand.shift, "lines": [{ "line": 1, "quantity": 1_000 }], "restock": true });
                (REFUND, format!("/api/v1/sales/{sale}/refunds"), body)
            }
            _ => (SALE, "/api/v1/sales".to_owned(), sale(&self.stand, &[&self.product])),
        };
        *self.asked.entry(kind).or_default() += 1;
        (path, body)
    }

    fn note(&mut self, key: &str, path: &str, answer: Value) {
        if path == "/api/v1/sales" && !self.answered.contains_key(key) {
            self.sales.push(answer["id"].as_str().unwrap().to_owned());
        }
        let before = self.answered.insert(key.to_owned(), answer.clone());
        assert!(before.is_none_or(|before| before == answer), "{key} was answered otherwise");
    }
}

/// How many requests a file says were done.
fn kept(place: &Place) -> Result<usize> {
    let file = FeedFile::open(&place.settings.data.join("server.kontor"))?;
    Ok(file.connection().query_row("SELECT COUNT(*) FROM kept_answer", [], |row| row.get::<_, i64>(0))?.try_into()?)
}

/// Count and sum of what a file has.
fn sum(place: &Place, sql: &str) -> Result<(usize, i64)> {
    let file = FeedFile::open(&place.settings.data.join("server.kontor"))?;
    let (count, sum): (i64, i64) = file.connection().query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((count.try_into()?, sum))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_request_is_done_once_whenever_the_server_is_killed() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let address = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string();
    let (mut child, api) = serve(&place, &address).await?;
    let mut caller = Caller::sign_in(&api, None, "mei", PASSWORD).await?;
    let stand = caller.stand().await?;
    let product = caller.product(&stand, "P1", 30).await?;
    let mut work = Work { stand, product, answered: BTreeMap::new(), sales: Vec::new(), asked: BTreeMap::new() };
    let before = kept(&place)?;
    let (mut in_time, mut untold, mut undone, mut kills) = (0, 0, 0, 0);
    // Until chance has hit early and late: a request that was not done, and one that was done though nobody was told.
    while kills < KILLS || (kills < KILLS_LIMIT && (in_time == 0 || untold == 0 || undone == 0)) {
        let requests: Vec<_> = (0..REQUESTS).map(|request| (format!("request {kills}-{request}"), work.next(request))).collect();
        let sent = requests.iter().cloned().map(|(key, (path, body))| {
            let caller = caller.clone();
            tokio::spawn(async move { (caller.post_as(&key, &path, &body).await, key, path) })
        });
        let sent: Vec<_> = sent.collect();
        tokio::time::sleep(Duration::from_millis(3 * (kills % KILLS) as u64)).await;
        child.kill()?;
        child.wait()?;
        let told = work.answered.len();
        for (answer, key, path) in futures_util::future::try_join_all(sent).await? {
            if let Ok(answer) = answer {
                work.note(&key, &path, answer.expect(201));
            }
        }
        in_time += work.answered.len() - told;
        let done = kept(&place)? - before;
        untold += done - work.answered.len();
        undone += told + REQUESTS - done;
        let (restarted, api) = serve(&place, &address).await?;
        (child, caller.api) = (restarted, api);
        for (key, (path, body)) in requests {
            let again = caller.post_as(&key, &path, &body).await?.expect(201);
            work.note(&key, &path, again);
        }
        kills += 1;
    }
    println!("{kills} kills: {in_time} requests were answered before, {untold} done and not answered, {undone} not done");
    assert!(in_time > 0 && untold > 0 && undone > 0, "nothing was hit in the middle: this proves nothing");
    let of = |kind| work.asked[kind];
    assert_eq!(work.answered.len(), kills * REQUESTS);
    let numbered = work.answered.values().filter_map(|made| made["number"].as_str());
    let numbers: BTreeSet<&str> = numbered.collect();
    assert_eq!(numbers.len(), of(SALE) + of(REFUND) + of(RECEIPT), "each document has a number of its own");
    let (sales, refunds) = (i64::try_from(of(SALE))?, i64::try_from(of(REFUND))?);
    assert_eq!(caller.on_hand(&work.product).await?, 2_000 * i64::try_from(of(RECEIPT))? - 1_000 * sales + 1_000 * refunds);
    child.kill()?;
    child.wait()?;
    assert_eq!(sum(&place, "SELECT COUNT(*), SUM(total) FROM sale WHERE kind = 'sale'")?, (of(SALE), 30 * sales));
    assert_eq!(sum(&place, "SELECT COUNT(*), SUM(total) FROM sale WHERE kind = 'refund'")?, (of(REFUND), -30 * refunds));
    assert_eq!(sum(&place, "SELECT COUNT(*), 0 FROM stock_document")?.0, of(RECEIPT));
    let halves = i64::try_from(of(CASH) / 2)?;
    let signed = "SELECT COUNT(*), SUM(CASE direction WHEN 'in' THEN amount ELSE -amount END) FROM cash_movement";
    assert_eq!(sum(&place, signed)?, (of(CASH), 4 * halves));
    place.verify().await
}

//! `cargo xtask bench api`: how fast the API answers, on a file and on PostgreSQL, over 1, 16 and 64 connections. Each figure
//! stands beside a floor measured in the same run, alternating with it: a bare handler that runs the same SQL through the same
//! driver with the same durability. One JSON line a figure: `{"name","value","unit","floor","ratio","goal","holds"}`.

#[allow(dead_code, reason = "shared with the other measurements")]
#[path = "../../src/figures.rs"]
mod figures;
mod floor;
mod ground;
mod load;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use clap::{Parser, ValueEnum};
use hyper::Method;
use serde_json::json;

use figures::Figure;
use ground::{Cluster, Measured, asked, lay, sale, sign_in};
use load::{Ask, Asked, Run, run};

/// Times that server and floor take turns.
const ROUNDS: u32 = 3;
/// Connections of a measurement.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Sign-ins beside a bare handler that hashes as often: most of the time is the hash, the rest is counting tries, keeping the
/// session and writing it down.
const LOGIN_GOAL: f64 = 0.7;
/// Sign-ins are under way for so long before it is looked at what others notice of them: all have connected by then.
const LEAD: Duration = Duration::from_millis(500);
/// Longest that 99 of 100 may take over 16 connections, µs.
const P99_LIMIT_US: f64 = 50_000.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    Sqlite,
    Postgres,
}

/// Measures the API.
#[derive(Debug, Parser)]
struct Arguments {
    /// `api`: what `cargo xtask bench` passes on.
    #[arg(default_value = "api")]
    what: String,
    /// Products in the shop.
    #[arg(long, default_value_t = 10_000)]
    products: usize,
    /// Milliseconds of each turn.
    #[arg(long, default_value_t = 2_000)]
    turn_ms: u64,
    /// Only this engine.
    #[arg(long)]
    engine: Option<Engine>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let turn = Duration::from_millis(arguments.turn_ms);
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if arguments.engine.is_some_and(|only| only != engine) {
            continue;
        }
        let cluster = if engine == Engine::Postgres { Some(Cluster::start().await?) } else { None };
        let measured = lay(cluster.as_ref(), arguments.products).await?;
        let name = if engine == Engine::Postgres { "postgres" } else { "sqlite" };
        measure(&measured, name, turn).await?;
        measured.running.stop().await?;
    }
    Ok(())
}

/// What is measured: its name, how it is asked, how the floor is asked, and the goal of its rate beside the floor's.
struct Kind {
    name: &'static str,
    ask: Ask,
    floor: Ask,
    goal: f64,
}

fn bare(method: Method, path: &'static str) -> Ask {
    Arc::new(move |_| Asked { method: method.clone(), path: path.to_owned(), headers: Vec::new(), body: Bytes::new(), expected: &[200] })
}

fn kinds(measured: &Measured) -> Vec<Kind> {
    let token = measured.token.clone();
    let list: Ask = Arc::new(move |_| asked(&token, Method::GET, "/api/v1/inventory/products?limit=20", None, &[200]));
    let (token, path) = (measured.token.clone(), format!("/api/v1/inventory/products/{}", measured.products[0]));
    let get: Ask = Arc::new(move |_| asked(&token, Method::GET, &path, None, &[200]));
    let (token, shift, products) = (measured.token.clone(), measured.shift.clone(), measured.products.clone());
    let sell: Ask = Arc::new(move |number| {
        // Spread over the shop, another three each time.
        let at = |place: u64| products[usize::try_from((number.wrapping_mul(7_919) + place * 101) % products.len() as u64).unwrap_or(0)];
        asked(&token, Method::POST, "/api/v1/sales", Some(&sale(&shift, &[at(0), at(1), at(2)])), &[201])
    });
    let (token, products, draft) = (measured.token.clone(), measured.products.clone(), measured.draft.clone());
    let change: Ask = Arc::new(move |number| {
        let place = usize::try_from(number.wrapping_mul(7_919) % products.len() as u64).unwrap_or(0);
        let mut body = draft.clone();
        body["code"] = json!(format!("M{place:07}"));
        body["barcodes"] = json!([{ "barcode": format!("4719{place:09}"), "pack": 1000 }]);
        body["price"] = json!(10_000 * (1 + number % 900));
        let mut asked = asked(&token, Method::PUT, &format!("/api/v1/inventory/products/{}", products[place]), Some(&body), &[200]);
        asked.headers.push(("if-match", "*".to_owned()));
        asked
    });
    vec![
        Kind { name: "list", ask: list, floor: bare(Method::GET, "/list"), goal: 0.5 },
        Kind { name: "get", ask: get, floor: bare(Method::GET, "/get"), goal: 0.5 },
        Kind { name: "sale", ask: sell, floor: bare(Method::POST, "/sale"), goal: 1.0 },
        Kind { name: "change", ask: change, floor: bare(Method::POST, "/change"), goal: 1.0 },
    ]
}

async fn measure(measured: &Measured, engine: &str, turn: Duration) -> Result<()> {
    for kind in kinds(measured) {
        for connections in CONNECTIONS {
            let (mut ours, mut floor) = (Run::default(), Run::default());
            for _ in 0..ROUNDS {
                ours.add(run(measured.running.address, connections, turn, &kind.ask).await?);
                floor.add(run(measured.floor, connections, turn, &kind.floor).await?);
            }
            let name = format!("api.{}.{engine}.{connections}", kind.name);
            Figure::at_least(&format!("{name}.rate"), ours.per_second(), "1/s", floor.per_second(), kind.goal).print();
            Figure::against(&format!("{name}.p50"), ours.samples.p50(), "us", floor.samples.p50(), 0.0).print();
            let p99 = format!("{name}.p99");
            if connections == 16 {
                Figure::limit(&p99, ours.samples.p99(), "us", floor.samples.p99(), P99_LIMIT_US).print();
            } else {
                Figure::against(&p99, ours.samples.p99(), "us", floor.samples.p99(), 0.0).print();
            }
        }
    }
    sign_ins(measured, engine, turn).await
}

/// How many sign in, and what others notice of it.
async fn sign_ins(measured: &Measured, engine: &str, turn: Duration) -> Result<()> {
    let (sign_in, bare): (Ask, Ask) = (Arc::new(|_| sign_in()), bare(Method::POST, "/login"));
    for connections in CONNECTIONS {
        let (mut ours, mut floor) = (Run::default(), Run::default());
        for _ in 0..ROUNDS {
            ours.add(run(measured.running.address, connections, turn, &sign_in).await?);
            floor.add(run(measured.floor, connections, turn, &bare).await?);
        }
        let name = format!("api.login.{engine}.{connections}");
        Figure::at_least(&format!("{name}.rate"), ours.per_second(), "1/s", floor.per_second(), LOGIN_GOAL).print();
        Figure::against(&format!("{name}.p99"), ours.samples.p99(), "us", floor.samples.p99(), 0.0).print();
    }
    for kind in kinds(measured) {
        let (mut alone, mut beside, mut signed_in) = (Run::default(), Run::default(), Run::default());
        for _ in 0..ROUNDS {
            alone.add(run(measured.running.address, 4, turn, &kind.ask).await?);
            let others = async {
                tokio::time::sleep(LEAD).await;
                run(measured.running.address, 4, turn, &kind.ask).await
            };
            let (others, signing) = tokio::join!(others, run(measured.running.address, 64, LEAD + turn, &sign_in));
            beside.add(others?);
            signed_in.add(signing?);
        }
        let name = format!("api.{}.{engine}.beside_64_sign_ins.p99", kind.name);
        Figure::against(&name, beside.samples.p99(), "us", alone.samples.p99(), 1.2).print();
        // Those who sign in wait, but not for ever.
        let signed_in = signed_in.in_time as f64 / (ROUNDS * (LEAD + turn)).as_secs_f64();
        Figure::plain(&format!("api.login.{engine}.beside_{}.rate", kind.name), signed_in, "1/s").print();
    }
    Ok(())
}

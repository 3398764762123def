//! Whatever comes in is read or refused and never a panic: every parser that strangers reach, fed with what is nearly right
//! and with anything at all. `cargo xtask fuzz` goes on for as long as wished, with other seeds each time; here a bounded
//! number, the same each time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts as _};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Request};
use kontor_documents::products::ProductReader;
use kontor_domain::catalog::ProductPlace;
use kontor_domain::command::{Command, Envelope, Query};
use kontor_domain::identity::{PersonPlace, network_of};
use kontor_domain::place::Place as ListPlace;
use kontor_domain::units::Currency;
use kontor_server::api::input::{parse, search};
use kontor_server::api::once::Named;
use kontor_server::api::seen::{IfMatch, IfNoneMatch};
use kontor_server::config::{Given, Transport};
use kontor_server::identity::door::Door;
use kontor_server::identity::{SignIn, read_cursor, sent_cookie};
use kontor_server::secrets::{SentToken, TokenKind, typed_code};
use kontor_server::wire;
use kontor_sync::enrol::{EnrolRequest, Secret};
use kontor_sync::message::{PullRequest, PushRequest};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use support::{Api, Place};

/// Inputs of each target, if nothing is said.
const INPUTS: usize = 1_500;
/// How many seconds each target goes on in place of that.
const SECONDS: &str = "KONTOR_FUZZ_SECONDS";
/// What the inputs are drawn from.
const SEED: &str = "KONTOR_FUZZ_SEED";

/// Takes what is fed.
type Feed = Box<dyn Fn(&[u8])>;

/// One thing that is fed.
struct Target {
    name: &'static str,
    /// What is right: what is nearly right goes deeper.
    right: Vec<Vec<u8>>,
    feed: Feed,
}

fn target(name: &'static str, right: &[&str], feed: impl Fn(&[u8]) + 'static) -> Target {
    Target { name, right: right.iter().map(|text| text.as_bytes().to_vec()).collect(), feed: Box::new(feed) }
}

/// Text of a header, where it can be one.
fn header_of(bytes: &[u8]) -> Option<HeaderValue> {
    HeaderValue::from_bytes(bytes).ok()
}

fn parts(name: &'static str, bytes: &[u8]) -> Option<Parts> {
    let mut parts = Request::builder().method("POST").uri("/api/v1/sales").body(()).unwrap().into_parts().0;
    parts.headers.insert(HeaderName::from_static(name), header_of(bytes)?);
    parts.extensions.insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
    Some(parts)
}

/// Finishes what never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(future).expect("it waits for nothing")
}

fn push() -> String {
    let command = json!({ "seq": 1, "id": "0193a1b2-c3d4-7e5f-8a9b-000000000001", "name": "counter.sell", "version": 1,
        "args": { "counter": { "sell": { "lines": [] } } }, "at": 0, "actor": "0193a1b2-c3d4-7e5f-8a9b-000000000002",
        "number": { "till_id": "0193a1b2-c3d4-7e5f-8a9b-000000000003", "series": 1, "seq": 1 } });
    json!({ "epoch": null, "replica": "0193a1b2-c3d4-7e5f-8a9b-000000000004", "device": "0193a1b2-c3d4-7e5f-8a9b-000000000005",
        "build": "x", "now": 0, "commands": [command] })
    .to_string()
}

const PULL: &str = r#"{"device":"0193a1b2-c3d4-7e5f-8a9b-000000000005","seen":[4,"0193a1b2-c3d4-7e5f-8a9b-000000000006"],"shape":1,"schema":2,"booting":{"1":0},"sums":true,"wait_ms":3,"state":{"epoch":null,"replica":"0193a1b2-c3d4-7e5f-8a9b-000000000004","acked":0,"cursors":{"1":5}}}"#;
const TOKENS: [&str; 4] = [
    "kontor_0193a1b2c3d47e5f8a9b000000000001_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "kontorr_0193a1b2c3d47e5f8a9b000000000001_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "kontork_0193a1b2c3d47e5f8a9b000000000001_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "kontorl_0193a1b2c3d47e5f8a9b000000000001_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
];

/// Bodies and what is in them.
fn bodies() -> Vec<Target> {
    let command = r#"{"catalog":{"create_category":{"id":"0193a1b2-c3d4-7e5f-8a9b-000000000001","parent_id":null,"name":"x","hue":1}}}"#;
    let envelope = json!({ "id": "0193a1b2-c3d4-7e5f-8a9b-000000000001", "company": "0193a1b2-c3d4-7e5f-8a9b-000000000001",
        "device": "0193a1b2-c3d4-7e5f-8a9b-000000000001", "actor": "0193a1b2-c3d4-7e5f-8a9b-000000000001", "at": 0, "version": 1,
        "command": { "counter": { "open_drawer": { "shift_id": "0193a1b2-c3d4-7e5f-8a9b-000000000001" } } } })
    .to_string();
    vec![
        target("push", &[&push()], |bytes| {
            if let Ok(request) = serde_json::from_slice::<PushRequest>(bytes) {
                let _ = request.check();
            }
        }),
        target("pull", &[PULL], |bytes| drop(serde_json::from_slice::<PullRequest>(bytes))),
        target("enrol", &[r#"{"code":"0000-0000-0000"}"#], |bytes| drop(serde_json::from_slice::<EnrolRequest>(bytes))),
        target("sign in", &[r#"{"username":"mei","password":"x","cookie":true}"#], |bytes| drop(parse::<SignIn>(bytes))),
        target("commands", &[command, &envelope], |bytes| {
            drop(serde_json::from_slice::<Command>(bytes));
            drop(serde_json::from_slice::<Envelope>(bytes));
        }),
        target("questions", &[r#"{"catalog":{"search_products":{"text":"x","limit":3}}}"#], |bytes| drop(serde_json::from_slice::<Query>(bytes))),
        target("csv", &["code,name,price,unit,barcodes\nTEA,Oolong,30,pcs,4710000000017\n"], |bytes| {
            if let Ok(reader) = ProductReader::new(bytes, Currency::of("TWD").unwrap()) {
                reader.take(1_000).for_each(drop);
            }
        }),
        target(
            "settings",
            &["listen = '127.0.0.1:2'\ntrusted_proxies = ['10.0.0.0/8']\ndatabase_url = 'postgres://a@b/c?sslmode=require'\n"],
            |bytes| {
                if let Ok(given) = toml::from_str::<Given>(&String::from_utf8_lossy(bytes)) {
                    drop(given.settle());
                }
            },
        ),
    ]
}

/// Headers, paths, queries.
fn lines() -> Vec<Target> {
    vec![
        target("tokens", &TOKENS, |bytes| {
            let text = String::from_utf8_lossy(bytes);
            for kind in [TokenKind::Device, TokenKind::Refresh, TokenKind::ApiKey, TokenKind::ResetLink] {
                let _ = SentToken::read(kind, &text);
            }
            let _ = typed_code(&Secret(text.into_owned()));
        }),
        target("cookie", &["a=b; kontor_refresh=kontorr_x_y; c=d"], |bytes| {
            if let Some(parts) = parts("cookie", bytes) {
                let _ = sent_cookie(&parts.headers, "kontor_refresh");
            }
        }),
        target("tags", &["\"abc\", W/\"d\"", "*"], |bytes| {
            if let Some(mut parts) = parts("if-match", bytes) {
                let _ = now(IfMatch::from_request_parts(&mut parts, &())).map(|tags| tags.check("{}").is_ok());
            }
            if let Some(mut parts) = parts("if-none-match", bytes) {
                let _ = now(IfNoneMatch::from_request_parts(&mut parts, &()));
            }
        }),
        target("request names", &["0193a1b2-c3d4-7e5f-8a9b-000000000001"], |bytes| {
            if let Some(parts) = parts("idempotency-key", bytes) {
                let _ = Named::of(&parts, bytes);
            }
        }),
        target("places", &["eyJuYW1lIjpbIngiLCIwMTkzYTFiMiJdfQ", "1795200000000-0193a1b2c3d47e5f8a9b000000000001"], |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let _ = ListPlace::<ProductPlace>::read(&text);
            let _ = ListPlace::<PersonPlace>::read(&text);
            let _ = read_cursor(&text);
        }),
        target("networks", &["192.168.1.0/24", "2001:db8::/32", "::ffff:10.0.0.0/104"], |bytes| {
            if let Some(network) = network_of(&String::from_utf8_lossy(bytes)) {
                // What is kept is read back as itself.
                assert_eq!(network_of(&network.to_string()), Some(network));
            }
        }),
        target("query strings", &["q=x&limit=20&after=abc&page=1", "a%20=b+c"], |bytes| {
            let _ = search::<BTreeMap<String, String>>(&String::from_utf8_lossy(bytes));
        }),
    ]
}

fn seed() -> [u8; 32] {
    let mut seed = [7; 32];
    let said = std::env::var(SEED).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
    seed[..8].copy_from_slice(&said.to_le_bytes());
    seed
}

/// Anything, or something right with parts taken out, doubled, and replaced.
fn inputs(right: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let change = (
        any::<usize>(),
        0_usize..12,
        prop_oneof![prop::collection::vec(any::<u8>(), 0..12), "[-0-9eE.\\[\\]{}\",:%/_= ]{0,8}".prop_map(String::into_bytes)],
    );
    let near = (prop::sample::select(right), prop::collection::vec(change, 1..4)).prop_map(|(mut bytes, changes)| {
        for (place, length, by) in changes {
            let start = place % (bytes.len() + 1);
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, by);
        }
        bytes
    });
    prop_oneof![6 => near, 1 => prop::collection::vec(any::<u8>(), 0..400), 1 => ".{0,200}".prop_map(String::into_bytes)]
}

/// Feeds inputs until there were enough, or until the time that was wished for is over.
fn feed(name: &str, right: Vec<Vec<u8>>, mut each: impl FnMut(&[u8])) {
    let wished = std::env::var(SECONDS).ok().and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed()));
    right.iter().for_each(|right| each(right));
    let (strategy, start) = (inputs(right), Instant::now());
    let mut count = 0;
    while wished.map_or(count < INPUTS, |wished| start.elapsed() < wished) {
        let input = strategy.new_tree(&mut runner).unwrap().current();
        let fed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| each(&input)));
        assert!(fed.is_ok(), "{name} panics on {:?}", String::from_utf8_lossy(&input));
        count += 1;
    }
    println!("{name}: {count} inputs");
}

#[test]
fn no_body_makes_a_parser_panic() {
    for Target { name, right, feed: each } in bodies() {
        feed(name, right, each);
    }
}

#[test]
fn no_header_path_or_query_makes_a_parser_panic() {
    for Target { name, right, feed: each } in lines() {
        feed(name, right, each);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_of_addresses_and_no_packed_body_makes_a_reader_panic() -> Result<()> {
    let mut place = Place::with_company(Transport::Plain).await?;
    place.settings.trusted_proxies = vec!["127.0.0.0/8".parse()?];
    let access = kontor_server::admin::open(&place.settings).await?;
    let door = Door::open(&access, &place.settings).await?;
    let said = ["203.0.113.7, [2001:db8::1]:4711, ::ffff:198.51.100.1".into(), "127.0.0.1,127.0.0.1".into()];
    feed("forwarded", said.to_vec(), |bytes| {
        if let Some(parts) = parts("x-forwarded-for", bytes) {
            let address: IpAddr = door.address(&parts);
            assert!(address.to_string().len() > 1);
        }
    });
    let packed = zstd::bulk::compress(push().as_bytes(), 3)?;
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        feed("packed", vec![packed], |bytes| {
            let headers = [("content-type", "application/json"), ("content-encoding", "zstd")];
            let headers = headers.into_iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
            drop(runtime.block_on(wire::read::<PushRequest>(&headers, Body::from(bytes.to_vec()), 100_000)));
        });
    });
    access.close().await;
    Ok(())
}

/// Over the network: each push is answered, none is the server's own fault, and the books stay right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_bytes_a_device_pushes_are_answered() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let running = place.start().await?;
    let api = Api::plain(&running)?;
    let mut till = place.till(&api, Some(1)).await?;
    till.sync().await?;
    till.create_product("P1", 30)?;
    till.sell()?;
    let real = serde_json::to_vec(&till.push_request()?.unwrap())?;
    let runtime = tokio::runtime::Handle::current();
    let token = till.token().to_owned();
    let mut statuses = BTreeMap::<u16, usize>::new();
    tokio::task::block_in_place(|| {
        let mut at = 0;
        feed("pushed", vec![real], |bytes| {
            at += 1;
            // A device has so many requests in a second; a shorter run sees enough.
            if at % 8 != 0 && std::env::var_os(SECONDS).is_none() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
            let status = runtime.block_on(api.post("/api/v1/sync/push", Some(&token), bytes.to_vec())).unwrap().status().as_u16();
            assert!(status < 500 || status == 503, "{status}");
            *statuses.entry(status).or_default() += 1;
        });
    });
    println!("{statuses:?}");
    assert!(statuses.contains_key(&200) && statuses.contains_key(&400), "{statuses:?}");
    running.stop().await?;
    place.verify().await
}

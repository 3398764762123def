//! The API as another program meets it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::BTreeSet;

use anyhow::Result;
use kontor_server::api::once::REPLAYED;
use kontor_server::config::{Settings, Transport};
use kontor_server::server::Running;
use reqwest::Method;
use serde_json::{Value, json};
use support::caller::{Answered, Caller, Stand, draft, sale};
use support::{Api, Place};

const PASSWORD: &str = "a long enough password";
const PRODUCTS: &str = "/api/v1/inventory/products";

async fn shop() -> Result<(Place, Running, Caller)> {
    let place = Place::with_company(Transport::Plain).await?;
    place.founder_signs_in("mei", PASSWORD).await?;
    let running = place.start().await?;
    let caller = Caller::sign_in(&Api::plain(&running)?, None, "mei", PASSWORD).await?;
    Ok((place, running, caller))
}

fn path(base: &str, id: &Value) -> String {
    format!("{base}/{}", id.as_str().unwrap())
}

#[tokio::test]
async fn a_product_is_made_found_changed_and_taken_off_sale() -> Result<()> {
    let (_place, running, caller) = shop().await?;
    let stand = caller.stand().await?;
    let made = caller.post(PRODUCTS, &draft(&stand, "P1", 30)).await?.expect(201);
    let path = path(PRODUCTS, &made["id"]);
    let found = caller.get(&path).await?;
    let tag = found.header("etag").unwrap().to_owned();
    let found = found.expect(200);
    assert_eq!(found, made, "what was answered is what is read back");
    // Who has it already is not sent it again.
    let again = caller.send(caller.request(Method::GET, &path).header("if-none-match", &tag)).await?;
    assert_eq!((again.status.as_u16(), again.header("etag")), (304, Some(tag.as_str())));
    // What was not seen is not changed.
    let dearer = json!({ "code": "P1", "name": "Product P1", "unit": "pcs", "tax_id": stand.tax, "price": 310_000, "tags": ["b", "a", "b"] });
    let blind = caller.send(caller.json(Method::PUT, &path, &dearer)).await?;
    assert_eq!(blind.problem(428), 10_428);
    assert_eq!(caller.put(&path, "\"another\"", &dearer).await?.problem(412), 10_412);
    let changed = caller.put(&path, &tag, &dearer).await?;
    let new_tag = changed.header("etag").unwrap().to_owned();
    let changed = changed.expect(200);
    assert_eq!((&changed["price"], &changed["tags"]), (&json!(310_000), &json!(["a", "b"])));
    let found = caller.get(&path).await?;
    assert_eq!(found.header("etag"), Some(new_tag.as_str()), "the tag that a change answers is the one that is read");
    assert_eq!(found.expect(200), changed);
    assert_eq!(caller.put(&path, &tag, &dearer).await?.problem(412), 10_412, "seen before the change");
    // A code that is in use is refused by the domain.
    let other = caller.post(PRODUCTS, &draft(&stand, "P1", 5)).await?;
    assert_eq!(other.problem(409), 17_006);
    let gone = caller.send(caller.request(Method::DELETE, &path).header("if-match", &new_tag)).await?;
    assert_eq!(gone.status.as_u16(), 204);
    assert_eq!(caller.get(PRODUCTS).await?.expect(200)["rows"], json!([]));
    assert_eq!(caller.get(&format!("{PRODUCTS}?archived=true")).await?.expect(200)["rows"][0]["code"], "P1");
    running.stop().await
}

#[tokio::test]
async fn of_many_who_saw_the_same_state_one_changes_it() -> Result<()> {
    let (_place, running, caller) = shop().await?;
    let stand = caller.stand().await?;
    let id = caller.product(&stand, "P1", 30).await?;
    let path = path(PRODUCTS, &id);
    let tag = caller.get(&path).await?.header("etag").unwrap().to_owned();
    // Each changes another field: nothing of what they write meets, and still only one has seen what it replaces.
    let tries = (0..20).map(|number| {
        let mut body = draft(&stand, "P1", 30);
        let field = ["name", "description", "unit"][number % 3];
        body[field] = json!(format!("changed {number}"));
        let (caller, path, tag) = (caller.clone(), path.clone(), tag.clone());
        async move { caller.put(&path, &tag, &body).await }
    });
    let answers: Vec<Answered> = futures_util::future::try_join_all(tries).await?;
    let (done, stale): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status.as_u16() == 200);
    assert_eq!(done.len(), 1);
    for answer in stale {
        let code = answer.problem(412);
        assert!([10_412, 17_007].contains(&code), "{code}");
    }
    assert_eq!(caller.get(&path).await?.expect(200), done.into_iter().next().unwrap().expect(200));
    running.stop().await
}

#[tokio::test]
async fn categories_and_tax_classes_are_changed_alike() -> Result<()> {
    let (_place, running, caller) = shop().await?;
    let cases = [
        ("/api/v1/inventory/categories", json!({ "name": "Cakes" }), json!({ "name": "Pastries", "hue": 2, "active": true })),
        ("/api/v1/inventory/taxes", json!({ "name": "Reduced", "rate": 20_000 }), json!({ "name": "Reduced", "rate": 25_000, "active": true })),
    ];
    for (base, new, changed) in cases {
        let made = caller.post(base, &new).await?.expect(201);
        let path = path(base, &made["id"]);
        let tag = caller.get(&path).await?.header("etag").unwrap().to_owned();
        let answer = caller.put(&path, &tag, &changed).await?;
        let new_tag = answer.header("etag").unwrap().to_owned();
        assert_eq!(answer.expect(200)["name"], changed["name"]);
        let found = caller.get(&path).await?;
        assert_eq!(found.header("etag"), Some(new_tag.as_str()));
        assert_eq!(caller.put(&path, &tag, &changed).await?.problem(412), 10_412);
        let listed = caller.get(base).await?.expect(200);
        assert!(listed["rows"].as_array().unwrap().iter().any(|row| row["name"] == changed["name"]), "{listed}");
    }
    running.stop().await
}

#[tokio::test]
async fn a_named_request_is_done_once() -> Result<()> {
    let (place, running, caller) = shop().await?;
    let stand = caller.stand().await?;
    let body = draft(&stand, "P1", 30);
    let first = caller.post_as("order 1", PRODUCTS, &body).await?;
    assert_eq!(first.header(REPLAYED.as_str()), None);
    let first = first.expect(201);
    let second = caller.post_as("order 1", PRODUCTS, &body).await?;
    assert_eq!(second.header(REPLAYED.as_str()), Some("true"));
    assert_eq!(second.expect(201), first);
    // The answer is the one that was given, whatever became of the product since.
    let path = path(PRODUCTS, &first["id"]);
    caller.put(&path, "*", &draft(&stand, "P1", 99)).await?.expect(200);
    assert_eq!(caller.post_as("order 1", PRODUCTS, &body).await?.expect(201), first);
    assert_eq!(caller.post_as("order 1", PRODUCTS, &draft(&stand, "P2", 30)).await?.problem(422), 10_422);
    let elsewhere = json!({ "name": "Cakes" });
    assert_eq!(caller.post_as("order 1", "/api/v1/inventory/categories", &elsewhere).await?.problem(422), 10_422);
    assert_eq!(caller.post_as(&"x".repeat(201), PRODUCTS, &body).await?.problem(400), 14_001);
    // What was refused was not done, and may be tried again.
    assert_eq!(caller.post_as("order 2", PRODUCTS, &body).await?.problem(409), 17_006);
    caller.post_as("order 2", PRODUCTS, &draft(&stand, "P3", 1)).await?.expect(201);
    // Many at once, and a server that is started anew.
    let body = sale(&stand, &[&first["id"]]);
    let tries = (0..20).map(|_| caller.post_as("sale 1", "/api/v1/sales", &body));
    let mut made = BTreeSet::new();
    for answer in futures_util::future::try_join_all(tries).await? {
        match answer.status.as_u16() {
            409 => assert_eq!((answer.header("retry-after").is_some(), answer.problem(409)), (true, 10_409)),
            _ => drop(made.insert(answer.expect(201)["number"].as_str().unwrap().to_owned())),
        }
    }
    running.stop().await?;
    let running = place.start().await?;
    let caller = Caller { api: Api::plain(&running)?, ..caller };
    made.insert(caller.post_as("sale 1", "/api/v1/sales", &body).await?.expect(201)["number"].as_str().unwrap().to_owned());
    assert_eq!(made.len(), 1);
    assert_eq!(caller.get("/api/v1/sales?page=1").await?.expect(200)["total"], 1);
    place.verify().await?;
    running.stop().await
}

#[tokio::test]
async fn a_list_is_read_from_place_to_place_and_by_page() -> Result<()> {
    let (_place, running, caller) = shop().await?;
    let stand = caller.stand().await?;
    let mut ids = Vec::new();
    for number in 0..23 {
        // Several have the same name and the same price.
        let mut body = draft(&stand, &format!("P{number:02}"), 10 + number % 3);
        body["name"] = json!(format!("Product {}", number % 5));
        ids.push(caller.post(PRODUCTS, &body).await?.expect(201)["id"].clone());
    }
    caller.receive(&stand, &ids[4], 7).await?;
    let all: BTreeSet<String> = ids.iter().map(Value::to_string).collect();
    for sort in ["name", "code", "price", "on_hand", "newest"] {
        let (mut seen, mut in_order, mut after) = (BTreeSet::new(), Vec::new(), None::<String>);
        loop {
            let place = after.as_ref().map_or_else(String::new, |after| format!("&after={after}"));
            let part = caller.get(&format!("{PRODUCTS}?sort={sort}&limit=7{place}")).await?.expect(200);
            for row in part["rows"].as_array().unwrap() {
                assert!(seen.insert(row["id"].to_string()), "{sort}: twice");
                in_order.push(row["id"].clone());
            }
            match part["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(seen, all, "{sort}");
        let mut paged = Vec::new();
        for page in 1..=4 {
            let part = caller.get(&format!("{PRODUCTS}?sort={sort}&page={page}&page_size=7")).await?.expect(200);
            assert_eq!(part["total"], 23);
            paged.extend(part["rows"].as_array().unwrap().iter().map(|row| row["id"].clone()));
        }
        assert_eq!(paged, in_order, "{sort}");
        if let Some(after) = after {
            let other = if sort == "name" { "code" } else { "name" };
            assert_eq!(caller.get(&format!("{PRODUCTS}?sort={other}&after={after}")).await?.problem(400), 14_001);
        }
    }
    let found = caller.get(&format!("{PRODUCTS}?q=P07")).await?.expect(200);
    assert_eq!(found["rows"].as_array().unwrap().len(), 1);
    running.stop().await
}

/// Ten teas at 105 on the shelf, and a sale of three of them: all but its total.
async fn three_of_ten_teas(caller: &Caller, stand: &Stand) -> Result<(Value, Value)> {
    let tea = caller.product(stand, "TEA", 105).await?;
    caller.receive(stand, &tea, 10).await?;
    let mut body = sale(stand, &[&tea]);
    body["lines"][0]["quantity"] = json!(3000);
    Ok((tea, body))
}

#[tokio::test]
async fn what_is_sold_and_given_back_is_in_the_ledgers() -> Result<()> {
    let (place, running, caller) = shop().await?;
    let stand = caller.stand().await?;
    let (tea, mut body) = three_of_ten_teas(&caller, &stand).await?;
    body["total"] = json!(300);
    let refused = caller.post("/api/v1/sales", &body).await?;
    assert_eq!((refused.body["args"]["theirs"].as_str(), refused.problem(409)), (Some("315"), 17_007));
    body["total"] = json!(315);
    body["tenders"] = json!([{ "kind": "cash", "amount": 315, "given": 500 }]);
    let sold = caller.post("/api/v1/sales", &body).await?.expect(201);
    assert_eq!((&sold["total"], &sold["tax"], &sold["change"]), (&json!(315), &json!(15), &json!(185)));
    assert_eq!(sold["number"], "HS-2-1-000001");
    assert_eq!(caller.on_hand(&tea).await?, 7_000);
    let path = path("/api/v1/sales", &sold["id"]);
    let detail = caller.get(&path).await?.expect(200);
    assert_eq!((&detail["sale"]["number"], &detail["lines"][0]["quantity"]), (&sold["number"], &json!(3000)));
    let ledger = caller.get(&format!("{path}/ledger")).await?.expect(200);
    let sum: i64 = ledger["postings"].as_array().unwrap().iter().map(|posting| posting["amount"].as_i64().unwrap()).sum();
    assert_eq!((sum, ledger["moves"][0]["quantity"].as_i64()), (0, Some(3000)));
    let refund = json!({ "shift_id": stand.shift, "lines": [{ "line": 1, "quantity": 1000 }], "restock": true });
    let back = caller.post(&format!("{path}/refunds"), &refund).await?.expect(201);
    assert_eq!((&back["total"], &back["tax"]), (&json!(-105), &json!(-5)));
    assert_eq!(caller.on_hand(&tea).await?, 8_000);
    let too_much = json!({ "shift_id": stand.shift, "lines": [{ "line": 1, "quantity": 2001 }] });
    assert_eq!(caller.post(&format!("{path}/refunds"), &too_much).await?.problem(409), 17_003);
    let adjust = json!({ "location_id": stand.shelf, "difference": -500, "reason": "damaged" });
    let stock = format!("{PRODUCTS}/{}/stock", tea.as_str().unwrap());
    caller.send(caller.json(Method::PATCH, &stock, &adjust)).await?.expect(200);
    assert_eq!(caller.on_hand(&tea).await?, 7_500);
    let moves = caller.get(&format!("/api/v1/stock/moves?product_id={}&limit=2", tea.as_str().unwrap())).await?.expect(200);
    assert_eq!(moves["rows"][0]["reason"], "damaged");
    let rest = caller.get(&format!("/api/v1/stock/moves?after={}", moves["next"].as_str().unwrap())).await?.expect(200);
    assert_eq!((rest["rows"].as_array().unwrap().len(), &rest["next"]), (2, &Value::Null));
    let last = caller.get("/api/v1/stock/moves?sort=at&page=4&page_size=1").await?.expect(200);
    assert_eq!((&last["rows"][0], &last["total"]), (&moves["rows"][0], &json!(4)));
    for (sort, kinds) in [("-at", ["refund", "sale"]), ("at", ["sale", "refund"])] {
        let first = caller.get(&format!("/api/v1/sales?sort={sort}&limit=1")).await?.expect(200);
        let second = caller.get(&format!("/api/v1/sales?sort={sort}&after={}", first["next"].as_str().unwrap())).await?.expect(200);
        assert_eq!([&first["rows"][0]["kind"], &second["rows"][0]["kind"]], kinds.map(|kind| json!(kind)).each_ref(), "{sort}");
    }
    assert_eq!(caller.get("/api/v1/sales?sort=total").await?.problem(400), 14_001);
    let day = caller.get("/api/v1/admin/stats").await?.expect(200);
    assert_eq!((&day["total"], &day["sales"], &day["refunds"]), (&json!(210), &json!(1), &json!(1)));
    let date = day["business_date"].as_str().unwrap();
    let report = caller.get(&format!("/api/v1/reports/sales?from={date}&to={date}&period=month")).await?.expect(200);
    assert_eq!((&report["rows"][0]["total"], &report["rows"][0]["period"]), (&json!(210), &json!(date[..7])));
    // The drawer, and the shift's end.
    let shift = stand.shift.as_str().unwrap();
    caller.post(&format!("/api/v1/shifts/{shift}/cash"), &json!({ "amount": -10, "reason": "stamps" })).await?.expect(201);
    let counted = json!({ "counted": 1200 });
    assert_eq!(caller.post(&format!("/api/v1/shifts/{shift}/close"), &counted).await?.expect(200)["number"], "Z1");
    assert_eq!(caller.post("/api/v1/sales", &sale(&stand, &[&tea])).await?.problem(409), 17_001);
    let closed = caller.get(&format!("/api/v1/shifts/{shift}")).await?.expect(200);
    assert_eq!((&closed["shift"]["expected"], &closed["shift"]["state"]), (&json!(1_200), &json!("closed")));
    place.verify().await?;
    running.stop().await
}

/// A card gets back what it paid and no more, over however many refunds; what is left comes out of the drawer.
#[tokio::test]
async fn a_sale_paid_two_ways_is_given_back_piece_by_piece() -> Result<()> {
    let (place, running, caller) = shop().await?;
    let stand = caller.stand().await?;
    let (tea, mut body) = three_of_ten_teas(&caller, &stand).await?;
    body["total"] = json!(315);
    body["tenders"] = json!([{ "kind": "card", "amount": 200, "given": 200 }, { "kind": "cash", "amount": 115, "given": 115 }]);
    let sold = caller.post("/api/v1/sales", &body).await?.expect(201);
    let refunds = format!("{}/refunds", path("/api/v1/sales", &sold["id"]));
    let one = json!({ "shift_id": stand.shift, "lines": [{ "line": 1, "quantity": 1000 }], "restock": true });
    for expected in [json!([["card", -105]]), json!([["card", -95], ["cash", -10]]), json!([["cash", -105]])] {
        let back = caller.post(&refunds, &one).await?.expect(201);
        let detail = caller.get(&path("/api/v1/sales", &back["id"])).await?.expect(200);
        let tenders: Vec<Value> = detail["tenders"].as_array().unwrap().iter().map(|row| json!([row["kind"], row["amount"]])).collect();
        assert_eq!(json!(tenders), expected);
    }
    let detail = caller.get(&path("/api/v1/sales", &sold["id"])).await?.expect(200);
    assert_eq!(detail["given_back"], json!([["card", 200], ["cash", 115]]));
    assert_eq!(caller.on_hand(&tea).await?, 10_000);
    place.verify().await?;
    running.stop().await
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told() -> Result<()> {
    let (_place, running, caller) = shop().await?;
    let stand = caller.stand().await?;
    let post = async |body: Value| caller.post(PRODUCTS, &body).await;
    let mut unknown = draft(&stand, "P1", 1);
    unknown["prize"] = json!(1);
    let answer = post(unknown).await?;
    assert_eq!((answer.body["pointer"].as_str(), answer.problem(400)), (Some("#/prize"), 14_001));
    let mut wrong = draft(&stand, "P1", 1);
    wrong["barcodes"] = json!([{ "barcode": "1", "pack": "a box" }]);
    let answer = post(wrong).await?;
    assert_eq!((answer.body["pointer"].as_str(), answer.problem(400)), (Some("#/barcodes/0/pack"), 14_001));
    for malformed in ["", "{", "[]", "null", "\u{feff}{}", &"[".repeat(100_000)] {
        let request = caller.request(Method::POST, PRODUCTS).header("content-type", "application/json").body(malformed.to_owned());
        assert_eq!(caller.send(request).await?.problem(400), 14_001, "{malformed:.20}");
    }
    let plain = caller.send(caller.request(Method::POST, PRODUCTS).header("content-type", "text/plain").body("{}")).await?;
    assert_eq!(plain.problem(415), 10_415);
    let large = caller.send(caller.request(Method::POST, PRODUCTS).header("content-type", "application/json").body(vec![b' '; 1_048_577])).await?;
    assert_eq!(large.problem(413), 10_413);
    for query in ["?limes=1", "?limit=x", "?limit=-1", "?after=x", "?page=0", "?page=1&limit=1", "?sort=colour", "?limit=1&limit=2"] {
        assert_eq!(caller.get(&format!("{PRODUCTS}{query}")).await?.problem(400), 14_001, "{query}");
    }
    assert_eq!(caller.get("/api/v1/nothing").await?.problem(404), 10_404);
    for nothing in ["no-id", "0193a1b2-c3d4-7e5f-8a9b-000000000001"] {
        for place in ["inventory/products", "inventory/categories", "inventory/taxes", "sales", "shifts"] {
            assert_eq!(caller.get(&format!("/api/v1/{place}/{nothing}")).await?.problem(404), 13_001, "{place}");
        }
    }
    let wrong_method = caller.send(caller.request(Method::PATCH, PRODUCTS)).await?;
    let mut allowed: Vec<&str> = wrong_method.header("allow").unwrap().split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    assert_eq!(wrong_method.problem(405), 10_405);
    let nobody = Caller { token: "none".into(), ..caller.clone() };
    assert_eq!(nobody.get(PRODUCTS).await?.problem(401), 11_002);
    running.stop().await
}

#[tokio::test]
async fn a_file_is_imported_whole_or_not_at_all() -> Result<()> {
    let (place, running, caller) = shop().await?;
    let import = async |query: &str, file: &str| {
        let request = caller.request(Method::POST, &format!("{PRODUCTS}/import{query}")).header("content-type", "text/csv");
        caller.send(request.body(file.to_owned())).await
    };
    let good = "code,name,price,category\nTEA,Oolong,30,Drinks\nCAKE,Pineapple cake,12.5,\n";
    let wrong = import("", &good.replace("30", "thirty")).await?;
    assert_eq!((wrong.problem(400), &wrong.body["rows"][0]["row"]), (14_001, &json!(2)));
    // TWD has no cents.
    let good = good.replace("12.5", "12");
    assert_eq!(import("?check=true", &good).await?.expect(200)["created"], 2);
    assert_eq!(caller.get(&format!("{PRODUCTS}?page=1")).await?.expect(200)["total"], 0, "nothing so far");
    let done = import("", &good).await?.expect(200);
    assert_eq!((&done["created"], &done["new_categories"]), (&json!(2), &json!(["Drinks"])));
    assert_eq!(caller.get(&format!("{PRODUCTS}?page=1")).await?.expect(200)["total"], 2);
    let again = import("", &good.replace(",30,", ",35,")).await?.expect(200);
    assert_eq!((&again["changed"], &again["unchanged"]), (&json!(1), &json!(1)));
    assert_eq!(import("", "colour,size\n1,2\n").await?.problem(400), 10_005);
    assert_eq!(caller.post(&format!("{PRODUCTS}/import"), &json!({})).await?.problem(415), 10_415);
    place.verify().await?;
    running.stop().await
}

#[tokio::test]
async fn browsers_are_told_what_they_may() -> Result<()> {
    let place = Place::with_company(Transport::Plain).await?;
    let settings = Settings { cors_origins: vec!["https://example.com".into()], ..place.settings };
    let running = kontor_server::server::start(&settings).await?;
    let api = Api::plain(&running)?;
    let preflight = |origin: &str| {
        let request = api.client.request(Method::OPTIONS, format!("{}{PRODUCTS}", api.base)).header("origin", origin);
        request.header("access-control-request-method", "PUT").header("access-control-request-headers", "if-match").send()
    };
    let allowed = preflight("https://example.com").await?;
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://example.com");
    assert!(allowed.headers()["access-control-allow-headers"].to_str()?.contains("if-match"));
    let other = preflight("https://localhost").await?;
    assert!(!other.headers().contains_key("access-control-allow-origin"));
    let answer = api.client.get(format!("{}{PRODUCTS}", api.base)).header("origin", "https://example.com").send().await?;
    let headers = answer.headers();
    assert_eq!(headers["access-control-allow-origin"], "https://example.com");
    assert!(!headers.contains_key("access-control-allow-credentials"));
    for (name, value) in
        [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"), ("cache-control", "no-store")]
    {
        assert_eq!(headers[name], value);
    }
    assert!(headers["content-security-policy"].to_str()?.starts_with("default-src 'none'"));
    assert!(!headers.contains_key("strict-transport-security"), "only over TLS");
    let docs = api.client.get(format!("{}/docs", api.base)).send().await?;
    let policy = docs.headers()["content-security-policy"].to_str()?.to_owned();
    assert!(policy.contains("script-src 'sha256-") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(docs.text().await?.contains("/api/v1/openapi.json"));
    running.stop().await
}

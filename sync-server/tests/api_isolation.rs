//! Two companies with the same data on one server, and programs that may exactly one thing: every route that is described,
//! tried by generation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use kontor_domain::catalog::{self, ProductChanges};
use kontor_domain::command::{Command, Edit, Permission};
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::{CommandId, DeviceId, PersonId, ProductId, RoleId};
use kontor_domain::world::Scope;
use kontor_server::admin::{self, NewEnrolment};
use kontor_server::api::spec::{self, DEVICE, PERMISSION};
use kontor_server::config::Transport;
use kontor_server::host::{Host, now};
use kontor_server::identity::passwords;
use kontor_server::routes::specification;
use kontor_sync::enrol::{EnrolReply, Secret};
use kontor_sync::message::{PullReply, PushRequest};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::caller::{Answered, Caller};
use support::company::Company;
use support::operations::{Ids, ask, ask_mixed, everything, furnish, operations, random, said_ids};
use support::picture::{png, upload};
use support::{Api, Place, Till, pushed};
use uuid::Uuid;

#[tokio::test]
async fn no_id_of_one_company_answers_in_another() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let (running, api, first, second) = Company::two(&place).await?;
    let host = running.host();
    let (mine, theirs) = (first.program(host, &api, Permission::ALL).await?, second.program(host, &api, Permission::ALL).await?);
    let (own, other) = (furnish(&mine).await?, furnish(&theirs).await?);
    let before = everything(&theirs, &other).await?;
    for operation in operations() {
        let what = operation.name();
        let (asked, unknown) = (ask(&mine, &operation, &other).await?, ask(&mine, &operation, &random()).await?);
        // What is not of this company is as if it were nowhere.
        let code = |answer: &Answered| (answer.status, answer.body["code"].as_u64());
        assert_eq!(code(&asked), code(&unknown), "{what}: {} is not {}", asked.body, unknown.body);
        if operation.path.contains("{id}") {
            // 409: a shift that is not there is not open.
            assert!([404, 409].contains(&asked.status.as_u16()), "{what}: {}", asked.status);
        }
        if operation.method == Method::GET {
            let text = asked.body.to_string();
            for (name, id) in &other {
                assert!(!text.contains(id.as_str().unwrap()), "{what} tells the other's {name}");
            }
        }
    }
    assert_eq!(everything(&theirs, &other).await?, before, "nothing of the other company has changed");
    // And each answers in its own.
    everything(&mine, &own).await?;
    running.stop().await
}

#[tokio::test]
async fn every_operation_needs_the_rights_it_names_and_no_others() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let company = place.found().await?;
    let running = place.start().await?;
    let (host, api) = (running.host(), Api::plain(&running)?);
    let company = Company::of(host, company).await?;
    let ids = furnish(&company.program(host, &api, Permission::ALL).await?).await?;
    for operation in operations() {
        let what = operation.name();
        let exactly = company.program(host, &api, &operation.rights).await?;
        let answer = ask(&exactly, &operation, &ids).await?;
        // What the screens ask needs, each time, a right that the question or command names.
        assert!(operation.rights.is_empty() || answer.status.as_u16() != 403, "{what}: {}", answer.body);
        assert!(!answer.status.is_server_error(), "{what}: {}", answer.body);
        for right in &operation.rights {
            let rest: Vec<Permission> = Permission::ALL.iter().copied().filter(|other| other != right).collect();
            let without = company.program(host, &api, &rest).await?;
            let answer = ask(&without, &operation, &ids).await?;
            assert_eq!((answer.body["args"]["permission"].as_str(), answer.status.as_u16()), (Some(right.word()), 403), "{what}");
        }
    }
    running.stop().await
}

/// A session of somebody of a company, by which nothing may be asked but by them.
async fn session(host: &Host, api: &Api, company: Company, code: &str) -> Result<(Caller, Value)> {
    let password = "a long enough password";
    let person = PersonId(Uuid::now_v7());
    let (name, role_id) = (format!("clerk.{}", code.to_lowercase()), RoleId::of(BuiltIn::WarehouseClerk));
    let new = kontor_domain::identity::CreatePerson {
        id: person,
        name: name.clone(),
        username: name.clone(),
        email: String::new(),
        department: String::new(),
        position: String::new(),
        role_id,
    };
    let command = Command::Identity(kontor_domain::identity::Command::CreatePerson(new));
    let device = kontor_server::identity::actor::server_device(company.id);
    host.submit(CommandId(Uuid::now_v7()), company.id, device, company.owner, command).await.map_err(|reject| anyhow::anyhow!("{reject}"))?;
    host.access.set_password(company.id, person, &passwords::hash(&Secret(password.into()))?, now()).await?;
    let caller = Caller::sign_in(api, Some(code), &name, password).await?;
    let id = caller.get("/api/v1/auth/sessions").await?.expect(200)["rows"][0]["id"].clone();
    Ok((caller, id))
}

/// Whoever is signed in here ends no session there, and one's own id in the path lets nothing of another in by the body.
#[tokio::test]
async fn no_body_and_no_session_mixes_what_is_of_two_companies() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let (running, api, first, second) = Company::two(&place).await?;
    let host = running.host();
    let (mine, theirs) = (first.program(host, &api, Permission::ALL).await?, second.program(host, &api, Permission::ALL).await?);
    let (own, other) = (furnish(&mine).await?, furnish(&theirs).await?);
    let (my_clerk, _) = session(host, &api, first, "HS").await?;
    let (their_clerk, their_session) = session(host, &api, second, "SE").await?;
    for caller in [&mine, &my_clerk] {
        let path = format!("/api/v1/auth/sessions/{}", their_session.as_str().context("a session")?);
        let (theirs, unknown) =
            (caller.request(Method::DELETE, &path), caller.request(Method::DELETE, &format!("/api/v1/auth/sessions/{}", Uuid::now_v7())));
        let (theirs, unknown) = (caller.send(theirs).await?, caller.send(unknown).await?);
        assert_eq!((theirs.problem(404), &theirs.body), (unknown.problem(404), &unknown.body));
    }
    their_clerk.get("/api/v1/auth/me").await?.expect(200);
    let before = everything(&theirs, &other).await?;
    let mut tried = BTreeSet::new();
    for operation in operations() {
        for name in said_ids(&operation, &own) {
            let what = format!("{} with another's {name}", operation.name());
            let with = |id: Value| -> Ids { own.clone().into_iter().chain([(name, id)]).collect() };
            let asked = ask_mixed(&mine, &operation, &own, &with(other[name].clone())).await?;
            let unknown = ask_mixed(&mine, &operation, &own, &with(json!(Uuid::now_v7()))).await?;
            let code = |answer: &Answered| (answer.status, answer.body["code"].as_u64());
            assert_eq!(code(&asked), code(&unknown), "{what}: {} is not {}", asked.body, unknown.body);
            assert!(asked.status.is_client_error(), "{what}: {} {}", asked.status, asked.body);
            tried.insert((operation.name(), name));
        }
    }
    assert!(tried.len() > 12, "{tried:?}");
    assert_eq!(everything(&theirs, &other).await?, before, "nothing of the other company has changed");
    everything(&mine, &own).await?;
    running.stop().await
}

/// A till of a company that has had everything there is for it.
async fn till(place: &Place, host: &Host, api: &Api, company: Company) -> Result<Till> {
    let wish = NewEnrolment { till: Some(1), name: None, beside: 1 };
    let shown = admin::invite(&host.access, company.id, company.owner, &wish, None, now()).await?;
    let enrolled: EnrolReply = api.enrol(&shown.code.0).await?.context("no token")?;
    let mut till = Till::open(&place.folder.path().join(format!("{}.kontor", Uuid::now_v7().simple())), api, &enrolled, None).await?;
    till.sync().await?;
    Ok(till)
}

/// Paths that a device asks, as the specification lists them.
fn paths_of_devices() -> BTreeSet<(String, String)> {
    let spec: Value = serde_json::from_str(&spec::text(&specification()).unwrap()).unwrap();
    let operations = spec["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
    });
    operations.filter(|(_, _, operation)| operation[PERMISSION] == json!([DEVICE])).map(|(method, path, _)| (method, path)).collect()
}

/// Whether any of these ids stands in what was answered, as text or as a database keeps it.
fn tells(bytes: &[u8], ids: &Ids) -> bool {
    let ids: Vec<Uuid> = ids.values().filter_map(|id| id.as_str()?.parse().ok()).collect();
    ids.iter().any(|id| {
        let text = id.to_string();
        [text.as_bytes(), id.as_bytes().as_slice()].iter().any(|wanted| bytes.windows(wanted.len()).any(|part| part == *wanted))
    })
}

/// Everything that a till may ask, asked by one of another company: of this one it hears, changes and gets nothing.
#[tokio::test]
async fn a_till_of_one_company_reaches_nothing_of_another_by_any_path_of_devices() -> Result<()> {
    let place = Place::new(Transport::Plain)?;
    let (running, api, first, second) = Company::two(&place).await?;
    let host = running.host();
    let (mine, theirs) = (first.program(host, &api, Permission::ALL).await?, second.program(host, &api, Permission::ALL).await?);
    let (own, other) = (furnish(&mine).await?, furnish(&theirs).await?);
    let my_till = till(&place, host, &api, first).await?;
    let mut their_till = till(&place, host, &api, second).await?;
    let as_their_till = Caller { api: api.clone(), token: their_till.token().to_owned() };
    let hash = upload(&mine, &own["product_id"], &png(1)).await?.expect(201)["sha256"].as_str().context("a hash")?.to_owned();
    hear_nothing(&as_their_till, &mine, &theirs).await?;
    let before = everything(&mine, &own).await?;
    for (method, path) in paths_of_devices() {
        match (method.as_str(), path.trim_start_matches("/api/v1/")) {
            ("POST", "sync/push") => push(&as_their_till, &own, &my_till, second).await?,
            ("POST", "sync/pull") => {
                let mut request = their_till.pull_request(0)?;
                request.device = my_till.enrolled.device;
                // From the beginning, and what the other's till has beside.
                for scope in scopes(&my_till, &own) {
                    request.state.cursors.insert(scope.0, 0);
                }
                let reply: Value = api.ask("/api/v1/sync/pull", their_till.token(), &request).await?;
                assert!(!tells(reply.to_string().as_bytes(), &own), "{reply}");
                let PullReply::Page(page) = serde_json::from_value(reply)? else { continue };
                let mut foreign = scopes(&my_till, &own);
                foreign.remove(&Scope::COMPANY);
                assert!(foreign.iter().all(|scope| !page.scopes.contains_key(&scope.0)), "{:?}", page.scopes);
            }
            ("GET", "sync/snapshot/{scope}") => {
                for scope in scopes(&my_till, &own) {
                    let answer = as_their_till.request(Method::GET, &format!("/api/v1/sync/snapshot/{}", scope.0)).send().await?;
                    let status = answer.status();
                    let packed = answer.bytes().await?;
                    let bytes = if status == StatusCode::OK { zstd::stream::decode_all(&*packed)? } else { packed.to_vec() };
                    assert!(!tells(&bytes, &own), "{scope:?}: {status}");
                }
            }
            ("POST", "sync/older") => {
                let sale = json!({ "counter": { "get_sale": { "id": own["sale_id"] } } });
                for (actor, expected) in [(first.owner, 403), (second.owner, 200)] {
                    let answer = as_their_till.post("/api/v1/sync/older", &json!({ "actor": actor, "query": sale })).await?;
                    assert_eq!((answer.status.as_u16(), tells(answer.body.to_string().as_bytes(), &own)), (expected, false), "{}", answer.body);
                }
            }
            // Heard above, because what is told has to be written.
            ("GET", "sync/hints") => {}
            ("GET" | "PUT", "blobs/{sha256}") => {
                let request = as_their_till.request(method.parse()?, &format!("/api/v1/blobs/{hash}"));
                let request = if method == "PUT" { request.header("content-type", "image/png").body(png(1)) } else { request };
                as_their_till.send(request).await?.problem(404);
            }
            _ => panic!("{method} {path} is asked by devices: what does it tell one of another company?"),
        }
    }
    assert_eq!(everything(&mine, &own).await?, before, "nothing here has changed");
    everything(&theirs, &other).await?;
    running.stop().await
}

/// The scopes of a till and of the people, things and places of its company; those of every company come with each.
fn scopes(till: &Till, ids: &Ids) -> BTreeSet<Scope> {
    let cut = ids.values().filter_map(|id| id.as_str()?.parse::<Uuid>().ok()).map(Scope::of_id);
    let held = till.look().unwrap().0.cursors.into_keys();
    held.chain(cut).chain([Scope::AUTHORITY, Scope::OFFICE, Scope::of_id(till.enrolled.device.0)]).collect()
}

/// Commands about what is of another company, said to be of its device and its people.
async fn push(theirs: &Caller, own: &Ids, my_till: &Till, second: Company) -> Result<()> {
    let product = ProductId(own["product_id"].as_str().context("a product")?.parse()?);
    let changes = ProductChanges { name: Some(Edit { from: "Product P1".into(), to: "Taken".into() }), ..ProductChanges::of(product) };
    let command = Command::Catalog(catalog::Command::EditProduct(Box::new(changes)));
    let device: DeviceId = my_till.enrolled.device;
    let commands = vec![pushed(1, &command, my_till.enrolled.person)?, pushed(2, &command, second.owner)?];
    let request = PushRequest { epoch: None, replica: Uuid::new_v4(), device, build: "test".into(), now: now(), commands };
    let answer = theirs.post("/api/v1/sync/push", &serde_json::to_value(&request)?).await?;
    assert!(!tells(answer.body.to_string().as_bytes(), own), "{}", answer.body);
    Ok(())
}

/// The line of a till is told when something of its own company is written, and says nothing of another's.
async fn hear_nothing(listener: &Caller, mine: &Caller, theirs: &Caller) -> Result<()> {
    let mut line = listener.request(Method::GET, "/api/v1/sync/hints").send().await?;
    assert_eq!(line.status(), StatusCode::OK);
    // Ours first: had it been told, it would have come first.
    let count = |text: &str| text.matches("data:").count();
    for name in ["Ours", "Ours, too"] {
        mine.post("/api/v1/inventory/categories", &json!({ "name": name })).await?.expect(201);
    }
    theirs.post("/api/v1/inventory/categories", &json!({ "name": "Theirs" })).await?.expect(201);
    let mut text = String::new();
    while count(&text) == 0 {
        let piece = line.chunk().await?.context("the line ended")?;
        text.push_str(&String::from_utf8_lossy(&piece));
    }
    assert_eq!(count(&text), 1, "{text}");
    Ok(())
}

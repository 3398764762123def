//! Who is at the till: a shop alone that asks, and tills of a shop server, as real processes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;

use anyhow::{Context as _, ensure};
use kontor_domain::attention::{Attention, ListAttention};
use kontor_domain::catalog::{self, NewCategory};
use kontor_domain::command::{Command, Edit, Receipt, Request};
use kontor_domain::counter::cart::{Cart, Discount};
use kontor_domain::counter::{self, GetSale, Sell};
use kontor_domain::host::{Asking, HostCall, KeepProof, Proof, ProofKind, Seat, ServerAsk, ServerMethod, Start, SyncPhase};
use kontor_domain::identity::{self, Approval, BuiltIn, CreatePerson, GetPerson, ListKeys};
use kontor_domain::ids::{CategoryId, CommandId, PersonId, RoleId, SaleId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use kontor_domain::settings::{self, CompanyChanges, DeviceView, ListDevices, TaxMode};
use kontor_domain::units::{Money, Rate};
use kontor_tests::office::Office;
use kontor_tests::program::Headless;
use kontor_tests::server::Server;
use kontor_tests::shop::{Founded, cart_line, found_command, id, product_command};
use kontor_tests::till::Till;
use serde_json::{Value, json};

const OWNERS_PIN: &str = "48151623";
const SELLERS_PIN: &str = "7302";
const PASSWORD: &str = "correct horse battery";

fn pin(text: &str) -> Proof {
    Proof { kind: ProofKind::Pin, secret: Secret(text.into()) }
}

fn password(text: &str) -> Proof {
    Proof { kind: ProofKind::Password, secret: Secret(text.into()) }
}

fn keep(person_id: PersonId, current: Option<Proof>, new: &str) -> HostCall {
    HostCall::KeepProof(KeepProof { person_id, current, new: pin(new) })
}

fn take(person_id: PersonId, proof: Proof) -> HostCall {
    HostCall::TakeSeat { person_id, proof }
}

fn sign_in(username: &str, password: &str) -> HostCall {
    HostCall::SignIn { username: username.into(), password: Secret(password.into()) }
}

async fn seat(program: &mut Headless, call: &HostCall) -> anyhow::Result<Seat> {
    program.host(call).await
}

async fn refused(program: &mut Headless, call: &HostCall) -> anyhow::Result<Code> {
    Ok(program.refusal(call).await?.code)
}

/// A sale of one piece with so much per cent off.
fn sale(founded: &Founded, percent: i64) -> anyhow::Result<(SaleId, Command)> {
    let discount = if percent == 0 { Discount::None } else { Discount::Percent(Rate(percent * 10_000)) };
    let cart = Cart { tax_mode: TaxMode::Inclusive, lines: vec![cart_line(founded, 0)], discount };
    let sale_id = SaleId(id());
    Ok((sale_id, Command::Counter(counter::Command::Sell(Box::new(Sell::for_exact_cash(sale_id, founded.shift, cart, Money(1))?)))))
}

/// What becomes of a command.
async fn try_to(program: &mut Headless, command: &Command) -> anyhow::Result<Result<Receipt, Reject>> {
    let request = Request { id: CommandId(id()), command: command.clone() };
    let answer = program.call("execute", &serde_json::to_value(&request)?).await?;
    match answer.get("ok") {
        Some(ok) => Ok(Ok(serde_json::from_value(ok.clone())?)),
        None => Ok(Err(serde_json::from_value(answer["reject"].clone())?)),
    }
}

async fn code_of(program: &mut Headless, command: &Command) -> anyhow::Result<Option<Code>> {
    Ok(try_to(program, command).await?.err().map(|reject| reject.code))
}

/// No file of a folder holds the text, in the open.
fn is_nowhere(folder: &Path, text: &str) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            is_nowhere(&path, text)?;
        } else {
            let bytes = std::fs::read(&path)?;
            ensure!(!bytes.windows(text.len()).any(|part| part == text.as_bytes()), "{} holds it", path.display());
        }
    }
    Ok(())
}

/// A shop alone with two products, its owner, and a seller.
async fn alone(folder: &Path) -> anyhow::Result<(Headless, Founded, PersonId, PersonId)> {
    let mut program = Headless::start(folder, &[])?;
    let start: Start = program.host(&HostCall::GetStart).await?;
    let (found, founded) = found_command(start.person, 2);
    program.execute(found).await?;
    for index in 0..founded.products.len() {
        program.execute(product_command(&founded, index)).await?;
    }
    let seller = PersonId(id());
    let new: CreatePerson = serde_json::from_value(json!({ "id": seller, "name": "Lin", "role_id": RoleId::of(BuiltIn::Seller) }))?;
    program.execute(Command::Identity(identity::Command::CreatePerson(new))).await?;
    Ok((program, founded, start.person, seller))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_alone_asks_nobody_until_its_owner_wants_it_and_then_everybody() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut program, founded, owner, seller) = alone(folder.path()).await?;
    let now = seat(&mut program, &HostCall::GetSeat).await?;
    ensure!((now.asking, now.person_id, now.known.len()) == (Asking::Nobody, Some(owner), 0), "{now:?}");
    // Nobody locks themselves out.
    ensure!(refused(&mut program, &HostCall::SetAsking(Asking::Everybody)).await? == Code::NotKnownHere);
    for (wrong, code) in [("12x4", Code::Format), ("123", Code::OutOfRange), ("123456789", Code::OutOfRange)] {
        ensure!(refused(&mut program, &keep(owner, None, wrong)).await? == code, "{wrong}");
    }
    seat(&mut program, &keep(owner, None, OWNERS_PIN)).await?;
    ensure!(refused(&mut program, &keep(owner, None, "0000")).await? == Code::NotKnownHere, "the PIN until now is asked for");
    ensure!(refused(&mut program, &keep(seller, Some(pin("0000")), SELLERS_PIN)).await? == Code::BadCredentials);
    seat(&mut program, &keep(seller, Some(pin(OWNERS_PIN)), SELLERS_PIN)).await?;
    let asks = seat(&mut program, &HostCall::SetAsking(Asking::Everybody)).await?;
    ensure!((asks.asking, asks.person_id, asks.known.len()) == (Asking::Everybody, Some(owner), 2), "{asks:?}");
    program.end().await?;

    // From now on nothing is shown or done before somebody has said who they are.
    let mut program = Headless::start(folder.path(), &[])?;
    ensure!(seat(&mut program, &HostCall::GetSeat).await?.is_locked());
    let (_, sell) = sale(&founded, 0)?;
    ensure!(code_of(&mut program, &sell).await? == Some(Code::Unauthorised));
    let query = json!({ "catalog": { "list_taxes": {} } });
    ensure!(program.call("query", &query).await?["reject"]["code"] == json!(11003));
    let backup = HostCall::Backup { path: folder.path().join("copy").display().to_string() };
    ensure!(refused(&mut program, &backup).await? == Code::Unauthorised);
    ensure!(refused(&mut program, &take(seller, pin(OWNERS_PIN))).await? == Code::BadCredentials);
    let here = seat(&mut program, &take(seller, pin(SELLERS_PIN))).await?;
    ensure!(here.person_id == Some(seller) && here.discount_limit == BuiltIn::Seller.discount_limit(), "{here:?}");
    program.execute(sell).await?;
    ensure!(refused(&mut program, &backup).await? == Code::InsufficientPermission);
    ensure!(refused(&mut program, &HostCall::SetAsking(Asking::Nobody)).await? == Code::InsufficientPermission);
    let devices = json!({ "settings": { "list_devices": {} } });
    ensure!(program.call("query", &devices).await?["reject"]["code"] == json!(Code::InsufficientPermission.number()));
    let hire: CreatePerson = serde_json::from_value(json!({ "id": PersonId(id()), "name": "Eve", "role_id": RoleId::OWNER }))?;
    ensure!(code_of(&mut program, &Command::Identity(identity::Command::CreatePerson(hire))).await? == Some(Code::InsufficientPermission));

    // Who may no longer work here is not let in, whatever they know.
    seat(&mut program, &take(owner, pin(OWNERS_PIN))).await?;
    let fire = json!({ "identity": { "set_active": { "person_id": seller, "active": { "from": true, "to": false } } } });
    program.execute(serde_json::from_value(fire)?).await?;
    ensure!(refused(&mut program, &take(seller, pin(SELLERS_PIN))).await? == Code::Inactive);
    ensure!(seat(&mut program, &HostCall::LockSeat).await?.known.iter().all(|known| known.person_id == owner));
    program.end().await?;
    is_nowhere(folder.path(), OWNERS_PIN)?;
    is_nowhere(folder.path(), "\"7302\"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_seller_may_not_do_alone_is_done_when_somebody_who_may_has_typed_their_pin() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut program, founded, owner, seller) = alone(folder.path()).await?;
    seat(&mut program, &keep(owner, None, OWNERS_PIN)).await?;
    seat(&mut program, &keep(seller, Some(pin(OWNERS_PIN)), SELLERS_PIN)).await?;
    seat(&mut program, &HostCall::SetAsking(Asking::Everybody)).await?;
    seat(&mut program, &take(seller, pin(SELLERS_PIN))).await?;
    let (sale_id, sell) = sale(&founded, 20)?;
    ensure!(code_of(&mut program, &sell).await? == Some(Code::OverDiscountLimit));
    let approve = |person_id, proof, command: &Command| HostCall::Approve { person_id, proof, command: Box::new(command.clone()) };
    ensure!(refused(&mut program, &approve(owner, pin("0000"), &sell)).await? == Code::BadCredentials);
    ensure!(refused(&mut program, &approve(seller, pin(SELLERS_PIN), &sell)).await? == Code::OverDiscountLimit);
    let approval: Approval = program.host(&approve(owner, pin(OWNERS_PIN), &sell)).await?;
    ensure!((approval.person_id, approval.discount) == (owner, Rate(200_000)), "{approval:?}");
    // It is good for this sale alone, and only this program gives one.
    let (_, other) = sale(&founded, 20)?;
    ensure!(code_of(&mut program, &other.clone().approved(Some(approval.clone()))).await? == Some(Code::ApprovalUnknown));
    let forged = Approval { id: kontor_domain::ids::ApprovalId(id()), ..approval.clone() };
    ensure!(code_of(&mut program, &other.approved(Some(forged))).await? == Some(Code::ApprovalUnknown));
    program.execute(sell.approved(Some(approval))).await?;
    let detail = program.ask(GetSale { id: sale_id }).await?.context("the sale")?;
    ensure!((detail.sale.person_id, detail.sale.approved_by) == (seller, Some(owner)), "{:?}", detail.sale);
    ensure!(detail.person_name == "Lin" && detail.approved_by_name.is_some(), "{:?}", detail.approved_by_name);
    // The books are for who may read them.
    seat(&mut program, &take(owner, pin(OWNERS_PIN))).await?;
    program.verify().await?;
    program.end().await?;
    is_nowhere(folder.path(), OWNERS_PIN)
}

/// A server with a shop, its owner signed in in the office, a manager and a seller, and a till that has joined.
async fn with_people(folder: &tempfile::TempDir) -> anyhow::Result<(Server, Office, Till, PersonId, PersonId)> {
    let mut server = Server::plain(&folder.path().join("server"))?;
    server.found().await?;
    server.admit("mei", PASSWORD).await?;
    server.start().await?;
    let office = Office::sign_in(&server, "mei", PASSWORD).await?;
    let manager = office.hire("mana", BuiltIn::Manager, PASSWORD).await?;
    let seller = office.hire("lin", BuiltIn::Seller, PASSWORD).await?;
    let mut till = Till::join(&folder.path().join("till"), server.invite(Some(1)).await?).await?;
    till.ready(2).await?;
    till.until_synced().await?;
    Ok((server, office, till, manager, seller))
}

async fn items(till: &mut Till) -> anyhow::Result<Vec<Attention>> {
    Ok(till.program.ask(ListAttention { offset: 0, limit: 100 }).await?.rows)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signed_in_at_a_till_once_signs_in_without_the_server() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, _office, mut till, manager, seller) = with_people(&folder).await?;
    // Nobody is known here yet, and the server says who it is.
    ensure!(refused(&mut till.program, &take(seller, password(PASSWORD))).await? == Code::NotKnownHere);
    ensure!(refused(&mut till.program, &sign_in("lin", "wrong horse")).await? == Code::BadCredentials);
    for (name, person) in [("mana", manager), ("LIN ", seller), ("mei", till.session().await?.person.id)] {
        ensure!(seat(&mut till.program, &sign_in(name, PASSWORD)).await?.person_id == Some(person), "{name}");
    }
    seat(&mut till.program, &HostCall::SetAsking(Asking::Everybody)).await?;
    seat(&mut till.program, &take(seller, password(PASSWORD))).await?;
    seat(&mut till.program, &keep(seller, Some(password(PASSWORD)), SELLERS_PIN)).await?;
    server.kill().await?;
    till.until("it notices", |state| state.phase == SyncPhase::Offline).await?;
    till.program.end().await?;

    let mut till = Till::start(&folder.path().join("till"))?;
    ensure!(seat(&mut till.program, &HostCall::GetSeat).await?.is_locked());
    ensure!(refused(&mut till.program, &sign_in("lin", "wrong horse")).await? == Code::BadCredentials);
    ensure!(seat(&mut till.program, &sign_in("lin", PASSWORD)).await?.person_id == Some(seller));
    seat(&mut till.program, &HostCall::LockSeat).await?;
    ensure!(seat(&mut till.program, &take(seller, pin(SELLERS_PIN))).await?.person_id == Some(seller));
    let founded = till.ready(2).await?;
    till.sell(&founded, &[0]).await?;
    // Ten wrong tries, and this till does not know them any more; the server does.
    for _ in 0..kontor_desktop::seat::FAILURES_LIMIT {
        ensure!(refused(&mut till.program, &take(seller, pin("0000"))).await? == Code::BadCredentials);
    }
    ensure!(refused(&mut till.program, &take(seller, pin(SELLERS_PIN))).await? == Code::NotKnownHere);
    ensure!(refused(&mut till.program, &sign_in("lin", PASSWORD)).await? == Code::ServerAway);
    server.start().await?;
    ensure!(seat(&mut till.program, &sign_in("lin", PASSWORD)).await?.person_id == Some(seller));
    let _: () = till.program.host(&HostCall::SyncNow).await?;
    till.until_agrees(&server.file()).await?;
    till.program.end().await?;
    is_nowhere(folder.path(), PASSWORD)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_withdrawn_while_a_till_was_away_flag_its_facts_and_refuse_its_requests() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, office, mut till, manager, seller) = with_people(&folder).await?;
    let owner = till.session().await?.person.id;
    for name in ["mana", "lin", "mei"] {
        seat(&mut till.program, &sign_in(name, PASSWORD)).await?;
    }
    seat(&mut till.program, &HostCall::SetAsking(Asking::Everybody)).await?;
    let founded = till.ready(2).await?;
    till.until_synced().await?;
    server.kill().await?;
    till.until("it notices", |state| state.phase == SyncPhase::Offline).await?;
    // Away: the manager makes a category and the seller gives a discount that the manager allows.
    seat(&mut till.program, &take(manager, password(PASSWORD))).await?;
    let category = NewCategory { id: CategoryId(id()), parent_id: None, name: "Tea".into(), hue: 1 };
    till.program.execute(Command::Catalog(catalog::Command::CreateCategory(category))).await?;
    seat(&mut till.program, &take(seller, password(PASSWORD))).await?;
    let (sale_id, sell) = sale(&founded, 30)?;
    let approve = HostCall::Approve { person_id: manager, proof: password(PASSWORD), command: Box::new(sell.clone()) };
    let approval: Approval = till.program.host(&approve).await?;
    till.program.execute(sell.approved(Some(approval))).await?;
    let before = items(&mut till).await?.len();
    till.program.end().await?;

    // Meanwhile the owner believes the manager no longer on this till.
    server.start().await?;
    let office_again = Office::sign_in(&server, "mei", PASSWORD).await?;
    drop(office);
    let asked =
        office_again.call("POST", "/api/v1/screens/query", &serde_json::to_value(kontor_domain::command::Query::from(ListDevices {}))?).await?;
    let devices: Vec<DeviceView> = serde_json::from_value(asked)?;
    let device = devices.iter().find(|view| view.persons.iter().any(|person| person.person_id == manager)).context("the till")?;
    let path = format!("/api/v1/devices/{}/persons/{manager}/withdraw", device.device.id);
    office_again.call("POST", &path, &json!({})).await?;
    office_again.call("POST", &path, &json!({})).await.context("again changes nothing")?;

    let mut till = Till::start(&folder.path().join("till"))?;
    seat(&mut till.program, &take(owner, password(PASSWORD))).await?;
    till.until_synced().await?;
    till.until_agrees(&server.file()).await?;
    let detail = till.program.ask(GetSale { id: sale_id }).await?.context("the sale stands")?;
    ensure!(detail.sale.approved_by == Some(manager));
    let told: Vec<String> = items(&mut till).await?.into_iter().map(|item| item.args).collect();
    ensure!(told.len() == before + 2, "{told:?}");
    ensure!(told.iter().any(|args| args.contains("17005")), "the discount is flagged: {told:?}");
    ensure!(told.iter().any(|args| args.contains("12001") && args.contains("create_category")), "the category is refused: {told:?}");
    till.program.end().await
}

fn go_to_server(password: &str) -> HostCall {
    HostCall::GoToServer { password: Secret(password.into()) }
}

fn ask_server(method: ServerMethod, path: &str, body: Option<Value>) -> HostCall {
    HostCall::AskServer(ServerAsk { method, path: path.into(), body: body.map(|body| body.to_string()) })
}

fn new_phone(from: &str, to: &str) -> Command {
    let phone = Some(Edit { from: from.to_owned(), to: to.to_owned() });
    Command::Settings(settings::Command::ChangeCompany(Box::new(CompanyChanges { phone, ..CompanyChanges::default() })))
}

/// Sessions that a person has at the server.
async fn sessions(office: &Office) -> anyhow::Result<usize> {
    let listed = office.call("GET", "/api/v1/auth/sessions", &Value::Null).await?;
    Ok(listed["rows"].as_array().context("rows")?.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_the_server_keeps_is_changed_at_a_till_by_who_shows_it_their_password() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut server, office, mut till, _manager, seller) = with_people(&folder).await?;
    let owner = seat(&mut till.program, &sign_in("mei", PASSWORD)).await?.person_id.context("somebody")?;
    let own_sessions = sessions(&office).await?;

    // Being at the till is not enough, and neither is a wrong password.
    let rename = new_phone("", "02 1234 5678");
    ensure!(code_of(&mut till.program, &rename).await? == Some(Code::NotAtServer));
    ensure!(refused(&mut till.program, &ask_server(ServerMethod::Get, "/api/v1/api-keys", None)).await? == Code::NotAtServer);
    ensure!(refused(&mut till.program, &go_to_server("wrong horse")).await? == Code::BadCredentials);
    let now = seat(&mut till.program, &go_to_server(PASSWORD)).await?;
    ensure!(now.at_server_until.is_some() && now.person_id == Some(owner), "{now:?}");

    // The shop's own data, once however often it is sent; and it comes to the till like everybody's.
    let request = Request { id: CommandId(id()), command: rename };
    for is_repeated in [false, true] {
        let answer = till.program.ok("execute", &serde_json::to_value(&request)?).await?;
        let receipt: Receipt = serde_json::from_value(answer)?;
        ensure!(receipt.id == request.id && receipt.repeated == is_repeated, "{receipt:?}");
    }
    ensure!(code_of(&mut till.program, &new_phone("", "1")).await? == Some(Code::ChangedMeanwhile), "as it was seen");
    till.until_agrees(&server.file()).await?;
    ensure!(till.session().await?.company.phone == "02 1234 5678");

    // A person with an address, which tills are never sent, a password, and a key.
    let person_id = PersonId(id());
    let role = RoleId::of(BuiltIn::Seller);
    let new: CreatePerson =
        serde_json::from_value(json!({ "id": person_id, "name": "Aki", "username": "aki", "email": "aki@example.com", "role_id": role }))?;
    till.program.execute(Command::Identity(identity::Command::CreatePerson(new))).await?;
    let found = till.program.ask(GetPerson { id: person_id }).await?.context("the person")?;
    ensure!(found.profile.is_some_and(|profile| profile.email == "aki@example.com"));
    let path = format!("/api/v1/users/{person_id}/password");
    let _: () = till.program.host(&ask_server(ServerMethod::Put, &path, Some(json!({ "password": PASSWORD })))).await?;
    let key = json!({ "name": "web shop", "permissions": ["catalog.read"] });
    let made: Value = till.program.host(&ask_server(ServerMethod::Post, "/api/v1/api-keys", Some(key))).await?;
    ensure!(made["key"].is_string(), "{made}");
    ensure!(till.program.ask(ListKeys {}).await?.len() == 1);
    for path in ["/metrics", "https://example.com/api/v1/users", "/api/v1/../../metrics"] {
        ensure!(refused(&mut till.program, &ask_server(ServerMethod::Get, path, None)).await? == Code::Format, "{path}");
    }
    let csv = folder.path().join("audit.csv");
    let to = csv.display().to_string();
    let _: () = till.program.host(&HostCall::SaveFromServer { path: "/api/v1/audit/export".into(), to }).await?;
    ensure!(std::fs::read_to_string(&csv)?.contains("settings.change_company"));

    // Away it is told so, nothing is half done, and later it is done once.
    let request = Request { id: CommandId(id()), command: new_phone("02 1234 5678", "07 000") };
    server.kill().await?;
    let answer = till.program.call("execute", &serde_json::to_value(&request)?).await?;
    ensure!(serde_json::from_value::<Reject>(answer["reject"].clone())?.code == Code::ServerUnreached, "{answer}");
    server.start().await?;
    till.program.ok("execute", &serde_json::to_value(&request)?).await?;

    // Who locks the till, or leaves it to somebody else, has left the server, too.
    ensure!(sessions(&office).await? == own_sessions + 1);
    seat(&mut till.program, &HostCall::SetAsking(Asking::Everybody)).await?;
    seat(&mut till.program, &HostCall::LockSeat).await?;
    ensure!(refused(&mut till.program, &ask_server(ServerMethod::Get, "/api/v1/api-keys", None)).await? == Code::Unauthorised);
    let mut tries = 0;
    while sessions(&office).await? != own_sessions {
        tries += 1;
        ensure!(tries < 100, "the session stays open");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let back = seat(&mut till.program, &take(owner, password(PASSWORD))).await?;
    ensure!(back.at_server_until.is_none(), "{back:?}");

    // Whoever may not at the server, may not by a till.
    seat(&mut till.program, &sign_in("lin", PASSWORD)).await?;
    ensure!(seat(&mut till.program, &go_to_server(PASSWORD)).await?.person_id == Some(seller));
    ensure!(code_of(&mut till.program, &new_phone("07 000", "1")).await? == Some(Code::InsufficientPermission));
    seat(&mut till.program, &sign_in("aki", PASSWORD)).await?;
    ensure!(code_of(&mut till.program, &new_phone("07 000", "1")).await? == Some(Code::NotAtServer));
    till.until_agrees(&server.file()).await?;
    till.program.end().await?;
    is_nowhere(folder.path(), PASSWORD)
}

//! A server on a folder of a test's own, and tills that are real replicas on real files.

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod caller;
#[cfg(unix)]
pub mod cluster;
pub mod company;
pub mod operations;
pub mod picture;
#[cfg(unix)]
pub mod process;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use kontor_domain::catalog::{self, CreateProduct, NewTax, Product, ProductDraft, THRESHOLD_OFF, Tax};
use kontor_domain::cell::Value;
use kontor_domain::command::{COMMAND_VERSION, Command, Envelope, Rights};
use kontor_domain::counter::cart::{Cart, CartLine, Discount};
use kontor_domain::counter::{self, OpenShift, Sale, Sell, Till as TillRow};
use kontor_domain::identity::{self, CreatePerson};
use kontor_domain::ids::{CommandId, CompanyId, DeviceId, LocationId, PersonId, ProductId, RoleId, SaleId, ShiftId, TaxId, TillId, WarehouseId};
use kontor_domain::reject::Reject;
use kontor_domain::settings::{self, Device, Found, TaxMode};
use kontor_domain::stock::{LocationKind, NewLocation};
use kontor_domain::time::{BusinessDate, Instant};
use kontor_domain::units::{Money, Quantity, Rate, UnitPrice};
use kontor_domain::world::Scope;
use kontor_server::admin::{self, NewAdmin, NewCompany, NewEnrolment};
use kontor_server::clock::Clock;
use kontor_server::config::{Database, Settings, Transport};
use kontor_server::host::now;
use kontor_server::identity::actor::server_device;
use kontor_server::identity::passwords;
use kontor_server::server::{self, Running};
use kontor_store::access::{Access, Letter};
use kontor_store::copy::{self, CopyState, Meta, OutboxEntry};
use kontor_store::feed::FeedFile;
use kontor_store::sqlite::{self, Synchronous, Writer, find_rows};
use kontor_store::{feed, verify};
use kontor_sync::authority::Submission;
use kontor_sync::enrol::{EnrolReply, Secret};
use kontor_sync::message::{PullReply, PullRequest, PushReply, PushRequest, PushedCommand};
use kontor_sync::replica::{Answer, Applied, Message, Replica, push_request};
use kontor_sync::stage::{Stage, Staged};
use reqwest::{Client, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Most rounds of a till that does not come to rest.
const ROUNDS_LIMIT: usize = 20;

/// The body of an answer of this status.
pub async fn body(response: Response, status: StatusCode) -> Result<serde_json::Value> {
    let found = response.status();
    let bytes = response.bytes().await?;
    ensure!(found == status, "{found} is not {status}: {}", String::from_utf8_lossy(&bytes));
    Ok(if bytes.is_empty() { serde_json::Value::Null } else { serde_json::from_slice(&bytes)? })
}

/// A clock that stands until somebody turns it.
#[derive(Clone)]
pub struct StandingClock(Arc<AtomicI64>);

impl StandingClock {
    /// One that stands at a whole second of about now: access tokens count in seconds.
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(now().0 / 1_000 * 1_000)))
    }

    pub fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }

    pub fn set(&self, to: i64) {
        self.0.store(to, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let standing = self.clone();
        Clock::of(move || standing.now())
    }
}

/// The token in a letter: behind `#`, to the end of its line. Lines of a letter that are long are broken by `=`.
pub fn link_token(letter: &str) -> Option<String> {
    let text = letter.replace("=\n", "").replace("=3D", "=");
    let (_, rest) = text.split_once("/reset-password#")?;
    Some(rest.split_whitespace().next()?.to_owned())
}

/// A letter that the server wrote, taken before it is sent: it is written after the answer.
pub async fn written_letter(access: &Access) -> Result<Letter> {
    let far = Instant(i64::MAX / 2);
    let start = std::time::Instant::now();
    loop {
        if let Some(letter) = access.take_letter(far, far).await? {
            return Ok(letter);
        }
        ensure!(start.elapsed() < Duration::from_secs(120), "no letter");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A command as a till pushes it, entered now.
pub fn pushed(seq: i64, command: &Command, actor: PersonId) -> Result<PushedCommand> {
    let args = serde_json::to_value(command)?;
    let (id, name) = (CommandId(Uuid::now_v7()), command.name().to_owned());
    Ok(PushedCommand { seq, id, name, version: COMMAND_VERSION, args, number: None, at: now(), actor })
}

/// A folder with a server's settings.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub settings: Settings,
}

impl Place {
    /// Settings for a fresh server on a free loopback port.
    pub fn new(transport: Transport) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        let settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            database: Database::File(data.join("server.kontor")),
            pg_dump: "pg_dump".into(),
            database_is_copied: false,
            company: None,
            requests_a_second: std::num::NonZeroU32::MAX,
            data,
            transport,
            ui_dir: None,
            cors_origins: Vec::new(),
            removals_days: 400,
            log: "warn".into(),
            history_days: kontor_domain::history::KEPT_DAYS,
            log_days: 1,
            public_url: None,
            mail: None,
            registration: true,
            trusted_proxies: Vec::new(),
        };
        Ok(Self { folder, settings })
    }

    /// The same with a company.
    pub async fn with_company(transport: Transport) -> Result<Self> {
        let place = Self::new(transport)?;
        place.found().await?;
        Ok(place)
    }

    pub async fn found(&self) -> Result<CompanyId> {
        let new = NewCompany {
            name: "Harbour Street".into(),
            code: "HS".into(),
            currency: "TWD".into(),
            time_zone: "Asia/Taipei".into(),
            taxes: vec!["VAT=5".into()],
            tax_exclusive: false,
            locale: "en".into(),
            owner: "Mei".into(),
            warehouse: "First".into(),
            shelf: "SHELF".into(),
            till_name: "Counter".into(),
        };
        admin::create_company(&self.settings, &new).await
    }

    /// The founder signs in from now on, under this name and password.
    pub async fn founder_signs_in(&self, username: &str, password: &str) -> Result<PersonId> {
        let new = NewAdmin { username: username.into(), ..NewAdmin::default() };
        admin::create_admin(&self.settings, &new, Secret(password.into())).await
    }

    /// Somebody of the staff who signs in under this name.
    pub async fn hire(&self, running: &Running, company: CompanyId, username: &str, role_id: RoleId, password: &str) -> Result<PersonId> {
        let host = running.host();
        let owner = host.access.owner(company).await?.context("no owner")?;
        let id = PersonId(Uuid::now_v7());
        let (email, department, position) = (format!("{username}@example.com"), String::new(), String::new());
        let new = CreatePerson { id, name: username.into(), username: username.into(), email, department, position, role_id };
        let command = Command::Identity(identity::Command::CreatePerson(new));
        host.submit(CommandId(Uuid::now_v7()), company, server_device(company), owner, command).await.map_err(|reject| anyhow!("{reject}"))?;
        let hash = passwords::hash(&Secret(password.into()))?;
        host.access.set_password(company, id, &hash, now()).await?;
        Ok(id)
    }

    /// One more company on a running server, as no command line makes it yet.
    pub async fn found_another(&self, running: &Running, code: &str) -> Result<CompanyId> {
        let (company, device, owner) = (CompanyId(Uuid::now_v7()), DeviceId(Uuid::now_v7()), PersonId(Uuid::now_v7()));
        let location = |kind: &LocationKind| NewLocation { id: LocationId(Uuid::now_v7()), code: kind.word().into(), kind: *kind };
        let found = Found {
            name: "Other Street".into(),
            code: code.into(),
            tax_number: String::new(),
            phone: String::new(),
            address: String::new(),
            currency: "TWD".into(),
            tax_mode: TaxMode::Inclusive,
            time_zone: "Asia/Taipei".into(),
            locale: "en".into(),
            receipt_footer: String::new(),
            demo: false,
            taxes: vec![NewTax { id: TaxId(Uuid::now_v7()), name: "VAT".into(), rate: Rate(50_000) }],
            owner_id: owner,
            owner_name: "Other".into(),
            warehouse_id: WarehouseId(Uuid::now_v7()),
            warehouse_name: "First".into(),
            selling_location_id: LocationId(Uuid::now_v7()),
            selling_location_code: "SHELF".into(),
            locations: LocationKind::EVERY_WAREHOUSE.iter().map(location).collect(),
            till_id: TillId(Uuid::now_v7()),
            device_name: "Counter".into(),
            shift_id: ShiftId(Uuid::now_v7()),
            float: Money::ZERO,
            business_date: BusinessDate(now().utc().context("clock")?.date_naive()),
        };
        let command = Command::Settings(settings::Command::Found(Box::new(found)));
        running.host().submit(CommandId(Uuid::now_v7()), company, device, owner, command).await.map_err(|reject| anyhow!("{reject}"))?;
        Ok(company)
    }

    /// Somebody makes a product at the server itself; its tax class is read off a till.
    pub async fn office_creates(&self, running: &Running, till: &Till, code: &str) -> Result<()> {
        let (host, company) = (running.host(), till.enrolled.company);
        let owner = host.access.owner(company).await?.context("no owner")?;
        let command = product(code, 30, till.tax()?);
        host.submit(CommandId(Uuid::now_v7()), company, server_device(company), owner, command).await.map_err(|reject| anyhow!("{reject}"))?;
        Ok(())
    }

    pub async fn start(&self) -> Result<Running> {
        server::start(&self.settings).await
    }

    /// A server whose time is what a clock says.
    pub async fn start_at(&self, clock: &StandingClock) -> Result<Running> {
        server::start_with(&self.settings, clock.clock()).await
    }

    /// A code for a till.
    pub async fn code(&self, till: Option<i64>) -> Result<String> {
        let shown = admin::enrol(&self.settings, &NewEnrolment { till, name: None, beside: 1 }).await?;
        Ok(shown.code.0)
    }

    /// A till that has joined.
    pub async fn till(&self, api: &Api, number: Option<i64>) -> Result<Till> {
        let code = self.code(number).await?;
        let reply = api.enrol(&code).await?.context("no token")?;
        Till::open(&self.folder.path().join(format!("till{}-{}.kontor", reply.till_number, Uuid::now_v7().simple())), api, &reply, None).await
    }

    /// Recomputes everything of the company on the file.
    pub async fn verify(&self) -> Result<()> {
        let access = admin::open(&self.settings).await?;
        for company in access.companies().await? {
            let differences = verify::check_file(FeedFile::open(&self.file())?.connection(), company)?;
            ensure!(differences.is_empty(), "{:?}", differences.first());
        }
        access.close().await;
        Ok(())
    }

    pub fn file(&self) -> PathBuf {
        self.settings.data.join("server.kontor")
    }
}

/// The command that makes a product of so many dollars.
fn product(code: &str, price: i64, tax_id: TaxId) -> Command {
    let draft = ProductDraft {
        code: code.into(),
        name: format!("鳳梨酥 {code}"),
        description: String::new(),
        unit: "pcs".into(),
        category_id: None,
        tax_id,
        price: UnitPrice(UnitPrice::PER_MINOR_UNIT * price),
        low_threshold: THRESHOLD_OFF,
        high_threshold: THRESHOLD_OFF,
        favourite: None,
        active: true,
        barcodes: Vec::new(),
        tags: Vec::new(),
    };
    Command::Catalog(catalog::Command::CreateProduct(CreateProduct { id: ProductId(Uuid::now_v7()), draft }))
}

/// The way to a server.
#[derive(Clone)]
pub struct Api {
    pub client: Client,
    pub base: String,
}

impl Api {
    /// To a server that speaks HTTP.
    pub fn plain(running: &Running) -> Result<Self> {
        Ok(Self { client: Client::builder().no_proxy().build()?, base: format!("http://{}", running.address) })
    }

    /// To a server with a certificate of its own, believing nothing else.
    pub fn pinned(running: &Running, data: &Path) -> Result<Self> {
        let certificate = reqwest::Certificate::from_pem(&std::fs::read(data.join("certificate.pem"))?)?;
        let client = Client::builder().no_proxy().tls_certs_only([certificate]).build()?;
        Ok(Self { client, base: format!("https://localhost:{}", running.address.port()) })
    }

    pub async fn post(&self, path: &str, token: Option<&str>, body: impl Into<reqwest::Body>) -> Result<Response> {
        let mut request = self.client.post(format!("{}{path}", self.base)).header("content-type", "application/json").body(body);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Ok(request.send().await?)
    }

    /// Asks with a method, a token and a body, if there are any.
    pub async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Option<serde_json::Value>) -> Result<Response> {
        // Whatever there is is changed.
        let mut request = self.client.request(method.parse()?, format!("{}{path}", self.base)).header("if-match", "*");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Ok(request.send().await?)
    }

    /// Signs in; the answer.
    pub async fn sign_in(&self, company: &str, username: &str, password: &str) -> Result<serde_json::Value> {
        let body = serde_json::json!({ "company": company, "username": username, "password": password });
        let response = self.call("POST", "/api/v1/auth/login", None, Some(body)).await?;
        let status = response.status();
        let bytes = response.bytes().await?;
        ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&bytes));
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Signs in; the access token.
    pub async fn token(&self, company: &str, username: &str, password: &str) -> Result<String> {
        let signed_in = self.sign_in(company, username, password).await?;
        Ok(signed_in["access_token"].as_str().context("no token")?.to_owned())
    }

    pub async fn enrol(&self, code: &str) -> Result<Option<EnrolReply>> {
        let response = self.post("/api/v1/devices/enrol", None, serde_json::json!({ "code": code }).to_string()).await?;
        match response.status() {
            StatusCode::OK => Ok(Some(serde_json::from_slice(&response.bytes().await?)?)),
            StatusCode::NOT_FOUND => Ok(None),
            other => bail!("{other}"),
        }
    }

    /// Packed both ways.
    pub async fn ask<Q: Serialize, A: DeserializeOwned>(&self, path: &str, token: &str, question: &Q) -> Result<A> {
        let packed = zstd::bulk::compress(&serde_json::to_vec(question)?, 3)?;
        let request = self.client.post(format!("{}{path}", self.base)).header("content-type", "application/json").header("content-encoding", "zstd");
        let request = request.header("accept-encoding", "zstd").header("authorization", format!("Bearer {token}"));
        let response = request.body(packed).send().await?;
        let status = response.status();
        let is_packed = response.headers().get("content-encoding").is_some_and(|value| value == "zstd");
        let bytes = response.bytes().await?;
        ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&bytes));
        let bytes = if is_packed { zstd::stream::decode_all(&*bytes)? } else { bytes.to_vec() };
        Ok(serde_json::from_slice(&bytes)?)
    }
}

/// A till: a replica on a real file.
pub struct Till {
    pub path: PathBuf,
    pub api: Api,
    pub enrolled: EnrolReply,
    stage: Stage,
    writer: Option<Writer<Message>>,
}

impl Till {
    /// On a fresh file, or on a ready one of this history.
    pub async fn open(path: &Path, api: &Api, enrolled: &EnrolReply, epoch: Option<Uuid>) -> Result<Self> {
        let file = sqlite::open(path, Synchronous::Full).await?;
        let meta = Meta::fresh(epoch, Uuid::new_v4(), enrolled.series);
        copy::make(file.connection(), enrolled.company, enrolled.device, enrolled.person.0, &meta)?;
        let writer = file.start_writer(Replica::new(enrolled.company))?;
        Ok(Self { path: path.to_owned(), api: api.clone(), enrolled: enrolled.clone(), stage: Stage::default(), writer: Some(writer) })
    }

    pub fn token(&self) -> &str {
        &self.enrolled.token.0
    }

    fn send(&self, message: Message) -> Result<()> {
        let writer = self.writer.as_ref().context("closed")?;
        writer.sender().send(message).map_err(|_| anyhow!("the writer ended"))
    }

    fn tell<T: Send + 'static>(&self, message: impl FnOnce(Answer<T>) -> Message) -> Result<T> {
        let (sender, receiver) = mpsc::channel();
        self.send(message(Box::new(move |answer| drop(sender.send(answer)))))?;
        receiver.recv()?.map_err(|reject| anyhow!("{reject}"))
    }

    pub fn submit(&self, command: Command) -> Result<()> {
        self.enter(command)?.map_err(|reject| anyhow!("{reject}"))
    }

    /// Enters a command; what this till says to it.
    pub fn enter(&self, command: Command) -> Result<Result<(), Reject>> {
        let (sender, receiver) = mpsc::channel();
        let EnrolReply { company, device, person: actor, .. } = self.enrolled;
        let at = now();
        let envelope = Envelope { id: CommandId(Uuid::now_v7()), company, device, actor, at, version: COMMAND_VERSION, number: None, command };
        let answer = Box::new(move |verdict| drop(sender.send(verdict)));
        self.send(Message::Submit(Submission { envelope, rights: Rights::All, now: at, answer, keep: None }))?;
        Ok(receiver.recv()?.map(|_| ()))
    }

    pub fn look(&self) -> Result<(CopyState, Vec<OutboxEntry>)> {
        self.tell(|answer| Message::Look { after: 0, commands: 1_000, answer })
    }

    pub fn feed(&self) -> Result<FeedFile> {
        Ok(FeedFile::open(&self.path)?)
    }

    pub fn push_request(&self) -> Result<Option<PushRequest>> {
        let (state, entries) = self.look()?;
        Ok(push_request(&state, &entries, self.enrolled.device, "test", now()))
    }

    pub fn pull_request(&mut self, wait_ms: u32) -> Result<PullRequest> {
        let (state, _) = self.look()?;
        let request = self.stage.request(&state, self.enrolled.device, feed::schema(), false);
        Ok(PullRequest { wait_ms, ..request })
    }

    /// Pushes all there is.
    pub async fn push(&mut self) -> Result<()> {
        let Some(request) = self.push_request()? else { return Ok(()) };
        let reply: PushReply = self.api.ask("/api/v1/sync/push", self.token(), &request).await?;
        self.tell(|answer| Message::Pushed { reply, fresh: Uuid::new_v4(), answer })?;
        Ok(())
    }

    /// Takes one whole answer to a pull; whether anything was applied.
    pub async fn pull(&mut self, wait_ms: u32) -> Result<bool> {
        loop {
            let request = self.pull_request(wait_ms)?;
            let reply: PullReply = self.api.ask("/api/v1/sync/pull", self.token(), &request).await?;
            match self.stage.take(reply)? {
                Staged::More => {}
                Staged::Ignored => return Ok(false),
                Staged::Reset { epoch, echo } => {
                    self.tell(|answer| Message::Reset { epoch, echo, fresh: Uuid::new_v4(), answer })?;
                    return Ok(true);
                }
                Staged::Ready(batch) => {
                    let applied = self.tell(|answer| Message::Apply { batch, now: now(), answer })?;
                    return Ok(matches!(applied, Applied::Done { .. }));
                }
                Staged::Upgrade | Staged::Wait => bail!("nobody is older here"),
            }
        }
    }

    /// Pushes and pulls until nothing is left to push.
    pub async fn sync(&mut self) -> Result<()> {
        for _ in 0..ROUNDS_LIMIT {
            self.push().await?;
            self.pull(0).await?;
            let (_, entries) = self.look()?;
            if entries.is_empty() {
                self.pull(0).await?;
                return Ok(());
            }
        }
        bail!("a till does not come to rest")
    }

    fn company(&self) -> Vec<Value> {
        vec![Value::Id(self.enrolled.company.0)]
    }

    fn till_row(&self) -> Result<TillRow> {
        let feed = self.feed()?;
        let devices: Vec<Device> = find_rows(feed.connection(), "company = ?1", &self.company())?;
        let own = devices.into_iter().find(|device| device.id == self.enrolled.device).context("no device")?;
        let tills: Vec<TillRow> = find_rows(feed.connection(), "company = ?1", &self.company())?;
        tills.into_iter().find(|till| Some(till.id) == own.till_id).context("no till")
    }

    fn tax(&self) -> Result<TaxId> {
        let taxes: Vec<Tax> = find_rows(self.feed()?.connection(), "company = ?1", &self.company())?;
        Ok(taxes.first().context("no tax")?.id)
    }

    pub fn create_product(&self, code: &str, price: i64) -> Result<()> {
        self.submit(product(code, price, self.tax()?))
    }

    /// Codes of the products this till shows, in order.
    pub fn codes(&self) -> Result<Vec<String>> {
        let products: Vec<Product> = find_rows(self.feed()?.connection(), "company = ?1", &self.company())?;
        let mut codes: Vec<String> = products.into_iter().map(|product| product.code).collect();
        codes.sort();
        Ok(codes)
    }

    pub fn open_shift(&self) -> Result<()> {
        let till = self.till_row()?;
        if till.open_shift_id.is_some() {
            return Ok(());
        }
        let today = BusinessDate(Instant(now().0).utc().context("clock")?.date_naive());
        let open = OpenShift { shift_id: ShiftId(Uuid::now_v7()), till_id: till.id, business_date: today, float: Money(1_000) };
        self.submit(Command::Counter(counter::Command::OpenShift(open)))
    }

    /// Sells one of the first product for cash.
    pub fn sell(&self) -> Result<SaleId> {
        let shift_id = self.till_row()?.open_shift_id.context("no shift")?;
        let feed = self.feed()?;
        let products: Vec<Product> = find_rows(feed.connection(), "company = ?1", &self.company())?;
        let taxes: Vec<Tax> = find_rows(feed.connection(), "company = ?1", &self.company())?;
        let (product, tax) = (products.first().context("no product")?, taxes.first().context("no tax")?);
        let line = CartLine {
            product_id: product.id,
            code: product.code.clone(),
            name: product.name.clone(),
            unit: product.unit.clone(),
            barcode: String::new(),
            pack: Quantity::ONE,
            quantity: Quantity(1_000),
            list_price: product.price,
            unit_price: product.price,
            discount: Discount::None,
            tax_id: tax.id,
            tax_name: tax.name.clone(),
            tax_rate: tax.rate,
        };
        let cart = Cart { tax_mode: TaxMode::Inclusive, lines: vec![line], discount: Discount::None };
        let sale_id = SaleId(Uuid::now_v7());
        let sell = Sell::for_exact_cash(sale_id, shift_id, cart, Money(1))?;
        self.submit(Command::Counter(counter::Command::Sell(Box::new(sell))))?;
        Ok(sale_id)
    }

    /// How many products this till shows.
    pub fn products(&self) -> Result<usize> {
        let products: Vec<Product> = find_rows(self.feed()?.connection(), "company = ?1", &self.company())?;
        Ok(products.len())
    }

    /// Sales that this till shows.
    pub fn sales(&self) -> Result<BTreeSet<SaleId>> {
        let sales: Vec<Sale> = find_rows(self.feed()?.connection(), "company = ?1", &self.company())?;
        Ok(sales.into_iter().map(|sale| sale.id).collect())
    }

    /// Fails unless this till's rows are the server's, scope by scope, with nothing on its way.
    pub fn agrees_with(&self, server: &FeedFile) -> Result<()> {
        let (state, entries) = self.look()?;
        ensure!(entries.is_empty(), "{} commands are on their way", entries.len());
        let scopes: BTreeSet<Scope> = state.cursors.keys().copied().collect();
        ensure!(scopes.len() >= 3, "company, warehouse and device: {scopes:?}");
        let here = copy::sums(self.feed()?.connection(), self.enrolled.company, &scopes)?;
        let there = copy::sums(server.connection(), self.enrolled.company, &scopes)?;
        ensure!(here == there, "{here:?} is not {there:?}");
        let differences = verify::check_file(server.connection(), self.enrolled.company)?;
        ensure!(differences.is_empty(), "{:?}", differences.first());
        Ok(())
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.close();
        }
    }
}

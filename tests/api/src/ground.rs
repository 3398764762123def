//! The shop that is measured: ten thousand products, on a file or on PostgreSQL, and a copy of it for the floor.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use hyper::Method;
use kontor_domain::catalog::{self, BrowseProducts, IMPORT_ROWS_LIMIT, Import, ImportedProduct, ProductDraft, ProductFilter, THRESHOLD_OFF};
use kontor_domain::cell::CellKind;
use kontor_domain::ids::{BatchId, CommandId, CompanyId, DeviceId, PersonId, ProductId, TaxId};
use kontor_domain::units::UnitPrice;
use kontor_domain::world::{Change, Table};
use kontor_server::admin::{self, NewAdmin, NewCompany};
use kontor_server::config::{Database, Settings, Transport};
use kontor_server::server::{self, Running};
use kontor_store::reader::{Asker, Reader};
use kontor_store::sqlite;
use kontor_sync::enrol::Secret;
use serde_json::{Value as Json, json};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};
use uuid::Uuid;

use crate::floor::{Cell, Floor, Ground, Written};
use crate::load::{Asked, Connection};

pub const PASSWORD: &str = "a long enough password";
const START_LIMIT: Duration = Duration::from_secs(60);
/// The user that Debian made for PostgreSQL, which refuses to run as root.
const SYSTEM_USER: &str = "postgres";

/// A PostgreSQL of our own, as durable as one in a shop.
pub struct Cluster {
    server: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Cluster {
    /// A fresh one.
    pub async fn start() -> Result<Self> {
        let mut folders: Vec<PathBuf> =
            std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
        folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        folders.retain(|folder| folder.join("initdb").is_file());
        folders.sort();
        let programs = folders.pop().context("PostgreSQL's initdb is nowhere (apt-get install postgresql)")?;
        let folder = tempfile::Builder::new().prefix("kontor-bench-").tempdir()?;
        let is_root = Command::new("id").arg("-u").output()?.stdout.trim_ascii() == b"0";
        let as_user = |name: &str| {
            let mut command = Command::new("setpriv");
            if is_root {
                command.args(["--reuid", SYSTEM_USER, "--regid", SYSTEM_USER, "--init-groups"]);
            }
            command.args(["--pdeathsig", "INT", "--"]).arg(programs.join(name)).current_dir(folder.path());
            command
        };
        if is_root {
            ensure!(Command::new("chown").arg(SYSTEM_USER).arg(folder.path()).status()?.success(), "chown");
        }
        let data = folder.path().join("data");
        let mut initdb = as_user("initdb");
        initdb.args(["--username=kontor", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"]).arg(&data);
        ensure!(initdb.stdout(Stdio::null()).status()?.success(), "initdb");
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut server = as_user("postgres");
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-k"]).arg(folder.path()).args(["-c", "listen_addresses=127.0.0.1"]);
        let server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let cluster = Self { server, url: format!("postgres://kontor@127.0.0.1:{port}"), _folder: folder };
        let start = Instant::now();
        while start.elapsed() < START_LIMIT {
            if PgConnection::connect(&cluster.database("postgres")).await.is_ok() {
                return Ok(cluster);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("PostgreSQL did not start")
    }

    fn database(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    async fn create(&self, sql: &str) -> Result<()> {
        let mut connection = PgConnection::connect(&self.database("postgres")).await?;
        connection.execute(AssertSqlSafe(sql.to_owned())).await?;
        Ok(connection.close().await?)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // INT is PostgreSQL's "fast": it ends open connections and then itself.
        if Command::new("kill").args(["-INT", &self.server.id().to_string()]).status().is_ok()
            && let Err(error) = self.server.wait()
        {
            eprintln!("PostgreSQL: {error}");
        }
    }
}

/// A server and its floor.
pub struct Measured {
    /// The server.
    pub running: Running,
    /// The floor.
    pub floor: SocketAddr,
    /// Who asks.
    pub token: String,
    /// Products, in the order they were made.
    pub products: Vec<ProductId>,
    /// A product as it is sent back.
    pub draft: Json,
    /// The open shift.
    pub shift: String,
    _folder: tempfile::TempDir,
}

/// A request of who is signed in.
pub fn asked(token: &str, method: Method, path: &str, body: Option<&Json>, expected: &'static [u16]) -> Asked {
    let mut headers = vec![("authorization", format!("Bearer {token}"))];
    if body.is_some() {
        headers.push(("content-type", "application/json".to_owned()));
    }
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    Asked { method, path: path.to_owned(), headers, body, expected }
}

/// What somebody signs in with. Each comes from another network, as the proxy says: from one an account may be tried a few
/// times a minute.
pub fn sign_in() -> Asked {
    static SIGNED_IN: AtomicU64 = AtomicU64::new(0);
    let body = Bytes::from(json!({ "username": "mei", "password": PASSWORD }).to_string());
    let [_, _, _, _, _, a, b, c] = SIGNED_IN.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let headers = vec![("content-type", "application/json".to_owned()), ("x-forwarded-for", format!("10.{a}.{b}.{c}"))];
    Asked { method: Method::POST, path: "/api/v1/auth/login".into(), headers, body, expected: &[200] }
}

async fn call(connection: &mut Connection, asked: Asked) -> Result<Json> {
    Ok(serde_json::from_slice(&connection.ask(asked).await?.1)?)
}

async fn token(address: SocketAddr) -> Result<String> {
    let signed_in = call(&mut Connection::open(address).await?, sign_in()).await?;
    Ok(signed_in["access_token"].as_str().context("no token")?.to_owned())
}

fn draft(tax_id: TaxId, number: usize) -> ProductDraft {
    ProductDraft {
        code: format!("M{number:07}"),
        name: format!("鳳梨酥 Product {number}"),
        description: String::new(),
        unit: "pcs".into(),
        category_id: None,
        tax_id,
        price: UnitPrice(UnitPrice::PER_MINOR_UNIT * (10 + i64::try_from(number % 900).unwrap_or(0))),
        low_threshold: THRESHOLD_OFF,
        high_threshold: THRESHOLD_OFF,
        favourite: None,
        active: true,
        barcodes: vec![catalog::NewBarcode {
            barcode: format!("4719{number:09}"),
            pack: kontor_domain::units::Quantity::ONE,
            pack_unit: String::new(),
            pack_price: None,
        }],
        tags: Vec::new(),
    }
}

fn settings(folder: &Path, cluster: Option<&Cluster>) -> Result<Settings> {
    let data = folder.join("data");
    let database = match cluster {
        Some(cluster) => Database::Postgres(Secret(cluster.database("shop"))),
        None => Database::File(data.join("server.kontor")),
    };
    Ok(Settings {
        pg_dump: "pg_dump".into(),
        database_is_copied: false,
        listen: ([127, 0, 0, 1], 0).into(),
        database,
        company: None,
        // What is measured is the server, not its patience.
        requests_a_second: std::num::NonZeroU32::MAX,
        data,
        transport: Transport::Plain,
        cors_origins: Vec::new(),
        ui_dir: None,
        public_url: None,
        mail: None,
        registration: false,
        trusted_proxies: vec!["127.0.0.0/8".parse()?],
        log: "warn".into(),
        history_days: kontor_domain::history::KEPT_DAYS,
        removals_days: 400,
        log_days: 1,
    })
}

async fn found(settings: &Settings) -> Result<(CompanyId, PersonId)> {
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
    let company = admin::create_company(settings, &new).await?;
    let owner = admin::create_admin(settings, &NewAdmin { username: "mei".into(), ..NewAdmin::default() }, Secret(PASSWORD.into())).await?;
    Ok((company, owner))
}

/// Makes a shop of so many products, and the floor beside it.
pub async fn lay(cluster: Option<&Cluster>, products: usize) -> Result<Measured> {
    let folder = tempfile::tempdir()?;
    if let Some(cluster) = cluster {
        cluster.create("CREATE DATABASE shop TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'").await?;
    }
    let settings = settings(folder.path(), cluster)?;
    let (company, owner) = found(&settings).await?;
    let running = server::start(&settings).await?;
    let first = token(running.address).await?;
    let mut connection = Connection::open(running.address).await?;
    let get = |path: &str| asked(&first, Method::GET, path, None, &[200]);
    let taxes = call(&mut connection, get("/api/v1/inventory/taxes")).await?;
    let tax = TaxId(taxes["rows"][0]["id"].as_str().context("no tax")?.parse()?);
    let ids: Vec<ProductId> = (0..products).map(|_| ProductId(Uuid::now_v7())).collect();
    let device: DeviceId = kontor_server::identity::actor::server_device(company);
    let batch_id = BatchId(Uuid::now_v7());
    for (place, part) in ids.chunks(IMPORT_ROWS_LIMIT).enumerate() {
        let row = |(index, id): (usize, &ProductId)| ImportedProduct { id: *id, before: None, after: draft(tax, place * IMPORT_ROWS_LIMIT + index) };
        let rows = part.iter().enumerate().map(row).collect();
        let command = kontor_domain::command::Command::Catalog(catalog::Command::Import(Import { batch_id, categories: Vec::new(), rows }));
        let done = running.host().submit(CommandId(Uuid::now_v7()), company, device, owner, command).await;
        done.map_err(|reject| anyhow::anyhow!("{reject}"))?;
    }
    // A server does not wait for a line on which nothing is said while the products are made.
    let mut connection = Connection::open(running.address).await?;
    let open = asked(&first, Method::POST, "/api/v1/shifts", Some(&json!({ "float": 0 })), &[201]);
    let shift = call(&mut connection, open).await?["id"].as_str().context("no shift")?.to_owned();
    // Twice: the first sale makes rows that the others change.
    let sale = sale(&shift, &ids[..3]);
    let mut sold = Json::Null;
    for _ in 0..2 {
        sold = call(&mut connection, asked(&first, Method::POST, "/api/v1/sales", Some(&sale), &[201])).await?;
    }
    let product = format!("/api/v1/inventory/products/{}", ids[0]);
    let mut record = call(&mut connection, get(&product)).await?;
    record.as_object_mut().context("no product")?.remove("id");
    record["price"] = json!(1_230_000);
    let mut change = asked(&first, Method::PUT, &product, Some(&record), &[200]);
    change.headers.push(("if-match", "*".to_owned()));
    call(&mut connection, change).await?;
    running.stop().await?;
    let sale_id: Uuid = sold["id"].as_str().context("no sale")?.parse()?;
    let (url, file) = copy(&settings, cluster, folder.path()).await?;
    let writes = BTreeMap::from([
        ("/sale", rows_of(&url, company.0, "counter.sell", Some(sale_id)).await?),
        ("/change", rows_of(&url, company.0, "catalog.edit_product", None).await?),
    ]);
    let asker = Asker { company, device, person: owner, now: kontor_domain::time::Instant(0), today: None, utc_offset_minutes: 0 };
    let first_page = BrowseProducts { filter: ProductFilter::default(), after: None, limit: 20 };
    let list = Reader::open(&url).await?.browse_sql(&asker, &first_page);
    let ground = Ground { url, file, company: company.0, product: ids[0].0, list, writes };
    let floor = Floor::open(ground).await?.serve().await?;
    let running = server::start(&settings).await?;
    let token = token(running.address).await?;
    Ok(Measured { running, floor, token, products: ids, draft: record, shift, _folder: folder })
}

/// A sale of one piece of each.
pub fn sale(shift: &str, products: &[ProductId]) -> Json {
    let lines: Vec<Json> = products.iter().map(|id| json!({ "product_id": id, "quantity": 1000 })).collect();
    json!({ "shift_id": shift, "lines": lines })
}

/// A copy of the shop for the floor, so that neither writes into the other's.
async fn copy(settings: &Settings, cluster: Option<&Cluster>, folder: &Path) -> Result<(String, Option<PathBuf>)> {
    match (&settings.database, cluster) {
        (Database::File(path), _) => {
            let to = folder.join("floor.kontor");
            sqlite::backup(path, &to)?;
            Ok((sqlite::url(&to, "rw"), Some(to)))
        }
        (Database::Postgres(_), Some(cluster)) => {
            cluster.create("CREATE DATABASE floor TEMPLATE shop").await?;
            Ok((cluster.database("floor"), None))
        }
        (Database::Postgres(_), None) => bail!("no cluster"),
    }
}

/// The rows that the last command of a name wrote, as statements that write them again.
async fn rows_of(url: &str, company: Uuid, name: &str, sale_id: Option<Uuid>) -> Result<Vec<Written>> {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(url).await?;
    let log = ["id", "company", "rev", "device", "actor", "name", "version", "args", "number", "at", "received_at", "status", "code"];
    let sql = format!("SELECT {} FROM command_log WHERE company = $1 AND name = $2 ORDER BY rev DESC LIMIT 1", log.join(", "));
    let entry = sqlx::query(AssertSqlSafe(sql)).bind(company.as_bytes().to_vec()).bind(name.to_owned()).fetch_one(&mut connection).await?;
    let (command_id, rev): (Vec<u8>, i64) = (entry.try_get(0)?, entry.try_get(2)?);
    let fresh: Vec<Vec<u8>> = std::iter::once(command_id).chain(sale_id.map(|id| id.as_bytes().to_vec())).collect();
    let id = |bytes: Vec<u8>| fresh.iter().position(|known| *known == bytes).map_or(Cell::Id(bytes), Cell::Fresh);
    let mut rows = Vec::new();
    for table in Table::ALL {
        let info = table.info();
        let columns = info.columns.join(", ");
        let sql = format!("SELECT {columns}, scope FROM {} WHERE company = $1 AND rev = $2", info.name);
        for row in sqlx::query(AssertSqlSafe(sql)).bind(company.as_bytes().to_vec()).bind(rev).fetch_all(&mut connection).await? {
            let mut cells = Vec::new();
            for (place, kind) in info.kinds.iter().enumerate() {
                cells.push(match kind {
                    CellKind::Int => row.try_get::<Option<i64>, _>(place)?.map_or(Cell::Null, Cell::Int),
                    CellKind::Text => row.try_get::<Option<String>, _>(place)?.map_or(Cell::Null, Cell::Text),
                    CellKind::Id => row.try_get::<Option<Vec<u8>>, _>(place)?.map_or(Cell::Null, &id),
                });
            }
            let scope = Cell::Int(row.try_get(info.columns.len())?);
            rows.push(written(info, cells, scope, company));
        }
    }
    ensure!(!rows.is_empty(), "{name} wrote nothing");
    let mut cells = vec![Cell::Fresh(0), Cell::Id(company.as_bytes().to_vec()), Cell::Rev];
    for (place, name) in log.iter().enumerate().skip(3) {
        cells.push(match *name {
            "device" | "actor" => Cell::Id(entry.try_get(place)?),
            "version" | "at" | "received_at" | "code" => entry.try_get::<Option<i64>, _>(place)?.map_or(Cell::NullInt, Cell::Int),
            _ => entry.try_get::<Option<String>, _>(place)?.map_or(Cell::Null, Cell::Text),
        });
    }
    rows.push(Written { sql: format!("INSERT INTO command_log ({}) VALUES ({})", log.join(", "), places(log.len())), cells });
    let clock = "UPDATE clock SET rev = $1, last_at = $2 WHERE company = $3".to_owned();
    rows.push(Written { sql: clock, cells: vec![Cell::Rev, Cell::Rev, Cell::Id(company.as_bytes().to_vec())] });
    connection.close().await?;
    Ok(rows)
}

fn places(count: usize) -> String {
    (1..=count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

fn written(info: &kontor_domain::world::TableInfo, cells: Vec<Cell>, scope: Cell, company: Uuid) -> Written {
    let company = Cell::Id(company.as_bytes().to_vec());
    // As in the columns: NULL of a kind.
    let cells = cells.into_iter().zip(info.kinds).map(|(cell, kind)| match (cell, kind) {
        (Cell::Null, CellKind::Int) => Cell::NullInt,
        (Cell::Null, CellKind::Id) => Cell::NullId,
        (cell, _) => cell,
    });
    let names: Vec<&str> = std::iter::once("company").chain(info.columns.iter().copied()).chain(["rev", "scope"]).collect();
    let cells: Vec<Cell> = std::iter::once(company).chain(cells).chain([Cell::Rev, scope]).collect();
    let sql = if info.change == Change::Append {
        format!("INSERT INTO {} ({}) VALUES ({})", info.name, names.join(", "), places(names.len()))
    } else {
        let numbered = |(place, name): (usize, &&str)| format!("{name} = ${}", place + 1);
        let is_key = |name: &str| name == "company" || info.key.contains(&name);
        let set: Vec<String> = names.iter().enumerate().filter(|(_, name)| !is_key(name)).map(numbered).collect();
        let key: Vec<String> = names.iter().enumerate().filter(|(_, name)| is_key(name)).map(numbered).collect();
        format!("UPDATE {} SET {} WHERE {}", info.name, set.join(", "), key.join(" AND "))
    };
    Written { sql, cells }
}

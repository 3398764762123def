//! The same on PostgreSQL: two servers on one database, each with a till.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use kontor_domain::identity::BuiltIn;
use kontor_domain::ids::RoleId;
use kontor_server::config::{Database, Settings, Transport};
use kontor_store::feed::PgSnapshot;
use kontor_store::postgres;
use kontor_sync::enrol::Secret;
use reqwest::StatusCode;
use support::{Api, Place, Till, body};

/// The user that Debian made for it: the database server refuses to run as root.
const SYSTEM_USER: &str = "postgres";
const START_LIMIT: Duration = Duration::from_secs(60);

/// A database server that listens on this machine only.
struct Cluster {
    server: Child,
    url: String,
    _folder: tempfile::TempDir,
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

impl Cluster {
    async fn start() -> Result<Self> {
        let mut folders: Vec<PathBuf> =
            std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
        folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        folders.retain(|folder| folder.join("initdb").is_file());
        folders.sort();
        let programs = folders.pop().context("PostgreSQL's initdb is nowhere (apt-get install postgresql)")?;
        let folder = tempfile::Builder::new().prefix("kontor-postgres-").tempdir()?;
        let is_root = run(Command::new("id").arg("-u"))?.trim() == "0";
        let as_user = |name: &str| {
            let mut command = Command::new("setpriv");
            if is_root {
                command.args(["--reuid", SYSTEM_USER, "--regid", SYSTEM_USER, "--init-groups"]);
            }
            command.args(["--pdeathsig", "INT", "--"]).arg(programs.join(name)).current_dir(folder.path());
            command
        };
        if is_root {
            run(Command::new("chown").arg(SYSTEM_USER).arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        run(as_user("initdb")
            .args(["--username=kontor", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--pgdata"])
            .arg(&data))?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut server = as_user("postgres");
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-k"]).arg(folder.path());
        server.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = server.spawn()?;
        let cluster = Self { server, url: format!("postgres://kontor@127.0.0.1:{port}/postgres"), _folder: folder };
        let start = Instant::now();
        while start.elapsed() < START_LIMIT {
            if postgres::connect(&cluster.url).await.is_ok() {
                return Ok(cluster);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("PostgreSQL did not start")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // INT is PostgreSQL's "fast": it ends open connections and then itself.
        if run(Command::new("kill").args(["-INT", &self.server.id().to_string()])).is_ok()
            && let Err(error) = self.server.wait()
        {
            eprintln!("PostgreSQL: {error}");
        }
    }
}

fn place(cluster: &Cluster) -> Result<Place> {
    let place = Place::new(Transport::Plain)?;
    let settings = Settings { database: Database::Postgres(Secret(cluster.url.clone())), ..place.settings };
    Ok(Place { settings, folder: place.folder })
}

async fn agrees(till: &Till, cluster: &Cluster) -> Result<()> {
    let (state, entries) = till.look()?;
    ensure!(entries.is_empty(), "{} commands are on their way", entries.len());
    let scopes = state.cursors.keys().copied().collect();
    let mut connection = postgres::connect(&cluster.url).await?;
    let there = PgSnapshot::begin(&mut connection).await?.sums(till.enrolled.company, &scopes).await?;
    let here = kontor_store::copy::sums(till.feed()?.connection(), till.enrolled.company, &scopes)?;
    ensure!(here == there && here.len() >= 3, "{here:?} is not {there:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_database_are_one_authority() -> Result<()> {
    let cluster = Cluster::start().await?;
    let (one, other) = (place(&cluster)?, place(&cluster)?);
    one.found().await?;
    let (first_server, second_server) = (one.start().await?, other.start().await?);
    let mut first = one.till(&Api::plain(&first_server)?, Some(1)).await?;
    let mut second = other.till(&Api::plain(&second_server)?, None).await?;
    first.sync().await?;
    first.create_product("P1", 30)?;
    first.sync().await?;
    second.sync().await?;
    second.open_shift()?;
    for _ in 0..10 {
        first.sell()?;
        second.sell()?;
    }
    let (mut first, mut second) = {
        // Both push at once, each to its own server.
        let (one, other) = tokio::join!(first.sync(), second.sync());
        one.and(other)?;
        (first, second)
    };
    first.sync().await?;
    second.sync().await?;
    assert_eq!(first.sales()?.len(), 20);
    assert_eq!(first.sales()?, second.sales()?);
    agrees(&first, &cluster).await?;
    agrees(&second, &cluster).await?;
    // What one server commits wakes who waits at the other.
    let waits = tokio::spawn(async move {
        second.pull(20_000).await?;
        Ok::<_, anyhow::Error>((second, Instant::now()))
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    first.create_product("P2", 30)?;
    let pushed = Instant::now();
    first.push().await?;
    let (second, woken) = waits.await??;
    println!("from the push's start to the commit of the till at the other server: {:?}", woken.duration_since(pushed));
    // A pull whose time runs out answers what it read before it waited: nothing.
    assert_eq!(second.products()?, 2, "woken, not timed out");
    // A code shown by one is good at the other, once.
    let code = one.code(None).await?;
    assert!(Api::plain(&second_server)?.enrol(&code).await?.is_some());
    assert!(Api::plain(&first_server)?.enrol(&code).await?.is_none());
    // Who signs out at one server is out at the other, at once; what a session goes on with is good at both, once.
    let (here, there) = (Api::plain(&first_server)?, Api::plain(&second_server)?);
    let company = first_server.host().access.companies().await?[0];
    one.hire(&first_server, company, "lin", RoleId::of(BuiltIn::Seller), "a long enough password").await?;
    let signed_in = here.sign_in("HS", "lin", "a long enough password").await?;
    let refresh = serde_json::json!({ "refresh_token": signed_in["refresh_token"] });
    let next = body(there.call("POST", "/api/v1/auth/refresh", None, Some(refresh)).await?, StatusCode::OK).await?;
    let token = next["access_token"].as_str().context("no token")?;
    let me = async |api: &Api| Ok::<_, anyhow::Error>(api.call("GET", "/api/v1/auth/me", Some(token), None).await?.status());
    assert_eq!((me(&here).await?, me(&there).await?), (StatusCode::OK, StatusCode::OK));
    body(there.call("POST", "/api/v1/auth/logout", Some(token), Some(serde_json::json!({}))).await?, StatusCode::NO_CONTENT).await?;
    assert_eq!((me(&here).await?, me(&there).await?), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    // People, roles, keys, the audit: the same questions as on a file.
    one.hire(&first_server, company, "boss", RoleId::OWNER, "a long enough password").await?;
    let boss = here.token("HS", "boss", "a long enough password").await?;
    for path in ["users?q=li&active=true", "roles", "api-keys", "ip-rules", "audit?kind=access.&limit=5", "audit", "audit/export", "users/me"] {
        let response = there.call("GET", &format!("/api/v1/{path}"), Some(&boss), None).await?;
        let status = response.status();
        assert_eq!(status, StatusCode::OK, "{path}: {}", response.text().await?);
    }
    let key = serde_json::json!({ "name": "Shop", "permissions": ["users.read"] });
    let key = body(there.call("POST", "/api/v1/api-keys", Some(&boss), Some(key)).await?, StatusCode::CREATED).await?;
    assert_eq!(here.call("GET", "/api/v1/users", key["key"].as_str(), None).await?.status(), StatusCode::OK);
    drop((first, second));
    first_server.stop().await?;
    second_server.stop().await
}

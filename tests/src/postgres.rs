//! A PostgreSQL database of a test's own: on the server that `KONTOR_TEST_POSTGRES` names, or on one started here.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// The user that Debian made for it: the server refuses to run as root.
const SYSTEM_USER: &str = "postgres";
const START_LIMIT: Duration = Duration::from_secs(60);

/// A database that is gone with the value.
#[derive(Debug)]
pub struct Database {
    /// Its address.
    pub url: String,
    _cluster: Option<Cluster>,
}

impl Database {
    /// A new, empty database. Its texts are ordered by bytes, as SQLite orders them.
    pub async fn new() -> anyhow::Result<Self> {
        let (server, cluster) = match std::env::var("KONTOR_TEST_POSTGRES") {
            Ok(url) => (url, None),
            Err(_) => {
                let cluster = Cluster::start().await?;
                (cluster.url.clone(), Some(cluster))
            }
        };
        let name = format!("kontor_{}", uuid::Uuid::now_v7().simple());
        let mut connection = PgConnection::connect(&server).await.context("KONTOR_TEST_POSTGRES")?;
        let sql = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'");
        connection.execute(AssertSqlSafe(sql)).await?;
        connection.close().await?;
        let (before, options) = server.split_once('?').unwrap_or((&server, ""));
        let (before, _) = before.rsplit_once('/').context("the address names a database")?;
        let options = if options.is_empty() { String::new() } else { format!("?{options}") };
        Ok(Self { url: format!("{before}/{name}{options}"), _cluster: cluster })
    }

    /// A connection beside the writer's.
    pub async fn connect(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect(&self.url).await?)
    }
}

/// A server that listens on this machine only.
#[derive(Debug)]
struct Cluster {
    server: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Cluster {
    async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("kontor-postgres-").tempdir()?;
        let data = folder.path().join("data");
        let is_root = is_root();
        if is_root {
            run(Command::new("chown").arg(SYSTEM_USER).arg(folder.path()))?;
        }
        let mut initdb = as_server_user(&program("initdb")?, folder.path(), is_root);
        initdb.args(["--username=kontor", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--pgdata"]).arg(&data);
        run(&mut initdb)?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut server = as_server_user(&program("postgres")?, folder.path(), is_root);
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-k"]).arg(folder.path());
        for setting in ["listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off"] {
            server.args(["-c", setting]);
        }
        let server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("postgres")?;
        let url = format!("postgres://kontor@127.0.0.1:{port}/postgres");
        let mut cluster = Self { server, url, _folder: folder };
        cluster.wait().await?;
        Ok(cluster)
    }

    async fn wait(&mut self) -> anyhow::Result<()> {
        let start = std::time::Instant::now();
        while start.elapsed() < START_LIMIT {
            if let Some(status) = self.server.try_wait()? {
                bail!("PostgreSQL ended with {status}");
            }
            if let Ok(connection) = PgConnection::connect(&self.url).await {
                connection.close().await?;
                return Ok(());
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

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Whether this test may do everything.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn as_server_user(program: &Path, folder: &Path, is_root: bool) -> Command {
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", SYSTEM_USER, "--regid", SYSTEM_USER, "--init-groups", "--pdeathsig", "INT", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // Our own folder may be closed to that user.
    command.current_dir(folder);
    command
}

/// Whether there is a server, or programs to start one.
pub fn has_server() -> bool {
    std::env::var_os("KONTOR_TEST_POSTGRES").is_some() || program("initdb").is_ok()
}

/// One of PostgreSQL's programs, of the newest server that has it. Debian keeps them off the search path.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let mut found: Vec<PathBuf> = debian
        .chain(std::env::var_os("PATH").iter().flat_map(std::env::split_paths))
        .map(|folder| folder.join(name))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.pop().with_context(|| format!("PostgreSQL's {name} is nowhere (apt-get install postgresql), and KONTOR_TEST_POSTGRES names no server"))
}

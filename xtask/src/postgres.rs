//! A PostgreSQL of our own, for as long as the tests run.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process;

/// Where the tests look for the database. Set by a person, it is used as it is, and nothing is
/// started here.
pub const VARIABLE: &str = "KONTOR_TEST_POSTGRES";

/// The user that Debian made for it: the server refuses to run as root.
const SYSTEM_USER: &str = "postgres";

const START_LIMIT: Duration = Duration::from_secs(30);

/// Nothing here has to live through a power failure, and the tests open many databases.
const SETTINGS: &[&str] =
    &["listen_addresses=127.0.0.1", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300", "shared_buffers=256MB"];

/// A server that listens on this machine only; gone with all its data when dropped.
pub struct Cluster {
    server: Child,
    url: String,
    _folder: TempDir,
}

impl Cluster {
    /// Makes and starts one on a free port.
    pub fn start() -> Result<Self> {
        let programs = find_programs()?;
        let folder = tempfile::Builder::new().prefix("kontor-postgres-").tempdir().context("making a folder for PostgreSQL")?;
        let password = random_password();
        initialize(&programs, folder.path(), &password)?;
        let port = free_port()?;
        let mut server = serve(&programs, folder.path(), port)?;
        if let Err(error) = wait_until_ready(&programs, port, &mut server) {
            process::stop(&mut server, "INT");
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            return Err(error.context(log));
        }
        Ok(Self { server, url: format!("postgres://kontor:{password}@127.0.0.1:{port}/postgres"), _folder: folder })
    }

    /// What to connect to, as a user who may make databases.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // INT is PostgreSQL's "fast": it ends open connections and then itself.
        process::stop(&mut self.server, "INT");
    }
}

/// The folder with the newest `initdb`; Debian keeps it off the search path.
fn find_programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions.flatten().map(|entry| entry.path()).filter(|folder| folder.join("bin/initdb").is_file()).max_by_key(|folder| {
        let version = folder.file_name().map(|it| it.to_string_lossy().into_owned());
        version.and_then(|it| it.parse::<u32>().ok())
    });
    let on_path = || process::which("initdb")?.parent().map(Path::to_owned);
    newest.map(|folder| folder.join("bin")).or_else(on_path).context("PostgreSQL's initdb is nowhere (apt-get install postgresql)")
}

fn initialize(programs: &Path, folder: &Path, password: &str) -> Result<()> {
    let password_file = folder.join("password");
    std::fs::write(&password_file, password)?;
    if process::is_root() {
        process::run(Command::new("chown").args(["-R", SYSTEM_USER]).arg(folder))?;
    }
    let mut initdb = as_server_user(&programs.join("initdb"), folder);
    initdb
        .args(["--username=kontor", "--auth=password", "--encoding=UTF8"])
        .args(["--locale=C.UTF-8", "--no-sync", "--pgdata"])
        .arg(folder.join("data"))
        .arg("--pwfile")
        .arg(&password_file);
    process::read(&mut initdb).map(drop)
}

fn serve(programs: &Path, folder: &Path, port: u16) -> Result<Child> {
    let log = std::fs::File::create(folder.join("log"))?;
    let mut postgres = as_server_user(&programs.join("postgres"), folder);
    postgres.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string(), "-k"]).arg(folder);
    for setting in SETTINGS {
        postgres.args(["-c", setting]);
    }
    postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().context("starting PostgreSQL")
}

/// A command as the server's user, that ends when we do.
fn as_server_user(program: &Path, folder: &Path) -> Command {
    let mut command = if process::is_root() {
        let mut command = Command::new("setpriv");
        let user = ["--reuid", SYSTEM_USER, "--regid", SYSTEM_USER, "--init-groups"];
        command.args(user).args(["--pdeathsig", "INT", "--"]);
        command.arg(program);
        command
    } else {
        process::companion(program)
    };
    // Our own folder may be closed to that user.
    command.current_dir(folder);
    command
}

fn wait_until_ready(programs: &Path, port: u16, server: &mut Child) -> Result<()> {
    let start = Instant::now();
    let port = port.to_string();
    while start.elapsed() < START_LIMIT {
        if let Some(status) = server.try_wait()? {
            bail!("PostgreSQL ended with {status}");
        }
        let mut ready = Command::new(programs.join("pg_isready"));
        ready.args(["-q", "-h", "127.0.0.1", "-p", &port]);
        if process::output(&mut ready)?.status.success() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("PostgreSQL was not ready after {} s", START_LIMIT.as_secs())
}

/// One that was free a moment ago; should another program take it, the start fails and says so.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

/// Others on this machine must not get in; the system seeds these hashers at random.
fn random_password() -> String {
    let part = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", part(), part())
}

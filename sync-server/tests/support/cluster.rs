//! A PostgreSQL of a test's own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use kontor_store::postgres;

/// The user that Debian made for it: the database server refuses to run as root.
const SYSTEM_USER: &str = "postgres";
const START_LIMIT: Duration = Duration::from_secs(60);

/// A database server that listens on this machine only.
pub struct Cluster {
    server: Child,
    pub url: String,
    _folder: tempfile::TempDir,
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
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

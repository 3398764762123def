//! A PostgreSQL of a test's own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use kontor_store::postgres;

/// The user that Debian made for it: the database server refuses to run as root.
const SYSTEM_USER: &str = "postgres";
const START_LIMIT: Duration = Duration::from_secs(60);

/// A database server that listens on this machine only.
pub struct Cluster {
    pub url: String,
    server: Option<Child>,
    programs: Programs,
    data: PathBuf,
    port: u16,
}

/// The folder of a test's databases, and the programs that work in it.
#[derive(Clone)]
struct Programs {
    at: PathBuf,
    folder: Arc<tempfile::TempDir>,
    is_root: bool,
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

impl Programs {
    fn find() -> Result<Self> {
        let mut folders: Vec<PathBuf> =
            std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
        folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        folders.retain(|folder| folder.join("initdb").is_file());
        // What copies a server or a database is not everywhere where a server is.
        let is_whole = |folder: &PathBuf| ["pg_basebackup", "pg_dump", "pg_restore", "psql"].iter().all(|name| folder.join(name).is_file());
        folders.sort_by_key(|folder| (is_whole(folder), folder.clone()));
        let at = folders.pop().context("PostgreSQL's initdb is nowhere (apt-get install postgresql)")?;
        let folder = Arc::new(tempfile::Builder::new().prefix("kontor-postgres-").tempdir()?);
        let is_root = run(Command::new("id").arg("-u"))?.trim() == "0";
        if is_root {
            run(Command::new("chown").arg(SYSTEM_USER).arg(folder.path()))?;
        }
        Ok(Self { at, folder, is_root })
    }

    /// One of them, as the user who may run it.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new("setpriv");
        if self.is_root {
            command.args(["--reuid", SYSTEM_USER, "--regid", SYSTEM_USER, "--init-groups"]);
        }
        command.args(["--pdeathsig", "INT", "--"]).arg(self.at.join(name)).current_dir(self.folder.path());
        command
    }
}

impl Cluster {
    /// A fresh one.
    pub async fn start() -> Result<Self> {
        let programs = Programs::find()?;
        let data = programs.folder.path().join("data");
        let mut initdb = programs.program("initdb");
        initdb.args(["--username=kontor", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--pgdata"]).arg(&data);
        run(&mut initdb)?;
        Self::on(programs, data, free_port()?).await
    }

    async fn on(programs: Programs, data: PathBuf, port: u16) -> Result<Self> {
        let url = format!("postgres://kontor@127.0.0.1:{port}/postgres");
        let mut cluster = Self { url, server: None, programs, data, port };
        cluster.run().await?;
        Ok(cluster)
    }

    /// Starts it again where it was.
    pub async fn start_again(&mut self) -> Result<()> {
        self.run().await
    }

    async fn run(&mut self) -> Result<()> {
        let mut server = self.programs.program("postgres");
        server.arg("-D").arg(&self.data).args(["-p", &self.port.to_string(), "-k"]).arg(self.programs.folder.path());
        server.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.server = Some(server.spawn()?);
        let start = Instant::now();
        while start.elapsed() < START_LIMIT {
            if postgres::connect(&self.url).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("PostgreSQL did not start")
    }

    /// A standby that follows this server.
    pub async fn standby(&self) -> Result<Self> {
        let data = self.programs.folder.path().join("standby");
        let mut copy = self.programs.program("pg_basebackup");
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--username=kontor", "--host=127.0.0.1", "--port"]);
        run(copy.arg(self.port.to_string()).arg("--pgdata").arg(&data))?;
        Self::on(self.programs.clone(), data, free_port()?).await
    }

    /// Takes the place of another, at its address.
    pub async fn take_the_place_of(&mut self, other: &Self) -> Result<()> {
        (self.port, self.url) = (other.port, other.url.clone());
        self.run().await?;
        run(self.programs.program("pg_ctl").args(["promote", "--wait", "--silent", "--pgdata"]).arg(&self.data)).map(|_| ())
    }

    /// Runs a statement.
    pub fn tell(&self, statement: &str, url: &str) -> Result<()> {
        run(self.programs.program("psql").args(["--no-psqlrc", "--quiet", "--command", statement]).arg(url)).map(|_| ())
    }

    /// The address of another database of this server.
    pub fn database(&self, name: &str) -> String {
        format!("postgres://kontor@127.0.0.1:{}/{name}", self.port)
    }

    /// Copies the database into a file, as pg_dump does.
    pub fn dump(&self) -> Result<PathBuf> {
        let file = self.programs.folder.path().join("dump");
        run(self.programs.program("pg_dump").args(["--format=custom", "--file"]).arg(&file).arg(&self.url))?;
        Ok(file)
    }

    /// Makes a database from such a file; its address.
    pub fn bring_back(&self, file: &std::path::Path, name: &str) -> Result<String> {
        self.tell(&format!("CREATE DATABASE {name} TEMPLATE template0"), &self.url)?;
        let url = self.database(name);
        run(self.programs.program("pg_restore").arg("--dbname").arg(&url).arg(file))?;
        Ok(url)
    }

    /// Stops it: INT is PostgreSQL's "fast", QUIT is as if the machine had gone.
    pub fn stop(&mut self, signal: &str) {
        if let Some(mut server) = self.server.take()
            && run(Command::new("kill").args([&format!("-{signal}"), &server.id().to_string()])).is_ok()
            && let Err(error) = server.wait()
        {
            eprintln!("PostgreSQL: {error}");
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop("INT");
    }
}

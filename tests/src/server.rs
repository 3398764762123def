//! The shop server as a real process, on a folder and a port of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use kontor_domain::host::JoinServer;
use kontor_domain::secret::Secret;
use tokio::process::{Child, Command};

use crate::figures::cpu_time;
use crate::program::binary;

/// How long it may take to start, on a slow machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often it is asked whether it has.
const GLANCE: Duration = Duration::from_millis(50);

/// A server that is started, ended and started again.
#[derive(Debug)]
pub struct Server {
    data: PathBuf,
    listen: String,
    is_plain: bool,
    database_url: Option<String>,
    /// Settings beside those, by the names they have in the environment.
    more: Vec<(&'static str, OsString)>,
    child: Option<Child>,
}

impl Server {
    /// A server that speaks HTTP, without a company yet.
    pub fn plain(data: &Path) -> anyhow::Result<Self> {
        Self::new(data, true, None)
    }

    /// A server with a certificate of its own.
    pub fn secure(data: &Path) -> anyhow::Result<Self> {
        Self::new(data, false, None)
    }

    /// A server that speaks HTTP and keeps its companies in PostgreSQL.
    pub fn on_postgres(data: &Path, url: &str) -> anyhow::Result<Self> {
        Self::new(data, true, Some(url.to_owned()))
    }

    fn new(data: &Path, is_plain: bool, database_url: Option<String>) -> anyhow::Result<Self> {
        let listen = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string();
        Ok(Self { data: data.to_owned(), listen, is_plain, database_url, more: Vec::new(), child: None })
    }

    /// The same with one more setting, by the name it has in the environment.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    /// The same with screens for browsers.
    #[must_use]
    pub fn with_screens(self, folder: &Path) -> Self {
        self.with("KONTOR_UI_DIR", folder)
    }

    /// The same with copies that keep only so many days.
    #[must_use]
    pub fn keeping_days(self, days: u32) -> Self {
        self.with("KONTOR_HISTORY_DAYS", days.to_string())
    }

    fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(binary()?.with_file_name(if cfg!(windows) { "kontor-server.exe" } else { "kontor-server" }));
        command.env("KONTOR_DATA", &self.data).env("KONTOR_LISTEN", &self.listen).env("KONTOR_PLAIN_HTTP", self.is_plain.to_string());
        if let Some(url) = &self.database_url {
            command.env("KONTOR_DATABASE_URL", url);
        }
        command.envs(self.more.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Ok(command)
    }

    /// Runs one of its commands to the end; what it wrote.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command()?.args(arguments).output().await?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Lets the owner sign in under this name.
    pub async fn admit(&self, username: &str, password: &str) -> anyhow::Result<()> {
        let mut command = self.command()?;
        let output = command.args(["create-admin", "--username", username]).env("KONTOR_PASSWORD", password).output().await?;
        ensure!(output.status.success(), "create-admin: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Founds a company.
    pub async fn found(&self) -> anyhow::Result<()> {
        let place = ["create-company", "--name", "Harbour Street", "--code", "HS", "--currency", "TWD", "--time-zone", "Asia/Taipei"];
        let rest = ["--tax", "VAT=5", "--owner", "Mei-Ling", "--warehouse", "Harbour Street"];
        self.run(&[place.as_slice(), rest.as_slice()].concat()).await.map(|_| ())
    }

    /// Starts it and waits until it answers.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let mut command = self.command()?;
        self.child = Some(command.arg("serve").stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        let started = Instant::now();
        while started.elapsed() < START_LIMIT {
            if self.run(&["healthcheck"]).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(GLANCE).await;
        }
        bail!("the server does not answer")
    }

    /// `kill -9`.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("the server does not run")?;
        child.start_kill()?;
        child.wait().await?;
        Ok(())
    }

    /// One of its figures, by the name it has among them.
    pub async fn metric(&self, name: &str) -> anyhow::Result<i64> {
        let token = std::fs::read_to_string(self.data.join("metrics.token"))?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let text = http.get(format!("{}/metrics", self.address())).bearer_auth(token.trim()).send().await?.text().await?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.with_context(|| format!("no {name}"))?.parse()?)
    }

    /// How long the processors worked for it.
    pub fn cpu_time(&self) -> anyhow::Result<Duration> {
        let pid = self.child.as_ref().and_then(Child::id).context("the server does not run")?;
        cpu_time(&pid.to_string())
    }

    /// What a till needs to join: a till of a number, or a new one.
    pub async fn invite(&self, till: Option<i64>) -> anyhow::Result<JoinServer> {
        let number = till.map(|number| number.to_string());
        let mut arguments = vec!["enrol"];
        if let Some(number) = &number {
            arguments.extend(["--till", number]);
        }
        let shown = self.run(&arguments).await?;
        let line = |name: &str| shown.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned());
        Ok(JoinServer { address: self.address(), code: Secret(line("code").context("no code")?), fingerprint: line("certificate") })
    }

    /// Host and port.
    pub fn listen(&self) -> &str {
        &self.listen
    }

    /// Where it is.
    pub fn address(&self) -> String {
        format!("{}://{}", if self.is_plain { "http" } else { "https" }, self.listen)
    }

    /// The file of its company.
    pub fn file(&self) -> PathBuf {
        self.data.join("server.kontor")
    }
}

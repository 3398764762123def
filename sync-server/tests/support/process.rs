//! The program itself, as a process.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use kontor_server::config::Database;

use super::{Api, Place};

pub const START_LIMIT: Duration = Duration::from_secs(30);

pub fn free_address() -> Result<String> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string())
}

/// The program with a place's folder and database.
pub fn program(place: &Place, address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kontor-server"));
    command.env("KONTOR_DATA", &place.settings.data).env("KONTOR_LISTEN", address).env("KONTOR_PLAIN_HTTP", "true");
    if let Database::Postgres(url) = &place.settings.database {
        command.env("KONTOR_DATABASE_URL", &url.0);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end; what it wrote.
pub fn run(mut command: Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// Starts a server and waits until it answers.
pub fn serve(place: &Place, address: &str) -> Result<Child> {
    let child = program(place, address).arg("serve").stderr(Stdio::null()).spawn()?;
    let start = Instant::now();
    while start.elapsed() < START_LIMIT {
        let mut health = program(place, address);
        if health.arg("healthcheck").output()?.status.success() {
            return Ok(child);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("it does not answer")
}

/// Founds a company.
pub fn found(place: &Place, address: &str) -> Result<()> {
    let mut found = program(place, address);
    found.args(["create-company", "--name", "Harbour Street", "--code", "HS", "--currency", "TWD", "--time-zone", "Asia/Taipei"]);
    found.args(["--tax", "VAT=5", "--owner", "Mei", "--warehouse", "First"]);
    run(found).map(|_| ())
}

/// A code for till 1.
pub fn code(place: &Place, address: &str) -> Result<String> {
    let mut enrol = program(place, address);
    enrol.args(["enrol", "--till", "1"]);
    let shown = run(enrol)?;
    Ok(shown.lines().find_map(|line| line.strip_prefix("code")).context("no code")?.trim().to_owned())
}

pub fn api(address: &str) -> Result<Api> {
    Ok(Api { client: reqwest::Client::builder().no_proxy().build()?, base: format!("http://{address}") })
}

/// Kills the server again and again while a till sells, pushes and pulls; afterwards the till has what it sold, and its
/// outbox is empty. The till, and the server that runs then.
pub async fn sell_through_kills(place: &Place, kills: u64) -> Result<(super::Till, Child)> {
    let address = free_address()?;
    found(place, &address)?;
    let mut child = serve(place, &address)?;
    let api = api(&address)?;
    let reply = api.enrol(&code(place, &address)?).await?.context("no token")?;
    let mut till = super::Till::open(&place.folder.path().join("till.kontor"), &api, &reply, None).await?;
    till.sync().await?;
    till.create_product("P1", 30)?;
    let mut sold = std::collections::BTreeSet::new();
    let mut failed = 0;
    for kill in 0..kills {
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(3 + 17 * kill));
            child.kill().and_then(|()| child.wait())
        });
        let start = Instant::now();
        while !killer.is_finished() && start.elapsed() < START_LIMIT {
            sold.insert(till.sell()?);
            failed += u64::from(till.sync().await.is_err());
        }
        ensure!(killer.join().is_ok_and(|status| status.is_ok_and(|status| !status.success())), "it was not killed");
        child = serve(place, &address)?;
    }
    println!("{kills} kills, {} sales, {failed} syncs that failed", sold.len());
    ensure!(failed > 0, "no kill was noticed");
    till.sync().await?;
    ensure!(till.sales()? == sold, "{} sales of {}", till.sales()?.len(), sold.len());
    Ok((till, child))
}

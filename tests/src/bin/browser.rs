//! The screens in Chromium, served by a shop server of their own: `tests/browser/run.mjs` drives and judges them.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use kontor_tests::server::Server;
use tokio::process::Command;

/// Who signs in. The server lives as long as this program, and nobody else reaches it.
const USERNAME: &str = "mei";
const PASSWORD: &str = "a password of this proof";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let root = std::env::current_dir()?;
    let modules = std::env::var_os("KONTOR_BROWSER_MODULES").context("KONTOR_BROWSER_MODULES: start this as `cargo xtask browser`")?;
    let folder = tempfile::tempdir()?;
    let mut server = Server::plain(&folder.path().join("server"))?.with_screens(&root.join("ui/dist"));
    server.found().await?;
    server.admit(USERNAME, PASSWORD).await?;
    server.start().await?;
    let mut node = Command::new("node");
    node.arg(root.join("tests/browser/run.mjs")).args(std::env::args_os().skip(1));
    // With the slash at its end it is a folder to look from.
    node.env("KONTOR_BROWSER_MODULES", Path::new(&modules).join(""));
    node.env("KONTOR_BROWSER_ADDRESS", server.address()).env("KONTOR_BROWSER_PICTURES", root.join("target/browser"));
    node.env("KONTOR_BROWSER_USERNAME", USERNAME).env("KONTOR_BROWSER_PASSWORD", PASSWORD);
    let status = node.stdin(Stdio::null()).kill_on_drop(true).status().await.context("node")?;
    server.kill().await?;
    ensure!(status.success(), "the screens in a browser: see above");
    Ok(())
}

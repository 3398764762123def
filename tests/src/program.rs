//! The program as a real process without a window: JSON lines in and out.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use kontor_domain::command::{Ask, Command as ShopCommand, Query, Receipt, Request};
use kontor_domain::host::{HostCall, VerifyReport};
use kontor_domain::ids::CommandId;
use kontor_domain::reject::Reject;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::books::agreed;
use crate::shop::id;

/// The `kontor` program: what the test command says, or what was built beside this test.
pub fn binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("KONTOR_BINARY") {
        return Ok(PathBuf::from(path));
    }
    let mut folder = std::env::current_exe()?;
    while folder.pop() {
        let candidate = folder.join(if cfg!(windows) { "kontor.exe" } else { "kontor" });
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    bail!("no kontor program was built: cargo build -p kontor-desktop")
}

/// A running headless program.
#[derive(Debug)]
pub struct Headless {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    next: i64,
}

impl Headless {
    /// Starts it on a data folder, with more arguments if wanted.
    pub fn start(folder: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let mut command = Self::command(folder)?;
        command.args(more);
        Self::spawn(command)
    }

    /// What starts it on a data folder, for who changes more of it.
    pub fn command(folder: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(binary()?);
        command.arg("--headless").arg("--data-dir").arg(folder);
        Ok(command)
    }

    /// Starts a prepared command that ends in a headless program (under strace, as another user).
    pub fn spawn(mut command: Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
        let input = child.stdin.take().context("stdin")?;
        let output = BufReader::new(child.stdout.take().context("stdout")?).lines();
        Ok(Self { child, input, output, next: 0 })
    }

    /// The process id.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends a call without waiting; its number.
    pub async fn send(&mut self, kind: &str, body: &Value) -> anyhow::Result<i64> {
        self.next += 1;
        let line = format!("{}\n", json!({ "n": self.next, kind: body }));
        self.input.write_all(line.as_bytes()).await?;
        self.input.flush().await?;
        Ok(self.next)
    }

    /// The next answer; `None` when the program ended.
    pub async fn answer(&mut self) -> Option<Value> {
        let line = self.output.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }

    /// Sends a call and waits for its answer.
    pub async fn call(&mut self, kind: &str, body: &Value) -> anyhow::Result<Value> {
        let number = self.send(kind, body).await?;
        loop {
            let answer = self.answer().await.context("the program ended")?;
            if answer["n"] == number {
                return Ok(answer);
            }
        }
    }

    /// The answer of a call that must succeed.
    pub async fn ok(&mut self, kind: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.call(kind, body).await?;
        match answer.get("ok") {
            Some(ok) => Ok(ok.clone()),
            None => bail!("{kind} {body} was refused: {answer}"),
        }
    }

    /// The answer to a question.
    pub async fn ask<Q: Ask>(&mut self, question: Q) -> anyhow::Result<Q::Answer> {
        let query: Query = question.into();
        Ok(serde_json::from_value(self.ok("query", &serde_json::to_value(&query)?).await?)?)
    }

    /// What the program itself was asked for.
    pub async fn host<T: DeserializeOwned>(&mut self, call: &HostCall) -> anyhow::Result<T> {
        Ok(serde_json::from_value(self.ok("host", &serde_json::to_value(call)?).await?)?)
    }

    /// Why the program did not do something.
    pub async fn refusal(&mut self, call: &HostCall) -> anyhow::Result<Reject> {
        let answer = self.call("host", &serde_json::to_value(call)?).await?;
        serde_json::from_value(answer["reject"].clone()).with_context(|| format!("not refused: {answer}"))
    }

    /// Has a command executed that must not be refused.
    pub async fn execute(&mut self, command: ShopCommand) -> anyhow::Result<Receipt> {
        let request = Request { id: CommandId(id()), command };
        Ok(serde_json::from_value(self.ok("execute", &serde_json::to_value(&request)?).await?)?)
    }

    /// Recomputes everything; an error names the first difference.
    pub async fn verify(&mut self) -> anyhow::Result<VerifyReport> {
        agreed(self.host(&HostCall::Verify).await?)
    }

    /// `kill -9`.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }

    /// Ends it in good order.
    pub async fn end(self) -> anyhow::Result<()> {
        let Self { mut child, input, .. } = self;
        drop(input);
        let status = child.wait().await?;
        anyhow::ensure!(status.success(), "ended with {status}");
        Ok(())
    }
}

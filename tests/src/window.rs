//! The program's real window: seen through WebDriver, worked by the keys of a keyboard.

pub mod bus;
pub mod flow;
pub mod keyboard;
pub mod place;
pub mod screen;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use kontor_domain::command::{Ask, Command as ShopCommand, Query, Request};
use kontor_domain::host::HostCall;
use kontor_domain::ids::CommandId;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::bus::Bus;
use self::keyboard::Keyboard;
use self::screen::{Screen, companion};
use crate::program::binary;
use crate::shop::id;

/// How long anything on the screen may take, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked for.
const GLANCE: Duration = Duration::from_millis(20);
/// Where a window's errors are gathered in the page.
const GATHER: &str = r"
    if (!window.kontorErrors) {
        window.kontorErrors = [];
        const note = (text) => window.kontorErrors.push(String(text));
        const before = console.error;
        console.error = (...parts) => { note(parts.join(' ')); before.apply(console, parts); };
        addEventListener('error', (event) => note(event.message));
        addEventListener('unhandledrejection', (event) => note(event.reason));
        addEventListener('securitypolicyviolation', (event) => note(event.violatedDirective + ' ' + event.blockedURI));
    }";

/// A computer with a shop's folder, a screen and a keyboard, on which the program is started, ended and started again.
#[derive(Debug)]
pub struct Desk {
    folder: PathBuf,
    home: tempfile::TempDir,
    screen: Screen,
}

/// How the window looks from the start.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// `en`, `zh-Hant`, `zh-Hans`.
    pub locale: &'a str,
    /// `light` or `dark`.
    pub theme: &'a str,
    /// More rows on a screen.
    pub is_compact: bool,
}

impl<'a> Look<'a> {
    /// As it comes: with room for fingers.
    pub const fn new(locale: &'a str, theme: &'a str) -> Self {
        Self { locale, theme, is_compact: false }
    }
}

impl Desk {
    /// With the data folder given, which is made if it is not there.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let home = tempfile::Builder::new().prefix("kontor-window-").tempdir()?;
        Ok(Self { folder: folder.canonicalize()?, home, screen: Screen::start()? })
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Says how the window shall look, before it is opened.
    pub fn prefer(&self, look: Look<'_>) -> anyhow::Result<()> {
        let density = if look.is_compact { "compact" } else { "comfortable" };
        let preferences = json!({ "locale": look.locale, "theme": look.theme, "density": density, "sound": false });
        std::fs::write(self.folder.join("preferences.json"), preferences.to_string())?;
        Ok(())
    }

    /// Starts the program and waits until its window has drawn something.
    pub async fn open(&self) -> anyhow::Result<Window> {
        self.open_until(&[], "document.querySelector('.app:not([aria-busy]), .first, .problem')").await
    }

    /// Starts only an empty window: the floor that starting is measured against.
    pub async fn open_floor(&self) -> anyhow::Result<Window> {
        // The page has nothing of its own; the field that keys are typed into is put there from here.
        const FIELD: &str = "document.body && (document.querySelector('input') || document.body.appendChild(document.createElement('input')))";
        self.open_until(&["--floor-window"], FIELD).await
    }

    async fn open_until(&self, more: &[&str], ready: &str) -> anyhow::Result<Window> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut window = Window { driver: self.start_driver(port)?, folder: self.folder.clone(), client: None, keyboard: self.keyboard()? };
        window.client = Some(connect(port, &self.folder, more).await?);
        window.eval(GATHER, Vec::new()).await?;
        window.until("the window", ready).await?;
        ensure!(window.keyboard.focus_window()?, "the window is not on the screen");
        Ok(window)
    }

    /// Starts the program as a person does who chose no folder for it, with a session bus to find another start by.
    pub fn start_plainly(&self, bus: &Bus) -> anyhow::Result<Child> {
        let mut command = companion(&binary()?.display().to_string());
        self.furnish(&mut command)?;
        command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        command.spawn().context("the program")
    }

    /// The keyboard of its screen.
    pub fn keyboard(&self) -> anyhow::Result<Keyboard> {
        Keyboard::of(&self.screen.name)
    }

    fn start_driver(&self, port: u16) -> anyhow::Result<Child> {
        let mut command = companion("WebKitWebDriver");
        command.arg("--host=127.0.0.1").arg(format!("--port={port}"));
        self.furnish(&mut command)?;
        // No other program is to be found, nor to find this one.
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        command.spawn().context("WebKitWebDriver")
    }

    /// A home, a screen, and nothing of the person's who runs this.
    fn furnish(&self, command: &mut Command) -> anyhow::Result<()> {
        let home = self.home.path();
        for (name, below) in
            [("HOME", ""), ("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache"), ("XDG_RUNTIME_DIR", "run")]
        {
            let folder = home.join(below);
            std::fs::create_dir_all(&folder)?;
            command.env(name, folder);
        }
        command
            .env("DISPLAY", &self.screen.name)
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("LANG", "C.UTF-8")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("LC_ALL")
            .env_remove("KONTOR_DATA_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(())
    }
}

async fn connect(port: u16, folder: &Path, more: &[&str]) -> anyhow::Result<Client> {
    let address = format!("http://127.0.0.1:{port}");
    let mut arguments = vec![json!("--data-dir"), json!(folder)];
    arguments.extend(more.iter().map(|word| json!(word)));
    let options = json!({ "binary": binary()?, "args": arguments });
    let mut capabilities = Capabilities::new();
    capabilities.insert("webkitgtk:browserOptions".to_owned(), options);
    let started = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        ensure!(started.elapsed() < PATIENCE, "WebKitWebDriver does not answer");
        tokio::time::sleep(GLANCE).await;
    }
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    let session = tokio::time::timeout(PATIENCE, builder.connect(&address)).await.context("the window did not open")?;
    session.context("opening the window")
}

/// An open window. It is gone when dropped, with all that was started for it.
#[derive(Debug)]
pub struct Window {
    driver: Child,
    folder: PathBuf,
    client: Option<Client>,
    /// Its keyboard.
    pub keyboard: Keyboard,
}

impl Window {
    fn client(&self) -> anyhow::Result<&Client> {
        self.client.as_ref().context("the window is open")
    }

    /// Presses a key: `F10`, `Ctrl+K`, `Enter`.
    pub fn press(&self, chord: &str) -> anyhow::Result<()> {
        self.keyboard.press(chord)
    }

    /// Types as a person does.
    pub fn type_text(&self, text: &str) -> anyhow::Result<()> {
        self.keyboard.type_text(text)
    }

    /// Scans a code.
    pub fn scan(&self, code: &str) -> anyhow::Result<()> {
        self.keyboard.scan(code)
    }

    /// Runs JavaScript with `arguments`.
    pub async fn eval(&self, script: &str, arguments: Vec<Value>) -> anyhow::Result<Value> {
        let client = self.client()?;
        tokio::time::timeout(PATIENCE, client.execute(script, arguments))
            .await
            .context("the page does not answer")?
            .with_context(|| script.to_owned())
    }

    /// Runs JavaScript whose last argument is called with the answer.
    pub async fn eval_async(&self, script: &str, arguments: Vec<Value>) -> anyhow::Result<Value> {
        let client = self.client()?;
        Ok(tokio::time::timeout(PATIENCE * 4, client.execute_async(script, arguments)).await.context("no answer")??)
    }

    /// The value of a JavaScript expression.
    pub async fn value(&self, expression: &str) -> anyhow::Result<Value> {
        self.eval(&format!("return {expression};"), Vec::new()).await
    }

    /// The text of the first element that fits, as it is seen.
    pub async fn text(&self, selector: &str) -> anyhow::Result<String> {
        let text = self.eval("return document.querySelector(arguments[0])?.innerText ?? ''", vec![json!(selector)]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// How many elements fit.
    pub async fn count(&self, selector: &str) -> anyhow::Result<u64> {
        let count = self.eval("return document.querySelectorAll(arguments[0]).length", vec![json!(selector)]).await?;
        Ok(count.as_u64().unwrap_or_default())
    }

    /// Waits until a JavaScript expression is true.
    pub async fn until(&self, what: &str, expression: &str) -> anyhow::Result<()> {
        let script = format!("return !!({expression});");
        let started = Instant::now();
        while self.eval(&script, Vec::new()).await? != true {
            if started.elapsed() > PATIENCE {
                let seen = self.value("document.body.innerText").await?;
                bail!("waited in vain for {what}; the window shows: {seen}");
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Waits until an element is there.
    pub async fn until_there(&self, selector: &str) -> anyhow::Result<()> {
        self.until(selector, &format!("document.querySelector({})", json!(selector))).await
    }

    /// Waits until an element has the focus.
    pub async fn until_focus(&self, selector: &str) -> anyhow::Result<()> {
        self.until(selector, &format!("document.activeElement?.matches({})", json!(selector))).await
    }

    /// Waits until no such element is there.
    pub async fn until_gone(&self, selector: &str) -> anyhow::Result<()> {
        self.until(selector, &format!("!document.querySelector({})", json!(selector))).await
    }

    /// Waits until a text is seen.
    pub async fn until_text(&self, text: &str) -> anyhow::Result<()> {
        self.until(text, &format!("document.body.innerText.includes({})", json!(text))).await
    }

    /// Walks with Tab until an element has the focus.
    pub async fn tab_to(&self, selector: &str) -> anyhow::Result<()> {
        self.tab_until(&format!("document.activeElement?.matches({})", json!(selector))).await
    }

    /// Walks with Tab until an expression is true.
    pub async fn tab_until(&self, expression: &str) -> anyhow::Result<()> {
        for _ in 0..100 {
            if self.value(expression).await? == true {
                return Ok(());
            }
            self.press("Tab")?;
        }
        bail!("Tab does not reach {expression}");
    }

    /// Walks to the button with these words and presses it.
    pub async fn press_button(&self, words: &str) -> anyhow::Result<()> {
        let words = json!(words);
        let expression = format!(
            "(document.activeElement?.tagName === 'BUTTON' && !document.activeElement.disabled
              && (document.activeElement.innerText.trim() || document.activeElement.getAttribute('aria-label') || '').startsWith({words}))"
        );
        self.tab_until(&expression).await?;
        self.press("Enter")
    }

    /// Presses an element with the mouse: only to get somewhere, never to prove something.
    pub async fn click(&self, selector: &str) -> anyhow::Result<()> {
        self.until_there(selector).await?;
        self.eval("document.querySelector(arguments[0]).click()", vec![json!(selector)]).await?;
        Ok(())
    }

    async fn call<T: DeserializeOwned>(&self, command: &str, argument: &str, body: String) -> anyhow::Result<T> {
        const CALL: &str = "const [command, args, done] = arguments;
            window.__TAURI__.core.invoke(command, args).then((text) => done({ ok: text }), (error) => done({ reject: String(error) }));";
        let answer = self.eval_async(CALL, vec![json!(command), json!({ argument: body })]).await?;
        match answer["ok"].as_str() {
            Some(text) => serde_json::from_str(text).with_context(|| text.to_owned()),
            None => bail!("{command} was refused: {}", answer["reject"]),
        }
    }

    /// Has the program do something.
    pub async fn host<T: DeserializeOwned>(&self, call: &HostCall) -> anyhow::Result<T> {
        self.call("host", "call", serde_json::to_string(call)?).await
    }

    /// Asks the shop.
    pub async fn ask<Q: Ask>(&self, question: Q) -> anyhow::Result<Q::Answer> {
        let query: Query = question.into();
        self.call("query", "query", serde_json::to_string(&query)?).await
    }

    /// Changes the shop.
    pub async fn execute(&self, command: ShopCommand) -> anyhow::Result<Value> {
        let request = Request { id: CommandId(id()), command };
        self.call("execute", "request", serde_json::to_string(&request)?).await
    }

    /// A picture (PNG) of what the window shows, when nothing on it moves any more. Taken from the screen: the driver
    /// sometimes never answers when it is asked for one.
    pub async fn picture(&self, file: &Path) -> anyhow::Result<()> {
        self.eval("for (const it of document.getAnimations()) { try { it.finish() } catch { it.cancel() } }", Vec::new()).await?;
        // A frame for what the page has changed to be drawn.
        tokio::time::sleep(Duration::from_millis(150)).await;
        let picture = self.keyboard.picture()?;
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, picture).with_context(|| file.display().to_string())
    }

    /// Makes the window so large.
    pub async fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        self.keyboard.resize_window(width, height)?;
        self.until("the new size", &format!("innerWidth === {width}")).await
    }

    /// What went wrong in the page since it was opened.
    pub async fn errors(&self) -> anyhow::Result<Vec<String>> {
        Ok(serde_json::from_value(self.value("window.kontorErrors").await?)?)
    }

    /// The process of the program.
    pub fn pid(&self) -> anyhow::Result<u32> {
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Ok(line) = std::fs::read(entry.path().join("cmdline")) else { continue };
            let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            let is_program = words.first().is_some_and(|word| word.ends_with(b"kontor"));
            if is_program && words.contains(&self.folder.as_os_str().as_encoded_bytes()) {
                return Ok(pid);
            }
        }
        bail!("the program does not run");
    }

    /// Closes the window in good order.
    pub async fn close(mut self) -> anyhow::Result<()> {
        if let Some(client) = self.client.take() {
            client.close().await?;
        }
        self.until_ended().await
    }

    /// `kill -9` of the program.
    pub async fn kill(self) -> anyhow::Result<()> {
        let pid = self.pid()?;
        self.kill_at_once(pid).await
    }

    /// `kill -9` of the program whose process was looked up before.
    pub async fn kill_at_once(mut self, pid: u32) -> anyhow::Result<()> {
        kill(pid)?;
        self.client = None;
        self.until_ended().await
    }

    async fn until_ended(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.pid().is_ok() {
            ensure!(started.elapsed() < PATIENCE, "the program does not end");
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }
}

fn kill(pid: u32) -> anyhow::Result<()> {
    let status = Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status().context("kill")?;
    ensure!(status.success(), "kill {pid}");
    Ok(())
}

impl Drop for Window {
    fn drop(&mut self) {
        // Whatever of it has ended already needs nothing more.
        let _ = self.pid().and_then(kill);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

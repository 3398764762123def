//! What lies between a till and its server: bytes are passed on and counted, and the line can be down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Path of a ready file.
const READY_FILE: &[u8] = b"/sync/snapshot/";

#[derive(Debug, Default)]
struct Counted {
    up: AtomicU64,
    down: AtomicU64,
    gives_no_file: AtomicBool,
}

/// A relay on a port of its own; it ends when it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: String,
    counted: Arc<Counted>,
    is_up: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts one in front of a server (`host:port`).
    pub async fn start(server: String) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let counted = Arc::new(Counted::default());
        let (is_up, watched) = watch::channel(true);
        let shared = Arc::clone(&counted);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, counted, mut watched) = (server.clone(), Arc::clone(&shared), watched.clone());
                tokio::spawn(async move {
                    if !*watched.borrow_and_update() {
                        return;
                    }
                    tokio::select! {
                        _ = pass(client, &server, &counted) => {}
                        _ = watched.wait_for(|is_up| !*is_up) => {}
                    }
                });
            }
        });
        Ok(Self { address, counted, is_up, task })
    }

    /// Where tills find the server.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the line works from now on.
    pub fn up(&self, is_up: bool) {
        self.is_up.send_replace(is_up);
    }

    /// Whether tills that join must take every row by itself.
    pub fn gives_no_file(&self, no_file: bool) {
        self.counted.gives_no_file.store(no_file, Ordering::Relaxed);
    }

    /// Bytes to the server and from it, headers and all, since the last time this was asked.
    pub fn take_bytes(&self) -> (u64, u64) {
        (self.counted.up.swap(0, Ordering::Relaxed), self.counted.down.swap(0, Ordering::Relaxed))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(client: TcpStream, server: &str, counted: &Counted) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((client_in, client_out), (server_in, server_out)) = (client.into_split(), server.into_split());
    let refuses = || counted.gives_no_file.load(Ordering::Relaxed);
    tokio::select! {
        done = copy(client_in, server_out, &counted.up, refuses) => done,
        done = copy(server_in, client_out, &counted.down, || false) => done,
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, count: &AtomicU64, refuses_file: impl Fn() -> bool) -> std::io::Result<()> {
    let mut bytes = vec![0; 65_536];
    loop {
        let length = from.read(&mut bytes).await?;
        let part = &bytes[..length];
        if length == 0 || (refuses_file() && part.windows(READY_FILE.len()).any(|window| window == READY_FILE)) {
            return Ok(());
        }
        count.fetch_add(u64::try_from(length).unwrap_or(0), Ordering::Relaxed);
        to.write_all(part).await?;
    }
}

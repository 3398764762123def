//! Starting and stopping.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::TokioTimer;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::{front, once};
use crate::app::App;
use crate::blobs;
use crate::clock::Clock;
use crate::config::Settings;
use crate::host::Host;
use crate::identity::door::Door;
use crate::identity::mail::{self, Post};
use crate::routes::router;
use crate::screens::files::{self, Files};
use crate::secrets;
use crate::snapshots::Snapshots;
use crate::tls::Identity;
use crate::upgrade;
use crate::upkeep::{self, Kept};

/// How long answers may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(20);
/// How long a connection may take to say what it wants.
const HEADER_LIMIT: Duration = Duration::from_secs(10);
/// File of the token for reading figures.
const METRICS_TOKEN_FILE: &str = "metrics.token";

/// A running server.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// SHA-256 of its certificate; `None`: plain HTTP.
    pub fingerprint: Option<String>,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    handle: Handle<SocketAddr>,
    task: JoinHandle<std::io::Result<()>>,
    letters: JoinHandle<()>,
    upkeep: JoinHandle<()>,
}

/// Makes the data folder; what is in it is for the server's user alone.
pub fn make_data_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| path.display().to_string())
}

/// Starts a server. It answers when this returns.
pub async fn start(settings: &Settings) -> Result<Running> {
    start_with(settings, Clock::system()).await
}

/// The same with another clock than the system's.
pub async fn start_with(settings: &Settings, clock: Clock) -> Result<Running> {
    make_data_folder(&settings.data)?;
    let identity = Identity::of(settings)?;
    let fingerprint = identity.as_ref().map(Identity::fingerprint);
    let metrics_token = secrets::metrics_token(&settings.data.join(METRICS_TOKEN_FILE))?;
    let listener = std::net::TcpListener::bind(settings.listen).with_context(|| settings.listen.to_string())?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let host = upgrade::open(settings).await?.with_clock(clock);
    let door = Door::open(&host.access, settings).await?;
    host.make_own_devices().await;
    let snapshots = Snapshots::new(settings.data.join("snapshots"))?;
    let (stop, stopping) = watch::channel(false);
    let app = App::new(host, door, Some(Post::open(settings)?), snapshots, metrics_token, stopping);
    let app = Arc::new(app.with_screens(screens(settings)?, fingerprint.clone()));
    tokio::spawn(once::forget_old(Arc::clone(&app)));
    tokio::spawn(blobs::forget_old(Arc::clone(&app)));
    let letters = tokio::spawn(mail::run(Arc::clone(&app), stop.subscribe()));
    let upkeep = tokio::spawn(upkeep::run(Arc::clone(&app), Kept::of(settings), stop.subscribe()));
    let handle = Handle::new();
    let service = front::with_cors(router(Arc::clone(&app)), &settings.cors_origins);
    let task = match identity {
        Some(identity) => {
            let mut server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(identity.server_config()?))?.handle(handle.clone());
            limit(server.http_builder());
            tokio::spawn(server.serve(make_service(service)))
        }
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
            limit(server.http_builder());
            tokio::spawn(server.serve(make_service(service)))
        }
    };
    tracing::info!(%address, fingerprint, "listening");
    Ok(Running { address, fingerprint, app, stop, handle, task, letters, upkeep })
}

/// The screens, if there are any: a server for tills alone needs none.
fn screens(settings: &Settings) -> Result<Option<Files>> {
    let found = settings.ui_dir.clone().or_else(files::usual_folder);
    found.map(|folder| Files::read(&folder)).transpose()
}

fn make_service(router: Router) -> axum::extract::connect_info::IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
    router.into_make_service_with_connect_info::<SocketAddr>()
}

/// Who connects and says nothing does not stay.
fn limit(builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_LIMIT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(HEADER_LIMIT)).max_concurrent_streams(64);
}

impl Running {
    /// The authority inside.
    pub fn host(&self) -> &Host {
        &self.app.host
    }

    /// Passwords hashed so far.
    pub fn hashes(&self) -> u64 {
        self.app.door.hasher.count()
    }

    /// Stops: no new connections, pulls that wait are answered, what was pushed is written, the file is closed.
    pub async fn stop(self) -> Result<()> {
        tracing::info!("stopping");
        self.stop.send_replace(true);
        self.handle.graceful_shutdown(Some(GRACE));
        self.task.await??;
        // What it was sending is sent or waits: it is in the database until then.
        self.letters.await?;
        self.upkeep.await?;
        self.app.host.close().await;
        tracing::info!("stopped");
        Ok(())
    }

    /// Waits until the server is told to stop, then stops.
    pub async fn run(self) -> Result<()> {
        told_to_stop().await?;
        self.stop().await
    }
}

#[cfg(unix)]
async fn told_to_stop() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_stop() -> Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}

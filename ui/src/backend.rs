//! The seam to whatever keeps the shop: three calls, JSON text both ways, and events.
//!
//! Text and not JavaScript objects, because an `i64` does not survive those. In a window the desktop program answers,
//! in a browser the shop server that the page came from; nothing else knows where answers come from.

use std::cell::Cell;

use kontor_domain::blob::BlobHash;
use kontor_domain::command::{Ask, Command, Query, Receipt, Request};
use kontor_domain::host::{FileWish, HostCall, HostEvent, ServerAsk, ServerMethod};
use kontor_domain::ids::{CommandId, ProductId};
use kontor_domain::reject::{Code, Reject};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ids;

#[cfg(feature = "mock")]
mod mock;
pub(crate) mod server;
mod tauri;

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// The desktop program around this window.
    Desktop,
    /// The shop server that this page came from.
    #[cfg_attr(feature = "mock", allow(dead_code, reason = "canned data stands in for it"))]
    Server,
    /// Canned data, for looking at screens.
    #[cfg(feature = "mock")]
    Mock,
}

/// Which of the three calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    /// Something shall change.
    Execute,
    /// Something is asked.
    Query,
    /// The program itself shall do something.
    Host,
}

impl Door {
    /// The name of the call and of its one argument.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Execute => ("execute", "request"),
            Self::Query => ("query", "query"),
            Self::Host => ("host", "call"),
        }
    }
}

thread_local! {
    /// Chosen once, at the first call.
    static HERE: Cell<Option<Backend>> = const { Cell::new(None) };
}

impl Backend {
    /// The one that is there.
    fn here() -> Self {
        HERE.get().unwrap_or_else(|| {
            let found = if tauri::is_there() { Self::Desktop } else { Self::outside() };
            HERE.set(Some(found));
            found
        })
    }

    /// Where there is no window of ours.
    #[cfg(feature = "mock")]
    const fn outside() -> Self {
        Self::Mock
    }

    /// Where there is no window of ours.
    #[cfg(not(feature = "mock"))]
    const fn outside() -> Self {
        Self::Server
    }

    async fn call(self, door: Door, body: String) -> Result<String, String> {
        match self {
            Self::Desktop => tauri::call(door, &body).await,
            Self::Server => server::call(door, &body).await.map_err(|reject| serde_json::to_string(&reject).unwrap_or_default()),
            #[cfg(feature = "mock")]
            Self::Mock => mock::call(door, body).await,
        }
    }
}

/// Whether this is a page in a browser: there is no printer, drawer or file, and nothing works without the server.
pub(crate) fn is_browser() -> bool {
    Backend::here() == Backend::Server
}

/// Whether files can be read and written here.
pub(crate) fn has_files() -> bool {
    !is_browser()
}

/// A refusal when the answer itself cannot be understood: the cause goes into its reference.
fn not_understood(what: impl std::fmt::Display) -> Reject {
    Reject::new(Code::Internal).with("reference", what)
}

async fn call<T: DeserializeOwned>(door: Door, body: &impl Serialize) -> Result<T, Reject> {
    let body = serde_json::to_string(body).map_err(not_understood)?;
    match Backend::here().call(door, body).await {
        Ok(answer) => serde_json::from_str(&answer).map_err(not_understood),
        Err(refusal) => Err(serde_json::from_str(&refusal).unwrap_or_else(|_| not_understood(refusal))),
    }
}

/// Asks a question.
pub(crate) async fn ask<Q: Ask>(question: Q) -> Result<Q::Answer, Reject> {
    let query: Query = question.into();
    call(Door::Query, &query).await
}

/// Has a command executed. `Ok` means it is on the disk.
pub(crate) async fn execute(command: Command) -> Result<Receipt, Reject> {
    execute_as(&Request { id: ids::new(CommandId), command }).await
}

/// The same with an id made before, so that a second try cannot do it twice.
pub(crate) async fn execute_as(request: &Request) -> Result<Receipt, Reject> {
    call(Door::Execute, request).await
}

/// Whether a refusal leaves open what became of a command: it may be done.
pub(crate) const fn is_unanswered(reject: &Reject) -> bool {
    matches!(reject.code, Code::Internal | Code::ServerUnreached)
}

/// Has the program do something. The type of the answer stands beside each [`HostCall`].
pub(crate) async fn host<T: DeserializeOwned>(request: HostCall) -> Result<T, Reject> {
    call(Door::Host, &request).await
}

/// Asks one of the shop server's paths that other programs use too, as whoever works there; the answer is JSON, or nothing.
pub(crate) async fn rest<T: DeserializeOwned>(method: ServerMethod, path: &str, body: Option<&impl Serialize>) -> Result<T, Reject> {
    let body = body.map(serde_json::to_string).transpose().map_err(not_understood)?;
    if !is_browser() {
        return host(HostCall::AskServer(ServerAsk { method, path: path.to_owned(), body })).await;
    }
    let answer = server::ask(method, path, body.as_deref()).await?;
    serde_json::from_str(if answer.is_empty() { "null" } else { &answer }).map_err(not_understood)
}

/// Saves what a path of the shop server answers as a CSV file. `false`: whoever was asked where to does not want to.
pub(crate) async fn save_csv(path: String, name: &str) -> Result<bool, Reject> {
    if is_browser() {
        server::save(&path, name, "text/csv").await?;
        return Ok(true);
    }
    let wish = FileWish { save: true, name: name.to_owned(), extension: "csv".to_owned() };
    let Some(to) = host::<Option<String>>(HostCall::PickFile(wish)).await? else { return Ok(false) };
    host::<()>(HostCall::SaveFromServer { path, to }).await?;
    Ok(true)
}

/// A picture as an address that a page can show; `None`: its bytes are not here yet.
pub(crate) async fn picture(sha256: BlobHash) -> Result<Option<String>, Reject> {
    if is_browser() { server::blobs::picture(sha256).await } else { host(HostCall::GetPicture { sha256 }).await }
}

/// Adds the picture in a file of a browser's to a product.
pub(crate) async fn upload_image(product_id: ProductId, file: web_sys::File) -> Result<(), Reject> {
    server::blobs::upload(product_id, file).await
}

/// Hands every event of the program to `handle`, from now on.
pub(crate) fn listen(handle: impl Fn(HostEvent) + 'static) {
    match Backend::here() {
        Backend::Desktop => tauri::listen(handle),
        Backend::Server => server::listen(handle),
        #[cfg(feature = "mock")]
        Backend::Mock => mock::listen(handle),
    }
}

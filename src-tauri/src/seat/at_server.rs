//! Whoever is at this till works at the shop server, too: what only the server keeps (people, roles, keys, devices, the
//! shop's own data) is asked and changed there, by the person and not by the till.
//!
//! The session is begun with the person's password and is in memory alone. It ends when somebody else comes, when the till
//! is locked, and when another file is opened.

use std::sync::Mutex;
use std::time::Duration;

use kontor_domain::command::{Command, Event, Query, Request};
use kontor_domain::host::{HostEvent, Seat, ServerAsk, ServerMethod, ShopFile};
use kontor_domain::ids::{DeviceId, PersonId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use kontor_domain::time::Instant;
use serde::Serialize;

use super::{acting, get};
use crate::platform;
use crate::program::{Program, internal, lock};
use crate::shop::Shop;
use crate::sync::{self, Client, Session, Trouble};

/// Where all of it is.
const PATHS: &str = "/api/v1/";
/// Most bytes of a path.
const PATH_BYTES_LIMIT: usize = 2_048;
/// Pauses before what was not answered is asked again.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_500)];

/// Somebody's session at the shop server.
#[derive(Clone, Debug)]
struct Visit {
    client: Client,
    token: Secret,
    until: Instant,
    /// Whose it is, and on which till of which server.
    of: (PersonId, DeviceId),
}

/// The one there may be.
#[derive(Debug, Default)]
pub(crate) struct AtServer(Mutex<Option<Visit>>);

impl AtServer {
    /// It, if it still holds for whoever is here.
    fn visit(&self, shop: &Shop) -> Option<Visit> {
        let occupied = shop.occupied();
        let of = (occupied.person, shop.installation.device);
        let holds = |visit: &Visit| !occupied.is_locked && shop.file == ShopFile::Joined && visit.of == of && visit.until > platform::now();
        lock(&self.0).clone().filter(holds)
    }

    /// Until when it holds.
    pub(super) fn until(&self, shop: &Shop) -> Option<Instant> {
        self.visit(shop).map(|visit| visit.until)
    }

    /// It is over. The server is told; if it is not reached, the session ends there by itself.
    pub(crate) fn leave(&self) {
        let Some(visit) = lock(&self.0).take() else { return };
        tokio::spawn(async move { visit.client.end_session(&visit.token).await });
    }

    fn begin(&self, visit: Visit) {
        self.leave();
        *lock(&self.0) = Some(visit);
    }
}

/// Whoever is here shows the server their password.
pub(crate) async fn go(program: &Program, password: Secret) -> Result<Seat, Reject> {
    let shop = program.shop().await?;
    let connection =
        program.connection().ok_or_else(|| Reject::new(Code::NotAllowedInState).with("action", "go_to_server").with("state", "alone"))?;
    let person = shop.occupied().person;
    let (known, _) = acting(&shop, person).await?;
    let (client, token) = sync::client_of(program.folder(), &connection).await.map_err(told)?;
    let session = client.begin_session(&token, &known.username, &password).await.map_err(told)?;
    let Session { token, good_for_s, person: found } = session;
    if found != person {
        client.end_session(&token).await;
        return Err(Reject::new(Code::BadCredentials));
    }
    let until = Instant(platform::now().0.saturating_add(good_for_s.saturating_mul(1_000)));
    program.seats.at_server.begin(Visit { client, token, until, of: (person, shop.installation.device) });
    tracing::info!(%person, "works at the shop server, too");
    get(program).await
}

fn told(trouble: Trouble) -> Reject {
    trouble.reject().unwrap_or_else(|| internal("interrupted"))
}

/// The server's answer to a question that only it can answer; `None`: it is this till's to answer.
pub(crate) async fn answer(program: &Program, shop: &Shop, query: &Query) -> Option<Result<String, Reject>> {
    if !query.is_kept_at_server() {
        return None;
    }
    let visit = program.seats.at_server.visit(shop)?;
    Some(ask_screens(program, &visit, "query", query).await)
}

/// Whether a command is entered at the server and not here.
pub(crate) fn takes(shop: &Shop, command: &Command) -> bool {
    shop.file == ShopFile::Joined && command.is_online_only()
}

/// The session, or screens are told that there is none: one that has run out leaves without a word.
fn visit(program: &Program, shop: &Shop) -> Result<Visit, Reject> {
    program.seats.at_server.visit(shop).ok_or_else(|| {
        is_over(program);
        Reject::new(Code::NotAtServer)
    })
}

fn is_over(program: &Program) {
    program.seats.at_server.leave();
    program.tell(HostEvent::Changed(vec![Event::IdentityChanged]));
}

/// Has the server execute it. It is done once by its id, however often it comes.
pub(crate) async fn execute(program: &Program, shop: &Shop, request: &Request) -> Result<String, Reject> {
    let visit = visit(program, shop)?;
    let receipt = ask_screens(program, &visit, "execute", request).await?;
    changed(program);
    Ok(receipt)
}

/// Asks a path as whoever works there.
pub(crate) async fn ask(program: &Program, wish: ServerAsk) -> Result<String, Reject> {
    let shop = program.shop().await?;
    let visit = visit(program, &shop)?;
    check_path(&wish.path)?;
    let answer = ask_once(program, &visit, &wish).await?;
    if wish.method != ServerMethod::Get {
        changed(program);
    }
    Ok(answer)
}

/// Saves what a path answers to a file.
pub(crate) async fn save(program: &Program, path: String, to: String) -> Result<(), Reject> {
    let text = ask(program, ServerAsk { method: ServerMethod::Get, path, body: None }).await?;
    tokio::task::spawn_blocking(move || {
        std::fs::write(&to, text).map_err(|error| {
            tracing::warn!(%error, "what the server answered");
            let code = if error.kind() == std::io::ErrorKind::StorageFull { Code::PaperNoRoom } else { Code::PaperUnwritable };
            Reject::new(code).with("path", to)
        })
    })
    .await
    .map_err(internal)?
}

/// Only paths of the API, as the server writes them.
fn check_path(path: &str) -> Result<(), Reject> {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic()) && !path.contains("..") && !path.contains(['\\', '#', '@']);
    if path.len() <= PATH_BYTES_LIMIT && path.starts_with(PATHS) && is_plain { Ok(()) } else { Err(Reject::field(Code::Format, "path")) }
}

/// What changed at the server comes with the next rows; what is never sent to tills is asked for again.
fn changed(program: &Program) {
    program.sync_now();
    program.tell(HostEvent::Changed(vec![Event::IdentityChanged, Event::SettingsChanged]));
}

async fn ask_screens(program: &Program, visit: &Visit, door: &str, what: &impl Serialize) -> Result<String, Reject> {
    let body = serde_json::to_string(what).map_err(internal)?;
    let wish = ServerAsk { method: ServerMethod::Post, path: format!("{PATHS}screens/{door}"), body: Some(body) };
    let mut answer = ask_once(program, visit, &wish).await;
    for pause in PAUSES {
        match &answer {
            Err(reject) if reject.code == Code::ServerUnreached => tokio::time::sleep(pause).await,
            _ => break,
        }
        answer = ask_once(program, visit, &wish).await;
    }
    answer
}

async fn ask_once(program: &Program, visit: &Visit, wish: &ServerAsk) -> Result<String, Reject> {
    let answer = visit.client.ask_as(&visit.token, wish).await;
    if answer.as_ref().is_err_and(|reject| reject.code == Code::NotAtServer) {
        // Signed out there, or it has run out: the password is asked for again.
        is_over(program);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::check_path;

    #[test]
    fn only_paths_of_the_api_are_asked() {
        for good in ["/api/v1/users/me", "/api/v1/audit/export?from=1&kind=access."] {
            assert!(check_path(good).is_ok(), "{good}");
        }
        for bad in
            ["", "/metrics", "https://example.com/api/v1/", "/api/v1/../../metrics", "/api/v1/a b", "/api/v1/x#y", "/api/v1/a\r\nb", "/api/v1/\\x"]
        {
            assert!(check_path(bad).is_err(), "{bad}");
        }
        assert!(check_path(&format!("/api/v1/{}", "a".repeat(4_000))).is_err());
    }
}

//! Who is signed in in this browser.
//!
//! The access token is in memory only; what gets a new one is a cookie that no script can read. Tabs share the cookie,
//! each has its own access token.

use std::cell::{Cell, RefCell};

use js_sys::Promise;
use kontor_domain::command::{Permission, Rights};
use kontor_domain::host::ServerMethod;
use kontor_domain::identity::Person;
use kontor_domain::ids::{CompanyId, PersonId, TillId};
use kontor_domain::reject::{Code, Reject};
use kontor_domain::secret::Secret;
use leptos::prelude::{GetUntracked, Set};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::http;
use crate::state::app;
use crate::storage;

/// Where people sign in.
const DOOR: &str = "/api/v1/auth";
/// A token is replaced so long before it runs out.
const BEFORE_END_MS: f64 = 60_000.0;
/// What stands for no till.
const NO_TILL: &str = "none";

/// Whether somebody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// Not asked yet.
    Unknown,
    /// Nobody.
    Out,
    /// Somebody, or a window whose program vouches for who is at it.
    In,
    /// Somebody was, until a moment ago: what they typed is still on the screen.
    Ended,
}

/// What the server gives who has signed in.
#[derive(Deserialize)]
struct Granted {
    access_token: Secret,
    expires_in_s: u32,
}

/// Who that is.
#[derive(Deserialize)]
struct Me {
    company: CompanyId,
    person: Person,
    permissions: Vec<Permission>,
}

struct Token {
    text: String,
    ends_ms: f64,
    company: CompanyId,
    person: PersonId,
}

thread_local! {
    static TOKEN: RefCell<Option<Token>> = const { RefCell::new(None) };
    /// The renewal that is on its way: whoever needs a token waits for the same one.
    static RENEWING: RefCell<Option<Promise>> = const { RefCell::new(None) };
    static TILL: Cell<Option<TillId>> = const { Cell::new(None) };
}

/// What a person types to sign in.
#[derive(Serialize)]
pub(crate) struct Credentials {
    /// What the session goes on with is a cookie.
    pub(crate) cookie: bool,
    /// The company, where the server has several.
    pub(crate) company: Option<String>,
    /// Name or e-mail.
    pub(crate) username: String,
    /// Password.
    pub(crate) password: Secret,
}

/// Whether somebody is signed in.
pub(super) fn is_in() -> bool {
    app().account.get_untracked() == Account::In
}

/// Takes up a session that this browser had, if it still holds.
pub(crate) async fn resume() -> Result<(), Reject> {
    renew(None).await.map(|_| ())
}

/// Signs in.
pub(crate) async fn sign_in(credentials: &Credentials) -> Result<(), Reject> {
    let body = serde_json::to_string(credentials).map_err(super::super::not_understood)?;
    let text = http::send(ServerMethod::Post, &format!("{DOOR}/login"), Some(&body), None).await?.read().await?;
    take(&text).await
}

/// Asks for a link to a new password. The answer says nothing about who there is.
pub(crate) async fn forgot_password(company: Option<String>, username: String) -> Result<(), Reject> {
    post(&format!("{DOOR}/forgot-password"), &serde_json::json!({ "company": company, "username": username })).await
}

/// Sets a new password by the secret of a link.
pub(crate) async fn reset_password(token: Secret, password: Secret) -> Result<(), Reject> {
    post(&format!("{DOOR}/reset-password"), &serde_json::json!({ "token": token, "new_password": password })).await
}

/// What is asked before anybody has signed in, and answered with yes or no.
async fn post(path: &str, body: &impl Serialize) -> Result<(), Reject> {
    let body = serde_json::to_string(body).map_err(super::super::not_understood)?;
    http::send(ServerMethod::Post, path, Some(&body), None).await?.read().await.map(|_| ())
}

/// Signs out, here and at the server. Whatever the server says: this browser forgets.
pub(crate) async fn sign_out() -> Result<(), Reject> {
    let answer = post(&format!("{DOOR}/logout"), &serde_json::json!({})).await;
    forget();
    answer
}

/// Forgets who was signed in.
pub(crate) fn forget() {
    TOKEN.set(None);
    TILL.set(None);
    app().account.set(Account::Out);
}

/// A token that is good for a while.
pub(super) async fn token() -> Result<String, Reject> {
    let now_ms = js_sys::Date::now();
    let good = TOKEN.with_borrow(|token| token.as_ref().filter(|token| token.ends_ms - BEFORE_END_MS > now_ms).map(|token| token.text.clone()));
    match good {
        Some(token) => Ok(token),
        None => renew(None).await,
    }
}

/// Another token than this one, which the server did not take.
pub(super) async fn renew(refused: Option<&str>) -> Result<String, Reject> {
    let current = || TOKEN.with_borrow(|token| token.as_ref().map(|token| token.text.clone()));
    if let (Some(refused), Some(current)) = (refused, current())
        && refused != current
    {
        // Somebody else has got another one meanwhile.
        return Ok(current);
    }
    let under_way = RENEWING.with_borrow(Clone::clone).unwrap_or_else(|| {
        let promise = future_to_promise(async {
            let done = ask_anew().await;
            RENEWING.set(None);
            done.map(|()| JsValue::UNDEFINED).map_err(|reject| serde_json::to_string(&reject).unwrap_or_default().into())
        });
        RENEWING.set(Some(promise.clone()));
        promise
    });
    match JsFuture::from(under_way).await {
        Ok(_) => current().ok_or_else(|| Reject::new(Code::Unauthorised)),
        Err(refusal) => {
            let reject: Option<Reject> = refusal.as_string().and_then(|text| serde_json::from_str(&text).ok());
            Err(reject.unwrap_or_else(|| Reject::new(Code::Unauthorised)))
        }
    }
}

async fn ask_anew() -> Result<(), Reject> {
    let answer = http::send(ServerMethod::Post, &format!("{DOOR}/refresh"), Some("{}"), None).await?.read().await;
    match answer {
        Ok(text) => take(&text).await,
        Err(reject) => {
            // Refused is refused; a server that is away says nothing about the session.
            if !matches!(reject.code, Code::ServerUnreached | Code::ServerUnexpected) {
                end();
            }
            Err(reject)
        }
    }
}

/// Nobody is signed in any more; who was is asked to sign in again over what is on the screen.
fn end() {
    TOKEN.with_borrow_mut(|token| {
        if let Some(token) = token {
            token.ends_ms = 0.0;
        }
    });
    let account = app().account;
    match account.get_untracked() {
        Account::In => account.set(Account::Ended),
        Account::Unknown => account.set(Account::Out),
        Account::Out | Account::Ended => {}
    }
}

/// Whose a token is.
async fn whose(token: &str) -> Result<Me, Reject> {
    let text = http::send(ServerMethod::Get, &format!("{DOOR}/me"), None, Some(token)).await?.read().await?;
    serde_json::from_str(&text).map_err(super::super::not_understood)
}

/// People or roles have changed: what the person may do is asked for again. Without an answer it stays; the server
/// refuses what it refuses.
pub(crate) async fn look_again() {
    if let Ok(token) = token().await
        && let Ok(me) = whose(&token).await
    {
        let rights = Rights::Only(me.permissions.into_iter().collect());
        if app().rights.get_untracked() != rights {
            app().rights.set(rights);
        }
    }
}

/// Takes a token and asks whose it is.
async fn take(text: &str) -> Result<(), Reject> {
    let granted: Granted = serde_json::from_str(text).map_err(super::super::not_understood)?;
    let ends_ms = js_sys::Date::now() + f64::from(granted.expires_in_s) * 1_000.0;
    let me = whose(&granted.access_token.0).await?;
    let (company, person) = (me.company, me.person.id);
    let is_other = TOKEN.with_borrow(|before| before.as_ref().is_some_and(|before| (before.company, before.person) != (company, person)));
    TOKEN.set(Some(Token { text: granted.access_token.0, ends_ms, company, person }));
    TILL.set(chosen_till(company).flatten());
    let app = app();
    app.rights.set(Rights::Only(me.permissions.into_iter().collect()));
    app.account.set(Account::In);
    if is_other {
        // Somebody else: nothing on the screen is theirs.
        app.start_anew();
    }
    Ok(())
}

fn till_name(company: CompanyId) -> String {
    format!("kontor-till-{company}")
}

/// What was chosen in this browser: a till, or none. `None`: nobody has chosen yet.
fn chosen_till(company: CompanyId) -> Option<Option<TillId>> {
    let text: String = storage::load(&till_name(company))?;
    if text == NO_TILL { Some(None) } else { text.parse().ok().map(|id| Some(TillId(id))) }
}

/// The till that this browser stands for.
pub(super) fn till() -> Option<TillId> {
    TILL.get()
}

/// Whether a till, or none, was chosen in this browser.
pub(crate) fn has_chosen_till() -> bool {
    company().and_then(chosen_till).is_some()
}

/// This browser stands for that till from now on, or for none.
pub(crate) fn choose_till(till: Option<TillId>) {
    if let Some(company) = company() {
        storage::save(&till_name(company), &till.map_or_else(|| NO_TILL.to_owned(), |till| till.to_string()));
        TILL.set(till);
    }
}

fn company() -> Option<CompanyId> {
    TOKEN.with_borrow(|token| token.as_ref().map(|token| token.company))
}

//! Nothing is done twice: a request that its caller names (`Idempotency-Key`) is one command for ever, whatever becomes of
//! the connection, this process or the machine. The command's id is cut from the name, and the answer is kept in the
//! command's own transaction: there is never one without the other.
//!
//! What is no command, and may be done again without harm, is done once as long as its answer is kept ([`Named::once`]).
//! What takes no name says why ([`NAMELESS`]).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aide::generate::GenContext;
use aide::openapi::{Operation, Response as SpecResponse};
use aide::operation::{ParamLocation, add_parameters, parameters_from_schema};
use aide::{OperationInput, OperationOutput};
use aws_lc_rs::digest;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use kontor_domain::command::{Command, Receipt};
use kontor_domain::ids::CommandId;
use kontor_domain::time::Instant;
use kontor_store::answers::{Answer, RequestHash};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::acting;
use super::examples::Example;
use super::input::{BODY_LIMIT, Body, json_bytes, parse};
use super::output::{Done, Reply};
use super::spec::may_answer;
use crate::app::App;
use crate::identity::Actor;
use crate::problem::Problem;

/// How long an answer is kept. After that the same name is refused, not done again.
pub const KEPT_FOR: Duration = Duration::from_hours(24);
/// How often old answers are forgotten.
const FORGET_EVERY: Duration = Duration::from_hours(1);
/// Longest name.
const KEY_LIMIT: usize = 200;
/// When a caller whose request is still being answered may ask again.
const ASK_AFTER_S: u64 = 1;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Told with an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Named requests that are being answered here.
#[derive(Clone, Debug, Default)]
pub struct Running(Arc<Mutex<HashSet<CommandId>>>);

impl Running {
    fn set(&self) -> std::sync::MutexGuard<'_, HashSet<CommandId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, id: CommandId) -> Option<Place> {
        self.set().insert(id).then(|| Place { running: self.clone(), id })
    }
}

/// Ends with the request, in whatever way.
struct Place {
    running: Running,
    id: CommandId,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.running.set().remove(&self.id);
    }
}

/// What came of a request.
#[derive(Debug)]
pub enum Told<const STATUS: u16, T> {
    /// It was done now.
    First(Receipt),
    /// It was done and answered before.
    Again(Reply<STATUS, T>),
}

/// A request as its caller names it: the name, if it has one, and what it asks.
#[derive(Clone, Debug)]
pub struct Named {
    key: Option<String>,
    hash: RequestHash,
}

impl Named {
    /// The name and what is asked: method, path, query and body.
    pub fn of(parts: &Parts, body: &[u8]) -> Result<Self, Problem> {
        let mut context = digest::Context::new(&digest::SHA256);
        let asked = parts.uri.path_and_query().map_or_else(|| parts.uri.path(), |asked| asked.as_str());
        for part in [parts.method.as_str().as_bytes(), b" ", asked.as_bytes(), b"\n", body] {
            context.update(part);
        }
        let hash = context.finish().as_ref().try_into().map_err(|_| Problem::unavailable())?;
        let wrong = |_| Problem::malformed(KEY.as_str());
        let mut keys = parts.headers.get_all(KEY).into_iter();
        let key = keys.next().map(|value| value.to_str().map(str::to_owned)).transpose().map_err(wrong)?;
        match &key {
            Some(key) if key.is_empty() || key.len() > KEY_LIMIT || keys.next().is_some() => Err(Problem::malformed(KEY.as_str())),
            _ => Ok(Self { key, hash }),
        }
    }

    /// The command's id: always the same for a name of this person in this company.
    pub fn command_id(&self, actor: &Actor) -> CommandId {
        let Some(key) = &self.key else { return CommandId(Uuid::now_v7()) };
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [b"kontor request\0".as_slice(), actor.company.0.as_bytes(), actor.person.0.as_bytes(), key.as_bytes()] {
            context.update(part);
        }
        let hash = context.finish();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_ref()[..16]);
        CommandId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Executes a command and answers with what is made of its receipt; a request that was answered is answered alike.
    pub async fn execute<const STATUS: u16, T: Serialize + Send + Sync + 'static>(
        &self,
        app: &App,
        actor: &Actor,
        command: Command,
        answer: impl Fn(&Receipt) -> T + Send + Sync + 'static,
    ) -> Result<Reply<STATUS, T>, Problem> {
        let answer = Arc::new(answer);
        let kept = Arc::clone(&answer);
        match self.tell(app, actor, command, move |receipt| kept(receipt)).await? {
            Told::First(receipt) => Reply::of(&answer(&receipt)),
            Told::Again(reply) => Ok(reply),
        }
    }

    /// Executes a command; what is told whoever asks again is made of its receipt, and need not be all that is told the
    /// first time.
    pub async fn tell<const STATUS: u16, T: Serialize + Send + Sync + 'static>(
        &self,
        app: &App,
        actor: &Actor,
        command: Command,
        kept: impl Fn(&Receipt) -> T + Send + Sync + 'static,
    ) -> Result<Told<STATUS, T>, Problem> {
        let id = self.command_id(actor);
        if self.key.is_none() {
            return Ok(Told::First(acting::execute(app, actor, id, command, None).await?.receipt));
        }
        let Some(_place) = app.memory.running.begin(id) else { return Err(Problem::retry(StatusCode::CONFLICT, ASK_AFTER_S)) };
        if let Some(kept) = app.host.access.kept_answer(actor.company, id).await? {
            return self.again(kept).map(Told::Again);
        }
        let hash = self.hash;
        let keep = move |receipt: &Receipt| Answer {
            request_hash: hash,
            status: STATUS,
            headers: "[]".to_owned(),
            body: serde_json::to_string(&kept(receipt)).unwrap_or_default(),
        };
        let done = acting::execute(app, actor, id, command, Some(Box::new(keep))).await?;
        if !done.receipt.repeated {
            return Ok(Told::First(done.receipt));
        }
        // Another process was first, or the answer is forgotten: what was done is not done again.
        match app.host.access.kept_answer(actor.company, id).await? {
            Some(kept) => self.again(kept).map(Told::Again),
            None => Err(Problem::status(StatusCode::UNPROCESSABLE_ENTITY).about("this Idempotency-Key was used before".into(), String::new())),
        }
    }

    /// Does what is no command, once for a name. Its answer is kept behind it and not with it: if the server goes down
    /// or the caller hangs up between the two it is done again, so this is for what may be.
    pub async fn once<R: Again>(&self, app: &App, actor: &Actor, work: impl Future<Output = Result<R, Problem>>) -> Result<Once<R>, Problem> {
        if self.key.is_none() {
            return work.await.map(|reply| Once { reply, is_again: false });
        }
        let (access, id) = (&app.host.access, self.command_id(actor));
        let Some(_place) = app.memory.running.begin(id) else { return Err(Problem::retry(StatusCode::CONFLICT, ASK_AFTER_S)) };
        if let Some(kept) = access.kept_answer(actor.company, id).await? {
            return self.same(kept, R::STATUS).map(|body| Once { reply: R::again(body), is_again: true });
        }
        let reply = work.await?;
        let answer = Answer { request_hash: self.hash, status: R::STATUS, headers: "[]".to_owned(), body: reply.body().to_owned() };
        if let Err(error) = access.keep_answer(actor.company, id, &answer, app.host.now()).await {
            tracing::warn!(%error, "an answer is not kept");
        }
        Ok(Once { reply, is_again: false })
    }

    fn again<const STATUS: u16, T>(&self, kept: Answer) -> Result<Reply<STATUS, T>, Problem> {
        Ok(Reply::text(self.same(kept, STATUS)?).with(REPLAYED, "true"))
    }

    /// The body of an answer that was given to this very request.
    fn same(&self, kept: Answer, status: u16) -> Result<String, Problem> {
        if kept.request_hash != self.hash || kept.status != status {
            let detail = "this Idempotency-Key was used for another request".to_owned();
            return Err(Problem::status(StatusCode::UNPROCESSABLE_ENTITY).about(detail, String::new()));
        }
        Ok(kept.body)
    }
}

/// An answer that is kept and given again.
pub trait Again {
    /// Its status.
    const STATUS: u16;
    /// Its body.
    fn body(&self) -> &str;
    /// The answer that has this body.
    fn again(body: String) -> Self;
}

impl<const STATUS: u16, T> Again for Reply<STATUS, T> {
    const STATUS: u16 = STATUS;

    fn body(&self) -> &str {
        Reply::body(self)
    }

    fn again(body: String) -> Self {
        Self::text(body)
    }
}

impl Again for Done {
    const STATUS: u16 = 204;

    fn body(&self) -> &str {
        ""
    }

    fn again(_: String) -> Self {
        Self
    }
}

/// What was answered now, or before.
#[derive(Debug)]
pub struct Once<R> {
    reply: R,
    is_again: bool,
}

impl<R: IntoResponse> IntoResponse for Once<R> {
    fn into_response(self) -> Response {
        let mut response = self.reply.into_response();
        if self.is_again {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

impl<R: OperationOutput> OperationOutput for Once<R> {
    type Inner = R::Inner;

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<SpecResponse> {
        R::operation_response(ctx, operation)
    }

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, SpecResponse)> {
        R::inferred_responses(ctx, operation)
    }
}

/// What takes no name, and why, as its callers are told.
pub const NAMELESS: &[(&str, &str)] = &[
    ("/api/v1/auth/login", "the answer is a secret, which is kept nowhere; signing in again gives another"),
    ("/api/v1/auth/refresh", "the answer is a secret, which is kept nowhere; what comes again within ten seconds goes on"),
    ("/api/v1/auth/logout", "whoever is signed out stays so"),
    ("/api/v1/auth/register", "a name that is taken is refused, and of a password nothing is kept that can be guessed at"),
    ("/api/v1/auth/change-password", "the old password is good once, and of the new one nothing is kept that can be guessed at"),
    ("/api/v1/auth/forgot-password", "the answer is always the same, and a second letter does no harm"),
    ("/api/v1/auth/reset-password", "the link is good once, and of the password nothing is kept that can be guessed at"),
    ("/api/v1/devices/invitations", "the answer is a secret, which is kept nowhere; another code does no harm"),
    ("/api/v1/devices/enrol", "the code is good once"),
    ("/api/v1/screens/execute", "the body names the command, which is done once for ever"),
    ("/api/v1/screens/query", "nothing is changed"),
    ("/api/v1/sync/push", "the body names each command, which is done once for ever"),
    ("/api/v1/sync/pull", "nothing is changed"),
    ("/api/v1/sync/older", "nothing is changed"),
];

/// Forgets answers that are kept long enough, as long as the server runs.
pub async fn forget_old(app: Arc<App>) {
    let mut stopping = app.stopping.clone();
    while !*stopping.borrow() {
        let kept_from = Instant(app.host.now().0.saturating_sub(i64::try_from(KEPT_FOR.as_millis()).unwrap_or(i64::MAX)));
        if let Err(error) = app.host.access.forget_answers(kept_from).await {
            tracing::warn!(%error, "old answers are not forgotten");
        }
        tokio::select! {
            changed = stopping.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(FORGET_EVERY) => {}
        }
    }
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only for its schema")]
struct KeyParameter {
    /// A name for this request, new for each (a UUID). Sent again with the same name it is not done twice, and answered as
    /// the first time: for 24 hours. Later a command is refused; what is no command is done again.
    #[serde(rename = "Idempotency-Key", default)]
    key: Option<String>,
}

/// What a named request is in the spec.
pub fn describe(ctx: &mut GenContext, operation: &mut Operation) {
    let schema = ctx.schema.root_schema_for::<KeyParameter>();
    let parameters = parameters_from_schema(ctx, schema, ParamLocation::Header);
    add_parameters(ctx, operation, parameters);
    may_answer(operation, &[400, 409, 422]);
}

/// A request that may be named and says nothing more than its path.
#[derive(Debug)]
pub struct Bare(pub Named);

impl<S: Send + Sync> FromRequestParts<S> for Bare {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Named::of(parts, &[]).map(Self)
    }
}

impl OperationInput for Bare {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe(ctx, operation);
    }
}

/// A JSON body of a request that may be named.
#[derive(Debug)]
pub struct Post<T> {
    /// The request.
    pub named: Named,
    /// What it says.
    pub body: T,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Post<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = json_bytes(&parts.headers, body, BODY_LIMIT).await?;
        Ok(Self { named: Named::of(&parts, &bytes)?, body: parse(&bytes)? })
    }
}

impl<T: JsonSchema + Example> OperationInput for Post<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe(ctx, operation);
        Body::<T>::operation_input(ctx, operation);
    }
}

//! Passwords: hashed with argon2id, on threads of their own and of the lowest priority, so that nobody else waits while
//! many sign in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use kontor_domain::reject::{Code, Reject};
use kontor_sync::enrol::Secret;
use tokio::sync::oneshot;

use crate::problem::Problem;
use crate::secrets;

/// Fewest characters of a password.
pub const PASSWORD_LEAST: usize = 8;
/// Most bytes of a password: what is hashed is bounded.
pub const PASSWORD_BYTES_LIMIT: usize = 256;
/// What a password is worth at least: more than a million guesses.
const LEAST_SCORE: zxcvbn::Score = zxcvbn::Score::Two;
/// A word that everybody tries who knows what is asked for a password.
const PRODUCT: &str = "kontor";
/// Memory, KiB, passes and lanes: what OWASP names first.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// Hashes that wait; who comes then is told to come again.
const QUEUE_LIMIT: usize = 128;
/// What the threads are called, before their number.
const THREAD_NAME: &str = "passwords-";
/// Processors of which one hashes.
const PROCESSORS_A_THREAD: usize = 2;

enum Work {
    Hash { password: Secret, answer: oneshot::Sender<Result<String>> },
    Verify { password: Secret, hash: String, answer: oneshot::Sender<bool> },
}

/// The threads that hash.
#[derive(Debug)]
pub struct Hasher {
    sender: SyncSender<Work>,
    /// What no password hashes to: looked at where there is none, so that it takes as long.
    nobody: String,
    /// Hashes asked for so far.
    count: AtomicU64,
}

impl Hasher {
    /// Starts them. They end with this.
    pub fn start() -> Result<Self> {
        let (hasher, receiver) = Self::idle()?;
        start_threads(receiver)?;
        Ok(hasher)
    }

    /// One whose threads are not started yet: what is asked of it waits.
    fn idle() -> Result<(Self, Receiver<Work>)> {
        let (sender, receiver) = sync_channel(QUEUE_LIMIT);
        Ok((Self { sender, nobody: hash(&Secret(secrets::random_text()?))?, count: AtomicU64::new(0) }, receiver))
    }

    /// Hashes asked for so far: what looking at a name costs is the same whether anybody has it.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn send(&self, work: Work) -> Result<(), Problem> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sender.try_send(work).map_err(|error| {
            if matches!(error, TrySendError::Disconnected(_)) {
                tracing::error!("nobody hashes");
            }
            Problem::unavailable()
        })
    }

    /// What a password hashes to.
    pub async fn hash(&self, password: Secret) -> Result<String, Problem> {
        let (answer, receiver) = oneshot::channel();
        self.send(Work::Hash { password, answer })?;
        match receiver.await {
            Ok(Ok(hash)) => Ok(hash),
            _ => Err(Problem::unavailable()),
        }
    }

    /// Whether a password is the one that was kept. Where none is kept it is not, and it takes as long.
    pub async fn verify(&self, password: Secret, kept: Option<String>) -> Result<bool, Problem> {
        let is_kept = kept.is_some();
        let (answer, receiver) = oneshot::channel();
        self.send(Work::Verify { password, hash: kept.unwrap_or_else(|| self.nobody.clone()), answer })?;
        let is_right = receiver.await.map_err(|_| Problem::unavailable())?;
        Ok(is_kept && is_right)
    }
}

fn start_threads(receiver: Receiver<Work>) -> Result<()> {
    let receiver = Arc::new(Mutex::new(receiver));
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    for number in 0..processors.div_ceil(PROCESSORS_A_THREAD) {
        let receiver = Arc::clone(&receiver);
        std::thread::Builder::new().name(format!("{THREAD_NAME}{number}")).spawn(move || work(&receiver))?;
    }
    Ok(())
}

/// Whoever asks for something else goes first: a hash keeps a processor busy for as long as dozens of other answers take,
/// and on two processors one in two would wait for it. It gets what is left over, and a small share where nothing is.
fn give_way() {
    if let Err(error) = be_idle() {
        tracing::warn!(?error, "passwords are hashed at everybody's priority");
    }
}

/// To Linux a thread of lowest niceness is one like others: it runs its slice to the end while they wait. An idle one gives
/// way at once.
#[cfg(target_os = "linux")]
fn be_idle() -> Result<(), thread_priority::Error> {
    use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id};
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy)
}

#[cfg(not(target_os = "linux"))]
fn be_idle() -> Result<(), thread_priority::Error> {
    thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Min)
}

fn work(receiver: &Mutex<Receiver<Work>>) {
    give_way();
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Err(_) => return,
            // Who asked is gone: nobody needs the answer, and those behind wait less.
            Ok(Work::Hash { answer, .. }) if answer.is_closed() => {}
            Ok(Work::Verify { answer, .. }) if answer.is_closed() => {}
            Ok(Work::Hash { password, answer }) => drop(answer.send(hash(&password))),
            Ok(Work::Verify { password, hash, answer }) => drop(answer.send(is_right(&password, &hash))),
        }
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let (memory_kib, passes, lanes) = COST;
    let params = Params::new(memory_kib, passes, lanes, None).ok().context("argon2's cost")?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// What a password hashes to, here and now: for who has no server running.
pub fn hash(password: &Secret) -> Result<String> {
    let salt = secrets::random::<SALT_BYTES>()?;
    let hash = argon2()?.hash_password_with_salt(password.0.as_bytes(), &salt).map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
    Ok(hash.to_string())
}

fn is_right(password: &Secret, hash: &str) -> bool {
    let (Ok(argon2), Ok(kept)) = (argon2(), PasswordHash::new(hash)) else { return false };
    argon2.verify_password(password.0.as_bytes(), &kept).is_ok()
}

/// Whether somebody may have this password: long enough, bounded, and none that is guessed within a million tries, as those
/// are that many people have, and the names that are known of the person and the shop.
pub fn check_password(password: &Secret, known: &[&str]) -> Result<(), Reject> {
    if password.0.chars().count() < PASSWORD_LEAST {
        return Err(Reject::field(Code::OutOfRange, "password"));
    }
    if password.0.len() > PASSWORD_BYTES_LIMIT {
        return Err(Reject::field(Code::TooLong, "password").with("limit", PASSWORD_BYTES_LIMIT));
    }
    let typed = password.0.to_lowercase();
    let known: Vec<&str> = known.iter().flat_map(|known| known.split(char::is_whitespace).chain([*known])).chain([PRODUCT]).collect();
    let is_name = known.iter().any(|known| !known.is_empty() && typed == known.to_lowercase());
    if is_name || zxcvbn::zxcvbn(&password.0, &known).score() < LEAST_SCORE {
        return Err(Reject::field(Code::Format, "password").with("reason", "guessable"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use std::net::SocketAddr;
    use std::task::{Context, Poll, Waker};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::config::{Database, Given};
    use crate::host::Host;
    use crate::identity::door::Door;
    use crate::snapshots::Snapshots;
    use crate::{app, routes};

    /// The policies by which the threads that hash are scheduled, as the system keeps them.
    #[cfg(target_os = "linux")]
    fn policies() -> Vec<i64> {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
        let hashing = tasks.filter(|task| std::fs::read_to_string(task.join("comm")).unwrap_or_default().starts_with(THREAD_NAME));
        // proc(5): the policy is field 41 of all; behind the name the state, field 3, is the first.
        let field = |stat: String| stat.rsplit_once(") ")?.1.split(' ').nth(41 - 3)?.parse().ok();
        hashing.filter_map(|task| field(std::fs::read_to_string(task.join("stat")).ok()?)).collect()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn whoever_asks_for_something_else_goes_before_a_password() {
        /// sched(7): SCHED_IDLE.
        const IDLE: i64 = 5;
        let hasher = Hasher::start().unwrap();
        let password = Secret("a long password".into());
        let kept = hasher.hash(password.clone()).await.unwrap();
        assert!(hasher.verify(password, Some(kept)).await.unwrap());
        // One thread has hashed; the others may still be on their way.
        let start = Instant::now();
        let mut found = policies();
        while !found.iter().all(|policy| *policy == IDLE) && start.elapsed() < Duration::from_secs(20) {
            tokio::task::yield_now().await;
            found = policies();
        }
        assert!(!found.is_empty() && found.iter().all(|policy| *policy == IDLE), "{found:?}");
    }

    #[tokio::test]
    async fn who_comes_when_too_many_wait_is_told_to_come_again_and_is_let_in_later() {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::open(&Database::File(folder.path().join("server.kontor"))).await.unwrap();
        let (_stop, stopping) = tokio::sync::watch::channel(false);
        let settings = Given { data: Some(folder.path().to_owned()), ..Given::default() }.settle().unwrap();
        let mut door = Door::open(&host.access, &settings).await.unwrap();
        let (hasher, receiver) = Hasher::idle().unwrap();
        door.hasher = hasher;
        let snapshots = Snapshots::new(folder.path().join("snapshots")).unwrap();
        let app = Arc::new(app::App::new(host, door, None, snapshots, [0; 32], stopping));
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/api/v1/auth/login", listener.local_addr().unwrap());
        let service = routes::router(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(axum_server::from_tcp(listener).unwrap().serve(service));
        let login = async || {
            let body = r#"{"company":"HS","username":"mei","password":"a long password"}"#;
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            client.post(&url).header("content-type", "application/json").body(body).send().await.unwrap()
        };
        let mut waiting: Vec<_> = (0..QUEUE_LIMIT).map(|_| Box::pin(app.door.hasher.hash(Secret("a long password".into())))).collect();
        for hash in &mut waiting {
            assert!(matches!(hash.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
        }
        // However often: a try that nobody looked at locks nobody out.
        for _ in 0..8 {
            let refused = login().await;
            assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "5"));
            assert_eq!(refused.headers()["content-type"].to_str().unwrap(), crate::problem::MEDIA_TYPE);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&refused.text().await.unwrap()).unwrap()["code"], 10_503);
        }
        // Those who waited are gone, and somebody hashes again.
        drop(waiting);
        start_threads(receiver).unwrap();
        while app.door.hasher.hash(Secret("a long password".into())).await.is_err() {
            tokio::task::yield_now().await;
        }
        let looked_at: serde_json::Value = serde_json::from_str(&login().await.text().await.unwrap()).unwrap();
        assert_eq!(looked_at["code"], 11_001, "there is nobody of this name");
        task.abort();
        app.host.close().await;
    }

    #[test]
    fn a_password_is_known_again_another_is_not_and_none_is_shown() {
        let password = Secret("a long password".into());
        let kept = hash(&password).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(is_right(&password, &kept));
        assert!(!is_right(&Secret("A long password".into()), &kept));
        assert!(!is_right(&password, "no hash"));
        assert_ne!(kept, hash(&password).unwrap(), "another salt each time");
    }

    #[test]
    fn short_long_known_and_common_passwords_are_refused() {
        let known = ["mei.chen", "", "Harbour Street", "HS"];
        let code = |text: &str| check_password(&Secret(text.to_owned()), &known).map_err(|reject| reject.code);
        for common in ["password", "Passw0rd", "12345678", "1234567890", "qwertyuiop", "iloveyou", "trustno1", "sunshine1", "aaaaaaaa", "abcdefgh"] {
            assert_eq!(code(common), Err(Code::Format), "{common}");
        }
        for own in ["harbour1", "harbourstreet", "HarbourStreet", "Harbour Street", "kontor123", "mei.chen1"] {
            assert_eq!(code(own), Err(Code::Format), "{own}");
        }
        for good in ["a long enough password", "correct horse", "quite another one", "x7#Lq!0p"] {
            assert_eq!(code(good), Ok(()), "{good}");
        }
        assert_eq!(code("seven77"), Err(Code::OutOfRange));
        assert_eq!(code("Mei.Chen"), Err(Code::Format));
        assert_eq!(code(&"a".repeat(257)), Err(Code::TooLong));
        assert_eq!(code("海港街早上的茶很香"), Ok(()));
    }
}

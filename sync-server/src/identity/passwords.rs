//! Passwords: hashed with argon2id, on threads of their own, so that nobody else waits while many sign in.

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
        let (sender, receiver) = sync_channel(QUEUE_LIMIT);
        let receiver = Arc::new(Mutex::new(receiver));
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        for number in 0..processors.div_ceil(PROCESSORS_A_THREAD) {
            let receiver = Arc::clone(&receiver);
            std::thread::Builder::new().name(format!("passwords-{number}")).spawn(move || work(&receiver))?;
        }
        Ok(Self { sender, nobody: hash(&Secret(secrets::random_text()?))?, count: AtomicU64::new(0) })
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

fn work(receiver: &Mutex<Receiver<Work>>) {
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        // Who asked may be gone: then nobody needs the answer.
        match next {
            Err(_) => return,
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
    use super::*;

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

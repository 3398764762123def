//! Tokens and codes: random, shown once, kept as what they hash to.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use kontor_store::access::SecretHash;
use kontor_sync::enrol::{CODE_LIMIT, Secret};
pub use kontor_sync::sealed::hex;
use kontor_sync::sealed::unhex;
use uuid::Uuid;

/// What a token is for. Each kind begins with a word of its own: a token that leaks is found by it, and one kind is
/// never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A device speaks to the server.
    Device,
    /// A session goes on.
    Refresh,
    /// A program acts for a person.
    ApiKey,
    /// A password is set anew.
    ResetLink,
}

impl TokenKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Device => "kontor",
            Self::Refresh => "kontorr",
            Self::ApiKey => "kontork",
            Self::ResetLink => "kontorl",
        }
    }
}

/// Bytes of a token's secret.
const SECRET_BYTES: usize = 32;
/// Crockford's digits: no I, L, O, U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Digits of a code: 60 bits, good for minutes, and few may be tried.
const CODE_DIGITS: usize = 12;
/// Digits between two dashes.
const CODE_GROUP: usize = 4;

/// What a secret hashes to. The secrets are random and long, so nothing slower is needed.
pub fn hash(secret: &[u8]) -> SecretHash {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, secret).as_ref());
    out
}

/// Random bytes of the system.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| anyhow!("the system has no random numbers"))?;
    Ok(bytes)
}

/// Random text that nobody guesses.
pub fn random_text() -> Result<String> {
    Ok(hex(&random::<SECRET_BYTES>()?))
}

/// A new token: the text for whoever uses it, its open part, and what its secret hashes to.
pub fn new_token(kind: TokenKind) -> Result<(Secret, Uuid, SecretHash)> {
    let id = Uuid::from_bytes(random::<16>()?);
    let (text, secret_hash) = token_of(kind, id)?;
    Ok((text, id, secret_hash))
}

/// A new token whose open part is given.
pub fn token_of(kind: TokenKind, id: Uuid) -> Result<(Secret, SecretHash)> {
    let secret = random::<SECRET_BYTES>()?;
    Ok((Secret(format!("{}_{}_{}", kind.prefix(), id.simple(), hex(&secret))), hash(&secret)))
}

/// A token as it was sent.
pub struct SentToken {
    /// Its open part.
    pub id: Uuid,
    secret_hash: SecretHash,
}

impl SentToken {
    /// Reads a token of a kind.
    pub fn read(kind: TokenKind, text: &str) -> Option<Self> {
        let mut parts = text.split('_');
        let (Some(prefix), Some(id), Some(secret), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else { return None };
        if prefix != kind.prefix() {
            return None;
        }
        Some(Self { id: Uuid::try_parse(id).ok()?, secret_hash: hash(&unhex(secret).filter(|bytes| bytes.len() == SECRET_BYTES)?) })
    }

    /// Whether it is the one that was kept; takes the same time for every wrong one.
    pub fn is(&self, kept: &SecretHash) -> bool {
        verify_slices_are_equal(&self.secret_hash, kept).is_ok()
    }
}

/// A new code for a person to type, and what it hashes to.
pub fn new_code() -> Result<(Secret, SecretHash)> {
    let digits: String = random::<CODE_DIGITS>()?.iter().map(|byte| char::from(DIGITS[usize::from(byte % 32)])).collect();
    let groups: Vec<&str> = (0..CODE_DIGITS).step_by(CODE_GROUP).map(|at| &digits[at..at + CODE_GROUP]).collect();
    Ok((Secret(groups.join("-")), hash(digits.as_bytes())))
}

/// What a typed code hashes to: dashes, spaces and case aside, O is 0, I and L are 1. `None`: no code looks so.
pub fn typed_code(typed: &Secret) -> Option<SecretHash> {
    if typed.0.len() > CODE_LIMIT {
        return None;
    }
    let digits =
        typed.0.chars().filter(|character| !character.is_whitespace() && *character != '-').map(|character| match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
    let digits: String = digits.collect();
    let is_code = digits.len() == CODE_DIGITS && digits.bytes().all(|digit| DIGITS.contains(&digit));
    is_code.then(|| hash(digits.as_bytes()))
}

/// The token for reading figures, made at the first start; only the server's user may read its file.
pub fn metrics_token(path: &Path) -> Result<SecretHash> {
    if !path.exists() {
        write_private(path, hex(&random::<32>()?).as_bytes())?;
    }
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(hash(text.trim().as_bytes()))
}

/// Whether a sent text is the token for reading figures.
pub fn is_metrics_token(sent: &str, kept: &SecretHash) -> bool {
    verify_slices_are_equal(&hash(sent.as_bytes()), kept).is_ok()
}

/// Writes a file that only this user may read, whole or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(part).with_context(|| part.display().to_string())?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(part, path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn a_token_is_known_again_and_another_is_not() {
        let (text, id, kept) = new_token(TokenKind::Device).unwrap();
        let read = |text: &str| SentToken::read(TokenKind::Device, text);
        let sent = read(&text.0).unwrap();
        assert!(sent.id == id && sent.is(&kept));
        let (other, ..) = new_token(TokenKind::Device).unwrap();
        assert!(!read(&other.0).unwrap().is(&kept));
        let (key, ..) = new_token(TokenKind::ApiKey).unwrap();
        assert!(read(&key.0).is_none(), "another kind");
        for wrong in ["", "kontor", "kontor__", "kontor_1_2", &text.0[1..], &text.0[..text.0.len() - 1], &format!("{}_", text.0)] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_code_is_known_as_people_type_it() {
        let (code, kept) = new_code().unwrap();
        assert_eq!(code.0.len(), 14);
        let typed = |text: &str| typed_code(&Secret(text.to_owned()));
        assert_eq!(typed(&code.0), Some(kept));
        assert_eq!(typed(&format!(" {} ", code.0.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " "))), Some(kept));
        assert_eq!(typed(&code.0[1..]), None);
        assert_eq!(typed("ééééééé"), None);
        assert_eq!(typed(&"1".repeat(1_000)), None);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let (code, _) = new_code().unwrap();
        assert!(!format!("{code:?}").contains(&code.0));
    }
}

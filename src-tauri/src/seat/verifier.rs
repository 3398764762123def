//! What a password or PIN is compared with: argon2id over it and a random key of this computer, so that a copy of the
//! file alone says nothing.

use anyhow::{Context as _, anyhow};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use kontor_domain::secret::Secret;

/// Memory, KiB, passes and lanes: as the shop server's.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// Bytes of the key.
const KEY_BYTES: usize = 32;

/// The key of this computer.
pub(super) struct Key([u8; KEY_BYTES]);

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow!("no randomness"))?;
    Ok(bytes)
}

impl Key {
    pub(super) fn fresh() -> anyhow::Result<Self> {
        random().map(Self)
    }

    pub(super) fn read(text: &Secret) -> Option<Self> {
        let digits = text.0.as_bytes();
        let mut key = [0; KEY_BYTES];
        if digits.len() != KEY_BYTES * 2 {
            return None;
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(key))
    }

    pub(super) fn text(&self) -> Secret {
        Secret(hex(&self.0))
    }

    /// What tells one key from another and says nothing of it.
    pub(super) fn mark(&self) -> String {
        hex(&aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.0).as_ref()[..8])
    }

    fn hasher(&self) -> anyhow::Result<Argon2<'_>> {
        let params = Params::new(COST.0, COST.1, COST.2, None).map_err(|error| anyhow!("{error}"))?;
        Argon2::new_with_secret(&self.0, Algorithm::Argon2id, Version::V0x13, params).map_err(|error| anyhow!("{error}"))
    }

    /// What a secret is compared with later.
    pub(super) fn verifier(&self, secret: &Secret) -> anyhow::Result<String> {
        let salt: [u8; SALT_BYTES] = random()?;
        let hash = self.hasher()?.hash_password_with_salt(secret.0.as_bytes(), &salt).map_err(|error| anyhow!("{error}"))?;
        Ok(hash.to_string())
    }

    /// Whether it is the secret.
    pub(super) fn is(&self, secret: &Secret, verifier: &str) -> anyhow::Result<bool> {
        let kept = PasswordHash::new(verifier).map_err(|error| anyhow!("{error}")).context("a verifier")?;
        Ok(self.hasher()?.verify_password(secret.0.as_bytes(), &kept).is_ok())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn a_verifier_says_nothing_without_the_key_it_was_made_with() {
        let (key, other) = (Key::fresh().unwrap(), Key::fresh().unwrap());
        let secret = Secret("4711".into());
        let verifier = key.verifier(&secret).unwrap();
        assert!(verifier.starts_with("$argon2id$") && !verifier.contains("4711"), "{verifier}");
        assert!(key.is(&secret, &verifier).unwrap());
        assert!(!key.is(&Secret("4712".into()), &verifier).unwrap());
        assert!(!other.is(&secret, &verifier).unwrap(), "another computer");
        let kept = Key::read(&key.text()).unwrap();
        assert!(kept.is(&secret, &verifier).unwrap() && kept.mark() == key.mark() && key.mark() != other.mark());
        assert!(Key::read(&Secret("ab".into())).is_none());
    }
}

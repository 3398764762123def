//! Secrets that have to be read again (the password of a mail server) are kept sealed: the key is a file of this server, and
//! who has the database alone has none of them.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use kontor_domain::ids::CompanyId;
use kontor_sync::enrol::Secret;
use kontor_sync::sealed::{hex, unhex};

use crate::secrets;

/// File of the key in the data folder. Servers that work on one database need the same file.
const KEY_FILE: &str = "secrets.key";
const KEY_BYTES: usize = 32;

/// What seals.
pub struct Vault(RandomizedNonceKey);

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// With the key of a data folder; made at the first start.
    pub fn open(data: &Path) -> Result<Self> {
        let path = data.join(KEY_FILE);
        if !path.exists() {
            secrets::write_private(&path, hex(&secrets::random::<KEY_BYTES>()?).as_bytes())?;
        }
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let key = unhex(text.trim()).with_context(|| format!("{} holds no key", path.display()))?;
        RandomizedNonceKey::new(&AES_256_GCM, &key).map(Self).map_err(|_| anyhow!("{} holds no key", path.display()))
    }

    /// Seals a company's secret: in another company's place it opens nothing.
    pub fn seal(&self, company: CompanyId, secret: &Secret) -> Result<Vec<u8>> {
        let mut sealed = secret.0.clone().into_bytes();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(company.0.as_bytes()), &mut sealed).map_err(|_| anyhow!("sealing"))?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// What was sealed.
    pub fn unseal(&self, company: CompanyId, sealed: &[u8]) -> Result<Secret> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).context("nothing is sealed here")?;
        let mut opened = rest.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| anyhow!("nonce"))?;
        let wrong = |_| anyhow!("sealed with the key of another server: copy its {KEY_FILE}, or type the secret again");
        let opened = self.0.open_in_place(nonce, Aad::from(company.0.as_bytes()), &mut opened).map_err(wrong)?;
        Ok(Secret(String::from_utf8(opened.to_vec())?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_sealed_is_opened_by_its_key_for_its_company_alone() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let vault = Vault::open(here.path()).unwrap();
        let company = CompanyId(Uuid::from_u128(1));
        let sealed = vault.seal(company, &Secret("geheim".into())).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"geheim"));
        assert_ne!(sealed, vault.seal(company, &Secret("geheim".into())).unwrap());
        assert_eq!(Vault::open(here.path()).unwrap().unseal(company, &sealed).unwrap().0, "geheim");
        assert!(vault.unseal(CompanyId(Uuid::from_u128(2)), &sealed).is_err());
        assert!(Vault::open(there.path()).unwrap().unseal(company, &sealed).is_err());
        assert!(vault.unseal(company, &sealed[..5]).is_err());
    }
}

//! What tills could not send comes here in a file that only this server can open.

use anyhow::{Context as _, Result, anyhow, ensure};
use kontor_store::access::SealKey;
use kontor_sync::sealed::{self, Header, PURPOSE, Unsent};
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256 as SUITE;
use rustls::crypto::hpke::{EncapsulatedSecret, Hpke as _, HpkePrivateKey};

/// Most bytes of a file, sealed and unpacked.
pub const FILE_LIMIT: u64 = 512 * 1_048_576;

/// A fresh key pair; `None`: the system has no random numbers.
pub fn new_key() -> Option<SealKey> {
    let (public, private) = SUITE.generate_key_pair().ok()?;
    Some(SealKey { public: public.0, private: private.secret_bytes().to_vec() })
}

/// Opens a file with the company's key.
pub fn open(file: &[u8], key: &SealKey) -> Result<(Header, Unsent)> {
    let (header, bytes) = sealed::read(file)?;
    ensure!(header.kontor_unsent == 1, "a newer program wrote this file");
    ensure!(header.key == sealed::hex(&key.public), "this file is sealed to another key: it is for another server");
    let encapsulated = sealed::unhex(&header.encapsulated).context("the file is damaged")?;
    let bound = Header { encapsulated: String::new(), ..header.clone() };
    let private = HpkePrivateKey::from(key.private.clone());
    let packed = SUITE.open(&EncapsulatedSecret(encapsulated), PURPOSE, &serde_json::to_vec(&bound)?, bytes, &private);
    let packed = packed.map_err(|_| anyhow!("the file is damaged"))?;
    let mut unpacked = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(packed.as_slice())?;
    std::io::Read::read_to_end(&mut std::io::Read::take(decoder, FILE_LIMIT), &mut unpacked)?;
    Ok((header, serde_json::from_slice(&unpacked)?))
}

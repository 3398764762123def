//! The server's certificate: given, or its own, which devices know by its SHA-256.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::{Settings, Transport};
use crate::secrets;

/// File of the server's own certificate in the data folder.
const CERTIFICATE_FILE: &str = "certificate.pem";
/// File of its key.
const KEY_FILE: &str = "certificate-key.pem";

/// A certificate with its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// The certificate that the settings name; its own is made when there is none. `None`: plain HTTP.
    pub fn of(settings: &Settings) -> Result<Option<Self>> {
        match &settings.transport {
            Transport::Plain => Ok(None),
            Transport::Certificate { chain, key } => Self::read(chain, key).map(Some),
            Transport::OwnCertificate(names) => {
                let (chain, key) = (settings.data.join(CERTIFICATE_FILE), settings.data.join(KEY_FILE));
                // The certificate is written last: with it, both are there.
                if !chain.exists() {
                    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names.clone()).context("tls_names")?;
                    secrets::write_private(&key, signing_key.serialize_pem().as_bytes())?;
                    secrets::write_private(&chain, cert.pem().as_bytes())?;
                }
                Self::read(&chain, &key).map(Some)
            }
        }
    }

    /// The certificate that is there already. `None`: plain HTTP, or its own that is not made yet.
    pub fn found(settings: &Settings) -> Result<Option<Self>> {
        match &settings.transport {
            Transport::OwnCertificate(_) if !settings.data.join(CERTIFICATE_FILE).exists() => Ok(None),
            _ => Self::of(settings),
        }
    }

    fn read(chain: &Path, key: &Path) -> Result<Self> {
        let certificates = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let certificates = certificates.with_context(|| chain.display().to_string())?;
        anyhow::ensure!(!certificates.is_empty(), "{} holds no certificate", chain.display());
        let key = PrivateKeyDer::from_pem_file(key).with_context(|| key.display().to_string())?;
        Ok(Self { chain: certificates, key })
    }

    /// SHA-256 of the certificate: a device that was told it needs to believe nobody else.
    pub fn fingerprint(&self) -> String {
        self.chain.first().map(|certificate| secrets::hex(&secrets::hash(certificate))).unwrap_or_default()
    }

    /// What rustls needs.
    pub fn server_config(self) -> Result<Arc<ServerConfig>> {
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider())).with_safe_default_protocol_versions()?;
        let mut config = builder.with_no_client_auth().with_single_cert(self.chain, self.key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

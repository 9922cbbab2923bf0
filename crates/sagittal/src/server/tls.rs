//! Certificates and keys from PEM files.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sagittal_net::tls::{ClientAuthentication, TlsClient, TlsServer};

use crate::config::Tls;

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// DIMSE over TLS.
pub(super) fn dimse(tls: &Tls) -> anyhow::Result<TlsServer> {
    let clients = match (&tls.client_ca, tls.require_client_certificate) {
        (None, _) => ClientAuthentication::None,
        (Some(authorities), true) => ClientAuthentication::Required(read(authorities)?),
        (Some(authorities), false) => ClientAuthentication::Optional(read(authorities)?),
    };
    TlsServer::from_pem(&read(&tls.certificate)?, &read(&tls.key)?, &clients)
        .context("cannot use the certificate of dimse.tls")
}

/// TLS to peers: trusts the authorities of `dimse.tls`, and shows our own certificate.
pub(super) fn client(tls: Option<&Tls>) -> anyhow::Result<TlsClient> {
    let tls =
        tls.context("a peer with tls = true needs [dimse.tls] for certificates to trust and show")?;
    let roots = read(tls.client_ca.as_deref().unwrap_or(&tls.certificate))?;
    let (chain, key) = (read(&tls.certificate)?, read(&tls.key)?);
    TlsClient::from_pem(&roots, Some((&chain, &key)))
        .context("cannot use the certificate of dimse.tls")
}

/// HTTPS.
pub(super) fn http(tls: &Tls) -> anyhow::Result<Arc<rustls::ServerConfig>> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("cannot read {}", tls.certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .with_context(|| format!("cannot read {}", tls.key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("cannot use the certificate of http.tls")?;
    Ok(Arc::new(config))
}

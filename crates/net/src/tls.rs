//! Secure transport (PS3.15 §B.9 to §B.12: BCP 195, TLS 1.2 and 1.3) over rustls. Certificates and
//! keys come as PEM text; files are the caller's business.

mod subject;
mod unverified;

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{Error, Result};
use subject::subject;
use unverified::Unverified;

/// Is a client asked for a certificate?
#[derive(Clone, Debug, Default)]
pub enum ClientAuthentication {
    /// No.
    #[default]
    None,
    /// It may have one, which must then be signed by one of these (PEM).
    Optional(Vec<u8>),
    /// It must have one signed by one of these (PEM).
    Required(Vec<u8>),
}

/// Accepts TLS connections.
#[derive(Clone)]
pub struct TlsServer {
    acceptor: tokio_rustls::TlsAcceptor,
}

/// Makes TLS connections.
#[derive(Clone)]
pub struct TlsClient {
    connector: tokio_rustls::TlsConnector,
    server_name: Option<String>,
}

/// Less than everything that we can speak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSubset {
    /// Protocol versions, of `1.2` and `1.3`; all if there are none.
    pub versions: Vec<String>,
    /// Cipher suites by their names at IANA; all if there are none.
    pub suites: Vec<String>,
}

impl TlsServer {
    /// From a certificate chain and its private key, both PEM.
    pub fn from_pem(chain: &[u8], key: &[u8], clients: &ClientAuthentication) -> Result<TlsServer> {
        TlsServer::with_subset(chain, key, clients, &TlsSubset::default())
    }

    /// As [`TlsServer::from_pem`], of only some versions and cipher suites.
    pub fn with_subset(
        chain: &[u8],
        key: &[u8],
        clients: &ClientAuthentication,
        subset: &TlsSubset,
    ) -> Result<TlsServer> {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        // Those of TLS 1.3 have names of their own here.
        let name = |suite: rustls::CipherSuite| format!("{suite:?}").replace("TLS13_", "TLS_");
        provider.cipher_suites.retain(|suite| {
            subset.suites.is_empty() || subset.suites.contains(&name(suite.suite()))
        });
        let provider = Arc::new(provider);
        let versions: Vec<&'static rustls::SupportedProtocolVersion> = [
            ("1.2", &rustls::version::TLS12),
            ("1.3", &rustls::version::TLS13),
        ]
        .into_iter()
        .filter(|(name, _)| {
            subset.versions.is_empty() || subset.versions.iter().any(|version| version == name)
        })
        .map(|(_, version)| version)
        .collect();
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .map_err(unusable)?;
        let builder = match clients {
            ClientAuthentication::None => builder.with_no_client_auth(),
            ClientAuthentication::Optional(pem) | ClientAuthentication::Required(pem) => {
                let roots = Arc::new(roots(pem)?);
                let mut verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                if matches!(clients, ClientAuthentication::Optional(_)) {
                    verifier = verifier.allow_unauthenticated();
                }
                builder.with_client_cert_verifier(verifier.build().map_err(unusable)?)
            }
        };
        let config = builder
            .with_single_cert(certificates(chain)?, private_key(key)?)
            .map_err(unusable)?;
        Ok(TlsServer {
            acceptor: Arc::new(config).into(),
        })
    }

    /// Shakes hands; the subject of the client's certificate is returned, if it has one.
    pub async fn accept<S>(
        &self,
        stream: S,
    ) -> Result<(tokio_rustls::server::TlsStream<S>, Option<String>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = self
            .acceptor
            .accept(stream)
            .await
            .map_err(Error::io("shake hands over TLS"))?;
        let subject = stream
            .get_ref()
            .1
            .peer_certificates()
            .and_then(<[_]>::first)
            .map(subject);
        Ok((stream, subject))
    }
}

impl TlsClient {
    /// Trusts servers signed by one of `roots_pem`; shows a certificate if one is given (chain and
    /// key, PEM).
    pub fn from_pem(roots_pem: &[u8], identity: Option<(&[u8], &[u8])>) -> Result<TlsClient> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .map_err(unusable)?
            .with_root_certificates(roots(roots_pem)?);
        TlsClient::new(builder, identity)
    }

    /// Trusts any server: encrypted, but whoever is in between can read along.
    pub fn without_verification(identity: Option<(&[u8], &[u8])>) -> Result<TlsClient> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = Arc::new(Unverified(provider.clone()));
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        TlsClient::new(builder, identity)
    }

    fn new(
        builder: ConfigBuilder<ClientConfig, WantsClientCert>,
        identity: Option<(&[u8], &[u8])>,
    ) -> Result<TlsClient> {
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(certificates(chain)?, private_key(key)?)
                .map_err(unusable)?,
        };
        Ok(TlsClient {
            connector: Arc::new(config).into(),
            server_name: None,
        })
    }

    /// The name to expect in the server's certificate, if it is not the host that is connected to.
    pub fn with_server_name(mut self, name: impl Into<String>) -> TlsClient {
        self.server_name = Some(name.into());
        self
    }

    /// Shakes hands; the subject of the server's certificate is returned.
    pub async fn connect<S>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<(tokio_rustls::client::TlsStream<S>, Option<String>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = self.server_name.as_deref().unwrap_or(host).to_owned();
        let name = ServerName::try_from(name).map_err(unusable)?;
        let stream = self
            .connector
            .connect(name, stream)
            .await
            .map_err(Error::io("shake hands over TLS"))?;
        let subject = stream
            .get_ref()
            .1
            .peer_certificates()
            .and_then(<[_]>::first)
            .map(subject);
        Ok((stream, subject))
    }
}

fn unusable(error: impl std::fmt::Display) -> Error {
    Error::TlsConfig {
        reason: error.to_string(),
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let list: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(unusable)?;
    if list.is_empty() {
        return Err(unusable("no certificate found in the PEM text"));
    }
    Ok(list)
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(pem).map_err(unusable)
}

fn roots(pem: &[u8]) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(pem)? {
        store.add(certificate).map_err(unusable)?;
    }
    Ok(store)
}

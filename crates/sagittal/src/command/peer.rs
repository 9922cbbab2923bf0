//! Arguments that all commands share which talk to a DICOM peer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use sagittal_core::AeTitle;
use sagittal_dimse::scu::{Address, Target, User};
use sagittal_net::tls::TlsClient;

/// Files in which systems keep the authorities that they trust.
const SYSTEM_ROOTS: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// How to talk to a peer.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Connection {
    /// Our AE title
    #[arg(long, value_name = "AE", default_value = "SAGITTAL", alias = "calling")]
    pub aet: AeTitle,
    /// Speak TLS
    #[arg(long)]
    tls: bool,
    /// PEM file with the authorities to trust; without it, those of the system
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca: Option<PathBuf>,
    /// PEM file with our certificate and its chain
    #[arg(long, value_name = "FILE", requires_all = ["tls", "cert_key"])]
    cert: Option<PathBuf>,
    /// PEM file with our private key
    #[arg(long, value_name = "FILE", requires = "cert")]
    cert_key: Option<PathBuf>,
    /// Take any certificate of the peer: whoever is in between can read along
    #[arg(long, requires = "tls", conflicts_with = "ca")]
    insecure: bool,
    /// Seconds for the connection and for the answer to the association request
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Seconds for each response
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    response_timeout: u64,
    /// The largest PDU that we take
    #[arg(long, value_name = "BYTES", default_value_t = 256 * 1024, value_parser = clap::value_parser!(u32).range(4096..=16_777_216))]
    max_pdu: u32,
    /// User name (user identity negotiation)
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Password; better in the environment variable SAGITTAL_PASSWORD
    #[arg(
        long,
        value_name = "PASSWORD",
        requires = "user",
        env = "SAGITTAL_PASSWORD",
        hide_env_values = true
    )]
    password: Option<String>,
}

impl Connection {
    /// The peer at an address.
    pub fn target(&self, address: &Address) -> anyhow::Result<Target> {
        let mut target = Target::new(address.clone(), self.aet.clone());
        target.tls = self.tls.then(|| self.tls_client()).transpose()?;
        target.user = self.user.clone().map(|name| User {
            name,
            passcode: self.password.clone(),
        });
        target.response_timeout = Duration::from_secs(self.response_timeout);
        let timeout = Duration::from_secs(self.timeout);
        target.association.connect = timeout;
        target.association.artim = timeout;
        target.association.max_pdu_receive = self.max_pdu;
        Ok(target)
    }

    fn tls_client(&self) -> anyhow::Result<TlsClient> {
        let own = match (&self.cert, &self.cert_key) {
            (Some(cert), Some(key)) => Some((read(cert)?, read(key)?)),
            _ => None,
        };
        let own = own
            .as_ref()
            .map(|(cert, key)| (cert.as_slice(), key.as_slice()));
        if self.insecure {
            return TlsClient::without_verification(own).context("cannot use the certificate");
        }
        let roots = match &self.ca {
            Some(path) => read(path)?,
            None => {
                let found = SYSTEM_ROOTS
                    .iter()
                    .find_map(|path| std::fs::read(path).ok());
                let Some(roots) = found else {
                    bail!(
                        "no authorities of the system found: name some with --ca, or trust anybody with --insecure"
                    );
                };
                roots
            }
        };
        TlsClient::from_pem(&roots, own).context("cannot use the certificates")
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

//! Application Entities that we know: destinations of C-MOVE.

use std::sync::Arc;

use sagittal_archive::Archive;
use sagittal_core::{AeTitle, Uid};
use sagittal_net::dimse::Status;
use sagittal_net::tls::TlsClient;

use crate::lossy::Lossy;
use crate::status::Failure;

/// A peer.
#[derive(Clone)]
pub struct Peer {
    /// Our name for it.
    pub name: String,
    /// Its AE title.
    pub ae_title: AeTitle,
    /// Where it is.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Speak TLS to it.
    pub tls: Option<TlsClient>,
    /// Transfer syntaxes that may be proposed to it; empty: all.
    pub transfer_syntaxes: Vec<Uid>,
    /// What it may be given where it takes nothing that loses nothing, the first first.
    pub lossy: Vec<Lossy>,
    /// Associations to it at the same time for one retrieval.
    pub max_associations: usize,
    /// The policy of de-identification without which it gets nothing.
    pub deid: Option<String>,
}

impl Peer {
    /// A peer that takes everything over one association.
    pub fn new(
        name: impl Into<String>,
        ae_title: AeTitle,
        host: impl Into<String>,
        port: u16,
    ) -> Peer {
        Peer {
            name: name.into(),
            ae_title,
            host: host.into(),
            port,
            tls: None,
            transfer_syntaxes: Vec::new(),
            lossy: Vec::new(),
            max_associations: 1,
            deid: None,
        }
    }

    /// The archive as this peer may have it: all of it, or as its policy lets it be given away.
    ///
    /// # Errors
    /// If its policy is not to be had, or the archive is seen through another: it gets nothing.
    pub(crate) fn archive(&self, archive: &Archive) -> Result<Archive, Failure> {
        let refused =
            |reason: String| Failure::new(Status::UNABLE_TO_PERFORM_SUBOPERATIONS, reason);
        match (&self.deid, archive.view()) {
            (None, _) => Ok(archive.clone()),
            (Some(policy), None) => archive
                .by_policy(policy)
                .ok_or_else(|| refused(format!("there is no policy {policy}"))),
            (Some(policy), Some(view)) if view.policy.name == *policy => Ok(archive.clone()),
            (Some(policy), Some(_)) => Err(refused(format!(
                "this peer gets what policy {policy} lets through, not another view"
            ))),
        }
    }

    /// May this transfer syntax be proposed to it?
    pub fn takes(&self, transfer_syntax_uid: &Uid) -> bool {
        self.transfer_syntaxes.is_empty() || self.transfer_syntaxes.contains(transfer_syntax_uid)
    }
}

/// Host, port and name; not the certificates.
impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}={}@{}:{}",
            self.name, self.ae_title, self.host, self.port
        )
    }
}

/// All peers. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Peers(Arc<[Peer]>);

impl Peers {
    /// From a list; the first of two with one AE title counts.
    pub fn new(peers: impl IntoIterator<Item = Peer>) -> Peers {
        Peers(peers.into_iter().collect())
    }

    /// The peer with this AE title.
    pub fn by_ae_title(&self, ae_title: &AeTitle) -> Option<&Peer> {
        self.0.iter().find(|peer| peer.ae_title == *ae_title)
    }

    /// The peer that we call so.
    pub fn by_name(&self, name: &str) -> Option<&Peer> {
        self.0.iter().find(|peer| peer.name == name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.0.iter()
    }
}

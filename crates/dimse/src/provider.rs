//! What all associations share.

use std::sync::Arc;

use sagittal_archive::Archive;
use sagittal_audit::{AuditLog, Event};
use sagittal_auth::Directory;

use crate::config::DimseConfig;
use crate::ledger::Ledger;
use crate::peers::Peers;

/// A service class provider: the archive and the rules by which it is offered.
pub struct Provider {
    /// Settings.
    pub config: DimseConfig,
    /// The archive.
    pub archive: Archive,
    /// Who may do what.
    pub directory: Arc<Directory>,
    /// What was done.
    pub audit: AuditLog,
    /// Destinations of C-MOVE.
    pub peers: Peers,
    /// What was negotiated with whom.
    pub ledger: Arc<Ledger>,
}

impl Provider {
    pub(crate) fn record(&self, event: Event) {
        self.audit.record(event);
    }
}

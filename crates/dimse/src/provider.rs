//! What all associations share.

use std::sync::Arc;

use sagittal_archive::Archive;
use sagittal_audit::{AuditLog, Event};
use sagittal_auth::{Caller, Directory};
use sagittal_core::AeTitle;

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
    /// The provider that answers to an AE title: of a de-identified view, if it is called so.
    pub(crate) fn called(self: &Arc<Provider>, ae_title: &AeTitle) -> Arc<Provider> {
        let policies = &self.archive.options().policies;
        let view = policies.view_called(&ae_title.to_string());
        let Some(archive) = view.and_then(|view| self.archive.through(&view.name)) else {
            return self.clone();
        };
        Arc::new(Provider {
            config: DimseConfig {
                ae_title: ae_title.clone(),
                ..self.config.clone()
            },
            archive,
            directory: self.directory.clone(),
            audit: self.audit.clone(),
            peers: self.peers.clone(),
            ledger: self.ledger.clone(),
        })
    }

    /// What a caller may do here: in a de-identified view another permission counts.
    pub(crate) fn granted(&self, caller: Caller) -> Caller {
        match self.archive.view() {
            None => caller,
            Some(_) => caller.in_view(),
        }
    }

    /// Records an event; one of a view with the names of view and policy.
    pub(crate) fn record(&self, mut event: Event) {
        if let Some(view) = self.archive.view() {
            let of = format!("view {}, policy {}", view.name, view.policy.name);
            event.detail = Some(match event.detail.take() {
                None => of,
                Some(said) => format!("{of}: {said}"),
            });
        }
        self.audit.record(event);
    }
}

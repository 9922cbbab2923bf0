//! How the server behaves. Nothing here reads the environment or a file.

use std::time::Duration;

use sagittal_core::{AeTitle, Limits, Uid};

/// Which services are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// C-STORE.
    pub store: bool,
    /// C-FIND.
    pub find: bool,
    /// C-MOVE.
    pub r#move: bool,
    /// C-GET.
    pub get: bool,
}

impl Default for Offered {
    fn default() -> Offered {
        Offered {
            store: true,
            find: true,
            r#move: true,
            get: true,
        }
    }
}

/// Settings of the DIMSE side.
#[derive(Clone, Debug)]
pub struct DimseConfig {
    /// Our AE title.
    pub ae_title: AeTitle,
    /// Further AE titles that we answer to.
    pub aliases: Vec<AeTitle>,
    /// Reject associations that call another AE title.
    pub check_called_ae_title: bool,
    /// Reject associations of AE titles that are no peer.
    pub known_peers_only: bool,
    /// What is offered.
    pub offered: Offered,
    /// Also accept the retired storage SOP classes.
    pub retired_sop_classes: bool,
    /// Further (private) storage SOP classes.
    pub sop_classes: Vec<Uid>,
    /// Accept unknown SOP classes that the peer declares to be storage (PS3.7 §D.3.3.6).
    pub unknown_sop_classes: bool,
    /// Transfer syntaxes accepted for storage, best first, private ones included; empty accepts all
    /// that the standard knows, in the order of the proposal.
    pub transfer_syntaxes: Vec<Uid>,
    /// Refuse queries and retrievals without the unique keys of the levels above, unless relational
    /// behavior was negotiated (PS3.4 §C.4.1.2.1). Off: always relational.
    pub strict_hierarchy: bool,
    /// Asynchronous operations window that we grant.
    pub max_operations: u16,
    /// Answers to one C-FIND.
    pub max_answers: u64,
    /// Bytes of an identifier.
    pub max_identifier: usize,
    /// Limits of reading identifiers.
    pub read_limits: Limits,
    /// Pending responses of C-MOVE and C-GET come at least this often.
    pub progress_interval: Duration,
    /// For the response to one C-STORE sub-operation.
    pub suboperation_timeout: Duration,
    /// Associations at the same time, in all and from one address.
    pub associations: (usize, usize),
    /// Timeouts and sizes of associations.
    pub association: sagittal_net::Config,
    /// Running transfers may go on for this long after a stop was asked for.
    pub grace: Duration,
}

impl DimseConfig {
    /// The defaults.
    pub fn new(ae_title: AeTitle) -> DimseConfig {
        DimseConfig {
            ae_title,
            aliases: Vec::new(),
            check_called_ae_title: false,
            known_peers_only: false,
            offered: Offered::default(),
            retired_sop_classes: false,
            sop_classes: Vec::new(),
            unknown_sop_classes: true,
            transfer_syntaxes: Vec::new(),
            strict_hierarchy: false,
            max_operations: 16,
            max_answers: 10_000_000,
            max_identifier: 1 << 20,
            read_limits: Limits {
                elements: 20_000,
                inflated: 16 << 20,
                ..Limits::default()
            },
            progress_interval: Duration::from_millis(500),
            suboperation_timeout: Duration::from_secs(300),
            associations: (250, 100),
            association: sagittal_net::Config::default(),
            grace: Duration::from_secs(30),
        }
    }
}

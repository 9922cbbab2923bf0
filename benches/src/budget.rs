//! What each figure must reach: the table of budgets as data. Budgets that depend on the disk are
//! ratios to a bare receiver of the same run.

/// A condition on a figure.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// Not below.
    AtLeast(f64),
    /// Not above.
    AtMost(f64),
    /// Not below this share of a peer's figure.
    OfPeer(&'static str, f64),
    /// Not above so many times the peer's figure.
    WithinPeers(f64),
}

use Limit::{AtLeast, AtMost, OfPeer, WithinPeers};

/// Names of the peers in the table.
pub const GROUP_SINK: &str = "sink, group sync";
pub const FILE_SINK: &str = "sink, file sync";
pub const ORTHANC: &str = "Orthanc";
pub const DCMTK: &str = "DCMTK";
/// Our own C-STORE rate, against which STOW-RS is held.
pub const OWN_STORE: &str = "C-STORE";

/// Figures and their limits.
pub const BUDGETS: &[(&str, &[Limit])] = &[
    ("CT, 1 association", &[OfPeer(FILE_SINK, 0.8)]),
    (
        "CT, 4 associations",
        &[
            OfPeer(GROUP_SINK, 0.8),
            OfPeer(FILE_SINK, 1.0),
            OfPeer(ORTHANC, 3.5),
        ],
    ),
    (
        "CT, 8 associations",
        &[
            OfPeer(GROUP_SINK, 0.8),
            OfPeer(FILE_SINK, 1.0),
            OfPeer(ORTHANC, 3.5),
        ],
    ),
    ("CT, CPU per 1,000", &[AtMost(0.5)]),
    (
        "5 KB, 8 associations",
        &[AtLeast(10_000.0), OfPeer(ORTHANC, 10.0)],
    ),
    ("5 KB, CPU per 1,000", &[AtMost(0.15)]),
    ("CT, default storescu", &[AtLeast(250.0)]),
    ("CT, STOW-RS, 1 client", &[OfPeer(OWN_STORE, 1.0)]),
    ("CT, STOW-RS, 4 clients", &[OfPeer(OWN_STORE, 0.95)]),
    ("load, last tenth", &[OfPeer("first tenth", 0.9)]),
    ("C-FIND exact key", &[AtMost(0.15)]),
    ("C-FIND name", &[AtMost(1.0)]),
    ("C-FIND date, a week", &[AtMost(1.0)]),
    ("C-FIND series level", &[AtMost(1.0)]),
    ("C-FIND instance level", &[AtMost(1.0)]),
    ("C-FIND universal", &[AtLeast(100_000.0)]),
    ("QIDO-RS page of 50", &[AtMost(1.5)]),
    ("QIDO-RS page of 50, 8 clients, p99", &[AtMost(10.0)]),
    ("/metadata of 2,000, cold", &[AtMost(50.0)]),
    ("/metadata of 2,000, warm", &[AtMost(10.0)]),
    ("a frame of 500", &[AtMost(0.4)]),
    ("frames, 8 clients", &[AtLeast(4_000.0)]),
    ("C-GET, 1 client", &[AtLeast(1_800.0)]),
    ("C-GET, 4 clients", &[AtLeast(3_500.0)]),
    ("C-MOVE, 1 client", &[AtLeast(1_800.0)]),
    ("C-MOVE, 4 clients", &[AtLeast(3_500.0)]),
    ("WADO-RS, 1 client", &[AtLeast(1_800.0)]),
    ("WADO-RS, 4 clients", &[AtLeast(3_500.0)]),
    ("C-GET, first byte", &[AtMost(2.0)]),
    ("WADO-RS, first byte", &[AtMost(2.0)]),
    ("start to first answer", &[AtMost(50.0)]),
    ("memory idle after load", &[AtMost(100.0)]),
    ("RLE, CT 512×512", &[WithinPeers(1.5)]),
    ("RLE, CR 2048×2048", &[WithinPeers(1.5)]),
    ("JPEG baseline, CT 512×512", &[WithinPeers(1.5)]),
    ("JPEG baseline, CR 2048×2048", &[WithinPeers(1.5)]),
    ("JPEG lossless, CT 512×512", &[WithinPeers(1.5)]),
    ("JPEG lossless, CR 2048×2048", &[WithinPeers(1.5)]),
    ("JPEG-LS, CT 512×512", &[WithinPeers(1.5)]),
    ("JPEG-LS, CR 2048×2048", &[WithinPeers(1.5)]),
    ("JPEG 2000, CT 512×512", &[WithinPeers(1.5)]),
    ("JPEG 2000, CR 2048×2048", &[WithinPeers(1.5)]),
    ("HTJ2K, CT 512×512", &[WithinPeers(1.5)]),
    ("HTJ2K, CR 2048×2048", &[WithinPeers(1.5)]),
    ("rendered CT, JPEG", &[AtMost(1.5)]),
    ("rendered CT, JPEG, 4 clients", &[AtLeast(900.0)]),
    ("memory peak", &[AtMost(300.0)]),
];

impl Limit {
    /// Does a figure meet it? Nothing if the peer was not measured.
    pub fn is_met(self, figure: f64, peers: &[(&str, f64)]) -> Option<bool> {
        match self {
            AtLeast(limit) => Some(figure >= limit),
            AtMost(limit) => Some(figure <= limit),
            OfPeer(name, share) => {
                let (_, peer) = peers.iter().find(|(peer, _)| *peer == name)?;
                Some(figure >= peer * share)
            }
            WithinPeers(times) => {
                let (_, peer) = peers.first()?;
                Some(figure <= peer * times)
            }
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AtLeast(limit) => write!(out, "≥ {limit}"),
            AtMost(limit) => write!(out, "≤ {limit}"),
            OfPeer(name, share) => write!(out, "≥ {share} × {name}"),
            WithinPeers(times) => write!(out, "≤ {times} × the library"),
        }
    }
}

/// The limits of a figure; of its peak too, whatever phase it is of.
pub fn of(figure: &str) -> &'static [Limit] {
    let row = BUDGETS.iter().find(|(name, _)| *name == figure);
    row.map_or(&[], |(_, limits)| limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_peer_needs_that_peer() {
        let limit = OfPeer(GROUP_SINK, 0.8);
        assert_eq!(limit.is_met(80.0, &[(GROUP_SINK, 100.0)]), Some(true));
        assert_eq!(limit.is_met(79.0, &[(GROUP_SINK, 100.0)]), Some(false));
        assert_eq!(limit.is_met(79.0, &[]), None);
        let limit = WithinPeers(1.5);
        assert_eq!(limit.is_met(1.5, &[("CharLS", 1.0)]), Some(true));
        assert_eq!(limit.is_met(1.6, &[("CharLS", 1.0)]), Some(false));
        assert_eq!(limit.is_met(1.6, &[]), None);
    }
}

//! DIMSE services over real associations.
#![allow(clippy::unwrap_used)]

mod drip;
mod duplicates;
mod get;
mod lossy;
mod r#move;
mod multi_component;
mod negotiation;
mod pynetdicom;
mod query;
mod scu;
mod scu_dcmtk;
mod scu_negotiation;
mod scu_peers;
mod scu_pynetdicom;
mod store;
mod tls;
mod tools;
mod transcode;
mod transcode_large;
mod verification;

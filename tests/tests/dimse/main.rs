//! DIMSE services over real associations.
#![allow(clippy::unwrap_used)]

mod get;
mod r#move;
mod negotiation;
mod query;
mod scu;
mod scu_dcmtk;
mod scu_peers;
mod scu_pynetdicom;
mod store;
mod tools;
mod verification;

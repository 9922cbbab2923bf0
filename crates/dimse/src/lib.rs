//! DIMSE services (PS3.4, PS3.7): Verification, Storage and Query/Retrieve, offered as SCP on top of
//! the archive.
//!
//! [`registry`] says what there is, [`policy`] who is let in for what, [`scp`] does it, and
//! [`server`] listens.

pub mod config;
mod even;
pub mod ledger;
pub mod lossy;
pub mod peers;
pub mod policy;
pub mod provider;
pub mod query_keys;
pub mod registry;
pub mod scp;
pub mod scu;
pub mod server;
pub mod status;

pub use config::{DimseConfig, Offered};
pub use ledger::Ledger;
pub use lossy::Lossy;
pub use peers::{Peer, Peers};
pub use provider::Provider;
pub use server::{DimseServer, serve};
pub use status::Failure;

//! DICOMweb (PS3.18), WADO-URI, and the pages and streams by which a server is watched.
//!
//! This crate translates HTTP to calls of `sagittal_archive` and back, and nothing more.
//! [`routes::ROUTES`] is the one table of routes: the router, the WADL and JSON capabilities and the
//! OpenAPI document are made from it.

pub mod accept;
pub mod config;
pub mod error;
pub mod multipart;
pub mod openapi;
pub mod range;
pub mod routes;

mod admin;
mod authorize;
mod body;
mod conditional;
mod cors;
mod dicomweb;
mod linger;
mod observe;
mod peer;
mod rendered;
mod request;
mod router;
mod serve;
mod stall;
mod state;
mod wado_uri;

pub use config::{Limits, WebConfig};
pub use error::{Error, Result};
pub use peer::Peer;
pub use router::router;
pub use serve::{Listener, ServeLimits, serve};
pub use state::{Negotiations, WebState};

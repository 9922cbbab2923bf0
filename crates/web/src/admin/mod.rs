//! Pages and streams by which the server is watched.

pub(crate) mod deid_jobs;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod negotiations;
pub(crate) mod quality;
pub(crate) mod status;

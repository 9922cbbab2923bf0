//! Programs of others as peers, in both directions.
#![allow(clippy::unwrap_used)]

mod dcmtk;
mod orthanc;
mod rendered;
mod transcode;
mod validate;
mod web;

//! Peers, files and requests as nobody should make them.
#![allow(clippy::unwrap_used)]

mod files;
mod http;
mod inflate;
mod large;
mod pdus;
mod slow;

//! Who is let in, and what is said about it.
#![allow(clippy::unwrap_used)]

mod authentication;
mod guesses;
mod privacy;
mod remote;
mod roles;
mod tls;

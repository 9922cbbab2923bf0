//! Odd peers.

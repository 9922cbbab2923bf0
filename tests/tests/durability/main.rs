//! What was acknowledged is there after a crash.
#![allow(clippy::unwrap_used)]

mod kill;
mod stop;

//! What was acknowledged is there after a crash.
#![allow(clippy::unwrap_used)]

mod full_disk;
mod kill;
mod kill_under_load;
mod stop;

//! DICOMweb (PS3.18) over a real connection.
#![allow(clippy::unwrap_used)]

mod demo;
mod kinds;
mod rendered;
mod round_trip;
mod video;
mod volume;

//! DICOMweb (PS3.18) over a real connection.
#![allow(clippy::unwrap_used)]

mod demo;
mod round_trip;

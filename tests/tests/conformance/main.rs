//! The probe against programs of others, whose configurations are the truth that it must find, and
//! our own server, whose statement is.
#![allow(clippy::unwrap_used)]

mod compare;
mod dcmtk;
mod ledger;
mod library;
mod observed;
mod orthanc;
mod own;
mod pynetdicom;
mod tls;
mod twin;
mod twin_peers;

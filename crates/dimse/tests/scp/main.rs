//! The services over real connections on the loopback interface, with an archive in a temporary
//! folder and requestors made of `sagittal_net` alone.
#![allow(clippy::unwrap_used)]

mod associations;
mod client;
mod composite;
mod destination;
mod find;
mod interrupted;
mod objects;
mod odd;
mod retrieve;
mod server;
mod store;
mod window;

//! Service class providers: one file a service, and the session that gives them their messages.

pub mod c_echo;
pub mod c_find;
pub mod c_get;
pub mod c_move;
pub mod c_store;
pub mod composite;

mod answer;
mod destination;
mod identifier;
mod operation;
mod operations;
mod outgoing;
mod retrieve;
pub(crate) mod session;
mod suboperations;

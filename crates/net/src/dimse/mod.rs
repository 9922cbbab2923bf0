//! DIMSE messages (PS3.7): command sets, their typed forms, status codes, message ids. No I/O.

mod command_set;
pub mod element;
mod field;
mod message;
mod message_id;
mod status;

pub use command_set::{CommandError, CommandSet};
pub use field::{Field, Priority};
pub use message::*;
pub use message_id::{MessageIds, OperationsWindow};
pub use status::{Status, StatusClass};

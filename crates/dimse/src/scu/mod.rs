//! DIMSE services as SCU (PS3.4, PS3.7): Verification, Storage and Query/Retrieve, asked of any peer.
//!
//! [`Target`] says whom to talk to, a [`Session`] is an association with it. [`deliver`] sends many
//! instances over several associations; [`Receiver`] takes instances in, for C-GET and for a plain
//! Storage SCP ([`Intake`]).

mod c_echo;
mod c_find;
mod c_get;
mod c_move;
mod c_store;
mod deliver;
mod discover;
mod error;
mod files;
mod intake;
mod queue;
mod receiver;
mod retrieve;
mod session;
mod source;
mod target;

pub use c_echo::echo_proposal;
pub use c_find::{Matches, QueryOptions, find_proposal};
pub use c_get::{Storable, common_storage, get_proposal, storable};
pub use c_move::move_proposal;
pub use c_store::{Kind, Prepared, Stored, prepare, store_proposal};
pub use deliver::{Delivered, DeliveryOptions, deliver};
pub use discover::sop_classes;
pub use error::{Error, Result};
pub use files::{Collision, FileReceiver, FileReceiverOptions};
pub use intake::{Intake, intake_policy};
pub use queue::Queue;
pub use receiver::{Arriving, Kept, Receipt, Receiver};
pub use retrieve::{Progress, Retrieved, level_name};
pub use session::Session;
pub use source::Instance;
pub use target::{Address, Target, User};

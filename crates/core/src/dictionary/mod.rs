//! The data dictionary and the UID dictionary (PS3.6), and a dictionary of private elements.

mod elements;
mod private;
mod uids;

pub use elements::{Entry, by_keyword, entries, entry, keywords, parse, vr};
pub use private::{PrivateEntry, private_entry};
pub use uids::{UidEntry, UidKind, uid, uid_by_keyword, uid_name, uids};

pub(crate) use elements::{Repeating, row};
pub(crate) use private::PrivateBlock;
pub(crate) use uids::uid_row;

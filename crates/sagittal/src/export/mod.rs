//! Writing instances to folders, ZIP files and media.

mod destination;
mod origin;

pub use destination::{Destination, is_about_destination};
pub use origin::Origin;

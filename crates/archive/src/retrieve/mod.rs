//! Giving back: instances, metadata, bulk data, frames (PS3.18 §10.4, PS3.4 §C.4.2–C.4.3).

mod metadata;
mod reader;
mod selection;

pub use metadata::Metadata;
pub use reader::{BulkData, InstanceReader};
pub use selection::{InstanceRef, Selector};

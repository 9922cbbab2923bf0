//! Giving back: instances, metadata, bulk data, frames (PS3.18 §10.4, PS3.4 §C.4.2–C.4.3).

mod bulk_data;
mod convert;
mod frames;
mod inflated;
mod metadata;
mod pixels;
mod reader;
mod selection;
mod volume;
mod volume_memory;

pub use bulk_data::BulkData;
pub(crate) use convert::PackAt;
pub(crate) use frames::FrameTables;
pub(crate) use inflated::InflatedSets;
pub use metadata::Metadata;
pub(crate) use metadata::MetadataCache;
pub(crate) use pixels::PixelCaches;
pub use reader::InstanceReader;
pub(crate) use selection::selected;
pub use selection::{InstanceRef, Selector};
pub use volume::{VolumeInput, VolumeReference};
pub use volume_memory::SharedVolume;
pub(crate) use volume_memory::VolumeMemory;

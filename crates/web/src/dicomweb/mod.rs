//! The Studies service of DICOMweb (PS3.18 §10), a file a transaction.

pub(crate) mod bulk_collection;
pub(crate) mod bulk_data;
pub(crate) mod bulk_stream;
pub(crate) mod capabilities;
pub(crate) mod deid_preview;
pub(crate) mod delete;
pub(crate) mod frames;
pub(crate) mod instances;
pub(crate) mod media_type;
pub(crate) mod metadata;
pub(crate) mod qido;
pub(crate) mod stow;

mod gzip;
mod json_stream;
mod selection;
mod syntax;
mod zip;

pub(crate) use selection::select;
pub(crate) use syntax::Wishes;

//! Tags, value representations, values, data sets, character sets, UIDs and the
//! data dictionary (PS3.5, PS3.6). No I/O: bytes in, values out.

mod ae_title;
mod data_set;
mod error;
mod finding;
mod implementation;
mod limits;
mod path;
mod tag;
mod uid;
mod value;
mod vr;

pub mod charset;
pub mod date_time;
pub mod decimal;
pub mod dictionary;
pub mod fold;
pub mod generated;
pub mod person_name;
pub mod sop_class;
pub mod transfer_syntax;
pub mod wildcard;

pub use ae_title::AeTitle;
pub use charset::CharacterSet;
pub use data_set::DataSet;
pub use date_time::{Date, DateRange, DateTime, DateTimeRange, Offset, Time, TimeRange};
pub use error::{Error, Result};
pub use finding::{Finding, FindingKind};
pub use generated::tags;
pub use implementation::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
pub use limits::Limits;
pub use path::{PathStep, TagPath};
pub use person_name::{NameGroup, PersonName};
pub use tag::Tag;
pub use uid::Uid;
pub use value::{Element, Fragments, Value};
pub use vr::Vr;

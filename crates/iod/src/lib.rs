//! Information object definitions (PS3.3): which modules and attributes an instance has, of which
//! type. No I/O.

mod attribute_type;
mod generated;

pub use attribute_type::{AttributeType, attribute_type};

//! Information object definitions (PS3.3): which modules and attributes an instance has, of which
//! type; validation of instances and of studies. No I/O.

mod attribute_type;
mod defined_term;
mod finding;
mod generated;
pub mod quality;
mod rules;
mod study;
mod validate;

pub use attribute_type::{AttributeType, attribute_type};
pub use defined_term::is_defined_term;
pub use finding::{Finding, Kind, Severity, keyword_path};
pub use study::{StudyFinding, Summary, validate_study};
pub use validate::{Options, validate, validate_encoded, validate_file};

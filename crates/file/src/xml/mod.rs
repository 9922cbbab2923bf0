//! Native DICOM Model (PS3.19 §A.1), both ways. What is left out and how the character set is
//! declared is as in DICOM JSON (see [`crate::json`]).

mod read;
mod write;

pub use read::read;
pub use write::write;

/// The namespace of the model (PS3.19 §A.1.6).
pub const NAMESPACE: &str = "http://dicom.nema.org/PS3.19/models/NativeDICOM";

const UUID_URN: &str = "urn:uuid:";
/// Groups of a person name, in the order of PS3.5 §6.2.1.
const NAME_GROUPS: [&str; 3] = ["Alphabetic", "Ideographic", "Phonetic"];
/// Components of a group.
const NAME_COMPONENTS: [&str; 5] = [
    "FamilyName",
    "GivenName",
    "MiddleName",
    "NamePrefix",
    "NameSuffix",
];

#[cfg(test)]
mod tests;

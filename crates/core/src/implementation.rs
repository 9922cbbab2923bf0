//! Who wrote a file or opened an association (PS3.7 §D.3.3.2, PS3.10 §7.1).

/// Implementation Class UID of Sagittal.
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.283412904811395482230711029484012551201";

/// Implementation Version Name of Sagittal, at most 16 characters.
pub const IMPLEMENTATION_VERSION_NAME: &str = concat!("SAGITTAL_", env!("CARGO_PKG_VERSION"));

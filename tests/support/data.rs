//! Real files to test with, which are not part of the project.

pub use sagittal_testkit::{data as folder, files};

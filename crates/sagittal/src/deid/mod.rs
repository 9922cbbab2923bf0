//! What de-identification needs of the machine: programs and files.

pub mod ocr;

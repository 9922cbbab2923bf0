//! Any bytes as a file: validation ends, without a panic, with no more findings than asked for.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sagittal_core::Limits;
use sagittal_file::part10;
use sagittal_iod::{Options, Severity, Summary, validate_file, validate_study};

fuzz_target!(|input: &[u8]| {
    let limits = Limits { elements: 10_000, inflated: 1 << 20, ..Limits::default() };
    let Ok(file) = part10::read(&Bytes::copy_from_slice(input), limits) else { return };
    let options = Options { least: Severity::Information, most: 100 };
    assert!(validate_file(&file, options).len() <= 100);
    let summary = Summary::of(&file.data_set);
    let _ = validate_study(&[summary.clone(), summary]);
});

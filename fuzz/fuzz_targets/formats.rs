//! Any bytes through the readers of DICOM JSON, the Native DICOM Model and DICOMDIR: no panic, and
//! what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_core::Limits;
use sagittal_file::{dicomdir, json, xml};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    if let Ok(data_sets) = json::read(bytes, limits) {
        for data_set in data_sets {
            let mut out = Vec::new();
            json::write(&data_set, &mut out);
            assert!(json::read(&out, limits).is_ok());
        }
    }
    if let Ok(data_set) = xml::read(bytes, limits) {
        let mut out = Vec::new();
        xml::write(&data_set, &mut out);
        assert!(xml::read(&out, limits).is_ok());
    }
    let _ = dicomdir::read(&bytes.to_vec().into(), limits);
});

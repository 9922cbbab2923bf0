//! Reads any file; what can be written again is read the same, without findings.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_core::{Limits, Uid};
use sagittal_file::encoding::Encoding;
use sagittal_file::part10::{self, Meta};

fuzz_target!(|input: &[u8]| {
    let limits = Limits { inflated: 1 << 24, ..Limits::default() };
    let Ok(file) = part10::read(&bytes::Bytes::copy_from_slice(input), limits) else { return };
    let uid = Uid::from_static("1.2.3");
    let meta = Meta {
        sop_class_uid: uid.clone(),
        sop_instance_uid: uid,
        transfer_syntax_uid: file.opening.transfer_syntax_uid.clone(),
        source_ae_title: None,
    };
    let Ok(written) = part10::write(&meta, &file.data_set) else { return };
    let again = part10::read(&written.into(), limits).expect("what was written can be read");
    if Encoding::of(meta.transfer_syntax_uid.as_str()).explicit {
        assert_eq!(again.data_set.len(), file.data_set.elements().iter().filter(|e| !e.tag.is_group_length()).count());
    }
});

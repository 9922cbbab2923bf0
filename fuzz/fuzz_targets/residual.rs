//! Any bytes as a file, and as a PDF, that is searched for what identifies: no panic, and what
//! stands there in clear is found.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sagittal_core::{DataSet, Uid, tags};
use sagittal_deid::residual::{Needles, Retained, Searcher};
use sagittal_file::part10::{self, Meta};

const NAME: &str = "Rumpelstilz";

static SEARCHER: LazyLock<Searcher> = LazyLock::new(|| {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::PATIENT_NAME, NAME);
    let meta = Meta {
        sop_class_uid: Uid::from_static("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance_uid: Uid::from_static("1.2.3"),
        transfer_syntax_uid: Uid::from_static("1.2.840.10008.1.2.1"),
        source_ae_title: None,
    };
    let input = part10::write(&meta, &data_set).expect("a file");
    let needles = Needles::of(&input.into(), &Retained::default());
    needles.expect("needles").searcher()
});

fuzz_target!(|bytes: &[u8]| {
    let _ = SEARCHER.search(&Bytes::copy_from_slice(bytes));
    let pdf = [b"%PDF-1.7\n", bytes].concat();
    let _ = SEARCHER.search(&Bytes::from(pdf));
    let named = [bytes, b"\n", NAME.as_bytes(), b"\n"].concat();
    assert!(!SEARCHER.search(&Bytes::from(named)).is_clean());
});

//! Whatever data set there is, it survives every syntax; whatever bytes come, nothing panics.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sagittal_core::{DataSet, Element, Fragments, Limits, Tag, Value, Vr};
use sagittal_file::encoding::Encoding;
use sagittal_file::read::{inflate, read_data_set};
use sagittal_file::walk::Walker;
use sagittal_file::write::write_data_set;
use sagittal_file::{extract, part10, transcode};

const NATIVE: [&str; 4] = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
];

/// Standard elements, whose VR is the same with and without a dictionary, and a private block.
const PLAIN: [(Tag, Vr); 14] = [
    (Tag(0x0008, 0x0008), Vr::CS),
    (Tag(0x0008, 0x0018), Vr::UI),
    (Tag(0x0010, 0x0010), Vr::PN),
    (Tag(0x0010, 0x4000), Vr::LT),
    (Tag(0x0018, 0x9074), Vr::DT),
    (Tag(0x0018, 0x9089), Vr::FD),
    (Tag(0x0020, 0x9157), Vr::UL),
    (Tag(0x0028, 0x0009), Vr::AT),
    (Tag(0x0028, 0x0010), Vr::US),
    (Tag(0x0028, 0x1221), Vr::OW),
    (Tag(0x0029, 0x1001), Vr::UN),
    (Tag(0x0042, 0x0011), Vr::OB),
    (Tag(0x7FE0, 0x0001), Vr::OV),
    (Tag(0x7FE0, 0x0008), Vr::OF),
];
const SEQUENCES: [Tag; 3] = [
    Tag(0x0008, 0x1140),
    Tag(0x0040, 0x0275),
    Tag(0x5200, 0x9229),
];

fn plain() -> impl Strategy<Value = Element> {
    (0..PLAIN.len(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(at, mut bytes)| {
        let (tag, vr) = PLAIN[at];
        if vr.is_text() {
            bytes
                .iter_mut()
                .for_each(|byte| *byte = (*byte).clamp(b' ', b'z'));
        }
        let unit = vr.fixed_length().unwrap_or(vr.unit()).max(2);
        bytes.truncate(bytes.len() / unit * unit);
        Element {
            tag,
            vr,
            value: Value::Bytes(bytes.into()),
        }
    })
}

fn element() -> impl Strategy<Value = Element> {
    plain().prop_recursive(4, 64, 6, |inner| {
        let item = prop::collection::vec(inner, 0..5)
            .prop_map(|elements| elements.into_iter().collect::<DataSet>());
        (0..SEQUENCES.len(), prop::collection::vec(item, 0..4)).prop_map(|(at, items)| Element {
            tag: SEQUENCES[at],
            vr: Vr::SQ,
            value: Value::Sequence(items),
        })
    })
}

fn data_set() -> impl Strategy<Value = DataSet> {
    prop::collection::vec(element(), 0..10).prop_map(|elements| elements.into_iter().collect())
}

fn limits() -> Limits {
    Limits {
        inflated: 1 << 20,
        ..Limits::default()
    }
}

/// Everything that takes bytes from outside.
fn read_everything(bytes: &[u8]) {
    let shared = bytes::Bytes::copy_from_slice(bytes);
    let _ = part10::read(&shared, limits());
    let _ = inflate(bytes, limits());
    for ts in NATIVE {
        let encoding = Encoding::of(ts);
        if let Ok((data_set, _)) = read_data_set(&shared, ts, limits()) {
            let _ = write_data_set(&data_set, ts, &mut Vec::new());
        }
        for to in NATIVE {
            let _ = transcode::convert(&mut &bytes[..], None, ts, to, &mut Vec::new());
        }
        let wanted = [
            Tag(0x0008, 0x0018),
            Tag(0x0010, 0x0010),
            Tag(0x7FE0, 0x0010),
        ];
        let _ = extract::root_values(bytes, bytes.len() as u64 * 2, encoding, limits(), &wanted);
        let mut walker = Walker::new(bytes, encoding, limits());
        let mut depth = 0_i64;
        let mut last = 0;
        while let Ok(Some(event)) = walker.next() {
            use sagittal_file::walk::Event::*;
            match event {
                SequenceStart { .. } | ItemStart { .. } | FragmentsStart { .. } => depth += 1,
                SequenceEnd { .. } | ItemEnd | FragmentsEnd { .. } => depth -= 1,
                _ => {}
            }
            assert!(depth >= 0 && walker.position() >= last && walker.path().0.len() <= 130);
            last = walker.position();
        }
        assert_eq!(depth, 0);
        let mut skipping = Walker::new(bytes, encoding, limits());
        while let Ok(Some(_)) = skipping.next() {
            if skipping.depth() > 1 && skipping.skip_sequence().is_err() {
                break;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_data_set_survives_every_syntax(data_set in data_set()) {
        for from in NATIVE {
            let mut bytes = Vec::new();
            write_data_set(&data_set, from, &mut bytes).unwrap();
            let (read, findings) = read_data_set(&bytes.clone().into(), from, limits()).unwrap();
            prop_assert!(findings.is_empty(), "{:?}", findings);
            prop_assert_eq!(&read, &data_set);
            for to in NATIVE {
                let mut out = Vec::new();
                transcode::convert(&mut &bytes[..], None, from, to, &mut out).unwrap();
                let (read, findings) = read_data_set(&out.into(), to, limits()).unwrap();
                prop_assert!(findings.is_empty(), "{:?}", findings);
                prop_assert_eq!(&read, &data_set);
            }
        }
    }

    #[test]
    fn fragments_survive(fragments in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..5), table in prop::collection::vec(any::<u32>(), 0..3)) {
        let even = |mut bytes: Vec<u8>| { bytes.truncate(bytes.len() / 2 * 2); bytes::Bytes::from(bytes) };
        let fragments = Fragments { offset_table: table, fragments: fragments.into_iter().map(even).collect() };
        let element = Element { tag: Tag(0x7FE0, 0x0010), vr: Vr::OB, value: Value::Fragments(fragments) };
        let data_set: DataSet = [element].into_iter().collect();
        let ts = "1.2.840.10008.1.2.4.70";
        let mut bytes = Vec::new();
        write_data_set(&data_set, ts, &mut bytes).unwrap();
        let (read, findings) = read_data_set(&bytes.into(), ts, limits()).unwrap();
        prop_assert!(findings.is_empty());
        prop_assert_eq!(read, data_set);
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_everything(&bytes);
    }

    /// Bytes that are headers more often than chance would have it.
    #[test]
    fn nearly_dicom_does_no_harm(parts in prop::collection::vec(prop_oneof![
        Just(vec![0xFE, 0xFF, 0x00, 0xE0]), Just(vec![0xFE, 0xFF, 0x0D, 0xE0]), Just(vec![0xFE, 0xFF, 0xDD, 0xE0]),
        Just(vec![0xFF; 4]), Just(vec![0; 4]), Just(vec![0x40, 0, 0x75, 2]), Just(b"SQ\0\0".to_vec()),
        Just(b"UN\0\0".to_vec()), Just(b"OB\0\0".to_vec()), Just(vec![0xE0, 0x7F, 0x10, 0]), Just(vec![0xFF, 0xFE, 0xE0, 0x00]),
        prop::collection::vec(any::<u8>(), 1..6), any::<u8>().prop_map(|n| vec![n, 0, 0, 0]),
        any::<u8>().prop_map(|n| vec![0x10, 0, 0x10, 0, b'P', b'N', n, 0]),
    ], 0..60)) {
        read_everything(&parts.concat());
    }

    #[test]
    fn a_damaged_data_set_does_no_harm(data_set in data_set(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), syntax in 0..4_usize) {
        let mut bytes = Vec::new();
        write_data_set(&data_set, NATIVE[syntax], &mut bytes).unwrap();
        for (at, byte) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        read_everything(&bytes);
    }
}

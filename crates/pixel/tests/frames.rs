//! Frame tables of real files.
#![allow(clippy::unwrap_used)]

use sagittal_core::{Limits, Value, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::part10;
use sagittal_pixel::frames::FrameTable;
use sagittal_testkit::data;

#[test]
fn every_real_instance_has_all_its_frames() {
    let Some(root) = data() else { return };
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let mut odd = Vec::new();
    let mut counted = 0;
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let bytes = std::fs::read(root.join(fields[0])).unwrap();
        let Ok(file) = part10::read(&bytes.clone().into(), Limits::default()) else {
            continue;
        };
        let ts = file.opening.transfer_syntax_uid.as_str();
        let Some(pixels) = file.data_set.get(tags::PIXEL_DATA) else {
            continue;
        };
        if Encoding::of(ts).deflated {
            continue;
        }
        let table = FrameTable::of_instance(&bytes, file.opening.data_set_offset, ts)
            .unwrap()
            .unwrap();
        assert_eq!(
            FrameTable::from_bytes(&table.to_bytes()).unwrap(),
            table,
            "{}",
            fields[0]
        );
        let declared = file
            .data_set
            .int(tags::NUMBER_OF_FRAMES)
            .unwrap_or(1)
            .max(1);
        if table.is_guess() || i64::from(table.number_of_frames()) != declared {
            odd.push(fields[0].to_owned());
        }
        let join = |ranges: Vec<std::ops::Range<u64>>| -> Vec<u8> {
            ranges
                .into_iter()
                .flat_map(|range| bytes[range.start as usize..range.end as usize].to_vec())
                .collect()
        };
        let whole = join(table.all());
        if let Value::Fragments(fragments) = &pixels.value {
            assert!(whole == fragments.fragments.concat(), "{}", fields[0]);
            if table.is_addressable() {
                let frames: Vec<u8> = (0..table.number_of_frames())
                    .flat_map(|frame| join(table.frame(frame)))
                    .collect();
                assert!(frames == whole, "{}", fields[0]);
            }
        }
        counted += 1;
    }
    eprintln!("{counted} instances; not as declared: {odd:#?}");
    assert!(counted > 1_000 && odd.len() < 10);
}

#![allow(clippy::unwrap_used)]
use sagittal_core::{DataSet, tags};

use super::*;
use crate::write::write_data_set;

const SERIES: Tag = Tag(0x0008, 0x1115);
const INSTANCES: Tag = Tag(0x0008, 0x1199);
const INSTANCE: Tag = Tag(0x0008, 0x1155);

fn sample() -> DataSet {
    let mut data_set = DataSet::new();
    let series = |uids: [&str; 2]| {
        let items = uids.map(|uid| {
            let mut item = DataSet::new();
            item.put_text(INSTANCE, uid);
            item
        });
        let mut series = DataSet::new();
        series.put_items(INSTANCES, items.to_vec());
        series.put_text(tags::PATIENT_NAME, "Nested");
        series
    };
    data_set.put_items(SERIES, vec![series(["1.1", "1.2"]), series(["2.1", "2.2"])]);
    data_set.put_text(tags::PATIENT_NAME, "Root^Name");
    data_set.put_u16(tags::ROWS, &[512]);
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![0; 1000]);
    data_set
}

#[test]
fn root_elements_are_found_in_every_syntax_from_the_first_bytes() {
    for ts in [
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.2",
    ] {
        let mut bytes = Vec::new();
        write_data_set(&sample(), ts, &mut bytes).unwrap();
        let total = bytes.len() as u64;
        bytes.truncate(bytes.len() - 900);
        let wanted = [
            SERIES,
            tags::PATIENT_NAME,
            tags::PATIENT_ID,
            tags::ROWS,
            tags::PIXEL_DATA,
        ];
        let found =
            root_values(&bytes, total, Encoding::of(ts), Limits::default(), &wanted).unwrap();
        assert_eq!(found[0].unwrap().length, None);
        assert_eq!(
            found[1].unwrap().text(&CharacterSet::default()).unwrap(),
            "Root^Name"
        );
        assert!(found[2].is_none());
        assert_eq!(found[3].unwrap().int(), Some(512));
        let pixels = found[4].unwrap();
        assert_eq!((pixels.offset, pixels.length), (total - 1000, Some(1000)));
        assert_eq!(pixels.value.len(), 100);
    }
}

#[test]
fn nested_elements_are_visited_in_all_items() {
    let ts = "1.2.840.10008.1.2.1";
    let mut bytes = Vec::new();
    write_data_set(&sample(), ts, &mut bytes).unwrap();
    let mut seen = Vec::new();
    let wanted: [&[Tag]; 2] = [&[SERIES, INSTANCES, INSTANCE], &[tags::PATIENT_NAME]];
    nested_values(
        &bytes,
        bytes.len() as u64,
        Encoding::of(ts),
        Limits::default(),
        &wanted,
        &mut |number, value| {
            seen.push((
                number,
                value.text(&CharacterSet::default()).unwrap().into_owned(),
            ));
        },
    )
    .unwrap();
    let expected = [
        (0, "1.1"),
        (0, "1.2"),
        (0, "2.1"),
        (0, "2.2"),
        (1, "Root^Name"),
    ];
    assert_eq!(
        seen,
        expected.map(|(number, text)| (number, text.to_owned()))
    );
}

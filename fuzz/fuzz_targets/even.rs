//! Makes any bytes even; in pieces it is the same as at once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_file::even::{Piece, Survey, mended};

const SYNTAXES: [&str; 5] = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.50",
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    let syntax = SYNTAXES[usize::from(choice % 5)];
    let whole = mended(bytes, syntax);
    assert!(whole.len() % 2 == 0);
    let mut survey = Survey::new(syntax, bytes.len() as u64);
    while let Some(wanted) = survey.wanted() {
        survey.take(&bytes[wanted.start as usize..wanted.end as usize]);
    }
    let mut mender = survey.finish();
    let mut out = Vec::new();
    for chunk in bytes.chunks(usize::from(choice / 5) + 1) {
        mender.pass(chunk, &mut |piece| match piece {
            Piece::Kept(range) => out.extend_from_slice(&chunk[range]),
            Piece::New(new) => out.extend_from_slice(new),
        });
    }
    mender.end(&mut |piece| {
        if let Piece::New(new) = piece {
            out.extend_from_slice(new);
        }
    });
    assert!(out == whole);
});

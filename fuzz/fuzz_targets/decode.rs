//! Any bytes as a frame of any transfer syntax: no panic, no more memory than is allowed, and a
//! frame as long as its description says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_core::transfer_syntax;
use sagittal_pixel::codec::{self, EncodeOptions};
use sagittal_pixel::{ImagePixel, Photometric, SampleKind};

const PHOTOMETRICS: [Photometric; 6] = [
    Photometric::Rgb,
    Photometric::YbrFull,
    Photometric::YbrFull422,
    Photometric::YbrPartial422,
    Photometric::YbrPartial420,
    Photometric::YbrRct,
];

fuzz_target!(|input: &[u8]| {
    let Some((head, bytes)) = input.split_first_chunk::<7>() else { return };
    let [syntax, rows, columns, bits, more, color, flags] = *head;
    let ts = &transfer_syntax::ALL[usize::from(syntax) % transfer_syntax::ALL.len()];
    let kind = match flags >> 4 & 3 {
        1 => SampleKind::Float,
        2 => SampleKind::Double,
        _ => SampleKind::Integer,
    };
    let bits_allocated = match kind {
        SampleKind::Float => 32,
        SampleKind::Double => 64,
        SampleKind::Integer => bits % 64 + 1,
    };
    let bits_stored = more % bits_allocated + 1;
    let is_color = flags & 1 == 1;
    let image = ImagePixel {
        rows: u32::from(rows) + 1,
        columns: u32::from(columns) + 1,
        samples_per_pixel: if is_color { 3 } else { 1 },
        photometric: if is_color {
            PHOTOMETRICS[usize::from(color) % PHOTOMETRICS.len()]
        } else {
            Photometric::Monochrome2
        },
        is_by_plane: is_color && flags & 2 == 2,
        bits_allocated,
        bits_stored,
        high_bit: if flags & 4 == 4 { bits_allocated - 1 } else { bits_stored - 1 },
        is_signed: flags & 8 == 8,
        kind,
    };
    let Ok(decoded) = codec::decode_with_findings(ts.uid, &image, bytes, 1 << 21) else { return };
    let frame = decoded.frame;
    assert_eq!(frame.data.len() as u64, frame.image.frame_bytes());
    // What was decoded is encoded without loss, or refused.
    for uid in [transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax::RLE_LOSSLESS] {
        if let Ok(encoded) = codec::encode(uid, &frame, &EncodeOptions::default()) {
            let back = codec::decode(uid, &encoded.image, &encoded.bytes, 1 << 22);
            assert!(back.is_ok(), "{uid}: {back:?}");
        }
    }
    let _ = sagittal_pixel::color::to_rgb(frame);
});

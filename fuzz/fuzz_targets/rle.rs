//! Any bytes as an RLE frame: no panic and no more memory than the frame takes; what was decoded
//! is encoded and decoded again the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_pixel::codec::rle;
use sagittal_pixel::{ImagePixel, Photometric, SampleKind};

fuzz_target!(|input: &[u8]| {
    let Some((head, bytes)) = input.split_first_chunk::<4>() else { return };
    let bits = [1, 8, 16, 32, 64][usize::from(head[2] % 5)];
    let samples = head[3] % 4 + 1;
    let image = ImagePixel {
        rows: u32::from(head[0]) + 1,
        columns: u32::from(head[1]) + 1,
        samples_per_pixel: samples,
        photometric: if samples == 1 { Photometric::Monochrome2 } else { Photometric::Rgb },
        is_by_plane: false,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: bits - 1,
        is_signed: false,
        kind: SampleKind::Integer,
    };
    let Ok(frame) = rle::decode(&image, bytes, 1 << 20) else { return };
    assert_eq!(frame.data.len() as u64, image.frame_bytes());
    let (again, said) = rle::encode(&frame).expect("what was decoded is encoded");
    assert_eq!(rle::decode(&said, &again, 1 << 20).expect("decodes"), frame);
});

#![allow(clippy::unwrap_used)]

use super::*;

fn image(columns: u32, rows: u32, samples: u8, bits: u8, photometric: Photometric) -> ImagePixel {
    ImagePixel {
        rows,
        columns,
        samples_per_pixel: samples,
        photometric,
        is_by_plane: false,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: bits - 1,
        is_signed: false,
        kind: SampleKind::Integer,
    }
}

fn decoded(image: &ImagePixel, bytes: &[u8]) -> Frame {
    decode(image, bytes, Packing::default(), 1 << 20).unwrap()
}

#[test]
fn single_bits_begin_with_the_lowest_and_anywhere() {
    let image = image(5, 2, 1, 1, Photometric::Monochrome2);
    let bits = [1, 0, 1, 1, 0, 0, 0, 1, 0, 1];
    assert_eq!(decoded(&image, &[0b1000_1101, 0b10]).data, bits);
    let packing = Packing {
        bit_offset: 3,
        ..Packing::default()
    };
    let frame = decode(&image, &[0b0110_1111, 0b1_0100], packing, 100).unwrap();
    assert_eq!(frame.data, bits);
    assert_eq!(encode(&frame, false).unwrap().0, [0b1000_1101, 0b10]);
}

#[test]
fn packed_frames_follow_each_other_without_a_gap() {
    let image = image(5, 2, 1, 1, Photometric::Monochrome2);
    let frames: [[u8; 10]; 3] = [
        [1, 0, 1, 1, 0, 0, 0, 1, 0, 1],
        [1; 10],
        [0, 1, 0, 0, 1, 1, 0, 1, 0, 1],
    ];
    let (mut out, mut bits) = (Vec::new(), 0);
    for data in frames {
        let frame = Frame::new(image, data.to_vec()).unwrap();
        let (packed, _) = encode(&frame, false).unwrap();
        bits = append_packed(&mut out, bits, &packed, image.pixels());
    }
    assert_eq!((bits, out.len()), (30, 4));
    assert_eq!(unpack_bits(&out, 0, 30), frames.concat());
}

#[test]
fn twelve_bits_lie_side_by_side() {
    let image = image(3, 1, 1, 12, Photometric::Monochrome2);
    let frame = decoded(&image, &[0x23, 0x61, 0x45, 0x89, 0x07]);
    assert_eq!(frame.data, [0x23, 0x01, 0x56, 0x04, 0x89, 0x07]);
    // Words of 16 bits, the higher byte first.
    let packing = Packing {
        is_big_endian: true,
        bit_offset: 0,
    };
    let swapped = decode(&image, &[0x61, 0x23, 0x89, 0x45, 0x00, 0x07], packing, 100);
    assert!(swapped.is_ok());
    let offset = Packing {
        bit_offset: 4,
        ..Packing::default()
    };
    let frame = decode(&image, &[0x3F, 0x12, 0x56, 0x94, 0x78], offset, 100).unwrap();
    assert_eq!(frame.data, [0x23, 0x01, 0x56, 0x04, 0x89, 0x07]);
}

#[test]
fn big_endian_samples_are_turned() {
    let packing = Packing {
        is_big_endian: true,
        bit_offset: 0,
    };
    for bits in [16, 32, 64] {
        let image = image(1, 1, 1, bits, Photometric::Monochrome2);
        let bytes: Vec<u8> = (0..bits / 8).collect();
        let frame = decode(&image, &bytes, packing, 100).unwrap();
        assert!(frame.data.iter().rev().eq(&bytes));
    }
}

#[test]
fn planes_become_pixels_and_planes_again() {
    for bits in [8, 16, 32] {
        for samples in [2, 3, 4] {
            let mut image = image(3, 2, samples, bits, Photometric::Rgb);
            image.is_by_plane = true;
            let bytes: Vec<u8> = (0..image.frame_bytes()).map(|at| at as u8).collect();
            let frame = decoded(&image, &bytes);
            assert!(!frame.image.is_by_plane);
            let width = usize::from(bits / 8);
            let plane = 6 * width;
            assert_eq!(frame.data[width..2 * width], bytes[plane..plane + width]);
            assert_eq!(encode(&frame, true).unwrap(), (bytes, image));
        }
    }
}

#[test]
fn shared_colors_are_given_to_each_pixel() {
    let mut image = image(4, 1, 3, 8, Photometric::YbrFull422);
    let full = [1, 10, 20, 2, 10, 20, 3, 11, 21, 4, 11, 21];
    let frame = decoded(&image, &[1, 2, 10, 20, 3, 4, 11, 21]);
    assert_eq!(frame.data, full);
    assert_eq!(frame.image.photometric, Photometric::YbrFull);
    // Colors that are not shared although the description says so.
    assert_eq!(decoded(&image, &full).data, full);
    image.is_by_plane = true;
    assert_eq!(decoded(&image, &[1, 2, 3, 4, 10, 11, 20, 21]).data, full);
    image.is_by_plane = false;
    image.photometric = Photometric::YbrPartial422;
    let frame = decoded(&image, &[1, 2, 10, 20, 3, 4, 11, 21]);
    assert_eq!(frame.image.photometric, Photometric::YbrPartial422);
    assert_eq!(
        encode(&frame, false).unwrap().0,
        [1, 2, 10, 20, 3, 4, 11, 21]
    );
}

#[test]
fn four_pixels_share_colors_by_plane() {
    let mut image = image(2, 2, 3, 8, Photometric::YbrPartial420);
    assert!(matches!(
        decode(&image, &[0; 6], Packing::default(), 100),
        Err(Error::Unsupported { .. })
    ));
    image.is_by_plane = true;
    let frame = decoded(&image, &[1, 2, 3, 4, 10, 20]);
    assert_eq!(frame.data, [1, 10, 20, 2, 10, 20, 3, 10, 20, 4, 10, 20]);
}

#[test]
fn a_cut_frame_tells_how_much_is_there() {
    let image = image(4, 4, 1, 16, Photometric::Monochrome2);
    assert!(matches!(
        decode(&image, &[0; 31], Packing::default(), 100),
        Err(Error::Length {
            expected: 32,
            found: 31
        })
    ));
    assert!(matches!(
        decode(&image, &[0; 32], Packing::default(), 31),
        Err(Error::TooLarge { .. })
    ));
    assert_eq!(decoded(&image, &[7; 40]).data, [7; 32]);
}

#[test]
fn floating_point_stays_as_it_is() {
    let mut image = image(1, 1, 1, 64, Photometric::Monochrome2);
    image.kind = SampleKind::Double;
    let bytes = 1.5_f64.to_be_bytes();
    let packing = Packing {
        is_big_endian: true,
        bit_offset: 0,
    };
    let frame = decode(&image, &bytes, packing, 100).unwrap();
    assert_eq!(frame.data, 1.5_f64.to_le_bytes());
}

proptest::proptest! {
    #[test]
    fn any_number_of_bits_is_unpacked(
        allocated in 1_u8..64,
        offset in 0_u8..8,
        values in proptest::collection::vec(proptest::num::u64::ANY, 1..40),
    ) {
        let mask = u64::MAX >> (64 - allocated);
        let (mut bits, mut packed) = (usize::from(offset), vec![0_u8; 400]);
        for value in &values {
            for bit in 0..allocated {
                packed[bits / 8] |= ((value >> bit & 1) as u8) << (bits % 8);
                bits += 1;
            }
        }
        let mut image = image(values.len() as u32, 1, 1, allocated, Photometric::Monochrome2);
        image.bits_stored = allocated;
        let packing = Packing { is_big_endian: false, bit_offset: offset };
        let frame = decode(&image, &packed[..bits.div_ceil(8)], packing, 1 << 20).unwrap();
        let width = usize::from(image.sample_bytes());
        for (value, sample) in values.iter().zip(frame.data.chunks_exact(width)) {
            proptest::prop_assert_eq!(&(value & mask).to_le_bytes()[..width], sample);
        }
    }
}

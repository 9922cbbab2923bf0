#![allow(clippy::unwrap_used)]

use super::*;
use crate::SampleKind;

fn image(bits_allocated: u8, bits_stored: u8, is_signed: bool) -> ImagePixel {
    ImagePixel {
        rows: 1,
        columns: 2,
        samples_per_pixel: 1,
        photometric: Photometric::Monochrome2,
        is_by_plane: false,
        bits_allocated,
        bits_stored,
        high_bit: bits_stored - 1,
        is_signed,
        kind: SampleKind::Integer,
    }
}

fn raster(precision: u8, is_signed: bool, samples: Samples) -> Raster {
    Raster {
        columns: 2,
        rows: 1,
        components: 1,
        precision,
        is_signed,
        color: StreamColor::Grey,
        samples,
    }
}

fn words(decoded: &Decoded) -> Vec<u16> {
    let words = decoded.frame.data.as_chunks::<2>().0.iter();
    words.map(|word| u16::from_le_bytes(*word)).collect()
}

#[test]
fn signs_reach_through_the_allocated_bits() {
    // An unsigned stream of signed samples.
    let unsigned = raster(13, false, Samples::U16(vec![0x1830, 0x0830]));
    let decoded = to_frame(unsigned, &image(16, 13, true)).unwrap();
    assert_eq!(words(&decoded), [0xF830, 0x0830]);
    assert_eq!(decoded.findings, []);
    // A signed one.
    let signed = raster(12, true, Samples::U16(vec![0xF830, 0x0030]));
    let decoded = to_frame(signed, &image(16, 12, true)).unwrap();
    assert_eq!(words(&decoded), [0xF830, 0x0030]);
    let signed = raster(8, true, Samples::U8(vec![0xFF, 0x7F]));
    let decoded = to_frame(signed, &image(16, 8, true)).unwrap();
    assert_eq!(words(&decoded), [0xFFFF, 0x007F]);
}

#[test]
fn a_signed_stream_of_unsigned_samples_keeps_its_bits() {
    let signed = raster(16, true, Samples::U16(vec![0xF800, 0x0001]));
    let decoded = to_frame(signed, &image(16, 16, false)).unwrap();
    assert_eq!(words(&decoded), [0xF800, 0x0001]);
    let sign = Finding::Sign {
        stream_is_signed: true,
    };
    assert_eq!(decoded.findings, [sign]);
    assert!(!decoded.frame.image.is_signed);
}

#[test]
fn few_bits_are_widened_and_many_get_room() {
    let eight = raster(8, false, Samples::U8(vec![200, 1]));
    let decoded = to_frame(eight, &image(16, 12, true)).unwrap();
    assert_eq!(words(&decoded), [200, 1]);
    let twelve = raster(12, false, Samples::U16(vec![0xABC, 1]));
    let decoded = to_frame(twelve, &image(8, 8, false)).unwrap();
    assert_eq!(words(&decoded), [0xABC, 1]);
    let said = decoded.frame.image;
    assert_eq!(
        (said.bits_allocated, said.bits_stored, said.high_bit),
        (16, 12, 11)
    );
    assert!(matches!(decoded.findings[..], [Finding::Widened { .. }]));
}

#[test]
fn thirty_two_bits_are_whole() {
    let samples = Samples::U32(vec![0xFFFF_FFFF, 1]);
    let decoded = to_frame(raster(32, false, samples), &image(32, 32, false)).unwrap();
    assert_eq!(decoded.frame.data, [255, 255, 255, 255, 1, 0, 0, 0]);
}

#[test]
fn the_stream_is_believed_about_colors() {
    use Photometric::{Monochrome1, PaletteColor, Rgb, YbrFull, YbrFull422, YbrIct, YbrRct};
    let cases = [
        (StreamColor::Rgb, YbrRct, Rgb, false),
        (StreamColor::Rgb, YbrFull422, Rgb, true),
        (StreamColor::Ycc, YbrFull422, YbrFull, false),
        (StreamColor::Ycc, Rgb, YbrFull, true),
        (StreamColor::Unknown, YbrIct, Rgb, true),
        (StreamColor::Unknown, YbrFull422, YbrFull, false),
        (StreamColor::Unknown, Rgb, Rgb, false),
        (StreamColor::Grey, Monochrome1, Monochrome1, false),
        (StreamColor::Grey, PaletteColor, PaletteColor, false),
    ];
    for (stream, data_set, expected, is_odd) in cases {
        let mut findings = Vec::new();
        assert_eq!(photometric(stream, data_set, &mut findings), expected);
        assert_eq!(findings.len(), usize::from(is_odd));
    }
}

#[test]
fn other_sizes_are_refused() {
    let one = raster(8, false, Samples::U8(vec![1, 2]));
    let mut other = image(8, 8, false);
    other.rows = 2;
    assert!(matches!(
        to_frame(one.clone(), &other),
        Err(Error::Mismatch {
            what: "rows",
            stream: 1,
            data_set: 2
        })
    ));
    other = image(8, 8, false);
    other.samples_per_pixel = 3;
    assert!(to_frame(one, &other).is_err());
    let short = raster(8, false, Samples::U8(vec![1]));
    assert!(matches!(
        to_frame(short, &image(8, 8, false)),
        Err(Error::Length { .. })
    ));
}

#[test]
fn bits_beside_the_stored_ones_are_cut_and_told() {
    let mut twelve = image(16, 12, false);
    let frame = Frame::new(twelve, vec![0x34, 0x12, 0xFF, 0x0F]).unwrap();
    let stored = of_frame(&frame, Signs::Kept).unwrap();
    assert_eq!(stored.raster.samples, Samples::U16(vec![0x234, 0xFFF]));
    assert!(stored.is_trimmed);
    twelve.high_bit = 15;
    let frame = Frame::new(twelve, vec![0x40, 0x12, 0xF0, 0xFF]).unwrap();
    let stored = of_frame(&frame, Signs::Kept).unwrap();
    assert_eq!(stored.raster.samples, Samples::U16(vec![0x124, 0xFFF]));
    assert!(!stored.is_trimmed);
    assert_eq!(stored.image.high_bit, 11);
}

#[test]
fn restricted_colors_and_floating_point_are_refused() {
    let mut float = image(32, 32, false);
    float.kind = SampleKind::Float;
    let frame = Frame::new(float, vec![0; 8]).unwrap();
    assert!(of_frame(&frame, Signs::Kept).is_err());
    let mut partial = image(8, 8, false);
    partial.samples_per_pixel = 3;
    partial.photometric = Photometric::YbrPartial422;
    let frame = Frame::new(partial, vec![0; 6]).unwrap();
    assert!(of_frame(&frame, Signs::Kept).is_err());
}

proptest::proptest! {
    #[test]
    fn frames_go_there_and_back(
        stored in 1_u8..=32,
        more in 0_u8..3,
        is_signed in proptest::bool::ANY,
        as_bits in proptest::bool::ANY,
        first in proptest::num::i64::ANY,
        second in proptest::num::i64::ANY,
    ) {
        let allocated = [8, 16, 32].into_iter().filter(|bits| *bits >= stored);
        let allocated = allocated.clone().nth(more.into()).or(allocated.clone().next_back()).unwrap();
        let mut image = image(allocated, stored, is_signed);
        let width = usize::from(image.sample_bytes());
        // Values within the stored bits, extended by their sign.
        let data = [first, second].into_iter().flat_map(|number| {
            let top = (number as u64) << (64 - stored);
            let value = if is_signed {
                (top as i64 >> (64 - stored)) as u64
            } else {
                top >> (64 - stored)
            };
            value.to_le_bytes()[..width].to_vec()
        });
        let frame = Frame::new(image, data.collect()).unwrap();
        let signs = if as_bits { Signs::AsBits } else { Signs::Kept };
        let coded = of_frame(&frame, signs).unwrap();
        proptest::prop_assert!(!coded.is_trimmed);
        proptest::prop_assert_eq!(coded.raster.is_signed, is_signed && !as_bits);
        image.bits_allocated = coded.image.bits_allocated;
        proptest::prop_assert_eq!(coded.image, image);
        let back = to_frame(coded.raster, &image).unwrap();
        proptest::prop_assert_eq!(back.frame, frame);
        proptest::prop_assert_eq!(back.findings, []);
    }
}

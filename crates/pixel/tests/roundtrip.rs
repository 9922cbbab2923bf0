//! What was encoded is decoded again: every encoder, any bits, signs, colors and sizes.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sagittal_core::transfer_syntax as ts;
use sagittal_pixel::codec::{self, EncodeOptions};
use sagittal_pixel::{Error, Frame, ImagePixel, Photometric, SampleKind};

const MAX_BYTES: u64 = 16 << 20;

/// Transfer syntaxes whose encoders lose nothing.
const LOSSLESS: &[&str] = &[
    ts::IMPLICIT_VR_LITTLE_ENDIAN,
    ts::EXPLICIT_VR_LITTLE_ENDIAN,
    ts::EXPLICIT_VR_BIG_ENDIAN,
    ts::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN,
    ts::DEFLATED_IMAGE_FRAME_COMPRESSION,
    ts::RLE_LOSSLESS,
    ts::JPEG_LOSSLESS,
    ts::JPEG_LOSSLESS_SV1,
    ts::JPEG_LS_LOSSLESS,
    ts::JPEG_2000_LOSSLESS,
    ts::HTJ2K_LOSSLESS,
    ts::HTJ2K_LOSSLESS_RPCL,
    ts::JPEG_XL_LOSSLESS,
];

/// Must the encoder take such a frame?
fn takes(uid: &str, image: &ImagePixel) -> bool {
    match uid {
        ts::JPEG_LOSSLESS | ts::JPEG_LOSSLESS_SV1 | ts::JPEG_LS_LOSSLESS => {
            (2..=16).contains(&image.bits_stored)
        }
        ts::RLE_LOSSLESS => image.samples_per_pixel * image.sample_bytes() <= 15,
        // Noise that grows when it is coded is more than OpenJPEG has room for.
        ts::JPEG_2000_LOSSLESS => false,
        ts::HTJ2K_LOSSLESS | ts::HTJ2K_LOSSLESS_RPCL => image.bits_stored <= 16,
        // Nor has zune-jpegxl, which knows no single rows and columns either.
        ts::JPEG_XL_LOSSLESS => false,
        _ => true,
    }
}

#[derive(Clone, Copy, Debug)]
enum Content {
    Noise,
    Flat,
    Slope,
}

fn frame(image: ImagePixel, content: Content, mut seed: u64) -> Frame {
    let width = usize::from(image.sample_bytes());
    let bits = u32::from(image.bits_stored);
    let mut data = Vec::new();
    for at in 0..image.samples() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let number = match content {
            Content::Noise => seed >> 16,
            Content::Flat => seed_free(image),
            Content::Slope => at / 3,
        };
        let top = number << (64 - bits);
        let value = if image.is_signed {
            ((top as i64) >> (64 - bits)) as u64
        } else {
            top >> (64 - bits)
        };
        data.extend_from_slice(&value.to_le_bytes()[..width]);
    }
    Frame::new(image, data).unwrap()
}

fn seed_free(image: ImagePixel) -> u64 {
    u64::from(image.columns) * 37
}

fn images() -> impl Strategy<Value = ImagePixel> {
    let size = prop_oneof![Just(1_u32), 1_u32..20, Just(129), Just(64)];
    let bits = prop_oneof![
        Just((1_u8, 1_u8)),
        (1_u8..=8).prop_map(|stored| (8, stored)),
        (1_u8..=16).prop_map(|stored| (16, stored)),
        (1_u8..=32).prop_map(|stored| (32, stored)),
    ];
    let color = prop_oneof![
        3 => Just((1_u8, Photometric::Monochrome2)),
        1 => Just((1, Photometric::PaletteColor)),
        2 => Just((3, Photometric::Rgb)),
        1 => Just((3, Photometric::YbrFull)),
    ];
    (size.clone(), size, bits, color, any::<bool>()).prop_map(
        |(rows, columns, (bits_allocated, bits_stored), (samples_per_pixel, photometric), sign)| {
            ImagePixel {
                rows,
                columns,
                samples_per_pixel,
                photometric,
                is_by_plane: false,
                bits_allocated,
                bits_stored,
                high_bit: bits_stored - 1,
                is_signed: sign && bits_allocated > 1 && samples_per_pixel == 1,
                kind: SampleKind::Integer,
            }
        },
    )
}

fn contents() -> impl Strategy<Value = Content> {
    prop_oneof![
        Just(Content::Noise),
        Just(Content::Flat),
        Just(Content::Slope)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_is_lost(
        image in images(),
        content in contents(),
        seed in any::<u64>(),
        is_by_plane in any::<bool>(),
    ) {
        let frame = frame(image, content, seed);
        let options = EncodeOptions { is_by_plane, ..EncodeOptions::default() };
        for uid in LOSSLESS.iter().filter(|uid| codec::can_encode(uid)) {
            let encoded = match codec::encode(uid, &frame, &options) {
                Err(Error::Unsupported { .. }) if !takes(uid, &image) => continue,
                other => other.unwrap_or_else(|error| panic!("{uid}: {error}")),
            };
            prop_assert!(!encoded.is_lossy && !encoded.is_trimmed);
            let back = codec::decode_with_findings(uid, &encoded.image, &encoded.bytes, MAX_BYTES)
                .unwrap_or_else(|error| panic!("{uid}: {error}"));
            prop_assert_eq!(&back.findings, &[], "{}", uid);
            prop_assert_eq!(back.frame.image, image, "{}", uid);
            prop_assert!(back.frame.data == frame.data, "{}", uid);
        }
    }

    #[test]
    fn near_lossless_differs_by_no_more_than_was_allowed(
        image in images(),
        content in contents(),
        near in 0_u8..4,
        seed in any::<u64>(),
    ) {
        let frame = frame(image, content, seed);
        let options = EncodeOptions { near, ..EncodeOptions::default() };
        let uid = ts::JPEG_LS_NEAR_LOSSLESS;
        prop_assume!(codec::can_encode(uid));
        let Ok(encoded) = codec::encode(uid, &frame, &options) else { return Ok(()) };
        prop_assert_eq!(encoded.is_lossy, near > 0);
        let back = codec::decode(uid, &encoded.image, &encoded.bytes, MAX_BYTES).unwrap();
        let width = usize::from(image.sample_bytes());
        for (there, here) in back.data.chunks_exact(width).zip(frame.data.chunks_exact(width)) {
            prop_assert!(number(there, image.is_signed).abs_diff(number(here, image.is_signed)) <= near.into());
        }
    }
}

/// Noise of few bits had sums in its bands that were larger than their bit planes.
#[test]
fn noise_of_few_bits_comes_back_from_jpeg_2000() {
    let kinds = [(1, Photometric::Monochrome2), (3, Photometric::Rgb)];
    for (bits, (samples_per_pixel, photometric)) in
        (1..=6_u8).flat_map(|bits| kinds.map(|kind| (bits, kind)))
    {
        let image = ImagePixel {
            rows: 64,
            columns: 129,
            samples_per_pixel,
            photometric,
            is_by_plane: false,
            bits_allocated: if (bits, samples_per_pixel) == (1, 1) {
                1
            } else {
                8
            },
            bits_stored: bits,
            high_bit: bits - 1,
            is_signed: false,
            kind: SampleKind::Integer,
        };
        for seed in 0..40_u64 {
            let seed = 11_702_603_792_511_210_051_u64.wrapping_add(seed);
            let frame = frame(image, Content::Noise, seed);
            let uid = ts::JPEG_2000_LOSSLESS;
            let encoded = codec::encode(uid, &frame, &EncodeOptions::default()).unwrap();
            let back = codec::decode(uid, &encoded.image, &encoded.bytes, MAX_BYTES).unwrap();
            let what = format!("{bits} bits, {samples_per_pixel} samples, seed {seed}");
            assert!(back.data == frame.data, "{what}");
        }
    }
}

fn number(sample: &[u8], is_signed: bool) -> i64 {
    let mut word = [0; 8];
    word[..sample.len()].copy_from_slice(sample);
    let shift = 64 - 8 * sample.len();
    let top = i64::from_le_bytes(word) << shift;
    if is_signed {
        top >> shift
    } else {
        ((top as u64) >> shift) as i64
    }
}

#[test]
fn lossy_jpeg_says_what_it_did() {
    if !codec::can_encode(ts::JPEG_BASELINE_8_BIT) {
        return;
    }
    let mut image = ImagePixel {
        rows: 32,
        columns: 48,
        samples_per_pixel: 3,
        photometric: Photometric::Rgb,
        is_by_plane: false,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        is_signed: false,
        kind: SampleKind::Integer,
    };
    let color = frame(image, Content::Slope, 0);
    let mut options = EncodeOptions::default();
    let encoded = codec::encode(ts::JPEG_BASELINE_8_BIT, &color, &options).unwrap();
    assert!(encoded.is_lossy);
    assert_eq!(encoded.image.photometric, Photometric::YbrFull422);
    options.is_subsampled = false;
    let encoded = codec::encode(ts::JPEG_BASELINE_8_BIT, &color, &options).unwrap();
    assert_eq!(encoded.image.photometric, Photometric::YbrFull);
    let back = codec::decode(
        ts::JPEG_BASELINE_8_BIT,
        &encoded.image,
        &encoded.bytes,
        MAX_BYTES,
    )
    .unwrap();
    assert_eq!(back.image.photometric, Photometric::YbrFull);
    let back = sagittal_pixel::color::to_rgb(back).unwrap();
    let most = back
        .data
        .iter()
        .zip(&color.data)
        .map(|(there, here)| there.abs_diff(*here))
        .max();
    assert!(most < Some(24), "{most:?}");
    image.samples_per_pixel = 1;
    image.photometric = Photometric::PaletteColor;
    let indices = frame(image, Content::Slope, 0);
    assert!(codec::encode(ts::JPEG_BASELINE_8_BIT, &indices, &options).is_err());
}

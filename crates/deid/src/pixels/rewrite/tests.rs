#![allow(clippy::unwrap_used)]
use sagittal_core::{DataSet, Fragments, Value, Vr, tags, transfer_syntax as ts};
use sagittal_pixel::codec::{self, EncodeOptions};
use sagittal_pixel::{Frame, ImagePixel, Photometric, SampleKind};

use super::super::shape::{Shape, Spans};
use super::*;

const ROWS: u32 = 40;
const COLUMNS: u32 = 52;

fn image(
    photometric: Photometric,
    bits_allocated: u8,
    bits_stored: u8,
    is_signed: bool,
) -> ImagePixel {
    ImagePixel {
        rows: ROWS,
        columns: COLUMNS,
        samples_per_pixel: if photometric.is_single() { 1 } else { 3 },
        photometric,
        is_by_plane: false,
        bits_allocated,
        bits_stored,
        high_bit: bits_stored - 1,
        is_signed,
        kind: SampleKind::Integer,
    }
}

/// A frame of waves; each frame is another.
fn frame(image: &ImagePixel, number: u32) -> Frame {
    let image = ImagePixel {
        is_by_plane: false,
        ..*image
    };
    let most = (1_i64 << image.bits_stored) - 1;
    let mut data = Vec::new();
    for at in 0..ROWS * COLUMNS {
        let (x, y) = (f64::from(at % COLUMNS), f64::from(at / COLUMNS));
        for sample in 0..image.samples_per_pixel {
            let wave = (x * 0.3 + f64::from(number)).sin() * (y * 0.2 + f64::from(sample)).cos();
            let mut value = ((wave * 0.45 + 0.5) * most as f64) as i64;
            if image.is_signed {
                value -= most / 2 + 1;
            }
            data.extend_from_slice(&value.to_le_bytes()[..image.sample_bytes().into()]);
        }
    }
    Frame::new(image, data).unwrap()
}

fn describe(data_set: &mut DataSet, image: &ImagePixel, frames: u32) {
    data_set.put_u16(tags::ROWS, &[ROWS as u16]);
    data_set.put_u16(tags::COLUMNS, &[COLUMNS as u16]);
    data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[image.samples_per_pixel.into()]);
    data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, image.photometric.as_str());
    data_set.put_u16(tags::BITS_ALLOCATED, &[image.bits_allocated.into()]);
    data_set.put_u16(tags::BITS_STORED, &[image.bits_stored.into()]);
    data_set.put_u16(tags::HIGH_BIT, &[image.high_bit.into()]);
    data_set.put_u16(tags::PIXEL_REPRESENTATION, &[image.is_signed.into()]);
    data_set.put_text(tags::NUMBER_OF_FRAMES, &frames.to_string());
    if image.samples_per_pixel > 1 {
        data_set.put_u16(tags::PLANAR_CONFIGURATION, &[image.is_by_plane.into()]);
    }
}

/// An instance of frames in a transfer syntax.
fn instance(syntax: &str, image: &ImagePixel, frames: u32, options: &EncodeOptions) -> DataSet {
    let mut data_set = DataSet::new();
    let encoded: Vec<_> = (0..frames)
        .map(|number| codec::encode(syntax, &frame(image, number), options).unwrap())
        .collect();
    describe(&mut data_set, &encoded[0].image, frames);
    if syntax == ts::EXPLICIT_VR_LITTLE_ENDIAN {
        let bits = image.samples() * u64::from(encoded[0].image.bits_allocated);
        let mut bytes = Vec::new();
        let mut filled = 0;
        for one in &encoded {
            let bits = if bits.is_multiple_of(8) {
                one.bytes.len() as u64 * 8
            } else {
                bits
            };
            filled = codec::native::append_packed(&mut bytes, filled, &one.bytes, bits);
        }
        data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, bytes);
        return data_set;
    }
    let fragments = encoded.into_iter().map(|one| {
        let mut bytes = one.bytes;
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        bytes.into()
    });
    data_set.put(sagittal_core::Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::Fragments(Fragments {
            offset_table: Vec::new(),
            fragments: fragments.collect(),
        }),
    });
    data_set
}

fn decoded(data_set: &DataSet, syntax: &str) -> Vec<Frame> {
    let frames = Frames::of(data_set, syntax).unwrap().unwrap();
    (1..=frames.count())
        .map(|number| frames.decoded(number).unwrap())
        .collect()
}

fn pixel(frame: &Frame, column: u32, row: u32) -> &[u8] {
    let size = usize::from(frame.image.sample_bytes()) * usize::from(frame.image.samples_per_pixel);
    let at = (row * COLUMNS + column) as usize * size;
    &frame.data[at..at + size]
}

fn text_area() -> Spans {
    let shapes = [
        Shape::Rectangle([3, 5, 21, 7].into()),
        Shape::Rectangle([40, 30, 900, 3].into()),
    ];
    Spans::of(&shapes, ROWS, COLUMNS)
}

fn blank_frames(data_set: &mut DataSet, syntax: &str, touched: &[u32]) -> Rewritten {
    rewrite(data_set, syntax, &mut |number| {
        touched.contains(&number).then(|| Edit {
            spans: text_area(),
            values: Values::Black,
        })
    })
    .unwrap()
}

/// Blanks frame 2 of 3 and looks at all pixels of all frames.
fn check(syntax: &str, image: &ImagePixel, options: &EncodeOptions, margin: u32) -> Rewritten {
    let before_set = instance(syntax, image, 3, options);
    let mut data_set = before_set.clone();
    let rewritten = blank_frames(&mut data_set, syntax, &[2]);
    let now = rewritten.transfer_syntax.unwrap_or(syntax);
    let (before, after) = (decoded(&before_set, syntax), decoded(&data_set, now));
    assert_eq!(before[0].data, after[0].data, "{syntax}");
    assert_eq!(before[2].data, after[2].data, "{syntax}");
    let covered = &rewritten.frames[0].covered;
    let is_covered = |column: u32, row: u32| {
        covered.iter().any(|one| {
            let one = one.widened(margin);
            (one.x..one.right()).contains(&column) && (one.y..one.bottom()).contains(&row)
        })
    };
    let mut inside = std::collections::BTreeSet::new();
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let (old, new) = (
                pixel(&before[1], column, row),
                pixel(&after[1], column, row),
            );
            if text_area().contains(column, row) {
                inside.insert(new[..new.len().min(if margin > 0 { 1 } else { 8 })].to_vec());
            } else if !is_covered(column, row) {
                assert_eq!(old, new, "{syntax} {image:?} at {column} {row}");
            }
        }
    }
    assert_eq!(inside.len(), 1, "{syntax}: {inside:?}");
    let value = |data_set: &DataSet| match &data_set.get(tags::PIXEL_DATA).unwrap().value {
        Value::Fragments(fragments) => fragments.fragments.clone(),
        _ => Vec::new(),
    };
    let (old, new) = (value(&before_set), value(&data_set));
    if rewritten.transfer_syntax.is_none() && !old.is_empty() && old.len() == new.len() {
        let is_same_layout = before_set.text(tags::PHOTOMETRIC_INTERPRETATION)
            == data_set.text(tags::PHOTOMETRIC_INTERPRETATION);
        if is_same_layout {
            assert_eq!(
                (&old[0], &old[2]),
                (&new[0], &new[2]),
                "fragments of {syntax}"
            );
        }
        assert_ne!(old[1], new[1]);
    }
    rewritten
}

fn plain() -> EncodeOptions {
    EncodeOptions::default()
}

#[test]
fn native_frames_of_all_layouts_are_blanked_in_place() {
    use Photometric::{
        Monochrome1, Monochrome2, PaletteColor, Rgb, YbrFull, YbrFull422, YbrPartial422,
    };
    for (image, by_plane) in [
        (image(Monochrome2, 1, 1, false), false),
        (image(Monochrome2, 8, 8, false), false),
        (image(Monochrome1, 8, 8, false), false),
        (image(PaletteColor, 8, 8, false), false),
        (image(Monochrome2, 16, 12, false), false),
        (image(Monochrome2, 16, 16, true), false),
        (image(Monochrome1, 16, 12, true), false),
        (image(Monochrome2, 32, 32, false), false),
        (image(Rgb, 8, 8, false), false),
        (image(Rgb, 8, 8, false), true),
        (image(Rgb, 16, 16, false), true),
        (image(YbrFull, 8, 8, false), false),
        (image(YbrFull422, 8, 8, false), false),
        (image(YbrPartial422, 8, 8, false), false),
    ] {
        let options = EncodeOptions {
            is_by_plane: by_plane,
            ..plain()
        };
        let rewritten = check(ts::EXPLICIT_VR_LITTLE_ENDIAN, &image, &options, 0);
        assert_eq!(rewritten.frames[0].method, Method::InPlace);
    }
}

#[test]
fn frames_that_do_not_begin_at_a_byte_are_blanked_bit_by_bit() {
    let mut image = image(Photometric::Monochrome2, 1, 1, false);
    image.columns = 51;
    let bits = 51 * 40 * 3_usize;
    let bytes: Vec<u8> = (0..bits.div_ceil(8))
        .map(|at| (at * 37 % 251) as u8)
        .collect();
    let mut data_set = DataSet::new();
    describe(&mut data_set, &image, 3);
    data_set.put_u16(tags::COLUMNS, &[51]);
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, bytes.clone());
    let spans = Spans::of([&Shape::Rectangle([1, 1, 3, 2].into())], 40, 51);
    rewrite(
        &mut data_set,
        ts::EXPLICIT_VR_LITTLE_ENDIAN,
        &mut |number| {
            (number == 2).then(|| Edit {
                spans: spans.clone(),
                values: Values::Black,
            })
        },
    )
    .unwrap();
    let after = data_set.bytes(tags::PIXEL_DATA).unwrap();
    for bit in 0..bits {
        let of = |bytes: &[u8]| bytes[bit / 8] >> (bit % 8) & 1;
        let place = bit as i64 - 51 * 40;
        let is_in = (0..51 * 40).contains(&place)
            && spans.contains((place % 51) as u32, (place / 51) as u32);
        assert_eq!(of(after), if is_in { 0 } else { of(&bytes) });
    }
}

#[test]
fn frames_coded_without_loss_are_coded_again_and_the_others_stay_byte_by_byte() {
    use Photometric::{Monochrome2, Rgb};
    for syntax in [
        ts::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN,
        ts::RLE_LOSSLESS,
        ts::DEFLATED_IMAGE_FRAME_COMPRESSION,
        ts::JPEG_LOSSLESS,
        ts::JPEG_LOSSLESS_SV1,
        ts::JPEG_LS_LOSSLESS,
        ts::JPEG_2000_LOSSLESS,
        ts::HTJ2K_LOSSLESS,
        ts::HTJ2K_LOSSLESS_RPCL,
        ts::JPEG_XL_LOSSLESS,
    ] {
        for image in [
            image(Monochrome2, 8, 8, false),
            image(Monochrome2, 16, 12, false),
            image(Monochrome2, 16, 16, true),
            image(Rgb, 8, 8, false),
        ] {
            let rewritten = check(syntax, &image, &plain(), 0);
            assert_eq!(rewritten.transfer_syntax, None);
            assert_eq!(rewritten.frames[0].number, 2);
        }
    }
}

#[test]
fn frames_coded_with_loss_lose_nothing_more() {
    use Photometric::{Monochrome1, Monochrome2, Rgb};
    for syntax in [ts::JPEG_LS_NEAR_LOSSLESS, ts::JPEG_2000, ts::HTJ2K] {
        for image in [
            image(Monochrome2, 8, 8, false),
            image(Monochrome2, 16, 12, false),
            image(Rgb, 8, 8, false),
        ] {
            let rewritten = check(syntax, &image, &plain(), 0);
            assert_eq!(rewritten.transfer_syntax, None, "{syntax}");
        }
    }
    for (image, is_subsampled, margin) in [
        (image(Monochrome2, 8, 8, false), false, 0),
        (image(Monochrome1, 8, 8, false), false, 0),
        (image(Rgb, 8, 8, false), false, 0),
        (image(Rgb, 8, 8, false), true, 2),
    ] {
        let options = EncodeOptions {
            is_subsampled,
            ..plain()
        };
        let rewritten = check(ts::JPEG_BASELINE_8_BIT, &image, &options, margin);
        assert_eq!(rewritten.frames[0].method, Method::Blocks);
    }
}

#[test]
fn values_are_replaced_one_by_one_and_lossy_jpeg_becomes_lossless() {
    let image = image(Photometric::Monochrome2, 8, 8, false);
    for syntax in [
        ts::EXPLICIT_VR_LITTLE_ENDIAN,
        ts::RLE_LOSSLESS,
        ts::JPEG_BASELINE_8_BIT,
    ] {
        let mut data_set = instance(syntax, &image, 2, &plain());
        let before = decoded(&data_set, syntax);
        let spans = text_area();
        let values = (0..spans.pixels() as i64)
            .map(|at| at % 200)
            .collect::<Vec<_>>();
        let rewritten = rewrite(&mut data_set, syntax, &mut |number| {
            (number == 1).then(|| Edit {
                spans: spans.clone(),
                values: Values::Each(values.clone()),
            })
        })
        .unwrap();
        let is_jpeg = syntax == ts::JPEG_BASELINE_8_BIT;
        assert_eq!(
            rewritten.transfer_syntax,
            is_jpeg.then_some(ts::JPEG_LOSSLESS_SV1)
        );
        let after = decoded(&data_set, rewritten.transfer_syntax.unwrap_or(syntax));
        assert_eq!(before[1].data, after[1].data);
        let mut expected = values.iter();
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let found = pixel(&after[0], column, row)[0];
                if spans.contains(column, row) {
                    assert_eq!(i64::from(found), *expected.next().unwrap());
                } else {
                    assert_eq!(found, pixel(&before[0], column, row)[0]);
                }
            }
        }
    }
}

#[test]
fn frames_of_several_fragments_and_their_offset_tables_come_out_right() {
    let image = image(Photometric::Monochrome2, 8, 8, false);
    let mut data_set = instance(ts::RLE_LOSSLESS, &image, 3, &plain());
    let Value::Fragments(whole) = data_set.get(tags::PIXEL_DATA).unwrap().value.clone() else {
        panic!("no fragments");
    };
    let mut fragments = Vec::new();
    let mut offset_table = Vec::new();
    let mut at = 0_u32;
    for frame in &whole.fragments {
        offset_table.push(at);
        for piece in [frame.slice(..64), frame.slice(64..)] {
            at += 8 + piece.len() as u32;
            fragments.push(piece);
        }
    }
    let before = decoded(&data_set, ts::RLE_LOSSLESS);
    data_set.get_mut(tags::PIXEL_DATA).unwrap().value = Value::Fragments(Fragments {
        offset_table,
        fragments: fragments.clone(),
    });
    blank_frames(&mut data_set, ts::RLE_LOSSLESS, &[2]);
    let Value::Fragments(after) = &data_set.get(tags::PIXEL_DATA).unwrap().value else {
        panic!("no fragments");
    };
    assert_eq!(after.fragments.len(), 5);
    assert_eq!(
        (&after.fragments[..2], &after.fragments[3..]),
        (&fragments[..2], &fragments[4..])
    );
    let lengths: Vec<u32> = after
        .fragments
        .iter()
        .map(|one| one.len() as u32 + 8)
        .collect();
    let second = lengths[0] + lengths[1];
    assert_eq!(after.offset_table, [0, second, second + lengths[2]]);
    let now = decoded(&data_set, ts::RLE_LOSSLESS);
    assert_eq!(
        (&before[0].data, &before[2].data),
        (&now[0].data, &now[2].data)
    );
    assert_ne!(before[1].data, now[1].data);
}

#[test]
fn extended_offset_tables_are_kept_right() {
    let image = image(Photometric::Monochrome2, 8, 8, false);
    let mut data_set = instance(ts::JPEG_LS_LOSSLESS, &image, 2, &plain());
    let lengths = |data_set: &DataSet| -> Vec<u64> {
        match &data_set.get(tags::PIXEL_DATA).unwrap().value {
            Value::Fragments(all) => all.fragments.iter().map(|one| one.len() as u64).collect(),
            _ => Vec::new(),
        }
    };
    let longs = |numbers: &[u64]| {
        numbers
            .iter()
            .flat_map(|one| one.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let old = lengths(&data_set);
    data_set.put_bytes(tags::EXTENDED_OFFSET_TABLE, Vr::OV, longs(&[0, old[0] + 8]));
    data_set.put_bytes(tags::EXTENDED_OFFSET_TABLE_LENGTHS, Vr::OV, longs(&old));
    blank_frames(&mut data_set, ts::JPEG_LS_LOSSLESS, &[1]);
    let new = lengths(&data_set);
    assert_ne!(old[0], new[0]);
    let table = data_set.bytes(tags::EXTENDED_OFFSET_TABLE).unwrap();
    assert_eq!(table[..], longs(&[0, new[0] + 8])[..]);
    decoded(&data_set, ts::JPEG_LS_LOSSLESS);
}

#[test]
fn what_cannot_be_blanked_is_an_error_and_changes_nothing() {
    let image = image(Photometric::Monochrome2, 8, 8, false);
    let mut video = instance(ts::RLE_LOSSLESS, &image, 3, &plain());
    let before = video.clone();
    let edit = |_| {
        Some(Edit {
            spans: text_area(),
            values: Values::Black,
        })
    };
    assert!(rewrite(&mut video, "1.2.840.10008.1.2.4.102", &mut edit.clone()).is_err());
    assert!(rewrite(&mut video, "1.2.3", &mut edit.clone()).is_err());
    assert_eq!(video, before);
    let mut short = instance(ts::EXPLICIT_VR_LITTLE_ENDIAN, &image, 1, &plain());
    short.put_text(tags::NUMBER_OF_FRAMES, "4");
    assert!(rewrite(&mut short, ts::EXPLICIT_VR_LITTLE_ENDIAN, &mut edit.clone()).is_err());
    assert!(
        rewrite(&mut DataSet::new(), "1.2", &mut edit.clone())
            .unwrap()
            .frames
            .is_empty()
    );
}

#[test]
fn embedded_overlay_bits_go_with_the_pixels() {
    let image = image(Photometric::Monochrome2, 16, 12, false);
    let mut data_set = instance(ts::EXPLICIT_VR_LITTLE_ENDIAN, &image, 1, &plain());
    let with_overlay: Vec<u8> = data_set
        .bytes(tags::PIXEL_DATA)
        .unwrap()
        .chunks(2)
        .flat_map(|word| [word[0], word[1] | 0x80])
        .collect();
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, with_overlay.clone());
    blank_frames(&mut data_set, ts::EXPLICIT_VR_LITTLE_ENDIAN, &[1]);
    let after = data_set.bytes(tags::PIXEL_DATA).unwrap();
    for (at, (old, new)) in (0_u32..).zip(with_overlay.chunks(2).zip(after.chunks(2))) {
        match text_area().contains(at % COLUMNS, at / COLUMNS) {
            true => assert_eq!(new, [0, 0]),
            false => assert_eq!(new, old),
        }
    }
}

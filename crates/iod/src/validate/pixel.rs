//! The description of the pixels, and whether the pixel data fits it (PS3.3 §C.7.6.3, PS3.5 §8).

use sagittal_core::{DataSet, Element, Tag, Value, Vr, tags, transfer_syntax};

use super::collector::{Collector, Draft};
use crate::finding::{Kind, Severity};

/// What the Image Pixel Module says, as far as it does.
struct Description {
    rows: Option<i64>,
    columns: Option<i64>,
    samples: Option<i64>,
    allocated: Option<i64>,
    stored: Option<i64>,
    high_bit: Option<i64>,
    frames: i64,
    photometric: Option<String>,
}

/// Checks the root of a data set.
pub fn check(data_set: &DataSet, transfer_syntax: Option<&str>, collector: &mut Collector) {
    let int = |tag| data_set.int(tag);
    let pixels = Description {
        rows: int(tags::ROWS),
        columns: int(tags::COLUMNS),
        samples: int(tags::SAMPLES_PER_PIXEL),
        allocated: int(tags::BITS_ALLOCATED),
        stored: int(tags::BITS_STORED),
        high_bit: int(tags::HIGH_BIT),
        frames: int(tags::NUMBER_OF_FRAMES).unwrap_or(1),
        photometric: data_set.first_text(tags::PHOTOMETRIC_INTERPRETATION),
    };
    bits(&pixels, collector);
    samples(&pixels, data_set, collector);
    for (descriptor, data) in PALETTE {
        table(data_set, *descriptor, *data, collector);
    }
    for sequence in LOOKUP_TABLES {
        for (number, item) in data_set.items(*sequence).iter().enumerate() {
            collector.within(*sequence, number, |collector| {
                table(item, tags::LUT_DESCRIPTOR, tags::LUT_DATA, collector);
            });
        }
    }
    let native = [
        tags::PIXEL_DATA,
        tags::FLOAT_PIXEL_DATA,
        tags::DOUBLE_FLOAT_PIXEL_DATA,
    ];
    for tag in native {
        if let Some(element) = data_set.get(tag) {
            pixel_data(&pixels, element, transfer_syntax, collector);
        }
    }
}

fn add(tag: Tag, severity: Severity, found: String, fix: &'static str, collector: &mut Collector) {
    collector.add_at(
        tag,
        Draft {
            kind: Kind::Pixels,
            severity,
            clause: "PS3.3 §C.7.6.3",
            found: found.into(),
            fix: fix.into(),
            ..Draft::default()
        },
    );
}

fn bits(pixels: &Description, collector: &mut Collector) {
    let Some(allocated) = pixels.allocated else {
        return;
    };
    if allocated != 1 && (allocated % 8 != 0 || !(8..=64).contains(&allocated)) {
        let found = format!("{allocated} bits allocated");
        let fix = "allocate 1 bit, or whole bytes";
        add(tags::BITS_ALLOCATED, Severity::Error, found, fix, collector);
    }
    if let Some(stored) = pixels.stored
        && stored > allocated
    {
        let found = format!("{stored} bits stored of {allocated} allocated");
        let fix = "store no more bits than are allocated";
        add(tags::BITS_STORED, Severity::Error, found, fix, collector);
    }
    let Some(high_bit) = pixels.high_bit else {
        return;
    };
    if high_bit >= allocated {
        let found = format!("high bit {high_bit} of {allocated} bits allocated");
        let fix = "make the high bit one less than the bits stored";
        add(tags::HIGH_BIT, Severity::Error, found, fix, collector);
    } else if let Some(stored) = pixels.stored
        && high_bit != stored - 1
    {
        let found = format!("high bit {high_bit} for {stored} bits stored");
        let fix = "make the high bit one less than the bits stored";
        add(tags::HIGH_BIT, Severity::Warning, found, fix, collector);
    }
}

/// Samples that a photometric interpretation has (PS3.3 §C.7.6.3.1.2).
fn samples_of(photometric: &str) -> Option<i64> {
    match photometric {
        "MONOCHROME1" | "MONOCHROME2" | "PALETTE COLOR" => Some(1),
        "RGB" | "HSV" | "YBR_FULL" | "YBR_FULL_422" | "YBR_PARTIAL_422" | "YBR_PARTIAL_420"
        | "YBR_ICT" | "YBR_RCT" | "XYB" => Some(3),
        "ARGB" | "CMYK" => Some(4),
        _ => None,
    }
}

fn samples(pixels: &Description, data_set: &DataSet, collector: &mut Collector) {
    let (Some(samples), Some(photometric)) = (pixels.samples, &pixels.photometric) else {
        return;
    };
    if let Some(expected) = samples_of(photometric)
        && expected != samples
    {
        let found = format!("{samples} samples per pixel, {photometric} has {expected}");
        let fix = "make samples per pixel and photometric interpretation agree";
        add(
            tags::SAMPLES_PER_PIXEL,
            Severity::Error,
            found,
            fix,
            collector,
        );
    }
    let is_palette = photometric == "PALETTE COLOR";
    let bits = pixels.allocated.unwrap_or(8);
    if is_palette
        && bits == 32
        && data_set.contains(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR)
    {
        let found = "a palette for 32-bit pixels".to_owned();
        let fix = "use 8 or 16 bits";
        add(tags::BITS_ALLOCATED, Severity::Error, found, fix, collector);
    }
}

const PALETTE: &[(Tag, Tag)] = &[
    (
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

/// Sequences whose items are lookup tables (PS3.3 §C.11).
const LOOKUP_TABLES: &[Tag] = &[
    tags::MODALITY_LUT_SEQUENCE,
    tags::VOI_LUT_SEQUENCE,
    tags::PRESENTATION_LUT_SEQUENCE,
];

/// PS3.3 §C.7.6.3.1.5, §C.11.1.1.1: as many entries as the descriptor says.
fn table(data_set: &DataSet, descriptor: Tag, data: Tag, collector: &mut Collector) {
    let numbers = data_set.ints(descriptor);
    let ([entries, _, bits], Some(bytes)) = (&numbers[..], data_set.bytes(data)) else {
        return;
    };
    // Zero stands for 65536, and devices with signed pixels write the descriptor as SS.
    let entries = match entries & 0xFFFF {
        0 => 65_536,
        entries => entries,
    };
    let found = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let fits = match bits {
        8 => found == entries + entries % 2 || found == entries * 2,
        _ => found == entries * 2,
    };
    if !fits {
        let text = format!("{found} bytes for {entries} entries of {bits} bits");
        let fix = "write as many entries as the descriptor says";
        add(data, Severity::Error, text, fix, collector);
    }
}

fn pixel_data(
    pixels: &Description,
    element: &Element,
    transfer_syntax: Option<&str>,
    collector: &mut Collector,
) {
    let tag = element.tag;
    match &element.value {
        Value::Bytes(bytes) => {
            let is_bytes = element.vr == Vr::OB && tag == tags::PIXEL_DATA;
            if is_bytes && pixels.allocated.is_some_and(|bits| bits > 8) {
                let found = "VR OB for more than 8 bits allocated".to_owned();
                vr(tag, found, "write it with VR OW", collector);
            }
            let deflated_frames = transfer_syntax
                .and_then(transfer_syntax::by_uid)
                .is_some_and(|row| row.encapsulated);
            if !deflated_frames {
                native_length(pixels, tag, bytes.len(), collector);
            }
        }
        Value::Fragments(fragments) => {
            if element.vr != Vr::OB {
                let found = format!("VR {} for encapsulated pixel data", element.vr);
                vr(tag, found, "write it with VR OB", collector);
            }
            let count = i64::try_from(fragments.fragments.len()).unwrap_or(i64::MAX);
            let entries = i64::try_from(fragments.offset_table.len()).unwrap_or(i64::MAX);
            let is_video = transfer_syntax
                .and_then(transfer_syntax::by_uid)
                .is_some_and(|row| row.compression == transfer_syntax::Compression::Video);
            if !is_video && count < pixels.frames {
                let found = format!("{count} fragments for {} frames", pixels.frames);
                let fix = "write at least one fragment a frame";
                add(tag, Severity::Error, found, fix, collector);
            } else if entries > 0 && entries != pixels.frames && !is_video {
                let found = format!("{entries} offsets for {} frames", pixels.frames);
                let fix = "write one offset a frame, or none";
                add(tag, Severity::Error, found, fix, collector);
            }
        }
        _ => {}
    }
}

fn vr(tag: Tag, found: String, fix: &'static str, collector: &mut Collector) {
    collector.add_at(
        tag,
        Draft {
            kind: Kind::Vr,
            clause: "PS3.5 §8.2",
            found: found.into(),
            fix: fix.into(),
            ..Draft::default()
        },
    );
}

fn native_length(pixels: &Description, tag: Tag, found: usize, collector: &mut Collector) {
    let Some(expected) = expected_length(pixels, tag) else {
        return;
    };
    let found = i128::try_from(found).unwrap_or(i128::MAX);
    if found == expected || found == expected + expected % 2 {
        return;
    }
    let text = format!("{found} bytes, the description says {expected}");
    let fix = if found < expected {
        "send the object again: pixel data is missing, or the description is wrong"
    } else {
        "correct the description, or cut what is too much"
    };
    let severity = if found > expected && found <= expected + expected % 2 + 8 {
        Severity::Warning
    } else {
        Severity::Error
    };
    add(tag, severity, text, fix, collector);
}

/// Bytes that rows, columns, samples, frames and bits call for.
fn expected_length(pixels: &Description, tag: Tag) -> Option<i128> {
    let bits = match tag {
        tags::FLOAT_PIXEL_DATA => 32,
        tags::DOUBLE_FLOAT_PIXEL_DATA => 64,
        _ => i128::from(pixels.allocated?),
    };
    let count = i128::from(pixels.rows?)
        * i128::from(pixels.columns?)
        * i128::from(pixels.samples.unwrap_or(1))
        * i128::from(pixels.frames.max(1));
    // Two of three samples are halved (422), or quartered (420).
    let count = match pixels.photometric.as_deref() {
        Some("YBR_FULL_422" | "YBR_PARTIAL_422") => count * 2 / 3,
        Some("YBR_PARTIAL_420") => count / 2,
        _ => count,
    };
    Some((count * bits + 7) / 8)
}

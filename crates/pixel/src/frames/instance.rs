//! What must be known of an instance to find its frames.

use sagittal_core::{CharacterSet, Limits, Tag, Vr, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::extract::{RawValue, root_values};

use super::read_at::ReadAt;
use super::table::FrameTable;
use crate::Result;

/// Where pixel data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// A plain value.
    Native {
        /// Where the value begins.
        offset: u64,
        /// Its length.
        length: u64,
    },
    /// Fragments.
    Encapsulated {
        /// Where the first item's header begins: the Basic Offset Table's.
        offset: u64,
    },
}

/// What the data set says about its frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct Description<'a> {
    /// Number of Frames (0028,0008); 0 or 1 if absent.
    pub number_of_frames: u32,
    /// Bits of one native frame, see [`frame_bits`]; 0 if not known.
    pub frame_bits: u64,
    /// The transfer syntax is a video's: one stream for all frames.
    pub is_video: bool,
    /// Native samples of other than 16, 32 or 64 bits are in big endian words of 16 bits (VR OW):
    /// the bytes of each word are swapped (PS3.5 §A.3, §8.1).
    pub is_word_swapped: bool,
    /// Extended Offset Table (7FE0,0001), little endian; empty if absent.
    pub extended_offset_table: &'a [u8],
    /// Extended Offset Table Lengths (7FE0,0002).
    pub extended_offset_table_lengths: &'a [u8],
}

/// Bits of one native frame. Of `YBR_FULL_422` and the like, two pixels share their color
/// (PS3.3 §C.7.6.3.1.2).
pub fn frame_bits(
    rows: u16,
    columns: u16,
    samples_per_pixel: u16,
    bits_allocated: u16,
    photometric: &str,
) -> u64 {
    let samples = match (photometric.trim(), samples_per_pixel) {
        ("YBR_FULL_422" | "YBR_PARTIAL_422", 3) => 2,
        ("YBR_PARTIAL_420", 3) => return pixels(rows, columns) * u64::from(bits_allocated) * 3 / 2,
        (_, samples) => u64::from(samples),
    };
    pixels(rows, columns) * samples * u64::from(bits_allocated)
}

fn pixels(rows: u16, columns: u16) -> u64 {
    u64::from(rows) * u64::from(columns)
}

/// The first read, and by how much the next is larger.
const PREFIX: usize = 64 << 10;
const GROWTH: usize = 8;

/// Attributes that are asked for, ascending.
const WANTED: [Tag; 11] = [
    tags::SAMPLES_PER_PIXEL,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::NUMBER_OF_FRAMES,
    tags::ROWS,
    tags::COLUMNS,
    tags::BITS_ALLOCATED,
    tags::EXTENDED_OFFSET_TABLE,
    tags::EXTENDED_OFFSET_TABLE_LENGTHS,
    tags::FLOAT_PIXEL_DATA,
    tags::DOUBLE_FLOAT_PIXEL_DATA,
    tags::PIXEL_DATA,
];

impl FrameTable {
    /// Finds pixel data and frames in the data set that begins at `data_set_offset` of `source`
    /// and is in this transfer syntax; `None` if it has no pixel data. Only the header is read,
    /// and of encapsulated pixel data what must be looked at. Offsets are those of `source`. Of a
    /// deflated data set give the inflated bytes and Explicit VR Little Endian.
    pub fn of_instance<R: ReadAt + ?Sized>(
        source: &R,
        data_set_offset: u64,
        transfer_syntax_uid: &str,
    ) -> Result<Option<FrameTable>> {
        let encoding = Encoding::of(transfer_syntax_uid);
        let total = source.len().saturating_sub(data_set_offset);
        let mut length = PREFIX;
        loop {
            let whole = usize::try_from(total).unwrap_or(usize::MAX);
            let mut bytes = vec![0; length.min(whole)];
            let found = source.read_at(data_set_offset, &mut bytes)?;
            bytes.truncate(found);
            let values = root_values(&bytes, total, encoding, Limits::default(), &WANTED)?;
            let pixels = values.iter().skip(8).flatten().next();
            if let Some(pixels) = pixels {
                let is_video = is_video(transfer_syntax_uid);
                return of_values(source, data_set_offset, &values, pixels, is_video).map(Some);
            }
            if length >= whole || found < bytes.capacity().min(whole) {
                return Ok(None);
            }
            length = length.saturating_mul(GROWTH);
        }
    }
}

fn of_values<R: ReadAt + ?Sized>(
    source: &R,
    base: u64,
    values: &[Option<RawValue<'_>>],
    pixels: &RawValue<'_>,
    is_video: bool,
) -> Result<FrameTable> {
    let value = |at: usize| values.get(at).and_then(Option::as_ref);
    let short = |at: usize| {
        value(at)
            .and_then(RawValue::int)
            .and_then(|value| u16::try_from(value).ok())
    };
    let frames = value(2)
        .and_then(RawValue::int)
        .and_then(|value| u32::try_from(value).ok());
    let photometric = value(1)
        .and_then(|value| value.text(&CharacterSet::default()))
        .unwrap_or_default();
    let bits_allocated = match pixels.tag {
        tags::FLOAT_PIXEL_DATA => 32,
        tags::DOUBLE_FLOAT_PIXEL_DATA => 64,
        _ => short(5).unwrap_or(0),
    };
    let offsets = long_value(source, base, value(6))?;
    let lengths = long_value(source, base, value(7))?;
    let bits = frame_bits(
        short(3).unwrap_or(0),
        short(4).unwrap_or(0),
        short(0).unwrap_or(1),
        bits_allocated,
        &photometric,
    );
    let description = Description {
        number_of_frames: frames.unwrap_or(1),
        frame_bits: bits,
        is_video,
        is_word_swapped: pixels.big_endian
            && pixels.vr == Vr::OW
            && !matches!(bits_allocated, 16 | 32 | 64),
        extended_offset_table: &offsets,
        extended_offset_table_lengths: &lengths,
    };
    let offset = base + pixels.offset;
    let location = match pixels.length {
        Some(length) => Location::Native {
            offset,
            length: length.min(source.len().saturating_sub(offset)),
        },
        None => Location::Encapsulated { offset },
    };
    FrameTable::build(source, location, &description)
}

/// A value that may reach beyond the bytes at hand.
fn long_value<R: ReadAt + ?Sized>(
    source: &R,
    base: u64,
    value: Option<&RawValue<'_>>,
) -> Result<Vec<u8>> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let length = value.length.unwrap_or(0);
    if value.value.len() as u64 == length {
        return Ok(value.little_endian().into_owned());
    }
    let room = source.len().saturating_sub(base + value.offset);
    let mut bytes = vec![0; usize::try_from(length.min(room)).unwrap_or(0)];
    let found = source.read_at(base + value.offset, &mut bytes)?;
    bytes.truncate(found);
    Ok(bytes)
}

/// MPEG-2, MPEG-4 and HEVC, fragmentable or not (PS3.5 §A.4.5 to §A.4.7, §A.4.10).
fn is_video(transfer_syntax_uid: &str) -> bool {
    let uid = transfer_syntax_uid.trim_end_matches(['\0', ' ']);
    let Some(rest) = uid.strip_prefix("1.2.840.10008.1.2.4.10") else {
        return false;
    };
    matches!(rest.as_bytes(), [b'0'..=b'8'] | [b'0'..=b'8', b'.', b'1'])
}

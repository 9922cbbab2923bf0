//! The frames of a data set in memory.

use bytes::Bytes;
use sagittal_core::{DataSet, Fragments, Tag, Value, tags};
use sagittal_pixel::frames::{Description, FrameTable, Location, frame_bits};
use sagittal_pixel::{Frame, ImagePixel, SampleKind, codec};

use super::fill;
use super::fragments::Stream;
use crate::{Error, Result};

/// Bytes that a decoded frame may have.
pub(super) const MOST_FRAME_BYTES: u64 = 1 << 30;

/// The frames of a data set.
pub struct Frames {
    /// How they are described.
    pub image: ImagePixel,
    pub(super) tag: Tag,
    pub(super) table: FrameTable,
    pub(super) held: Held,
    transfer_syntax: String,
}

/// Where the bytes are.
pub(super) enum Held {
    Native(Bytes),
    Encapsulated(Stream),
}

impl Frames {
    /// The frames, or `None` of a data set without pixel data.
    ///
    /// # Errors
    /// [`Error::Pixels`] if they cannot be told apart, or are kept elsewhere; [`Error::Pixel`] of
    /// descriptions that cannot be.
    pub fn of(data_set: &DataSet, transfer_syntax: &str) -> Result<Option<Frames>> {
        let elements = [
            tags::PIXEL_DATA,
            tags::FLOAT_PIXEL_DATA,
            tags::DOUBLE_FLOAT_PIXEL_DATA,
        ];
        let Some(element) = elements.iter().find_map(|tag| data_set.get(*tag)) else {
            return match data_set.contains(tags::PIXEL_DATA_PROVIDER_URL) {
                true => Err(Error::Pixels("pixel data are kept elsewhere, behind a URL")),
                false => Ok(None),
            };
        };
        if element.value.is_empty() {
            return Ok(None);
        }
        let image = ImagePixel::of(data_set)?;
        let held = match &element.value {
            Value::Bytes(bytes) => Held::Native(bytes.clone()),
            Value::Fragments(fragments) => Held::Encapsulated(Stream::new(fragments)),
            Value::Sequence(_) | Value::BulkDataUri(_) => {
                return Err(Error::Pixels("pixel data are not in the data set"));
            }
        };
        let table = table(data_set, transfer_syntax, &image, &held)?;
        if !table.is_addressable() || codec::is_video(transfer_syntax) {
            return Err(Error::Pixels("frames of a video cannot be told apart"));
        }
        Ok(Some(Frames {
            image,
            tag: element.tag,
            table,
            held,
            transfer_syntax: transfer_syntax.to_owned(),
        }))
    }

    /// How many frames there are.
    pub fn count(&self) -> u32 {
        self.table.number_of_frames()
    }

    /// The bytes of frame `number` (from 1), as they are stored.
    ///
    /// # Errors
    /// [`Error::Pixel`] if there is no such frame.
    pub fn stored(&self, number: u32) -> Result<Vec<u8>> {
        let index = number.saturating_sub(1);
        Ok(match &self.held {
            Held::Native(bytes) => self.table.read(&bytes[..], index, MOST_FRAME_BYTES)?,
            Held::Encapsulated(stream) => self.table.read(stream, index, MOST_FRAME_BYTES)?,
        })
    }

    /// Frame `number` (from 1), decoded.
    ///
    /// # Errors
    /// [`Error::Pixel`] if it cannot be.
    pub fn decoded(&self, number: u32) -> Result<Frame> {
        let stored = self.stored(number)?;
        // In memory all numbers are little endian, whatever they were in the file.
        let syntax = match &self.held {
            Held::Native(_) => sagittal_core::transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            Held::Encapsulated(_) => &self.transfer_syntax,
        };
        Ok(codec::decode(
            syntax,
            &self.image,
            &stored,
            MOST_FRAME_BYTES,
        )?)
    }
}

/// The stored values of a decoded frame's samples, in their order.
pub fn stored_values(frame: &Frame) -> impl Iterator<Item = i64> + '_ {
    let size = usize::from(frame.image.sample_bytes()).max(1);
    frame.data.chunks_exact(size).map(|sample| {
        let bytes = sample.iter().rev();
        let word = bytes.fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        fill::value(word, &frame.image)
    })
}

fn table(
    data_set: &DataSet,
    transfer_syntax: &str,
    image: &ImagePixel,
    held: &Held,
) -> Result<FrameTable> {
    let short = |number: u32| u16::try_from(number).unwrap_or(0);
    let bits_allocated = match image.kind {
        SampleKind::Float => 32,
        SampleKind::Double => 64,
        SampleKind::Integer => image.bits_allocated.into(),
    };
    let bits = frame_bits(
        short(image.rows),
        short(image.columns),
        image.samples_per_pixel.into(),
        bits_allocated,
        image.photometric.as_str(),
    );
    let number_of_frames = data_set
        .int(tags::NUMBER_OF_FRAMES)
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or(1);
    let empty = Bytes::new();
    let bytes = |tag| data_set.bytes(tag).unwrap_or(&empty);
    let mut description = Description {
        number_of_frames,
        frame_bits: bits,
        is_video: codec::is_video(transfer_syntax),
        is_word_swapped: false,
        extended_offset_table: bytes(tags::EXTENDED_OFFSET_TABLE),
        extended_offset_table_lengths: bytes(tags::EXTENDED_OFFSET_TABLE_LENGTHS),
    };
    Ok(match held {
        Held::Native(bytes) => {
            let length = bytes.len() as u64;
            // Colors that are not shared although the photometric interpretation says so.
            let full = image.samples() * u64::from(bits_allocated);
            let whole = |bits: u64| (bits * u64::from(number_of_frames.max(1))).div_ceil(8);
            if bits < full && length >= whole(full) {
                description.frame_bits = full;
            }
            let location = Location::Native { offset: 0, length };
            FrameTable::build(&bytes[..], location, &description)?
        }
        Held::Encapsulated(stream) => {
            FrameTable::build(stream, Location::Encapsulated { offset: 0 }, &description)?
        }
    })
}

/// Puts frames, each of one or more fragments, and the offset tables that the data set had.
pub(super) fn put_fragments(
    data_set: &mut DataSet,
    frames: Vec<Vec<Bytes>>,
    had_offset_table: bool,
) {
    let mut offsets = Vec::with_capacity(frames.len());
    let mut lengths = Vec::with_capacity(frames.len());
    let mut at = 0_u64;
    for frame in &frames {
        offsets.push(at);
        let length: usize = frame.iter().map(Bytes::len).sum();
        lengths.push(length as u64);
        at += frame
            .iter()
            .map(|one| 8 + (one.len() as u64).next_multiple_of(2))
            .sum::<u64>();
    }
    let in_words: Option<Vec<u32>> = offsets.iter().map(|at| u32::try_from(*at).ok()).collect();
    let is_whole = frames.iter().all(|frame| frame.len() == 1);
    let has_extended = data_set.contains(tags::EXTENDED_OFFSET_TABLE);
    if has_extended {
        let longs = |numbers: &[u64]| -> Vec<u8> {
            numbers
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect()
        };
        if is_whole {
            let vr = sagittal_core::Vr::OV;
            data_set.put_bytes(tags::EXTENDED_OFFSET_TABLE, vr, longs(&offsets));
            data_set.put_bytes(tags::EXTENDED_OFFSET_TABLE_LENGTHS, vr, longs(&lengths));
        } else {
            data_set.remove(tags::EXTENDED_OFFSET_TABLE);
            data_set.remove(tags::EXTENDED_OFFSET_TABLE_LENGTHS);
        }
    }
    let needs_table = had_offset_table || !is_whole;
    let offset_table = in_words.filter(|_| needs_table).unwrap_or_default();
    let fragments = frames.into_iter().flatten().map(padded).collect();
    if let Some(element) = data_set.get_mut(tags::PIXEL_DATA) {
        element.value = Value::Fragments(Fragments {
            offset_table,
            fragments,
        });
    }
}

fn padded(bytes: Bytes) -> Bytes {
    if bytes.len().is_multiple_of(2) {
        return bytes;
    }
    let mut even = Vec::with_capacity(bytes.len() + 1);
    even.extend_from_slice(&bytes);
    even.push(0);
    even.into()
}

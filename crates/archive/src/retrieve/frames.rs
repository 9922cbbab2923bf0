//! Single frames, read without the rest (PS3.18 §10.4.1.1.6, PS3.4 Annex Z).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use sagittal_core::{DataSet, Element, Fragments, Limits, Tag, Uid, Value, Vr, dictionary, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::{read, swap, write};
use sagittal_pixel::codec::native;
use sagittal_pixel::frames::{self, FrameTable};
use sagittal_store::blob::Hash;
use sagittal_store::index::Row;

use super::reader::InstanceReader;
use crate::{Error, Result};

/// Frame tables that are remembered.
const REMEMBERED: usize = 512;
/// An object that is made of frames is at most so large: it is built in memory.
const LARGEST: u64 = 1 << 30;

/// Frame tables of instances read lately, by their hash.
#[derive(Debug, Default)]
pub(crate) struct FrameTables {
    remembered: Mutex<Remembered>,
}

#[derive(Debug, Default)]
struct Remembered {
    tables: HashMap<Hash, Arc<FrameTable>>,
    /// The oldest first.
    order: VecDeque<Hash>,
}

impl FrameTables {
    fn get(&self, hash: &Hash) -> Option<Arc<FrameTable>> {
        self.remembered.lock().tables.get(hash).cloned()
    }

    fn put(&self, hash: Hash, table: Arc<FrameTable>) {
        let Remembered { tables, order } = &mut *self.remembered.lock();
        if tables.insert(hash, table).is_none() {
            order.push_back(hash);
        }
        while order.len() > REMEMBERED {
            if let Some(oldest) = order.pop_front() {
                tables.remove(&oldest);
            }
        }
    }
}

impl InstanceReader {
    /// Where its frames lie, in the data set (in the inflated one if it is deflated).
    pub async fn frame_table(&self) -> Result<FrameTable> {
        Ok(FrameTable::clone(&*self.shared_frame_table().await?))
    }

    pub(super) async fn shared_frame_table(&self) -> Result<Arc<FrameTable>> {
        if let Some(cleaned) = &self.cleaned {
            return Ok(cleaned.frames.clone());
        }
        let hash = self.instance.hash;
        let inner = self.archive.inner();
        if let Some(table) = inner.frame_tables.get(&hash) {
            return Ok(table);
        }
        let (index, uid) = (inner.index.clone(), self.instance.sop_instance_uid.clone());
        let bytes = self
            .archive
            .blocking(move || match index.instance(uid.as_str())? {
                // Another may be shown by now under this UID.
                Some(Row::Instance(_, _, row)) if row.hash == hash => Ok(Some(index.frames(&row)?)),
                _ => Ok(None),
            })
            .await?;
        let table = match bytes {
            Some(bytes) => FrameTable::from_bytes(&bytes).map_err(table_error)?,
            None => self.find_frames().await?,
        };
        let table = Arc::new(table);
        inner.frame_tables.put(hash, table.clone());
        Ok(table)
    }

    /// From the bytes, for an instance that the index does not show.
    async fn find_frames(&self) -> Result<FrameTable> {
        let packs = self.packs().clone();
        let instance = self.instance.clone();
        self.archive
            .blocking(move || {
                let mut source = crate::ingest::StoredSource {
                    packs: &packs,
                    locator: instance.locator,
                };
                let ts = instance.transfer_syntax_uid.as_str();
                let described =
                    crate::ingest::describe(&mut source, ts, Some(&instance.sop_class_uid))?;
                FrameTable::from_bytes(&described.frames).map_err(table_error)
            })
            .await
    }

    /// One frame (from 0) as stored: native samples little endian, or the compressed stream.
    pub async fn frame(&self, index: u32) -> Result<Bytes> {
        let table = self.shared_frame_table().await?;
        let ranges = table.frame(index);
        if ranges.is_empty() {
            return Err(self.no_frame(index));
        }
        let reader = self.opened().await?;
        let bytes = match &ranges[..] {
            [only] => reader.read(only.start, only.end - only.start).await?,
            several => {
                let mut whole = BytesMut::new();
                for range in several {
                    whole.extend_from_slice(
                        &reader.read(range.start, range.end - range.start).await?,
                    );
                }
                whole.freeze()
            }
        };
        if table.is_encapsulated() {
            return Ok(bytes);
        }
        let bytes = self.little_endian(&reader, &table, bytes).await?;
        let skip = table.bit_offset(index);
        Ok(if skip == 0 {
            bytes
        } else {
            native::shift_down(&bytes, skip).into()
        })
    }

    fn no_frame(&self, index: u32) -> Error {
        let number = u64::from(index) + 1;
        Error::NotFound {
            what: "frame",
            uid: format!("{number} of {}", self.instance.sop_instance_uid),
        }
    }

    /// With the data set inflated if it is deflated.
    pub(super) async fn opened(&self) -> Result<InstanceReader> {
        let encoding = Encoding::of(self.instance.transfer_syntax_uid.as_str());
        if !encoding.deflated || self.inflated.is_some() {
            return Ok(self.clone());
        }
        Ok(InstanceReader {
            inflated: Some(self.inflate().await?),
            ..self.clone()
        })
    }

    /// The element that holds the frames (PS3.3 §C.7.6.24). Of the reader that was opened.
    pub(super) async fn pixel_tag(&self, table: &FrameTable) -> Result<Tag> {
        let begin = table.all().first().map_or(0, |range| range.start);
        if table.is_encapsulated() || begin < 8 {
            return Ok(tags::PIXEL_DATA);
        }
        let head = self.read(begin.saturating_sub(12), 12.min(begin)).await?;
        Ok(frames::element_before(&head, table, self.encoding_opened()))
    }

    /// How the data set is encoded, once it is inflated.
    fn encoding_opened(&self) -> Encoding {
        match Encoding::of(self.instance.transfer_syntax_uid.as_str()) {
            encoding if encoding.deflated => Encoding::EXPLICIT_LE,
            encoding => encoding,
        }
    }

    /// Native samples of a big-endian data set, swapped.
    async fn little_endian(
        &self,
        reader: &InstanceReader,
        table: &FrameTable,
        bytes: Bytes,
    ) -> Result<Bytes> {
        let encoding = Encoding::of(self.instance.transfer_syntax_uid.as_str());
        let begin = table.all().first().map_or(0, |range| range.start);
        if !encoding.big_endian || begin < 12 {
            return Ok(bytes);
        }
        // Tag, VR, two bytes of nothing and a length of four stand before the value (PS3.5 §7.1.2).
        let head = reader.read(begin - 8, 2).await?;
        let vr = head
            .first_chunk::<2>()
            .and_then(|letters| Vr::from_bytes(*letters));
        let bits = self.header().await?.int(tags::BITS_ALLOCATED);
        let bits = bits.and_then(|bits| u16::try_from(bits).ok()).unwrap_or(16);
        let unit = vr.map_or(1, |vr| swap::unit_of_pixels(vr, bits));
        if unit == 1 {
            return Ok(bytes);
        }
        let mut swapped = bytes.to_vec();
        swap::swap(&mut swapped, unit);
        Ok(swapped.into())
    }

    /// A new object with only these frames (from 0), for frame-level retrieve (PS3.4 §Z).
    /// Returns the data set's bytes in the stored transfer syntax, and its new SOP Instance UID.
    pub async fn with_frames(&self, frames: &[u32]) -> Result<(Uid, Bytes)> {
        let table = self.shared_frame_table().await?;
        if frames.is_empty() {
            return Err(Error::BadRequest {
                reason: "no frame asked for".to_owned(),
            });
        }
        let mut values = Vec::with_capacity(frames.len());
        let mut together = 0;
        for &frame in frames {
            let value = self.frame(frame).await?;
            together += value.len() as u64;
            if together > LARGEST {
                return Err(Error::TooLarge {
                    what: "bytes of frames",
                    limit: LARGEST,
                });
            }
            values.push(value);
        }
        let header = self.header_data_set(&table).await?;
        let tag = self.opened().await?.pixel_tag(&table).await?;
        let bits = (!table.is_byte_aligned()).then(|| frame_bits(&header));
        let (uid, data_set) = extract(
            header,
            &self.instance.sop_instance_uid,
            frames,
            values,
            Pixels {
                tag,
                encapsulated: table.is_encapsulated(),
                bits,
            },
        );
        let mut out = Vec::new();
        write::write_data_set(
            &data_set,
            self.instance.transfer_syntax_uid.as_str(),
            &mut out,
        )?;
        Ok((uid, out.into()))
    }

    /// The data set without pixel data.
    pub(super) async fn header_data_set(&self, table: &FrameTable) -> Result<DataSet> {
        let reader = self.opened().await?;
        // Up to the value of the pixel data, which is then found to be cut and left away.
        let end = table
            .all()
            .first()
            .map_or(reader.len(), |range| range.start);
        let bytes = reader.read(0, end).await?;
        let encoding = self.encoding_opened();
        let pixels = frames::element_before(&bytes, table, encoding);
        let (mut data_set, _) = read::read_encoded(&bytes, encoding, Limits::default())?;
        data_set.retain(|element| element.tag.group() < 0x7FE0);
        if FLOATING.contains(&pixels) {
            data_set.put_empty(pixels);
        }
        Ok(data_set)
    }
}

fn table_error(error: sagittal_pixel::Error) -> Error {
    Error::Store(sagittal_store::Error::Index {
        reason: error.to_string(),
    })
}

/// Bits of a frame in a bit-packed object.
fn frame_bits(header: &DataSet) -> u64 {
    let number = |tag: Tag| {
        header
            .int(tag)
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(0)
    };
    number(tags::ROWS)
        .saturating_mul(number(tags::COLUMNS))
        .saturating_mul(number(tags::SAMPLES_PER_PIXEL).max(1))
        .saturating_mul(number(tags::BITS_ALLOCATED))
}

/// Attributes with one value or item for each frame, of which only those of the extracted frames
/// are kept (PS3.3 §C.7.6.5, §C.7.6.16).
const PER_FRAME_VALUES: [Tag; 2] = [tags::FRAME_TIME_VECTOR, tags::FRAME_LABEL_VECTOR];

/// Elements other than Pixel Data that hold frames.
const FLOATING: [Tag; 2] = [tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA];

/// How frames are held.
struct Pixels {
    tag: Tag,
    encapsulated: bool,
    /// Bits of a frame, if they are packed.
    bits: Option<u64>,
}

/// The object that holds only some frames (PS3.4 §Z.1.3, PS3.3 §C.12.3).
fn extract(
    mut data_set: DataSet,
    source: &Uid,
    frames: &[u32],
    values: Vec<Bytes>,
    pixels: Pixels,
) -> (Uid, DataSet) {
    let uid = Uid::from_uuid_bits(uuid::Uuid::new_v4().as_u128());
    data_set.put_uid(tags::SOP_INSTANCE_UID, &uid);
    data_set.put_text(tags::NUMBER_OF_FRAMES, &frames.len().to_string());
    let numbers: Vec<u32> = frames.iter().map(|frame| frame.saturating_add(1)).collect();
    let mut item = DataSet::with_character_set(data_set.character_set().clone());
    item.put_uid(tags::MULTI_FRAME_SOURCE_SOP_INSTANCE_UID, source);
    item.put_u32(tags::SIMPLE_FRAME_LIST, &numbers);
    let mut history = data_set.items(tags::FRAME_EXTRACTION_SEQUENCE).to_vec();
    history.push(item);
    data_set.put_items(tags::FRAME_EXTRACTION_SEQUENCE, history);

    let groups = data_set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let kept: Vec<DataSet> = pick(groups, frames);
    if !kept.is_empty() {
        data_set.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, kept);
    }
    for tag in PER_FRAME_VALUES {
        let kept = pick(&data_set.texts(tag), frames);
        if !kept.is_empty() {
            data_set.put_text(tag, &kept.join("\\"));
        }
    }
    put_pixels(&mut data_set, values, &pixels);
    (uid, data_set)
}

fn pick<T: Clone>(all: &[T], frames: &[u32]) -> Vec<T> {
    frames
        .iter()
        .filter_map(|&frame| all.get(frame as usize).cloned())
        .collect()
}

fn put_pixels(data_set: &mut DataSet, values: Vec<Bytes>, pixels: &Pixels) {
    let Pixels {
        tag,
        encapsulated,
        bits,
    } = *pixels;
    let vr = match data_set.int(tags::BITS_ALLOCATED) {
        _ if encapsulated => Vr::OB,
        _ if FLOATING.contains(&tag) => dictionary::vr(tag),
        Some(bits) if bits > 8 => Vr::OW,
        _ => dictionary::vr(tags::PIXEL_DATA),
    };
    if encapsulated {
        let mut offset_table = Vec::with_capacity(values.len());
        let mut at = 0_u32;
        for value in &values {
            offset_table.push(at);
            let padded = u32::try_from(value.len().next_multiple_of(2)).unwrap_or(u32::MAX);
            at = at.saturating_add(padded).saturating_add(8);
        }
        let fragments = values.into_iter().map(even).collect();
        let value = Value::Fragments(Fragments {
            offset_table,
            fragments,
        });
        data_set.put(Element { tag, vr, value });
        return;
    }
    let whole = match bits {
        Some(bits) => packed(&values, bits),
        None => values.concat(),
    };
    data_set.put_bytes(tag, vr, whole);
}

fn even(value: Bytes) -> Bytes {
    if value.len().is_multiple_of(2) {
        return value;
    }
    let mut padded = BytesMut::from(&value[..]);
    padded.extend_from_slice(&[0]);
    padded.freeze()
}

/// Frames of `bits` bits one after the other.
fn packed(values: &[Bytes], bits: u64) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    let mut at = 0_usize;
    for value in values {
        for bit in 0..usize::try_from(bits).unwrap_or(0) {
            let is_set = value
                .get(bit / 8)
                .is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
            if at.is_multiple_of(8) {
                out.push(0);
            }
            if let (true, Some(last)) = (is_set, out.last_mut()) {
                *last |= 1 << (at % 8);
            }
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn packed_bits_are_put_together_again() {
        // Three frames of three bits: 101 010 111, least significant first.
        let frames = [0b101, 0b010, 0b111].map(|frame: u8| Bytes::from(vec![frame]));
        assert_eq!(packed(&frames, 3), [0b1101_0101, 0b1]);
    }

    #[test]
    fn an_extract_has_the_frames_and_says_where_they_are_from() {
        let mut data_set = DataSet::new();
        data_set.put_u16(tags::BITS_ALLOCATED, &[8]);
        let groups = (0..4).map(|n| {
            let mut item = DataSet::new();
            item.put_u16(tags::ROWS, &[n]);
            item
        });
        data_set.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups.collect());
        data_set.put_text(tags::FRAME_TIME_VECTOR, "0\\10\\20\\30");
        let source = Uid::new("1.2.3").unwrap();
        let values = vec![Bytes::from_static(b"four"), Bytes::from_static(b"two")];
        let pixels = Pixels {
            tag: tags::PIXEL_DATA,
            encapsulated: true,
            bits: None,
        };
        let (uid, out) = extract(data_set, &source, &[3, 1], values, pixels);
        assert_ne!(uid, source);
        assert_eq!(out.texts(tags::FRAME_TIME_VECTOR), ["30", "10"]);
        assert_eq!(out.int(tags::NUMBER_OF_FRAMES), Some(2));
        let kept: Vec<_> = out
            .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
            .iter()
            .map(|item| item.int(tags::ROWS))
            .collect();
        assert_eq!(kept, [Some(3), Some(1)]);
        let from = &out.items(tags::FRAME_EXTRACTION_SEQUENCE)[0];
        assert_eq!(from.ints(tags::SIMPLE_FRAME_LIST), [4, 2]);
        let Some(Value::Fragments(pixels)) = out.get(tags::PIXEL_DATA).map(|e| &e.value) else {
            panic!()
        };
        assert_eq!(
            (&pixels.offset_table[..], &pixels.fragments[1][..]),
            (&[0, 12][..], &b"two\0"[..])
        );
    }
}

//! Overlays in unused bits of native pixel data (PS3.5 §8.1.2), which compression would lose.

use sagittal_core::{DataSet, Element, Tag, Value, Vr};

use super::pixels::Frames;
use crate::frames::ReadAt;
use crate::{ImagePixel, Result, codec};

const BITS_ALLOCATED: u16 = 0x0100;
const BIT_POSITION: u16 = 0x0102;
const DATA: u16 = 0x3000;
const NUMBER_OF_FRAMES: u16 = 0x0015;

/// The elements that hold embedded overlays by themselves.
pub(super) fn separated<R: ReadAt + Sync + ?Sized>(
    data_set: &DataSet,
    frames: &Frames<'_, R>,
) -> Result<Vec<Element>> {
    let image = &frames.image;
    let groups: Vec<(u16, u32)> = (0x6000..=0x601E)
        .step_by(2)
        .filter_map(|group| Some((group, embedded(data_set, group, image)?)))
        .collect();
    if groups.is_empty() || frames.table.is_encapsulated() {
        return Ok(Vec::new());
    }
    let count = frames.table.number_of_frames();
    let mut planes = vec![Bits::default(); groups.len()];
    for number in 0..count {
        let limit = frames.options.limits.frame_bytes;
        let stored = frames.table.read(frames.source, number, limit)?;
        let frame = codec::decode(frames.from, image, &stored, limit)?;
        for word in frame.data.chunks_exact(image.sample_bytes().into()) {
            let word = word
                .iter()
                .rev()
                .fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
            for ((_, bit), plane) in groups.iter().zip(&mut planes) {
                plane.push(word >> bit & 1 == 1);
            }
        }
    }
    let mut holder = DataSet::new();
    for ((group, _), plane) in groups.into_iter().zip(planes) {
        holder.put_u16(Tag(group, BITS_ALLOCATED), &[1]);
        holder.put_u16(Tag(group, BIT_POSITION), &[0]);
        holder.put_bytes(Tag(group, DATA), Vr::OW, plane.bytes);
        if count > 1 && !data_set.contains(Tag(group, NUMBER_OF_FRAMES)) {
            holder.put_text(Tag(group, NUMBER_OF_FRAMES), &count.to_string());
        }
    }
    Ok(holder.into_elements())
}

/// The bit of an overlay that has no data of its own and lies beside the stored bits.
fn embedded(data_set: &DataSet, group: u16, image: &ImagePixel) -> Option<u32> {
    let has_data = matches!(
        data_set.get(Tag(group, DATA)).map(|element| &element.value),
        Some(Value::Bytes(bytes)) if !bytes.is_empty()
    );
    if has_data || data_set.int(Tag(group, BITS_ALLOCATED))? <= 1 {
        return None;
    }
    let bit = u32::try_from(data_set.int(Tag(group, BIT_POSITION))?).ok()?;
    let lowest = u32::from(image.high_bit + 1).saturating_sub(image.bits_stored.into());
    let is_stored = (lowest..=image.high_bit.into()).contains(&bit);
    (!is_stored && bit < image.bits_allocated.into() && image.samples_per_pixel == 1).then_some(bit)
}

/// Bits, least significant first.
#[derive(Clone, Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.count.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (self.count % 8);
        }
        self.count += 1;
    }
}

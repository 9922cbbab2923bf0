//! What comes out: a data set, and the bytes of a Part 10 file (PS3.10 §7).

use bytes::Bytes;
use sagittal_core::{DataSet, Tag, Value, Vr, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::{part10, pixel_data, write};

use super::Applied;
use crate::Result;

/// A de-identified instance.
#[derive(Clone, Debug)]
pub struct Output {
    /// What its File Meta Information will say.
    pub meta: part10::Meta,
    /// The data set.
    pub data_set: DataSet,
    /// What was applied.
    pub applied: Applied,
}

impl Output {
    /// The file, in the transfer syntax of the input.
    ///
    /// # Errors
    /// For a data set that cannot be written, which is a bug of whatever changed it.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let chunks = self.chunks()?;
        let mut out = Vec::with_capacity(chunks.iter().map(Bytes::len).sum());
        for chunk in &chunks {
            out.extend_from_slice(chunk);
        }
        Ok(out)
    }

    /// The file in pieces, to be written one after the other. Native pixel data is one of them, not
    /// copied.
    ///
    /// # Errors
    /// As [`Output::to_bytes`].
    pub fn chunks(&self) -> Result<Vec<Bytes>> {
        let uid = self.meta.transfer_syntax_uid.as_str();
        let encoding = Encoding::of(uid);
        let Some((vr, pixels)) = self.shared_pixels(encoding) else {
            return Ok(vec![part10::write(&self.meta, &self.data_set)?.into()]);
        };
        let around = |keep: fn(Tag) -> bool| -> DataSet {
            let elements = self.data_set.elements().iter();
            let mut part = DataSet::with_character_set(self.data_set.character_set().clone());
            for element in elements.filter(|element| keep(element.tag)) {
                part.put(element.clone());
            }
            part
        };
        let before = around(|tag| tag < tags::PIXEL_DATA);
        let after = around(|tag| tag > tags::PIXEL_DATA);
        let mut head = part10::write(&self.meta, &before)?;
        let length = pixels.len() as u64;
        pixel_data::put_native_header(&mut head, encoding, tags::PIXEL_DATA, vr, length)?;
        let mut tail = Vec::new();
        if pixels.len() % 2 == 1 {
            tail.push(0);
        }
        write::write_data_set(&after, uid, &mut tail)?;
        let mut chunks = vec![head.into(), pixels];
        if !tail.is_empty() {
            chunks.push(tail.into());
        }
        Ok(chunks)
    }

    /// Pixel data that can be written as they are.
    fn shared_pixels(&self, encoding: Encoding) -> Option<(Vr, Bytes)> {
        let element = self.data_set.get(tags::PIXEL_DATA)?;
        let plain = !encoding.big_endian && !encoding.deflated && !encoding.encapsulated;
        match &element.value {
            Value::Bytes(bytes) if plain => Some((element.vr, bytes.clone())),
            _ => None,
        }
    }
}

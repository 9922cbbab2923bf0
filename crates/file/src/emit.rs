//! Headers of elements, items and delimiters to bytes (PS3.5 §7.1, §7.5).

use sagittal_core::{Tag, Vr};

use crate::walk::{Form, UNDEFINED};

/// The longest even length of a 16-bit length field.
const MAX_SHORT: u64 = 0xFFFE;

impl Form {
    /// An element's header; gives the VR written: `UN` where the length is too long for the VR's
    /// length field (PS3.5 §6.2.2). `length` is even and fits 32 bits.
    pub(crate) fn put_header(self, out: &mut Vec<u8>, tag: Tag, vr: Vr, length: u32) -> Vr {
        self.put_tag(out, tag);
        if !self.explicit {
            self.put_u32(out, length);
            return vr;
        }
        let vr = if !vr.has_long_length() && u64::from(length) > MAX_SHORT {
            Vr::UN
        } else {
            vr
        };
        out.extend_from_slice(vr.as_str().as_bytes());
        match u16::try_from(length) {
            Ok(length) if !vr.has_long_length() => self.put_u16(out, length),
            _ => {
                out.extend_from_slice(&[0, 0]);
                self.put_u32(out, length);
            }
        }
        vr
    }

    /// A sequence, or encapsulated pixel data, of undefined length.
    pub(crate) fn put_sequence_start(self, out: &mut Vec<u8>, tag: Tag, vr: Vr) {
        self.put_header(out, tag, vr, UNDEFINED);
    }

    pub(crate) fn put_sequence_end(self, out: &mut Vec<u8>) {
        self.put_item(out, Tag::SEQUENCE_DELIMITATION_ITEM, 0);
    }

    pub(crate) fn put_item_start(self, out: &mut Vec<u8>) {
        self.put_item(out, Tag::ITEM, UNDEFINED);
    }

    pub(crate) fn put_item_end(self, out: &mut Vec<u8>) {
        self.put_item(out, Tag::ITEM_DELIMITATION_ITEM, 0);
    }

    pub(crate) fn put_item(self, out: &mut Vec<u8>, tag: Tag, length: u32) {
        self.put_tag(out, tag);
        self.put_u32(out, length);
    }

    fn put_tag(self, out: &mut Vec<u8>, tag: Tag) {
        self.put_u16(out, tag.group());
        self.put_u16(out, tag.element());
    }

    fn put_u16(self, out: &mut Vec<u8>, value: u16) {
        out.extend_from_slice(&if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
    }

    fn put_u32(self, out: &mut Vec<u8>, value: u32) {
        out.extend_from_slice(&if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
    }
}

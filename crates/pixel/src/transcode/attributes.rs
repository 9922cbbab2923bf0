//! What the data set says of its pixels, before and after.

use sagittal_core::{DataSet, Tag, Uid, dictionary, tags, transfer_syntax};

use super::frame_types;
use crate::codec;
use crate::{ImagePixel, SampleKind};

/// The Image Pixel Module of a header whose pixel data are in `pixels`.
pub(super) fn image(data_set: &DataSet, pixels: Tag) -> crate::Result<ImagePixel> {
    let mut described = DataSet::new();
    for tag in [
        tags::SAMPLES_PER_PIXEL,
        tags::PHOTOMETRIC_INTERPRETATION,
        tags::PLANAR_CONFIGURATION,
        tags::ROWS,
        tags::COLUMNS,
        tags::BITS_ALLOCATED,
        tags::BITS_STORED,
        tags::HIGH_BIT,
        tags::PIXEL_REPRESENTATION,
    ] {
        if let Some(element) = data_set.get(tag) {
            described.put(element.clone());
        }
    }
    if pixels != tags::PIXEL_DATA {
        described.put_empty(pixels);
    }
    ImagePixel::of(&described)
}

/// How pixels were compressed with loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Loss {
    /// Bytes before, for one byte after.
    pub ratio: f64,
}

/// Attributes that must change (PS3.3 §C.7.6.3, §C.7.6.1.1.5).
pub(super) struct Changes<'a> {
    pub data_set: &'a DataSet,
    pub before: &'a ImagePixel,
    pub after: &'a ImagePixel,
    pub from: &'a str,
    pub to: &'a str,
    pub loss: Option<Loss>,
    pub new_uid: Option<&'a Uid>,
}

impl Changes<'_> {
    /// The elements to be put.
    pub fn elements(&self) -> DataSet {
        let mut changes = DataSet::new();
        self.pixels(&mut changes);
        if self.loss.is_some()
            || codec::is_lossy(self.from) && self.before.kind == SampleKind::Integer
        {
            self.lossy(&mut changes);
        }
        if let Some(uid) = self.new_uid {
            self.derivation(&mut changes, uid);
        }
        changes
    }

    fn pixels(&self, changes: &mut DataSet) {
        let (before, after) = (self.before, self.after);
        let mut number = |tag, value: u16| {
            if self.data_set.int(tag) != Some(i64::from(value)) {
                changes.put_u16(tag, &[value]);
            }
        };
        if after.kind == SampleKind::Integer {
            number(tags::SAMPLES_PER_PIXEL, after.samples_per_pixel.into());
            if after.samples_per_pixel > 1 {
                number(tags::PLANAR_CONFIGURATION, after.is_by_plane.into());
            }
            number(tags::BITS_ALLOCATED, after.bits_allocated.into());
            number(tags::BITS_STORED, after.bits_stored.into());
            number(tags::HIGH_BIT, after.high_bit.into());
            number(tags::PIXEL_REPRESENTATION, after.is_signed.into());
        }
        if before.photometric != after.photometric {
            changes.put_text(tags::PHOTOMETRIC_INTERPRETATION, after.photometric.as_str());
        }
    }

    fn lossy(&self, changes: &mut DataSet) {
        if self
            .data_set
            .first_text(tags::LOSSY_IMAGE_COMPRESSION)
            .as_deref()
            != Some("01")
        {
            changes.put_text(tags::LOSSY_IMAGE_COMPRESSION, "01");
        }
        let Some(Loss { ratio }) = self.loss else {
            return;
        };
        let append = |tag, value: &str| {
            let mut values = self.data_set.texts(tag);
            values.retain(|value| !value.is_empty());
            values.push(value.to_owned());
            values.join("\\")
        };
        let ratio = append(tags::LOSSY_IMAGE_COMPRESSION_RATIO, &format!("{ratio:.3}"));
        changes.put_text(tags::LOSSY_IMAGE_COMPRESSION_RATIO, &ratio);
        let method = append(tags::LOSSY_IMAGE_COMPRESSION_METHOD, method(self.to));
        changes.put_text(tags::LOSSY_IMAGE_COMPRESSION_METHOD, &method);
    }

    /// The result is another instance, made from this one.
    fn derivation(&self, changes: &mut DataSet, uid: &Uid) {
        let name = dictionary::uid_name(self.to).unwrap_or(self.to);
        changes.put_uid(tags::SOP_INSTANCE_UID, uid);
        let mut kinds = self.data_set.texts(tags::IMAGE_TYPE);
        if kinds.len() < 2 {
            kinds = vec![String::new(), "PRIMARY".to_owned()];
        }
        if let Some(first) = kinds.first_mut() {
            *first = "DERIVED".to_owned();
        }
        changes.put_text(tags::IMAGE_TYPE, &kinds.join("\\"));
        for tag in [
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        ] {
            if let Some(groups) = frame_types::derived(self.data_set, tag) {
                changes.put(groups);
            }
        }
        changes.put_text(tags::DERIVATION_DESCRIPTION, &format!("Lossy: {name}"));
        let mut source = DataSet::new();
        for (from, to) in [
            (tags::SOP_CLASS_UID, tags::REFERENCED_SOP_CLASS_UID),
            (tags::SOP_INSTANCE_UID, tags::REFERENCED_SOP_INSTANCE_UID),
        ] {
            if let Some(uid) = self.data_set.first_text(from) {
                source.put_text(to, &uid);
            }
        }
        let purpose = code("121320", "Uncompressed predecessor");
        source.put_items(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, vec![purpose]);
        changes.put_items(tags::SOURCE_IMAGE_SEQUENCE, vec![source]);
        let lossy = code("113040", "Lossy Compression");
        changes.put_items(tags::DERIVATION_CODE_SEQUENCE, vec![lossy]);
    }
}

/// A code of DICOM's own scheme (PS3.16 Annex D).
fn code(value: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, value);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, "DCM");
    item.put_text(tags::CODE_MEANING, meaning);
    item
}

/// Lossy Image Compression Method (PS3.3 §C.7.6.1.1.5.1).
fn method(transfer_syntax_uid: &str) -> &'static str {
    use transfer_syntax as ts;
    match transfer_syntax_uid {
        ts::JPEG_LS_NEAR_LOSSLESS => "ISO_14495_1",
        ts::JPEG_2000 | ts::JPEG_2000_MC => "ISO_15444_1",
        ts::HTJ2K => "ISO_15444_15",
        ts::JPEG_XL | ts::JPEG_XL_JPEG_RECOMPRESSION => "ISO_18181_1",
        _ => "ISO_10918_1",
    }
}

//! What rendering needs to know of a frame, from the header alone.

use bytes::Bytes;
use sagittal_core::{DataSet, tags};

use super::palette::Palette;
use super::segmentation::Segmentation;
use super::shutter::Shutters;
use super::voi::{self, Voi};
use super::{Groups, LookupTable, geometry};
use crate::{ImagePixel, SampleKind};

/// From stored values to those that mean something (PS3.3 §C.11.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ModalityTransform {
    /// Stored values mean what they are.
    #[default]
    Identity,
    /// Rescale Slope (0028,1053) and Intercept (0028,1052), or Dose Grid Scaling (3004,000E).
    Rescale {
        /// Factor.
        slope: f64,
        /// Summand.
        intercept: f64,
    },
    /// Modality LUT Sequence (0028,3000).
    Table(LookupTable),
}

impl ModalityTransform {
    /// The value that a stored value stands for.
    pub fn apply(&self, stored: f64) -> f64 {
        match self {
            ModalityTransform::Identity => stored,
            ModalityTransform::Rescale { slope, intercept } => stored * slope + intercept,
            ModalityTransform::Table(table) => table.apply(stored),
        }
    }

    /// Reads a Modality LUT module, or the item of a Pixel Value Transformation.
    pub(super) fn read(place: &DataSet, is_signed: bool) -> ModalityTransform {
        let table = place
            .items(tags::MODALITY_LUT_SEQUENCE)
            .first()
            .and_then(|item| LookupTable::of_item(item, is_signed));
        if let Some(table) = table {
            return ModalityTransform::Table(table);
        }
        let slope = place
            .float(tags::RESCALE_SLOPE)
            .filter(|slope| slope.is_finite() && *slope != 0.0);
        let intercept = place.float(tags::RESCALE_INTERCEPT);
        if slope.is_none() && intercept.is_none() {
            return ModalityTransform::Identity;
        }
        ModalityTransform::rescale(slope.unwrap_or(1.0), intercept.unwrap_or(0.0))
    }

    fn rescale(slope: f64, intercept: f64) -> ModalityTransform {
        if slope == 1.0 && intercept == 0.0 {
            ModalityTransform::Identity
        } else {
            ModalityTransform::Rescale { slope, intercept }
        }
    }

    /// The least and the greatest value of stored values from `low` to `high`.
    pub(super) fn range(&self, low: f64, high: f64) -> (f64, f64) {
        match self {
            ModalityTransform::Table(table) => {
                let first = (low - table.first as f64).max(0.0);
                let last = (high - table.first as f64).max(0.0);
                let last_entry = table.entries.len().saturating_sub(1);
                // Saturate.
                let (first, last) = (
                    (first as usize).min(last_entry),
                    (last as usize).min(last_entry),
                );
                let used = table.entries.get(first..=last).unwrap_or(&[]);
                let least = used.iter().min().copied().unwrap_or(0);
                let most = used.iter().max().copied().unwrap_or(0);
                (least.into(), most.into())
            }
            _ => {
                let (a, b) = (self.apply(low), self.apply(high));
                (a.min(b), a.max(b))
            }
        }
    }
}

/// Real World Value Mapping (PS3.3 §C.7.6.16.2.11), where it is linear.
#[derive(Clone, Debug, PartialEq)]
pub struct RealWorld {
    /// Real World Value Slope (0040,9225).
    pub slope: f64,
    /// Real World Value Intercept (0040,9224).
    pub intercept: f64,
    /// Code Value of Measurement Units Code Sequence (0040,08EA), UCUM.
    pub units: String,
    /// LUT Label (0040,9210).
    pub label: String,
}

/// Everything about the picture of one frame that its header tells.
#[derive(Clone, Debug)]
pub struct Description {
    /// Modality transformation.
    pub modality: ModalityTransform,
    /// Rescale Type (0028,1054) or Units (0054,1001): what values are measured in.
    pub units: Option<String>,
    /// VOI LUTs and windows, each with its explanation; the first is the preferred one.
    pub(super) voi: Vec<(Voi, String)>,
    /// Photometric Interpretation is MONOCHROME1.
    pub inverse: bool,
    /// Presentation LUT Sequence (2050,0010).
    pub presentation: Option<LookupTable>,
    /// Stored values that are no pixels, from and to.
    pub padding: Option<(f64, f64)>,
    /// The palette, if indices or supplemental.
    pub(super) palette: Option<Palette>,
    pub(super) shutters: Shutters,
    /// Height of a pixel over its width.
    pub aspect: f64,
    /// ICC Profile (0028,2000), also of an optical path.
    pub icc_profile: Option<Bytes>,
    pub(super) segmentation: Option<Segmentation>,
    /// Linear real world value mappings.
    pub real_world: Vec<RealWorld>,
    /// Are 8-bit samples shown as they are, for want of a window?
    pub(super) is_pictorial: bool,
}

impl Description {
    /// Reads the header for frame `frame_number`, from 1.
    pub fn of(header: &DataSet, frame_number: u32, image: &ImagePixel) -> Description {
        let groups = Groups::of(header, frame_number);
        let modality = modality(&groups, image);
        let may_be_negative = match &modality {
            ModalityTransform::Identity => image.is_signed,
            ModalityTransform::Rescale { intercept, .. } => image.is_signed || *intercept < 0.0,
            ModalityTransform::Table(_) => false,
        };
        let shutter_place = groups.place(tags::FRAME_DISPLAY_SHUTTER_SEQUENCE);
        Description {
            units: groups
                .place(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)
                .first_text(tags::RESCALE_TYPE)
                .or_else(|| header.first_text(tags::UNITS))
                .or_else(|| header.first_text(tags::DOSE_UNITS)),
            voi: voi::read(
                groups.place(tags::FRAME_VOI_LUT_SEQUENCE),
                may_be_negative,
                image.kind != SampleKind::Integer,
            ),
            inverse: image.photometric == crate::Photometric::Monochrome1,
            presentation: header
                .items(tags::PRESENTATION_LUT_SEQUENCE)
                .first()
                .and_then(|item| LookupTable::of_item(item, false)),
            padding: padding(header, image),
            palette: Palette::read(header, image.is_signed),
            shutters: Shutters::read(shutter_place, header, frame_number),
            aspect: geometry::pixel_aspect(&groups),
            icc_profile: icc_profile(header),
            segmentation: Segmentation::read(&groups),
            real_world: real_world(&groups),
            is_pictorial: is_pictorial(header, image, &modality),
            modality,
        }
    }

    /// The windows among the VOI transformations, with their explanations.
    pub fn windows(&self) -> impl Iterator<Item = (super::Window, &str)> {
        self.voi.iter().filter_map(|(voi, explanation)| match voi {
            Voi::Window(window) => Some((*window, explanation.as_str())),
            Voi::Table(_) => None,
        })
    }
}

/// SOP classes whose modality LUT is not made for display (PS3.3 §C.8.7.1.1.2).
const XA: [&str; 2] = [
    "1.2.840.10008.5.1.4.1.1.12.1",
    "1.2.840.10008.5.1.4.1.1.12.2",
];

fn modality(groups: &Groups<'_>, image: &ImagePixel) -> ModalityTransform {
    let root = groups.root();
    if let Some(scaling) = root
        .float(tags::DOSE_GRID_SCALING)
        .filter(|scaling| scaling.is_finite() && *scaling > 0.0)
    {
        return ModalityTransform::rescale(scaling, 0.0);
    }
    let place = groups.place(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
    let is_xa = root
        .first_text(tags::SOP_CLASS_UID)
        .is_some_and(|uid| XA.contains(&uid.as_str()));
    match ModalityTransform::read(place, image.is_signed) {
        ModalityTransform::Table(_) if is_xa => ModalityTransform::Identity,
        other => other,
    }
}

/// Pixel Padding Value and Range Limit (PS3.3 §C.7.5.1.1.2), or those of float pixels.
fn padding(header: &DataSet, image: &ImagePixel) -> Option<(f64, f64)> {
    let (value, limit) = match image.kind {
        SampleKind::Integer => (tags::PIXEL_PADDING_VALUE, tags::PIXEL_PADDING_RANGE_LIMIT),
        SampleKind::Float => (
            tags::FLOAT_PIXEL_PADDING_VALUE,
            tags::FLOAT_PIXEL_PADDING_RANGE_LIMIT,
        ),
        SampleKind::Double => (
            tags::DOUBLE_FLOAT_PIXEL_PADDING_VALUE,
            tags::DOUBLE_FLOAT_PIXEL_PADDING_RANGE_LIMIT,
        ),
    };
    let read = |tag| {
        let number = header.float(tag)?;
        // Written unsigned for signed pixels, or the other way round.
        let wraps = image.kind == SampleKind::Integer && image.bits_allocated <= 16;
        Some(if wraps && image.is_signed && number > 32_767.0 {
            number - 65_536.0
        } else if wraps && !image.is_signed && number < 0.0 {
            number + 65_536.0
        } else {
            number
        })
    };
    let value = read(value)?;
    let limit = read(limit).unwrap_or(value);
    Some((value.min(limit), value.max(limit)))
}

fn icc_profile(header: &DataSet) -> Option<Bytes> {
    let paths = header.items(tags::OPTICAL_PATH_SEQUENCE);
    std::iter::once(header)
        .chain(paths)
        .find_map(|place| place.bytes(tags::ICC_PROFILE))
        .filter(|profile| !profile.is_empty())
        .cloned()
}

fn real_world(groups: &Groups<'_>) -> Vec<RealWorld> {
    let items = match groups.items(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE) {
        [] => groups.root().items(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE),
        items => items,
    };
    items
        .iter()
        .filter_map(|item| {
            Some(RealWorld {
                slope: item.float(tags::REAL_WORLD_VALUE_SLOPE)?,
                intercept: item.float(tags::REAL_WORLD_VALUE_INTERCEPT)?,
                units: item
                    .items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE)
                    .first()
                    .and_then(|code| code.first_text(tags::CODE_VALUE))
                    .unwrap_or_default(),
                label: item.first_text(tags::LUT_LABEL).unwrap_or_default(),
            })
        })
        .collect()
}

/// Modalities whose samples are measurements even in 8 bits: stretched to what the frame has.
const MEASURING: [&str; 5] = ["CT", "MR", "NM", "PT", "RTDOSE"];

fn is_pictorial(header: &DataSet, image: &ImagePixel, modality: &ModalityTransform) -> bool {
    image.kind == SampleKind::Integer
        && image.bits_stored <= 8
        && !image.is_signed
        && *modality == ModalityTransform::Identity
        && !header
            .first_text(tags::MODALITY)
            .is_some_and(|modality| MEASURING.contains(&modality.as_str()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples::tests::grey16;
    use super::*;
    use sagittal_core::Vr;

    #[test]
    fn functional_groups_come_before_the_root() {
        let mut transformation = DataSet::new();
        transformation.put_text(tags::RESCALE_SLOPE, "3");
        transformation.put_text(tags::RESCALE_INTERCEPT, "1");
        let mut shared = DataSet::new();
        shared.put_items(
            tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
            vec![transformation],
        );
        let mut header = DataSet::new();
        header.put_text(tags::RESCALE_SLOPE, "9");
        header.put_items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
        let image = grey16(1, 12, 11, false, &[0]).image;
        let description = Description::of(&header, 1, &image);
        assert_eq!(description.modality.apply(2.0), 7.0);
        assert_eq!(description.modality.range(0.0, 2.0), (1.0, 7.0));
    }

    #[test]
    fn dose_is_scaled() {
        let mut header = DataSet::new();
        header.put_text(tags::DOSE_GRID_SCALING, "0.001");
        header.put_text(tags::DOSE_UNITS, "GY");
        let image = grey16(1, 16, 15, false, &[0]).image;
        let description = Description::of(&header, 1, &image);
        assert_eq!(description.modality.apply(2000.0), 2.0);
        assert_eq!(description.units.as_deref(), Some("GY"));
    }

    #[test]
    fn padding_written_without_its_sign_is_understood() {
        let mut header = DataSet::new();
        header.put_u16(tags::PIXEL_PADDING_VALUE, &[0xF830]);
        let image = grey16(1, 16, 15, true, &[0]).image;
        assert_eq!(padding(&header, &image), Some((-2000.0, -2000.0)));
        header.put_bytes(tags::PIXEL_PADDING_RANGE_LIMIT, Vr::SS, vec![0, 0xF8]);
        assert_eq!(padding(&header, &image), Some((-2048.0, -2000.0)));
    }

    #[test]
    fn a_slope_of_nothing_is_no_slope() {
        let mut header = DataSet::new();
        header.put_text(tags::RESCALE_SLOPE, "0");
        assert_eq!(
            ModalityTransform::read(&header, false),
            ModalityTransform::Identity
        );
    }
}

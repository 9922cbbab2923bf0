//! Softcopy presentation states: how somebody wanted an image shown (PS3.3 §A.33, PS3.4 Annex N).

use sagittal_core::{DataSet, tags};

use super::graphics::{self, Graphics};
use super::overlay::{self, Overlay};
use super::palette::Palette;
use super::shutter::Shutters;
use super::voi::{self, Voi};
use super::{LookupTable, ModalityTransform};
use crate::{ImagePixel, SampleKind};

/// A presentation state, as far as it belongs to one frame.
#[derive(Clone, Debug)]
pub(super) struct PresentationState {
    /// Does it say how greys are to be shown, or is it made for its graphics alone?
    pub has_greys: bool,
    pub modality: ModalityTransform,
    pub voi: Option<Voi>,
    pub presentation: Option<LookupTable>,
    pub inverse: bool,
    /// Of a pseudo-color state.
    pub palette: Option<Palette>,
    pub shutters: Shutters,
    /// Overlays of state and image that a layer shows.
    pub overlays: Vec<Overlay>,
    pub icc_profile: Option<bytes::Bytes>,
    pub turns: u8,
    pub flip_horizontal: bool,
    /// Left, top, width, height in image pixels.
    pub area: Option<[f64; 4]>,
    /// Height of a pixel over its width.
    pub aspect: Option<f64>,
    pub graphics: Graphics,
    pub notes: Vec<&'static str>,
}

impl PresentationState {
    /// Reads what `state` says of frame `frame_number` of the image.
    pub fn read(
        state: &DataSet,
        header: &DataSet,
        frame_number: u32,
        image: &ImagePixel,
    ) -> PresentationState {
        let modality = ModalityTransform::read(state, image.is_signed);
        let may_be_negative = match &modality {
            ModalityTransform::Identity => image.is_signed,
            ModalityTransform::Rescale { intercept, .. } => image.is_signed || *intercept < 0.0,
            ModalityTransform::Table(_) => false,
        };
        let concerns = |item: &&DataSet| item_refers_to(item, header, frame_number);
        let voi = state
            .items(tags::SOFTCOPY_VOI_LUT_SEQUENCE)
            .iter()
            .find(concerns)
            .and_then(|item| {
                voi::read(item, may_be_negative, image.kind != SampleKind::Integer)
                    .into_iter()
                    .next()
            })
            .map(|(voi, _)| voi);
        let area = state
            .items(tags::DISPLAYED_AREA_SELECTION_SEQUENCE)
            .iter()
            .find(concerns);
        let shutters = Shutters::read(state, state, frame_number);
        let notes = Vec::new();
        PresentationState {
            has_greys: voi.is_some() || modality != ModalityTransform::Identity,
            voi,
            presentation: state
                .items(tags::PRESENTATION_LUT_SEQUENCE)
                .first()
                .and_then(|item| LookupTable::of_item(item, false)),
            inverse: state
                .first_text(tags::PRESENTATION_LUT_SHAPE)
                .is_some_and(|shape| shape == "INVERSE"),
            palette: Palette::read(state, false),
            overlays: overlays(state, header, frame_number, shutters.bitmap_group()),
            shutters,
            icc_profile: state.bytes(tags::ICC_PROFILE).cloned(),
            turns: turns(state),
            flip_horizontal: state
                .first_text(tags::IMAGE_HORIZONTAL_FLIP)
                .is_some_and(|flip| flip == "Y"),
            area: area.and_then(displayed_area),
            aspect: area.and_then(aspect),
            graphics: graphics::read(state, |item| item_refers_to(item, header, frame_number)),
            modality,
            notes,
        }
    }
}

/// Does a presentation state refer to frame `frame_number` (from 1) of the image?
pub fn refers_to(state: &DataSet, header: &DataSet, frame_number: u32) -> bool {
    state
        .items(tags::REFERENCED_SERIES_SEQUENCE)
        .iter()
        .any(|series| {
            let images = series.items(tags::REFERENCED_IMAGE_SEQUENCE);
            !images.is_empty() && images_include(images, header, frame_number)
        })
}

/// An item without references concerns every image of the state.
fn item_refers_to(item: &DataSet, header: &DataSet, frame_number: u32) -> bool {
    let images = item.items(tags::REFERENCED_IMAGE_SEQUENCE);
    images.is_empty() || images_include(images, header, frame_number)
}

fn images_include(images: &[DataSet], header: &DataSet, frame_number: u32) -> bool {
    let uid = header.first_text(tags::SOP_INSTANCE_UID);
    images.iter().any(|image| {
        let frames = image.ints(tags::REFERENCED_FRAME_NUMBER);
        image.first_text(tags::REFERENCED_SOP_INSTANCE_UID) == uid
            && (frames.is_empty() || frames.contains(&frame_number.into()))
    })
}

/// Overlays that the state activates: the state's own before the image's of the same group.
fn overlays(
    state: &DataSet,
    header: &DataSet,
    frame_number: u32,
    shutter: Option<u16>,
) -> Vec<Overlay> {
    (0x6000..=0x60FE)
        .step_by(2)
        .filter(|&group| Some(group) != shutter)
        .filter(|&group| {
            state
                .first_text(sagittal_core::Tag(group, 0x1001))
                .is_some()
        })
        .filter_map(|group| {
            overlay::read_group(state, group, frame_number)
                .or_else(|| overlay::read_group(header, group, frame_number))
        })
        .collect()
}

/// Image Rotation (0070,0042), clockwise, in quarters.
fn turns(state: &DataSet) -> u8 {
    match state
        .int(tags::IMAGE_ROTATION)
        .map(|angle| angle.rem_euclid(360))
    {
        Some(90) => 1,
        Some(180) => 2,
        Some(270) => 3,
        _ => 0,
    }
}

/// Displayed area: corners are pixels that are shown, counted from 1 (PS3.3 §C.10.4).
fn displayed_area(item: &DataSet) -> Option<[f64; 4]> {
    let corner = |tag| match item.ints(tag).as_slice() {
        &[column, row] => Some((column as f64, row as f64)),
        _ => None,
    };
    let (x0, y0) = corner(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER)?;
    let (x1, y1) = corner(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER)?;
    // Of a turned or mirrored image the first may lie beyond the second.
    let (left, right) = (x0.min(x1), x0.max(x1));
    let (top, bottom) = (y0.min(y1), y0.max(y1));
    let fits = |length: f64| length < 100_000.0;
    (fits(right - left) && fits(bottom - top)).then_some([
        left - 1.0,
        top - 1.0,
        right - left + 1.0,
        bottom - top + 1.0,
    ])
}

fn aspect(item: &DataSet) -> Option<f64> {
    [
        tags::PRESENTATION_PIXEL_SPACING,
        tags::PRESENTATION_PIXEL_ASPECT_RATIO,
    ]
    .into_iter()
    .find_map(|tag| match item.floats(tag).as_slice() {
        &[rows, columns, ..] if rows > 0.0 && columns > 0.0 => Some(rows / columns),
        _ => None,
    })
    .filter(|aspect| (0.02..=50.0).contains(aspect))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples::tests::grey16;
    use super::super::{VoiFunction, Window};
    use super::*;

    fn reference(uid: &str, frames: &str) -> DataSet {
        let mut image = DataSet::new();
        image.put_text(tags::REFERENCED_SOP_INSTANCE_UID, uid);
        if !frames.is_empty() {
            image.put_text(tags::REFERENCED_FRAME_NUMBER, frames);
        }
        image
    }

    fn header() -> DataSet {
        let mut header = DataSet::new();
        header.put_text(tags::SOP_INSTANCE_UID, "1.2.3");
        header
    }

    #[test]
    fn an_item_holds_for_the_frames_that_it_names() {
        let voi = |center: &str, frames: &str| {
            let mut item = DataSet::new();
            item.put_items(
                tags::REFERENCED_IMAGE_SEQUENCE,
                vec![reference("1.2.3", frames)],
            );
            item.put_text(tags::WINDOW_CENTER, center);
            item.put_text(tags::WINDOW_WIDTH, "10");
            item
        };
        let mut state = DataSet::new();
        state.put_items(
            tags::SOFTCOPY_VOI_LUT_SEQUENCE,
            vec![voi("1", "1\\2"), voi("3", "3")],
        );
        let image = grey16(1, 12, 11, false, &[0]).image;
        let shown = |frame| PresentationState::read(&state, &header(), frame, &image).voi;
        let window = |center| Window::new(center, 10.0, VoiFunction::Linear).map(Voi::Window);
        assert_eq!(shown(2), window(1.0));
        assert_eq!(shown(3), window(3.0));
        assert_eq!(shown(4), None);
    }

    #[test]
    fn a_state_refers_to_the_images_of_its_series() {
        let mut series = DataSet::new();
        series.put_items(
            tags::REFERENCED_IMAGE_SEQUENCE,
            vec![reference("1.2.3", "2")],
        );
        let mut state = DataSet::new();
        state.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
        assert!(refers_to(&state, &header(), 2));
        assert!(!refers_to(&state, &header(), 1));
        assert!(!refers_to(&DataSet::new(), &header(), 1));
    }

    #[test]
    fn the_displayed_area_includes_both_corners() {
        let mut item = DataSet::new();
        let bytes: Vec<u8> = [1_i32, 1].iter().flat_map(|v| v.to_le_bytes()).collect();
        item.put_bytes(
            tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER,
            sagittal_core::Vr::SL,
            bytes,
        );
        let bytes: Vec<u8> = [4_i32, 2].iter().flat_map(|v| v.to_le_bytes()).collect();
        item.put_bytes(
            tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER,
            sagittal_core::Vr::SL,
            bytes,
        );
        assert_eq!(displayed_area(&item), Some([0.0, 0.0, 4.0, 2.0]));
    }
}

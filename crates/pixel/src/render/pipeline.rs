//! From a header and a frame to a picture: all steps in their order.

use sagittal_core::DataSet;

use super::geometry::{Placement, Wanted};
use super::grey::Chain;
use super::presentation::PresentationState;
use super::samples::{Bits, range};
use super::voi::Voi;
use super::{Description, ModalityTransform, Options, Picture, Pixels, Window};
use super::{annotate, color, graphics, icc, overlay};
use crate::{Frame, Photometric, Result, SampleKind};

/// The color of overlays.
const OVERLAY: [u8; 3] = [255; 3];

/// Renders frame `frame_number` (from 1) of an instance: `header` is its data set, of which Pixel
/// Data is not needed, `frame` the decoded frame.
///
/// # Errors
/// [`Error::Unsupported`](crate::Error::Unsupported) for colors that have no defined meaning,
/// [`Error::Length`](crate::Error::Length) for frames that do not hold what they say.
pub fn render(
    header: &DataSet,
    frame_number: u32,
    frame: &Frame,
    options: &Options,
) -> Result<Picture> {
    let description = Description::of(header, frame_number, &frame.image);
    let state = options
        .presentation_state
        .as_ref()
        .map(|state| PresentationState::read(state, header, frame_number, &frame.image));
    let (pixels, voi) = base(frame, &description, state.as_ref(), options)?;
    let mut picture = Picture::new(frame.image.columns, frame.image.rows, pixels)?;
    picture.quality = options.quality;
    if let Some(state) = &state {
        picture.notes.extend(&state.notes);
    }
    if !picture.is_grey() {
        let profile = state
            .as_ref()
            .and_then(|state| state.icc_profile.as_ref())
            .or(description.icc_profile.as_ref())
            .filter(|_| description.segmentation.is_none());
        icc::convert(&mut picture, profile, options.icc_profile);
    }
    cover(
        &mut picture,
        header,
        frame_number,
        frame,
        &description,
        state.as_ref(),
        options,
    );
    finish(
        picture,
        header,
        &description,
        state.as_ref(),
        voi.as_ref(),
        options,
    )
}

/// Puts the picture of an image into its place, and draws over it.
pub(super) fn finish(
    mut picture: Picture,
    header: &DataSet,
    description: &Description,
    state: Option<&PresentationState>,
    voi: Option<&Voi>,
    options: &Options,
) -> Result<Picture> {
    let placement = place(&picture, description, state, options);
    placement.apply(&mut picture);
    if let Some(state) = state {
        graphics::draw(&state.graphics, &placement, &mut picture);
    }
    annotate::draw(&mut picture, header, description, voi, &options.annotation);
    Ok(picture)
}

/// Renders the greys of a frame with 16 bits, in the size of the frame, without anything drawn
/// over them.
///
/// # Errors
/// As [`render`]; [`Error::Unsupported`](crate::Error::Unsupported) for frames of colors.
pub fn render_deep(
    header: &DataSet,
    frame_number: u32,
    frame: &Frame,
    options: &Options,
) -> Result<Picture> {
    let description = Description::of(header, frame_number, &frame.image);
    if frame.image.samples_per_pixel != 1 || frame.image.photometric == Photometric::PaletteColor {
        return Err(crate::Error::Unsupported {
            codec: "rendering",
            what: "color of 16 bits".into(),
        });
    }
    let state = options
        .presentation_state
        .as_ref()
        .map(|state| PresentationState::read(state, header, frame_number, &frame.image));
    let chain = chain(frame, &description, state.as_ref(), options);
    Picture::new(
        frame.image.columns,
        frame.image.rows,
        Pixels::Grey16(chain.grey16(frame)),
    )
}

/// The values (after the modality transformation) of a frame without its padding, least and
/// greatest: what is shown when there is no window. Cines join those of several frames, see
/// [`Options::default_range`].
pub fn default_range(header: &DataSet, frame_number: u32, frame: &Frame) -> Option<(f64, f64)> {
    let description = Description::of(header, frame_number, &frame.image);
    let (low, high) = range(frame, description.padding)?;
    Some(description.modality.range(low, high))
}

/// The picture of the frame alone, and the grey transformation that was used.
pub(super) fn base(
    frame: &Frame,
    description: &Description,
    state: Option<&PresentationState>,
    options: &Options,
) -> Result<(Pixels, Option<Voi>)> {
    let image = &frame.image;
    let palette = description.palette.as_ref();
    if image.samples_per_pixel > 1 {
        return Ok((Pixels::Rgb8(color::to_rgb(frame)?), None));
    }
    if let (Photometric::PaletteColor, Some(palette)) = (image.photometric, palette) {
        return Ok((Pixels::Rgb8(color::with_palette(frame, palette)), None));
    }
    if let Some(segmentation) = &description.segmentation {
        return Ok((Pixels::Rgb8(segmentation.to_rgb(frame)), None));
    }
    let chain = chain(frame, description, state, options);
    let pixels = if let Some(colors) = state.and_then(|state| state.palette.as_ref()) {
        let lightness = chain.lightness(frame);
        Pixels::Rgb8(
            lightness
                .into_iter()
                .flat_map(|light| colors.at_unit(light))
                .collect(),
        )
    } else {
        let grey = chain.grey8(frame);
        match palette {
            Some(palette) if image.kind == SampleKind::Integer => {
                Pixels::Rgb8(supplement(frame, &grey, palette))
            }
            _ => Pixels::Grey8(grey),
        }
    };
    Ok((pixels, Some(chain.voi)))
}

/// Supplemental palette: values it has colors for are colored, the others stay grey
/// (PS3.3 §C.7.6.19).
fn supplement(frame: &Frame, grey: &[u8], palette: &super::palette::Palette) -> Vec<u8> {
    let last = palette.first + palette.colors.len() as i64;
    super::samples::numbers(frame)
        .zip(grey)
        .flat_map(|(value, &grey)| {
            // Saturates.
            let value = value as i64;
            if (palette.first..last).contains(&value) {
                palette.color(value)
            } else {
                [grey; 3]
            }
        })
        .collect()
}

/// Joins what object, presentation state and caller say of greys.
fn chain(
    frame: &Frame,
    description: &Description,
    state: Option<&PresentationState>,
    options: &Options,
) -> Chain {
    // What a state does not say is identity, whatever the image says (PS3.4 §N.2.1). States that
    // speak of neither transformation were made for their graphics or overlays alone.
    let state_of_greys = state.filter(|state| state.has_greys);
    let modality = match state_of_greys {
        Some(state) => state.modality.clone(),
        None => description.modality.clone(),
    };
    let own = match state_of_greys {
        Some(state) => state.voi.clone(),
        None => description
            .voi
            .get(options.window_number)
            .or(description.voi.first())
            .map(|(voi, _)| voi.clone()),
    };
    let voi = options.window.map(Voi::Window).or(own).unwrap_or_else(|| {
        let bounds = if state_of_greys.is_some() || description.is_pictorial {
            whole_range(frame, &modality)
        } else {
            options.default_range.unwrap_or_else(|| {
                range(frame, description.padding)
                    .map_or((0.0, 0.0), |(low, high)| modality.range(low, high))
            })
        };
        Voi::Window(Window::of_range(bounds.0, bounds.1))
    });
    Chain {
        modality,
        voi,
        presentation: match state {
            Some(state) => state.presentation.clone(),
            None => description.presentation.clone(),
        },
        inverse: match state {
            Some(state) => state.inverse,
            None => description.inverse,
        },
        padding: description.padding,
    }
}

/// All that could be there.
fn whole_range(frame: &Frame, modality: &ModalityTransform) -> (f64, f64) {
    if let ModalityTransform::Table(table) = modality {
        return (0.0, table.largest());
    }
    if frame.image.kind != SampleKind::Integer {
        return range(frame, None).unwrap_or((0.0, 1.0));
    }
    let (low, high) = Bits::of(&frame.image).limits();
    modality.range(low, high)
}

/// Lays overlays and shutters over the image.
fn cover(
    picture: &mut Picture,
    header: &DataSet,
    frame_number: u32,
    frame: &Frame,
    description: &Description,
    state: Option<&PresentationState>,
    options: &Options,
) {
    let shutters = match state {
        Some(state) => &state.shutters,
        None => &description.shutters,
    };
    let overlays = match state {
        _ if options.no_overlays => Vec::new(),
        Some(state) => state.overlays.clone(),
        None => overlay::read(header, frame_number)
            .into_iter()
            .filter(|overlay| Some(overlay.group) != shutters.bitmap_group())
            .collect(),
    };
    let Some(mut canvas) = picture.canvas() else {
        return;
    };
    for overlay in overlays {
        overlay.draw(frame, &mut canvas, OVERLAY);
    }
    if !shutters.is_empty() && !options.no_shutters {
        shutters.apply(frame, &mut canvas);
    }
}

/// Which part of the image is shown in which size.
fn place(
    picture: &Picture,
    description: &Description,
    state: Option<&PresentationState>,
    options: &Options,
) -> Placement {
    let aspect = state
        .and_then(|state| state.aspect)
        .unwrap_or(description.aspect);
    let wanted = Wanted {
        area: state.and_then(|state| state.area),
        turns: state.map_or(0, |state| state.turns),
        flip_horizontal: state.is_some_and(|state| state.flip_horizontal),
        aspect: if options.keep_pixels { 1.0 } else { aspect },
    };
    Placement::of(
        picture.width,
        picture.height,
        &wanted,
        options.viewport.as_ref(),
    )
}

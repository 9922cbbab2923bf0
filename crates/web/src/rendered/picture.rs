//! Drawing.

use std::sync::Arc;

use bytes::Bytes;
use sagittal_archive::retrieve::{InstanceReader, InstanceRef};
use sagittal_core::{DataSet, Uid, tags};
use sagittal_pixel::Frame;
use sagittal_pixel::render::{
    Blending, Options, Picture, Subtraction, Viewport, default_range, output, render,
};

use super::blended;
use super::kind::Kind;
use super::{Parameters, Subject, placeholder};
use crate::error::{Error, Result};
use crate::state::WebState;

/// Columns and rows of the icon of a video, unless asked for otherwise.
const ICON: u32 = 512;
/// Frames of a cine.
const CINE_FRAMES: u32 = 512;
/// Pixels of a cine, of all its frames together.
const CINE_PIXELS: u64 = 64 << 20;

/// Draws a subject in a media type.
///
/// # Errors
/// 406 if it cannot be drawn, with the reason; 404 if its image is not here.
pub(crate) async fn draw(
    state: &WebState,
    subject: &Subject,
    media_type: &'static str,
    parameters: &Parameters,
) -> Result<Bytes> {
    let instance = &subject.instance;
    let reader = state.archive.open_instance(instance.clone()).await?;
    match Kind::of(instance) {
        Kind::Image => {}
        Kind::PresentationState => {
            let header = reader.header().await?;
            if let Some(blending) = Blending::read(&header) {
                // Boxed: it is large, and seldom.
                return Box::pin(blended::draw(
                    state, subject, &header, blending, media_type, parameters,
                ))
                .await;
            }
            let (instance, frame) = image_of(state, &header).await?;
            let mut options = parameters.options.clone();
            options.presentation_state = Some(DataSet::clone(&header));
            let key = format!("{} {}", parameters.key(), subject.instance.sop_instance_uid);
            let reader = state.archive.open_instance(instance).await?;
            let parameters = Parameters::new(options, key);
            return one(&reader, frame, media_type, &parameters).await;
        }
        Kind::Video(_) => {
            let size = Viewport::size(ICON, ICON).map_err(refused)?;
            let viewport = parameters.options.viewport.unwrap_or(size);
            return placeholder::draw(std::slice::from_ref(instance), viewport, media_type);
        }
        kind => {
            let options = &parameters.options;
            return super::document::drawn(&reader, kind, media_type, options).await;
        }
    }
    let frames = instance.number_of_frames;
    match subject.frame {
        None if media_type == "image/gif" && frames > 1 => cine(&reader, parameters).await,
        // One picture of many frames: of the middle, where most is to be seen.
        None => one(&reader, frames / 2, media_type, parameters).await,
        Some(frame) => one(&reader, frame.saturating_sub(1), media_type, parameters).await,
    }
}

/// One frame (from 0).
async fn one(
    reader: &InstanceReader,
    frame: u32,
    media_type: &'static str,
    parameters: &Parameters,
) -> Result<Bytes> {
    let options = parameters.options.clone();
    let form = format!("{media_type} {}", parameters.key());
    let number = frame.saturating_add(1);
    let masks = Box::pin(Masks::of(reader, number, &options)).await?;
    let draw = move |header: &DataSet, pixels: &Frame| {
        let picture = match &masks {
            Some(masks) => masks.draw(header, number, &options),
            None => render(header, number, pixels, &options),
        };
        encode(&picture.map_err(refused)?, media_type)
    };
    Box::pin(reader.picture(frame, form, draw)).await
}

/// What is taken from a frame (PS3.3 §C.7.6.10), and the frames that are needed for it.
struct Masks {
    subtraction: Subtraction,
    frames: Vec<(u32, Arc<Frame>)>,
}

impl Masks {
    /// Of frame `number` (from 1), if anything is taken from it.
    async fn of(reader: &InstanceReader, number: u32, options: &Options) -> Result<Option<Masks>> {
        let count = reader.instance.number_of_frames;
        if count < 2 {
            return Ok(None);
        }
        let header = reader.header().await?;
        let state = options.presentation_state.as_ref();
        let Some(subtraction) = Subtraction::of(&header, state, number, count) else {
            return Ok(None);
        };
        let mut frames = Vec::new();
        for wanted in subtraction.frames() {
            let frame = reader.decoded_frame(wanted.saturating_sub(1)).await?;
            frames.push((wanted, frame));
        }
        Ok(Some(Masks {
            subtraction,
            frames,
        }))
    }

    fn draw(
        &self,
        header: &DataSet,
        number: u32,
        options: &Options,
    ) -> sagittal_pixel::Result<Picture> {
        let give = |wanted: u32| {
            let found = self.frames.iter().find(|(number, _)| *number == wanted);
            found.map(|(_, frame)| frame.as_ref())
        };
        let state = options.presentation_state.as_ref();
        let done = self.subtraction.apply(header, state, give)?;
        let options = Options {
            presentation_state: done.presentation_state,
            default_range: None,
            ..options.clone()
        };
        render(&done.header, number, &done.frame, &options)
    }
}

pub(super) fn encode(picture: &Picture, media_type: &str) -> Result<Vec<u8>> {
    match media_type {
        "image/png" => picture.to_png(),
        "image/gif" => picture.to_gif(),
        _ => picture.to_jpeg(),
    }
    .map_err(refused)
}

/// All frames, moving.
async fn cine(reader: &InstanceReader, parameters: &Parameters) -> Result<Bytes> {
    let header = reader.header().await?;
    let image = reader.image_pixel().await?;
    let frames = reader.instance.number_of_frames;
    let size = parameters
        .options
        .viewport
        .map_or(image.pixels(), |viewport| {
            image
                .pixels()
                .min(u64::from(viewport.width) * u64::from(viewport.height))
        });
    if frames > CINE_FRAMES || size.saturating_mul(frames.into()) > CINE_PIXELS {
        return Err(Error::not_acceptable(format!(
            "{frames} frames of {} × {} are too much for one GIF; ask for a smaller viewport, or \
             for frames",
            image.columns, image.rows
        )));
    }
    let mut shared = parameters.options.clone();
    shared.default_range = common_range(reader, &header, frames).await?;
    let mut pictures = Vec::new();
    for frame in 0..frames {
        let pixels = reader.decoded_frame(frame).await?;
        let (header, options) = (header.clone(), shared.clone());
        let masks = Box::pin(Masks::of(reader, frame.saturating_add(1), &options)).await?;
        pictures.push(drawn(header, frame, pixels, masks, options).await?);
    }
    let delays = output::frame_delays(&header, pictures.len());
    let make = move || output::gif(&pictures, &delays).map_err(refused);
    Ok(blocking(make).await??.into())
}

/// The values that the frames of a cine have together, after some of them: so that it does not
/// flicker where the object gives no window.
async fn common_range(
    reader: &InstanceReader,
    header: &Arc<DataSet>,
    frames: u32,
) -> Result<Option<(f64, f64)>> {
    const LOOKED_AT: u32 = 8;
    let mut common: Option<(f64, f64)> = None;
    for frame in (0..frames).step_by(frames.div_ceil(LOOKED_AT).max(1) as usize) {
        let pixels = reader.decoded_frame(frame).await?;
        let header = header.clone();
        let make = move || default_range(&header, frame.saturating_add(1), &pixels);
        common = match (common, blocking(make).await?) {
            (Some((low, high)), Some((least, most))) => Some((low.min(least), high.max(most))),
            (known, found) => known.or(found),
        };
    }
    Ok(common)
}

async fn drawn(
    header: Arc<DataSet>,
    frame: u32,
    pixels: Arc<Frame>,
    masks: Option<Masks>,
    options: Options,
) -> Result<Picture> {
    let number = frame.saturating_add(1);
    let make = move || match masks {
        Some(masks) => masks.draw(&header, number, &options),
        None => render(&header, number, &pixels, &options),
    };
    blocking(make).await?.map_err(refused)
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Internal(error.to_string()))
}

/// What cannot be drawn is not acceptable; the instance itself can still be had.
pub(super) fn refused(error: sagittal_pixel::Error) -> Error {
    Error::from(sagittal_archive::Error::from(error))
}

/// The first image that a presentation state is for, and which of its frames (from 0).
async fn image_of(state: &WebState, header: &DataSet) -> Result<(InstanceRef, u32)> {
    let references = header
        .items(tags::REFERENCED_SERIES_SEQUENCE)
        .iter()
        .flat_map(|series| series.items(tags::REFERENCED_IMAGE_SEQUENCE));
    let mut missing = None;
    for reference in references {
        let Some(uid) = reference
            .first_text(tags::REFERENCED_SOP_INSTANCE_UID)
            .and_then(|uid| Uid::tolerant(&uid).ok())
        else {
            continue;
        };
        let frame = reference
            .int(tags::REFERENCED_FRAME_NUMBER)
            .and_then(|frame| u32::try_from(frame).ok())
            .unwrap_or(1);
        match state.archive.instance(None, None, &uid).await {
            Ok(instance) if Kind::of(&instance) == Kind::Image => {
                return Ok((instance, frame.saturating_sub(1)));
            }
            _ => missing = Some(uid),
        }
    }
    Err(Error::not_acceptable(match missing {
        Some(uid) => format!("the image {uid} that the presentation state is for is not here"),
        None => "the presentation state is for no image".to_owned(),
    }))
}

//! Blending presentation states (PS3.4 §N.2.4, §N.2.6): one picture of several images.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use sagittal_archive::retrieve::{InstanceReader, InstanceRef, Selector};
use sagittal_core::{DataSet, Uid};
use sagittal_pixel::Frame;
use sagittal_pixel::render::{Blending, BlendingInput, Layer, Slice};

use super::kind::Kind;
use super::picture::{encode, refused};
use super::{Parameters, Subject};
use crate::error::{Error, Result};
use crate::state::WebState;

/// Images of an input that are looked at.
const IMAGES: usize = 2_000;
/// Headers read ahead.
const AHEAD: usize = 4;

/// An image of an input; of several frames, the one in the middle.
struct Chosen {
    reader: InstanceReader,
    header: Arc<DataSet>,
    /// From 0.
    frame: u32,
    slice: Option<Slice>,
}

/// The picture of the image in the middle of the first input, with those of the others that lie
/// nearest to it.
pub(super) async fn draw(
    state: &WebState,
    subject: &Subject,
    header: &Arc<DataSet>,
    blending: Blending,
    media_type: &'static str,
    parameters: &Parameters,
) -> Result<Bytes> {
    let mut chosen: Vec<Chosen> = Vec::new();
    for input in blending.inputs() {
        let images = images(state, input).await?;
        let found = match chosen.first() {
            None => middle(state, &images).await?,
            Some(first) => nearest(state, &images, first).await?,
        };
        chosen.push(found);
    }
    let Some(first) = chosen.first() else {
        return Err(Error::not_acceptable(
            "the presentation state blends nothing",
        ));
    };
    let mut layers: Vec<(Arc<DataSet>, u32, Arc<Frame>)> = Vec::new();
    for one in &chosen {
        let frame = one.reader.decoded_frame(one.frame).await?;
        layers.push((one.header.clone(), one.frame.saturating_add(1), frame));
    }
    let options = parameters.options.clone();
    let form = format!(
        "blended {media_type} {} {}",
        parameters.key(),
        subject.instance.sop_instance_uid
    );
    let state_header = header.clone();
    let draw = move |_: &DataSet, _: &Frame| {
        let layers: Vec<Layer<'_>> = layers
            .iter()
            .map(|(header, frame_number, frame)| Layer {
                header,
                frame_number: *frame_number,
                frame,
            })
            .collect();
        let picture = blending.render(&state_header, &layers, &options);
        encode(&picture.map_err(refused)?, media_type)
    };
    Box::pin(first.reader.picture(first.frame, form, draw)).await
}

/// The images of an input that are here.
async fn images(state: &WebState, input: &BlendingInput) -> Result<Vec<InstanceRef>> {
    let uids = |texts: &[String]| -> Vec<Uid> {
        let uids = texts.iter().filter_map(|text| Uid::tolerant(text).ok());
        uids.take(IMAGES).collect()
    };
    let selector = Selector {
        series_instance_uids: uids(&input.series),
        sop_instance_uids: uids(&input.images),
        ..Selector::default()
    };
    if selector.series_instance_uids.is_empty() && selector.sop_instance_uids.is_empty() {
        return Err(Error::not_acceptable(
            "an input of the blending names no images",
        ));
    }
    let mut images = state.archive.instances(&selector).await?;
    images.retain(|instance| Kind::of(instance) == Kind::Image);
    images.truncate(IMAGES);
    if images.is_empty() {
        let series = input.series.first().map_or("", String::as_str);
        return Err(Error::not_acceptable(format!(
            "the images of series {series} that the presentation state blends are not here"
        )));
    }
    Ok(images)
}

async fn open(state: &WebState, instance: &InstanceRef) -> Result<Chosen> {
    let frame = instance.number_of_frames / 2;
    let reader = state.archive.open_instance(instance.clone()).await?;
    let header = reader.header().await?;
    let mut image = reader.image_pixel().await?;
    // Colors have places, too.
    image.samples_per_pixel = 1;
    let slice = Slice::of(&header, frame.saturating_add(1), &image).ok();
    Ok(Chosen {
        reader,
        header,
        frame,
        slice,
    })
}

async fn middle(state: &WebState, images: &[InstanceRef]) -> Result<Chosen> {
    match images.get(images.len() / 2) {
        Some(instance) => open(state, instance).await,
        None => Err(Error::not_acceptable("there are no images to be blended")),
    }
}

/// The image whose middle is nearest to the plane of another; without places, the middle one.
async fn nearest(state: &WebState, images: &[InstanceRef], to: &Chosen) -> Result<Chosen> {
    let Some(plane) = &to.slice else {
        return middle(state, images).await;
    };
    let mut best: Option<(f64, Chosen)> = None;
    let mut opened = stream::iter(images.to_vec())
        .map(|instance| {
            let state = state.clone();
            async move { open(&state, &instance).await }
        })
        .buffered(AHEAD);
    while let Some(one) = opened.next().await {
        let one = one?;
        let Some(slice) = &one.slice else { continue };
        let distance = plane.distance(slice);
        if best.as_ref().is_none_or(|(least, _)| distance < *least) {
            best = Some((distance, one));
        }
    }
    match best {
        Some((_, found)) => Ok(found),
        None => middle(state, images).await,
    }
}

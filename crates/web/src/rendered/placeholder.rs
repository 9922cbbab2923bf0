//! What stands for objects that are no images: the first words of a report, the traces of a
//! waveform, the title of a document; a plain icon where nothing else can be drawn. On that of a video it says what it is.

use bytes::Bytes;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_core::tags;
use sagittal_pixel::render::{
    Picture, Pixels, Viewport, document_sketch, report_sketch, waveform_sketch,
};

use super::kind::Kind;
use super::picture::{blocking, encode, refused};
use crate::error::Result;
use crate::state::WebState;

/// The most bytes of a data set that is read for a title.
const READ: u64 = 64 << 20;

/// A small picture of the first of the instances that says anything, else an icon.
pub(super) async fn sketch(
    state: &WebState,
    instances: &[InstanceRef],
    viewport: Viewport,
    media_type: &'static str,
) -> Result<Bytes> {
    let tells = |instance: &&InstanceRef| {
        let kind = Kind::of(instance);
        matches!(kind, Kind::Report | Kind::Waveform | Kind::Document(_))
    };
    if let Some(instance) = instances.iter().find(tells)
        && instance.locator.length <= READ
    {
        let header = state
            .archive
            .open_instance(instance.clone())
            .await?
            .header()
            .await?;
        let (kind, width, height) = (Kind::of(instance), viewport.width, viewport.height);
        let make = move || {
            let picture = match kind {
                Kind::Report => report_sketch(&header, width, height),
                Kind::Waveform => waveform_sketch(&header, width, height),
                _ => {
                    let title = header
                        .first_text(tags::DOCUMENT_TITLE)
                        .filter(|title| !title.is_empty())
                        .or_else(|| header.first_text(tags::SERIES_DESCRIPTION))
                        .unwrap_or_default();
                    document_sketch(document(kind), &title, width, height)
                }
            };
            encode(&picture.map_err(refused)?, media_type).map(Bytes::from)
        };
        if let Ok(picture) = blocking(make).await? {
            return Ok(picture);
        }
    }
    draw(instances, viewport, media_type)
}

/// What kind of document it is, for who reads it.
fn document(kind: Kind) -> &'static str {
    match kind {
        Kind::Document("application/pdf") => "PDF",
        Kind::Document("text/xml") => "CDA",
        Kind::Document("model/mtl") => "MTL",
        _ => "Document",
    }
}

/// A sheet of paper with lines for text, a triangle for a video, a curve for waveforms.
pub(super) fn draw(
    instances: &[InstanceRef],
    viewport: Viewport,
    media_type: &str,
) -> Result<Bytes> {
    let (width, height) = (
        viewport.width.clamp(16, 512),
        viewport.height.clamp(16, 512),
    );
    let kind = instances.first().map_or(Kind::Other, Kind::of);
    let mut pixels = Vec::with_capacity((width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            let at = |value: u32, whole: u32| (f64::from(value) + 0.5) / f64::from(whole);
            pixels.push(shade(kind, at(x, width), at(y, height)));
        }
    }
    let mut picture = Picture::new(width, height, Pixels::Grey8(pixels)).map_err(refused)?;
    if let (Kind::Video(own), Some(instance)) = (kind, instances.first()) {
        // Nobody shall take it for a frame of the video.
        let frames = instance.number_of_frames;
        picture.label(&[format!("{own}, {frames} frames"), "not decoded".to_owned()]);
    }
    encode(&picture, media_type).map(Bytes::from)
}

/// The grey of a place, both coordinates from 0 to 1.
fn shade(kind: Kind, x: f64, y: f64) -> u8 {
    const GROUND: u8 = 32;
    const LIGHT: u8 = 160;
    const INK: u8 = 90;
    let is_on_sheet = (0.25..0.75).contains(&x) && (0.15..0.85).contains(&y);
    match kind {
        Kind::Video(_) | Kind::Image => {
            let half = (x - 0.3) / 0.45 * 0.25;
            let is_inside = (0.3..0.75).contains(&x) && (y - 0.5).abs() < 0.25 - half;
            if is_inside { LIGHT } else { GROUND }
        }
        Kind::Waveform => {
            let curve = 0.5 - 0.25 * (x * std::f64::consts::TAU * 2.0).sin() * (x * 3.2).sin();
            if (y - curve).abs() < 0.03 {
                LIGHT
            } else {
                GROUND
            }
        }
        _ if is_on_sheet => {
            let is_line = (y * 14.0).fract() < 0.4 && (0.32..0.68).contains(&x) && y > 0.25;
            if is_line { INK } else { LIGHT }
        }
        _ => GROUND,
    }
}

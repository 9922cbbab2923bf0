//! A plain icon for what cannot be drawn. On that of a video it says what it is.

use bytes::Bytes;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_pixel::render::{Picture, Pixels, Viewport};

use super::kind::Kind;
use super::picture::refused;
use crate::error::Result;

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
    let bytes = match media_type {
        "image/png" => picture.to_png(),
        "image/gif" => picture.to_gif(),
        _ => picture.to_jpeg(),
    };
    Ok(bytes.map_err(refused)?.into())
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

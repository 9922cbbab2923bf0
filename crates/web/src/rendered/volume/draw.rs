//! Drawing a volume: one picture, or those of an animation.

use sagittal_pixel::render::{Picture, View, Volume, output};

use super::parameters::{Method, Style, VolumeParameters};
use crate::error::{Error, Result};
use crate::rendered::picture::{encode, refused};

/// The picture, or the pictures, in a media type.
pub(super) fn draw(
    parameters: &VolumeParameters,
    volume: &Volume,
    media_type: &str,
) -> Result<Vec<u8>> {
    let view = parameters.view(volume)?;
    let Some(animation) = &parameters.animation else {
        return encode(&one(parameters, volume, &view)?, media_type);
    };
    let count = animation.pictures();
    let mut pictures = Vec::new();
    for at in 0..count {
        let view = match &animation.style {
            Style::Swivel(range) => {
                let step = f64::from(animation.step);
                // The first view is in the middle of the range (PS3.3 §C.11.29).
                view.turned(f64::from(at) * step - range / 2.0)
            }
            Style::Curve(curve) => {
                let distance = f64::from(at) * f64::from(animation.step);
                let Some(across) = curve.view(distance, view.up()) else {
                    break;
                };
                across
            }
        };
        pictures.push(one(parameters, volume, &view)?);
    }
    level(&mut pictures)?;
    // A full turn begins again where it ends; less of one goes to and fro.
    if matches!(animation.style, Style::Swivel(range) if range < 360.0) {
        let inner = 1..pictures.len().saturating_sub(1);
        let back: Vec<Picture> = pictures.get(inner).unwrap_or_default().to_vec();
        pictures.extend(back.into_iter().rev());
    }
    // Hundredths of a second: at least 1, at most 1000.
    let delay = (100.0 / animation.rate).round().clamp(1.0, 1000.0) as u16;
    output::gif(&pictures, &[delay]).map_err(refused)
}

fn one(parameters: &VolumeParameters, volume: &Volume, view: &View) -> Result<Picture> {
    let (window, size) = (parameters.window, parameters.viewport);
    let picture = match parameters.method {
        Method::Shaded => volume.shaded(view, window, size),
        Method::Projected(projection) => {
            let thickness = parameters.thickness();
            volume.slab(view, thickness, projection, window, size)
        }
    };
    let mut picture = picture.map_err(refused)?;
    picture.quality = parameters.quality;
    Ok(picture)
}

/// A volume is seldom as wide from each side: all pictures get the size of the largest.
fn level(pictures: &mut [Picture]) -> Result<()> {
    let width = pictures.iter().map(|one| one.width).max().unwrap_or(0);
    let height = pictures.iter().map(|one| one.height).max().unwrap_or(0);
    for picture in pictures {
        *picture = picture.centered(width, height).ok_or_else(|| {
            Error::Internal("pictures of an animation have no common size".to_owned())
        })?;
    }
    Ok(())
}

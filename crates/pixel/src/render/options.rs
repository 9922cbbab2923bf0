//! What a caller may ask of a picture: the parameters of PS3.18 §8.3.5.1.

use sagittal_core::DataSet;

use super::{VoiFunction, Window};
use crate::{Error, Result};

/// The most pixels in a side of a picture.
pub const LARGEST_SIDE: u32 = 16_384;
/// The most pixels of a picture.
pub const LARGEST_PICTURE: u64 = 1 << 27;

/// How a frame is to be rendered. The default is the frame as it is stored, its own window,
/// shutters and overlays, in sRGB.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Replaces the windows and VOI LUTs of object and presentation state; not for color.
    pub window: Option<Window>,
    /// Which of the object's windows to use, from 0, where there are several.
    pub window_number: usize,
    /// Range of values (after the modality transformation) that is shown when neither caller nor
    /// object give a window: so that all frames of a cine share one. Otherwise the frame's own.
    pub default_range: Option<(f64, f64)>,
    /// Size and region.
    pub viewport: Option<Viewport>,
    /// Quality of lossy pictures, 1 to 100.
    pub quality: Option<u8>,
    /// Text burned in.
    pub annotation: Vec<Annotation>,
    /// Which color space colors are in.
    pub icc_profile: IccProfile,
    /// A presentation state to be applied; the caller has looked whether it refers to the frame.
    pub presentation_state: Option<DataSet>,
    /// Leave overlays (60xx) away.
    pub no_overlays: bool,
    /// Leave display shutters away.
    pub no_shutters: bool,
    /// Keep one picture element for a stored pixel even if pixels are no squares.
    pub keep_pixels: bool,
}

/// `annotation`, PS3.18 §8.3.5.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annotation {
    /// Whom and when the picture shows.
    Patient,
    /// How it was made and how it is shown.
    Technique,
}

impl Annotation {
    /// Reads a comma list; words that are unknown are refused.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn parse_list(text: &str) -> Result<Vec<Annotation>> {
        text.split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(|word| match word {
                "patient" => Ok(Annotation::Patient),
                "technique" => Ok(Annotation::Technique),
                _ => Err(wrong("annotation", "takes patient and technique")),
            })
            .collect()
    }
}

/// `iccprofile`, PS3.18 §8.3.5.1.5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IccProfile {
    /// sRGB, no profile in the picture.
    #[default]
    No,
    /// Colors as stored, with the profile of the object.
    Yes,
    /// sRGB, with its profile.
    Srgb,
    /// Adobe RGB (1998), with its profile.
    AdobeRgb,
    /// ROMM RGB (ProPhoto), with its profile.
    RommRgb,
    /// Display P3, with its profile.
    DisplayP3,
}

impl IccProfile {
    /// Reads the parameter.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn parse(text: &str) -> Result<IccProfile> {
        match text {
            "no" => Ok(IccProfile::No),
            "yes" => Ok(IccProfile::Yes),
            "srgb" => Ok(IccProfile::Srgb),
            "adobergb" => Ok(IccProfile::AdobeRgb),
            "rommrgb" => Ok(IccProfile::RommRgb),
            "displayp3" => Ok(IccProfile::DisplayP3),
            _ => Err(wrong(
                "iccprofile",
                "takes no, yes, srgb, adobergb, rommrgb and displayp3",
            )),
        }
    }
}

/// `quality`, PS3.18 §8.3.5.1.2: 1 to 100.
///
/// # Errors
/// [`Error::Parameter`].
pub fn parse_quality(text: &str) -> Result<u8> {
    text.trim()
        .parse()
        .ok()
        .filter(|quality| (1..=100).contains(quality))
        .ok_or(wrong("quality", "takes a whole number from 1 to 100"))
}

/// `window`, PS3.18 §8.3.5.1.4: center, width and function.
///
/// # Errors
/// [`Error::Parameter`].
pub fn parse_window(text: &str) -> Result<Window> {
    const FORM: &str = "takes center,width,function";
    let mut parts = text.split(',').map(str::trim);
    let center = number("window", parts.next(), FORM)?;
    let width = number("window", parts.next(), FORM)?;
    let function = match parts.next() {
        None | Some("linear" | "LINEAR") => VoiFunction::Linear,
        Some("linear-exact" | "LINEAR_EXACT") => VoiFunction::LinearExact,
        Some("sigmoid" | "SIGMOID") => VoiFunction::Sigmoid,
        Some(_) => {
            return Err(wrong(
                "window",
                "the function is linear, linear-exact or sigmoid",
            ));
        }
    };
    if parts.next().is_some() {
        return Err(wrong("window", FORM));
    }
    Window::new(center, width, function).ok_or(wrong(
        "window",
        "the width is at least 1 (linear) or above 0",
    ))
}

/// `viewport`, PS3.18 §8.3.5.1.3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Most columns of the picture.
    pub width: u32,
    /// Most rows of the picture.
    pub height: u32,
    /// The part of the source image that is shown; the whole if absent.
    pub region: Option<Region>,
}

/// Part of a source image, in its pixels from the top left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Columns; to the right edge of the image if absent. Below 0: mirrored left to right.
    pub width: Option<f64>,
    /// Rows; to the lower edge if absent. Below 0: mirrored top to bottom.
    pub height: Option<f64>,
}

impl Viewport {
    /// A size that the picture has to fit into.
    ///
    /// # Errors
    /// [`Error::Parameter`] for sides of 0 or more than 16384.
    pub fn size(width: u32, height: u32) -> Result<Viewport> {
        let fits = |side| (1..=LARGEST_SIDE).contains(&side);
        if !fits(width) || !fits(height) || u64::from(width) * u64::from(height) > LARGEST_PICTURE {
            return Err(wrong(
                "viewport",
                "sides are 1 to 16384, their product at most 134217728",
            ));
        }
        Ok(Viewport {
            width,
            height,
            region: None,
        })
    }

    /// Reads `vw,vh[,sx,sy,sw,sh]`; parts of the region may be empty.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn parse(text: &str) -> Result<Viewport> {
        const FORM: &str = "takes vw,vh or vw,vh,sx,sy,sw,sh";
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let (width, height, rest) = match parts.as_slice() {
            [width, height, rest @ ..] if rest.len() <= 4 => (*width, *height, rest),
            _ => return Err(wrong("viewport", FORM)),
        };
        let side = |part: &str| part.parse().map_err(|_| wrong("viewport", FORM));
        let mut viewport = Viewport::size(side(width)?, side(height)?)?;
        let optional = |at: usize| match rest.get(at) {
            None | Some(&"") => Ok(None),
            part => number("viewport", part.copied(), FORM).map(Some),
        };
        let region = Region {
            x: optional(0)?.unwrap_or(0.0),
            y: optional(1)?.unwrap_or(0.0),
            width: optional(2)?,
            height: optional(3)?,
        };
        if region.width == Some(0.0) || region.height == Some(0.0) {
            return Err(wrong("viewport", "a region has at least a part of a pixel"));
        }
        if !rest.is_empty() {
            viewport.region = Some(region);
        }
        Ok(viewport)
    }
}

fn number(parameter: &'static str, text: Option<&str>, form: &'static str) -> Result<f64> {
    text.and_then(|text| text.parse::<f64>().ok())
        .filter(|number| number.is_finite() && number.abs() < 1e12)
        .ok_or(wrong(parameter, form))
}

pub(super) fn wrong(parameter: &'static str, reason: &'static str) -> Error {
    Error::Parameter {
        parameter,
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_viewport_is_a_size_and_perhaps_a_region() {
        let viewport = Viewport::parse("100,50").unwrap();
        assert_eq!(viewport, Viewport::size(100, 50).unwrap());
        let viewport = Viewport::parse("100,50,10,,-20.5,30").unwrap();
        assert_eq!(
            viewport.region,
            Some(Region {
                x: 10.0,
                y: 0.0,
                width: Some(-20.5),
                height: Some(30.0)
            })
        );
    }

    #[test]
    fn viewports_that_cannot_be_are_refused() {
        for text in [
            "",
            "1",
            "0,5",
            "5,-1",
            "a,b",
            "1,2,3,4,5,6,7",
            "99999,2",
            "9,9,0,0,0,1",
            "9,9,inf,0",
            "16384,16384",
        ] {
            assert!(Viewport::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_window_needs_center_and_width() {
        let window = parse_window("40,400,sigmoid").unwrap();
        assert_eq!(window.function, VoiFunction::Sigmoid);
        for text in [
            "",
            "40",
            "40,0,linear",
            "40,0.5,linear",
            "nan,1,linear",
            "1,2,cubic",
            "1,2,linear,3",
        ] {
            assert!(parse_window(text).is_err(), "{text}");
        }
        assert!(parse_window("0.5,0.25,linear-exact").is_ok());
    }

    #[test]
    fn quality_annotation_and_profile_take_their_words_only() {
        assert_eq!(parse_quality("1").unwrap(), 1);
        assert!(parse_quality("0").is_err() && parse_quality("101").is_err());
        assert_eq!(
            Annotation::parse_list("technique,patient").unwrap(),
            [Annotation::Technique, Annotation::Patient]
        );
        assert!(Annotation::parse_list("patient,institution").is_err());
        assert_eq!(IccProfile::parse("srgb").unwrap(), IccProfile::Srgb);
        assert!(IccProfile::parse("cmyk").is_err());
    }
}

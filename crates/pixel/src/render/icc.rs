//! Color spaces: the object's ICC profile → the one that is asked for (PS3.18 §8.3.5.1.5).

use std::sync::Arc;

use bytes::Bytes;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::{IccProfile, Picture, Pixels};

/// Larger profiles are left aside.
const LARGEST_PROFILE: usize = 4 << 20;

/// Brings a color picture into the color space that is asked for.
pub(super) fn convert(picture: &mut Picture, source: Option<&Bytes>, wanted: IccProfile) {
    let source = source.filter(|profile| {
        let fits = profile.len() <= LARGEST_PROFILE;
        if !fits {
            picture
                .notes
                .push("the ICC profile is too large and was left aside");
        }
        fits
    });
    let target = match wanted {
        IccProfile::Yes => {
            picture.icc_profile = match source {
                Some(profile) => Some(profile.as_ref().into()),
                None => encode(&ColorProfile::new_srgb()),
            };
            return;
        }
        IccProfile::No | IccProfile::Srgb => ColorProfile::new_srgb(),
        IccProfile::AdobeRgb => ColorProfile::new_adobe_rgb(),
        IccProfile::RommRgb => ColorProfile::new_pro_photo_rgb(),
        IccProfile::DisplayP3 => ColorProfile::new_display_p3(),
    };
    let source = match source.map(|bytes| ColorProfile::new_from_slice(bytes)) {
        Some(Ok(profile)) if profile.color_space == DataColorSpace::Rgb => profile,
        Some(_) => {
            picture
                .notes
                .push("the ICC profile cannot be used: colors are taken as sRGB");
            ColorProfile::new_srgb()
        }
        // Colors without profile are taken as sRGB.
        None if matches!(wanted, IccProfile::No | IccProfile::Srgb) => {
            if wanted == IccProfile::Srgb {
                picture.icc_profile = encode(&target);
            }
            return;
        }
        None => ColorProfile::new_srgb(),
    };
    let Pixels::Rgb8(pixels) = &picture.pixels else {
        return;
    };
    let transform = source.create_transform_8bit(
        Layout::Rgb,
        &target,
        Layout::Rgb,
        TransformOptions::default(),
    );
    let mut out = vec![0; pixels.len()];
    match transform.and_then(|transform| transform.transform(pixels, &mut out)) {
        Ok(()) => picture.pixels = Pixels::Rgb8(out),
        Err(_) => {
            picture
                .notes
                .push("the ICC profile cannot be applied: colors are as stored");
            return;
        }
    }
    if wanted != IccProfile::No {
        picture.icc_profile = encode(&target);
    }
}

fn encode(profile: &ColorProfile) -> Option<Arc<[u8]>> {
    profile.encode().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn picture() -> Picture {
        let pixels = vec![200, 30, 30, 10, 200, 10, 128, 128, 128];
        Picture::new(3, 1, Pixels::Rgb8(pixels)).unwrap()
    }

    #[test]
    fn colors_without_profile_stay() {
        let mut converted = picture();
        convert(&mut converted, None, IccProfile::No);
        assert_eq!(converted, picture());
        convert(&mut converted, None, IccProfile::Srgb);
        assert!(converted.icc_profile.is_some());
        assert_eq!(converted.pixels, picture().pixels);
    }

    #[test]
    fn a_wide_color_space_is_brought_to_srgb() {
        let profile: Bytes = ColorProfile::new_adobe_rgb().encode().unwrap().into();
        let mut converted = picture();
        convert(&mut converted, Some(&profile), IccProfile::No);
        let Pixels::Rgb8(pixels) = &converted.pixels else {
            unreachable!()
        };
        // The same numbers are more saturated in Adobe RGB; grey stays grey.
        assert!(pixels[0] > 225, "{pixels:?}");
        assert!(pixels[6].abs_diff(128) <= 2 && pixels[6].abs_diff(pixels[8]) <= 1);
        let mut kept = picture();
        convert(&mut kept, Some(&profile), IccProfile::Yes);
        assert_eq!(kept.pixels, picture().pixels);
        assert_eq!(kept.icc_profile.as_deref(), Some(profile.as_ref()));
    }

    #[test]
    fn a_broken_profile_is_noted_and_left_aside() {
        let mut converted = picture();
        convert(
            &mut converted,
            Some(&Bytes::from_static(b"no profile")),
            IccProfile::No,
        );
        assert_eq!(converted.pixels, picture().pixels);
        assert_eq!(converted.notes.len(), 1);
    }
}

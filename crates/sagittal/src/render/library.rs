//! All files of one call: where presentation states find the images that they are for.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context as _, bail};
use rayon::prelude::*;
use sagittal_core::{DataSet, tags};
use sagittal_pixel::ImagePixel;
use sagittal_pixel::render::{Blending, BlendingInput, Layer, Picture, Slice};

use super::{Plan, Source};

/// Files that may refer to each other.
#[derive(Debug, Default)]
pub struct Library {
    paths: Vec<PathBuf>,
    by_uid: OnceLock<HashMap<String, PathBuf>>,
}

impl Library {
    /// Of these files; they are looked at when one refers to another.
    pub fn of(paths: Vec<PathBuf>) -> Library {
        Library {
            paths,
            by_uid: OnceLock::new(),
        }
    }

    /// The file with an instance.
    pub fn find(&self, sop_instance_uid: &str) -> Option<&PathBuf> {
        let read = || {
            let uid_of = |path: &PathBuf| {
                let source = Source::open(path).ok()?;
                let uid = source.header.first_text(tags::SOP_INSTANCE_UID)?;
                Some((uid, path.clone()))
            };
            self.paths.par_iter().filter_map(uid_of).collect()
        };
        self.by_uid.get_or_init(read).get(sop_instance_uid)
    }

    /// The images that a presentation state is for, as far as they are here, shown as it says.
    pub(super) fn as_it_says(
        &self,
        plan: &Plan,
        state: &Source,
    ) -> anyhow::Result<Vec<(u32, Picture)>> {
        if let Some(blending) = Blending::read(&state.header) {
            return Ok(vec![(1, self.blended(plan, state, &blending)?)]);
        }
        let mut pictures = Vec::new();
        let mut missing = None;
        for uid in references(&state.header) {
            let Some(path) = self.find(&uid) else {
                missing = missing.or(Some(uid));
                continue;
            };
            let image = Source::open(path)?;
            if image.is_presentation_state() || image.frames() == 0 {
                continue;
            }
            let mut plan = plan.clone();
            plan.options.presentation_state = Some(state.header.clone());
            let drawn = plan.pictures(&image, self);
            for (_, picture) in drawn.with_context(|| format!("image {uid}"))? {
                // Numbered through: they are of several images.
                let number = u32::try_from(pictures.len()).unwrap_or(u32::MAX);
                pictures.push((number.saturating_add(1), picture));
            }
        }
        match (pictures.is_empty(), missing) {
            (true, Some(uid)) => {
                bail!("it says how the image {uid} is shown, which is not among the files")
            }
            (true, None) => bail!("it is a presentation state for no image"),
            _ => Ok(pictures),
        }
    }
}

impl Library {
    /// One picture of an image of each input: the middle one of the first, and the nearest to it.
    fn blended(&self, plan: &Plan, state: &Source, blending: &Blending) -> anyhow::Result<Picture> {
        let mut chosen: Vec<(Source, u32)> = Vec::new();
        for input in blending.inputs() {
            let mut images = self.images(input);
            if images.is_empty() {
                let series = input.series.first().map_or("", String::as_str);
                bail!("it blends images of series {series}, which are not among the files");
            }
            let place = |source: &Source| {
                let frame = source.frames() / 2 + 1;
                let mut image = ImagePixel::of(&source.header).ok()?;
                // Colors have places, too.
                image.samples_per_pixel = 1;
                Slice::of(&source.header, frame, &image).ok()
            };
            let plane = chosen.first().and_then(|(first, _)| place(first));
            let at = match plane {
                None => images.len() / 2,
                Some(plane) => {
                    let distance = |source: &Source| {
                        place(source).map_or(f64::INFINITY, |slice| plane.distance(&slice))
                    };
                    let distances: Vec<f64> = images.iter().map(distance).collect();
                    let nearest = (0..images.len()).min_by(|&a, &b| {
                        let of = |at: usize| distances.get(at).copied().unwrap_or(f64::INFINITY);
                        of(a).total_cmp(&of(b))
                    });
                    nearest.unwrap_or(0)
                }
            };
            let image = images.swap_remove(at);
            let frame = image.frames() / 2 + 1;
            chosen.push((image, frame));
        }
        let mut frames = Vec::new();
        for (image, number) in &chosen {
            frames.push(image.frame(*number)?);
        }
        let layers: Vec<Layer<'_>> = chosen
            .iter()
            .zip(&frames)
            .map(|((image, number), frame)| Layer {
                header: &image.header,
                frame_number: *number,
                frame,
            })
            .collect();
        Ok(blending.render(&state.header, &layers, &plan.options)?)
    }

    /// The images of an input that are among the files, by instance number.
    fn images(&self, input: &BlendingInput) -> Vec<Source> {
        let belongs = |source: &Source| {
            let is_named = |tag, names: &[String]| {
                let uid = source.header.first_text(tag);
                uid.is_some_and(|uid| names.contains(&uid))
            };
            source.frames() > 0
                && is_named(tags::SERIES_INSTANCE_UID, &input.series)
                && (input.images.is_empty() || is_named(tags::SOP_INSTANCE_UID, &input.images))
        };
        let opened = self.paths.iter().filter_map(|path| Source::open(path).ok());
        let mut images: Vec<Source> = opened.filter(belongs).collect();
        images.sort_by_key(|image| image.header.int(tags::INSTANCE_NUMBER).unwrap_or(0));
        images
    }
}

/// SOP Instance UIDs of the images that a state refers to, each once.
fn references(state: &DataSet) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let images = state
        .items(tags::REFERENCED_SERIES_SEQUENCE)
        .iter()
        .flat_map(|series| series.items(tags::REFERENCED_IMAGE_SEQUENCE));
    for image in images {
        if let Some(uid) = image.first_text(tags::REFERENCED_SOP_INSTANCE_UID)
            && !found.contains(&uid)
        {
            found.push(uid);
        }
    }
    found
}

//! All files of one call: where presentation states find the images that they are for.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context as _, bail};
use rayon::prelude::*;
use sagittal_core::{DataSet, tags};
use sagittal_pixel::render::Picture;

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

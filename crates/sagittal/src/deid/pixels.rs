//! What cleans pixels in a run: catalogues, Tesseract, and faces, of which a series tells as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use sagittal_core::{DataSet, Limits};
use sagittal_deid::Policy;
use sagittal_deid::deface::{Faces, SeriesFace, SliceRef};
use sagittal_deid::pixels::{Ocr, PixelCleaner, TextDetector};
use sagittal_file::part10;

use super::ocr::Tesseract;
use super::scan::Scan;

/// Gathers all that the policy wants.
///
/// # Errors
/// When a catalogue cannot be read, or OCR is required and there is none.
pub fn cleaner(
    policy: &Policy,
    profile: Option<&Path>,
    scan: &Scan,
    told: impl FnMut(&DataSet, &SeriesFace) -> anyhow::Result<()>,
) -> anyhow::Result<PixelCleaner> {
    let mut cleaner = PixelCleaner::new(policy.pixels.clone());
    let folder = profile.and_then(Path::parent).unwrap_or(Path::new(""));
    for name in &policy.pixels.catalogues {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the catalogue {}", path.display()))?;
        cleaner.catalogue.extend(name, &text)?;
    }
    let is_on = policy.options.clean_pixel_data && policy.pixels.ocr != Ocr::Off;
    if is_on {
        let found = Tesseract::find(None);
        if found.is_none() && policy.pixels.ocr == Ocr::Require {
            bail!("the profile requires OCR, and there is no `tesseract`; install it");
        }
        cleaner.detector = found.map(|found| Arc::new(found) as Arc<dyn TextDetector>);
    }
    if policy.options.clean_recognizable_visual_features {
        cleaner.faces = Some(Arc::new(faces(policy, scan, told)?));
    }
    Ok(cleaner)
}

/// Looks at every series of CT and MR. Of a series that cannot be dealt with nothing is known, and
/// its instances are refused.
fn faces(
    policy: &Policy,
    scan: &Scan,
    mut told: impl FnMut(&DataSet, &SeriesFace) -> anyhow::Result<()>,
) -> anyhow::Result<Faces> {
    let mut faces = Faces::default();
    for files in scan.series.values() {
        let read = |path: &PathBuf| {
            let bytes = Bytes::from(std::fs::read(path).ok()?);
            let file = part10::read(&bytes, Limits::default()).ok()?;
            Some((file.data_set, file.opening.transfer_syntax_uid))
        };
        let instances: Vec<_> = files.iter().filter_map(read).collect();
        let slices: Vec<SliceRef<'_>> = instances
            .iter()
            .map(|(data_set, uid)| SliceRef {
                data_set,
                transfer_syntax: uid.as_str(),
            })
            .collect();
        let found = faces.add(&slices, &policy.pixels.deface);
        if let (Ok(face), Some(slice)) = (found, slices.first()) {
            told(slice.data_set, &face)?;
        }
    }
    Ok(faces)
}

//! Pictures for the report: small, and of outputs only.
//!
//! A picture from before shows what was removed, be it text or a face. The report is for readers
//! who must not see that, so it has the outputs alone, regions outlined. If a policy asks for
//! pictures from before (`pixels.before_pictures`), they go beside the report, into `before/`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sagittal_deid::Output;
use sagittal_deid::deface::Measured;
use sagittal_deid::pixels::PixelReport;

use super::private;
use crate::Result;

const FOLDER: &str = "pictures";
const BEFORE: &str = "before";
/// Of one study.
const OF_STUDY: usize = 6;
/// Larger ones are left out.
const LARGEST: usize = 1 << 20;
/// Rules that a caption names.
const NAMED: usize = 4;

/// Puts pictures into the work folder, a few of each study.
pub(super) struct Pictures {
    work: PathBuf,
    studies: HashMap<String, usize>,
}

impl Pictures {
    pub(super) fn new(work: &Path) -> Pictures {
        Pictures {
            work: work.to_owned(),
            studies: HashMap::new(),
        }
    }

    /// Of a frame with blanked regions.
    pub(super) fn of_pixels(
        &mut self,
        output: &Output,
        study: &str,
        report: &PixelReport,
    ) -> Result<()> {
        let Some(pictures) = &report.pictures else {
            return Ok(());
        };
        let instance = output.meta.sop_instance_uid.as_str();
        let name = format!("{instance}-{}", pictures.frame);
        let rules: Vec<String> = report
            .rules
            .iter()
            .take(NAMED)
            .map(|rule| match rule.rectangles.as_slice() {
                [one] => format!(
                    "{} ({} × {} at {}, {})",
                    rule.source, one.width, one.height, one.x, one.y
                ),
                many => format!("{} ({} rectangles)", rule.source, many.len()),
            })
            .collect();
        let caption = format!(
            "Instance {instance}, frame {}: blanked, outlined in red: {}",
            pictures.frame,
            rules.join("; ")
        );
        self.put(
            study,
            &name,
            &pictures.after,
            pictures.before.as_deref(),
            &caption,
        )
    }

    /// Of a head whose face was removed.
    pub(super) fn of_face(
        &mut self,
        study: &str,
        series: &str,
        after: &[u8],
        before: Option<&[u8]>,
        measured: &Measured,
    ) -> Result<()> {
        let caption = format!(
            "Series {series}: face removed, seen from the front. {:.0} cm², of which {:.0} % moved \
             back by 5 mm or more, {:.1} mm on the average",
            measured.face_cm2,
            measured.moved_5mm * 100.0,
            measured.mean_mm
        );
        let name = format!("{series}-face");
        self.put(study, &name, after, before, &caption)
    }

    fn put(
        &mut self,
        study: &str,
        name: &str,
        after: &[u8],
        before: Option<&[u8]>,
        caption: &str,
    ) -> Result<()> {
        let safe = |text: &str| -> String {
            let is_safe = |c: &char| c.is_ascii_alphanumeric() || ".-".contains(*c);
            text.chars().filter(is_safe).take(80).collect()
        };
        let study = safe(study);
        if study.trim_matches('.').is_empty() || after.is_empty() || after.len() > LARGEST {
            return Ok(());
        }
        let folder = self.work.join(FOLDER).join(&study);
        let count = self
            .studies
            .entry(study.clone())
            .or_insert_with(|| of_folder(&folder).len());
        if *count >= OF_STUDY {
            return Ok(());
        }
        *count += 1;
        let name = safe(name);
        private::folder(&folder)?;
        private::write(&folder.join(format!("{name}.txt")), caption.as_bytes())?;
        private::write(&folder.join(format!("{name}.png")), after)?;
        if let Some(before) = before {
            let folder = self.work.join(BEFORE).join(&study);
            private::folder(&folder)?;
            private::write(&folder.join(format!("{name}.png")), before)?;
        }
        Ok(())
    }
}

/// The pictures of a study with their captions, in order of their names.
pub(super) fn of_study(work: &Path, study: &str) -> Vec<(Vec<u8>, String)> {
    let read = |path: PathBuf| {
        let caption = std::fs::read_to_string(path.with_extension("txt")).ok()?;
        Some((std::fs::read(path).ok()?, caption))
    };
    let found = of_folder(&work.join(FOLDER).join(study));
    found.into_iter().filter_map(read).collect()
}

fn of_folder(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_picture = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "png");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.retain(is_picture);
    found.sort();
    found
}

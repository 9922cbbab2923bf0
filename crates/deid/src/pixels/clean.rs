//! The Clean Pixel Data Option as a whole (PS3.15 §E.3.1): rules, ultrasound regions, OCR, blanking,
//! and what becomes of images that nothing covers.

use std::sync::Arc;

use sagittal_core::{DataSet, tags};
use serde::Serialize;

use super::blank::{Blanked, blank};
use super::catalogue::{Catalogue, DeviceAction};
use super::detect::{Looked, TextDetector, look};
use super::frames::Frames;
use super::picture::{self, Pictures};
use super::policy::{Ocr, OcrScope, PixelPolicy, Unknown, Whole};
use super::region::{Region, Source, spans};
use super::shape::Rectangle;
use super::suspicion::suspicion;
use super::ultrasound;
use crate::deface::{Faces, InstanceFace};
use crate::text::Cleaner;
use crate::{Error, Result};

/// Cleans pixels by a policy. Shared by the threads of a run.
#[derive(Clone)]
pub struct PixelCleaner {
    /// The policy.
    pub policy: PixelPolicy,
    /// Devices.
    pub catalogue: Catalogue,
    /// Finds text, if there is such a thing.
    pub detector: Option<Arc<dyn TextDetector>>,
    /// What is known of faces: series are looked at before their instances are cleaned.
    pub faces: Option<Arc<Faces>>,
}

/// A rule that had a say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Applied {
    /// Which.
    #[serde(flatten)]
    pub source: Source,
    /// What it covers of the first frame that it is for.
    pub rectangles: Vec<Rectangle>,
}

/// What was found about an image, in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There are no pixels.
    NoPixels,
    /// Nothing makes one think that there is text.
    NotSuspect,
    /// Rules or OCR have seen to it.
    Cleaned,
    /// It may have text, and the policy keeps it all the same.
    KeptUnknown,
}

/// What was done to the pixels of one instance. Nothing in it says what a text said, except
/// [`Looked::texts`] and the pictures from before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PixelReport {
    /// The end of it.
    pub verdict: Verdict,
    /// Why text may be burned in.
    pub suspicion: Option<&'static str>,
    /// Rules that had a say.
    pub rules: Vec<Applied>,
    /// What OCR did.
    pub looked: Option<Looked>,
    /// What was blanked.
    pub blanked: Blanked,
    /// Burned In Annotation (0028,0301) was set to NO.
    pub marked: bool,
    /// For the report.
    #[serde(skip)]
    pub pictures: Option<Pictures>,
}

impl PixelReport {
    fn new(verdict: Verdict) -> PixelReport {
        PixelReport {
            verdict,
            suspicion: None,
            rules: Vec::new(),
            looked: None,
            blanked: Blanked::default(),
            marked: false,
            pictures: None,
        }
    }
}

/// What rules say of an image.
#[derive(Default)]
struct Ruling {
    regions: Vec<Region>,
    /// A rule says that there is nothing else.
    is_covered: bool,
}

impl PixelCleaner {
    /// With the catalogue that comes with the engine, if the policy wants it, and no detector.
    pub fn new(policy: PixelPolicy) -> PixelCleaner {
        PixelCleaner {
            catalogue: match policy.shipped_catalogue {
                true => Catalogue::shipped(),
                false => Catalogue::empty(),
            },
            policy,
            detector: None,
            faces: None,
        }
    }

    /// Removes the face from an instance of a series that was looked at. Instances of which nothing
    /// is known are [`InstanceFace::NotHead`] unless they are slices of CT or MR, or photographs.
    ///
    /// # Errors
    /// As of [`Faces::apply`].
    pub fn deface(&self, data_set: &mut DataSet, transfer_syntax: &str) -> Result<InstanceFace> {
        let fate = match &self.faces {
            Some(faces) => faces.apply(data_set, transfer_syntax)?,
            None => InstanceFace::Unknown,
        };
        let may_show_faces = || {
            let modality = data_set.first_text(tags::MODALITY).unwrap_or_default();
            let class = data_set.first_text(tags::SOP_CLASS_UID).unwrap_or_default();
            let is_photograph = class.starts_with("1.2.840.10008.5.1.4.1.1.77.1.4");
            is_photograph || matches!(modality.trim(), "CT" | "MR" | "XC")
        };
        Ok(match fate {
            InstanceFace::Unknown if !may_show_faces() => InstanceFace::NotHead,
            fate => fate,
        })
    }

    /// Cleans the pixels of a data set that is in `transfer_syntax`. The data set must be as it
    /// came: rules look at its attributes. `cleaner` tells identities from other text if the policy
    /// asks for that.
    ///
    /// Where [`Rewritten::transfer_syntax`](super::Rewritten::transfer_syntax) has a value, the
    /// data set is in that one then.
    ///
    /// # Errors
    /// [`Error::BurnedIn`] and [`Error::RefusedByRule`] if the image must not go through,
    /// [`Error::TextDetection`] if OCR is required and cannot be had, [`Error::Pixels`] and
    /// [`Error::Pixel`] if pixels cannot be cleaned. The data set is as it was then.
    pub fn clean(
        &self,
        data_set: &mut DataSet,
        transfer_syntax: &str,
        cleaner: Option<&Cleaner>,
    ) -> Result<PixelReport> {
        let suspicion = suspicion(data_set);
        let frames = match Frames::of(data_set, transfer_syntax) {
            Ok(Some(frames)) => frames,
            Ok(None) => return Ok(PixelReport::new(Verdict::NoPixels)),
            // A video that nothing points at, or that is kept unseen.
            Err(Error::Pixels(_)) if self.may_keep(suspicion, data_set) => {
                return Ok(PixelReport {
                    suspicion,
                    ..PixelReport::new(match suspicion {
                        Some(_) => Verdict::KeptUnknown,
                        None => Verdict::NotSuspect,
                    })
                });
            }
            Err(error) => return Err(error),
        };
        let (rows, columns) = (frames.image.rows, frames.image.columns);
        let mut ruling = self.rules(data_set, rows, columns)?;
        let rules = applied(&ruling.regions, rows, columns);
        let looked = self.look(data_set, &frames, suspicion, cleaner, &mut ruling)?;
        let is_clean = ruling.is_covered || looked.is_some();
        if let (Some(why), false) = (suspicion, is_clean)
            && self.policy.unknown_burned_in != Unknown::Keep
        {
            return Err(Error::BurnedIn { why });
        }
        let before = self.before(data_set, &frames, &ruling.regions)?;
        drop(frames);
        let blanked = blank(data_set, transfer_syntax, &ruling.regions)?;
        let pictures = match before {
            Some(pictures) if blanked.is_changed() => {
                let syntax = blanked.pixels.transfer_syntax.unwrap_or(transfer_syntax);
                // What cannot be rendered is clean all the same.
                pictures.with_after(data_set, syntax).ok()
            }
            _ => None,
        };
        let marked = is_clean && (suspicion.is_some() || blanked.is_changed());
        if marked {
            data_set.put_text(tags::BURNED_IN_ANNOTATION, "NO");
        }
        Ok(PixelReport {
            verdict: match (suspicion, is_clean) {
                (_, true) => Verdict::Cleaned,
                (Some(_), false) => Verdict::KeptUnknown,
                (None, false) => Verdict::NotSuspect,
            },
            suspicion,
            rules,
            looked,
            blanked,
            marked,
            pictures,
        })
    }

    /// May frames go through that cannot be looked at?
    fn may_keep(&self, suspicion: Option<&'static str>, data_set: &DataSet) -> bool {
        let rules = self.policy.rule.iter();
        let mut rules = rules.filter(|rule| rule.matches(data_set));
        let asks_for_blanking = rules.any(|rule| !rule.regions(1).is_empty());
        let is_trusted = suspicion.is_none() || self.policy.unknown_burned_in == Unknown::Keep;
        is_trusted && !asks_for_blanking && self.policy.ocr != Ocr::Require
    }

    fn rules(&self, data_set: &DataSet, rows: u32, columns: u32) -> Result<Ruling> {
        let mut ruling = Ruling::default();
        for (number, rule) in (1..).zip(&self.policy.rule) {
            if rule.matches(data_set) {
                ruling.is_covered = true;
                ruling.regions.extend(rule.regions(number));
            }
        }
        for found in self.catalogue.matches(data_set, rows, columns) {
            let refused = |why| Error::RefusedByRule {
                rule: found.device.name.clone(),
                why,
            };
            match (found.device.action, self.policy.whole_image) {
                (DeviceAction::Refuse, _) if !ruling.is_covered => {
                    return Err(refused("such images have text anywhere"));
                }
                (DeviceAction::Whole, Whole::Refuse) if !ruling.is_covered => {
                    return Err(refused("such images are text from edge to edge"));
                }
                _ => {}
            }
            ruling.is_covered = true;
            ruling.regions.extend(found.regions);
        }
        if self.policy.ultrasound_regions
            && let Some(region) = ultrasound::outside(data_set, rows, columns)
        {
            ruling.is_covered = true;
            ruling.regions.push(region);
        }
        Ok(ruling)
    }

    fn look(
        &self,
        data_set: &DataSet,
        frames: &Frames,
        suspicion: Option<&'static str>,
        cleaner: Option<&Cleaner>,
        ruling: &mut Ruling,
    ) -> Result<Option<Looked>> {
        let is_wanted = suspicion.is_some() || self.policy.ocr_scope == OcrScope::All;
        let is_needed = suspicion.is_some()
            && !ruling.is_covered
            && self.policy.unknown_burned_in == Unknown::Ocr;
        let is_on = self.policy.ocr != Ocr::Off || is_needed;
        if !is_wanted || !is_on {
            return Ok(None);
        }
        let Some(detector) = &self.detector else {
            if self.policy.ocr == Ocr::Require || is_needed {
                let message = "the policy requires it and there is no detector";
                return Err(Error::TextDetection(message.to_owned()));
            }
            return Ok(None);
        };
        let (found, looked) = look(data_set, frames, &**detector, &self.policy, cleaner)?;
        ruling.regions.extend(found);
        Ok(Some(looked))
    }

    fn before(
        &self,
        data_set: &DataSet,
        frames: &Frames,
        regions: &[Region],
    ) -> Result<Option<Pictures>> {
        let touched = (1..=frames.count())
            .find(|number| regions.iter().any(|region| region.frames.contains(*number)));
        let Some(number) = touched else {
            return Ok(None);
        };
        let image = &frames.image;
        let spans = spans(regions, number, image.rows, image.columns);
        picture::before(
            data_set,
            frames,
            number,
            &spans,
            self.policy.before_pictures,
        )
        .map(Some)
    }
}

/// Rules with what they cover; boxes of text are many and told by [`Looked`].
fn applied(regions: &[Region], rows: u32, columns: u32) -> Vec<Applied> {
    regions
        .iter()
        .map(|region| {
            let number = match &region.frames {
                super::region::Frames::Some(numbers) => numbers.first().copied().unwrap_or(1),
                super::region::Frames::All => 1,
            };
            let spans = spans(std::slice::from_ref(region), number, rows, columns);
            Applied {
                source: region.source.clone(),
                rectangles: spans.rectangles(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;

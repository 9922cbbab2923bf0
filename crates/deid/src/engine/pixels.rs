//! Pixels, before anything else is changed: what was written on them, and the overlays that lie
//! in their unused bits (PS3.15 §E.3.1, §E.3.3; PS3.3 §C.9.2).

use bytes::Bytes;
use sagittal_core::{DataSet, Tag, TagPath, Value, tags};
use sagittal_file::encoding::Encoding;

use super::{Engine, overlay, refused};
use crate::deface::InstanceFace;
use crate::pixels::{OverlayFate, PixelCleaner, Verdict, clean_graphics};
use crate::{
    Asked, CleanPixels, Error, PixelsCleaned, ProfileOption, Reason, Result, Session, Taken,
};

impl Engine<'_> {
    pub(super) fn pixels(
        &mut self,
        data_set: &mut DataSet,
        transfer_syntax_uid: &str,
    ) -> Result<PixelsCleaned> {
        let project = self.session.project;
        let options = &project.options;
        let before = data_set.bytes(tags::PIXEL_DATA).cloned();
        let cleaned = match &project.pixels {
            Some(cleaner) => cleaner.clean(data_set, transfer_syntax_uid, &mut self.session)?,
            None => {
                let wanted = options.clean_pixel_data || options.clean_recognizable_visual_features;
                if wanted && data_set.contains(tags::PIXEL_DATA) {
                    return Err(refused(
                        TagPath::root(tags::PIXEL_DATA),
                        "the policy wants pixel data cleaned, and nothing here can",
                    ));
                }
                PixelsCleaned::default()
            }
        };
        if options.clean_recognizable_visual_features && !cleaned.visual_features_settled {
            return Err(refused(
                TagPath::root(tags::PIXEL_DATA),
                "the policy wants recognizable visual features removed, and nobody saw to it",
            ));
        }
        self.graphics_cleaned = cleaned.graphics;
        let syntax = cleaned.transfer_syntax.unwrap_or(transfer_syntax_uid);
        if !cleaned.graphics {
            clear_embedded(data_set, syntax)?;
        }
        self.pixels_changed = before.as_ref() != data_set.bytes(tags::PIXEL_DATA)
            || cleaned
                .report
                .as_ref()
                .is_some_and(|r| r.blanked.is_changed());
        Ok(cleaned)
    }

    /// What became of pixel data: the engine's own decision.
    pub(super) fn pixel_fate(&self, tag: Tag) -> (Taken, Reason) {
        match tag {
            tags::PIXEL_DATA if self.tags.len() == 1 && self.pixels_changed => (
                Taken::Blanked,
                Reason::Option(ProfileOption::CleanPixelData.code()),
            ),
            _ => (Taken::Kept, Reason::NotIdentifying),
        }
    }
}

/// By rules, device templates and OCR of the policy.
impl CleanPixels for PixelCleaner {
    fn clean(
        &self,
        data_set: &mut DataSet,
        transfer_syntax_uid: &str,
        session: &mut Session<'_>,
    ) -> Result<PixelsCleaned> {
        let options = &session.project.options;
        let mut done = PixelsCleaned::default();
        if options.clean_pixel_data {
            let cleaner = Some(&session.cleaner);
            let report = PixelCleaner::clean(self, data_set, transfer_syntax_uid, cleaner)?;
            done.transfer_syntax = report.blanked.pixels.transfer_syntax;
            done.burned_in_text = matches!(report.verdict, Verdict::Cleaned | Verdict::NotSuspect);
            done.report = Some(Box::new(report));
        }
        if options.clean_graphics {
            let detector = self.detector.as_deref();
            let fates = clean_graphics(data_set, self.policy.graphics, detector)?;
            for (group, fate) in fates {
                let taken = match fate {
                    OverlayFate::Removed => Taken::Removed,
                    OverlayFate::TextCleared { .. } => Taken::Blanked,
                    OverlayFate::WithoutText | OverlayFate::Kept => Taken::Kept,
                };
                let path = TagPath::root(Tag(group, tags::OVERLAY_DATA.element()));
                session.record(crate::Change {
                    path: &path,
                    private_creator: None,
                    vr: sagittal_core::Vr::OW,
                    asked: Asked::Engine,
                    taken,
                    reason: Reason::Option(ProfileOption::CleanGraphics.code()),
                    before: &[],
                    after: (taken != Taken::Removed).then_some(&[]),
                });
            }
            done.graphics = true;
        }
        done.visual_features_settled = true;
        if options.clean_recognizable_visual_features {
            let syntax = done.transfer_syntax.unwrap_or(transfer_syntax_uid);
            match self.deface(data_set, syntax)? {
                InstanceFace::Removed(rewritten) => {
                    done.transfer_syntax = rewritten.transfer_syntax.or(done.transfer_syntax);
                    done.visual_features = true;
                }
                InstanceFace::NotHead | InstanceFace::Kept => {}
                InstanceFace::Unknown => done.visual_features_settled = false,
            }
        }
        Ok(done)
    }
}

/// Clears the bits of overlays that have no data of their own: all their groups will be removed.
fn clear_embedded(data_set: &mut DataSet, transfer_syntax_uid: &str) -> Result<()> {
    let mut mask = 0_u32;
    for group in overlay::groups(data_set) {
        let number = |element: u16| data_set.int(Tag(group, element));
        let position = number(tags::OVERLAY_BIT_POSITION.element()).unwrap_or(0);
        let has_data = data_set.contains(Tag(group, tags::OVERLAY_DATA.element()));
        if let (Ok(position @ 1..32), false) = (u32::try_from(position), has_data) {
            mask |= 1 << position;
        }
    }
    let allocated = data_set.int(tags::BITS_ALLOCATED).unwrap_or(0);
    let stored = data_set.int(tags::BITS_STORED).unwrap_or(allocated);
    let high = data_set.int(tags::HIGH_BIT).unwrap_or(stored - 1);
    // Never the samples themselves, whatever an overlay claims.
    let samples = (0..32).filter(|bit| (high - stored + 1..=high).contains(bit));
    let mask = samples.fold(mask, |mask, bit| mask & !(1 << bit));
    if mask == 0 {
        return Ok(());
    }
    let path = TagPath::root(tags::PIXEL_DATA);
    let Some(element) = data_set.get_mut(tags::PIXEL_DATA) else {
        return Ok(());
    };
    let Value::Bytes(bytes) = &element.value else {
        // Codecs that carry unused bits exist (RLE); whether this stream does, is not known.
        if Encoding::of(transfer_syntax_uid).encapsulated {
            return Err(refused(path, "an overlay in the bits of compressed pixels"));
        }
        return Ok(());
    };
    let unit = match allocated {
        8 => 1,
        16 => 2,
        32 => 4,
        _ => {
            return Err(Error::Pixels(
                "an overlay in the bits of pixels of odd size",
            ));
        }
    };
    let keep = (!mask).to_le_bytes();
    let mut copy = bytes.to_vec();
    for sample in copy.chunks_mut(unit) {
        for (byte, keep) in sample.iter_mut().zip(keep) {
            *byte &= keep;
        }
    }
    if copy != bytes[..] {
        element.value = Value::Bytes(Bytes::from(copy));
    }
    Ok(())
}

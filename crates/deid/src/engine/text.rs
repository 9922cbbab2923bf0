//! The `C` of Table E.1-1a: text without identities, dates moved, the rest as it is.

use sagittal_core::{Vr, tags};

use super::Engine;
use super::act::{Fate, Job, is_blank, padded};
use crate::value::{check, dummy, shift};
use crate::{Asked, Reason, Taken};

impl Engine<'_> {
    pub(super) fn clean(&self, job: &Job<'_>, reason: Reason) -> Fate {
        let kept = || Fate::new(Taken::Kept, reason, Some(job.bytes.clone()));
        if is_blank(job.bytes) && job.vr.is_text() {
            return kept();
        }
        match job.vr {
            Vr::DA | Vr::DT | Vr::TM => self.clean_time(job, reason),
            Vr::UI => self.uids(job, reason),
            Vr::DS | Vr::IS | Vr::AS => self.clean_number(job, reason),
            Vr::PN => self.cannot(job),
            Vr::UN => self.cannot(job),
            vr if vr.is_text() => self.clean_text(job, reason),
            vr if vr.is_bulk() && !self.may_keep_bulk(job) => self.cannot(job),
            _ => kept(),
        }
    }

    /// Overlay planes and curves that graphics options keep, and what is known to be safe.
    fn may_keep_bulk(&self, job: &Job<'_>) -> bool {
        let group = self.tags.last().map_or(0, |tag| tag.group());
        matches!(job.plan.asked, Asked::SafePrivate(_))
            || matches!(group >> 8, 0x50 | 0x60) && self.session.project.options.clean_graphics
    }

    fn clean_number(&self, job: &Job<'_>, reason: Reason) -> Fate {
        if job.vr == Vr::AS {
            return self.age(job, reason);
        }
        if check::is_plain_number(job.bytes) {
            Fate::new(Taken::Kept, reason, Some(job.bytes.clone()))
        } else {
            self.cannot(job)
        }
    }

    fn clean_time(&self, job: &Job<'_>, reason: Reason) -> Fate {
        let options = &self.session.project.options;
        let text = job.charset.decode(job.bytes, job.vr);
        // Editions of the standard's code lists are nobody's dates.
        let of_edition = matches!(
            self.tags.last(),
            Some(&(tags::CONTEXT_GROUP_VERSION | tags::TEMPLATE_VERSION))
        );
        if options.retain_longitudinal_full_dates || of_edition {
            return if shift::readable(&text, job.vr) {
                Fate::new(Taken::Kept, reason, Some(job.bytes.clone()))
            } else {
                self.cannot(job)
            };
        }
        if !options.retain_longitudinal_modified_dates {
            // A private attribute known to be safe, but for its time.
            return Fate {
                reason: Reason::BasicProfile,
                ..self.cannot(job)
            };
        }
        match shift::shifted(&text, job.vr, self.session.shift_days) {
            Some(new) if job.vr == Vr::TM => {
                let same = new == text.trim_matches([' ', '\0']);
                let after = if same {
                    job.bytes.clone()
                } else {
                    padded(new.into_bytes(), job.vr)
                };
                Fate::new(Taken::Kept, reason, Some(after))
            }
            Some(new) => {
                let after = padded(new.into_bytes(), job.vr);
                Fate::new(Taken::Shifted, reason, Some(after))
            }
            None => self.cannot(job),
        }
    }

    fn clean_text(&self, job: &Job<'_>, reason: Reason) -> Fate {
        let text = job.charset.decode(job.bytes, job.vr);
        if !is_legible(&text) {
            return self.cannot(job);
        }
        if self.tags.last() == Some(&tags::TIMEZONE_OFFSET_FROM_UTC) {
            return self.clean_zone(job, &text, reason);
        }
        let mut found = false;
        let tag = self.tags.last().copied().unwrap_or_default();
        let mut clean = |value: &str| -> String {
            // A term of the standard says nothing of anybody, whoever is called like it.
            if job.vr == Vr::CS && sagittal_iod::is_defined_term(tag, value) {
                return value.to_owned();
            }
            let cleaned = self.session.cleaner.clean(value);
            found |= !cleaned.removed.is_empty();
            let text = cleaned.text.into_owned();
            // The first values of a code string have a meaning by their place.
            if matches!(job.vr, Vr::CS | Vr::AE) && !cleaned.removed.is_empty() {
                dummy::REMOVED.to_owned()
            } else {
                text
            }
        };
        let new = if job.vr.is_single_text() {
            clean(text.trim_end_matches([' ', '\0']))
        } else {
            let values: Vec<String> = text
                .split('\\')
                .map(|value| clean(value.trim_matches([' ', '\0'])))
                .collect();
            values.join("\\")
        };
        if !found {
            return Fate::new(Taken::Kept, reason, Some(job.bytes.clone()));
        }
        if new.trim_matches([' ', '\\', '\0']).is_empty() {
            return Fate {
                reason: Reason::IdentifierFound,
                ..self.cannot(job)
            };
        }
        let after = padded(job.charset.encode_lossy(&new, job.vr), job.vr);
        Fate::new(Taken::Cleaned, Reason::IdentifierFound, Some(after))
    }

    /// The zone is needed with dates that moved by whole days.
    fn clean_zone(&self, job: &Job<'_>, text: &str, reason: Reason) -> Fate {
        match sagittal_core::Offset::parse(text) {
            Ok(_) => Fate::new(Taken::Kept, reason, Some(job.bytes.clone())),
            Err(_) => self.cannot(job),
        }
    }
}

/// No bytes without meaning, and no control characters but those of text (PS3.5 §6.1.3): text in
/// a character set that nobody declared would not be searched as what it is.
fn is_legible(text: &str) -> bool {
    !text.trim_end_matches('\0').contains(|c: char| {
        c == '\u{FFFD}' || c.is_control() && !matches!(c, '\r' | '\n' | '\t' | '\u{c}')
    })
}

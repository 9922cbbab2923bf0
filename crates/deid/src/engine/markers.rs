//! What marks an instance as de-identified (PS3.15 §E.1.1, PS3.3 §C.7.1.1, §C.12.1.1).

use sagittal_core::{DataSet, Element, Tag, Value, tags};

use super::Engine;
use crate::options::BASIC;
use crate::table::EDITION;
use crate::{Asked, PixelsCleaned, ProfileOption, Reason, Result, Taken};

/// What was applied to one instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// Code and meaning, CID 7050, scheme DCM: the profile and its options.
    pub codes: Vec<(&'static str, &'static str)>,
    /// Longitudinal Temporal Information Modified, as it is now.
    pub longitudinal: &'static str,
    /// What was done to pixels.
    pub pixels: PixelsCleaned,
}

impl Engine<'_> {
    /// Sets the markers. What an earlier run has set is added to.
    pub(super) fn mark(
        &mut self,
        data_set: &mut DataSet,
        pixels: PixelsCleaned,
    ) -> Result<Applied> {
        let options = self.session.project.options;
        let counts = |option: &ProfileOption| match option {
            ProfileOption::CleanPixelData => pixels.burned_in_text,
            ProfileOption::CleanRecognizableVisualFeatures => pixels.visual_features,
            _ => true,
        };
        let mut codes = vec![BASIC];
        codes.extend(
            options
                .on()
                .filter(counts)
                .map(|option| (option.code(), option.meaning())),
        );
        self.put_marker(data_set, tags::PATIENT_IDENTITY_REMOVED, "YES");
        self.method(data_set, &codes);
        self.method_codes(data_set, &codes)?;
        let now = if options.retain_longitudinal_full_dates {
            "UNMODIFIED"
        } else if options.retain_longitudinal_modified_dates {
            "MODIFIED"
        } else {
            "REMOVED"
        };
        // What was lost before stays lost.
        let tag = tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED;
        let before = data_set.first_text(tag).unwrap_or_default();
        let longitudinal = match (before.as_str(), now) {
            ("REMOVED", _) => "REMOVED",
            ("MODIFIED", "UNMODIFIED") => "MODIFIED",
            (_, now) => now,
        };
        self.put_marker(data_set, tag, longitudinal);
        self.yes_or_no(
            data_set,
            tags::RECOGNIZABLE_VISUAL_FEATURES,
            pixels.visual_features,
        );
        // The cleaner of pixels has set it where it had to.
        self.yes_or_no(data_set, tags::BURNED_IN_ANNOTATION, false);
        Ok(Applied {
            codes,
            longitudinal,
            pixels,
        })
    }

    fn method(&mut self, data_set: &mut DataSet, codes: &[(&str, &str)]) {
        let tag = tags::DE_IDENTIFICATION_METHOD;
        let mut values: Vec<String> = data_set
            .texts(tag)
            .iter()
            .map(|value| self.session.cleaner.clean(value).text.trim().to_owned())
            .filter(|value| !value.is_empty())
            .collect();
        let tool = format!("Sagittal {}, PS3.15 {EDITION}", env!("CARGO_PKG_VERSION"));
        let meanings = codes.iter().map(|(_, meaning)| (*meaning).to_owned());
        for value in std::iter::once(tool).chain(meanings) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        self.put_marker(data_set, tag, &values.join("\\"));
    }

    fn method_codes(&mut self, data_set: &mut DataSet, codes: &[(&str, &str)]) -> Result<()> {
        let tag = tags::DE_IDENTIFICATION_METHOD_CODE_SEQUENCE;
        self.enter(tag);
        let before = data_set.remove(tag);
        let existed = before.is_some();
        let before = match before.map(|element| element.value) {
            Some(Value::Sequence(items)) => items,
            _ => Vec::new(),
        };
        let items = self.items(before);
        let taken = if existed { Taken::Kept } else { Taken::Added };
        let done = (taken, Reason::Required);
        self.record(
            sagittal_core::Vr::SQ,
            None,
            Asked::Engine,
            done,
            &[],
            Some(&[]),
        );
        self.leave();
        let mut items = items?;
        for (code, meaning) in codes {
            let is_there = items.iter().any(|item| {
                item.first_text(tags::CODE_VALUE).as_deref() == Some(code)
                    && item.first_text(tags::CODING_SCHEME_DESIGNATOR).as_deref() == Some("DCM")
            });
            if is_there {
                continue;
            }
            let mut item = DataSet::with_character_set(data_set.character_set().clone());
            item.put_text(tags::CODE_VALUE, code);
            item.put_text(tags::CODING_SCHEME_DESIGNATOR, "DCM");
            item.put_text(tags::CODE_MEANING, meaning);
            items.push(item);
        }
        data_set.put_items(tag, items);
        Ok(())
    }

    /// `NO` if that was made sure now; else what was there, if it is one of the two.
    fn yes_or_no(&mut self, data_set: &mut DataSet, tag: Tag, now: bool) {
        let before = data_set.first_text(tag);
        match before.as_deref() {
            _ if now => self.put_marker(data_set, tag, "NO"),
            None => {}
            Some(value @ ("YES" | "NO")) => {
                let value = value.to_owned();
                self.put_marker(data_set, tag, &value);
            }
            Some(_) => {
                if let Some(element) = data_set.remove(tag) {
                    self.enter(tag);
                    self.gone(&element, Asked::Engine, Reason::Unreadable);
                    self.leave();
                }
            }
        }
    }

    fn put_marker(&mut self, data_set: &mut DataSet, tag: Tag, text: &str) {
        let before = data_set.get(tag).and_then(|e| e.value.as_bytes().cloned());
        data_set.put_text(tag, text);
        let Some(Element { vr, value, .. }) = data_set.get(tag) else {
            return;
        };
        let (vr, after) = (*vr, value.as_bytes().cloned().unwrap_or_default());
        let taken = match &before {
            None => Taken::Added,
            Some(before) if *before == after => Taken::Kept,
            Some(_) => Taken::Replaced,
        };
        self.enter(tag);
        let before = before.unwrap_or_default();
        let done = (taken, Reason::Required);
        self.record(vr, None, Asked::Engine, done, &before, Some(&after));
        self.leave();
    }
}

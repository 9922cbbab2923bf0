//! Elements of content items and annotations, whatever concept they belong to.

use bytes::Bytes;
use sagittal_core::{CharacterSet, DataSet, Element, PathStep, Tag, TagPath, Value, Vr, tags};

use crate::value::dummy::{self, REMOVED};
use crate::value::shift;
use crate::value::uid::names_a_class;
use crate::{Asked, Change, Reason, Session, Taken};

/// What asked for a change, and why it is made.
#[derive(Clone, Copy)]
pub(super) struct Cause<'c> {
    /// Row or default.
    pub asked: Asked<'c>,
    /// In one of few words.
    pub reason: Reason,
}

/// A data set on its way through, and where it is.
pub(super) struct Work<'w, 'p> {
    /// The instance's session.
    pub session: &'w mut Session<'p>,
    /// Where we are.
    pub path: TagPath,
}

/// What becomes of a value.
pub(super) enum Fate {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
    /// Another one.
    Put(Taken, Bytes),
}

impl Work<'_, '_> {
    /// Goes through the elements of `data_set` but for those of `except`, which are others' business.
    pub(super) fn elements(
        &mut self,
        data_set: DataSet,
        except: &[Tag],
        cause: Cause<'_>,
    ) -> DataSet {
        let charset = data_set.character_set().clone();
        let mut out = DataSet::with_character_set(charset.clone());
        let own_code = is_own_code(&data_set);
        for element in data_set.into_elements() {
            if except.contains(&element.tag) {
                out.put(element);
                continue;
            }
            self.path.0.push(PathStep::Element(element.tag));
            let done = self.element(element, &charset, own_code, cause);
            self.path.0.pop();
            if let Some(element) = done {
                out.put(element);
            }
        }
        out
    }

    fn element(
        &mut self,
        element: Element,
        charset: &CharacterSet,
        own_code: bool,
        cause: Cause<'_>,
    ) -> Option<Element> {
        let Element { tag, vr, value } = element;
        let bytes = match value {
            Value::Sequence(items) if !tag.is_private() => {
                let items = self.items(items, |work, item| work.elements(item, &[], cause));
                return Some(Element {
                    tag,
                    vr,
                    value: Value::Sequence(items),
                });
            }
            Value::Sequence(items) => {
                self.items(items, |work, item| {
                    work.gone(&item, cause);
                    item
                });
                return None;
            }
            Value::Bytes(bytes) => bytes,
            _ => {
                self.record(vr, cause, Taken::Removed, &[], None);
                return None;
            }
        };
        let fate = self.fate(tag, vr, &bytes, charset, own_code);
        self.finish(tag, vr, bytes, fate, cause)
    }

    /// Does and records it.
    pub(super) fn finish(
        &mut self,
        tag: Tag,
        vr: Vr,
        bytes: Bytes,
        fate: Fate,
        cause: Cause<'_>,
    ) -> Option<Element> {
        let (taken, after) = match fate {
            Fate::Remove => {
                self.record(vr, cause, Taken::Removed, &bytes, None);
                return None;
            }
            Fate::Keep => (Taken::Kept, bytes.clone()),
            Fate::Put(taken, after) => (taken, after),
        };
        self.record(vr, cause, taken, &bytes, Some(&after));
        Some(Element {
            tag,
            vr,
            value: Value::Bytes(after),
        })
    }

    /// Items one after the other, with their place in the path.
    pub(super) fn items(
        &mut self,
        items: Vec<DataSet>,
        mut each: impl FnMut(&mut Self, DataSet) -> DataSet,
    ) -> Vec<DataSet> {
        let numbered = (0_u32..).zip(items);
        let done = numbered.map(|(index, item)| {
            self.path.0.push(PathStep::Item(index));
            let item = each(self, item);
            self.path.0.pop();
            item
        });
        done.collect()
    }

    fn fate(
        &self,
        tag: Tag,
        vr: Vr,
        bytes: &Bytes,
        charset: &CharacterSet,
        own_code: bool,
    ) -> Fate {
        let blank = bytes.iter().all(|byte| matches!(byte, b' ' | 0));
        if tag.is_private() {
            return Fate::Remove;
        }
        if blank && vr.is_text() {
            return Fate::Keep;
        }
        match vr {
            Vr::UI if names_a_class(tag) => Fate::Keep,
            Vr::UI => self.uids(bytes),
            Vr::PN => Fate::Put(Taken::Dummied, padded(REMOVED.into(), vr)),
            Vr::DA | Vr::DT | Vr::TM => match self.dates(vr, bytes) {
                // The time of an observation says nothing that others need.
                Some(fate) => fate,
                None if tag == tags::REFERENCED_DATETIME => dummied(vr, bytes),
                None => Fate::Remove,
            },
            Vr::AE | Vr::UR | Vr::UN => Fate::Remove,
            Vr::SH | Vr::LO | Vr::UC
                if matches!(
                    tag,
                    tags::CODE_VALUE
                        | tags::LONG_CODE_VALUE
                        | tags::URN_CODE_VALUE
                        | tags::CODING_SCHEME_DESIGNATOR
                        | tags::CODING_SCHEME_VERSION
                        | tags::CODE_MEANING
                ) && !own_code =>
            {
                Fate::Keep
            }
            vr if vr.uses_character_set() => self.text(vr, bytes, charset),
            vr if vr.is_bulk() && !is_measured(tag) => Fate::Remove,
            _ => Fate::Keep,
        }
    }

    /// New UIDs, unless they are to be retained.
    pub(super) fn uids(&self, bytes: &Bytes) -> Fate {
        let text = String::from_utf8_lossy(bytes);
        let new: Vec<String> = text
            .split('\\')
            .map(|uid| uid.trim_matches([' ', '\0']))
            .map(|uid| {
                if uid.is_empty() {
                    String::new()
                } else {
                    self.session.uid(uid).as_str().to_owned()
                }
            })
            .collect();
        let new = new.join("\\");
        if new == text.trim_matches([' ', '\0']) {
            return Fate::Keep;
        }
        Fate::Put(Taken::Replaced, padded(new.into_bytes(), Vr::UI))
    }

    /// By the dates options; `None` without one, or for what is no date.
    pub(super) fn dates(&self, vr: Vr, bytes: &Bytes) -> Option<Fate> {
        let options = &self.session.project.options;
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_matches([' ', '\0']);
        if options.retain_longitudinal_full_dates {
            return shift::readable(text, vr).then_some(Fate::Keep);
        }
        if !options.retain_longitudinal_modified_dates {
            return None;
        }
        let moved = shift::shifted(text, vr, self.session.shift_days)?;
        if moved == text {
            return Some(Fate::Keep);
        }
        Some(Fate::Put(Taken::Shifted, padded(moved.into_bytes(), vr)))
    }

    /// Text without identities; a dummy if nothing is left.
    pub(super) fn text(&self, vr: Vr, bytes: &Bytes, charset: &CharacterSet) -> Fate {
        let text = charset.decode(bytes, vr);
        let text = text.trim_end_matches([' ', '\0']);
        let values: Vec<&str> = if vr.is_single_text() {
            vec![text]
        } else {
            text.split('\\').collect()
        };
        let mut found = false;
        let cleaned: Vec<String> = values
            .iter()
            .map(|value| {
                let cleaned = self.session.cleaner.clean(value);
                found |= !cleaned.removed.is_empty();
                if cleaned.text.trim().is_empty() && !value.trim().is_empty() {
                    REMOVED.to_owned()
                } else {
                    cleaned.text.into_owned()
                }
            })
            .collect();
        if !found {
            return Fate::Keep;
        }
        let new = charset.encode_lossy(&cleaned.join("\\"), vr);
        Fate::Put(Taken::Cleaned, padded(new, vr))
    }

    /// Records that all of a data set goes.
    pub(super) fn gone(&mut self, data_set: &DataSet, cause: Cause<'_>) {
        for element in data_set.elements() {
            self.path.0.push(PathStep::Element(element.tag));
            match &element.value {
                Value::Sequence(items) => {
                    for (index, item) in (0_u32..).zip(items) {
                        self.path.0.push(PathStep::Item(index));
                        self.gone(item, cause);
                        self.path.0.pop();
                    }
                }
                value => {
                    let bytes = value.as_bytes().map_or(&[][..], |bytes| bytes);
                    self.record(element.vr, cause, Taken::Removed, bytes, None);
                }
            }
            self.path.0.pop();
        }
    }

    pub(super) fn record(
        &mut self,
        vr: Vr,
        cause: Cause<'_>,
        taken: Taken,
        before: &[u8],
        after: Option<&[u8]>,
    ) {
        self.session.recorder.record(Change {
            path: &self.path,
            private_creator: None,
            vr,
            asked: cause.asked,
            taken,
            reason: cause.reason,
            before,
            after,
        });
    }
}

/// A dummy of the value representation.
pub(super) fn dummied(vr: Vr, before: &[u8]) -> Fate {
    Fate::Put(Taken::Dummied, padded(dummy::value(vr, before), vr))
}

/// Padded to even length.
pub(super) fn padded(mut value: Vec<u8>, vr: Vr) -> Bytes {
    if value.len() % 2 == 1 {
        value.push(vr.padding());
    }
    value.into()
}

/// A code that somebody made for himself, whose meaning may be anything (PS3.16 §8).
fn is_own_code(item: &DataSet) -> bool {
    let scheme = item.first_text(tags::CODING_SCHEME_DESIGNATOR);
    scheme.is_none_or(|scheme| scheme.starts_with("99") || scheme == "L")
}

/// Coordinates and samples.
fn is_measured(tag: Tag) -> bool {
    matches!(
        tag,
        tags::GRAPHIC_DATA | tags::TABULATED_VALUES_SEQUENCE | tags::POINT_COORDINATES_DATA
    )
}

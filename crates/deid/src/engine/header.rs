//! Preamble and File Meta Information: made anew (PS3.15 §E.1.1, PS3.10 §7.1).

use bytes::Bytes;
use sagittal_core::{DataSet, Tag, TagPath, Uid, Vr, tags};

use super::{Engine, refused};
use crate::table::standard_row;
use crate::{Action, Asked, Primitive, Reason, Result, Taken};

/// Bytes of a preamble.
const PREAMBLE: usize = 128;

impl Engine<'_> {
    /// Whatever the preamble held, zeros take its place.
    pub(super) fn preamble(&mut self, bytes: &Bytes) {
        let has_prefix = bytes.get(PREAMBLE..PREAMBLE + 4) == Some(b"DICM");
        let Some(before) = bytes.get(..PREAMBLE).filter(|_| has_prefix) else {
            return;
        };
        if before.iter().any(|byte| *byte != 0) {
            self.enter(Tag(0, 0));
            let done = (Taken::Emptied, Reason::Required);
            self.record(
                Vr::OB,
                None,
                Asked::Engine,
                done,
                before,
                Some(&[0; PREAMBLE]),
            );
            self.leave();
        }
    }

    /// Records what becomes of each element of the meta, and gives the new SOP Instance UID.
    pub(super) fn meta(
        &mut self,
        meta: &DataSet,
        data_set: &DataSet,
        transfer_syntax_uid: &Uid,
    ) -> Result<Uid> {
        let old = match data_set.first_text(tags::SOP_INSTANCE_UID) {
            Some(uid) => Some(uid),
            None => meta.first_text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID),
        };
        let Some(old) = old else {
            let path = TagPath::root(tags::SOP_INSTANCE_UID);
            return Err(refused(
                path,
                "without SOP Instance UID there is no instance",
            ));
        };
        let new = self.session.uid(&old);
        for element in meta.elements() {
            let Some(before) = element.value.as_bytes() else {
                continue;
            };
            self.enter(element.tag);
            let engine = Asked::Engine;
            match element.tag {
                tags::MEDIA_STORAGE_SOP_INSTANCE_UID => {
                    let asked = standard_row(element.tag).map_or(engine, |row| {
                        Asked::Profile(row.printed, Action::One(Primitive::Uid))
                    });
                    let done = (Taken::Replaced, Reason::BasicProfile);
                    let after = new.as_str().as_bytes();
                    self.record(element.vr, None, asked, done, before, Some(after));
                }
                tags::MEDIA_STORAGE_SOP_CLASS_UID | tags::FILE_META_INFORMATION_VERSION => {
                    let done = (Taken::Kept, Reason::Required);
                    self.record(element.vr, None, engine, done, before, Some(before));
                }
                tags::TRANSFER_SYNTAX_UID => {
                    let done = (Taken::Kept, Reason::Required);
                    let after = transfer_syntax_uid.as_str().as_bytes();
                    self.record(element.vr, None, engine, done, before, Some(after));
                }
                tags::FILE_META_INFORMATION_GROUP_LENGTH => {}
                tags::IMPLEMENTATION_CLASS_UID | tags::IMPLEMENTATION_VERSION_NAME => {
                    let own = match element.tag {
                        tags::IMPLEMENTATION_CLASS_UID => sagittal_core::IMPLEMENTATION_CLASS_UID,
                        _ => sagittal_core::IMPLEMENTATION_VERSION_NAME,
                    };
                    let done = (Taken::Replaced, Reason::Required);
                    self.record(element.vr, None, engine, done, before, Some(own.as_bytes()));
                }
                _ => {
                    let done = (Taken::Removed, Reason::Required);
                    self.record(element.vr, None, engine, done, before, None);
                }
            }
            self.leave();
        }
        Ok(new)
    }
}

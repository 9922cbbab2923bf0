//! The engine: every element of an instance, at every depth, by profile and policy
//! (PS3.15 §E.1.1).

mod act;
mod decide;
mod explain;
mod header;
mod level;
mod markers;
mod output;
mod overlay;
mod pixels;
mod private;
mod sequence;
mod text;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use sagittal_core::{
    CharacterSet, DataSet, Limits, PathStep, Tag, TagPath, Uid, Vr, sop_class, tags,
};
use sagittal_file::part10;

pub use explain::{Explained, explain};
pub use markers::Applied;
pub use output::Output;

use crate::text::{Cleaner, Identity, Leave};
use crate::{Asked, Change, Error, Project, Reason, Recorder, Result, Session, Taken};

/// De-identifies one instance: a Part 10 file, or a bare data set.
///
/// Pixel data that are not cleaned are the input's bytes, not copied.
///
/// # Errors
/// [`Error::File`] for what cannot be read, [`Error::Refused`] for what the policy does not let
/// through. There is no output then, whatever was recorded before.
pub fn deidentify<'p>(
    bytes: &Bytes,
    project: &'p Project,
    recorder: &'p mut dyn Recorder,
) -> Result<Output> {
    let file = part10::read(bytes, Limits::default())?;
    let transfer_syntax_uid = file.opening.transfer_syntax_uid.clone();
    let mut data_set = file.data_set;
    let meta = &file.opening.meta;
    let sop_class_uid = class_of(&data_set, meta)?;
    let mut engine = Engine::new(project, recorder, &data_set, sop_class_uid.as_str());
    engine.preamble(bytes);
    let new_instance_uid = engine.meta(meta, &data_set, &transfer_syntax_uid)?;
    let pixels = engine.pixels(&mut data_set, transfer_syntax_uid.as_str())?;
    let transfer_syntax_uid = match pixels.transfer_syntax {
        Some(uid) => Uid::from_static(uid),
        None => transfer_syntax_uid,
    };
    let mut data_set = engine.level(data_set)?;
    crate::encapsulated::set_length(&mut data_set);
    let applied = engine.mark(&mut data_set, pixels)?;
    Ok(Output {
        meta: part10::Meta {
            sop_class_uid,
            sop_instance_uid: new_instance_uid,
            transfer_syntax_uid,
            source_ae_title: None,
        },
        data_set,
        applied,
    })
}

fn class_of(data_set: &DataSet, meta: &DataSet) -> Result<Uid> {
    let uid = match data_set.uid(tags::SOP_CLASS_UID)? {
        Some(uid) => Some(uid),
        None => meta.uid(tags::MEDIA_STORAGE_SOP_CLASS_UID)?,
    };
    match uid {
        Some(uid) if uid == sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE => Err(refused(
            TagPath::default(),
            "a DICOMDIR lists identities and the names of files; `sagittal deid FOLDER --dicomdir` \
             leaves it out and makes a new one of the outputs",
        )),
        Some(uid) => Ok(uid),
        None => Err(refused(
            TagPath::root(tags::SOP_CLASS_UID),
            "without SOP Class UID nothing tells which attributes are needed",
        )),
    }
}

fn refused(path: TagPath, reason: &str) -> Error {
    Error::Refused {
        path,
        reason: reason.to_owned(),
    }
}

/// One instance in work.
struct Engine<'p> {
    session: Session<'p>,
    /// Is the SOP class one of the standard's, so that its IOD tells types?
    known_class: bool,
    /// Where we are.
    path: TagPath,
    /// The tags of `path`.
    tags: Vec<Tag>,
    /// Inside a sequence that is to be a dummy: nothing that could identify is merely cleaned.
    strict: u32,
    /// The patient whose data set or record we are in.
    patient_id: String,
    /// Of the data set as a whole.
    character_set: CharacterSet,
    /// The instance lists what it refers to, so that references are no matter of choice
    /// (PS3.3 §C.12.2).
    refers: bool,
    /// Overlays were seen to; what is left of them may stay.
    graphics_cleaned: bool,
    /// Pixel data are not the input's any more.
    pixels_changed: bool,
}

impl<'p> Engine<'p> {
    fn new(
        project: &'p Project,
        recorder: &'p mut dyn Recorder,
        data_set: &DataSet,
        sop_class_uid: &str,
    ) -> Engine<'p> {
        let options = &project.options;
        let patient_id = patient_of(data_set);
        let shift_days = project
            .pseudonyms
            .shift_days(&patient_id, project.policy.date_range);
        let identity = Identity::of(data_set);
        let leave = Leave {
            dates: options.retain_longitudinal_full_dates,
            shift_days: options
                .retain_longitudinal_modified_dates
                .then_some(shift_days),
            institutions: options.retain_institution_identity,
            devices: options.retain_device_identity,
        };
        Engine {
            session: Session {
                project,
                cleaner: Cleaner::new(identity, leave).with_lists(&project.known),
                shift_days,
                sop_class_uid: sop_class_uid.to_owned(),
                recorder,
            },
            known_class: sop_class::storage(sop_class_uid).is_some(),
            path: TagPath::default(),
            tags: Vec::new(),
            strict: 0,
            patient_id,
            character_set: data_set.character_set().clone(),
            refers: data_set.contains(tags::REFERENCED_SERIES_SEQUENCE),
            graphics_cleaned: false,
            pixels_changed: false,
        }
    }

    /// Steps to an element; [`Engine::leave`] takes the step back.
    fn enter(&mut self, tag: Tag) {
        self.path.0.push(PathStep::Element(tag));
        self.tags.push(tag);
    }

    fn leave(&mut self) {
        self.path.0.pop();
        self.tags.pop();
    }

    /// Records what was done to the element we are at.
    #[allow(clippy::too_many_arguments)] // The parts of one record.
    fn record(
        &mut self,
        vr: Vr,
        private_creator: Option<&str>,
        asked: Asked<'_>,
        (taken, reason): (Taken, Reason),
        before: &[u8],
        after: Option<&[u8]>,
    ) {
        self.session.recorder.record(Change {
            path: &self.path,
            private_creator,
            vr,
            asked,
            taken,
            reason,
            before,
            after,
        });
    }
}

/// Whose dates move together: the patient of the ID, else of name and birth date, else of the study.
fn patient_of(data_set: &DataSet) -> String {
    let text = |tag| data_set.first_text(tag).unwrap_or_default();
    let id = text(tags::PATIENT_ID);
    if !id.trim().is_empty() {
        return id.trim().to_owned();
    }
    let person = format!(
        "{}\\{}",
        text(tags::PATIENT_NAME),
        text(tags::PATIENT_BIRTH_DATE)
    );
    if person.len() > 1 {
        return person;
    }
    text(tags::STUDY_INSTANCE_UID)
}

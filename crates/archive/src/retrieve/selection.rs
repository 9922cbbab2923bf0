//! Which instances are wanted, and where they lie.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use sagittal_core::Uid;
use sagittal_store::blob::Locator;
use sagittal_store::index::{Index, Row, Selection};

use crate::deidentified::{self, Lens, Original, PatientState};
use crate::{Archive, Error, Result};

/// What is wanted: every given list restricts; an empty list does not.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// Patient IDs (Patient Root retrieve at PATIENT level).
    pub patient_ids: Vec<String>,
    /// Study Instance UIDs.
    pub study_instance_uids: Vec<Uid>,
    /// Series Instance UIDs.
    pub series_instance_uids: Vec<Uid>,
    /// SOP Instance UIDs.
    pub sop_instance_uids: Vec<Uid>,
}

/// An instance in the archive.
#[derive(Clone, Debug)]
pub struct InstanceRef {
    /// Study Instance UID.
    pub study_instance_uid: Uid,
    /// Series Instance UID.
    pub series_instance_uid: Uid,
    /// SOP Instance UID.
    pub sop_instance_uid: Uid,
    /// SOP Class UID.
    pub sop_class_uid: Uid,
    /// Transfer syntax it is stored in.
    pub transfer_syntax_uid: Uid,
    /// Number of frames, 1 for a single-frame image, 0 without pixel data.
    pub number_of_frames: u32,
    /// BLAKE3 of the data set's bytes.
    pub hash: [u8; 32],
    /// Where it lies.
    pub locator: Locator,
    /// Milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// What it is in the archive itself, if it is one of a view.
    pub original: Option<Box<Original>>,
}

impl From<&Selector> for Selection {
    fn from(selector: &Selector) -> Selection {
        let texts = |uids: &[Uid]| uids.iter().map(ToString::to_string).collect();
        Selection {
            patient_ids: selector.patient_ids.clone(),
            study_instance_uids: texts(&selector.study_instance_uids),
            series_instance_uids: texts(&selector.series_instance_uids),
            sop_instance_uids: texts(&selector.sop_instance_uids),
        }
    }
}

impl InstanceRef {
    /// From a row of the index; `None` if it is not an instance.
    pub(crate) fn from_row(row: &Row) -> Result<Option<InstanceRef>> {
        let Row::Instance(study, series, instance) = row else {
            return Ok(None);
        };
        let frames = instance.attributes.number_of_frames.unwrap_or(1).max(1);
        Ok(Some(InstanceRef {
            study_instance_uid: indexed(&study.attributes.study_instance_uid)?,
            series_instance_uid: indexed(&series.attributes.series_instance_uid)?,
            sop_instance_uid: indexed(&instance.attributes.sop_instance_uid)?,
            sop_class_uid: indexed(&instance.attributes.sop_class_uid)?,
            transfer_syntax_uid: indexed(&instance.transfer_syntax_uid)?,
            number_of_frames: if instance.has_frames { frames } else { 0 },
            hash: instance.hash,
            locator: instance.locator,
            received_ms: instance.received_ms,
            original: None,
        }))
    }
}

/// Ingest lets nothing in that is not one.
fn indexed(uid: &str) -> Result<Uid> {
    Uid::tolerant(uid).map_err(|_| {
        Error::Store(sagittal_store::Error::Index {
            reason: "a UID in the index is none; rebuild the index".to_owned(),
        })
    })
}

/// Why what was asked for by UID is not there.
fn missing(index: &dyn Index, what: &'static str, uid: &Uid) -> Result<Error> {
    let uid = uid.to_string();
    Ok(match index.was_deleted(&uid)? {
        true => Error::Gone { what, uid },
        false => Error::NotFound { what, uid },
    })
}

/// Why a selection is empty: by the lowest UID it names.
pub(super) fn nothing_selected(index: &dyn Index, selector: &Selector) -> Result<Error> {
    let lists = [
        ("instance", &selector.sop_instance_uids),
        ("series", &selector.series_instance_uids),
        ("study", &selector.study_instance_uids),
    ];
    for (what, uids) in lists {
        if let Some(uid) = uids.first() {
            return missing(index, what, uid);
        }
    }
    Ok(Error::NotFound {
        what: "patient",
        // Not the Patient ID: it must not come into a log.
        uid: String::new(),
    })
}

impl Archive {
    /// Why [`Archive::instances`] found nothing: it was deleted (`Gone`), or never there (`NotFound`).
    pub async fn why_nothing(&self, selector: &Selector) -> Result<Error> {
        let (index, selector) = (Arc::clone(self.index()), selector.clone());
        let lens = self.lens().cloned();
        self.blocking(move || match lens {
            None => nothing_selected(&*index, &selector),
            Some(_) => Ok(nothing_shown(&selector)),
        })
        .await
    }

    /// The instances that are wanted, in order of study, series, instance number.
    /// Sees everything that was acknowledged before the call.
    pub async fn instances(&self, selector: &Selector) -> Result<Vec<InstanceRef>> {
        self.wait_indexed().await?;
        let (index, selector) = (Arc::clone(self.index()), selector.clone());
        let lens = self.lens().cloned();
        self.blocking(move || match lens {
            None => selected(&*index, &Selection::from(&selector)),
            Some(lens) => shown(&*index, &lens, &selector),
        })
        .await
    }

    /// One instance, or `NotFound`/`Gone`. Study and series are checked when given.
    pub async fn instance(
        &self,
        study_instance_uid: Option<&Uid>,
        series_instance_uid: Option<&Uid>,
        sop_instance_uid: &Uid,
    ) -> Result<InstanceRef> {
        self.wait_indexed().await?;
        let index = Arc::clone(self.index());
        let uid = sop_instance_uid.clone();
        let parents = (study_instance_uid.cloned(), series_instance_uid.cloned());
        if let Some(lens) = self.lens().cloned() {
            let selector = Selector {
                study_instance_uids: parents.0.into_iter().collect(),
                series_instance_uids: parents.1.into_iter().collect(),
                sop_instance_uids: vec![uid],
                ..Selector::default()
            };
            return self
                .blocking(move || {
                    let found = shown(&*index, &lens, &selector)?.pop();
                    found.ok_or_else(|| nothing_shown(&selector))
                })
                .await;
        }
        self.blocking(move || {
            let row = index.instance(uid.as_str())?;
            let found = row.map(|row| InstanceRef::from_row(&row)).transpose()?;
            let (study, series) = parents;
            let here = |instance: &InstanceRef| {
                study.is_none_or(|uid| uid == instance.study_instance_uid)
                    && series.is_none_or(|uid| uid == instance.series_instance_uid)
            };
            match found.flatten() {
                Some(instance) if here(&instance) => Ok(instance),
                // It is there, elsewhere: then it is not gone.
                Some(_) => Err(Error::NotFound {
                    what: "instance",
                    uid: uid.to_string(),
                }),
                None => Err(missing(&*index, "instance", &uid)?),
            }
        })
        .await
    }

    /// A tag for the state of a selection without reading metadata (ETag); `None` if empty.
    pub async fn state_tag(&self, selector: &Selector) -> Result<Option<String>> {
        self.wait_indexed().await?;
        let (index, selector) = (Arc::clone(self.index()), selector.clone());
        let lens = self.lens().cloned();
        self.blocking(move || match lens {
            None => Ok(index.state_tag(&Selection::from(&selector))?),
            Some(lens) => shown_state(&*index, &lens, &selector),
        })
        .await
    }
}

/// The instances of a selection.
pub(crate) fn selected(index: &dyn Index, selection: &Selection) -> Result<Vec<InstanceRef>> {
    let mut instances = Vec::new();
    let mut failed = None;
    index.instances(selection, &mut |row| {
        match InstanceRef::from_row(&row) {
            Ok(instance) => instances.extend(instance),
            Err(error) => {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    failed.map_or(Ok(instances), Err)
}

/// The instances that a view has of a selection. The order of studies says nothing of when they
/// were made.
pub(super) fn shown(
    index: &dyn Index,
    lens: &Lens,
    selector: &Selector,
) -> Result<Vec<InstanceRef>> {
    let Some(selection) = lens.selection(index, selector)? else {
        return Ok(Vec::new());
    };
    let mut patients = HashMap::new();
    let mut shown = Vec::new();
    for instance in selected(index, &selection)? {
        let patient = match patients.get(&instance.study_instance_uid) {
            Some(patient) => *patient,
            None => {
                let uid = &instance.study_instance_uid;
                let patient = patient_of(index, uid.as_str())?;
                patients.insert(uid.clone(), patient);
                patient
            }
        };
        shown.push(lens.instance(instance, patient));
    }
    shown.sort_by(|a, b| {
        let of = |instance: &InstanceRef| instance.study_instance_uid.to_string();
        of(a).cmp(&of(b))
    });
    Ok(shown)
}

impl Archive {
    /// An instance of the archive itself as this view knows it.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub async fn seen(&self, instance: InstanceRef) -> Result<InstanceRef> {
        let Some(lens) = self.lens().filter(|_| instance.original.is_none()).cloned() else {
            return Ok(instance);
        };
        let index = Arc::clone(self.index());
        self.blocking(move || {
            let patient = patient_of(&*index, instance.study_instance_uid.as_str())?;
            Ok(lens.instance(instance, patient))
        })
        .await
    }
}

/// As [`Archive::state_tag`], of a view: nobody can tell from it what it stands for.
pub(super) fn shown_state(
    index: &dyn Index,
    lens: &Lens,
    selector: &Selector,
) -> Result<Option<String>> {
    let Some(selection) = lens.selection(index, selector)? else {
        return Ok(None);
    };
    let mut state = index.state_tag(&selection)?;
    if let Some(state) = &mut state {
        for uid in &selection.study_instance_uids {
            let patient = patient_of(index, uid)?;
            state.push_str(&format!(" {patient:?}"));
        }
    }
    Ok(state.map(|state| {
        let hash = blake3::Hash::from_bytes(lens.hash(state.as_bytes()));
        hash.to_hex().chars().take(32).collect()
    }))
}

fn patient_of(index: &dyn Index, study_uid: &str) -> Result<PatientState> {
    match deidentified::study(index, study_uid)? {
        Some(study) => deidentified::patient_state(index, &study),
        None => Ok((0, 0)),
    }
}

/// A view does not tell what was deleted.
fn nothing_shown(selector: &Selector) -> Error {
    let lists = [
        ("instance", &selector.sop_instance_uids),
        ("series", &selector.series_instance_uids),
        ("study", &selector.study_instance_uids),
    ];
    let named = lists
        .iter()
        .find_map(|(what, uids)| Some((*what, uids.first()?)));
    match named {
        Some((what, uid)) => Error::NotFound {
            what,
            uid: uid.to_string(),
        },
        None => Error::NotFound {
            what: "patient",
            uid: String::new(),
        },
    }
}

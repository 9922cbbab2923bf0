//! An instance de-identified and searched for what is left: what may be given out is given only
//! when both went well.

use bytes::Bytes;
use sagittal_core::{DataSet, Limits, tags};
use sagittal_file::part10;

use crate::reidentify::{Certificate, attach};
use crate::residual::{Cache, Dates, Kind, Needles, Outcome, Retained};
use crate::{DUMMIES, Explained, Output, Project, Recorder, Result, deidentify, explain};

/// What the search for what is left takes besides the instance itself.
#[derive(Clone, Copy)]
pub struct Check<'a> {
    /// Searched for besides what the input says of itself.
    pub terms: &'a [String],
    /// Those who may re-identify.
    pub recipients: &'a [Certificate],
    /// Makes searching the instances of a study fast.
    pub cache: &'a Cache,
}

/// A de-identified instance, and what was found in it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The instance.
    pub output: Output,
    /// Its file.
    pub file: Bytes,
    /// What is left. Not clean: the file is for nobody but those who may see the original.
    pub found: Outcome,
}

/// De-identifies an instance ([`deidentify`]), lets those re-identify it whom the policy names, and
/// searches every byte of the file that comes out for the input's identifiers.
///
/// # Errors
/// As [`deidentify`], and when the input's identifiers cannot be read. Identifiers that were found
/// are no error: see [`Checked::found`].
pub fn deidentify_checked(
    input: &Bytes,
    project: &Project,
    check: Check<'_>,
    recorder: &mut dyn Recorder,
) -> Result<Checked> {
    let before = part10::read(input, Limits::default())?.data_set;
    let mut output = deidentify(input, project, recorder)?;
    if !check.recipients.is_empty() {
        attach(&mut output.data_set, &before, check.recipients)?;
    }
    let file = Bytes::from(output.to_bytes()?);
    let found = search(input, &before, &file, project, check)?;
    Ok(Checked {
        output,
        file,
        found,
    })
}

/// As [`deidentify_checked`], telling what is done to every element.
///
/// # Errors
/// As [`deidentify_checked`].
pub fn explain_checked(
    input: &Bytes,
    project: &Project,
    check: Check<'_>,
) -> Result<(Vec<Explained>, Checked)> {
    let before = part10::read(input, Limits::default())?.data_set;
    let (explained, mut output) = explain(input, project)?;
    if !check.recipients.is_empty() {
        attach(&mut output.data_set, &before, check.recipients)?;
    }
    let file = Bytes::from(output.to_bytes()?);
    let found = search(input, &before, &file, project, check)?;
    let checked = Checked {
        output,
        file,
        found,
    };
    Ok((explained, checked))
}

fn search(
    input: &Bytes,
    before: &DataSet,
    file: &Bytes,
    project: &Project,
    check: Check<'_>,
) -> Result<Outcome> {
    let patient_id = before.first_text(tags::PATIENT_ID).unwrap_or_default();
    let mut needles = Needles::of(input, &retained(project, patient_id.trim()))?;
    for term in check.terms {
        needles.add(Kind::Identifier, term);
    }
    Ok(check.cache.searcher(needles).search(file))
}

/// What the policy leaves on purpose in the objects of a patient (Patient ID, trimmed), and is
/// therefore not searched for.
pub fn retained(project: &Project, patient_id: &str) -> Retained {
    let options = &project.options;
    let range = project.policy.date_range;
    Retained {
        dates: if options.retain_longitudinal_full_dates {
            Dates::Full
        } else if options.retain_longitudinal_modified_dates {
            Dates::Shifted(project.pseudonyms.shift_days(patient_id, range))
        } else {
            Dates::Removed
        },
        uids: options.retain_uids,
        institutions: options.retain_institution_identity,
        devices: options.retain_device_identity,
        safe_private: options.retain_safe_private,
        dummies: DUMMIES.map(str::to_owned).to_vec(),
    }
}

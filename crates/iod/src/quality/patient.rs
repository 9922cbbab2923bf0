//! Is an instance of the patient whose study it is in?

use sagittal_core::{Tag, tags};

use crate::finding::{Finding, Kind, Severity};

/// What a patient is known by, as text, in the form of DICOM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patient {
    /// Patient ID.
    pub id: String,
    /// Issuer of Patient ID.
    pub issuer: String,
    /// Patient's Name.
    pub name: String,
    /// Patient's Birth Date.
    pub birth_date: String,
    /// Patient's Sex.
    pub sex: String,
}

/// Where two patients differ. What one of them lacks is no difference.
pub fn compare(of_study: &Patient, of_instance: &Patient) -> Vec<Finding> {
    let differ = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    let rows: [(Tag, Severity, bool); 5] = [
        (
            tags::PATIENT_ID,
            Severity::Error,
            differ(&of_study.id, &of_instance.id),
        ),
        (
            tags::ISSUER_OF_PATIENT_ID,
            Severity::Warning,
            differ(&of_study.issuer, &of_instance.issuer),
        ),
        (
            tags::PATIENT_NAME,
            Severity::Error,
            differ(&folded(&of_study.name), &folded(&of_instance.name)),
        ),
        (
            tags::PATIENT_BIRTH_DATE,
            Severity::Error,
            differ(&of_study.birth_date, &of_instance.birth_date),
        ),
        (
            tags::PATIENT_SEX,
            Severity::Warning,
            differ(&of_study.sex, &of_instance.sex),
        ),
    ];
    let differing = rows.into_iter().filter(|(_, _, differ)| *differ);
    let finding = |(tag, severity, _)| {
        super::finding(
            Some(tag),
            Kind::Consistency,
            severity,
            "PS3.3 §A.1.2",
            "not what the study's first instance says",
            "correct the patient of one of them, or give the instance its own study",
        )
    };
    differing.map(finding).collect()
}

/// Case and delimiters at the end do not make another name.
fn folded(name: &str) -> String {
    let groups = name.split('=').map(|group| {
        let group = group.trim_end_matches(['^', ' ']).to_uppercase();
        group
            .split('^')
            .map(str::trim)
            .collect::<Vec<_>>()
            .join("^")
    });
    let joined = groups.collect::<Vec<_>>().join("=");
    joined.trim_end_matches('=').to_owned()
}

//! Who the instances belong to: a formula of their number, so that the client knows how many
//! answers each query must have.

use sagittal_core::{Tag, tags};

/// Studies of one shape. Instance number `n` belongs to study `n / per_study`, and so on.
#[derive(Clone, Copy, Debug)]
pub struct Population {
    /// Two digits that keep populations apart.
    pub number: u64,
    pub per_study: u64,
    pub per_series: u64,
}

/// Studies of a patient.
pub const STUDIES_PER_PATIENT: u64 = 2;
/// Different family names.
pub const FAMILIES: u64 = 1000;
/// Different study dates: 10 years of 12 months of 28 days.
pub const DATES: u64 = 3360;

const SYLLABLES: [&str; 10] = ["BO", "CA", "DU", "FE", "GI", "LO", "MA", "NU", "RE", "TI"];

/// Which attribute is patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    StudyInstanceUid,
    SeriesInstanceUid,
    SopInstanceUid,
    PatientId,
    PatientName,
    StudyDate,
    AccessionNumber,
    SeriesNumber,
    InstanceNumber,
}

impl Slot {
    pub const ALL: [Slot; 9] = [
        Slot::StudyInstanceUid,
        Slot::SeriesInstanceUid,
        Slot::SopInstanceUid,
        Slot::PatientId,
        Slot::PatientName,
        Slot::StudyDate,
        Slot::AccessionNumber,
        Slot::SeriesNumber,
        Slot::InstanceNumber,
    ];

    pub fn tag(self) -> Tag {
        match self {
            Slot::StudyInstanceUid => tags::STUDY_INSTANCE_UID,
            Slot::SeriesInstanceUid => tags::SERIES_INSTANCE_UID,
            Slot::SopInstanceUid => tags::SOP_INSTANCE_UID,
            Slot::PatientId => tags::PATIENT_ID,
            Slot::PatientName => tags::PATIENT_NAME,
            Slot::StudyDate => tags::STUDY_DATE,
            Slot::AccessionNumber => tags::ACCESSION_NUMBER,
            Slot::SeriesNumber => tags::SERIES_NUMBER,
            Slot::InstanceNumber => tags::INSTANCE_NUMBER,
        }
    }
}

/// Where an instance stands.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    pub population: u64,
    pub study: u64,
    pub series: u64,
    pub instance: u64,
}

impl Population {
    /// The identity of instance `n`.
    pub fn identity(&self, n: u64) -> Identity {
        let within = n % self.per_study;
        Identity {
            population: self.number,
            study: n / self.per_study,
            series: within / self.per_series,
            instance: within % self.per_series,
        }
    }

    /// The first instance of a study.
    pub fn study(&self, study: u64) -> Identity {
        self.identity(study * self.per_study)
    }
}

impl Identity {
    /// An identity that no population has; its texts do not occur elsewhere in an object.
    pub fn marker() -> Identity {
        Identity {
            population: 98,
            study: 76_543_210,
            series: 987,
            instance: 87_654,
        }
    }

    fn patient(&self) -> u64 {
        self.study / STUDIES_PER_PATIENT
    }

    /// The family name of a patient: patients `FAMILIES` apart share it.
    pub fn family_name(patient: u64) -> String {
        let digit = |at: u64| SYLLABLES[(patient / at % 10) as usize];
        format!("{}{}{}", digit(100), digit(10), digit(1))
    }

    /// Study dates are scattered, each equally often.
    pub fn date_number(study: u64) -> u64 {
        study.wrapping_mul(1_327) % DATES
    }

    /// A date by its number.
    pub fn date(number: u64) -> String {
        let (year, month, day) = (number / 336, number / 28 % 12, number % 28);
        format!("{:04}{:02}{:02}", 2015 + year, month + 1, day + 1)
    }

    /// The value of an attribute; of the same length whoever's it is.
    pub fn text(&self, slot: Slot) -> String {
        let (population, study) = (self.population, self.study);
        match slot {
            Slot::StudyInstanceUid => format!("2.25.1{population:02}1{study:08}"),
            Slot::SeriesInstanceUid => {
                format!("2.25.1{population:02}2{study:08}{:03}", self.series)
            }
            Slot::SopInstanceUid => {
                let (series, instance) = (self.series, self.instance);
                format!("2.25.1{population:02}3{study:08}{series:03}{instance:05}")
            }
            Slot::PatientId => format!("B{population:02}{:08}", self.patient()),
            Slot::PatientName => {
                let patient = self.patient();
                let given = Identity::family_name(patient / FAMILIES);
                format!("{}^{given}", Identity::family_name(patient))
            }
            Slot::StudyDate => Identity::date(Identity::date_number(study)),
            Slot::AccessionNumber => format!("A{population:02}{study:08}"),
            Slot::SeriesNumber => format!("{:04}", self.series + 1),
            Slot::InstanceNumber => format!("{:06}", self.instance + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_length() {
        let population = Population {
            number: 3,
            per_study: 20,
            per_series: 10,
        };
        for n in [0, 1, 19, 20, 12_345, 999_999] {
            for slot in Slot::ALL {
                let (a, b) = (
                    population.identity(n).text(slot),
                    Identity::marker().text(slot),
                );
                assert_eq!(a.len(), b.len(), "{slot:?}");
            }
        }
    }

    #[test]
    fn each_date_occurs_equally_often() {
        let mut seen = vec![0; DATES as usize];
        (0..DATES * 3).for_each(|study| seen[Identity::date_number(study) as usize] += 1);
        assert!(seen.iter().all(|count| *count == 3));
    }
}

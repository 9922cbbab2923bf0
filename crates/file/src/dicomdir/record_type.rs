//! Directory Record Types (PS3.3 §F.4, Table F.4-1) and the SOP classes that they stand for.

use std::fmt;

macro_rules! record_types {
    ($($name:ident $term:literal),* $(,)?) => {
        /// A Directory Record Type (0004,1430).
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum RecordType {
            $(#[doc = $term] $name,)*
            /// Retired, newer than this list, or not of the standard.
            Other(String),
        }

        impl RecordType {
            /// The enumerated value.
            pub fn as_str(&self) -> &str {
                match self {
                    $(RecordType::$name => $term,)*
                    RecordType::Other(term) => term,
                }
            }

            /// From the enumerated value; trims.
            pub fn parse(term: &str) -> RecordType {
                match term.trim_matches([' ', '\0']) {
                    $($term => RecordType::$name,)*
                    other => RecordType::Other(other.to_owned()),
                }
            }
        }
    };
}

record_types! {
    Patient "PATIENT", Study "STUDY", Series "SERIES", Image "IMAGE", RtDose "RT DOSE",
    RtStructureSet "RT STRUCTURE SET", RtPlan "RT PLAN", RtTreatRecord "RT TREAT RECORD",
    Presentation "PRESENTATION", Waveform "WAVEFORM", SrDocument "SR DOCUMENT",
    KeyObjectDoc "KEY OBJECT DOC", Spectroscopy "SPECTROSCOPY", RawData "RAW DATA",
    Registration "REGISTRATION", Fiducial "FIDUCIAL", HangingProtocol "HANGING PROTOCOL",
    EncapDoc "ENCAP DOC", ValueMap "VALUE MAP", Stereometric "STEREOMETRIC", Palette "PALETTE",
    Implant "IMPLANT", ImplantAssy "IMPLANT ASSY", ImplantGroup "IMPLANT GROUP", Plan "PLAN",
    Measurement "MEASUREMENT", Surface "SURFACE", SurfaceScan "SURFACE SCAN", Tract "TRACT",
    Assessment "ASSESSMENT", Radiotherapy "RADIOTHERAPY", Annotation "ANNOTATION", Private "PRIVATE",
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// SOP classes by the beginning of their UID (a final dot stands for all below); the first that fits counts.
/// What is not here is an image.
const BY_SOP_CLASS: &[(&str, RecordType)] = &[
    ("1.2.840.10008.5.1.4.1.1.481.1", RecordType::Image),
    ("1.2.840.10008.5.1.4.1.1.481.2", RecordType::RtDose),
    ("1.2.840.10008.5.1.4.1.1.481.3", RecordType::RtStructureSet),
    ("1.2.840.10008.5.1.4.1.1.481.4", RecordType::RtTreatRecord),
    ("1.2.840.10008.5.1.4.1.1.481.5", RecordType::RtPlan),
    ("1.2.840.10008.5.1.4.1.1.481.6", RecordType::RtTreatRecord),
    ("1.2.840.10008.5.1.4.1.1.481.7", RecordType::RtTreatRecord),
    ("1.2.840.10008.5.1.4.1.1.481.8", RecordType::RtPlan),
    ("1.2.840.10008.5.1.4.1.1.481.9", RecordType::RtTreatRecord),
    // Enhanced RT Image and Enhanced Continuous RT Image.
    ("1.2.840.10008.5.1.4.1.1.481.23", RecordType::Image),
    ("1.2.840.10008.5.1.4.1.1.481.24", RecordType::Image),
    ("1.2.840.10008.5.1.4.1.1.481.", RecordType::Radiotherapy),
    ("1.2.840.10008.5.1.4.34.7", RecordType::Plan),
    ("1.2.840.10008.5.1.4.34.10", RecordType::Plan),
    // Waveform presentation states are among the waveforms' UIDs.
    ("1.2.840.10008.5.1.4.1.1.9.100.", RecordType::Presentation),
    ("1.2.840.10008.5.1.4.1.1.9.", RecordType::Waveform),
    ("1.2.840.10008.5.1.4.1.1.11.", RecordType::Presentation),
    ("1.2.840.10008.5.1.4.1.1.131", RecordType::Presentation),
    ("1.2.840.10008.5.1.4.1.1.4.2", RecordType::Spectroscopy),
    ("1.2.840.10008.5.1.4.1.1.66", RecordType::RawData),
    ("1.2.840.10008.5.1.4.1.1.66.1", RecordType::Registration),
    ("1.2.840.10008.5.1.4.1.1.66.2", RecordType::Fiducial),
    ("1.2.840.10008.5.1.4.1.1.66.3", RecordType::Registration),
    ("1.2.840.10008.5.1.4.1.1.66.5", RecordType::Surface),
    ("1.2.840.10008.5.1.4.1.1.66.6", RecordType::Tract),
    ("1.2.840.10008.5.1.4.1.1.67", RecordType::ValueMap),
    ("1.2.840.10008.5.1.4.1.1.68.", RecordType::SurfaceScan),
    ("1.2.840.10008.5.1.4.1.1.77.1.5.3", RecordType::Stereometric),
    // Spectacle Prescription Report, Macular Grid Thickness and Volume Report.
    ("1.2.840.10008.5.1.4.1.1.78.6", RecordType::SrDocument),
    ("1.2.840.10008.5.1.4.1.1.79.1", RecordType::SrDocument),
    ("1.2.840.10008.5.1.4.1.1.78.", RecordType::Measurement),
    ("1.2.840.10008.5.1.4.1.1.80.1", RecordType::Measurement),
    ("1.2.840.10008.5.1.4.1.1.88.59", RecordType::KeyObjectDoc),
    ("1.2.840.10008.5.1.4.1.1.88.", RecordType::SrDocument),
    ("1.2.840.10008.5.1.4.1.1.90.1", RecordType::Assessment),
    ("1.2.840.10008.5.1.4.1.1.91.1", RecordType::Annotation),
    ("1.2.840.10008.5.1.4.1.1.104.", RecordType::EncapDoc),
    ("1.2.840.10008.5.1.4.38.1", RecordType::HangingProtocol),
    ("1.2.840.10008.5.1.4.39.1", RecordType::Palette),
    ("1.2.840.10008.5.1.4.43.1", RecordType::Implant),
    ("1.2.840.10008.5.1.4.44.1", RecordType::ImplantAssy),
    ("1.2.840.10008.5.1.4.45.1", RecordType::ImplantGroup),
    // Procedure protocols and inventories have no record type of their own; their keys are those of raw data.
    ("1.2.840.10008.5.1.4.1.1.200.", RecordType::RawData),
    ("1.2.840.10008.5.1.4.1.1.201.", RecordType::RawData),
];

impl RecordType {
    /// The type of record that refers to instances of this SOP class.
    pub fn of_sop_class(uid: &str) -> RecordType {
        let fits = |row: &&(&str, RecordType)| match row.0.ends_with('.') {
            true => uid.starts_with(row.0),
            false => uid == row.0,
        };
        BY_SOP_CLASS
            .iter()
            .find(fits)
            .map_or(RecordType::Image, |row| row.1.clone())
    }

    /// Where in the hierarchy: 0 at the root, 3 below a series.
    pub fn level(&self) -> usize {
        match self {
            RecordType::Study => 1,
            RecordType::Series => 2,
            _ if self.is_root() => 0,
            _ => 3,
        }
    }

    /// Records of the root entity: patients, and what belongs to no patient.
    pub fn is_root(&self) -> bool {
        matches!(
            self,
            RecordType::Patient
                | RecordType::HangingProtocol
                | RecordType::Palette
                | RecordType::Implant
                | RecordType::ImplantAssy
                | RecordType::ImplantGroup
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sop_classes_have_their_record_types() {
        for (uid, term) in [
            ("1.2.840.10008.5.1.4.1.1.2", "IMAGE"),
            ("1.2.840.10008.5.1.4.1.1.66.4", "IMAGE"),
            ("1.2.840.10008.5.1.4.1.1.9.1.1", "WAVEFORM"),
            ("1.2.840.10008.5.1.4.1.1.9.100.1", "PRESENTATION"),
            ("1.2.840.10008.5.1.4.1.1.481.10", "RADIOTHERAPY"),
            ("1.2.840.10008.5.1.4.1.1.481.5", "RT PLAN"),
            ("1.2.840.10008.5.1.4.1.1.88.67", "SR DOCUMENT"),
            ("1.2.840.10008.5.1.4.1.1.104.2", "ENCAP DOC"),
        ] {
            assert_eq!(RecordType::of_sop_class(uid).as_str(), term, "{uid}");
        }
    }

    #[test]
    fn terms_are_read_back() {
        assert_eq!(RecordType::parse("RT DOSE "), RecordType::RtDose);
        assert_eq!(RecordType::parse("VISIT").as_str(), "VISIT");
    }
}

//! The eighteen identifiers of the HIPAA Safe Harbor method (45 CFR §164.514(b)(2)(i)) and the
//! attributes in which DICOM has them.

use super::collect::AttributeRow;

/// One of the eighteen.
#[derive(Clone, Copy, Debug)]
pub struct Identifier {
    /// Its letter in the regulation.
    pub letter: char,
    /// What it is.
    pub name: &'static str,
    /// VRs all of whose attributes may have it.
    pub vrs: &'static [&'static str],
    /// Keywords of attributes that may have it.
    pub keywords: &'static [&'static str],
    /// Where else it may be, and what is done about that.
    pub elsewhere: &'static str,
}

impl Identifier {
    /// May the attribute of this row have it?
    pub fn covers(&self, row: &AttributeRow) -> bool {
        if row.is_private {
            return self.letter == 'R';
        }
        self.vrs.contains(&row.vr.as_str()) || self.keywords.contains(&row.name.as_str())
    }
}

const TEXT: &str = "text: see what was done to attributes of text above";

/// All of them, in the order of the regulation.
pub const SAFE_HARBOR: [Identifier; 18] = [
    Identifier {
        letter: 'A',
        name: "Names",
        vrs: &["PN"],
        keywords: &[
            "OtherPatientNames",
            "PatientBirthName",
            "PatientMotherBirthName",
            "InterpretationAuthor",
            "OperatorsName",
            "ResponsiblePerson",
        ],
        elsewhere: "text and pixels: see what was done to attributes of text and to PixelData above",
    },
    Identifier {
        letter: 'B',
        name: "Places smaller than a state",
        vrs: &[],
        keywords: &[
            "PatientAddress",
            "InstitutionName",
            "InstitutionAddress",
            "InstitutionalDepartmentName",
            "RegionOfResidence",
            "CurrentPatientLocation",
            "PatientInstitutionResidence",
            "PersonAddress",
            "ReferringPhysicianAddress",
            "ScheduledProcedureStepLocation",
            "PerformedLocation",
            "CountryOfResidence",
        ],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'C',
        name: "Dates, and ages over 89",
        vrs: &["DA", "DT"],
        keywords: &["PatientAge", "AcquisitionDateTime"],
        elsewhere: "see the policy on dates",
    },
    Identifier {
        letter: 'D',
        name: "Telephone numbers",
        vrs: &[],
        keywords: &[
            "PatientTelephoneNumbers",
            "PatientTelecomInformation",
            "PersonTelephoneNumbers",
            "PersonTelecomInformation",
            "ReferringPhysicianTelephoneNumbers",
            "OrderCallbackPhoneNumber",
            "OrderCallbackTelecomInformation",
        ],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'E',
        name: "Fax numbers",
        vrs: &[],
        keywords: &["PatientTelecomInformation"],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'F',
        name: "E-mail addresses",
        vrs: &[],
        keywords: &["PatientTelecomInformation", "PersonTelecomInformation"],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'G',
        name: "Social security numbers",
        vrs: &[],
        keywords: &["OtherPatientIDs", "OtherPatientIDsSequence"],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'H',
        name: "Medical record numbers",
        vrs: &[],
        keywords: &[
            "PatientID",
            "OtherPatientIDs",
            "OtherPatientIDsSequence",
            "MedicalRecordLocator",
            "IssuerOfPatientID",
        ],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'I',
        name: "Health plan beneficiary numbers",
        vrs: &[],
        keywords: &[
            "PatientInsurancePlanCodeSequence",
            "InsurancePlanIdentification",
        ],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'J',
        name: "Account numbers",
        vrs: &[],
        keywords: &[
            "AccessionNumber",
            "AdmissionID",
            "ServiceEpisodeID",
            "PlacerOrderNumberImagingServiceRequest",
            "FillerOrderNumberImagingServiceRequest",
            "RequestedProcedureID",
            "IssuerOfAdmissionID",
        ],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'K',
        name: "Certificate and license numbers",
        vrs: &[],
        keywords: &[
            "PersonIdentificationCodeSequence",
            "PhysiciansOfRecordIdentificationSequence",
            "OperatorIdentificationSequence",
        ],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'L',
        name: "Vehicle identifiers",
        vrs: &[],
        keywords: &[],
        elsewhere: "no attribute of DICOM; text: see above",
    },
    Identifier {
        letter: 'M',
        name: "Device identifiers and serial numbers",
        vrs: &["AE"],
        keywords: &[
            "DeviceSerialNumber",
            "DeviceUID",
            "StationName",
            "GantryID",
            "PlateID",
            "CassetteID",
            "DetectorID",
            "UniqueDeviceIdentifier",
            "GeneratorID",
            "DeviceDescription",
            "ScheduledStationName",
            "PerformedStationName",
        ],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'N',
        name: "URLs",
        vrs: &["UR"],
        keywords: &[],
        elsewhere: TEXT,
    },
    Identifier {
        letter: 'O',
        name: "IP addresses",
        vrs: &[],
        keywords: &["StationName"],
        elsewhere: "no attribute of its own; text: see above",
    },
    Identifier {
        letter: 'P',
        name: "Biometric identifiers",
        vrs: &[],
        keywords: &["PatientPhotoSequence"],
        elsewhere: "no other attribute of DICOM",
    },
    Identifier {
        letter: 'Q',
        name: "Full-face photographs and the like",
        vrs: &[],
        keywords: &[
            "PixelData",
            "RecognizableVisualFeatures",
            "IconImageSequence",
            "PatientPhotoSequence",
        ],
        elsewhere: "heads in volumes: see whether Clean Recognizable Visual Features is on",
    },
    Identifier {
        letter: 'R',
        name: "Any other unique number, characteristic or code",
        vrs: &["UI"],
        keywords: &[
            "StudyID",
            "PatientComments",
            "ClinicalTrialSubjectID",
            "SpecimenIdentifier",
            "ContainerIdentifier",
            "PerformedProcedureStepID",
            "ScheduledProcedureStepID",
            "ProtocolName",
            "SpecimenUID",
        ],
        elsewhere: "private elements: counted here",
    },
];

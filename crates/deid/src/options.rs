//! The options of the profile (PS3.15 §E.3, CID 7050).

/// Which options are on. None: the Basic Application Level Confidentiality Profile alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// 113101 Clean Pixel Data.
    pub clean_pixel_data: bool,
    /// 113102 Clean Recognizable Visual Features.
    pub clean_recognizable_visual_features: bool,
    /// 113103 Clean Graphics.
    pub clean_graphics: bool,
    /// 113104 Clean Structured Content.
    pub clean_structured_content: bool,
    /// 113105 Clean Descriptors.
    pub clean_descriptors: bool,
    /// 113106 Retain Longitudinal Temporal Information with Full Dates.
    pub retain_longitudinal_full_dates: bool,
    /// 113107 Retain Longitudinal Temporal Information with Modified Dates.
    pub retain_longitudinal_modified_dates: bool,
    /// 113108 Retain Patient Characteristics.
    pub retain_patient_characteristics: bool,
    /// 113109 Retain Device Identity.
    pub retain_device_identity: bool,
    /// 113110 Retain UIDs.
    pub retain_uids: bool,
    /// 113111 Retain Safe Private.
    pub retain_safe_private: bool,
    /// 113112 Retain Institution Identity.
    pub retain_institution_identity: bool,
}

//! The options of the profile (PS3.15 §E.3, CID 7050).

/// The profile's code and meaning (CID 7050).
pub(crate) const BASIC: (&str, &str) = ("113100", "Basic Application Confidentiality Profile");

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

macro_rules! profile_options {
    ($($variant:ident $field:ident $code:literal $meaning:literal),* $(,)?) => {
        /// One option of the profile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ProfileOption { $(#[doc = $meaning] $variant),* }

        impl ProfileOption {
            /// All of them, by code.
            pub const ALL: &'static [ProfileOption] = &[$(ProfileOption::$variant),*];

            /// Its name in policies.
            pub fn name(self) -> &'static str {
                match self { $(ProfileOption::$variant => stringify!($field)),* }
            }

            /// Its code value of CID 7050, scheme DCM.
            pub fn code(self) -> &'static str {
                match self { $(ProfileOption::$variant => $code),* }
            }

            /// Its code meaning.
            pub fn meaning(self) -> &'static str {
                match self { $(ProfileOption::$variant => $meaning),* }
            }
        }

        impl Options {
            /// Is this option on?
            pub fn has(&self, option: ProfileOption) -> bool {
                match option { $(ProfileOption::$variant => self.$field),* }
            }

            /// Turns an option on or off.
            pub fn set(&mut self, option: ProfileOption, on: bool) {
                match option { $(ProfileOption::$variant => self.$field = on),* }
            }
        }
    };
}

profile_options! {
    CleanPixelData clean_pixel_data "113101" "Clean Pixel Data Option",
    CleanRecognizableVisualFeatures clean_recognizable_visual_features "113102" "Clean Recognizable Visual Features Option",
    CleanGraphics clean_graphics "113103" "Clean Graphics Option",
    CleanStructuredContent clean_structured_content "113104" "Clean Structured Content Option",
    CleanDescriptors clean_descriptors "113105" "Clean Descriptors Option",
    FullDates retain_longitudinal_full_dates "113106" "Retain Longitudinal Temporal Information Full Dates Option",
    ModifiedDates retain_longitudinal_modified_dates "113107" "Retain Longitudinal Temporal Information Modified Dates Option",
    PatientCharacteristics retain_patient_characteristics "113108" "Retain Patient Characteristics Option",
    DeviceIdentity retain_device_identity "113109" "Retain Device Identity Option",
    Uids retain_uids "113110" "Retain UIDs Option",
    SafePrivate retain_safe_private "113111" "Retain Safe Private Option",
    InstitutionIdentity retain_institution_identity "113112" "Retain Institution Identity Option",
}

impl ProfileOption {
    /// The option of a column of the generated Table E.1-1.
    pub(crate) fn of_column(column: u8) -> Option<ProfileOption> {
        const COLUMNS: [ProfileOption; 10] = [
            ProfileOption::SafePrivate,
            ProfileOption::Uids,
            ProfileOption::DeviceIdentity,
            ProfileOption::InstitutionIdentity,
            ProfileOption::PatientCharacteristics,
            ProfileOption::FullDates,
            ProfileOption::ModifiedDates,
            ProfileOption::CleanDescriptors,
            ProfileOption::CleanStructuredContent,
            ProfileOption::CleanGraphics,
        ];
        COLUMNS.get(usize::from(column)).copied()
    }

    /// The option of this name.
    pub fn by_name(name: &str) -> Option<ProfileOption> {
        ProfileOption::ALL
            .iter()
            .copied()
            .find(|option| option.name() == name)
    }
}

impl Options {
    /// Those that are on, by code.
    pub fn on(&self) -> impl Iterator<Item = ProfileOption> + '_ {
        ProfileOption::ALL
            .iter()
            .copied()
            .filter(|option| self.has(*option))
    }
}

//! What validation finds.

use std::borrow::Cow;
use std::fmt;

use sagittal_core::{TagPath, dictionary};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The standard is not kept.
    Error,
    /// Allowed or common, and likely to cause trouble.
    Warning,
    /// Worth knowing.
    Information,
}

impl Severity {
    /// One word, lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information => "information",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal),* $(,)?) => {
        /// The kinds of finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $name),* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// Its name in JSON and SARIF.
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$name => $text),* }
            }
        }
    };
}

kinds! {
    /// An attribute that must be there is not.
    Missing "missing",
    /// An attribute that must have a value has none.
    Empty "empty",
    /// An attribute is there that must not be.
    NotPermitted "not-permitted",
    /// A value is not one of those allowed.
    Value "value",
    /// A value is none of the defined terms.
    DefinedTerm "defined-term",
    /// The VR is not that of the dictionary.
    Vr "vr",
    /// The number of values is wrong.
    Multiplicity "multiplicity",
    /// The number of items is wrong.
    Items "items",
    /// A value is longer or shorter than its VR allows.
    Length "length",
    /// A value has characters that its VR does not allow, or is not formed as its VR demands.
    Characters "characters",
    /// A date or time that does not exist.
    DateTime "date-time",
    /// A UID that is none, or that should be another one.
    Uid "uid",
    /// Text that does not fit the declared character set.
    CharacterSet "character-set",
    /// Text that looks as if it was read with a wrong character set before.
    Mojibake "mojibake",
    /// Text that looks as if it was cut.
    Cut "cut",
    /// A person name with too many groups or components.
    Name "name",
    /// A condition between attributes is not kept.
    Condition "condition",
    /// Functional groups do not fit frames.
    FunctionalGroup "functional-group",
    /// The description of the pixels contradicts itself or the pixel data.
    Pixels "pixels",
    /// Vectors, positions or spacings are impossible.
    Geometry "geometry",
    /// Private elements without a creator, or in illegal groups.
    Private "private",
    /// A retired attribute.
    Retired "retired",
    /// An attribute that the IOD does not have.
    NotInIod "not-in-iod",
    /// File Meta Information contradicts the data set.
    FileMeta "file-meta",
    /// The bytes are not as the standard demands; the reader got over it.
    Encoding "encoding",
    /// The SOP class has no IOD that is known here.
    UnknownIod "unknown-iod",
    /// Instances that should agree do not.
    Consistency "consistency",
    /// The same instance twice.
    Duplicate "duplicate",
    /// A reference that points nowhere, or to something else.
    Reference "reference",
    /// A side of the body that is none, is missing, or contradicts another.
    Laterality "laterality",
    /// Instances that are missing between those of a series.
    SeriesGap "series-gap",
}

/// One deviation from the standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The element concerned; empty for the instance as a whole.
    pub path: TagPath,
    /// What kind of deviation.
    pub kind: Kind,
    /// How grave.
    pub severity: Severity,
    /// The clause of the standard.
    pub clause: &'static str,
    /// The module or macro, if it is one that says so.
    pub module: Option<&'static str>,
    /// What was found and what was expected. No patient data: values of codes only.
    pub found: Cow<'static, str>,
    /// What to do about it.
    pub fix: Cow<'static, str>,
}

impl Finding {
    /// The path with keywords instead of tags and items counted from 1, as people read it.
    pub fn keyword_path(&self) -> String {
        keyword_path(&self.path)
    }
}

/// `ContentSequence[3]/TextValue`: keywords, items counted from 1.
pub fn keyword_path(path: &TagPath) -> String {
    use sagittal_core::PathStep;
    let mut text = String::new();
    for step in &path.0 {
        match step {
            PathStep::Element(tag) => {
                if !text.is_empty() {
                    text.push('/');
                }
                match dictionary::entry(*tag).map(|entry| entry.keyword) {
                    Some(keyword) if !keyword.is_empty() => text.push_str(keyword),
                    _ => text.push_str(&tag.to_string()),
                }
            }
            PathStep::Item(item) => {
                text.push_str(&format!("[{}]", u64::from(*item) + 1));
            }
        }
    }
    text
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.severity.as_str(), self.kind.as_str())?;
        if !self.path.0.is_empty() {
            write!(f, " {}", self.keyword_path())?;
        }
        write!(f, ": {} ({}", self.found, self.clause)?;
        if let Some(module) = self.module {
            write!(f, ", {module}")?;
        }
        f.write_str(")")
    }
}

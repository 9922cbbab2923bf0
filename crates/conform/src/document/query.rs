//! Queries: keys by information model and level (PS3.4 Annex C and K).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Attributes, Fact, Role, SopClasses};

/// An information model that is queried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryModel {
    /// The SOP class of its FIND; several if they behave the same.
    pub sop_classes: SopClasses,
    /// `scp` for what is answered, `scu` for what is asked: keys that it needs to match and to be
    /// returned.
    #[serde(default, skip_serializing_if = "Role::is_scp")]
    pub role: Role,
    /// Relational queries (PS3.4 §C.4.1.3.2.1) are agreed on.
    #[serde(default, skip_serializing_if = "Fact::is_silent")]
    pub relational: Fact<bool>,
    /// Combined date-time matching is agreed on.
    #[serde(default, skip_serializing_if = "Fact::is_silent")]
    pub date_time: Fact<bool>,
    /// Fuzzy matching of names is agreed on.
    #[serde(default, skip_serializing_if = "Fact::is_silent")]
    pub fuzzy: Fact<bool>,
    /// A query below the top level without the unique keys above is answered although relational
    /// behavior was not negotiated.
    #[serde(default, skip_serializing_if = "Fact::is_silent")]
    pub relational_unasked: Fact<bool>,
    /// Levels.
    pub levels: Vec<QueryLevel>,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// A level of an information model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryLevel {
    /// `PATIENT`, `STUDY`, `SERIES`, `IMAGE`; `WORKLIST` where there are no levels.
    pub level: String,
    /// Keys that behave the same.
    pub keys: Vec<QueryKeys>,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// Keys that behave the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryKeys {
    /// Attributes, by keyword or as `gggg,eeee`.
    pub attributes: Attributes,
    /// What the standard or the system calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
    /// Are they returned?
    #[serde(default, skip_serializing_if = "Returned::is_unknown")]
    pub returned: Returned,
    /// How they match.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matching: Vec<Matching>,
    /// How they do not match. What stands in neither list is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_matching: Vec<Matching>,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// The type of a key (PS3.4 §C.2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// Unique.
    Unique,
    /// Required.
    Required,
    /// Optional.
    Optional,
}

/// Is a key returned?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Returned {
    /// With a value.
    Yes,
    /// Never with a value.
    Empty,
    /// Left out of the answers.
    No,
    /// Not known.
    #[default]
    Unknown,
}

impl Returned {
    fn is_unknown(&self) -> bool {
        *self == Returned::Unknown
    }
}

/// How values match (PS3.4 §C.2.2.2).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Matching {
    /// Single value.
    Single,
    /// List of UIDs.
    UidList,
    /// Universal.
    Universal,
    /// Wild card.
    WildCard,
    /// Range.
    Range,
    /// Sequence.
    Sequence,
    /// Several values.
    Multiple,
    /// Without regard to case.
    CaseInsensitive,
    /// Without regard to diacritics.
    DiacriticsInsensitive,
    /// A value in UTF-8 beyond ASCII.
    Unicode,
    /// Fuzzy, if negotiated.
    Fuzzy,
}

//! What an item rests on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How something is known.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A conformance statement, a configuration or a person says so.
    Declared,
    /// It was seen.
    Observed,
    /// It is not known, and why.
    Unknown,
}

/// What items rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// How it is known.
    pub status: Status,
    /// When: a date, or date and time, of RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// From what: the statement with its revision, or the program and what it did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
}

impl Basis {
    /// A basis.
    pub fn new(status: Status, date: Option<String>, evidence: impl Into<String>) -> Basis {
        Basis {
            status,
            date,
            evidence: evidence.into(),
        }
    }
}

/// Is something supported?
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Support {
    /// Yes.
    #[default]
    Yes,
    /// No.
    No,
    /// Nobody knows.
    Unknown,
}

impl Support {
    /// Is it supported?
    pub fn is_yes(&self) -> bool {
        *self == Support::Yes
    }

    /// The default of what is listed nowhere.
    pub fn unknown() -> Support {
        Support::Unknown
    }

    /// Is it not known?
    pub fn is_unknown(&self) -> bool {
        *self == Support::Unknown
    }
}

impl From<bool> for Support {
    fn from(is: bool) -> Support {
        if is { Support::Yes } else { Support::No }
    }
}

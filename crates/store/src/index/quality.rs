//! Data quality in the index: what came, what was found in it, and what became of it.
//!
//! What came is counted by day, source and series; only instances with findings have rows of their
//! own. Rows outlive their instances, so that a report of last month stays what it was.

/// What became of an instance in which something was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is kept.
    #[default]
    Kept,
    /// It is held back.
    Quarantined,
    /// It was refused.
    Refused,
    /// It was kept or held back, and then deleted.
    Deleted,
}

impl Standing {
    /// All there are, in the order of their numbers.
    pub const ALL: [Standing; 4] = [
        Standing::Kept,
        Standing::Quarantined,
        Standing::Refused,
        Standing::Deleted,
    ];

    /// One word, lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Standing::Kept => "kept",
            Standing::Quarantined => "quarantined",
            Standing::Refused => "refused",
            Standing::Deleted => "deleted",
        }
    }

    pub(crate) const fn number(self) -> i64 {
        match self {
            Standing::Kept => 0,
            Standing::Quarantined => 1,
            Standing::Refused => 2,
            Standing::Deleted => 3,
        }
    }

    pub(crate) fn of_number(number: i64) -> Standing {
        let found = Standing::ALL.iter().find(|it| it.number() == number);
        found.copied().unwrap_or_default()
    }
}

/// One thing that was found. No patient data.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Noted {
    /// 0 error, 1 warning, 2 information.
    pub severity: u8,
    /// What kind of thing.
    pub kind: String,
    /// The attribute, by its keyword; empty for the instance as a whole.
    pub path: String,
    /// In words.
    pub found: String,
}

/// An instance that came and was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Study Instance UID.
    pub study_instance_uid: String,
    /// Series Instance UID.
    pub series_instance_uid: String,
    /// Modality.
    pub modality: String,
    /// Who sent it.
    pub source: String,
    /// Milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// What became of it.
    pub standing: Standing,
    /// It came just now: not another record of an instance that came before.
    pub counts: bool,
    /// What was found.
    pub findings: Vec<Noted>,
}

pub(crate) const DAY_MS: i64 = 86_400_000;

impl Arrival {
    /// The day it came on, since 1970 UTC.
    pub fn day(&self) -> i64 {
        self.received_ms.div_euclid(DAY_MS)
    }

    /// Has it a row of its own?
    pub(crate) fn is_flawed(&self) -> bool {
        !self.findings.is_empty() || self.standing != Standing::Kept
    }
}

/// An instance with findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flawed {
    /// Its record's place in the history; negative if it was refused.
    pub id: i64,
    /// All that is known.
    pub arrival: Arrival,
}

/// Which instances with findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlawedFilter {
    /// This one.
    pub id: Option<i64>,
    /// With this standing.
    pub standing: Option<Standing>,
    /// Of this study.
    pub study_instance_uid: Option<String>,
    /// Of this series.
    pub series_instance_uid: Option<String>,
    /// With this UID.
    pub sop_instance_uid: Option<String>,
    /// From this source.
    pub source: Option<String>,
    /// Received then or later: milliseconds since 1970 UTC.
    pub since_ms: Option<i64>,
    /// So many are left out.
    pub offset: u64,
    /// At most so many.
    pub limit: u64,
}

/// What came from one source of one modality in some days, and what was found in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QualityGroup {
    /// Who sent it.
    pub source: String,
    /// Modality.
    pub modality: String,
    /// Studies of which something came.
    pub studies: u64,
    /// Instances that came.
    pub instances: u64,
    /// Studies of which something with findings came.
    pub affected_studies: u64,
    /// Instances with findings that came.
    pub affected_instances: u64,
    /// Of these, those that are held back.
    pub quarantined: u64,
    /// Of these, those that were refused.
    pub refused: u64,
    /// Day by day, those without any left out.
    pub days: Vec<QualityDay>,
    /// What was found, the most frequent first.
    pub findings: Vec<QualityFinding>,
}

/// One day of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QualityDay {
    /// Since 1970 UTC.
    pub day: i64,
    /// Instances that came.
    pub instances: u64,
    /// Of these, those with findings.
    pub affected: u64,
}

/// One kind of finding of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QualityFinding {
    /// What.
    pub noted: Noted,
    /// Instances.
    pub instances: u64,
    /// Studies.
    pub studies: u64,
    /// The first and the last of them: milliseconds since 1970 UTC.
    pub first_ms: i64,
    /// See `first_ms`.
    pub last_ms: i64,
    /// SOP Instance UIDs of the last ones.
    pub examples: Vec<String>,
}

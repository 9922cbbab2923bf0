//! The lines of a log, as they are read.

use serde::{Deserialize, Serialize};

use crate::options::BASIC;
use crate::table::EDITION;
use crate::{Policy, Taken};

/// What all instances of a run have in common: the first line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Edition of the standard whose tables were used, e.g. `2026d`.
    pub edition: String,
    /// Name and version of this program.
    pub tool: String,
    /// The policy's name.
    pub profile: String,
    /// Codes (CID 7050) and names of the options that are on.
    pub options: Vec<String>,
    /// The policy on dates, in a sentence.
    pub dates: String,
    /// Digest of the rules in canonical form.
    pub rules: String,
    /// Fingerprint of the project key.
    pub key: String,
    /// When the run began (RFC 3339).
    pub started: String,
}

impl Run {
    /// Of a policy, with the fingerprint of the project key.
    pub fn of(policy: &Policy, key: &str, tool: &str, started: &str) -> Run {
        let named = |code: &str, meaning: &str| format!("{code} {meaning}");
        let options = policy.options.on();
        let options = options.map(|option| named(option.code(), option.meaning()));
        let dates = if policy.options.retain_longitudinal_full_dates {
            "kept".to_owned()
        } else if policy.options.retain_longitudinal_modified_dates {
            format!(
                "moved per patient by 1 to {} days into the past",
                policy.date_range
            )
        } else {
            "removed".to_owned()
        };
        Run {
            edition: EDITION.to_owned(),
            tool: tool.to_owned(),
            profile: policy.name.clone(),
            options: std::iter::once(named(BASIC.0, BASIC.1))
                .chain(options)
                .collect(),
            dates,
            rules: policy.rule_set_digest(),
            key: key.to_owned(),
            started: started.to_owned(),
        }
    }
}

/// How many elements were dealt with in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Left as they were, knowingly.
    pub kept: u64,
    /// Removed.
    pub removed: u64,
    /// Made zero length.
    pub emptied: u64,
    /// Replaced by a dummy value.
    pub dummied: u64,
    /// Replaced by a pseudonym.
    pub replaced: u64,
    /// Shifted in time.
    pub shifted: u64,
    /// Cleaned text.
    pub cleaned: u64,
    /// Blanked pixels.
    pub blanked: u64,
    /// Added.
    pub added: u64,
}

impl Counts {
    /// One more.
    pub fn count(&mut self, taken: Taken) {
        let counter = match taken {
            Taken::Kept => &mut self.kept,
            Taken::Removed => &mut self.removed,
            Taken::Emptied => &mut self.emptied,
            Taken::Dummied => &mut self.dummied,
            Taken::Replaced => &mut self.replaced,
            Taken::Shifted => &mut self.shifted,
            Taken::Cleaned => &mut self.cleaned,
            Taken::Blanked => &mut self.blanked,
            Taken::Added => &mut self.added,
        };
        *counter = counter.saturating_add(1);
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Counts) {
        let pairs = self.cells().into_iter().zip(other.named());
        for (to, (_, more)) in pairs {
            *to = to.saturating_add(more);
        }
    }

    /// All of them, with their names.
    pub fn named(&self) -> [(&'static str, u64); 9] {
        [
            ("kept", self.kept),
            ("removed", self.removed),
            ("emptied", self.emptied),
            ("dummied", self.dummied),
            ("replaced", self.replaced),
            ("shifted", self.shifted),
            ("cleaned", self.cleaned),
            ("blanked", self.blanked),
            ("added", self.added),
        ]
    }

    /// Their sum.
    pub fn total(&self) -> u64 {
        self.named().iter().map(|(_, count)| count).sum()
    }

    fn cells(&mut self) -> [&mut u64; 9] {
        [
            &mut self.kept,
            &mut self.removed,
            &mut self.emptied,
            &mut self.dummied,
            &mut self.replaced,
            &mut self.shifted,
            &mut self.cleaned,
            &mut self.blanked,
            &mut self.added,
        ]
    }
}

/// An instance begins.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FileLine {
    /// SHA-256 of the input file.
    pub input: String,
    /// Keyed hash of its SOP Instance UID.
    pub instance: String,
}

/// One element.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ElementLine {
    /// Path with item numbers from 0.
    pub path: String,
    /// Keyword, if the dictionary has one.
    #[serde(default)]
    pub keyword: String,
    /// Private creator of a private element.
    #[serde(default)]
    pub creator: Option<String>,
    /// VR.
    pub vr: String,
    /// What asked: `profile`, `content`, `safe private`, `policy`, `default`, `engine`.
    pub by: String,
    /// The row of the table that asked.
    #[serde(default)]
    pub row: String,
    /// The action asked for, as the table spells it.
    #[serde(default)]
    pub asked: String,
    /// What was done.
    pub taken: String,
    /// Why.
    pub reason: String,
    /// Length of the value field before.
    pub length: u64,
    /// Keyed hash of the value before, if it had one.
    #[serde(default)]
    pub before: Option<String>,
    /// The value after, if it is new, short, and text.
    #[serde(default)]
    pub after: Option<String>,
    /// Keyed hash of the value after, if it is not shown.
    #[serde(default)]
    pub after_hash: Option<String>,
}

/// Something worth telling about the instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NoteLine {
    /// What.
    pub note: String,
}

/// An instance was written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DoneLine {
    /// SHA-256 of the output file.
    pub output: String,
    /// The new SOP Instance UID.
    pub instance: String,
    /// The new Study Instance UID.
    pub study: String,
    /// Modality.
    pub modality: String,
    /// What the residual check searched: bytes.
    pub searched: u64,
    /// What the residual check found.
    pub hits: u64,
    /// Elements of this instance by what was done.
    pub counts: Counts,
}

/// An instance was not written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RefusedLine {
    /// Why.
    pub reason: String,
    /// Elements dealt with before, by what was done.
    pub counts: Counts,
}

/// The run is over.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EndLine {
    /// Instances begun.
    pub files: u64,
    /// Of them refused.
    pub refused: u64,
    /// Notes.
    pub notes: u64,
    /// Elements by what was done.
    pub counts: Counts,
    /// When (RFC 3339).
    pub finished: String,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Line {
    /// The first.
    Run {
        /// Version of the format: 1.
        format: u32,
        /// Public key of the signature at the end: base64 of 32 bytes.
        signer: String,
        /// The rest.
        #[serde(flatten)]
        run: Run,
    },
    /// An instance begins.
    File(FileLine),
    /// An element of the instance begun.
    Element(Box<ElementLine>),
    /// A note on the instance begun.
    Note(NoteLine),
    /// The instance was written.
    Done(DoneLine),
    /// The instance was not written.
    Refused(RefusedLine),
    /// The run is over.
    End(EndLine),
    /// The last: signature over the hash of `End`.
    Signature {
        /// 128 hexadecimal digits.
        ed25519: String,
    },
}

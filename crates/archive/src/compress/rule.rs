//! Which instances are compressed, when, and to what.

use std::time::Duration;

use sagittal_core::{Uid, transfer_syntax as ts};

/// When a rule is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum At {
    /// Before the instance is written. Large instances, which are written while they arrive, are
    /// compressed later.
    #[default]
    Arrival,
    /// In the background.
    Later,
}

/// Names and transfer syntaxes of what can be compressed to, the recommended one first.
pub const TARGETS: &[(&str, &str)] = &[
    ("htj2k-lossless", ts::HTJ2K_LOSSLESS),
    ("htj2k-lossless-rpcl", ts::HTJ2K_LOSSLESS_RPCL),
    ("jpeg-ls-lossless", ts::JPEG_LS_LOSSLESS),
    ("jpeg-lossless", ts::JPEG_LOSSLESS_SV1),
    ("jpeg-2000-lossless", ts::JPEG_2000_LOSSLESS),
    ("jpeg-xl-lossless", ts::JPEG_XL_LOSSLESS),
    ("rle", ts::RLE_LOSSLESS),
];

/// A rule. Every given condition restricts; an empty or absent one does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, for the log and metrics.
    pub name: String,
    /// Modality is one of these.
    pub modalities: Vec<String>,
    /// SOP Class UID is one of these.
    pub sop_class_uids: Vec<Uid>,
    /// The stored transfer syntax is one of these.
    pub transfer_syntax_uids: Vec<Uid>,
    /// The sender is one of these (AE title, user name).
    pub sources: Vec<String>,
    /// Bytes of the data set, at least.
    pub min_size: u64,
    /// Bytes of the data set, at most; 0: any.
    pub max_size: u64,
    /// Frames, at least.
    pub min_frames: u32,
    /// So long ago it was received, at least.
    pub min_age: Duration,
    /// To what.
    pub to: Uid,
    /// When.
    pub at: At,
}

impl Rule {
    /// A rule that fits everything.
    pub fn new(name: impl Into<String>, to: Uid, at: At) -> Rule {
        Rule {
            name: name.into(),
            modalities: Vec::new(),
            sop_class_uids: Vec::new(),
            transfer_syntax_uids: Vec::new(),
            sources: Vec::new(),
            min_size: 0,
            max_size: 0,
            min_frames: 0,
            min_age: Duration::ZERO,
            to,
            at,
        }
    }

    /// Does it fit, its time left aside?
    pub fn fits(&self, subject: &Subject<'_>) -> bool {
        let is_one = |all: &[String], one: &str| all.is_empty() || all.iter().any(|it| it == one);
        let is_uid =
            |all: &[Uid], one: &str| all.is_empty() || all.iter().any(|it| it.as_str() == one);
        is_one(&self.modalities, subject.modality)
            && is_one(&self.sources, subject.source)
            && is_uid(&self.sop_class_uids, subject.sop_class_uid)
            && is_uid(&self.transfer_syntax_uids, subject.transfer_syntax_uid)
            && subject.length >= self.min_size
            && (self.max_size == 0 || subject.length <= self.max_size)
            && subject.frames >= self.min_frames
            && subject.age >= self.min_age
    }
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // as in the rule
pub struct Subject<'a> {
    pub modality: &'a str,
    pub sop_class_uid: &'a str,
    pub transfer_syntax_uid: &'a str,
    pub source: &'a str,
    pub length: u64,
    pub frames: u32,
    pub age: Duration,
}

/// Can what is stored so be restored byte for byte? What was compressed or deflated by others
/// cannot: nobody else's encoder is known to the last bit.
pub(crate) fn is_restorable(transfer_syntax_uid: &str) -> bool {
    [
        ts::EXPLICIT_VR_LITTLE_ENDIAN,
        ts::IMPLICIT_VR_LITTLE_ENDIAN,
        ts::EXPLICIT_VR_BIG_ENDIAN,
    ]
    .contains(&transfer_syntax_uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_restricts() {
        let subject = Subject {
            modality: "CT",
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.2",
            transfer_syntax_uid: ts::EXPLICIT_VR_LITTLE_ENDIAN,
            source: "SCANNER",
            length: 1000,
            frames: 2,
            age: Duration::from_secs(60),
        };
        let rule = Rule::new("all", Uid::from_static(ts::HTJ2K_LOSSLESS), At::Arrival);
        assert!(rule.fits(&subject));
        let fitting = Rule {
            modalities: vec!["MR".into(), "CT".into()],
            sop_class_uids: vec![Uid::from_static("1.2.840.10008.5.1.4.1.1.2")],
            transfer_syntax_uids: vec![Uid::from_static(ts::EXPLICIT_VR_LITTLE_ENDIAN)],
            sources: vec!["SCANNER".into()],
            min_size: 1000,
            max_size: 1000,
            min_frames: 2,
            min_age: Duration::from_secs(60),
            ..rule
        };
        assert!(fitting.fits(&subject));
        let others: [fn(&mut Rule); 8] = [
            |rule| rule.modalities = vec!["MR".into()],
            |rule| rule.sop_class_uids = vec![Uid::from_static("1.2")],
            |rule| rule.transfer_syntax_uids = vec![Uid::from_static("1.2")],
            |rule| rule.sources = vec!["OTHER".into()],
            |rule| rule.min_size = 1001,
            |rule| rule.max_size = 999,
            |rule| rule.min_frames = 3,
            |rule| rule.min_age = Duration::from_secs(61),
        ];
        for change in others {
            let mut rule = fitting.clone();
            change(&mut rule);
            assert!(!rule.fits(&subject), "{rule:?}");
        }
    }
}

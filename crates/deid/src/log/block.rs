//! The lines of one instance, written while it goes through the engine.

use std::fmt::Write as _;
use std::ops::Range;

use sagittal_core::{CharacterSet, PathStep, Tag, Vr, dictionary};

use super::json::{self, field, number};
use super::{Counts, Digest};
use crate::{Asked, Change, ProjectKey, Recorder, Taken};

/// Values longer than this are hashed, not shown.
const SHOWN: usize = 256;
/// Bytes of keyed hashes that are written.
const HASH_BYTES: usize = 16;

/// What is said of an instance that was written.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// Digest of the output file.
    pub output: Digest,
    /// The new SOP Instance UID.
    pub sop_instance_uid: &'a str,
    /// The new Study Instance UID.
    pub study_instance_uid: &'a str,
    /// Modality.
    pub modality: &'a str,
    /// Bytes that the residual check searched; 0 if it was off.
    pub searched: u64,
    /// What it found; an output is only given out with hits if a person decided so.
    pub hits: u64,
}

/// Hears of all changes to one instance. Nothing of the values before gets in but keyed hashes.
pub struct FileLog<'k> {
    key: &'k ProjectKey,
    character_set: Option<CharacterSet>,
    /// Lines without what the chain adds, each beginning with `"kind"` and ended by a line feed.
    lines: Vec<u8>,
    /// Where values after stand in clear, quotation marks included.
    clear: Vec<Range<usize>>,
    counts: Counts,
    notes: u64,
    path: String,
}

/// The finished lines of one instance, ready to be chained by a [`super::Writer`].
#[derive(Clone, Debug)]
pub struct Block {
    pub(super) lines: Vec<u8>,
    pub(super) counts: Counts,
    pub(super) notes: u64,
    pub(super) refused: bool,
}

impl Block {
    /// Elements by what was done to them.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

impl<'k> FileLog<'k> {
    /// Begins with the digest of the input file and its SOP Instance UID (empty if not known).
    pub fn begin(key: &'k ProjectKey, input: Digest, sop_instance_uid: &str) -> FileLog<'k> {
        let mut log = FileLog {
            key,
            character_set: None,
            lines: Vec::with_capacity(32 << 10),
            clear: Vec::new(),
            counts: Counts::default(),
            notes: 0,
            path: String::new(),
        };
        log.lines.extend_from_slice(b"\"kind\":\"file\"");
        field("input", &input.to_string(), &mut log.lines);
        json::key("instance", &mut log.lines);
        log.hash(sop_instance_uid.as_bytes());
        log.end_line();
        log
    }

    /// The character set of the output, so that new values beyond ASCII are shown.
    pub fn set_character_set(&mut self, character_set: CharacterSet) {
        self.character_set = Some(character_set);
    }

    /// Notes something about the instance. No protected value may be in it.
    pub fn note(&mut self, note: &str) {
        self.lines.extend_from_slice(b"\"kind\":\"note\"");
        field("note", note, &mut self.lines);
        self.end_line();
        self.notes += 1;
    }

    /// Ends with the output.
    pub fn finish(mut self, done: &Done<'_>) -> Block {
        let out = &mut self.lines;
        out.extend_from_slice(b"\"kind\":\"done\"");
        field("output", &done.output.to_string(), out);
        field("instance", done.sop_instance_uid, out);
        field("study", done.study_instance_uid, out);
        field("modality", done.modality, out);
        number("searched", done.searched, out);
        number("hits", done.hits, out);
        self.end(false)
    }

    /// Ends without an output: refused, or put into quarantine. Values after are taken out of the
    /// lines again, since what cannot be given out may have something protected in it.
    /// `reason` must have no protected value.
    pub fn refuse(mut self, reason: &str) -> Block {
        let mut kept = Vec::with_capacity(self.lines.len());
        let mut from = 0;
        for range in &self.clear {
            kept.extend_from_slice(self.lines.get(from..range.start).unwrap_or(&[]));
            kept.extend_from_slice(b"null");
            from = range.end;
        }
        kept.extend_from_slice(self.lines.get(from..).unwrap_or(&[]));
        self.lines = kept;
        self.lines.extend_from_slice(b"\"kind\":\"refused\"");
        field("reason", reason, &mut self.lines);
        self.end(true)
    }

    fn end(mut self, refused: bool) -> Block {
        json::key("counts", &mut self.lines);
        counts_object(&self.counts, &mut self.lines);
        self.end_line();
        Block {
            lines: self.lines,
            counts: self.counts,
            notes: self.notes,
            refused,
        }
    }

    fn end_line(&mut self) {
        self.lines.extend_from_slice(b"}\n");
    }

    /// Appends a keyed hash in quotation marks.
    fn hash(&mut self, value: &[u8]) {
        let hash = self.key.derive("log value", &[value]);
        self.lines.push(b'"');
        json::hex(hash.split_at(HASH_BYTES).0, &mut self.lines);
        self.lines.push(b'"');
    }

    /// The new value as text that may be shown.
    fn shown(&self, change: &Change<'_>, after: &[u8]) -> Option<String> {
        if change.taken == Taken::Kept || !change.vr.is_text() || after.len() > SHOWN {
            return None;
        }
        let text = match &self.character_set {
            Some(set) => set.decode(after, change.vr).into_owned(),
            None if after.iter().all(|byte| matches!(byte, b' '..=b'~' | 0)) => {
                String::from_utf8_lossy(after).into_owned()
            }
            None => return None,
        };
        Some(text.trim_end_matches([' ', '\0']).to_owned())
    }

    fn asked(&mut self, asked: Asked<'_>) {
        let (by, row, action) = match asked {
            Asked::Profile(row, action) => ("profile", row.to_owned(), Some(action)),
            Asked::Content(code, scheme, action) => {
                ("content", format!("{code} {scheme}"), Some(action))
            }
            Asked::SafePrivate(action) => ("safe private", String::new(), Some(action)),
            Asked::Policy(action) => ("policy", String::new(), Some(action)),
            Asked::Default(action) => ("default", String::new(), Some(action)),
            Asked::Engine => ("engine", String::new(), None),
        };
        let out = &mut self.lines;
        field("by", by, out);
        if !row.is_empty() {
            field("row", &row, out);
        }
        if let Some(action) = action {
            field("asked", &action.to_string(), out);
        }
    }
}

impl Recorder for FileLog<'_> {
    fn record(&mut self, change: Change<'_>) {
        self.counts.count(change.taken);
        self.path.clear();
        let _ = write!(self.path, "{}", change.path);
        let last = change.path.0.iter().rev().find_map(|step| match step {
            PathStep::Element(tag) => Some(*tag),
            PathStep::Item(_) => None,
        });
        let tag = last.unwrap_or_default();
        let out = &mut self.lines;
        out.extend_from_slice(b"\"kind\":\"element\"");
        field("path", &self.path, out);
        if let Some(keyword) = keyword(tag) {
            field("keyword", keyword, out);
        }
        if let Some(creator) = change.private_creator {
            field("creator", creator, out);
        }
        field("vr", change.vr.as_str(), out);
        self.asked(change.asked);
        let out = &mut self.lines;
        field("taken", change.taken.as_str(), out);
        field("reason", change.reason.as_str(), out);
        number("length", change.before.len() as u64, out);
        if !change.before.is_empty() {
            json::key("before", &mut self.lines);
            self.hash(change.before);
        }
        match change.after {
            Some(after) if !after.is_empty() => self.after(&change, after),
            _ => {}
        }
        self.end_line();
    }
}

impl FileLog<'_> {
    fn after(&mut self, change: &Change<'_>, after: &[u8]) {
        // A value that did not change is as protected as before.
        let shown = self.shown(change, after).filter(|_| after != change.before);
        match shown {
            Some(text) => {
                json::key("after", &mut self.lines);
                let start = self.lines.len();
                json::string(&text, &mut self.lines);
                self.clear.push(start..self.lines.len());
            }
            None => {
                json::key("after_hash", &mut self.lines);
                self.hash(after);
            }
        }
    }
}

/// The keyword of a standard element.
fn keyword(tag: Tag) -> Option<&'static str> {
    let entry = (!tag.is_private())
        .then(|| dictionary::entry(tag))
        .flatten()?;
    (entry.vr != Vr::UN || !entry.keyword.is_empty()).then_some(entry.keyword)
}

/// Appends the counts as an object, zeros included: lines have one form.
pub(super) fn counts_object(counts: &Counts, out: &mut Vec<u8>) {
    for (position, (name, count)) in counts.named().into_iter().enumerate() {
        out.extend_from_slice(if position == 0 { b"{\"" } else { b",\"" });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(count.to_string().as_bytes());
    }
    out.push(b'}');
}

//! Gathers findings on a walk through a data set.

use std::borrow::Cow;
use std::collections::HashSet;

use sagittal_core::{PathStep, Tag, TagPath};

use super::Options;
use crate::finding::{Finding, Kind, Severity};

/// A finding without its path.
pub struct Draft {
    pub kind: Kind,
    pub severity: Severity,
    pub clause: &'static str,
    pub module: Option<&'static str>,
    pub found: Cow<'static, str>,
    pub fix: Cow<'static, str>,
}

impl Default for Draft {
    fn default() -> Draft {
        Draft {
            kind: Kind::Value,
            severity: Severity::Error,
            clause: "PS3.3",
            module: None,
            found: Cow::Borrowed(""),
            fix: Cow::Borrowed(""),
        }
    }
}

/// The findings so far, and where the walk is.
#[derive(Debug)]
pub struct Collector {
    options: Options,
    path: TagPath,
    findings: Vec<Finding>,
    seen: HashSet<(TagPath, Kind)>,
}

impl Collector {
    pub fn new(options: Options) -> Collector {
        Collector {
            options,
            path: TagPath::default(),
            findings: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Goes to a path.
    pub fn at(&mut self, path: TagPath) -> &mut Collector {
        self.path = path;
        self
    }

    /// Does something with the walk at an item (from 0) of a sequence here.
    pub fn within(&mut self, sequence: Tag, item: usize, what: impl FnOnce(&mut Collector)) {
        self.path.0.push(PathStep::Element(sequence));
        let item = u32::try_from(item).unwrap_or(u32::MAX);
        self.path.0.push(PathStep::Item(item));
        what(self);
        let depth = self.path.0.len().saturating_sub(2);
        self.path.0.truncate(depth);
    }

    /// How many sequences deep the walk is.
    pub fn depth(&self) -> usize {
        self.path.0.len() / 2
    }

    /// Would a finding of this severity be kept?
    pub fn wants(&self, severity: Severity) -> bool {
        severity <= self.options.least && self.findings.len() < self.options.most
    }

    /// Adds a finding about the whole of where the walk is.
    pub fn add(&mut self, draft: Draft) {
        let path = self.path.clone();
        self.push(path, draft);
    }

    /// Adds a finding about an element here.
    pub fn add_at(&mut self, tag: Tag, draft: Draft) {
        let path = self.path.element(tag);
        self.push(path, draft);
    }

    fn push(&mut self, path: TagPath, draft: Draft) {
        if !self.wants(draft.severity) || !self.seen.insert((path.clone(), draft.kind)) {
            return;
        }
        self.findings.push(Finding {
            path,
            kind: draft.kind,
            severity: draft.severity,
            clause: draft.clause,
            module: draft.module,
            found: draft.found,
            fix: draft.fix,
        });
    }

    /// All findings, in order of their paths.
    pub fn finish(mut self) -> Vec<Finding> {
        self.findings.sort_by(|a, b| a.path.cmp(&b.path));
        self.findings
    }
}

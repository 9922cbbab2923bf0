//! Which atoms go, and as what; which are replaced.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::Kind;

/// One decision an atom.
#[derive(Debug)]
pub struct Marks {
    kinds: Vec<Option<Kind>>,
    /// Atoms that read differently afterwards (moved dates).
    pub edits: HashMap<usize, String>,
    protected: HashSet<usize>,
    any: bool,
}

impl Marks {
    /// Nothing goes.
    pub fn new(atoms: usize) -> Marks {
        Marks {
            kinds: vec![None; atoms],
            edits: HashMap::new(),
            protected: HashSet::new(),
            any: false,
        }
    }

    /// The atom goes; the first reason counts, and what is replaced stays.
    pub fn set(&mut self, at: usize, kind: Kind) {
        if self.edits.contains_key(&at) || self.protected.contains(&at) {
            return;
        }
        if let Some(mark) = self.kinds.get_mut(at) {
            mark.get_or_insert(kind);
            self.any = true;
        }
    }

    /// The atoms stay, whatever is found: dates that were moved.
    pub fn protect(&mut self, range: Range<usize>) {
        self.protected.extend(range);
    }

    /// All of them go.
    pub fn set_all(&mut self, range: Range<usize>, kind: Kind) {
        range.for_each(|at| self.set(at, kind));
    }

    /// Why the atom goes, if it does.
    pub fn get(&self, at: usize) -> Option<Kind> {
        self.kinds.get(at).copied().flatten()
    }

    /// Does the atom go?
    pub fn is(&self, at: usize) -> bool {
        self.get(at).is_some()
    }

    /// Does it go as a name?
    pub fn is_name(&self, at: usize) -> bool {
        matches!(self.get(at), Some(Kind::PatientName | Kind::StaffName))
    }

    /// Does anything change?
    pub fn any(&self) -> bool {
        self.any || !self.edits.is_empty()
    }

    /// Is the atom replaced by another text?
    pub fn edit(&self, at: usize) -> Option<&str> {
        self.edits.get(&at).map(String::as_str)
    }
}

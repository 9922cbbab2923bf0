//! The rules of validation in memory: IODs, modules, conditions and value sets (PS3.3 Annex A, C).
//! Read from the generated tables when first asked for.

mod condition;
mod parse;
mod value_set;

use std::sync::LazyLock;

use sagittal_core::Tag;

pub use condition::{Condition, Scope, has_value};
pub use value_set::{ValueSet, text_values};

use crate::AttributeType;
use crate::finding::Severity;

/// All rules.
pub struct Rules {
    /// Each tells whether it holds for a data set.
    pub conditions: Vec<Condition>,
    /// Enumerated values and defined terms.
    pub value_sets: Vec<ValueSet>,
    /// Modules and macros.
    pub modules: Vec<Module>,
    /// IODs.
    pub iods: Vec<Iod>,
}

/// An IOD.
pub struct Iod {
    /// The condition under which an instance is one.
    pub when: usize,
    /// Its modules.
    pub modules: Vec<Usage>,
}

/// A module of an IOD.
#[derive(Clone, Copy)]
pub struct Usage {
    /// Which.
    pub module: usize,
    /// Checked only if this holds.
    pub condition: Option<usize>,
}

/// A module or macro.
pub struct Module {
    /// Its name in the rules, e.g. `GeneralSeries`.
    pub name: &'static str,
    /// Where it is defined, e.g. `PS3.3 §C.7.3.1`.
    pub clause: &'static str,
    /// What is checked.
    pub rules: Vec<Rule>,
}

/// When a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// Never.
    Never,
    /// If the condition of that number holds.
    If(usize),
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An attribute that is no sequence.
    Element,
    /// A sequence; the rule's own rules are those of its items.
    Sequence,
    /// All rules of a macro.
    Macro(usize),
    /// A check of a value, or a finding by itself.
    Verify,
}

/// What a `Verify` rule finds if its condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// How grave.
    pub severity: Severity,
    /// What kind.
    pub class: Class,
    /// It is found if the condition does not hold.
    pub otherwise: bool,
}

/// The classes of [`Report`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The attribute must not be there.
    Absent,
    /// The attribute or value must be there.
    Required,
    /// The number of items is wrong.
    Items,
    /// The attribute is empty and must not be, or the other way.
    Empty,
    /// The value is wrong.
    Value,
}

/// Enumerated values or defined terms, and the number of their set.
#[derive(Clone, Copy, Debug)]
pub struct Values {
    /// Values beyond these are errors (enumerated values); else they are unusual (defined terms).
    pub enumerated: bool,
    /// The set.
    pub set: usize,
}

/// One rule.
pub struct Rule {
    /// What it is about.
    pub role: Role,
    /// The attribute.
    pub tag: Tag,
    /// Its type.
    pub kind: Option<AttributeType>,
    /// When the type or the check applies.
    pub when: When,
    /// Allowed values.
    pub values: Option<Values>,
    /// How many values or items.
    pub multiplicity: Option<Multiplicity>,
    /// Which value is concerned, from 0; all of them if `None`.
    pub value: Option<usize>,
    /// The value must not be zero.
    pub not_zero: Option<Severity>,
    /// What a `Verify` rule finds.
    pub report: Option<Report>,
    /// The condition cannot be evaluated.
    pub unchecked: bool,
    /// The attribute may be there if the condition does not hold.
    pub otherwise: bool,
    /// Edition 2026b gives another type: nothing is said of presence.
    pub disputed: bool,
    /// Rules of the items.
    pub items: Vec<Rule>,
}

/// At least and at most so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplicity {
    /// At least.
    pub least: usize,
    /// At most; `None` for any number.
    pub most: Option<usize>,
}

impl Multiplicity {
    /// Is this number allowed?
    pub fn allows(self, count: usize) -> bool {
        count >= self.least && self.most.is_none_or(|most| count <= most)
    }
}

/// The rules, read once.
pub static RULES: LazyLock<Rules> = LazyLock::new(parse::rules);

impl Rules {
    /// The IOD of an instance.
    pub fn iod(&self, scope: &Scope) -> Option<&Iod> {
        self.iods
            .iter()
            .find(|iod| self.holds(When::If(iod.when), scope) == Some(true))
    }

    /// Does it hold here? `None` if that cannot be told.
    pub fn holds(&self, when: When, scope: &Scope) -> Option<bool> {
        match when {
            When::Always => Some(true),
            When::Never => Some(false),
            When::If(number) => self.conditions.get(number)?.holds(scope),
        }
    }

    /// The name of a condition, in words.
    pub fn in_words(&self, when: When) -> String {
        match when {
            When::If(number) => self
                .conditions
                .get(number)
                .map_or_else(String::new, |condition| words(condition.name)),
            _ => String::new(),
        }
    }
}

/// `LateralityHasNoValue` to `laterality has no value`; acronyms stay.
fn words(name: &str) -> String {
    let bytes = name.as_bytes();
    let is_upper = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    let is_lower = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
    let mut out = String::with_capacity(name.len() + 16);
    for (at, letter) in name.char_indices() {
        let starts = is_upper(at) && at > 0 && (is_lower(at - 1) || is_lower(at + 1));
        if starts {
            out.push(' ');
        }
        if is_upper(at) && is_lower(at + 1) {
            out.push(letter.to_ascii_lowercase());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rules_are_read() {
        assert!(RULES.iods.len() > 100);
        assert!(RULES.modules.len() > 600);
        for module in &RULES.modules {
            assert!(!module.rules.is_empty(), "{}", module.name);
        }
        for condition in &RULES.conditions {
            assert!(condition.is_whole(), "{}", condition.name);
        }
        for iod in &RULES.iods {
            assert!(iod.modules.len() > 1);
        }
    }

    #[test]
    fn names_of_conditions_are_put_into_words() {
        assert_eq!(words("LateralityHasNoValue"), "laterality has no value");
        assert_eq!(words("SOPClassIsCTOrMR"), "SOP class is CT or MR");
    }
}

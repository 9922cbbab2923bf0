//! Every element by itself (PS3.5 §6, §7.8): VR, number of values, form of values, private blocks.

use sagittal_core::{
    CharacterSet, DataSet, Element, Tag, Value, Vr, dictionary, sop_class, tags, transfer_syntax,
};

use super::collector::{Collector, Draft};
use super::{geometry, text, value};
use crate::attribute_type;
use crate::finding::{Kind, Severity};
use crate::rules::{Multiplicity, has_value};

/// Deeper than this no reader of ours goes; a tree made by hand may.
const MAX_DEPTH: usize = 512;

/// Checks all elements, those of items included.
pub fn check_all(data_set: &DataSet, transfer_syntax: Option<&str>, collector: &mut Collector) {
    let class = data_set.uid(tags::SOP_CLASS_UID).ok().flatten();
    let known = class
        .as_ref()
        .map(|uid| uid.as_str())
        .filter(|uid| sop_class::storage(uid).is_some());
    let explicit = transfer_syntax != Some(transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN);
    Elements {
        sop_class: known.filter(|_| collector.wants(Severity::Information)),
        explicit,
    }
    .check(data_set, collector);
}

/// What all elements have in common.
struct Elements<'a> {
    sop_class: Option<&'a str>,
    explicit: bool,
}

impl Elements<'_> {
    fn check(&self, data_set: &DataSet, collector: &mut Collector) {
        for element in data_set.elements() {
            if element.tag.is_private() {
                private(element, data_set, collector);
            } else {
                self.standard(element, collector);
            }
            let items = element.value.as_items().unwrap_or_default();
            if collector.depth() < MAX_DEPTH {
                for (number, item) in items.iter().enumerate() {
                    collector.within(element.tag, number, |collector| {
                        self.check(item, collector);
                    });
                }
            }
        }
        check_values(data_set, collector);
        geometry::check(data_set, collector);
    }

    fn standard(&self, element: &Element, collector: &mut Collector) {
        let Some(entry) = dictionary::entry(element.tag) else {
            return;
        };
        if self.explicit && !is_allowed(entry, element.vr) {
            let is_unknown = element.vr == Vr::UN;
            collector.add_at(
                element.tag,
                Draft {
                    kind: Kind::Vr,
                    severity: if is_unknown {
                        Severity::Warning
                    } else {
                        Severity::Error
                    },
                    clause: "PS3.6 §6",
                    found: format!("VR {}, the dictionary says {}", element.vr, entry.vr).into(),
                    fix: format!("write it with VR {}", entry.vr).into(),
                    ..Draft::default()
                },
            );
        }
        if element.vr != Vr::SQ && has_value(element) {
            multiplicity(element, entry.vm, collector);
        }
        if collector.wants(Severity::Information) {
            self.unusual(element, entry.retired, collector);
        }
    }

    /// Retired attributes, and those that the IOD does not have (which is allowed: PS3.4 §B.4.1).
    fn unusual(&self, element: &Element, retired: bool, collector: &mut Collector) {
        let draft = |kind, found: &'static str, fix: &'static str| Draft {
            kind,
            severity: Severity::Information,
            clause: "PS3.6 §6",
            found: found.into(),
            fix: fix.into(),
            ..Draft::default()
        };
        if retired {
            let found = "a retired attribute";
            collector.add_at(element.tag, draft(Kind::Retired, found, "leave it out"));
        } else if let Some(class) = self.sop_class
            && collector.depth() == 0
            && element.tag.group() > 0x0007
            && attribute_type(class, &[element.tag]).is_none()
        {
            let found = "an attribute that the IOD does not have";
            let fix = "leave it out, or state the SOP class as an extended one";
            collector.add_at(element.tag, draft(Kind::NotInIod, found, fix));
        }
    }
}

/// The form of the values of this data set, not of its items.
pub fn check_values(data_set: &DataSet, collector: &mut Collector) {
    for element in data_set.elements() {
        let Value::Bytes(bytes) = &element.value else {
            continue;
        };
        if element.vr.uses_character_set() {
            text::check(element.into(), data_set.character_set(), bytes, collector);
            continue;
        }
        let padding = value::check_padding(element.vr, bytes);
        for problem in [padding, value::check(element.vr, bytes)]
            .into_iter()
            .flatten()
        {
            add(element.tag, problem, collector);
        }
        if element.tag == tags::SPECIFIC_CHARACTER_SET {
            character_set(data_set, collector);
        }
    }
}

fn add(tag: Tag, problem: value::Problem, collector: &mut Collector) {
    collector.add_at(
        tag,
        Draft {
            kind: problem.kind,
            clause: if problem.kind == Kind::Uid {
                "PS3.5 §9.1"
            } else {
                "PS3.5 §6.2"
            },
            found: problem.found.into(),
            fix: problem.fix.into(),
            ..Draft::default()
        },
    );
}

/// Where the dictionary leaves a choice, its entry has one of the VRs.
fn is_allowed(entry: &dictionary::Entry, vr: Vr) -> bool {
    match entry.vr {
        expected if expected == vr => true,
        Vr::US => vr == Vr::SS,
        Vr::OW => matches!(vr, Vr::OB | Vr::US | Vr::SS),
        // Group lengths and such, which have none.
        Vr::UN => true,
        _ => false,
    }
}

fn multiplicity(element: &Element, vm: &str, collector: &mut Collector) {
    let count = value::count(element);
    let unlimited = element.vr.is_single_text() || element.vr.is_bulk();
    if vm == "1" && count == 1 || unlimited {
        return;
    }
    // In some multi-byte sets the second byte of a character may be a backslash.
    if vm == "1" && element.vr.uses_character_set() && !is_ascii(element) {
        return;
    }
    if allows(vm, count) {
        return;
    }
    collector.add_at(
        element.tag,
        Draft {
            kind: Kind::Multiplicity,
            clause: "PS3.6 §6",
            found: format!("{count} values, the dictionary says {vm}").into(),
            fix: format!("give it {vm} values").into(),
            ..Draft::default()
        },
    );
}

fn is_ascii(element: &Element) -> bool {
    element
        .value
        .as_bytes()
        .is_some_and(|bytes| bytes.is_ascii())
}

/// `1`, `1-3`, `1-n`, `2-2n`, or several of them with `or` between (PS3.6 §6).
fn allows(vm: &str, count: usize) -> bool {
    vm.split(" or ").any(|vm| {
        let (least, most) = vm.split_once('-').unwrap_or((vm, vm));
        let Ok(least) = least.parse::<usize>() else {
            return true;
        };
        let step = most.strip_suffix('n').map(|step| step.parse().unwrap_or(1));
        let in_range = Multiplicity {
            least,
            most: most.parse().ok(),
        };
        in_range.allows(count) && step.is_none_or(|step: usize| count.is_multiple_of(step.max(1)))
    })
}

fn private(element: &Element, data_set: &DataSet, collector: &mut Collector) {
    let tag = element.tag;
    let draft = |severity, found: &'static str, fix: &'static str| Draft {
        kind: Kind::Private,
        severity,
        clause: "PS3.5 §7.8.1",
        found: found.into(),
        fix: fix.into(),
        ..Draft::default()
    };
    if matches!(tag.group(), 0x0001..=0x0007 | 0xFFFF) {
        let found = "an odd group that is not for private elements";
        collector.add_at(
            tag,
            draft(Severity::Error, found, "use a group from 0009 on"),
        );
    } else if (0x0001..0x0010).contains(&tag.element()) {
        let found = "a private element below 0010";
        let fix = "reserve a block with a creator from 0010 on";
        collector.add_at(tag, draft(Severity::Error, found, fix));
    } else if tag.is_private_creator() {
        if !has_value(element) {
            let found = "a private creator without a value";
            collector.add_at(tag, draft(Severity::Error, found, "name the creator"));
        } else if !matches!(element.vr, Vr::LO | Vr::UN) {
            let found = "a private creator that is not LO";
            collector.add_at(tag, draft(Severity::Error, found, "write it with VR LO"));
        }
    } else if tag.private_creator().is_some() && data_set.private_creator(tag).is_none() {
        let found = "a private element without a creator";
        let fix = "add the element that reserves its block";
        collector.add_at(tag, draft(Severity::Warning, found, fix));
    }
}

fn character_set(data_set: &DataSet, collector: &mut Collector) {
    if let Some(draft) = unknown_term(data_set.character_set()) {
        collector.add_at(tags::SPECIFIC_CHARACTER_SET, draft);
    }
}

/// The first term of Specific Character Set that is none.
pub fn unknown_term(set: &CharacterSet) -> Option<Draft> {
    let term = set.unknown_terms().first()?;
    let plain = term.len() <= 16 && term.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    let shown = if plain { term.as_str() } else { "" };
    Some(Draft {
        kind: Kind::CharacterSet,
        clause: "PS3.3 §C.12.1.1.2",
        found: format!("unknown term {shown:?}").into(),
        fix: "use a defined term such as ISO_IR 100 or ISO_IR 192".into(),
        ..Draft::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplicities_are_read_as_printed() {
        for (vm, good, bad) in [("1", 1, 2), ("1-n", 7, 0), ("2-2n", 4, 3), ("1-3", 3, 4)] {
            assert!(allows(vm, good), "{vm}");
            assert!(!allows(vm, bad), "{vm}");
        }
        assert!(allows("1-n or 1", 3));
    }
}

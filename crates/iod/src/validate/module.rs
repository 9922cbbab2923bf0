//! Modules and macros of an IOD: presence by type and condition, items, enumerated values and
//! defined terms (PS3.3 Annex A and C, PS3.5 §7.4).

use sagittal_core::{Element, Tag, Value};

use super::collector::{Collector, Draft};
use crate::AttributeType;
use crate::finding::{Kind, Severity};
use crate::rules::{Class, Iod, Module, RULES, Report, Role, Rule, Scope, Values, When, has_value};

/// Content items and other macros that contain themselves end with the data; this is for cycles
/// of macros without a sequence between them, which a mistake in the rules could make.
const MAX_MACROS: usize = 32;

/// Checks every module of the IOD that applies.
pub fn check_iod(iod: &Iod, scope: &Scope, collector: &mut Collector) {
    for usage in &iod.modules {
        let when = usage.condition.map_or(When::Always, When::If);
        let Some(module) = RULES.modules.get(usage.module) else {
            continue;
        };
        if RULES.holds(when, scope) != Some(true) {
            continue;
        }
        let walk = Walk {
            module,
            macros: 0,
            group: 0,
        };
        match repeating(&module.rules) {
            None => walk.check(&module.rules, scope, collector),
            Some(first) => {
                for group in groups(scope, first) {
                    let offset = group - first;
                    Walk {
                        group: offset,
                        ..walk
                    }
                    .check(&module.rules, scope, collector);
                }
            }
        }
    }
}

/// The first group of the repeating groups that a module is about (overlays, curves).
fn repeating(rules: &[Rule]) -> Option<u16> {
    let first = rules.first()?.tag.group();
    matches!(first, 0x5000 | 0x6000).then_some(first)
}

/// The groups of that kind that are there.
fn groups(scope: &Scope, first: u16) -> Vec<u16> {
    let in_range = |group: u16| (first..=first + 0xFE).contains(&group) && group.is_multiple_of(2);
    let mut found: Vec<u16> = scope
        .here
        .elements()
        .iter()
        .map(|element| element.tag.group())
        .filter(|group| in_range(*group))
        .collect();
    found.dedup();
    found
}

#[derive(Clone, Copy)]
struct Walk<'r> {
    module: &'r Module,
    /// How many macros deep, since the last sequence.
    macros: usize,
    /// Added to the group numbers of a repeating group.
    group: u16,
}

impl Walk<'_> {
    fn check(&self, rules: &[Rule], scope: &Scope, collector: &mut Collector) {
        for rule in rules {
            match rule.role {
                Role::Macro(number) => self.expand(number, rule, scope, collector),
                Role::Verify => self.verify(rule, scope, collector),
                Role::Element | Role::Sequence => self.attribute(rule, scope, collector),
            }
        }
    }

    fn expand(&self, number: usize, rule: &Rule, scope: &Scope, collector: &mut Collector) {
        let Some(module) = RULES.modules.get(number) else {
            return;
        };
        if self.macros >= MAX_MACROS || RULES.holds(rule.when, scope) != Some(true) {
            return;
        }
        let walk = Walk {
            module,
            macros: self.macros + 1,
            ..*self
        };
        walk.check(&module.rules, scope, collector);
    }

    fn tag(&self, rule: &Rule) -> Tag {
        Tag(
            rule.tag.group().wrapping_add(self.group),
            rule.tag.element(),
        )
    }

    fn attribute(&self, rule: &Rule, scope: &Scope, collector: &mut Collector) {
        let tag = self.tag(rule);
        let element = scope.get(tag);
        self.presence(rule, tag, element, scope, collector);
        let Some(element) = element else {
            return;
        };
        if let Value::Sequence(items) = &element.value {
            self.count(rule, tag, items.len(), collector);
            if rule.items.is_empty() {
                return;
            }
            let walk = Walk { macros: 0, ..*self };
            for (number, item) in items.iter().enumerate() {
                let scope = scope.item(item);
                collector.within(tag, number, |collector| {
                    walk.check(&rule.items, &scope, collector);
                });
            }
        } else if has_value(element) {
            if rule.multiplicity.is_some() {
                let count = super::value::count(element);
                self.count(rule, tag, count, collector);
            }
            self.values(rule, scope, element, collector);
        }
    }

    /// PS3.5 §7.4: there or not, empty or not.
    fn presence(
        &self,
        rule: &Rule,
        tag: Tag,
        element: Option<&Element>,
        scope: &Scope,
        collector: &mut Collector,
    ) {
        use AttributeType::*;
        let Some(kind) = rule.kind.filter(|kind| *kind != Type3 && !rule.disputed) else {
            return;
        };
        let is_conditional = matches!(kind, Type1C | Type2C);
        let needs_value = matches!(kind, Type1 | Type1C);
        let holds = match (is_conditional, rule.unchecked) {
            (false, _) => Some(true),
            (true, true) => None,
            (true, false) => RULES.holds(rule.when, scope),
        };
        match element {
            None if holds == Some(true) => collector.add_at(tag, self.missing(kind, rule)),
            None => {}
            Some(_) if holds == Some(false) && !rule.otherwise => {
                collector.add_at(tag, self.not_permitted(kind, rule));
            }
            Some(element) if needs_value && !has_value(element) => {
                collector.add_at(tag, self.empty(kind));
            }
            Some(_) => {}
        }
    }

    fn missing(&self, kind: AttributeType, rule: &Rule) -> Draft {
        let (found, fix) = match kind {
            AttributeType::Type1 => ("missing, type 1", "add it with a value"),
            AttributeType::Type2 => (
                "missing, type 2",
                "add it, with zero length if the value is unknown",
            ),
            AttributeType::Type1C => ("missing, type 1C", "add it with a value"),
            _ => (
                "missing, type 2C",
                "add it, with zero length if the value is unknown",
            ),
        };
        Draft {
            kind: Kind::Missing,
            found: with_condition(found, "required if", rule),
            fix: fix.into(),
            ..self.draft()
        }
    }

    fn empty(&self, kind: AttributeType) -> Draft {
        let found = match kind {
            AttributeType::Type1 => "empty, type 1",
            _ => "empty, type 1C",
        };
        Draft {
            kind: Kind::Empty,
            found: found.into(),
            fix: "give it a value".into(),
            ..self.draft()
        }
    }

    fn not_permitted(&self, kind: AttributeType, rule: &Rule) -> Draft {
        let found = match kind {
            AttributeType::Type1C => "present, type 1C, and its condition is not met",
            _ => "present, type 2C, and its condition is not met",
        };
        Draft {
            kind: Kind::NotPermitted,
            found: with_condition(found, "allowed only if", rule),
            fix: "remove it, or correct what the condition depends on".into(),
            ..self.draft()
        }
    }

    fn count(&self, rule: &Rule, tag: Tag, count: usize, collector: &mut Collector) {
        let Some(multiplicity) = rule.multiplicity else {
            return;
        };
        if multiplicity.allows(count) {
            return;
        }
        let expected = match multiplicity.most {
            Some(most) if most == multiplicity.least => most.to_string(),
            Some(most) => format!("{} to {most}", multiplicity.least),
            None => format!("{} or more", multiplicity.least),
        };
        let is_sequence = rule.role == Role::Sequence;
        let what = if is_sequence { "items" } else { "values" };
        collector.add_at(
            tag,
            Draft {
                kind: if is_sequence {
                    Kind::Items
                } else {
                    Kind::Multiplicity
                },
                found: format!("{count} {what}, expected {expected}").into(),
                fix: if count == 0 {
                    "leave the attribute out, or give it a value".into()
                } else {
                    format!("give it {expected} {what}").into()
                },
                ..self.draft()
            },
        );
    }

    fn values(&self, rule: &Rule, scope: &Scope, element: &Element, collector: &mut Collector) {
        if let Some(values) = rule.values {
            self.value_set(values, rule, scope, element, collector);
        }
        let Some(severity) = rule.not_zero else {
            return;
        };
        let is_zero = |value: &f64| *value == 0.0;
        if scope
            .holder(element.tag)
            .floats(element.tag)
            .iter()
            .any(is_zero)
        {
            collector.add_at(
                element.tag,
                Draft {
                    kind: Kind::Value,
                    severity,
                    found: "the value is zero".into(),
                    fix: "give the true value, or none where the type allows it".into(),
                    ..self.draft()
                },
            );
        }
    }

    fn value_set(
        &self,
        values: Values,
        rule: &Rule,
        scope: &Scope,
        element: &Element,
        collector: &mut Collector,
    ) {
        let severity = if values.enumerated {
            Severity::Error
        } else {
            Severity::Warning
        };
        let Some(set) = RULES.value_sets.get(values.set) else {
            return;
        };
        if !collector.wants(severity) {
            return;
        }
        let holder = scope.holder(element.tag);
        let Some(found) = set.first_outside(holder, element, rule.value) else {
            return;
        };
        let shown = found.shown.map_or_else(
            || format!("value {}", found.number + 1),
            |value| format!("value {} is {value:?}", found.number + 1),
        );
        let (kind, relation, fix) = if values.enumerated {
            (Kind::Value, "not one of", "use one of the values listed")
        } else {
            (
                Kind::DefinedTerm,
                "none of the defined terms",
                "use a defined term where one fits",
            )
        };
        collector.add_at(
            element.tag,
            Draft {
                kind,
                severity,
                found: format!("{shown}, {relation}: {}", set.listed()).into(),
                fix: fix.into(),
                ..self.draft()
            },
        );
    }

    fn verify(&self, rule: &Rule, scope: &Scope, collector: &mut Collector) {
        let tag = self.tag(rule);
        if let Some(report) = rule.report {
            if collector.wants(report.severity)
                && RULES.holds(rule.when, scope) == Some(!report.otherwise)
            {
                collector.add_at(tag, self.reported(report, rule));
            }
            return;
        }
        let Some(element) = scope.get(tag).filter(|element| has_value(element)) else {
            return;
        };
        if RULES.holds(rule.when, scope) == Some(true) {
            self.values(rule, scope, element, collector);
        }
    }

    fn reported(&self, report: Report, rule: &Rule) -> Draft {
        let condition = RULES.in_words(rule.when);
        let (kind, found, fix) = match report.class {
            Class::Absent => (
                Kind::NotPermitted,
                "must not be present here",
                "remove it, or what contradicts it",
            ),
            Class::Required => (Kind::Missing, "is required here", "add it with a value"),
            Class::Items => (
                Kind::Items,
                "has a number of items that is not allowed here",
                "give it as many items as allowed",
            ),
            Class::Empty => (
                Kind::Empty,
                "is empty or not, against what its neighbors say",
                "give the value if it is known, leave the attribute out if it does not apply",
            ),
            Class::Value => (
                Kind::Condition,
                "has a value that contradicts other attributes",
                "correct the value, or what contradicts it",
            ),
        };
        let not = if report.otherwise { "not " } else { "" };
        Draft {
            kind,
            severity: report.severity,
            found: format!("{found}: {not}{condition}").into(),
            fix: fix.into(),
            ..self.draft()
        }
    }

    fn draft(&self) -> Draft {
        Draft {
            clause: self.module.clause,
            module: Some(self.module.name),
            ..Draft::default()
        }
    }
}

fn with_condition(
    found: &'static str,
    relation: &str,
    rule: &Rule,
) -> std::borrow::Cow<'static, str> {
    match rule.when {
        When::If(_) if !rule.unchecked => {
            format!("{found} ({relation}: {})", RULES.in_words(rule.when)).into()
        }
        _ => found.into(),
    }
}

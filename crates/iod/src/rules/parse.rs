//! Reads the generated tables of rules.

use sagittal_core::Tag;

use super::{
    Class, Condition, Iod, Module, Multiplicity, Report, Role, Rule, Rules, Usage, ValueSet,
    Values, When,
};
use crate::AttributeType;
use crate::finding::Severity;
use crate::generated::rules::{CONDITIONS, IODS, MODULES, VALUE_SETS};

/// All of them.
pub fn rules() -> Rules {
    Rules {
        conditions: CONDITIONS
            .iter()
            .map(|(name, text)| Condition::parse(name, text))
            .collect(),
        value_sets: VALUE_SETS
            .iter()
            .map(|text| ValueSet::parse(text))
            .collect(),
        modules: MODULES
            .iter()
            .map(|(name, clause, text)| Module {
                name,
                clause,
                rules: nested(text),
            })
            .collect(),
        iods: IODS.iter().map(iod).collect(),
    }
}

fn iod((_, when, modules): &(&'static str, usize, &str)) -> Iod {
    Iod {
        when: *when,
        modules: modules.split_ascii_whitespace().filter_map(usage).collect(),
    }
}

/// `12M`, or `14Cc45` with the number of a condition.
fn usage(token: &str) -> Option<Usage> {
    let digits = token.find(|c: char| !c.is_ascii_digit())?;
    let (module, rest) = token.split_at_checked(digits)?;
    let condition = rest.split_once('c').and_then(|(_, c)| c.parse().ok());
    Some(Usage {
        module: module.parse().ok()?,
        condition,
    })
}

/// Rules with the rules of items inside them.
fn nested(text: &str) -> Vec<Rule> {
    let flat = text.split(';').filter_map(rule);
    let mut open: Vec<Vec<Rule>> = vec![Vec::new()];
    for (depth, rule) in flat {
        close(&mut open, depth);
        if let Some(list) = open.last_mut() {
            list.push(rule);
        }
        open.push(Vec::new());
    }
    close(&mut open, 0);
    open.pop().unwrap_or_default()
}

/// Gives lists deeper than `depth` to the rule above them.
fn close(open: &mut Vec<Vec<Rule>>, depth: usize) {
    while open.len() > depth + 1 {
        let items = open.pop().unwrap_or_default();
        if let Some(rule) = open.last_mut().and_then(|list| list.last_mut()) {
            rule.items = items;
        }
    }
}

fn rule(text: &str) -> Option<(usize, Rule)> {
    let mut tokens = text.split_ascii_whitespace();
    let (depth, rest) = tokens.next()?.split_at_checked(1)?;
    let (role, number) = rest.split_at_checked(1)?;
    let tag = || {
        u32::from_str_radix(number, 16)
            .ok()
            .map_or(Tag(0, 0), Tag::from_u32)
    };
    let (role, tag) = match role {
        "e" => (Role::Element, tag()),
        "s" => (Role::Sequence, tag()),
        "m" => (Role::Macro(number.parse().ok()?), Tag(0, 0)),
        _ => (Role::Verify, tag()),
    };
    let mut rule = Rule {
        role,
        tag,
        kind: None,
        when: When::Always,
        values: None,
        multiplicity: None,
        value: None,
        not_zero: None,
        report: None,
        unchecked: false,
        otherwise: false,
        disputed: false,
        items: Vec::new(),
    };
    for token in tokens {
        property(&mut rule, token)?;
    }
    Some((depth.parse().ok()?, rule))
}

fn property(rule: &mut Rule, token: &str) -> Option<()> {
    let (letter, value) = token.split_at_checked(1)?;
    match letter {
        "t" => rule.kind = Some(kind(value)),
        "c" => rule.when = when(value)?,
        "v" => {
            let (kind, set) = value.split_at_checked(1)?;
            rule.values = Some(Values {
                enumerated: kind == "e",
                set: set.parse().ok()?,
            });
        }
        "m" => rule.multiplicity = Some(multiplicity(value)?),
        "s" => rule.value = Some(value.parse().ok()?),
        "z" => rule.not_zero = Some(severity(value)),
        "r" => {
            let (level, class) = value.split_at_checked(1)?;
            rule.report = Some(Report {
                severity: severity(level),
                class: class_of(class),
                otherwise: level == "l",
            });
        }
        "f" => match value {
            "u" => rule.unchecked = true,
            "o" => rule.otherwise = true,
            _ => rule.disputed = true,
        },
        _ => return None,
    }
    Some(())
}

fn when(value: &str) -> Option<When> {
    Some(match value {
        "A" => When::Always,
        "N" => When::Never,
        number => When::If(number.parse().ok()?),
    })
}

fn kind(value: &str) -> AttributeType {
    match value {
        "1" => AttributeType::Type1,
        "1C" => AttributeType::Type1C,
        "2" => AttributeType::Type2,
        "2C" => AttributeType::Type2C,
        _ => AttributeType::Type3,
    }
}

/// `1`, `0-1` or `2-n`.
pub fn multiplicity(value: &str) -> Option<Multiplicity> {
    let (least, most) = value.split_once('-').unwrap_or((value, value));
    Some(Multiplicity {
        least: least.parse().ok()?,
        most: most.parse().ok(),
    })
}

fn severity(level: &str) -> Severity {
    if level == "e" {
        Severity::Error
    } else {
        Severity::Warning
    }
}

fn class_of(letter: &str) -> Class {
    match letter {
        "a" => Class::Absent,
        "r" => Class::Required,
        "i" => Class::Items,
        "e" => Class::Empty,
        _ => Class::Value,
    }
}

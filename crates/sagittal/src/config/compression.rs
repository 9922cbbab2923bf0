//! Rules of compression: from their names and UIDs to what the archive does.

use sagittal_archive::compress::{self, At, Rule, TARGETS};
use sagittal_core::{Uid, transfer_syntax};

use super::layers::{Layers, Row};
use super::model::{Compression, CompressionRule};
use super::problem::{Place, Problem, nearest};
use super::value::Value;
use crate::convert::parse_syntax;

/// What can be restored byte for byte.
const NATIVE: [&str; 3] = [
    transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::EXPLICIT_VR_BIG_ENDIAN,
];

/// The transfer syntax that a name or UID stands for.
///
/// # Errors
/// Why it cannot be compressed to that.
pub fn target(text: &str) -> Result<Uid, String> {
    let found = TARGETS
        .iter()
        .find(|(name, uid)| [*name, *uid].contains(&text));
    if let Some((_, uid)) = found {
        return Ok(Uid::from_static(uid));
    }
    // The names of `sagittal transcode` serve as well.
    let uid = parse_syntax(text).unwrap_or(text);
    if TARGETS.iter().any(|(_, known)| *known == uid) {
        return Uid::tolerant(uid).map_err(|error| error.to_string());
    }
    if transfer_syntax::by_uid(uid).is_some_and(|ts| ts.lossy) {
        return Err(format!(
            "{text} loses something, and what is stored is never compressed with loss; for a peer that wants less, set lossy in its [[peer]]"
        ));
    }
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    Err(format!("{text:?} is none of {}", names.join(", ")))
}

/// The archive's settings, of rules that were checked.
pub fn settings(compression: &Compression) -> compress::Compression {
    compress::Compression {
        every: compression.every,
        rate: compression.rate,
        rules: compression.rules.iter().filter_map(rule).collect(),
    }
}

fn rule(rule: &CompressionRule) -> Option<Rule> {
    let uids = |texts: &[String]| -> Vec<Uid> {
        texts
            .iter()
            .filter_map(|text| Uid::new(text).ok())
            .collect()
    };
    let at = if rule.later { At::Later } else { At::Arrival };
    Some(Rule {
        modalities: rule.modalities.clone(),
        sop_class_uids: uids(&rule.sop_classes),
        transfer_syntax_uids: uids(&rule.transfer_syntaxes),
        sources: rule.sources.clone(),
        min_size: rule.min_size,
        max_size: rule.max_size,
        min_frames: rule.min_frames,
        min_age: rule.min_age,
        ..Rule::new(&rule.name, target(&rule.to).ok()?, at)
    })
}

/// Adds what is wrong with the rules.
pub(super) fn check(layers: &Layers, found: &mut Vec<Problem>) {
    let rows: &[Row] = layers
        .rows
        .get("compression.rule")
        .map(Vec::as_slice)
        .unwrap_or(&[]);
    for row in rows {
        check_row(row, found);
    }
}

fn check_row(row: &Row, found: &mut Vec<Problem>) {
    let place = |key: &str| {
        let held = row.get(key).and_then(|held| held.place.clone());
        held.unwrap_or(Place::Nowhere)
    };
    let number = |key: &str| match row.get(key).map(|held| &held.value) {
        Some(Value::Number(number)) => *number,
        _ => 0,
    };
    let text = |key: &str| match row.get(key).map(|held| &held.value) {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let mut problem = |key: &str, message: String, remedy: Option<String>| {
        let mut problem = Problem::new(place(key), format!("compression.rule.{key}"), message);
        problem.remedy = remedy;
        found.push(problem);
    };
    if let Err(message) = target(text("to")) {
        let near = nearest(text("to"), TARGETS.iter().map(|(name, _)| *name));
        let remedy = near.map(|near| format!("did you mean \"{near}\"?"));
        problem("to", message, remedy);
    }
    if let Some(Value::List(syntaxes)) = row.get("transfer_syntaxes").map(|held| &held.value) {
        for syntax in syntaxes {
            if let Value::Text(uid) = syntax
                && !NATIVE.contains(&uid.as_str())
            {
                let message = format!(
                    "{uid} cannot be restored byte for byte, and is never compressed; {} can",
                    NATIVE.join(", ")
                );
                problem("transfer_syntaxes", message, None);
            }
        }
    }
    if number("max_size") > 0 && number("max_size") < number("min_size") {
        let message = "smaller than min_size: the rule would never apply".to_owned();
        problem("max_size", message, Some("make it larger".to_owned()));
    }
    if number("min_age") > 0 && text("at") == "arrival" {
        let message = "nothing has any age when it arrives".to_owned();
        problem("min_age", message, Some("set at = \"later\"".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_named_or_given_by_its_uid_and_never_lossy() {
        for text in ["htj2k-lossless", "htj2k", "1.2.840.10008.1.2.4.201"] {
            assert_eq!(
                target(text).as_ref().map(Uid::as_str),
                Ok("1.2.840.10008.1.2.4.201")
            );
        }
        for text in ["htj2k-lossy", "jpeg", "1.2.840.10008.1.2.4.91"] {
            assert!(target(text).is_err_and(|why| why.contains("never compressed with loss")));
        }
        assert!(target("zip").is_err_and(|why| why.contains("htj2k-lossless")));
    }
}

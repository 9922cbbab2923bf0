//! What the value of a key asks for (PS3.4 §C.2.2.2).

use sagittal_core::date_time::{DateRange, DateTimeRange, Offset, TimeRange};
use sagittal_core::fold::{fold, phonetic_words};
use sagittal_core::{DataSet, Element, TagPath, Uid, Value, Vr};
use sagittal_store::index::{Matching, NamePattern, Pattern, Span};

use super::Query;
use crate::{Error, Result};

/// What a key's value asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    /// Universal matching: the attribute is only returned.
    Anything,
    /// The attribute must match.
    Match(Matching),
    /// Values of this VR cannot be matched.
    Unsupported,
}

/// Reads the value of a key that is no sequence.
pub(super) fn asked(
    query: &Query,
    keys: &DataSet,
    element: &Element,
    path: &TagPath,
) -> Result<Asked> {
    match &element.value {
        Value::Bytes(bytes) if bytes.iter().all(|b| matches!(b, b' ' | 0)) && is_text(element) => {
            return Ok(Asked::Anything);
        }
        Value::Bytes(bytes) if bytes.is_empty() => return Ok(Asked::Anything),
        Value::Bytes(_) => {}
        _ => return Ok(Asked::Unsupported),
    }
    if !element.vr.is_text() {
        let numbers = keys.floats(element.tag);
        let known = !numbers.is_empty() && element.vr.fixed_length().is_some();
        return Ok(match known && element.vr != Vr::AT {
            true => Asked::Match(Matching::Numbers(numbers)),
            false => Asked::Unsupported,
        });
    }
    // Where the backslash separates values it cannot be part of one: a list matches any of them,
    // even if the peer did not ask for multiple value matching.
    let values = keys.texts(element.tag);
    let values: Vec<&str> = values.iter().map(|value| value.trim()).collect();
    let values: Vec<&str> = values
        .into_iter()
        .filter(|value| !value.is_empty())
        .collect();
    if values.is_empty() || values.contains(&"*") {
        return Ok(Asked::Anything);
    }
    if query.empty_value_matching && values == ["\"\""] {
        return Ok(Asked::Match(Matching::Empty));
    }
    let bad = |reason: &str| Error::BadKey {
        path: path.clone(),
        reason: reason.to_owned(),
    };
    text_values(query, element.vr, &values)
        .map(Asked::Match)
        .map_err(|reason| bad(&reason))
}

fn is_text(element: &Element) -> bool {
    element.vr.is_text()
}

fn text_values(query: &Query, vr: Vr, values: &[&str]) -> Result<Matching, String> {
    let all = |vr: Vr| -> Result<Vec<Pattern>, String> {
        Ok(values
            .iter()
            .map(|value| match vr {
                Vr::AS | Vr::UR => Pattern::literal(*value),
                _ => Pattern::wildcard(*value),
            })
            .collect())
    };
    Ok(match vr {
        Vr::UI => {
            let uids: Result<Vec<Pattern>, String> = values
                .iter()
                .map(|value| {
                    let uid = Uid::tolerant(value).map_err(|_| "not a UID".to_owned())?;
                    Ok(Pattern::literal(uid.as_str()))
                })
                .collect();
            Matching::Texts(uids?)
        }
        Vr::PN if query.fuzzy => {
            Matching::Sounds(values.iter().map(|value| sounds(value)).collect())
        }
        Vr::PN => Matching::Names(values.iter().map(|value| NamePattern::new(value)).collect()),
        Vr::DA => Matching::Dates(spans(values, date_span)?),
        Vr::TM => Matching::Times(spans(values, time_span)?),
        Vr::DT => Matching::Moments(spans(values, moment_span)?),
        Vr::IS | Vr::DS => {
            let numbers: Option<Vec<f64>> = values.iter().map(|value| number(value)).collect();
            Matching::Numbers(numbers.ok_or_else(|| format!("not a number ({vr})"))?)
        }
        _ => Matching::Texts(all(vr)?),
    })
}

fn number(value: &str) -> Option<f64> {
    value
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
}

fn spans(
    values: &[&str],
    read: fn(&str) -> sagittal_core::Result<Span>,
) -> Result<Vec<Span>, String> {
    let spans = values.iter().map(|value| read(value));
    spans
        .collect::<Result<_, _>>()
        .map_err(|error| match error {
            sagittal_core::Error::InvalidValue { reason, .. } => reason,
            other => other.to_string(),
        })
}

/// A range of days, as the index counts them.
pub(super) fn date_span(text: &str) -> sagittal_core::Result<Span> {
    let range = DateRange::parse(text)?;
    let days = |date: Option<sagittal_core::date_time::Date>| date.map(|d| i64::from(d.to_days()));
    Ok(Span {
        from: days(range.from),
        to: days(range.to),
    })
}

fn time_span(text: &str) -> sagittal_core::Result<Span> {
    let range = TimeRange::parse(text)?;
    Ok(Span {
        from: range.from.map(|time| time.earliest()),
        to: range.to.map(|time| time.latest()),
    })
}

fn moment_span(text: &str) -> sagittal_core::Result<Span> {
    Ok(moments(&DateTimeRange::parse(text)?))
}

/// A range of moments, as the index counts them.
fn moments(range: &DateTimeRange) -> Span {
    let (from, to) = range.moments(Offset::UTC);
    Span {
        from: range.from.map(|_| from),
        to: range.to.map(|_| to),
    }
}

/// A date and its time as one range of moments (PS3.4 §C.2.2.2.5.1); `None` if they are not single
/// ranges.
pub(super) fn combined(dates: &str, times: &str) -> Option<Matching> {
    let dates = DateRange::parse(dates).ok()?;
    let times = TimeRange::parse(times).ok()?;
    let range = DateTimeRange::combined(&dates, &times);
    Some(Matching::Moments(vec![moments(&range)]))
}

/// The sounds of the words of a name; a word with a wildcard counts up to it.
fn sounds(name: &str) -> Vec<String> {
    let folded = fold(name);
    let words = folded.split(|c: char| !c.is_alphanumeric() && !matches!(c, '*' | '?'));
    let mut codes = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        match word.split_once(['*', '?']) {
            Some(("", _)) => {}
            Some((stem, _)) => codes.push(format!("{stem}*")),
            None => codes.extend(phonetic_words(word)),
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use sagittal_core::{Tag, tags};

    use super::*;
    use crate::query::Level;

    fn asked_of(tag: Tag, text: &str) -> Result<Asked> {
        let mut keys = DataSet::utf8();
        keys.put_text(tag, text);
        let mut query = Query::new(Level::Study, keys.clone());
        query.empty_value_matching = true;
        let element = keys.get(tag).expect("put").clone();
        asked(&query, &keys, &element, &TagPath::root(tag))
    }

    #[test]
    fn keys_without_value_and_lone_asterisks_match_anything() {
        for text in ["", " ", "*", "* "] {
            for tag in [
                tags::PATIENT_NAME,
                tags::STUDY_DATE,
                tags::STUDY_INSTANCE_UID,
            ] {
                assert_eq!(asked_of(tag, text).expect("fine"), Asked::Anything);
            }
        }
    }

    #[test]
    fn what_cannot_be_matched_is_refused() {
        for (tag, text) in [
            (tags::STUDY_DATE, "2024-13"),
            (tags::STUDY_DATE, "yesterday"),
            (tags::STUDY_TIME, "25"),
            (tags::STUDY_INSTANCE_UID, "1.2.*"),
            (tags::SERIES_NUMBER, "one"),
        ] {
            assert!(
                matches!(asked_of(tag, text), Err(Error::BadKey { .. })),
                "{tag} {text}"
            );
        }
    }

    #[test]
    fn lists_and_ranges_are_read() {
        let uids = asked_of(tags::STUDY_INSTANCE_UID, "1.2\\1.3").expect("fine");
        let expected = vec![Pattern::literal("1.2"), Pattern::literal("1.3")];
        assert_eq!(uids, Asked::Match(Matching::Texts(expected)));
        let Ok(Asked::Match(Matching::Dates(spans))) = asked_of(tags::STUDY_DATE, "-20240101")
        else {
            panic!("a date range");
        };
        assert_eq!(spans[0].from, None);
        assert!(spans[0].to.is_some());
        assert_eq!(
            asked_of(tags::PATIENT_ID, "\"\"").expect("fine"),
            Asked::Match(Matching::Empty)
        );
    }
}

//! Matching a key as a document says that it matches (PS3.4 §C.2.2.2).

use sagittal_core::date_time::{Date, DateRange, DateTime, DateTimeRange, Offset, Time, TimeRange};
use sagittal_core::{DataSet, Tag, Vr, dictionary, fold, wildcard};

use crate::document::{Matching, QueryKeys};

/// How one key matches.
#[derive(Clone, Debug, Default)]
pub(super) struct Rule {
    matching: Vec<Matching>,
    not_matching: Vec<Matching>,
    /// Everything that can be asked matches.
    everything: bool,
}

impl Rule {
    /// As the document says.
    pub fn of(keys: &QueryKeys) -> Rule {
        Rule {
            matching: keys.matching.clone(),
            not_matching: keys.not_matching.clone(),
            everything: false,
        }
    }

    /// Whatever is asked.
    pub fn everything() -> Rule {
        Rule {
            everything: true,
            ..Rule::default()
        }
    }

    fn has(&self, how: Matching) -> bool {
        self.everything || self.matching.contains(&how)
    }

    /// A key that is not matched by value is as good as not there. One of which it is known that a
    /// value finds nothing, but how else it matches, is looked at.
    fn is_ignored(&self) -> bool {
        let speaks = |how: &Matching| {
            matches!(
                how,
                Matching::UidList | Matching::WildCard | Matching::Range | Matching::Sequence
            )
        };
        !self.has(Matching::Single)
            && !self.matching.iter().any(speaks)
            && !self.not_matching.iter().any(speaks)
    }
}

/// Does a data set match the key of an identifier?
pub(super) fn matches(rule: &Rule, identifier: &DataSet, found: &DataSet, tag: Tag) -> bool {
    if dictionary::vr(tag) == Vr::SQ {
        return sequence(rule, identifier, found, tag);
    }
    let wanted: Vec<String> = identifier
        .texts(tag)
        .into_iter()
        .map(|text| text.trim().to_owned())
        .collect();
    if wanted.iter().all(String::is_empty) || rule.is_ignored() {
        return true;
    }
    let vr = dictionary::vr(tag);
    let values = found.texts(tag);
    if wanted.len() > 1 {
        let how = if vr == Vr::UI {
            Matching::UidList
        } else {
            Matching::Multiple
        };
        let any = |value: &String| wanted.iter().any(|want| single(rule, vr, want, value));
        return rule.has(how) && values.iter().any(any);
    }
    let Some(want) = wanted.first() else {
        return true;
    };
    if !want.is_ascii() && rule.not_matching.contains(&Matching::Unicode) {
        return false;
    }
    values.iter().any(|value| one(rule, vr, want, value))
}

fn one(rule: &Rule, vr: Vr, want: &str, value: &str) -> bool {
    if matches!(vr, Vr::DA | Vr::TM | Vr::DT) && want.contains('-') && rule.has(Matching::Range) {
        return in_range(vr, want, value);
    }
    let is_text = !matches!(vr, Vr::UI | Vr::DA | Vr::TM | Vr::DT);
    if is_text && wildcard::has_wildcards(want) && rule.has(Matching::WildCard) {
        return wildcard::matches(&letters(rule, vr, want), &letters(rule, vr, value));
    }
    // What is not understood is taken literally.
    rule.has(Matching::Single) && single(rule, vr, want, value)
}

fn single(rule: &Rule, vr: Vr, want: &str, value: &str) -> bool {
    let (want, value) = (want.trim(), value.trim());
    if want == value {
        return true;
    }
    let same = match vr {
        Vr::IS | Vr::DS => match (want.parse::<f64>(), value.parse::<f64>()) {
            (Ok(want), Ok(value)) => want.total_cmp(&value).is_eq(),
            _ => false,
        },
        Vr::TM => Time::parse(want).ok().is_some_and(|want| {
            Time::parse(value).is_ok_and(|value| value.earliest() == want.earliest())
        }),
        _ => false,
    };
    same || letters(rule, vr, want) == letters(rule, vr, value)
}

/// What counts of a text.
fn letters(rule: &Rule, vr: Vr, text: &str) -> String {
    let text = match vr {
        Vr::PN => text.trim_end_matches(['^', '=', ' ']),
        _ => text.trim(),
    };
    if rule.has(Matching::DiacriticsInsensitive) {
        fold::fold(text)
    } else if rule.has(Matching::CaseInsensitive) && vr != Vr::UI {
        text.to_lowercase()
    } else {
        text.to_owned()
    }
}

fn in_range(vr: Vr, want: &str, value: &str) -> bool {
    match vr {
        Vr::DA => DateRange::parse(want)
            .is_ok_and(|range| Date::parse(value).is_ok_and(|date| range.covers(date))),
        Vr::TM => TimeRange::parse(want)
            .is_ok_and(|range| Time::parse(value).is_ok_and(|time| range.covers(time))),
        _ => DateTimeRange::parse(want).is_ok_and(|range| {
            let zone = Offset::from_minutes(0);
            match (DateTime::parse(value), zone) {
                (Ok(value), Ok(zone)) => range.covers(value, zone),
                _ => false,
            }
        }),
    }
}

/// An item that matches all keys of the item that is asked for (PS3.4 §C.2.2.2.6).
fn sequence(rule: &Rule, identifier: &DataSet, found: &DataSet, tag: Tag) -> bool {
    let Some(wanted) = identifier.items(tag).first() else {
        return true;
    };
    let tags: Vec<Tag> = wanted
        .elements()
        .iter()
        .map(|element| element.tag)
        .collect();
    let asks = tags.iter().any(|tag| {
        wanted
            .texts(*tag)
            .iter()
            .any(|text| !text.trim().is_empty())
            || !wanted.items(*tag).is_empty()
    });
    if !asks || !rule.has(Matching::Sequence) {
        return true;
    }
    let inner = Rule::everything();
    let fits = |item: &DataSet| tags.iter().all(|tag| matches(&inner, wanted, item, *tag));
    found.items(tag).iter().any(fits)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests {
    use sagittal_core::tags;

    use super::*;

    fn rule(matching: &[Matching], not_matching: &[Matching]) -> Rule {
        Rule {
            matching: matching.to_vec(),
            not_matching: not_matching.to_vec(),
            everything: false,
        }
    }

    fn asks(rule: &Rule, tag: Tag, want: &str, value: &str) -> bool {
        let (mut identifier, mut found) = (DataSet::utf8(), DataSet::utf8());
        identifier.put_text(tag, want);
        found.put_text(tag, value);
        matches(rule, &identifier, &found, tag)
    }

    #[test]
    fn a_key_matches_in_the_ways_of_the_document_only() {
        use Matching::{CaseInsensitive, Range, Single, UidList, Universal, WildCard};
        let name = tags::PATIENT_NAME;
        let strict = rule(&[Single], &[WildCard, CaseInsensitive]);
        assert!(asks(&strict, name, "Doe^Jane", "Doe^Jane^^"));
        assert!(!asks(&strict, name, "doe^jane", "Doe^Jane"));
        assert!(!asks(&strict, name, "Doe*", "Doe^Jane"), "taken literally");
        let wild = rule(&[Single, WildCard, CaseInsensitive], &[]);
        assert!(asks(&wild, name, "dOE*", "Doe^Jane"));
        assert!(!asks(&wild, name, "Roe*", "Doe^Jane"));
        let ignored = rule(&[Universal], &[Single]);
        assert!(asks(&ignored, name, "Nobody", "Doe^Jane"));
        let dates = rule(&[Single, Range], &[]);
        assert!(asks(
            &dates,
            tags::STUDY_DATE,
            "20260101-20260201",
            "20260115"
        ));
        assert!(!asks(&dates, tags::STUDY_DATE, "-20260101", "20260115"));
        let no_range = rule(&[Single], &[Range]);
        assert!(!asks(
            &no_range,
            tags::STUDY_DATE,
            "20260101-20260201",
            "20260115"
        ));
        let lists = rule(&[Single, UidList], &[]);
        assert!(asks(&lists, tags::STUDY_INSTANCE_UID, "1.2\\1.3", "1.3"));
        assert!(!asks(&strict, tags::STUDY_INSTANCE_UID, "1.2\\1.3", "1.3"));
        assert!(asks(&strict, tags::MODALITIES_IN_STUDY, "MR", "CT\\MR"));
    }

    #[test]
    fn items_of_sequences_match_as_a_whole() {
        let tag = tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE;
        let item = |modality: &str, date: &str| {
            let mut item = DataSet::utf8();
            item.put_text(tags::MODALITY, modality);
            item.put_text(tags::SCHEDULED_PROCEDURE_STEP_START_DATE, date);
            let mut data_set = DataSet::utf8();
            data_set.put_items(tag, vec![item]);
            data_set
        };
        let rule = rule(&[Matching::Sequence], &[]);
        let found = item("CT", "20260115");
        assert!(matches(&rule, &item("CT", "20260101-"), &found, tag));
        assert!(!matches(&rule, &item("MR", ""), &found, tag));
        let ignored = Rule::default();
        assert!(matches(&ignored, &item("MR", ""), &found, tag));
    }
}

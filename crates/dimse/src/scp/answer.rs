//! Answers to queries as identifiers of C-FIND responses (PS3.4 §C.4.1.1.3.2).

use sagittal_archive::query::Level;
use sagittal_core::{AeTitle, CharacterSet, DataSet, Tag, Value, Vr, tags};

use super::identifier::level_name;

/// Elements of a request that are no keys.
const NO_KEYS: &[Tag] = &[
    tags::SPECIFIC_CHARACTER_SET,
    tags::QUERY_RETRIEVE_LEVEL,
    tags::QUERY_RETRIEVE_VIEW,
    tags::RETRIEVE_AE_TITLE,
    tags::INSTANCE_AVAILABILITY,
];

/// The keys of a request. A Timezone Offset From UTC with a value says how times are meant, which
/// we do not negotiate (PS3.4 §C.4.1.1.3.1); it is no key then.
pub(super) fn keys(mut identifier: DataSet) -> DataSet {
    identifier.retain(|element| {
        !NO_KEYS.contains(&element.tag)
            && !element.tag.is_group_length()
            && (element.tag != tags::TIMEZONE_OFFSET_FROM_UTC || element.value.is_empty())
    });
    identifier
}

/// Makes identifiers of answers.
pub(super) struct Shape {
    pub(super) level: Level,
    pub(super) ae_title: AeTitle,
    /// What the requestor asks for and has shown to understand.
    pub(super) character_set: CharacterSet,
}

impl Shape {
    /// Adds what the archive does not know, and re-encodes text if its repertoire allows it.
    pub(super) fn apply(&self, mut answer: DataSet) -> DataSet {
        self.encode_text(&mut answer);
        answer.put_bytes(
            tags::QUERY_RETRIEVE_LEVEL,
            Vr::CS,
            level_name(self.level).as_bytes(),
        );
        answer.put_bytes(
            tags::RETRIEVE_AE_TITLE,
            Vr::AE,
            self.ae_title.as_str().as_bytes().to_vec(),
        );
        answer.put_bytes(tags::INSTANCE_AVAILABILITY, Vr::CS, &b"ONLINE"[..]);
        answer
    }

    /// The answer is UTF-8. ASCII is the same in every character set; what the asked-for one
    /// lacks stays UTF-8, declared as such.
    fn encode_text(&self, answer: &mut DataSet) {
        if self.character_set.is_utf8() {
            return;
        }
        if is_ascii(answer) {
            let terms = self.character_set.defined_terms();
            if terms.is_empty() {
                answer.remove(tags::SPECIFIC_CHARACTER_SET);
            } else {
                answer.put_bytes(tags::SPECIFIC_CHARACTER_SET, Vr::CS, terms.into_bytes());
            }
            return;
        }
        if self.character_set.unknown_terms().is_empty() {
            let mut encoded = answer.clone();
            if encoded.transcode_text(&self.character_set) == 0 {
                *answer = encoded;
            }
        }
    }
}

fn is_ascii(data_set: &DataSet) -> bool {
    data_set
        .elements()
        .iter()
        .all(|element| match &element.value {
            Value::Bytes(bytes) => !element.vr.uses_character_set() || bytes.is_ascii(),
            Value::Sequence(items) => items.iter().all(is_ascii),
            _ => true,
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shape(terms: &[u8]) -> Shape {
        Shape {
            level: Level::Study,
            ae_title: AeTitle::new("ODD").unwrap(),
            character_set: CharacterSet::from_element(terms),
        }
    }

    fn answer(name: &str) -> DataSet {
        let mut answer = DataSet::utf8();
        answer.put_text(tags::PATIENT_NAME, name);
        answer
    }

    #[test]
    fn text_is_in_the_asked_for_character_set_if_it_can_be() {
        let latin = shape(b"ISO_IR 100").apply(answer("Müller"));
        assert_eq!(
            latin.bytes(tags::PATIENT_NAME).unwrap().as_ref(),
            b"M\xFCller"
        );
        assert_eq!(
            latin.text(tags::SPECIFIC_CHARACTER_SET).as_deref(),
            Some("ISO_IR 100")
        );
    }

    #[test]
    fn text_that_the_asked_for_character_set_lacks_stays_utf_8() {
        for terms in [&b"ISO_IR 100"[..], b""] {
            let japanese = shape(terms).apply(answer("山田"));
            assert_eq!(
                japanese.text(tags::SPECIFIC_CHARACTER_SET).as_deref(),
                Some("ISO_IR 192")
            );
            assert_eq!(japanese.text(tags::PATIENT_NAME).as_deref(), Some("山田"));
        }
    }

    #[test]
    fn an_answer_in_ascii_declares_no_character_set_unless_one_was_asked_for() {
        let plain = shape(b"").apply(answer("Doe"));
        assert!(!plain.contains(tags::SPECIFIC_CHARACTER_SET));
        assert_eq!(plain.text(tags::RETRIEVE_AE_TITLE).as_deref(), Some("ODD"));
        assert_eq!(plain.bytes(tags::RETRIEVE_AE_TITLE).unwrap().len(), 4);
        let mut with_item = answer("Doe");
        let mut item = DataSet::utf8();
        item.put_text(tags::CODE_MEANING, "Schädel");
        with_item.put_items(tags::PROCEDURE_CODE_SEQUENCE, vec![item]);
        assert!(!is_ascii(&with_item));
    }

    #[test]
    fn a_time_zone_with_a_value_is_no_key() {
        let mut identifier = DataSet::new();
        identifier.put_text(tags::TIMEZONE_OFFSET_FROM_UTC, "+0100");
        identifier.put_text(tags::QUERY_RETRIEVE_LEVEL, "STUDY");
        identifier.put_empty(tags::PATIENT_ID);
        let keys = keys(identifier);
        assert_eq!(keys.len(), 1);
        assert!(keys.contains(tags::PATIENT_ID));
    }
}

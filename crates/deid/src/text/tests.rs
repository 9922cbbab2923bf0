//! Phrases in several languages, and what must hold for any text.

use std::borrow::Cow;

use proptest::prelude::*;
use sagittal_core::fold::fold;

use super::*;

/// A patient, staff, a hospital.
fn identity() -> Identity {
    let mut identity = Identity::default();
    for (kind, term) in [
        (Kind::PatientName, "Doe^John^Quincy"),
        (Kind::PatientName, "Müller-Lüdenscheidt^Erika"),
        (Kind::PatientName, "O'Neill^Shaun"),
        (Kind::PatientName, "van der Berg^Anneke"),
        (Kind::PatientName, "Ørsted^Søren"),
        (Kind::PatientName, "Yamada^Taro=山田^太郎=やまだ^たろう"),
        (Kind::PatientName, "Иванов^Сергей"),
        (Kind::PatientName, "Brain^William"),
        (Kind::StaffName, "White^Walter"),
        (Kind::PatientName, "Li^Wei"),
        (Kind::Identifier, "4711-0815"),
        (Kind::Identifier, "ACC2024X77"),
        (Kind::Institution, "Acme Imaging"),
        (Kind::Device, "CTAWP7712"),
        (Kind::BirthDate, "19560302"),
        (Kind::Phone, "+49 30 1234567"),
    ] {
        identity.add(kind, term);
    }
    identity
}

fn cleaner() -> Cleaner {
    Cleaner::new(identity(), Leave::default())
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .filter(|line| !line.starts_with("# ") && !line.is_empty())
}

#[test]
fn phrases_without_identities_stay_word_by_word() {
    let cleaner = cleaner();
    let mut wrong = Vec::new();
    for phrase in lines(include_str!("phrases/kept.txt")) {
        let cleaned = cleaner.clean(phrase);
        if !matches!(cleaned.text, Cow::Borrowed(_)) || !cleaned.removed.is_empty() {
            wrong.push(format!(
                "{phrase:?} -> {:?} {:?}",
                cleaned.text, cleaned.removed
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn identities_go_and_the_rest_stays() {
    let cleaner = cleaner();
    let mut wrong = Vec::new();
    for line in lines(include_str!("phrases/cleaned.tsv")) {
        let (phrase, expected) = line.split_once('\t').expect("two cells");
        let phrase = phrase.replace("\\n", "\n");
        let cleaned = cleaner.clean(&phrase);
        if cleaned.text != expected.replace("\\n", "\n") {
            wrong.push(format!(
                "{phrase:?} -> {:?}, not {expected:?}",
                cleaned.text
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn what_was_removed_is_told_in_bytes_of_the_original() {
    let text = "CT for Doe, John (DOB 2/3/1956), MRN 4711-0815";
    let cleaned = cleaner().clean(text);
    let removed: Vec<(&str, Kind)> = cleaned
        .removed
        .iter()
        .map(|(range, kind)| (&text[range.clone()], *kind))
        .collect();
    assert!(
        removed.contains(&("Doe, John", Kind::PatientName)),
        "{removed:?}"
    );
    assert!(
        removed.contains(&("4711-0815", Kind::Identifier)),
        "{removed:?}"
    );
}

#[test]
fn dates_stay_or_move_by_the_options() {
    let full = Cleaner::new(
        identity(),
        Leave {
            dates: true,
            ..Leave::default()
        },
    );
    assert_eq!(
        full.clean("CT 31.01.2024 10:45, Doe").text,
        "CT 31.01.2024 10:45"
    );
    assert_eq!(full.clean("born 2.3.1956").text, "born");
    let moved = Cleaner::new(
        identity(),
        Leave {
            shift_days: Some(-40),
            ..Leave::default()
        },
    );
    for (text, expected) in [
        ("CT 31.01.2024, Doe", "CT 22.12.2023"),
        ("1st of March 2024", "21st of January 2024"),
        ("JAN 31, 2024 10:45", "DEC 22, 2023 10:45"),
        ("20240131_104500 T1", "20231222_104500 T1"),
        ("am 5. März 2024", "am 25. Januar 2024"),
        ("2024年1月31日", "2023年12月22日"),
        ("31/1/24", "22/12/23"),
        ("born 02.03.1956", "born"),
    ] {
        assert_eq!(moved.clean(text).text, expected, "{text}");
    }
}

#[test]
fn institutions_and_devices_stay_by_the_options() {
    let leave = Leave {
        institutions: true,
        devices: true,
        ..Leave::default()
    };
    let cleaner = Cleaner::new(identity(), leave);
    let text = "Acme Imaging, Klinikum Nord, CTAWP7712";
    assert_eq!(cleaner.clean(text).text, text);
}

#[test]
fn lists_and_masks_are_used() {
    let lists = Identity::from_csv("name,id\n\"Kowalski^Jan\",99887\n").expect("a list");
    let cleaner = cleaner().with_lists(&lists).with_mask("[removed]");
    assert_eq!(cleaner.clean("T1 Kowalski 99887").text, "T1 [removed]");
    assert_eq!(cleaner.clean("Doe T1").text, "[removed] T1");
}

#[test]
fn a_data_set_tells_what_identifies_at_any_depth() {
    use sagittal_core::{DataSet, tags};
    let mut request = DataSet::utf8();
    request.put_text(tags::REQUESTING_PHYSICIAN, "Kowalski^Jan");
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::PATIENT_NAME, "Doe^Jane=山田^花子");
    data_set.put_text(tags::PATIENT_ID, "77-1234");
    data_set.put_text(tags::PATIENT_BIRTH_DATE, "19700131");
    data_set.put_text(tags::INSTITUTION_NAME, "Northfield Imaging");
    data_set.put_text(tags::OTHER_PATIENT_IDS, "A900\\B901");
    data_set.put_items(tags::REQUEST_ATTRIBUTES_SEQUENCE, vec![request]);
    let identity = Identity::of(&data_set);
    for (kind, term) in [
        (Kind::PatientName, "Doe^Jane=山田^花子"),
        (Kind::Identifier, "77-1234"),
        (Kind::Identifier, "B901"),
        (Kind::BirthDate, "19700131"),
        (Kind::StaffName, "Kowalski^Jan"),
        (Kind::Institution, "Northfield Imaging"),
    ] {
        assert!(
            identity.terms().contains(&(kind, term.to_owned())),
            "{term}"
        );
    }
    let cleaner = Cleaner::new(identity, Leave::default());
    assert_eq!(
        cleaner.clean("山田花子 CT 771234 Kowalski Northfield").text,
        "CT"
    );
}

#[test]
fn time_is_linear_in_the_length_of_the_text() {
    let cleaner = cleaner();
    for piece in [
        "Doe ", "1.2", "((((", "12-", "Dr. ", "a@", "St. ", "ab", "山田", "D",
    ] {
        let text = piece.repeat(40_000 / piece.len());
        let _ = cleaner.clean(&text);
    }
}

/// Names that are in no vocabulary, so that there is one answer only.
const SURE: [&str; 6] = [
    "Doe",
    "Müller",
    "Lüdenscheidt",
    "Ørsted",
    "Anneke",
    "CTAWP7712",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_cleaned_without_panic_and_stays_clean(text in "\\PC{0,80}") {
        let cleaner = cleaner();
        let once = cleaner.clean(&text);
        for (range, _) in &once.removed {
            prop_assert!(text.get(range.clone()).is_some());
        }
        if once.removed.is_empty() {
            prop_assert!(matches!(once.text, Cow::Borrowed(_)));
        }
        let twice = cleaner.clean(&once.text);
        prop_assert_eq!(&twice.text, &once.text);
    }

    #[test]
    fn no_known_term_survives(
        words in prop::collection::vec(prop_oneof![
            prop::sample::select(SURE.to_vec()).prop_map(str::to_owned),
            prop::sample::select(vec!["T1", "SAG", "chest", "L4/5", "31.01.2024", "12 mm", "Dr.", "seen by", "(", "MRN 1234", "von", "J.", "555-0199", "Klinikum"]).prop_map(str::to_owned),
            "[a-zA-Z]{1,6}",
            "[0-9]{1,5}",
        ], 1..10),
        gaps in prop::collection::vec(prop::sample::select(vec![" ", "_", "^", "-", ". ", ", ", "\n", "/"]), 10),
        upper in any::<bool>(),
    ) {
        let mut text = String::new();
        for (word, gap) in words.iter().zip(&gaps) {
            text.push_str(&if upper { word.to_uppercase() } else { word.clone() });
            text.push_str(gap);
        }
        let cleaner = cleaner();
        let cleaned = cleaner.clean(&text);
        for word in cleaned.text.split(|c: char| !c.is_alphanumeric()) {
            for sure in SURE {
                prop_assert_ne!(fold(word), fold(sure), "{} -> {}", text, cleaned.text);
            }
        }
        prop_assert_eq!(&cleaner.clean(&cleaned.text).text, &cleaned.text, "{}", text);
    }
}

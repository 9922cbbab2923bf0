//! Each exemption: what it passes over, that it says so, and what it does not pass over.

use super::*;
use crate::residual::Exemption;

/// What the check says of an output of `clean()` with `tag` set to `text`, the input having
/// `input` besides what [`clean`] has.
fn outcome(input: &[(Tag, &str)], tag: Tag, text: &str) -> Outcome {
    outcome_with(&Retained::default(), input, tag, text)
}

fn outcome_with(retained: &Retained, input: &[(Tag, &str)], tag: Tag, text: &str) -> Outcome {
    let mut data_set = clean();
    data_set.put_text(tags::PATIENT_NAME, "");
    for (tag, text) in input {
        data_set.put_text(*tag, text);
    }
    let needles = Needles::of(&file(&data_set, EXPLICIT), retained).unwrap();
    let mut output = DataSet::utf8();
    output.put_text(tag, text);
    needles.searcher().search(&file(&output, EXPLICIT))
}

#[track_caller]
fn assert_exempt(outcome: &Outcome, exemption: Exemption) {
    assert_eq!(outcome.hits, []);
    let all: Vec<Exemption> = outcome.exempt.iter().map(|e| e.exemption).collect();
    assert!(all.contains(&exemption), "{all:?}");
    let notes = outcome.exemptions();
    assert!(
        notes.iter().any(|note| note.contains(exemption.as_str())),
        "{notes:?}"
    );
}

#[track_caller]
fn assert_found(outcome: &Outcome) {
    assert!(!outcome.is_clean(), "{:?}", outcome.exempt);
}

#[test]
fn a_common_word_counts_in_the_whole_name_only() {
    let name = [(tags::PATIENT_NAME, "Brain^Walter")];
    assert_exempt(
        &outcome(&name, tags::STUDY_DESCRIPTION, "MR brain"),
        Exemption::CommonWord,
    );
    assert_exempt(
        &outcome(&name, tags::STUDY_DESCRIPTION, "brain W"),
        Exemption::CommonWord,
    );
    for text in ["Walter", "brain walter", "W. Brain", "Brain, W"] {
        assert_found(&outcome(&name, tags::STUDY_DESCRIPTION, text));
    }
    let department = [(tags::REQUESTING_SERVICE, "Requesting service")];
    let same = outcome(&department, tags::STUDY_DESCRIPTION, "Requesting service");
    assert_exempt(&same, Exemption::CommonWord);
    let house = [(tags::INSTITUTION_NAME, "Good Heart Hospital")];
    assert_found(&outcome(
        &house,
        tags::STUDY_DESCRIPTION,
        "at good heart hospital",
    ));
    let order = [(tags::REQUESTED_PROCEDURE_ID, "CT Upper Abdomen")];
    let same = outcome(&order, tags::STUDY_DESCRIPTION, "CT Upper Abdomen");
    assert_exempt(&same, Exemption::CommonWord);
    let order = [(tags::REQUESTED_PROCEDURE_ID, "CT Upper Abdomen 7")];
    assert_found(&outcome(
        &order,
        tags::STUDY_DESCRIPTION,
        "CT Upper Abdomen 7",
    ));
}

#[test]
fn what_is_short_is_not_looked_for_and_what_is_longer_is() {
    let name = [(tags::PATIENT_NAME, "Li^n.a.")];
    assert_exempt(
        &outcome(&name, tags::STUDY_DESCRIPTION, "n.a. or li"),
        Exemption::Short,
    );
    assert_found(&outcome(&name, tags::STUDY_DESCRIPTION, "Li^n.a."));
    let name = [(tags::PATIENT_NAME, "Lin^A")];
    assert_found(&outcome(&name, tags::STUDY_DESCRIPTION, "for Lin"));
    let id = [(tags::PATIENT_ID, "123")];
    assert_exempt(
        &outcome(&id, tags::STUDY_DESCRIPTION, "123"),
        Exemption::Short,
    );
    let id = [(tags::PATIENT_ID, "1239")];
    assert_found(&outcome(&id, tags::STUDY_DESCRIPTION, "1239"));
}

#[test]
fn a_department_that_is_the_code_of_a_procedure_is_none() {
    let with_code = |sequence: Tag| {
        let mut data_set = clean();
        data_set.put_text(tags::REQUESTING_SERVICE, "XQCEREB");
        let mut code = DataSet::utf8();
        code.put_text(tags::CODE_VALUE, "XQCEREB");
        code.put_text(tags::CODING_SCHEME_DESIGNATOR, "99X");
        data_set.put_items(sequence, vec![code]);
        let needles = Needles::of(&file(&data_set, EXPLICIT), &Retained::default()).unwrap();
        let mut output = DataSet::utf8();
        output.put_text(tags::STUDY_DESCRIPTION, "XQCEREB");
        needles.searcher().search(&file(&output, EXPLICIT))
    };
    assert_exempt(
        &with_code(tags::PROCEDURE_CODE_SEQUENCE),
        Exemption::ProcedureCode,
    );
    // The code of an institution is one.
    assert_found(&with_code(tags::INSTITUTION_CODE_SEQUENCE));
}

#[test]
fn names_of_models_may_have_a_word_of_the_station_or_patient() {
    let model = (tags::MANUFACTURER_MODEL_NAME, "Optima XR220");
    let station = [model, (tags::STATION_NAME, "XR220")];
    let found = outcome(&station, tags::STUDY_DESCRIPTION, "Optima XR220");
    assert_exempt(&found, Exemption::StationOfModel);
    let name = [model, (tags::PATIENT_NAME, "Optima^Anna")];
    let found = outcome(&name, tags::STUDY_DESCRIPTION, "Optima XR220");
    assert_exempt(&found, Exemption::ModelName);
    for text in ["Optima", "Optima XR220 of Anna", "seen with Mrs Optima"] {
        assert_found(&outcome(&name, tags::STUDY_DESCRIPTION, text));
    }
    // A name in the place of a maker is a name.
    let name = [
        (tags::MANUFACTURER, "Kowalski"),
        (tags::PATIENT_NAME, "Kowalski^Anna"),
    ];
    assert_found(&outcome(&name, tags::MANUFACTURER, "Kowalski"));
}

#[test]
fn defined_terms_stand_where_they_are_defined() {
    let name = [(tags::PATIENT_NAME, "Monochrome2^Anna")];
    assert_exempt(
        &outcome(&name, tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"),
        Exemption::DefinedTerm,
    );
    assert_found(&outcome(&name, tags::CONTRAST_BOLUS_AGENT, "monochrome2"));
    let name = [(tags::PATIENT_NAME, "Kowalskiewicz^Anna")];
    assert_found(&outcome(&name, tags::VALUE_TYPE, "KOWALSKIEWICZ"));
}

#[test]
fn digits_that_rise_are_looked_for_everywhere_but_in_pixels() {
    let id = [(tags::PATIENT_ID, "123456")];
    let found = outcome(&id, tags::STUDY_DESCRIPTION, "no 123456");
    assert_found(&found);
    let pixels = "z".repeat(5000) + "a123456" + &"z".repeat(99);
    let pixels_of = |id: &str, pixels: &str| {
        let mut data_set = clean();
        data_set.put_text(tags::PATIENT_ID, id);
        let needles = Needles::of(&file(&data_set, EXPLICIT), &Retained::default()).unwrap();
        let mut output = DataSet::utf8();
        output.put_bytes(tags::PIXEL_DATA, Vr::OW, pixels.as_bytes().to_vec());
        needles.searcher().search(&file(&output, EXPLICIT))
    };
    assert_exempt(&pixels_of("123456", &pixels), Exemption::Gradient);
    assert_found(&pixels_of("124456", &pixels.replace("123456", "124456")));
}

#[test]
fn measures_are_no_identifiers_and_identifiers_no_measures() {
    let id = [(tags::PATIENT_ID, "1500")];
    for text in ["TR 1500 ms", "ep2d_b1500"] {
        assert_exempt(
            &outcome(&id, tags::STUDY_DESCRIPTION, text),
            Exemption::Measure,
        );
    }
    for text in ["1500", "MRN1500", "patient 1500"] {
        assert_found(&outcome(&id, tags::STUDY_DESCRIPTION, text));
    }
    let id = [(tags::PATIENT_ID, "471108")];
    assert_found(&outcome(&id, tags::STUDY_DESCRIPTION, "471108 ms"));
}

#[test]
fn what_the_policy_keeps_may_have_a_word_of_a_name_in_it_but_no_whole_name() {
    let retained = Retained {
        institutions: true,
        uids: true,
        ..Retained::default()
    };
    let input = [
        (tags::INSTITUTION_NAME, "Kowal Imaging"),
        (tags::PATIENT_NAME, "Kowal^Xaver"),
        (tags::PATIENT_ID, "20170302.172449"),
    ];
    let found = outcome_with(&retained, &input, tags::INSTITUTION_NAME, "Kowal Imaging");
    assert_exempt(&found, Exemption::Retained);
    for text in ["Kowal", "Kowal Imaging, Xaver Kowal"] {
        assert_found(&outcome_with(
            &retained,
            &input,
            tags::INSTITUTION_NAME,
            text,
        ));
    }
    let uid = "1.2.840.1136.20170302.172449.399";
    let found = outcome_with(&retained, &input, tags::STUDY_INSTANCE_UID, uid);
    assert_exempt(&found, Exemption::RetainedUid);
    assert_found(&outcome_with(
        &retained,
        &input,
        tags::STUDY_DESCRIPTION,
        uid,
    ));
}

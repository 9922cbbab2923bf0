//! The program against an answer key that shares no code with it.

use sagittal_tests::planted::{generate, run_program};

#[test]
fn every_required_action_is_taken_on_a_planted_corpus() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = generate(5, 7);
    let input = folder.path().join("in");
    corpus.write(&input).unwrap();
    let card = run_program(&corpus, &input, folder.path());
    assert!(card.missing.is_empty(), "{:?}", card.missing);
    assert!(card.verdicts.len() > 5000, "{}", card.verdicts.len());
    assert!(card.failed().is_empty(), "{:#?}", card.failed());
}

#[test]
fn the_score_card_sees_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = generate(1, 3);
    let input = folder.path().join("in");
    corpus.write(&input).unwrap();
    // Nothing done is nothing gained but what is to be kept.
    let card = sagittal_tests::planted::score(&corpus, &input, &Default::default());
    let kinds = card.by_kind();
    for kind in ["date_shifted", "uid_changed", "pixels_hidden"] {
        assert_eq!(kinds[kind].0, 0, "{kind}: {:?}", kinds[kind]);
    }
    // What one object does not have of its patient's secrets cannot be left in it.
    let (removed, all) = kinds["text_removed"];
    assert!(removed * 10 < all, "{removed} of {all}");
    for kind in ["text_retained", "pixels_retained", "tag_retained"] {
        assert_eq!(kinds[kind].0, kinds[kind].1, "{kind}");
    }
}

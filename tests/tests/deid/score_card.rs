//! The program against an answer key that shares no code with it.

use sagittal_tests::planted::{Card, Verdict, generate, run_program, score};

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
fn an_output_is_known_by_what_stays_and_a_missing_one_scores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = generate(2, 3);
    let input = folder.path().join("in");
    corpus.write(&input).unwrap();
    let full = score(&corpus, &input, &Default::default());
    // Other names, in one folder, one file short.
    let mut flat = corpus.flat();
    let gone = flat.files.remove(7);
    let outputs = folder.path().join("renamed");
    flat.write(&outputs).unwrap();
    let card = score(&corpus, &outputs, &Default::default());
    assert_eq!(card.missing, [corpus.files[7].name.clone()]);
    assert_eq!(card.verdicts.len(), full.verdicts.len());
    let is_of_gone = |verdict: &&Verdict| verdict.file == card.missing[0];
    let asked: Vec<&Verdict> = card.verdicts.iter().filter(is_of_gone).collect();
    assert_eq!(asked.len(), gone.expected.len() + gone.secrets.len());
    assert!(asked.iter().all(|verdict| !verdict.passed));
    let passed = |card: &Card| card.verdicts.len() - card.failed().len();
    let before = full.verdicts.iter().filter(is_of_gone);
    let before = before.filter(|verdict| verdict.passed).count();
    assert_eq!(passed(&card) + before, passed(&full));
}

#[test]
fn the_score_card_sees_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = generate(1, 3);
    let input = folder.path().join("in");
    corpus.write(&input).unwrap();
    // Nothing done is nothing gained but what is to be kept.
    let card = score(&corpus, &input, &Default::default());
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

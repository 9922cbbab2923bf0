//! The score card of de-identification: a planted corpus, the program, and other tools beside it.
//! Run by `cargo xtask deid-bench`.
#![allow(clippy::unwrap_used)] // ends when something is wrong

use std::path::{Path, PathBuf};
use std::time::Instant;

use sagittal_tests::planted::{self, Card, Corpus, Maps, others};

const USAGE: &str =
    "usage: deid-bench [--patients N] [--seed N] [--keep FOLDER] [--others] [--json FILE]";

fn main() {
    let (mut patients, mut seed, mut keep, mut beside) = (20, 1, None, false);
    let mut json = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{USAGE}"));
        match argument.as_str() {
            "--patients" => patients = value().parse().unwrap(),
            "--seed" => seed = value().parse().unwrap(),
            "--keep" => keep = Some(PathBuf::from(value())),
            "--others" => beside = true,
            "--json" => json = Some(PathBuf::from(value())),
            _ => panic!("{USAGE}"),
        }
    }
    let temporary = tempfile::tempdir().unwrap();
    let folder = keep.unwrap_or_else(|| temporary.path().to_owned());
    let corpus = planted::generate(patients, seed);
    let input = folder.join("in");
    corpus.write(&input).unwrap();
    println!(
        "{} files of {patients} patients, seed {seed}",
        corpus.files.len()
    );
    let started = Instant::now();
    let card = planted::run_program(&corpus, &input, &folder);
    show("sagittal", &card, &corpus, started);
    if let Some(path) = json {
        // As `sagittal deid --score-card` reads it.
        let score = serde_json::json!({
            "program": format!("Sagittal {}", env!("CARGO_PKG_VERSION")),
            "corpus": format!(
                "{} files of {patients} made-up patients, seed {seed}",
                corpus.files.len()
            ),
            "kinds": card.by_kind(),
        });
        std::fs::write(path, score.to_string()).unwrap();
    }
    card.failed().iter().take(40).for_each(|verdict| {
        println!(
            "  {} {} {}: {}",
            verdict.file.display(),
            verdict.path,
            verdict.kind,
            verdict.why
        );
    });
    if beside {
        let (corpus, input) = (corpus.flat(), folder.join("flat"));
        corpus.write(&input).unwrap();
        for tool in &others::TOOLS {
            score_other(tool, &corpus, &input, &folder);
        }
    }
    if !card.failed().is_empty() || !card.missing.is_empty() {
        std::process::exit(1);
    }
}

fn score_other(tool: &others::Tool, corpus: &Corpus, input: &Path, folder: &Path) {
    let output = folder.join(tool.name);
    let started = Instant::now();
    match tool.run(input, &output) {
        None => println!("{:<18} not installed", tool.name),
        Some(()) => {
            let maps: Maps = others::infer(corpus, &output);
            show(
                tool.name,
                &planted::score(corpus, &output, &maps),
                corpus,
                started,
            );
        }
    }
}

fn show(name: &str, card: &Card, corpus: &Corpus, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{name:<18} {:7.3} % of {} required actions; {} of {} files written; {:.1} ms a file",
        card.percent(),
        card.verdicts.len(),
        corpus.files.len() - card.missing.len(),
        corpus.files.len(),
        seconds * 1000.0 / corpus.files.len() as f64
    );
    for (kind, (passed, all)) in card.by_kind() {
        println!("  {kind:<18} {passed:>6} of {all:>6}");
    }
}

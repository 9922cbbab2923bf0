//! The run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use sagittal_archive::proof::{self, Book, Kept, private};
use sagittal_deid::residual::Cache;
use sagittal_deid::text::Identity;
use sagittal_deid::{Derived, Project};

use super::resume::Done;
use super::scan::{Scan, scan};
use super::setting::{Settings, read_lists, read_policy, read_recipients, read_residual_lists};
use super::summary::Summary;
use super::work::{Outcome, Shared};
use super::{file_set, key_file, maps, outputs, pixels, score};

/// De-identifies everything. An instance that fails never stops the run; a disk or log that cannot
/// be written does.
///
/// # Errors
/// What keeps the run from beginning, or from going on.
pub fn run(settings: &Settings) -> anyhow::Result<Summary> {
    let started = Instant::now();
    settings.check()?;
    let policy = read_policy(settings.profile.as_deref())?;
    let key = key_file::read(&settings.key)?;
    let lists = read_lists(&policy, settings.profile.as_deref())?;
    private::folder(&settings.work)?;
    std::fs::create_dir_all(&settings.out)
        .with_context(|| format!("cannot make {}", settings.out.display()))?;
    let recipients = read_recipients(&policy, settings.profile.as_deref())?;
    let terms = read_residual_lists(&policy, settings.profile.as_deref())?;
    let score = settings.score.as_deref().map(score::read).transpose()?;
    let (rules, fingerprint) = (policy.rule_set_digest(), key.fingerprint());
    let done = Done::read(&settings.work, &settings.out, &rules, &fingerprint);
    let mut base = Project::new(policy, key.clone());
    let book = Book::begin(&settings.work, &base, Kept::Nothing)?;
    let scan = scan(&settings.paths)?;
    let map = Arc::new(maps::load(&settings.work, Arc::new(Derived::new(key)))?);
    base.pseudonyms = map.clone();
    let pixels = pixels::cleaner(
        &base.policy,
        settings.profile.as_deref(),
        &scan,
        |slice, face| Ok(book.tell_face(&base, slice, face)?),
    )?;
    base.pixels = Some(Arc::new(pixels));
    let projects = projects(&base, &scan, &lists);
    let shared = Shared {
        base: &base,
        projects: &projects,
        done: &done,
        out: &settings.out,
        quarantine: &settings.work.join("quarantine"),
        terms: &terms,
        recipients: &recipients,
        book: &book,
        cache: Cache::new(),
        written: Mutex::default(),
        large: Mutex::new(()),
    };
    let mut summary = Summary {
        not_dicom: scan.not_dicom,
        ..Summary::default()
    };
    let result = work(&shared, &scan.files, settings, &mut summary);
    // What was done is said and signed even if the run could not go on.
    let saved = maps::save(&settings.work, &map);
    let sealed = book.finish();
    result?;
    saved?;
    let sealed = sealed?;
    let report = &base.policy.report;
    proof::write_reports(&settings.work, &sealed.log, report, score.as_ref())?;
    summary.seal = sealed.head.to_string();
    // A directory that is there is kept true.
    if settings.dicomdir || settings.out.join(outputs::DICOMDIR).exists() {
        let uid = base.pseudonyms.uid(&format!("file-set {}", summary.seal));
        let made = file_set::make(&settings.out, uid)?;
        summary.listed = Some(made.listed);
        for (path, reason) in made.unlisted {
            let reason = format!("written, but not in the DICOMDIR: {reason}");
            summary.fail(path.display().to_string(), reason);
        }
    }
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

/// A project for each patient, that knows what all of the patient's objects tell.
fn projects(base: &Project, scan: &Scan, lists: &Identity) -> HashMap<String, Project> {
    let of = |(patient_id, identity): (&String, &Identity)| {
        let mut known = lists.clone();
        known.extend(identity);
        let mut project = base.clone();
        project.known = Arc::new(known);
        (patient_id.clone(), project)
    };
    scan.patients.iter().map(of).collect()
}

type Told = (PathBuf, anyhow::Result<Outcome>);

fn work(
    shared: &Shared<'_>,
    files: &[PathBuf],
    settings: &Settings,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let bar = bar(files.len() as u64, settings.quiet);
    let next = Mutex::new(files.iter());
    let (tell, told) = mpsc::sync_channel::<Told>(64);
    let mut broken = None;
    std::thread::scope(|scope| {
        for _ in 0..settings.jobs.max(1) {
            let (tell, next) = (tell.clone(), &next);
            scope.spawn(move || {
                while let Some(path) = next.lock().ok().and_then(|mut files| files.next()) {
                    if tell.send((path.clone(), shared.one(path))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        for (path, outcome) in told {
            bar.inc(1);
            match outcome {
                Ok(outcome) => count(summary, &path, outcome),
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }
    });
    bar.finish_and_clear();
    broken.map_or(Ok(()), Err)
}

fn count(summary: &mut Summary, path: &Path, outcome: Outcome) {
    let file = || path.display().to_string();
    match outcome {
        Outcome::Written { bytes } => {
            summary.written += 1;
            summary.bytes_in += bytes;
        }
        Outcome::DoneBefore => summary.done_before += 1,
        Outcome::NotDicom => summary.not_dicom += 1,
        Outcome::Directory => summary.directories += 1,
        Outcome::Refused { reason } => {
            summary.refused += 1;
            summary.fail(file(), reason);
        }
        Outcome::Quarantined { reason } => {
            summary.quarantined += 1;
            summary.fail(file(), reason);
        }
    }
}

fn bar(files: u64, quiet: bool) -> ProgressBar {
    use std::io::IsTerminal as _;
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(files);
    let style = "{bar:32} {pos} of {len} files  {per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}

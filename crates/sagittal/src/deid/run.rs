//! The run.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use sagittal_deid::log::{LogKey, Run, Writer};
use sagittal_deid::residual::Cache;
use sagittal_deid::text::Identity;
use sagittal_deid::{Derived, Policy, Project, ProjectKey, table};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::resume::Done;
use super::scan::{Scan, scan};
use super::setting::{Settings, read_lists, read_policy, read_recipients, read_residual_lists};
use super::summary::Summary;
use super::work::{Outcome, Shared};
use super::{key_file, maps, pixels, private, report};

/// The file with the key that signs logs.
const LOG_KEY: &str = "log-key.pem";
/// Its public half, to be given to those who verify.
const LOG_PUBLIC_KEY: &str = "log-key.pub.pem";

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
    let (rules, fingerprint) = (policy.rule_set_digest(), key.fingerprint());
    let done = Done::read(&settings.work, &settings.out, &rules, &fingerprint);
    let (log_path, log) = begin_log(&settings.work, &policy, &key)?;
    let scan = scan(&settings.paths)?;
    let derived = Arc::new(Derived::new(key.clone()));
    let map = Arc::new(maps::load(&settings.work, derived)?);
    let mut base = Project::new(policy, key);
    base.pseudonyms = map.clone();
    let pixels = pixels::cleaner(&base.policy, settings.profile.as_deref(), &scan)?;
    base.pixels = Some(Arc::new(pixels));
    let projects = projects(&base, &scan, &lists);
    let log = Mutex::new(log);
    let shared = Shared {
        base: &base,
        projects: &projects,
        done: &done,
        out: &settings.out,
        quarantine: &settings.work.join("quarantine"),
        terms: &terms,
        recipients: &recipients,
        log: &log,
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
    maps::save(&settings.work, &map)?;
    let log = log
        .into_inner()
        .map_err(|_| anyhow::anyhow!("the log is lost"))?;
    let (out, head) = log.finish(&now()).context("cannot finish the log")?;
    let file = out.into_inner().context("cannot finish the log")?;
    file.sync_all().context("cannot finish the log")?;
    result?;
    report::write(&settings.work, &log_path)?;
    summary.seal = head.to_string();
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

fn now() -> String {
    let now = time::OffsetDateTime::now_utc();
    now.format(&Rfc3339).unwrap_or_default()
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

/// Opens a new log, signed with the key in the folder; the first run makes that key.
fn begin_log(
    work: &Path,
    policy: &Policy,
    key: &ProjectKey,
) -> anyhow::Result<(PathBuf, Writer<BufWriter<File>>)> {
    let signer = log_key(work)?;
    let options = policy.options.on().map(|option| option.code().to_owned());
    let dates = if policy.options.retain_longitudinal_full_dates {
        "kept".to_owned()
    } else if policy.options.retain_longitudinal_modified_dates {
        format!(
            "moved per patient by 1 to {} days into the past",
            policy.date_range
        )
    } else {
        "removed".to_owned()
    };
    let run = Run {
        edition: table::EDITION.to_owned(),
        tool: format!("Sagittal {}", env!("CARGO_PKG_VERSION")),
        profile: policy.name.clone(),
        options: std::iter::once("113100".to_owned())
            .chain(options)
            .collect(),
        dates,
        rules: policy.rule_set_digest(),
        key: key.fingerprint(),
        started: now(),
    };
    let (path, file) = new_log(work)?;
    let out = BufWriter::with_capacity(1 << 20, file);
    Ok((path, Writer::begin(out, signer, &run)?))
}

/// A new file `log-<time>.jsonl`; two runs in one second get different names.
fn new_log(work: &Path) -> anyhow::Result<(PathBuf, File)> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let stamp = time::OffsetDateTime::now_utc().format(&format)?;
    for number in 0..100 {
        let path = work.join(match number {
            0 => format!("log-{stamp}.jsonl"),
            _ => format!("log-{stamp}-{number:02}.jsonl"),
        });
        match private::create(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot write {}", path.display()));
            }
            Ok(file) => return Ok((path, file)),
        }
    }
    anyhow::bail!("cannot begin a log in {}", work.display())
}

fn log_key(work: &Path) -> anyhow::Result<LogKey> {
    let path = work.join(LOG_KEY);
    match std::fs::read_to_string(&path) {
        Ok(text) => LogKey::from_pem(&text).with_context(|| path.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = LogKey::generate()?;
            private::write(&path, key.to_pem()?.as_bytes())?;
            let public = key.public().to_pem();
            std::fs::write(work.join(LOG_PUBLIC_KEY), public)?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
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

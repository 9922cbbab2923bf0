//! Many files, several at the same time.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Instant;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Converted, Plan, Summary};
use crate::files;

/// A file and where its result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What is converted.
    pub from: PathBuf,
    /// What is written.
    pub to: PathBuf,
}

/// The files at and below `paths`. One file goes to `output` itself, unless that is a folder; what
/// is in a folder keeps its place below it.
fn jobs(paths: &[PathBuf], output: &Path) -> anyhow::Result<Vec<Job>> {
    let is_folder = output.is_dir() || paths.len() > 1 || paths.iter().any(|path| path.is_dir());
    if is_folder && output.is_file() {
        bail!(
            "{} is a file; several files need a folder",
            output.display()
        );
    }
    let mut jobs = Vec::new();
    for given in paths {
        for from in files::walk(given) {
            let from = from?;
            let to = if !is_folder {
                output.to_owned()
            } else if given.is_dir() {
                output.join(from.strip_prefix(given).unwrap_or(&from))
            } else {
                output.join(from.file_name().unwrap_or(from.as_os_str()))
            };
            jobs.push(Job { from, to });
        }
    }
    Ok(jobs)
}

enum Told {
    Done(Box<Converted>),
    NotDicom,
    Failed(Job, String),
}

/// Converts everything. Files that exist are not written over, unless `overwrite`.
pub fn run(
    plan: &Plan,
    paths: &[PathBuf],
    output: &Path,
    workers: usize,
    overwrite: bool,
    quiet: bool,
) -> anyhow::Result<Summary> {
    let started = Instant::now();
    let jobs = jobs(paths, output)?;
    let bar = bar(jobs.len() as u64, quiet);
    let mut summary = Summary::default();
    let next = Mutex::new(jobs.into_iter());
    let (tell, told) = mpsc::sync_channel(64);
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            let tell = tell.clone();
            let next = &next;
            scope.spawn(move || {
                loop {
                    let job = match next.lock() {
                        Ok(mut jobs) => jobs.next(),
                        Err(_) => None,
                    };
                    let Some(job) = job else { return };
                    if tell.send(one(plan, job, overwrite)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        for what in told {
            bar.inc(1);
            match what {
                Told::Done(converted) => summary.add(&converted),
                Told::NotDicom => summary.not_dicom += 1,
                Told::Failed(job, reason) => summary.fail(job.from.display().to_string(), reason),
            }
        }
    });
    bar.finish_and_clear();
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

fn one(plan: &Plan, job: Job, overwrite: bool) -> Told {
    if !overwrite && job.to.exists() {
        let reason = format!("{} exists; --overwrite writes over it", job.to.display());
        return Told::Failed(job, reason);
    }
    match plan.convert(&job.from, &job.to) {
        Ok(converted) => Told::Done(Box::new(converted)),
        Err(error) => match error.downcast_ref::<sagittal_file::Error>() {
            Some(sagittal_file::Error::NotDicom { .. }) => Told::NotDicom,
            _ => Told::Failed(job, reason(&error)),
        },
    }
}

/// The causes without the file's name, which stands before them.
fn reason(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    match causes.is_empty() {
        true => error.to_string(),
        false => causes.join(": "),
    }
}

fn bar(files: u64, quiet: bool) -> ProgressBar {
    use std::io::IsTerminal as _;
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(files);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:32} {pos} of {len} files  {per_sec}  {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn folders_keep_their_shape_and_one_file_goes_where_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("in");
        std::fs::create_dir_all(source.join("a/b")).unwrap();
        for name in ["one", "a/two", "a/b/three"] {
            std::fs::write(source.join(name), "x").unwrap();
        }
        let out = folder.path().join("out");
        let found: Vec<PathBuf> = jobs(std::slice::from_ref(&source), &out)
            .unwrap()
            .into_iter()
            .map(|job| job.to)
            .collect();
        assert_eq!(
            found,
            [out.join("a/b/three"), out.join("a/two"), out.join("one")]
        );
        let single = jobs(&[source.join("one")], &out).unwrap();
        assert_eq!(single[0].to, out);
        let two = [source.join("one"), source.join("a/two")];
        assert_eq!(jobs(&two, &out).unwrap()[1].to, out.join("two"));
        assert!(jobs(&two, &source.join("one")).is_err());
    }
}

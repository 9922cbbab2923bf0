//! Many files, several at the same time.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use sagittal_core::tags;
use sagittal_pixel::render::{Picture, output};
use serde::Serialize;

use super::{Format, Library, Plan, Source};
use crate::files;

/// The most pixels of pictures that are joined in one file.
const MOST_PIXELS: u64 = 512 << 20;

/// A file that was not drawn.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The file.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// Counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Files that were drawn.
    pub rendered: u64,
    /// Files that were written.
    pub written: u64,
    /// Passed over: not DICOM.
    pub not_dicom: u64,
    /// Not drawn.
    pub failed: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Why.
    pub failures: Vec<Failure>,
}

impl Summary {
    fn fail(&mut self, path: &Path, error: &anyhow::Error) {
        if let Some(sagittal_file::Error::NotDicom { .. }) = error.downcast_ref() {
            self.not_dicom += 1;
            return;
        }
        self.failed += 1;
        let (file, reason) = (path.display().to_string(), format!("{error:#}"));
        self.failures.push(Failure { file, reason });
    }
}

/// How the work is done.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// Columns of a sheet of all pictures.
    pub sheet: Option<u32>,
    /// Write over files that exist.
    pub overwrite: bool,
    /// Files at the same time.
    pub jobs: usize,
    /// No progress bar.
    pub quiet: bool,
}

/// Draws everything at and below `paths`. `sheet` is a number of columns: then all pictures are
/// laid out in one. A GIF file of several files shows them one after the other.
pub fn run(plan: &Plan, paths: &[PathBuf], target: &Path, how: &How) -> anyhow::Result<Summary> {
    let started = Instant::now();
    let (sheet, overwrite) = (how.sheet, how.overwrite);
    let mut jobs = Vec::new();
    for given in paths {
        for path in files::walk(given) {
            let path = path?;
            let inner = path
                .strip_prefix(given)
                .ok()
                .filter(|inner| inner.parent().is_some());
            let name = inner.unwrap_or(path.file_name().map_or(path.as_path(), Path::new));
            jobs.push((path.clone(), target.join(name)));
        }
    }
    let is_file = Format::of(target).is_some() && !target.is_dir();
    let is_joined = sheet.is_some() || (is_file && plan.format == Format::Gif && jobs.len() > 1);
    let mut summary = Summary::default();
    let library = Library::of(jobs.iter().map(|(path, _)| path.clone()).collect());
    let workers = rayon::ThreadPoolBuilder::new()
        .num_threads(how.jobs.max(1))
        .build()?;
    let bar = bar(jobs.len() as u64, how.quiet);
    if is_joined {
        refuse_existing(target, overwrite)?;
        let work = || joined(plan, &library, &jobs, target, sheet, &bar, &mut summary);
        workers.install(work)?;
    } else if jobs.len() > 1 && (is_file || target.is_file()) {
        bail!("several files need a folder, --contact-sheet or a GIF");
    } else {
        let is_single = jobs.len() == 1 && !target.is_dir() && target.extension().is_some();
        let draw = |(path, to): &(PathBuf, PathBuf)| {
            let to = if is_single {
                target.with_extension("")
            } else {
                stem(to)
            };
            let named = is_single.then_some(target);
            let done = one(plan, &library, path, &to, named, overwrite);
            bar.inc(1);
            done
        };
        let done: Vec<anyhow::Result<u64>> =
            workers.install(|| jobs.par_iter().map(draw).collect());
        for ((path, _), result) in jobs.iter().zip(done) {
            match result {
                Ok(written) => {
                    summary.rendered += 1;
                    summary.written += written;
                }
                Err(error) => summary.fail(path, &error),
            }
        }
    }
    bar.finish_and_clear();
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

/// Without an ending that only says that it is DICOM.
fn stem(path: &Path) -> PathBuf {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("dcm" | "dicom" | "ima") => path.with_extension(""),
        _ => path.to_owned(),
    }
}

fn refuse_existing(path: &Path, overwrite: bool) -> anyhow::Result<()> {
    if !overwrite && path.exists() {
        bail!("{} exists; --overwrite writes over it", path.display());
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let shown = || format!("cannot write {}", path.display());
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(shown)?;
    // It appears when it is complete.
    let mut out = files::temporary().tempfile_in(folder).with_context(shown)?;
    out.write_all(bytes).with_context(shown)?;
    out.persist(path).with_context(shown)?;
    Ok(())
}

fn bar(files: u64, quiet: bool) -> ProgressBar {
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

/// Draws a file into files that begin with `to`. What is no picture is not given the name of one.
fn one(
    plan: &Plan,
    library: &Library,
    path: &Path,
    to: &Path,
    named: Option<&Path>,
    overwrite: bool,
) -> anyhow::Result<u64> {
    let made = plan.make(&Source::open(path)?, library)?;
    for file in &made {
        let mut name = to.as_os_str().to_owned();
        name.push(format!("{}.{}", file.suffix, file.ending));
        let mut target = PathBuf::from(name);
        if let Some(named) = named {
            let is_picture = Format::of(Path::new(&format!("x.{}", file.ending))).is_some();
            match Format::of(named) {
                Some(_) if !is_picture => bail!("it is written as {}", file.ending),
                _ if file.suffix.is_empty() => target = named.to_owned(),
                _ => {}
            }
        }
        refuse_existing(&target, overwrite)?;
        write(&target, &file.bytes)?;
    }
    Ok(made.len() as u64)
}

/// What is drawn of a file, with its place in the series.
struct Drawn {
    series: String,
    position: f64,
    number: i64,
    pictures: Vec<Picture>,
}

fn joined(
    plan: &Plan,
    library: &Library,
    jobs: &[(PathBuf, PathBuf)],
    target: &Path,
    sheet: Option<u32>,
    bar: &ProgressBar,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let done: Vec<anyhow::Result<Drawn>> = jobs
        .par_iter()
        .map(|(path, _)| {
            bar.inc(1);
            let source = Source::open(path)?;
            let pictures = plan
                .pictures(&source, library)?
                .into_iter()
                .map(|(_, p)| p)
                .collect();
            let text = source.header.first_text(tags::SERIES_INSTANCE_UID);
            Ok(Drawn {
                series: text.unwrap_or_default(),
                position: position(&source),
                number: source.header.int(tags::INSTANCE_NUMBER).unwrap_or(0),
                pictures,
            })
        })
        .collect();
    let mut drawn = Vec::new();
    for ((path, _), result) in jobs.iter().zip(done) {
        match result {
            Ok(one) => drawn.push(one),
            Err(error) => summary.fail(path, &error),
        }
    }
    drawn.sort_by(|a, b| {
        let series = a.series.cmp(&b.series);
        let place = a.position.total_cmp(&b.position);
        series.then(place).then(a.number.cmp(&b.number))
    });
    let rendered = drawn.len() as u64;
    let pictures: Vec<Picture> = drawn.into_iter().flat_map(|one| one.pictures).collect();
    if pictures.is_empty() {
        return Ok(());
    }
    let pixels = pictures
        .iter()
        .map(|p| u64::from(p.width) * u64::from(p.height));
    if pixels.sum::<u64>() > MOST_PIXELS {
        bail!("too many pixels for one file; ask for a smaller --viewport");
    }
    let bytes = match sheet {
        Some(columns) => {
            let side = plan
                .options
                .viewport
                .map_or(256, |size| size.width.max(size.height));
            plan.format
                .encode(&output::contact_sheet(&pictures, columns, side)?)?
        }
        None => output::gif(&pictures, &[10])?,
    };
    write(target, &bytes)?;
    summary.rendered = rendered;
    summary.written = 1;
    Ok(())
}

/// How far a slice is along the normal of its plane; 0 if it does not say.
fn position(source: &Source) -> f64 {
    let axes = source.header.floats(tags::IMAGE_ORIENTATION_PATIENT);
    let origin = source.header.floats(tags::IMAGE_POSITION_PATIENT);
    let (&[a, b, c, d, e, f], &[x, y, z]) = (axes.as_slice(), origin.as_slice()) else {
        return 0.0;
    };
    (b * f - c * e) * x + (c * d - a * f) * y + (a * e - b * d) * z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_endings_of_dicom_files_are_cut_off() {
        assert_eq!(stem(Path::new("a/b.dcm")), Path::new("a/b"));
        assert_eq!(stem(Path::new("1.2.840.5")), Path::new("1.2.840.5"));
    }
}

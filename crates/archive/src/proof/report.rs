//! The reports of a run and of its studies, for those who decide about them.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use sagittal_deid::log::{Verification, verify};
use sagittal_deid::policy::ReportPolicy;
use sagittal_deid::report::{Gathered, Report, Score};

use super::private::{self, trouble};
use super::{log, pictures, quasi};
use crate::{Error, Result};

/// Reports on single studies.
const REPORTS: &str = "reports";
/// Pictures in the report on the run; those on studies have all of theirs.
const PICTURES: usize = 12;

/// Writes `report.html` and `report.pdf` beside the newest log, and for each study one of both into
/// `reports/`: from that log, and those of earlier runs under the same rules and key.
///
/// # Errors
/// When the log cannot be read again, or a report not be written.
pub fn write(
    work: &Path,
    newest: &Path,
    policy: &ReportPolicy,
    score: Option<&Score>,
) -> Result<()> {
    let mut gathered = Gathered::by_study();
    gathered.read(open(newest)?).map_err(unreadable)?;
    let mut verification = verify(open(newest)?, None, None).map_err(unreadable)?;
    let run = &gathered.run.run;
    let (rules, key) = (run.rules.clone(), run.key.clone());
    for path in log::logs(work).iter().rev() {
        let is_of_same =
            |path| log::run_of(path).is_some_and(|run| run.rules == rules && run.key == key);
        if path != newest && is_of_same(path) {
            gathered.read_earlier(open(path)?);
            let earlier = verify(open(path)?, None, None).map_err(unreadable)?;
            add(&mut verification, earlier);
        }
    }
    let mut report = Report::of(gathered.run.clone(), None);
    report.set_verification(verification);
    if let Some(score) = score {
        report.set_score(score.clone());
    }
    if let Some(anonymity) = quasi::read(work, policy) {
        report.set_anonymity(anonymity);
    }
    let studies = gathered.studies.keys();
    let shown = studies.filter_map(|study| pictures::of_study(work, study).into_iter().next());
    for (png, caption) in shown.take(PICTURES) {
        report.add_picture(png, &caption);
    }
    private::write(&work.join("report.json"), report.json().as_bytes())?;
    put(&report, &work.join("report"))?;
    let folder = work.join(REPORTS);
    private::folder(&folder)?;
    for (study, collected) in gathered.into_studies() {
        let mut report = Report::of(collected, Some(&study));
        for (png, caption) in pictures::of_study(work, &study) {
            report.add_picture(png, &caption);
        }
        put(&report, &folder.join(&study))?;
    }
    Ok(())
}

/// A log that has an end must be sound; one that was cut off has none.
fn add(all: &mut Verification, earlier: Verification) {
    if earlier.head.is_some() && !earlier.is_sound() {
        all.problems.extend(earlier.problems);
    }
}

fn put(report: &Report, path: &Path) -> Result<()> {
    // Not `with_extension`: a UID has dots.
    let named = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        std::path::PathBuf::from(name)
    };
    private::write(&named(".html"), report.html().as_bytes())?;
    private::write(&named(".pdf"), &report.pdf())
}

fn open(log: &Path) -> Result<BufReader<File>> {
    let file = File::open(log).map_err(trouble("read", log))?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

fn unreadable(error: sagittal_deid::Error) -> Error {
    Error::Proof {
        reason: format!("the log cannot be read again: {error}"),
    }
}

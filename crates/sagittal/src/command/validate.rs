//! `sagittal validate`: files against their IODs, and with each other.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use sagittal_iod::Severity;

use super::Exit;
use crate::validate::{Checked, Report, check, report};

/// Validate DICOM files: against their IOD, the rules of values, and each other
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal validate image.dcm
  sagittal validate --severity error folder/
  sagittal validate --sarif folder/ > findings.sarif
  sagittal validate --json folder/ | jq '.files[].findings[].kind' | sort | uniq -c

Values of patient attributes are never shown. The instances of a folder are compared with each other:
one patient, one study, the geometry of series, references.
Exit codes: 0 nothing that --fail-on names, 1 such findings, 3 something could not be read.")]
pub struct Arguments {
    /// Files, or folders with all that is in them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Print one JSON document
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// Print SARIF 2.1.0, which code hosting and CI services show
    #[arg(long)]
    sarif: bool,
    /// The mildest findings that are shown
    #[arg(long, value_enum, default_value_t = Level::Warning)]
    severity: Level,
    /// The mildest findings that make the command fail
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Compare the instances with each other, though they are given as files
    #[arg(long, conflicts_with = "no_study")]
    study: bool,
    /// Do not compare instances with each other
    #[arg(long)]
    no_study: bool,
    /// At most so many findings of one file
    #[arg(long, default_value_t = 1000, value_name = "COUNT")]
    most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Level {
    Error,
    Warning,
    Information,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Never,
}

impl Level {
    const fn severity(self) -> Severity {
        match self {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Information => Severity::Information,
        }
    }
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let least = arguments.severity.severity();
    let has_folder = arguments.paths.iter().any(|path| path.is_dir());
    let options = check::Options {
        least,
        most: arguments.most,
        compare: (arguments.study || has_folder) && !arguments.no_study,
    };
    let out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut report: Box<dyn Report> = if arguments.sarif {
        Box::new(report::Sarif::new(out))
    } else if arguments.json {
        Box::new(report::Json::new(out))
    } else {
        Box::new(report::Text::new(out))
    };
    let checked = check::all(&arguments.paths, options, report.as_mut());
    let checked = match checked {
        Ok(checked) => checked,
        Err(error) if crate::out::is_closed(&error) => return Ok(Exit::Done),
        Err(error) => return Err(error).context("cannot write to standard output"),
    };
    if let Err(error) = report.finish(&checked) {
        return if crate::out::is_closed(&error) {
            Ok(Exit::Done)
        } else {
            Err(error).context("cannot write to standard output")
        };
    }
    if checked.foreign > 0 {
        eprintln!("sagittal: {} file(s) are not DICOM", checked.foreign);
    }
    Ok(exit(&checked, arguments.fail_on))
}

fn exit(checked: &Checked, fail_on: FailOn) -> Exit {
    let fatal = match fail_on {
        FailOn::Error => checked.errors,
        FailOn::Warning => checked.errors + checked.warnings,
        FailOn::Never => 0,
    };
    match (fatal, checked.unread) {
        (0, 0) => Exit::Done,
        (0, _) if checked.files > 0 => Exit::Partly,
        _ => Exit::Failed,
    }
}

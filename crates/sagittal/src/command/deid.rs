//! `sagittal deid`: de-identification of files, what would be done, and its log.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use sagittal_deid::log::{Digest, LogPublicKey, csv, parquet, verify};
use sagittal_deid::{Explained, Project, explain};

use super::Exit;
use crate::deid::{self, Settings, read_policy};

/// De-identify DICOM files by PS3.15 Annex E, with a signed log of every change
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  sagittal deid key project.key
  sagittal deid studies/ --out given/ --key project.key
  sagittal deid studies/ --out given/ --key project.key --profile trial.toml
  sagittal deid media/ --out given/ --key project.key --dicomdir
  sagittal deid explain --key project.key --profile trial.toml chest.dcm
  sagittal deid verify-log given.deid/log-20260101T080000Z.jsonl --out given/

Outputs are named by their new UIDs. Logs, maps of pseudonyms, report and quarantine go to --work
(OUT.deid if not given), which is not to be given out. A run that was interrupted goes on where it
was when it is started again.
Exit codes: 0 all written, 1 nothing written, 3 something was refused or put into quarantine."
)]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, clap::Args)]
struct Run {
    /// Files, and folders with all that is in them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Folder for the outputs
    #[arg(short, long, value_name = "FOLDER", required = true)]
    out: Option<PathBuf>,
    /// Folder for logs, maps, report and quarantine; OUT.deid if not given
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectFiles,
    /// A score card for the report, as `cargo xtask deid-bench --json FILE` writes it
    #[arg(long, value_name = "FILE")]
    score_card: Option<PathBuf>,
    /// Instances at the same time; all cores if not given
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Make the outputs a file-set: valid File IDs, and a DICOMDIR made anew
    #[arg(long)]
    dicomdir: bool,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// What makes a project.
#[derive(Debug, clap::Args)]
struct ProjectFiles {
    /// The policy (TOML); the basic profile without options if not given
    #[arg(short, long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// The project key, made by `sagittal deid key`
    #[arg(short, long, value_name = "FILE", required = true)]
    key: Option<PathBuf>,
}

impl ProjectFiles {
    fn key(&self) -> anyhow::Result<&Path> {
        self.key.as_deref().context("--key is missing")
    }
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a project key: who has it can tell whose a pseudonym is
    #[command(after_help = "Examples:\n  sagittal deid key project.key")]
    Key {
        /// A file that does not exist yet
        file: PathBuf,
    },
    /// Show what would happen to every element of a file, and why; shows protected values
    #[command(
        after_help = "Examples:\n  sagittal deid explain --key project.key --profile trial.toml chest.dcm\n  sagittal deid explain --key project.key --json chest.dcm"
    )]
    Explain {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        project: ProjectFiles,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Only what is changed
        #[arg(long)]
        changed: bool,
    },
    /// See whether a log is whole, signed, and true of the outputs
    #[command(
        name = "verify-log",
        after_help = "Examples:\n  sagittal deid verify-log given.deid/log-20260101T080000Z.jsonl\n  sagittal deid verify-log log.jsonl --out given/ --public-key log-key.pub.pem"
    )]
    VerifyLog {
        /// The log
        log: PathBuf,
        /// Folder of the outputs
        #[arg(short, long, value_name = "FOLDER")]
        out: Option<PathBuf>,
        /// The key that must have signed; else the one that the log names
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
    },
    /// Write a log as a table: CSV or Parquet, by the ending of the file
    #[command(
        name = "export-log",
        after_help = "Examples:\n  sagittal deid export-log log.jsonl log.csv\n  sagittal deid export-log log.jsonl log.parquet"
    )]
    ExportLog {
        /// The log
        log: PathBuf,
        /// The table
        table: PathBuf,
    },
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    match arguments.action {
        None => files_of(arguments.run),
        Some(Action::Key { file }) => {
            let key = deid::create_key(&file)?;
            crate::say!("{}: key {}", file.display(), key.fingerprint());
            Ok(Exit::Done)
        }
        Some(Action::Explain {
            file,
            project,
            json,
            changed,
        }) => explained(&file, &project, json, changed),
        Some(Action::VerifyLog {
            log,
            out,
            public_key,
        }) => verified(&log, out.as_deref(), public_key.as_deref()),
        Some(Action::ExportLog { log, table }) => exported(&log, &table),
    }
}

fn files_of(arguments: Run) -> anyhow::Result<Exit> {
    let out = arguments.out.clone().context("--out is missing")?;
    let beside = || {
        // Without the slash that a folder's name may end with.
        let mut name = out.components().collect::<PathBuf>().into_os_string();
        name.push(".deid");
        PathBuf::from(name)
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = Settings {
        work: arguments.work.clone().unwrap_or_else(beside),
        key: arguments.project.key()?.to_owned(),
        profile: arguments.project.profile.clone(),
        score: arguments.score_card.clone(),
        jobs: arguments.jobs.map_or(cores, usize::from),
        dicomdir: arguments.dicomdir,
        quiet: arguments.quiet || arguments.json,
        paths: arguments.paths,
        out,
    };
    let summary = deid::run(&settings)?;
    if arguments.json {
        crate::say!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        crate::show!("{}", summary.show());
        crate::say!("log, maps and report: {}", settings.work.display());
    }
    let done = summary.written + summary.done_before;
    if done + summary.refused + summary.quarantined + summary.directories == 0 {
        eprintln!("sagittal: no DICOM files found");
        return Ok(Exit::Failed);
    }
    Ok(Exit::of(done, summary.refused + summary.quarantined))
}

fn explained(
    file: &Path,
    project: &ProjectFiles,
    json: bool,
    changed: bool,
) -> anyhow::Result<Exit> {
    let policy = read_policy(project.profile.as_deref())?;
    let project = Project::new(policy, deid::read_key(project.key()?)?);
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (mut rows, output) = explain(&Bytes::from(bytes), &project)
        .with_context(|| format!("{} would be refused", file.display()))?;
    if changed {
        rows.retain(|row| row.taken != sagittal_deid::Taken::Kept);
    }
    if json {
        let rows: Vec<serde_json::Value> = rows.iter().map(as_json).collect();
        crate::say!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(Exit::Done);
    }
    for row in &rows {
        let after = row.after.as_deref().unwrap_or("—");
        crate::say!(
            "{} {} {}  {} {} → {} ({})  [{}] → [{after}]",
            row.path,
            row.keyword,
            row.vr,
            row.asked,
            row.action,
            row.taken.as_str(),
            row.reason.as_str(),
            row.before,
        );
    }
    for (code, meaning) in &output.applied.codes {
        crate::say!("applied: {code} {meaning}");
    }
    Ok(Exit::Done)
}

fn as_json(row: &Explained) -> serde_json::Value {
    serde_json::json!({
        "path": row.path.to_string(),
        "keyword": row.keyword,
        "privateCreator": row.private_creator,
        "vr": row.vr.to_string(),
        "asked": row.asked,
        "action": row.action,
        "taken": row.taken.as_str(),
        "reason": row.reason.as_str(),
        "before": row.before,
        "after": row.after,
    })
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

fn verified(log: &Path, out: Option<&Path>, key: Option<&Path>) -> anyhow::Result<Exit> {
    let key = match key {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Some(LogPublicKey::from_pem(&text)?)
        }
    };
    let outputs = out.map(deid::outputs).transpose()?.unwrap_or_default();
    let mut look = |uid: &str| {
        let bytes = std::fs::read(outputs.get(uid)?).ok()?;
        Some(Digest::of(&bytes))
    };
    let found = match out {
        Some(_) => verify(open(log)?, key.as_ref(), Some(&mut look))?,
        None => verify(open(log)?, key.as_ref(), None)?,
    };
    for problem in &found.problems {
        crate::say!("{}:{}: {}", log.display(), problem.line, problem.reason);
    }
    if !found.is_sound() {
        crate::say!("NOT SOUND: {} problems", found.problems.len());
        return Ok(Exit::Failed);
    }
    crate::say!(
        "sound: {} instances, {} refused, {} elements told of, {} outputs as they were written",
        found.files,
        found.refused,
        found.counts.total(),
        found.outputs
    );
    Ok(Exit::Done)
}

fn exported(log: &Path, table: &Path) -> anyhow::Result<Exit> {
    let write: fn(BufReader<File>, std::io::BufWriter<File>) -> sagittal_deid::Result<()> =
        match table.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => |log, out| csv(log, out),
            Some("parquet") => |log, out| parquet(log, out),
            _ => bail!("{} must end in .csv or .parquet", table.display()),
        };
    let out = File::create(table).with_context(|| format!("cannot write {}", table.display()))?;
    write(open(log)?, std::io::BufWriter::new(out))
        .with_context(|| format!("cannot write {}", table.display()))?;
    Ok(Exit::Done)
}

//! The command line.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::phase::PHASES;

pub const USAGE: &str = "usage: cargo xtask bench [--quick] [--no-peers] [--write] [--work FOLDER] [--program FILE] [PHASE…]

  --quick          100,000 indexed instances in place of 1,000,000, and one round in place of three
  --no-peers       without Orthanc and DCMTK, even where they are installed
  --write          write the figures to docs/reference/performance.md: the sections of these phases
  --work FOLDER    for data; on the disk that is to be measured [default: target/bench]
  --program FILE   the archive to measure [default: the one just built]
  --keep           leave the data there";

/// What is to be measured, and how.
#[derive(Clone, Debug)]
pub struct Options {
    pub quick: bool,
    pub peers: bool,
    pub write: Option<PathBuf>,
    pub keep: bool,
    pub work: PathBuf,
    pub program: PathBuf,
    pub phases: Vec<&'static str>,
    pub line: String,
}

impl Options {
    /// From the arguments.
    pub fn parse(arguments: &[&str]) -> Result<Options> {
        let beside = std::env::current_exe()?.with_file_name("sagittal");
        let mut options = Options {
            quick: false,
            peers: true,
            write: None,
            keep: false,
            work: PathBuf::from("target/bench"),
            program: beside,
            phases: Vec::new(),
            line: "cargo xtask bench".to_owned(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .with_context(|| format!("{argument} wants a value"))
            };
            // Which file was measured says nothing to a reader.
            if *argument != "--program" {
                options.line.push_str(&format!(" {argument}"));
            }
            match *argument {
                "--quick" => options.quick = true,
                "--no-peers" => options.peers = false,
                "--keep" => options.keep = true,
                "--write" => options.write = Some(PathBuf::from("docs/reference/performance.md")),
                "--work" => options.work = PathBuf::from(value()?),
                "--program" => options.program = PathBuf::from(value()?),
                "--help" | "-h" => bail!("{USAGE}"),
                name => {
                    let known = PHASES.iter().find(|(phase, _)| *phase == name);
                    let names: Vec<&str> = PHASES.iter().map(|(phase, _)| *phase).collect();
                    let (phase, _) = known.with_context(|| {
                        format!(
                            "{name} is no phase; there are: {}\n{USAGE}",
                            names.join(", ")
                        )
                    })?;
                    options.phases.push(phase);
                }
            }
        }
        if options.phases.is_empty() {
            options.phases = PHASES.iter().map(|(phase, _)| *phase).collect();
        }
        Ok(options)
    }

    /// Rounds of which the middle one counts.
    pub fn rounds(&self) -> usize {
        if self.quick { 1 } else { 3 }
    }
}

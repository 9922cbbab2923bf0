//! `sagittal quality report`.

use std::path::PathBuf;

use anyhow::Context as _;
use sagittal_archive::quality::{Group, Report};

use super::place::Where;
use crate::command::Exit;

/// What was found in what came, by source and modality
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal quality report
  sagittal quality report --server http://127.0.0.1:8080 --since 7d
  sagittal quality report --since 2026-01-01 --html quality.html
  sagittal quality report --json | jq '.groups[] | {source, modality, share_of_studies}'

Findings, counts and UIDs alone; no patient data. Days are those of UTC.")]
pub struct Arguments {
    #[command(flatten)]
    place: Where,
    /// Since when: so many days (7d), or a day (2026-01-31)
    #[arg(long, default_value = "30d", value_parser = days, value_name = "WHEN")]
    since: u32,
    /// Write a page for browsers
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// The number of days up to and with today.
fn days(text: &str) -> Result<u32, String> {
    let expected = || format!("{text:?} is neither like 7d nor like 2026-01-31");
    if let Some(number) = text.strip_suffix('d') {
        let days: u32 = number.parse().map_err(|_| expected())?;
        return Ok(days.max(1));
    }
    let since = crate::config::parse_day(text).ok_or_else(expected)?;
    let today = time::OffsetDateTime::now_utc().date();
    u32::try_from((today - since).whole_days() + 1).map_err(|_| format!("{text} is yet to come"))
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(async {
        let mut place = arguments.place.open().await?;
        let report = place.report(arguments.since).await?;
        place.close().await?;
        if let Some(file) = &arguments.html {
            std::fs::write(file, report.to_html())
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        if arguments.json {
            crate::say!("{}", serde_json::to_string_pretty(&report)?);
        } else if arguments.html.is_none() {
            show(&report);
        }
        Ok(Exit::Done)
    })
}

fn show(report: &Report) {
    crate::say!("{} to {} (UTC)", report.since, report.until);
    if report.groups.is_empty() {
        crate::say!("nothing came, or nothing was checked");
    }
    for group in &report.groups {
        show_group(group);
    }
}

fn show_group(group: &Group) {
    let name = match group.modality.as_str() {
        "" => group.source.clone(),
        modality => format!("{} {modality}", group.source),
    };
    crate::say!(
        "\n{name}: {} of {} studies with findings ({:.1} %), {} of {} instances; {} held back, {} refused",
        group.affected_studies,
        group.studies,
        group.share_of_studies * 100.0,
        group.affected_instances,
        group.instances,
        group.quarantined,
        group.refused
    );
    for finding in &group.findings {
        let found = &finding.found;
        crate::say!(
            "  {:>7} {} [{}] {}: {}",
            finding.instances,
            found.severity,
            found.kind,
            found.path,
            found.found
        );
        if let Some(example) = finding.examples.first() {
            crate::say!("          for example {example}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_up_to_today() {
        assert_eq!(days("7d"), Ok(7));
        let today = time::OffsetDateTime::now_utc().date();
        assert_eq!(days(&today.to_string()), Ok(1));
        assert!(days("yesterday").is_err());
        assert!(days("2999-01-01").is_err());
    }
}

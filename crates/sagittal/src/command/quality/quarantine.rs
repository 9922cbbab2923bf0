//! `sagittal quality quarantine`.

use anyhow::bail;
use sagittal_archive::quality::Instance;

use super::place::{Done, Place, Where};
use crate::command::Exit;

/// What to do with what is held back
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// List instances that are held back
    #[command(after_help = "\
Examples:
  sagittal quality quarantine list --server http://127.0.0.1:8080
  sagittal quality quarantine list --source CT1 --json")]
    List(List),
    /// Release instances that are held back: from then on everybody sees them
    #[command(after_help = "\
Examples:
  sagittal quality quarantine release --server http://127.0.0.1:8080 4711 4712
  sagittal quality quarantine release --study 1.2.3
  sagittal quality quarantine release --all

Exit codes: 0 all done, 1 none, 3 some.")]
    Release(Chosen),
    /// Delete instances that are held back
    #[command(after_help = "\
Examples:
  sagittal quality quarantine delete --server http://127.0.0.1:8080 4711
  sagittal quality quarantine delete --study 1.2.3

Exit codes: 0 all done, 1 none, 3 some.")]
    Delete(Chosen),
}

#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    place: Where,
    /// Received from this sender only
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Chosen {
    #[command(flatten)]
    place: Where,
    /// Numbers of instances, as `list` shows them
    #[arg(value_name = "NUMBER", required_unless_present_any = ["study", "all"])]
    numbers: Vec<i64>,
    /// All of a study
    #[arg(long, value_name = "UID", conflicts_with_all = ["numbers", "all"])]
    study: Option<String>,
    /// All there are
    #[arg(long, conflicts_with = "numbers")]
    all: bool,
}

pub(super) fn run(action: Action) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(async {
        match action {
            Action::List(arguments) => list(&arguments).await,
            Action::Release(chosen) => each(&chosen, true).await,
            Action::Delete(chosen) => each(&chosen, false).await,
        }
    })
}

async fn list(arguments: &List) -> anyhow::Result<Exit> {
    let mut place = arguments.place.open().await?;
    let held = place.quarantined(arguments.source.as_deref()).await?;
    place.close().await?;
    if arguments.json {
        crate::say!("{}", serde_json::to_string_pretty(&held)?);
        return Ok(Exit::Done);
    }
    for instance in &held {
        show(instance);
    }
    eprintln!("{} instance(s) held back", held.len());
    Ok(Exit::Done)
}

fn show(instance: &Instance) {
    crate::say!(
        "{}  {}  {} {}  {}",
        instance.id,
        instance.received,
        instance.source,
        instance.modality,
        instance.sop_instance_uid
    );
    for found in &instance.findings {
        crate::say!(
            "    {} [{}] {}: {}",
            found.severity,
            found.kind,
            found.path,
            found.found
        );
    }
}

async fn each(chosen: &Chosen, release: bool) -> anyhow::Result<Exit> {
    let mut place = chosen.place.open().await?;
    let numbers = numbers(chosen, &mut place).await?;
    let mut done = 0;
    for number in &numbers {
        let result = match release {
            true => place.release(*number).await,
            false => place.delete(*number).await,
        };
        match result {
            Ok(Done {
                sop_instance_uid,
                shown,
            }) => {
                done += 1;
                let remark = match (release, shown) {
                    (true, true) => "released",
                    (true, false) => "released, and hidden behind another with its UID",
                    (false, _) => "deleted",
                };
                crate::say!("{number} {sop_instance_uid}: {remark}");
            }
            Err(error) => eprintln!("{number}: {error:#}"),
        }
    }
    place.close().await?;
    Ok(match (done, numbers.len()) {
        (done, all) if done == all => Exit::Done,
        (0, _) => Exit::Failed,
        _ => Exit::Partly,
    })
}

async fn numbers(chosen: &Chosen, place: &mut Place) -> anyhow::Result<Vec<i64>> {
    if !chosen.numbers.is_empty() {
        return Ok(chosen.numbers.clone());
    }
    let held = place.quarantined(None).await?;
    let wanted = |instance: &&Instance| {
        let study = chosen.study.as_deref();
        study.is_none_or(|uid| uid == instance.study_instance_uid)
    };
    let numbers: Vec<i64> = held.iter().filter(wanted).map(|held| held.id).collect();
    if numbers.is_empty() {
        bail!("nothing of that is held back");
    }
    Ok(numbers)
}

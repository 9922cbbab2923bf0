//! `sagittal find`: queries a peer (C-FIND).

use std::io::Write as _;

use sagittal_archive::query::Level;
use sagittal_core::{DataSet, Value, dictionary};
use sagittal_dimse::registry::Model;
use sagittal_dimse::scu::{QueryOptions, Session, find_proposal};

use super::Exit;
use super::association::{Association, LevelName, Root, put_key};

/// Query a peer (C-FIND)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal find SAGITTAL@127.0.0.1:11112
  sagittal find PACS@10.0.0.5:104 -k 'PatientName=Mül*' -k StudyDate=20260101-
  sagittal find PACS@10.0.0.5:104 --level series -k StudyInstanceUID=1.2.3
  sagittal find --json PACS@10.0.0.5:104 -k PatientID=4711 | jq -r '.\"0020000D\".Value[0]'

A key with a value is matched, one without is only returned. Sequences: -k Sequence.Keyword=value
Exit codes: 0 also if nothing was found, 1 failed.")]
pub struct Arguments {
    #[command(flatten)]
    association: Association,
    /// A key, as KEYWORD or KEYWORD=VALUE; may be given several times
    #[arg(short, long = "key", value_name = "KEY[=VALUE]")]
    keys: Vec<String>,
    /// Query/Retrieve Level
    #[arg(long, value_enum, default_value = "study")]
    level: LevelName,
    /// Information model
    #[arg(long, value_enum, default_value = "study")]
    model: Root,
    /// At most so many answers; then the query is canceled
    #[arg(long)]
    limit: Option<u64>,
    /// Ask for relational queries: keys of any level
    #[arg(long)]
    relational: bool,
    /// Ask for fuzzy matching of names
    #[arg(long)]
    fuzzy: bool,
    /// Ask for combined matching of date and time
    #[arg(long)]
    date_time: bool,
    /// Print answers as DICOM JSON, one line each
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(find(arguments))
}

async fn find(arguments: Arguments) -> anyhow::Result<Exit> {
    let level = Level::from(arguments.level);
    // Only the Patient Root has patients.
    let model = match (Model::from(arguments.model), level) {
        (Model::StudyRoot, Level::Patient) => Model::PatientRoot,
        (model, _) => model,
    };
    let mut keys = DataSet::utf8();
    for key in default_keys(level)
        .iter()
        .copied()
        .chain(arguments.keys.iter().map(String::as_str))
    {
        put_key(&mut keys, key).map_err(anyhow::Error::msg)?;
    }
    let options = QueryOptions {
        relational: arguments.relational,
        date_time: arguments.date_time,
        fuzzy: arguments.fuzzy,
    };
    let target = arguments.association.target()?;
    let proposal = find_proposal(&target, model, options)?;
    let mut session = Session::connect(&target, &proposal).await?;
    let agreed = session.query_options(model);
    for (asked, got, what) in [
        (options.relational, agreed.relational, "relational queries"),
        (options.fuzzy, agreed.fuzzy, "fuzzy matching"),
        (
            options.date_time,
            agreed.date_time,
            "combined date and time",
        ),
    ] {
        if asked && !got {
            eprintln!("sagittal: the peer does not offer {what}");
        }
    }
    let mut matches = session.find(model, level, &keys).await?;
    let mut count = 0;
    let mut out = std::io::stdout().lock();
    while let Some(answer) = matches.next().await? {
        count += 1;
        let mut text = Vec::new();
        if arguments.json {
            sagittal_file::json::write(&answer, &mut text);
            text.push(b'\n');
        } else {
            show(&answer, 0, &mut text);
            text.push(b'\n');
        }
        if out.write_all(&text).is_err() || arguments.limit.is_some_and(|limit| count >= limit) {
            matches.cancel().await?;
            while matches.next().await?.is_some() {}
            break;
        }
    }
    if matches.lacks_keys() {
        eprintln!("sagittal: the peer did not match by all keys");
    }
    session.release().await?;
    if !arguments.json {
        eprintln!("{count} answer(s)");
    }
    Ok(Exit::Done)
}

/// What is returned without being asked for.
fn default_keys(level: Level) -> &'static [&'static str] {
    match level {
        Level::Patient => &["PatientName", "PatientID", "PatientBirthDate", "PatientSex"],
        Level::Study => &[
            "PatientName",
            "PatientID",
            "StudyInstanceUID",
            "StudyDate",
            "StudyTime",
            "AccessionNumber",
            "ModalitiesInStudy",
            "StudyDescription",
            "NumberOfStudyRelatedInstances",
        ],
        Level::Series => &[
            "StudyInstanceUID",
            "SeriesInstanceUID",
            "Modality",
            "SeriesNumber",
            "SeriesDescription",
            "NumberOfSeriesRelatedInstances",
        ],
        Level::Instance => &[
            "StudyInstanceUID",
            "SeriesInstanceUID",
            "SOPInstanceUID",
            "SOPClassUID",
            "InstanceNumber",
        ],
    }
}

/// One line an element, items indented.
fn show(answer: &DataSet, indent: usize, out: &mut Vec<u8>) {
    for element in answer.elements() {
        let name = dictionary::entry(element.tag)
            .map_or_else(|| element.tag.to_string(), |entry| entry.keyword.to_owned());
        let margin = " ".repeat(indent);
        // Writing to a vector cannot fail.
        if let Value::Sequence(items) = &element.value {
            let _ = writeln!(out, "{margin}{name}:");
            for item in items {
                show(item, indent + 2, out);
            }
            continue;
        }
        let value = if element.vr.is_text() {
            answer
                .text(element.tag)
                .map(|text| text.into_owned())
                .unwrap_or_default()
        } else {
            let numbers: Vec<String> = answer
                .floats(element.tag)
                .iter()
                .map(ToString::to_string)
                .collect();
            numbers.join("\\")
        };
        let _ = writeln!(out, "{margin}{name}: {value}");
    }
}

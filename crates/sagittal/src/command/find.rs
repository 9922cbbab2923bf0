//! `sagittal find`: queries a peer.

use std::io::Write as _;

use sagittal_archive::query::Level;
use sagittal_core::{DataSet, Limits, PathStep, TagPath, dictionary, transfer_syntax};
use sagittal_dimse::scu::{Address, QueryOptions, Session, find_proposal};
use sagittal_file::{dump, json, write::write_data_set};

use super::Exit;
use super::keys::{self, Key, LevelName, ModelName};
use super::peer::Connection;

/// The widest column of a table.
const WIDEST: usize = 64;

/// Query a DICOM peer (C-FIND)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal find PACS@10.0.0.1:104 --key 'PatientName=DOE*' --key StudyDate=20240101-
  sagittal find PACS@10.0.0.1:104 --level series --key StudyInstanceUID=1.2.3 --key Modality
  sagittal find PACS@10.0.0.1:104 --level patient --key PatientID --json | jq length
  sagittal find PACS@10.0.0.1:104 --key RequestAttributesSequence.RequestedProcedureID=P1 --dump

Keys without a value are returned; so are the usual ones of the level, unless --only-keys.
Exit codes: 0 answered (also without a match), 1 failed.")]
pub struct Arguments {
    /// The peer
    #[arg(value_name = "AE@HOST:PORT")]
    peer: Address,
    /// Query/Retrieve Level
    #[arg(long, default_value = "study")]
    level: LevelName,
    /// KEY or KEY=VALUE, with wildcards, ranges and lists (\\) as in DICOM; may be given several times
    #[arg(short, long = "key", value_name = "KEY[=VALUE]")]
    keys: Vec<Key>,
    /// Ask for the given keys only
    #[arg(long, requires = "keys")]
    only_keys: bool,
    /// Information model; without it, study root, or patient root at patient level
    #[arg(long)]
    model: Option<ModelName>,
    /// Cancel after so many answers
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Negotiate relational queries: the unique keys of the levels above may be left out
    #[arg(long)]
    relational: bool,
    /// Negotiate fuzzy matching of names
    #[arg(long)]
    fuzzy: bool,
    /// Negotiate combined matching of date and time
    #[arg(long)]
    date_time: bool,
    /// Character set of the keys, e.g. "ISO_IR 100"; without it, UTF-8 if ASCII does not do
    #[arg(long, value_name = "TERM")]
    charset: Option<String>,
    /// Print a DICOM JSON array
    #[arg(long, conflicts_with = "dump")]
    json: bool,
    /// Print the answers as text dumps
    #[arg(long)]
    dump: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    crate::runtime()?.block_on(find(arguments))
}

async fn find(arguments: Arguments) -> anyhow::Result<Exit> {
    let level = arguments.level.level();
    let model = keys::model(arguments.model, level);
    let wanted = wanted(&arguments, level);
    let identifier = keys::data_set(&wanted, arguments.charset.as_deref())?;
    let target = arguments.connection.target(&arguments.peer)?;
    let options = QueryOptions {
        relational: arguments.relational,
        date_time: arguments.date_time,
        fuzzy: arguments.fuzzy,
    };
    let mut session = Session::connect(&target, &find_proposal(&target, model, options)?).await?;
    warn_of_refused(options, session.query_options(model));
    let mut output = Output::new(&arguments, &wanted);
    let mut matches = session.find(model, level, &identifier).await?;
    let interrupt = crate::transfer::interrupt();
    let mut count = 0;
    let mut is_cut = false;
    loop {
        let next = tokio::select! {
            biased;
            () = interrupt.cancelled(), if !is_cut => {
                is_cut = true;
                matches.cancel().await?;
                continue;
            }
            next = matches.next() => next?,
        };
        let Some(answer) = next else { break };
        count += 1;
        output.answer(answer)?;
        if arguments.limit == Some(count) {
            matches.cancel().await?;
        }
    }
    if matches.lacks_keys() {
        eprintln!("sagittal: the peer does not match by all of the keys (status FF01)");
    }
    output.finish(count)?;
    session.release().await.ok();
    Ok(if is_cut { Exit::Partly } else { Exit::Done })
}

/// The keys that are asked for: those of the user, then the usual ones.
fn wanted(arguments: &Arguments, level: Level) -> Vec<Key> {
    let mut wanted = arguments.keys.clone();
    if !arguments.only_keys {
        for tag in keys::default_keys(level) {
            let path = TagPath::root(*tag);
            if !wanted.iter().any(|key| key.path == path) {
                wanted.push(Key {
                    path,
                    value: String::new(),
                });
            }
        }
    }
    wanted
}

fn warn_of_refused(asked: QueryOptions, granted: QueryOptions) {
    for (asked, granted, what) in [
        (asked.relational, granted.relational, "relational queries"),
        (asked.fuzzy, granted.fuzzy, "fuzzy matching"),
        (asked.date_time, granted.date_time, "combined date and time"),
    ] {
        if asked && !granted {
            eprintln!("sagittal: the peer does not grant {what}");
        }
    }
}

/// Prints answers.
struct Output<'a> {
    arguments: &'a Arguments,
    columns: Vec<TagPath>,
    /// Of a table, which can be aligned only at the end.
    rows: Vec<Vec<String>>,
    printed: u64,
}

impl Output<'_> {
    fn new<'a>(arguments: &'a Arguments, keys: &[Key]) -> Output<'a> {
        Output {
            arguments,
            columns: keys.iter().map(|key| key.path.clone()).collect(),
            rows: Vec::new(),
            printed: 0,
        }
    }

    fn answer(&mut self, answer: DataSet) -> anyhow::Result<()> {
        let mut text = Vec::new();
        if self.arguments.json {
            text.extend_from_slice(if self.printed == 0 { b"[" } else { b",\n " });
            json::write(&answer, &mut text);
        } else if self.arguments.dump {
            if self.printed > 0 {
                text.push(b'\n');
            }
            let syntax = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
            let mut bytes = Vec::new();
            write_data_set(&answer, syntax, &mut bytes)?;
            let options = dump::Options::default();
            dump::data_set(&bytes, syntax, Limits::default(), &options, &mut text)?;
        } else {
            let row = self.columns.iter().map(|path| cell(&answer, &path.0));
            self.rows.push(row.collect());
        }
        self.printed += 1;
        Ok(std::io::stdout().lock().write_all(&text)?)
    }

    fn finish(self, count: u64) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.arguments.json {
            out.write_all(if self.printed == 0 { b"[]\n" } else { b"]\n" })?;
        } else if !self.arguments.dump {
            let names = self.columns.iter().map(name).collect();
            out.write_all(table(names, self.rows).as_bytes())?;
        }
        drop(out);
        eprintln!("{count} answer(s)");
        Ok(())
    }
}

fn name(path: &TagPath) -> String {
    let names = path.0.iter().filter_map(|step| match step {
        PathStep::Element(tag) => Some(match dictionary::entry(*tag) {
            Some(entry) => entry.keyword.to_owned(),
            None => tag.to_string(),
        }),
        PathStep::Item(_) => None,
    });
    names.collect::<Vec<_>>().join(".")
}

fn cell(data_set: &DataSet, path: &[PathStep]) -> String {
    let (tag, rest) = match path {
        [PathStep::Element(tag), PathStep::Item(_), rest @ ..]
        | [PathStep::Element(tag), rest @ ..] => (*tag, rest),
        _ => return String::new(),
    };
    if !rest.is_empty() {
        let items = data_set.items(tag).iter().map(|item| cell(item, rest));
        return items.collect::<Vec<_>>().join("; ");
    }
    let is_text = data_set
        .get(tag)
        .is_some_and(|element| element.vr.unit() == 1);
    let text = if is_text {
        data_set.text(tag).unwrap_or_default().into_owned()
    } else {
        let numbers = data_set.floats(tag);
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        numbers.join("\\")
    };
    // From the peer: nothing that a terminal would obey.
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let text = text.trim();
    if text.chars().count() > WIDEST {
        let cut: String = text.chars().take(WIDEST - 1).collect();
        return format!("{cut}…");
    }
    text.to_owned()
}

fn table(names: Vec<String>, rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut lines = vec![names];
    lines.extend(rows);
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            let cells = lines.iter().filter_map(|line| line.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in &lines {
        let padded = line.iter().zip(&widths).map(|(cell, width)| {
            let gap = width.saturating_sub(cell.chars().count());
            format!("{cell}{}", " ".repeat(gap))
        });
        let padded = padded.collect::<Vec<_>>().join("  ");
        text.push_str(padded.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use sagittal_core::tags;

    use super::*;

    #[test]
    fn a_table_is_aligned_and_shows_no_control_characters() {
        let mut answer = DataSet::utf8();
        answer.put_text(tags::PATIENT_NAME, "Mü\u{7}ller");
        answer.put_text(tags::NUMBER_OF_STUDY_RELATED_INSTANCES, "12");
        let row = [tags::PATIENT_NAME, tags::NUMBER_OF_STUDY_RELATED_INSTANCES]
            .map(|tag| cell(&answer, &TagPath::root(tag).0));
        let text = table(vec!["PatientName".into(), "N".into()], vec![row.to_vec()]);
        assert_eq!(text, "PatientName  N\nMü ller      12\n");
    }
}

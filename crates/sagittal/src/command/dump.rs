//! `sagittal dump`: files as text, DICOM JSON or Native DICOM Model.

use std::fs::File;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use sagittal_core::{Limits, Tag, TagPath, dictionary};
use sagittal_file::json::{self, BulkData};
use sagittal_file::{dump, encoding::Encoding, part10, read, xml};

use super::Exit;
use crate::files;

/// Of a file that is not shown as a whole so much is read first.
const PREFIX: u64 = 256 << 10;
/// Values longer than this become references in JSON, unless `--inline`.
const INLINE: u64 = 1024;

/// Show what is in DICOM files
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal dump image.dcm
  sagittal dump --tag PatientName --tag 0020000D folder/
  sagittal dump --json image.dcm | jq '.\"00100010\"'
  sagittal dump --xml image.dcm
  curl -s … | sagittal dump -

Files in folders that are not DICOM are passed over; they are counted on standard error.
Exit codes: 0 all shown, 1 nothing could be read, 3 something could not be read.")]
pub struct Arguments {
    /// Files, or folders with all that is in them; - reads standard input
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// DICOM JSON (PS3.18 Annex F), one line a file; long values become references (offset and
    /// length in the file)
    #[arg(long, conflicts_with = "xml")]
    json: bool,
    /// Native DICOM Model (PS3.19 Annex A.1)
    #[arg(long)]
    xml: bool,
    /// With --json: all values in line, base64 if need be
    #[arg(long, requires = "json")]
    inline: bool,
    /// Show only this element (keyword or tag), wherever it is; may be given several times
    #[arg(short, long = "tag", value_parser = parse_tag)]
    tags: Vec<Tag>,
    /// Show values in full length
    #[arg(short = 'L', long)]
    full: bool,
    /// Characters of a value that are shown
    #[arg(long, default_value_t = 64, conflicts_with = "full")]
    width: usize,
    /// Without File Meta Information
    #[arg(long)]
    no_meta: bool,
}

fn parse_tag(text: &str) -> Result<Tag, String> {
    dictionary::parse(text)
        .ok_or_else(|| format!("{text:?} is no keyword and no tag such as 00100010"))
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut buffer = Vec::new();
    let (mut shown, mut failed, mut foreign) = (0, 0, 0);
    for given in &arguments.paths {
        let many = arguments.paths.len() > 1 || given.is_dir();
        for path in files::walk(given) {
            buffer.clear();
            let result = path
                .map_err(anyhow::Error::from)
                .and_then(|path| Ok((show(&path, &arguments, many, &mut buffer)?, path)));
            if write(&mut out, &buffer)? == Pipe::Closed {
                return Ok(Exit::Done);
            }
            match result {
                Ok(_) => shown += 1,
                Err(error) if given.is_dir() && is_foreign(&error) => foreign += 1,
                Err(error) => {
                    failed += 1;
                    eprintln!("sagittal: {error:#}");
                }
            }
        }
    }
    write(&mut out, &[])?;
    if out.flush().is_err() {
        return Ok(Exit::Done);
    }
    if foreign > 0 {
        eprintln!("sagittal: {foreign} file(s) are not DICOM");
    }
    Ok(Exit::of(shown, failed))
}

#[derive(PartialEq, Eq)]
enum Pipe {
    Open,
    Closed,
}

/// Writes; a reader that has gone (`… | head`) is no failure.
fn write(out: &mut impl Write, bytes: &[u8]) -> anyhow::Result<Pipe> {
    match out.write_all(bytes) {
        Ok(()) => Ok(Pipe::Open),
        Err(error) if crate::out::is_closed(&error) => Ok(Pipe::Closed),
        Err(error) => Err(error).context("cannot write to standard output"),
    }
}

fn is_foreign(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<sagittal_file::Error>(),
        Some(sagittal_file::Error::NotDicom { .. })
    )
}

fn show(path: &Path, arguments: &Arguments, many: bool, out: &mut Vec<u8>) -> anyhow::Result<()> {
    let name = path.display();
    let from_stdin = path.as_os_str() == "-";
    let result = if arguments.json && !arguments.inline && !from_stdin {
        show_json_of_prefix(path, out)
    } else if !arguments.json && !arguments.xml && !from_stdin {
        show_text(path, arguments, many, out)
    } else {
        let bytes = read_whole(path)?;
        if arguments.json {
            show_json(&bytes, path, arguments.inline, out)
        } else if arguments.xml {
            show_xml(&bytes, out)
        } else {
            show_text_of(&bytes, bytes.len() as u64, path, arguments, many, out)
        }
    };
    if result.as_ref().is_err_and(is_foreign) {
        out.clear();
    }
    result.with_context(|| format!("{name}"))
}

/// Reads the whole file only if elements follow the first long value.
fn show_text(
    path: &Path,
    arguments: &Arguments,
    many: bool,
    out: &mut Vec<u8>,
) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let total = file.metadata()?.len();
    if total > PREFIX && !arguments.full && arguments.width < 4096 {
        let mut bytes = Vec::with_capacity(usize::try_from(PREFIX)?);
        (&file).take(PREFIX).read_to_end(&mut bytes)?;
        let deflated = part10::open(&bytes)
            .is_ok_and(|opening| Encoding::of(opening.transfer_syntax_uid.as_str()).deflated);
        if !deflated {
            let before = out.len();
            if show_text_of(&bytes, total, path, arguments, many, out).is_ok() {
                return Ok(());
            }
            out.truncate(before);
        }
    }
    let bytes = read_whole(path)?;
    show_text_of(&bytes, bytes.len() as u64, path, arguments, many, out)
}

/// A file of `total` bytes, of which the first are here.
fn show_text_of(
    bytes: &[u8],
    total: u64,
    path: &Path,
    arguments: &Arguments,
    many: bool,
    out: &mut Vec<u8>,
) -> anyhow::Result<()> {
    if many {
        out.extend_from_slice(format!("# {}\n", path.display()).as_bytes());
    }
    let options = dump::Options {
        value_length: (!arguments.full).then_some(arguments.width),
        only: arguments.tags.clone(),
        meta: !arguments.no_meta,
        findings: true,
    };
    let result = dump::file_prefix(bytes, total, Limits::default(), &options, out);
    if many {
        out.push(b'\n');
    }
    result.map(|_| ()).map_err(anyhow::Error::from)
}

fn read_whole(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn show_xml(bytes: &[u8], out: &mut Vec<u8>) -> anyhow::Result<()> {
    let file = part10::read(&Bytes::copy_from_slice(bytes), Limits::default())?;
    xml::write(&file.data_set, out);
    out.push(b'\n');
    Ok(())
}

/// Reads the whole file only if elements follow the first long value.
fn show_json_of_prefix(path: &Path, out: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let total = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(total.min(PREFIX))?);
    (&file).take(PREFIX).read_to_end(&mut bytes)?;
    if total > PREFIX {
        let opening = part10::open(&bytes)?;
        let uid = opening.transfer_syntax_uid.as_str();
        let start = usize::try_from(opening.data_set_offset)?;
        let length = total - opening.data_set_offset;
        if !Encoding::of(uid).deflated {
            let mut references = References::new(path, opening.data_set_offset);
            let prefix = bytes.get(start..).unwrap_or_default();
            let limits = Limits::default();
            let written =
                json::write_from_bytes(prefix, length, uid, limits, &mut references, out)?;
            if written.covered >= length {
                out.push(b'\n');
                return Ok(());
            }
            out.clear();
        }
        file.read_to_end(&mut bytes)?;
    }
    show_json(&bytes, path, false, out)
}

fn show_json(bytes: &[u8], path: &Path, inline: bool, out: &mut Vec<u8>) -> anyhow::Result<()> {
    let opening = part10::open(bytes)?;
    let uid = opening.transfer_syntax_uid.as_str();
    let start = usize::try_from(opening.data_set_offset)?;
    let data_set = bytes.get(start..).unwrap_or_default();
    let limits = Limits::default();
    let mut references = References::new(path, opening.data_set_offset);
    let inflated;
    let (data_set, inline) = if Encoding::of(uid).deflated {
        // There are no offsets in the file to refer to.
        (inflated, _) = read::inflate(data_set, limits)?;
        (inflated.as_slice(), true)
    } else {
        (data_set, inline)
    };
    let bulk: &mut dyn BulkData = if inline {
        &mut json::Inline
    } else {
        &mut references
    };
    json::write_from_bytes(data_set, data_set.len() as u64, uid, limits, bulk, out)?;
    out.push(b'\n');
    Ok(())
}

/// Long values as `file:` URIs with offset and length in the file.
struct References {
    url: String,
    start: u64,
}

impl References {
    fn new(path: &Path, start: u64) -> References {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut url = String::from("file://");
        for byte in path.to_string_lossy().bytes() {
            if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
                url.push(char::from(byte));
            } else {
                url.push_str(&format!("%{byte:02X}"));
            }
        }
        References { url, start }
    }
}

impl BulkData for References {
    fn uri(&mut self, _: &TagPath, offset: u64, length: Option<u64>) -> Option<String> {
        let position = self.start + offset;
        match length {
            Some(length) if length <= INLINE => None,
            Some(length) => Some(format!("{}?offset={position}&length={length}", self.url)),
            None => Some(format!("{}?offset={position}", self.url)),
        }
    }
}

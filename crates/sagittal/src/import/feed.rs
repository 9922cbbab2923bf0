//! Finds what is to be imported, in folders and ZIP files, on a thread of its own.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use tokio::sync::mpsc;
use zip::ZipArchive;

use super::item::{Body, CHUNK, Item};
use super::journal::{Journal, mark};
use crate::files;

/// A member of a ZIP file may grow to this many times its compressed size, and 64 MiB besides.
const MAX_RATIO: u64 = 1200;
/// Members of one ZIP file.
const MAX_MEMBERS: usize = 10_000_000;
/// Nothing shorter is a DICOM file.
const SHORTEST: u64 = 16;

/// What is there in all; grows while it is counted.
#[derive(Debug, Default)]
pub struct Totals {
    /// Files and members.
    pub files: AtomicU64,
    /// Their bytes.
    pub bytes: AtomicU64,
    /// Counting is over.
    pub complete: AtomicBool,
}

/// What the feed comes across.
pub(super) enum Found {
    /// To be imported.
    Item(Item),
    /// Done by an earlier run.
    Done(u64),
    /// Too short to be anything.
    NotDicom(u64),
    /// Cannot be read.
    Error { name: String, reason: String },
}

/// Counts files and bytes, for the time left.
pub fn totals(paths: &[PathBuf], totals: &Totals) {
    let add = |size: u64| {
        totals.files.fetch_add(1, Ordering::Relaxed);
        totals.bytes.fetch_add(size, Ordering::Relaxed);
    };
    for path in paths.iter().flat_map(|path| files::walk(path)).flatten() {
        if !is_zip(&path) {
            add(path.metadata().map_or(0, |metadata| metadata.len()));
            continue;
        }
        let Ok(mut archive) = File::open(&path)
            .map_err(zip::result::ZipError::from)
            .and_then(ZipArchive::new)
        else {
            continue;
        };
        for index in 0..archive.len() {
            if let Ok(member) = archive.by_index_raw(index)
                && member.is_file()
            {
                add(member.size());
            }
        }
    }
    totals.complete.store(true, Ordering::Relaxed);
}

/// Sends everything that is found; ends early when nobody listens any more.
pub(super) fn feed(paths: &[PathBuf], journal: Option<&Journal>, found: &mpsc::Sender<Found>) {
    for path in paths.iter().flat_map(|path| files::walk(path)) {
        let result = match path {
            Ok(path) if is_zip(&path) => feed_zip(&path, journal, found),
            Ok(path) => feed_file(path, journal, found),
            Err(error) => send(
                found,
                Found::Error {
                    name: String::new(),
                    reason: error.to_string(),
                },
            ),
        };
        if result.is_err() {
            return;
        }
    }
}

/// The listener is gone.
struct Gone;

fn send(found: &mpsc::Sender<Found>, what: Found) -> Result<(), Gone> {
    found.blocking_send(what).map_err(|_| Gone)
}

fn feed_file(
    path: PathBuf,
    journal: Option<&Journal>,
    found: &mpsc::Sender<Found>,
) -> Result<(), Gone> {
    let name = path.display().to_string();
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) => {
            let reason = error.to_string();
            return send(found, Found::Error { name, reason });
        }
    };
    let size = metadata.len();
    if size < SHORTEST || !metadata.is_file() {
        return send(found, Found::NotDicom(size));
    }
    let modified = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos());
    let mark = mark(&name, size, modified);
    if journal.is_some_and(|journal| journal.is_done(mark)) {
        return send(found, Found::Done(size));
    }
    send(
        found,
        Found::Item(Item {
            name,
            size,
            mark,
            body: Body::Path(path),
        }),
    )
}

fn feed_zip(
    path: &Path,
    journal: Option<&Journal>,
    found: &mpsc::Sender<Found>,
) -> Result<(), Gone> {
    let name = path.display().to_string();
    let mut archive = match File::open(path)
        .map_err(zip::result::ZipError::from)
        .and_then(ZipArchive::new)
    {
        Ok(archive) => archive,
        Err(error) => {
            let reason = format!("not a readable ZIP file: {error}");
            return send(found, Found::Error { name, reason });
        }
    };
    if archive.len() > MAX_MEMBERS {
        let reason = format!("{} members, more than {MAX_MEMBERS}", archive.len());
        return send(found, Found::Error { name, reason });
    }
    for index in 0..archive.len() {
        feed_member(&mut archive, index, &name, journal, found)?;
    }
    Ok(())
}

fn feed_member(
    archive: &mut ZipArchive<File>,
    index: usize,
    zip_name: &str,
    journal: Option<&Journal>,
    found: &mpsc::Sender<Found>,
) -> Result<(), Gone> {
    let member = match archive.by_index(index) {
        Ok(member) => member,
        Err(error) => {
            let name = format!("{zip_name}, member {}", index + 1);
            let reason = error.to_string();
            return send(found, Found::Error { name, reason });
        }
    };
    if !member.is_file() {
        return Ok(());
    }
    let name = format!("{zip_name}/{}", member.name());
    let size = member.size();
    let mark = mark(&name, size, u128::from(member.crc32()));
    if journal.is_some_and(|journal| journal.is_done(mark)) {
        return send(found, Found::Done(size));
    }
    if size < SHORTEST {
        return send(found, Found::NotDicom(size));
    }
    // The size in the directory may lie: what comes out is bounded by what went in.
    let limit = member
        .compressed_size()
        .saturating_mul(MAX_RATIO)
        .saturating_add(64 << 20);
    let (chunks, body) = mpsc::channel(4);
    send(
        found,
        Found::Item(Item {
            name,
            size,
            mark,
            body: Body::Chunks(body),
        }),
    )?;
    // Whoever imports it may stop in the middle (not DICOM, refused): that is not our trouble.
    let _ = pump(member, limit, &chunks);
    Ok(())
}

/// Reads a member chunk by chunk; an error goes to the listener.
fn pump(
    mut member: impl io::Read,
    limit: u64,
    chunks: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), Gone> {
    let mut total = 0;
    loop {
        let mut bytes = Vec::new();
        let result = member.by_ref().take(CHUNK as u64).read_to_end(&mut bytes);
        total += bytes.len() as u64;
        let message = match result {
            Ok(0) => return Ok(()),
            Ok(_) if total > limit => Err(io::Error::other(format!(
                "grows to more than {limit} bytes: looks like a ZIP bomb"
            ))),
            Ok(_) => Ok(bytes.into()),
            Err(error) => Err(error),
        };
        let ends = message.is_err();
        chunks.blocking_send(message).map_err(|_| Gone)?;
        if ends {
            return Ok(());
        }
    }
}

/// By its first bytes; a ZIP file may have any name.
fn is_zip(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && (magic == *b"PK\x03\x04" || magic == *b"PK\x05\x06")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write as _;

    use super::*;

    fn found(path: &Path) -> Vec<Found> {
        let (send, mut receive) = mpsc::channel(100);
        let path = path.to_owned();
        let thread = std::thread::spawn(move || feed(&[path], None, &send));
        let mut all = Vec::new();
        while let Some(next) = receive.blocking_recv() {
            all.push(next);
        }
        thread.join().unwrap();
        all
    }

    #[test]
    fn members_of_a_zip_are_found_in_their_folders() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.bin");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file("a/b/one.dcm", options).unwrap();
        zip.write_all(&[1; 100]).unwrap();
        zip.add_directory("empty", options).unwrap();
        zip.start_file("short", options).unwrap();
        zip.write_all(b"x").unwrap();
        zip.finish().unwrap();
        let all = found(&path);
        assert_eq!(all.len(), 2);
        assert!(
            matches!(&all[0], Found::Item(item) if item.name.ends_with("study.bin/a/b/one.dcm"))
        );
        assert!(matches!(all[1], Found::NotDicom(1)));
    }

    #[test]
    fn what_grows_beyond_all_measure_is_stopped() {
        let (send, mut receive) = mpsc::channel(4);
        let thread = std::thread::spawn(move || {
            let _ = pump(io::repeat(0), 3 * CHUNK as u64, &send);
        });
        let mut last = None;
        while let Some(next) = receive.blocking_recv() {
            last = Some(next);
        }
        thread.join().unwrap();
        assert!(last.unwrap().unwrap_err().to_string().contains("ZIP bomb"));
    }
}

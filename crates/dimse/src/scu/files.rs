//! Instances that arrive become Part 10 files, `study/series/instance.dcm` (PS3.10 §7).
//!
//! A file is written under a temporary name, synced if asked for, and renamed when it is whole, so
//! that nobody ever sees half an instance. Memory is bounded: long data sets are written as they come.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sagittal_core::{Limits, Tag, Uid, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::part10::{self, Meta};
use sagittal_file::{extract, read};
use sagittal_net::dimse::Status;

use super::error::{Error, Result};
use super::receiver::{Arriving, Kept, Receipt, Receiver};
use crate::status::Failure;

/// Gathered in memory before it is written.
const BLOCK: usize = 4 << 20;
/// Of a deflated data set so much is inflated to find the UIDs.
const INFLATED: usize = 1 << 20;
/// Files with other content under one SOP Instance UID.
const MAX_BESIDE: u32 = 10_000;

/// What is done with an instance whose file is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collision {
    /// Identical content is kept once; other content gets a number in its name.
    #[default]
    Both,
    /// What is there stays.
    Skip,
    /// The new one takes its place.
    Replace,
}

/// How files are written.
#[derive(Clone, Debug)]
pub struct FileReceiverOptions {
    /// Where; made if it is not there.
    pub folder: PathBuf,
    /// If the file is there.
    pub collision: Collision,
    /// Sync file and folders before the sender is told of success.
    pub sync: bool,
}

/// Writes what arrives as files.
#[derive(Debug)]
pub struct FileReceiver {
    options: FileReceiverOptions,
    counter: AtomicU64,
}

impl FileReceiver {
    /// Makes the folder.
    pub fn new(options: FileReceiverOptions) -> Result<FileReceiver> {
        fs::create_dir_all(&options.folder).map_err(|source| Error::Write {
            path: options.folder.clone(),
            source,
        })?;
        Ok(FileReceiver {
            options,
            counter: AtomicU64::new(0),
        })
    }

    fn temporary(&self) -> PathBuf {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let name = format!(".incoming-{}-{count}", std::process::id());
        self.options.folder.join(name)
    }
}

#[async_trait]
impl Receiver for FileReceiver {
    async fn receive(&self, arriving: &mut Arriving<'_>) -> Result<Receipt, Failure> {
        let meta = Meta {
            sop_class_uid: arriving.sop_class_uid.clone(),
            sop_instance_uid: arriving.sop_instance_uid.clone(),
            transfer_syntax_uid: arriving.transfer_syntax_uid.clone(),
            source_ae_title: Some(arriving.source_ae_title.to_string()),
        };
        let header = part10::write_header(&meta);
        let mut writing = Writing {
            header_length: header.len(),
            buffer: header,
            partial: None,
            place: None,
            meta,
            path: self.temporary(),
        };
        let mut bytes = 0;
        loop {
            let fragment = match arriving.next().await? {
                Some(fragment) => fragment,
                None => break,
            };
            bytes += fragment.len() as u64;
            writing.buffer.extend_from_slice(&fragment);
            if writing.buffer.len() >= BLOCK {
                writing = blocking(move || writing.spill()).await?;
            }
        }
        let options = self.options.clone();
        let kept = blocking(move || writing.finish(&options)).await?;
        Ok(Receipt { kept, bytes })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(|error| {
            tracing::error!(%error, "cannot write an instance");
            let full = matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            );
            if full {
                Failure::new(Status::OUT_OF_RESOURCES, "no space left")
            } else {
                Failure::new(Status::PROCESSING_FAILURE, "cannot write the instance")
            }
        })
}

/// A file in the making; removed if it is dropped before it is finished.
struct Writing {
    meta: Meta,
    /// Not written yet.
    buffer: Vec<u8>,
    header_length: usize,
    /// The temporary file, if something has been written.
    partial: Option<Partial>,
    /// Folders for study and series, as soon as they are known.
    place: Option<[String; 2]>,
    path: PathBuf,
}

struct Partial {
    file: File,
    path: PathBuf,
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Renamed when all went well; then there is nothing of this name.
        let _ = fs::remove_file(&self.path);
    }
}

impl Writing {
    fn spill(mut self) -> io::Result<Writing> {
        self.look();
        let mut partial = match self.partial.take() {
            Some(partial) => partial,
            None => Partial {
                file: File::options()
                    .write(true)
                    .create_new(true)
                    .open(&self.path)?,
                path: self.path.clone(),
            },
        };
        partial.file.write_all(&self.buffer)?;
        self.buffer.clear();
        self.partial = Some(partial);
        Ok(self)
    }

    /// Finds the UIDs in the first block.
    fn look(&mut self) {
        if self.place.is_none() {
            let data_set = self.buffer.get(self.header_length..).unwrap_or_default();
            self.place = Some(place(data_set, self.meta.transfer_syntax_uid.as_str()));
        }
    }

    fn finish(self, options: &FileReceiverOptions) -> io::Result<Kept> {
        let mut writing = self.spill()?;
        let Some(partial) = writing.partial.take() else {
            return Err(io::Error::other("nothing was written"));
        };
        if options.sync {
            partial.file.sync_all()?;
        }
        let [study, series] = writing.place.unwrap_or_default();
        let folder = options.folder.join(&study).join(&series);
        make(&folder, options)?;
        let name = |number: u32| match number {
            0 => format!("{}.dcm", writing.meta.sop_instance_uid),
            number => format!("{}.{number}.dcm", writing.meta.sop_instance_uid),
        };
        let kept = place_file(&partial.path, &folder, name, options.collision)?;
        if options.sync {
            sync(&folder)?;
        }
        Ok(kept)
    }
}

/// Gives a finished file its name.
fn place_file(
    temporary: &Path,
    folder: &Path,
    name: impl Fn(u32) -> String,
    collision: Collision,
) -> io::Result<Kept> {
    let first = folder.join(name(0));
    if collision == Collision::Replace {
        let there = first.exists();
        fs::rename(temporary, &first)?;
        return Ok(if there { Kept::Replaced } else { Kept::Written });
    }
    for number in 0..MAX_BESIDE {
        let path = folder.join(name(number));
        // Unlike a rename, a link fails if another association was faster.
        match link(temporary, &path) {
            Ok(()) => {
                return Ok(if number == 0 {
                    Kept::Written
                } else {
                    Kept::Beside
                });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        if is_same(temporary, &path)? {
            return Ok(Kept::Identical);
        }
        if collision == Collision::Skip {
            return Ok(Kept::Skipped);
        }
    }
    Err(io::Error::other(
        "too many files under one SOP Instance UID",
    ))
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without links: reserve the name, then take it.
        Err(_) => {
            File::options().write(true).create_new(true).open(to)?;
            fs::rename(from, to)
        }
    }
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        (&mut one).take(1 << 20).read_to_end(&mut left)?;
        (&mut other).take(1 << 20).read_to_end(&mut right)?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}

/// Makes a folder, and its parents' entries durable if asked for.
fn make(folder: &Path, options: &FileReceiverOptions) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    if options.sync {
        for above in folder.ancestors().skip(1) {
            sync(above)?;
            if above == options.folder {
                break;
            }
        }
    }
    Ok(())
}

fn sync(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened, nor need it be.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Folders for study and series. `data_set` may be the first part only.
fn place(data_set: &[u8], transfer_syntax_uid: &str) -> [String; 2] {
    let encoding = Encoding::of(transfer_syntax_uid);
    let inflated;
    let bytes = if encoding.deflated {
        inflated = read::inflate_prefix(data_set, INFLATED);
        inflated.as_slice()
    } else {
        data_set
    };
    let wanted = [tags::STUDY_INSTANCE_UID, tags::SERIES_INSTANCE_UID];
    let found = extract::root_values(bytes, u64::MAX / 2, encoding, Limits::default(), &wanted)
        .unwrap_or_default();
    let of = |tag: Tag, unknown: &str| {
        let at = wanted.iter().position(|wanted| *wanted == tag);
        let raw = at.and_then(|at| found.get(at).copied().flatten());
        let text = raw.map(|raw| String::from_utf8_lossy(raw.value).into_owned());
        folder_name(text.as_deref().unwrap_or_default(), unknown)
    };
    [
        of(tags::STUDY_INSTANCE_UID, "unknown-study"),
        of(tags::SERIES_INSTANCE_UID, "unknown-series"),
    ]
}

/// A UID as the name of a folder: nothing that could lead elsewhere.
fn folder_name(text: &str, unknown: &str) -> String {
    let text = text.trim_matches([' ', '\0']);
    match Uid::tolerant(text) {
        Ok(uid) if !uid.as_str().starts_with('.') && !uid.as_str().ends_with('.') => {
            uid.to_string()
        }
        _ if text.is_empty() => unknown.to_owned(),
        _ => {
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
            text.chars().map(plain).take(64).collect()
        }
    }
}

#[cfg(test)]
mod tests;

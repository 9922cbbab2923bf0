//! Where exported instances go.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use sagittal_core::{DataSet, Limits, Uid, tags};
use sagittal_file::dicomdir::{Builder, FileIds};
use sagittal_file::part10;
use zip::write::SimpleFileOptions;

/// The header of an instance is in its first bytes; pixels are not needed for the directory.
const HEADER: usize = 4 << 20;

/// Which instance is written.
#[derive(Clone, Debug)]
pub struct Place {
    /// Study Instance UID.
    pub study_instance_uid: Uid,
    /// Series Instance UID.
    pub series_instance_uid: Uid,
    /// SOP Instance UID.
    pub sop_instance_uid: Uid,
}

/// Where exported instances go.
pub enum Destination {
    /// Files by UID.
    Folder(PathBuf),
    /// A ZIP file, not compressed further.
    Zip(Box<zip::ZipWriter<File>>),
    /// A file-set with DICOMDIR (PS3.10 §8).
    Media(Box<Media>),
}

/// A file-set in the making.
pub struct Media {
    folder: PathBuf,
    ids: FileIds,
    builder: Builder,
}

/// The destination cannot be written: there is no use in going on.
#[derive(Debug)]
struct DestinationError;

impl fmt::Display for DestinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot write the export")
    }
}

impl std::error::Error for DestinationError {}

/// Is it the destination that fails, not one instance?
pub fn is_about_destination(error: &anyhow::Error) -> bool {
    error.downcast_ref::<DestinationError>().is_some()
}

impl Destination {
    /// Files in a folder: `<study>/<series>/<instance>.dcm`.
    pub fn folder(folder: &Path, force: bool) -> anyhow::Result<Destination> {
        prepare(folder, force)?;
        Ok(Destination::Folder(folder.to_owned()))
    }

    /// A ZIP file.
    pub fn zip(path: &Path, force: bool) -> anyhow::Result<Destination> {
        let mut options = OpenOptions::new();
        options.write(true);
        if force {
            options.create(true).truncate(true);
        } else {
            options.create_new(true);
        }
        let file = options.open(path).with_context(|| {
            let hint = if path.exists() {
                " (--force writes over it)"
            } else {
                ""
            };
            format!("cannot write {}{hint}", path.display())
        })?;
        Ok(Destination::Zip(Box::new(zip::ZipWriter::new(file))))
    }

    /// A media folder with DICOMDIR.
    pub fn media(folder: &Path, file_set_id: &str, force: bool) -> anyhow::Result<Destination> {
        prepare(folder, force)?;
        if folder.join("DICOMDIR").exists() && !force {
            bail!(
                "{} has a DICOMDIR already; --force replaces it",
                folder.display()
            );
        }
        let name = folder.display().to_string();
        let builder = Builder::new(
            file_set_id,
            crate::demo::uid(&format!("{name} {:?}", std::time::SystemTime::now())),
        )?;
        Ok(Destination::Media(Box::new(Media {
            folder: folder.to_owned(),
            ids: FileIds::new(),
            builder,
        })))
    }

    /// Begins an instance.
    pub fn begin(&mut self, place: &Place) -> anyhow::Result<Writer<'_>> {
        let path = format!(
            "{}/{}/{}.dcm",
            place.study_instance_uid, place.series_instance_uid, place.sop_instance_uid
        );
        let writer = match self {
            Destination::Folder(folder) => {
                let path = folder.join(path);
                Writer::File(create(&path)?, path)
            }
            Destination::Zip(zip) => {
                let options = SimpleFileOptions::default()
                    .compression_method(zip::CompressionMethod::Stored)
                    .large_file(true);
                zip.start_file(path, options).context(DestinationError)?;
                Writer::Zip(zip)
            }
            Destination::Media(media) => Writer::Media {
                media,
                place: place.clone(),
                header: Vec::new(),
                rest: None,
            },
        };
        Ok(writer)
    }

    /// Writes what comes last.
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Destination::Folder(_) => Ok(()),
            Destination::Zip(zip) => {
                let file = zip.finish().context(DestinationError)?;
                file.sync_all().context(DestinationError)
            }
            Destination::Media(media) => {
                let bytes = media.builder.finish()?;
                let path = media.folder.join("DICOMDIR");
                fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
            }
        }
    }
}

/// Writes one instance.
pub enum Writer<'a> {
    /// To a file.
    File(BufWriter<File>, PathBuf),
    /// To a member of a ZIP file.
    Zip(&'a mut zip::ZipWriter<File>),
    /// To a file-set: the first bytes are kept for the directory record.
    Media {
        /// The file-set.
        media: &'a mut Media,
        /// Which instance.
        place: Place,
        /// Its first bytes.
        header: Vec<u8>,
        /// What is more than fits there goes to a temporary file.
        rest: Option<tempfile::NamedTempFile>,
    },
}

impl Writer<'_> {
    /// The next bytes.
    pub fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Writer::File(file, path) => file
                .write_all(bytes)
                .with_context(|| format!("cannot write {}", path.display()))
                .context(DestinationError),
            Writer::Zip(zip) => zip.write_all(bytes).context(DestinationError),
            Writer::Media {
                media,
                header,
                rest,
                ..
            } => {
                let fits = HEADER.saturating_sub(header.len()).min(bytes.len());
                let (first, more) = bytes.split_at(fits);
                header.extend_from_slice(first);
                if more.is_empty() {
                    return Ok(());
                }
                if rest.is_none() {
                    *rest = Some(
                        tempfile::NamedTempFile::new_in(&media.folder).context(DestinationError)?,
                    );
                }
                match rest {
                    Some(file) => file.write_all(more).context(DestinationError),
                    None => Ok(()),
                }
            }
        }
    }

    /// All that a reader has.
    pub fn copy(&mut self, from: &mut impl Read) -> anyhow::Result<()> {
        let mut buffer = vec![0; 1 << 20];
        loop {
            match from.read(&mut buffer)? {
                0 => return Ok(()),
                length => self.write(buffer.get(..length).unwrap_or_default())?,
            }
        }
    }

    /// The instance is complete.
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Writer::File(file, path) => {
                let file = file.into_inner().map_err(|error| error.into_error());
                file.map(|_| ())
                    .with_context(|| format!("cannot write {}", path.display()))
                    .context(DestinationError)
            }
            Writer::Zip(_) => Ok(()),
            Writer::Media {
                media,
                place,
                header,
                rest,
            } => media.add(&place, header, rest),
        }
    }
}

impl Media {
    fn add(
        &mut self,
        place: &Place,
        header: Vec<u8>,
        rest: Option<tempfile::NamedTempFile>,
    ) -> anyhow::Result<()> {
        let header = Bytes::from(header);
        let (instance, transfer_syntax_uid) = read_header(&header)?;
        let patient = [tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID]
            .map(|tag| instance.first_text(tag).unwrap_or_default())
            .join("\\");
        let id = self.ids.next(
            &patient,
            place.study_instance_uid.as_str(),
            place.series_instance_uid.as_str(),
        );
        self.builder.add(&id, &instance, &transfer_syntax_uid)?;
        let path = id
            .components()
            .iter()
            .fold(self.folder.clone(), |path, component| path.join(component));
        let mut file = create(&path)?;
        let written = file.write_all(&header).and_then(|()| {
            if let Some(rest) = rest {
                std::io::copy(&mut rest.reopen()?, &mut file)?;
            }
            file.flush()
        });
        written
            .with_context(|| format!("cannot write {}", path.display()))
            .context(DestinationError)
    }
}

/// Header and transfer syntax, from the first bytes of a file.
fn read_header(bytes: &Bytes) -> anyhow::Result<(DataSet, String)> {
    let file = part10::read(bytes, Limits::default())?;
    let transfer_syntax_uid = file.opening.transfer_syntax_uid.to_string();
    Ok((file.data_set, transfer_syntax_uid))
}

fn prepare(folder: &Path, force: bool) -> anyhow::Result<()> {
    let used: BTreeSet<_> = fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
        .unwrap_or_default();
    if !used.is_empty() && !force {
        bail!(
            "{} is not empty; --force writes into it all the same",
            folder.display()
        );
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make folder {}", folder.display()))
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let make = || -> std::io::Result<File> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        File::create(path)
    };
    let file = make()
        .with_context(|| format!("cannot write {}", path.display()))
        .context(DestinationError)?;
    Ok(BufWriter::with_capacity(1 << 18, file))
}

//! Instances to be sent: files or bytes, of which only the header is read before their turn comes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::StreamExt as _;
use sagittal_core::{Limits, Uid, sop_class, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::even::Mender;
use sagittal_file::part10::{self, Opening};
use sagittal_file::{extract, read};
use sagittal_net::Data;
use sagittal_pixel::transcode;
use tokio::sync::mpsc;

use super::error::{Error, Result};
use crate::even;

/// Read of a file to find its header; if that is not enough, the second.
const PREFIXES: [u64; 2] = [8 << 10, 1 << 20];
/// Data sets up to this length are read at once.
const AT_ONCE: u64 = 4 << 20;
/// Larger ones are read in chunks of this size, a few ahead of the connection.
const CHUNK: usize = 1 << 20;
const CHUNKS_AHEAD: usize = 4;

/// An instance to be sent.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its SOP class.
    pub sop_class_uid: Uid,
    /// Its UID.
    pub sop_instance_uid: Uid,
    /// The transfer syntax it is in.
    pub transfer_syntax_uid: Uid,
    body: Body,
    /// Where its data set begins.
    offset: u64,
    /// Where it ends.
    end: u64,
}

#[derive(Clone, Debug)]
enum Body {
    File(PathBuf),
    Bytes(String, Bytes),
}

impl Instance {
    /// Reads the header of a file. Blocks.
    pub fn of_file(path: &Path) -> Result<Instance> {
        let name = || path.display().to_string();
        let failed = |source| Error::Read {
            name: name(),
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        let end = file.metadata().map_err(failed)?.len();
        let mut prefix = Vec::new();
        let mut result = None;
        for length in PREFIXES {
            let more = length.min(end).saturating_sub(prefix.len() as u64);
            if more == 0 && result.is_some() {
                break;
            }
            (&mut file)
                .take(more)
                .read_to_end(&mut prefix)
                .map_err(failed)?;
            let body = Body::File(path.to_owned());
            let is_last = prefix.len() as u64 == end || Some(&length) == PREFIXES.last();
            match Instance::of_prefix(body, &prefix, end, is_last) {
                Ok(instance) => return Ok(instance),
                // Something long stands before what we look for.
                Err(error) => result = Some(error),
            }
        }
        Err(result.unwrap_or_else(|| Error::NotDicom {
            name: name(),
            reason: "empty".to_owned(),
        }))
    }

    /// A file that is in memory; `name` stands for it in messages.
    pub fn of_bytes(name: impl Into<String>, bytes: Bytes) -> Result<Instance> {
        let prefix = bytes.clone();
        let end = bytes.len() as u64;
        Instance::of_prefix(Body::Bytes(name.into(), bytes), &prefix, end, true)
    }

    /// What the data set does not say is believed of the File Meta Information, if no more of the
    /// data set will be looked at.
    fn of_prefix(body: Body, prefix: &[u8], end: u64, is_last: bool) -> Result<Instance> {
        let opening = match part10::open(prefix) {
            Ok(opening) => opening,
            Err(error) => {
                return Err(Error::NotDicom {
                    name: body.name(),
                    reason: error.to_string(),
                });
            }
        };
        let [class, instance] = identity(&opening, prefix, end, is_last);
        let sop_class_uid = class.ok_or_else(|| Error::Incomplete {
            name: body.name(),
            missing: "SOP Class UID",
        })?;
        if sop_class_uid == sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE {
            return Err(Error::Directory { name: body.name() });
        }
        let sop_instance_uid = instance.ok_or_else(|| Error::Incomplete {
            name: body.name(),
            missing: "SOP Instance UID",
        })?;
        Ok(Instance {
            sop_class_uid,
            sop_instance_uid,
            transfer_syntax_uid: opening.transfer_syntax_uid,
            body,
            offset: opening.data_set_offset,
            end,
        })
    }

    /// How it is called in messages: the path of its file.
    pub fn name(&self) -> String {
        self.body.name()
    }

    /// Bytes of its data set.
    pub fn len(&self) -> u64 {
        self.end.saturating_sub(self.offset)
    }

    /// Is there nothing in it?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The data set in a transfer syntax: as it is, or converted, its pixels decoded and encoded if
    /// need be. A long one is read while it is sent; what cannot be converted mostly fails with
    /// its first chunk, before anything is.
    pub async fn data(&self, transfer_syntax_uid: &Uid) -> Result<Data<'static>> {
        let instance = self.clone();
        let target = transfer_syntax_uid.clone();
        let as_is = self.transfer_syntax_uid == target && self.len().is_multiple_of(2);
        if let (Body::Bytes(_, bytes), true) = (&self.body, as_is) {
            let start = usize::try_from(self.offset).unwrap_or(usize::MAX);
            return Ok(Data::from(bytes.slice(start.min(bytes.len())..)));
        }
        if self.len() > AT_ONCE {
            let (sender, mut receiver) = mpsc::channel(CHUNKS_AHEAD);
            tokio::task::spawn_blocking(move || {
                let mut out = Chunks {
                    sender,
                    buffer: Vec::new(),
                };
                let written = instance.write(&target, &mut out).and_then(|()| out.flush());
                if let Err(error) = written {
                    let _ = out.sender.blocking_send(Err(error));
                }
            });
            let first = match receiver.recv().await {
                Some(Ok(first)) => Some(Ok(first)),
                Some(Err(source)) => {
                    let name = self.name();
                    return Err(Error::Read { name, source });
                }
                None => None,
            };
            let rest = futures::stream::poll_fn(move |context| receiver.poll_recv(context));
            return Ok(Data::stream(futures::stream::iter(first).chain(rest)));
        }
        let name = self.name();
        let reading = tokio::task::spawn_blocking(move || {
            let mut out = Vec::with_capacity(usize::try_from(instance.len()).unwrap_or(0));
            instance.write(&target, &mut out).map(|()| out)
        });
        match reading.await.unwrap_or_else(|e| Err(io::Error::other(e))) {
            Ok(bytes) => Ok(Data::from(bytes)),
            Err(source) => Err(Error::Read { name, source }),
        }
    }

    /// What has to change to make its length even.
    fn survey(&self) -> io::Result<Mender> {
        let place = (self.offset, self.len());
        let syntax = self.transfer_syntax_uid.as_str();
        match &self.body {
            Body::File(path) => even::survey_file(&mut File::open(path)?, place, syntax),
            Body::Bytes(_, bytes) => even::survey_file(&mut io::Cursor::new(bytes), place, syntax),
        }
    }

    fn write(&self, target: &Uid, out: &mut dyn Write) -> io::Result<()> {
        let (from, to) = (self.transfer_syntax_uid.as_str(), target.as_str());
        if from != to {
            let options = transcode::Options::default();
            let converted = match &self.body {
                Body::File(path) => {
                    let file = File::open(path)?;
                    transcode::transcode(&file, self.offset, from, to, &options, out)
                }
                Body::Bytes(_, bytes) => {
                    transcode::transcode(&bytes[..], self.offset, from, to, &options, out)
                }
            };
            return converted.map(|_| ()).map_err(io::Error::other);
        }
        let mut input: Box<dyn Read> = match &self.body {
            Body::File(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(self.offset))?;
                Box::new(file)
            }
            Body::Bytes(_, bytes) => {
                let mut bytes = io::Cursor::new(bytes.clone());
                bytes.set_position(self.offset);
                Box::new(bytes)
            }
        };
        let copied = if self.len() % 2 == 1 {
            let mut out = even::MendingWrite::new(out, self.survey()?);
            let copied = copy(&mut input, &mut out)?;
            out.finish()?;
            copied
        } else {
            copy(&mut input, out)?
        };
        if copied == self.len() {
            Ok(())
        } else {
            let message = format!("{} bytes were there, now {copied}", self.len());
            Err(io::Error::other(message))
        }
    }
}

/// As `io::copy`, in large pieces.
fn copy(input: &mut dyn Read, out: &mut dyn Write) -> io::Result<u64> {
    let mut buffer = vec![0; 256 << 10];
    let mut copied = 0;
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(read) => {
                out.write_all(buffer.get(..read).unwrap_or_default())?;
                copied += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Body {
    fn name(&self) -> String {
        match self {
            Body::File(path) => path.display().to_string(),
            Body::Bytes(name, _) => name.clone(),
        }
    }
}

/// SOP Class and SOP Instance UID of the data set, else of the File Meta Information if that may be
/// asked.
fn identity(opening: &Opening, prefix: &[u8], end: u64, ask_meta: bool) -> [Option<Uid>; 2] {
    let start = usize::try_from(opening.data_set_offset).unwrap_or(usize::MAX);
    let bytes = prefix.get(start..).unwrap_or_default();
    let encoding = Encoding::of(opening.transfer_syntax_uid.as_str());
    let inflated;
    let (bytes, total) = if encoding.deflated {
        inflated = read::inflate_prefix(bytes, 64 << 10);
        (inflated.as_slice(), u64::MAX / 2)
    } else {
        (bytes, end.saturating_sub(opening.data_set_offset))
    };
    let wanted = [tags::SOP_CLASS_UID, tags::SOP_INSTANCE_UID];
    let found = extract::root_values(bytes, total, encoding, Limits::default(), &wanted)
        .unwrap_or_default();
    let of = |at: usize, meta| {
        let text = found.get(at).copied().flatten().map(|raw| raw.value);
        text.and_then(|bytes| std::str::from_utf8(bytes).ok())
            .and_then(|text| Uid::tolerant(text).ok())
            .or_else(|| opening.meta.uid(meta).ok().flatten().filter(|_| ask_meta))
    };
    [
        of(0, tags::MEDIA_STORAGE_SOP_CLASS_UID),
        of(1, tags::MEDIA_STORAGE_SOP_INSTANCE_UID),
    ]
}

/// Gathers what is written into chunks for a connection.
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK + (256 << 10)));
        self.sender
            .blocking_send(Ok(chunk.into()))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sagittal_core::{DataSet, transfer_syntax};
    use sagittal_file::part10::Meta;

    use super::*;

    fn file(transfer_syntax_uid: &'static str, sop_class_uid: &'static str) -> Vec<u8> {
        let mut data_set = DataSet::new();
        data_set.put_uid(tags::SOP_CLASS_UID, &Uid::from_static(sop_class_uid));
        data_set.put_uid(tags::SOP_INSTANCE_UID, &Uid::from_static("1.2.3"));
        data_set.put_text(tags::PATIENT_ID, "X");
        let meta = Meta {
            sop_class_uid: Uid::from_static(sop_class_uid),
            // Another: what stands in the data set counts.
            sop_instance_uid: Uid::from_static("1.2.4"),
            transfer_syntax_uid: Uid::from_static(transfer_syntax_uid),
            source_ae_title: None,
        };
        part10::write(&meta, &data_set).unwrap()
    }

    #[test]
    fn the_data_set_says_what_an_instance_is() {
        for syntax in [
            transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
            transfer_syntax::EXPLICIT_VR_BIG_ENDIAN,
        ] {
            let bytes = file(syntax, sop_class::CT_IMAGE_STORAGE);
            let instance = Instance::of_bytes("x", bytes.into()).unwrap();
            assert_eq!(instance.sop_instance_uid, "1.2.3");
            assert_eq!(instance.transfer_syntax_uid, syntax);
        }
    }

    #[test]
    fn what_is_no_instance_is_told_apart() {
        let directory = file(
            transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE,
        );
        let of = |bytes: Vec<u8>| Instance::of_bytes("x", bytes.into()).unwrap_err();
        assert!(matches!(of(directory), Error::Directory { .. }));
        assert!(matches!(of(b"hello".to_vec()), Error::NotDicom { .. }));
        assert!(matches!(of(Vec::new()), Error::NotDicom { .. }));
    }

    #[test]
    fn a_header_behind_a_long_element_is_found() {
        let mut bytes = file(
            transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            sop_class::CT_IMAGE_STORAGE,
        );
        let start = usize::try_from(part10::open(&bytes).unwrap().data_set_offset).unwrap();
        // (0008,0001) UN of 100,000 bytes.
        let mut long = vec![8, 0, 1, 0, b'U', b'N', 0, 0, 0xA0, 0x86, 1, 0];
        long.resize(12 + 100_000, 0);
        bytes.splice(start..start, long);
        let folder = std::env::temp_dir().join(format!("sagittal-scu-{}", std::process::id()));
        std::fs::write(&folder, &bytes).unwrap();
        let instance = Instance::of_file(&folder);
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(instance.unwrap().sop_instance_uid, "1.2.3");
    }

    #[tokio::test]
    async fn a_data_set_of_odd_length_becomes_even() {
        let syntax = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
        let mut bytes = file(syntax, sop_class::CT_IMAGE_STORAGE);
        // The last value is "X ": cut its padding.
        bytes.pop();
        let last = bytes.len() - 3;
        bytes[last] = 1;
        let instance = Instance::of_bytes("x", bytes.into()).unwrap();
        let uid = Uid::from_static(syntax);
        let Data::Bytes(data) = instance.data(&uid).await.unwrap() else {
            panic!("not at once");
        };
        assert_eq!(data.len() as u64, instance.len() + 1);
        assert!(data.ends_with(b"LO\x02\0X "));
    }

    #[tokio::test]
    async fn a_conversion_gives_the_other_transfer_syntax() {
        let bytes = file(
            transfer_syntax::EXPLICIT_VR_BIG_ENDIAN,
            sop_class::CT_IMAGE_STORAGE,
        );
        let instance = Instance::of_bytes("x", bytes.into()).unwrap();
        let implicit = Uid::from_static(transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN);
        let Data::Bytes(data) = instance.data(&implicit).await.unwrap() else {
            panic!("not at once");
        };
        let (data_set, _) =
            read::read_data_set(&data, implicit.as_str(), Limits::default()).unwrap();
        assert_eq!(data_set.text(tags::PATIENT_ID).as_deref(), Some("X"));
    }
}

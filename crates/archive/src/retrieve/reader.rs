//! The bytes of one stored instance: whole, in ranges, in another transfer syntax.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use sagittal_core::Uid;
use sagittal_file::encoding::Encoding;
use sagittal_file::part10;
use sagittal_pixel::codec::EncodeOptions;
use sagittal_pixel::transcode::{self, Change, lossy_uid, transcode};
use sagittal_store::blob::{Original, Packs};

use super::InstanceRef;
use super::convert::{ChunkWrite, PackAt};
use super::inflated::Inflated;
use crate::compress::{is_restorable, restore, restored_prefix};
use crate::deidentified::Cleaned;
use crate::{Archive, Error, Result};

/// Bytes of a chunk on the way out.
pub(super) const CHUNK: usize = 512 << 10;
/// Reads up to this size are tried without a change of thread, for what the page cache holds.
const INLINE: usize = 1 << 20;

/// A stored instance opened for reading. Reads go to the blocking pool or the page cache.
#[derive(Clone)]
pub struct InstanceReader {
    pub(super) archive: Archive,
    /// Which.
    pub instance: InstanceRef,
    /// The data set, of a deflated one that was opened inflated.
    pub(super) inflated: Option<Arc<Inflated>>,
    /// What a view gives of it.
    pub(super) cleaned: Option<Arc<Cleaned>>,
}

impl Archive {
    /// Opens an instance. In a view it is de-identified, or refused ([`Error::Withheld`]).
    pub async fn open_instance(&self, mut instance: InstanceRef) -> Result<InstanceReader> {
        let cleaned = match self.lens() {
            None => None,
            Some(lens) => {
                let cleaned = self.cleaned(lens, &instance).await?;
                instance.transfer_syntax_uid = cleaned.transfer_syntax_uid.clone();
                Some(cleaned)
            }
        };
        Ok(InstanceReader {
            archive: self.clone(),
            instance,
            inflated: None,
            cleaned,
        })
    }

    /// The instance as it is given: what a view cleans may be in another transfer syntax then.
    pub async fn as_given(&self, instance: InstanceRef) -> Result<InstanceRef> {
        match self.lens() {
            None => Ok(instance),
            Some(_) => Ok(self.open_instance(instance).await?.instance),
        }
    }
}

impl InstanceReader {
    /// Bytes of the data set.
    pub fn len(&self) -> u64 {
        match (&self.cleaned, &self.inflated) {
            (Some(cleaned), _) => cleaned.length,
            (None, Some(inflated)) => inflated.bytes.len() as u64,
            (None, None) => self.instance.locator.length,
        }
    }

    /// No bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn packs(&self) -> &Packs {
        &self.archive.inner().packs
    }

    /// Bytes `offset..offset+length` of the data set, cut at its end.
    pub async fn read(&self, offset: u64, length: u64) -> Result<Bytes> {
        let length = length.min(self.len().saturating_sub(offset));
        let Ok(length) = usize::try_from(length) else {
            return Err(Error::TooLarge {
                what: "bytes at once",
                limit: usize::MAX as u64,
            });
        };
        if let Some(inflated) = &self.inflated {
            let inflated = &inflated.bytes;
            let from = usize::try_from(offset)
                .unwrap_or(usize::MAX)
                .min(inflated.len());
            return Ok(inflated.slice(from..from + length));
        }
        let locator = self.instance.locator;
        if let Some(cleaned) = self.cleaned.clone() {
            let packs = self.packs().clone();
            let read = move || cleaned.read(&packs, &locator, offset, length);
            return match length <= INLINE {
                true => self.archive.at_once(read),
                false => self.archive.blocking(read).await,
            };
        }
        if length <= INLINE
            && let Some(bytes) = self.packs().read_cached(&locator, offset, length)
        {
            return Ok(bytes);
        }
        let packs = self.packs().clone();
        self.archive
            .blocking(move || Ok(packs.read(&locator, offset, length)?))
            .await
    }

    /// The data set from `offset`, at most `length` bytes, in chunks of bounded size. The next
    /// chunk is read while one is on its way.
    pub fn stream(&self, offset: u64, length: u64) -> BoxStream<'static, Result<Bytes>> {
        let end = offset.saturating_add(length).min(self.len());
        let reader = self.clone();
        let offsets = stream::iter((offset..end).step_by(CHUNK));
        offsets
            .map(move |at| {
                let reader = reader.clone();
                async move {
                    let length = (CHUNK as u64).min(end - at);
                    let bytes = reader.read(at, length).await?;
                    if bytes.len() as u64 == length {
                        Ok(bytes)
                    } else {
                        Err(reader.cut(at))
                    }
                }
            })
            .buffered(2)
            .boxed()
    }

    fn cut(&self, offset: u64) -> Error {
        Error::Store(sagittal_store::Error::Damaged {
            pack: self.instance.locator.pack,
            offset,
            reason: "the pack ends within the record".to_owned(),
        })
    }

    /// A Part 10 file: as received if it came as one (byte for byte), else with new meta.
    /// In the stored transfer syntax. Gives the length in bytes and the chunks.
    pub async fn part10(&self) -> Result<(u64, BoxStream<'static, Result<Bytes>>)> {
        if let Some(cleaned) = &self.cleaned {
            let header = cleaned.file_header.clone();
            let length = header.len() as u64 + cleaned.length;
            let first = stream::once(async move { Ok(header) });
            let data_set = self.stream(0, cleaned.length);
            return Ok((length, first.chain(data_set).boxed()));
        }
        let locator = self.instance.locator;
        let header = if locator.prefix_length > 0 {
            let packs = self.packs().clone();
            self.archive
                .blocking(move || Ok(packs.read_prefix(&locator)?))
                .await?
        } else {
            let uid = self.instance.sop_instance_uid.clone();
            self.new_header(&self.instance.transfer_syntax_uid, uid)
        };
        let length = header.len() as u64 + locator.length;
        let stored = InstanceReader {
            inflated: None,
            ..self.clone()
        };
        let first = stream::once(async move { Ok(header) });
        Ok((
            length,
            first.chain(stored.stream(0, locator.length)).boxed(),
        ))
    }

    /// Preamble and File Meta Information as received, if it came with them, else new ones.
    async fn restored_header(&self, original: Original) -> Result<Bytes> {
        let ts = original.transfer_syntax_uid.clone();
        let (packs, locator) = (self.packs().clone(), self.instance.locator);
        let prefix = self
            .archive
            .blocking(move || restored_prefix(&PackAt::new(&packs, locator), &original))
            .await?;
        Ok(match prefix.is_empty() {
            true => self.new_header(&ts, self.instance.sop_instance_uid.clone()),
            false => prefix,
        })
    }

    fn new_header(&self, transfer_syntax_uid: &Uid, sop_instance_uid: Uid) -> Bytes {
        Bytes::from(part10::write_header(&part10::Meta {
            sop_class_uid: self.instance.sop_class_uid.clone(),
            sop_instance_uid,
            transfer_syntax_uid: transfer_syntax_uid.clone(),
            source_ae_title: None,
        }))
    }

    /// The SOP Instance UID of the instance when it is given in a transfer syntax: another one if
    /// pixels lose something by it (PS3.3 §C.7.6.1.1.5).
    pub fn uid_as(&self, transfer_syntax_uid: &Uid) -> Uid {
        self.uid_encoded(transfer_syntax_uid, &EncodeOptions::default())
    }

    /// As [`InstanceReader::uid_as`], with options of the encoder.
    pub fn uid_encoded(&self, transfer_syntax_uid: &Uid, encode: &EncodeOptions) -> Uid {
        let (stored, wanted) = (&self.instance.transfer_syntax_uid, transfer_syntax_uid);
        let uid = &self.instance.sop_instance_uid;
        match transcode::change(stored.as_str(), wanted.as_str()) {
            Some(Change::Lossy) => lossy_uid(uid.as_str(), wanted.as_str(), encode),
            _ => uid.clone(),
        }
    }

    /// The data set in another transfer syntax, its pixels decoded and encoded if need be
    /// ([`Error::NotConvertible`] if there is no codec for one of the two). The length is not
    /// known beforehand. The first chunk is made before this returns, so that most of what cannot
    /// be converted fails here and not on its way ([`Error::Unconvertible`]).
    pub async fn data_set_as(
        &self,
        transfer_syntax_uid: &Uid,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let encode = EncodeOptions::default();
        self.data_set_encoded(transfer_syntax_uid, &encode).await
    }

    /// As [`InstanceReader::data_set_as`], with options of the encoder.
    pub async fn data_set_encoded(
        &self,
        transfer_syntax_uid: &Uid,
        encode: &EncodeOptions,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let stored = &self.instance.transfer_syntax_uid;
        if stored == transfer_syntax_uid {
            return Ok(self.stream(0, self.len()));
        }
        if let Some(original) = self.original(transfer_syntax_uid).await? {
            return self.restored(original).await;
        }
        if transcode::change(stored.as_str(), transfer_syntax_uid.as_str()).is_none() {
            return Err(Error::NotConvertible {
                sop_instance_uid: self.instance.sop_instance_uid.clone(),
                stored: stored.clone(),
                wanted: transfer_syntax_uid.to_string(),
            });
        }
        let (from, to) = (stored.clone(), transfer_syntax_uid.clone());
        let (packs, locator) = (self.packs().clone(), self.instance.locator);
        let cleaned = self.cleaned.clone();
        let uid = self.instance.sop_instance_uid.clone();
        let options = transcode::Options {
            encode: *encode,
            ..transcoding()
        };
        let conversion = move |mut output: ChunkWrite<'_>| {
            let source = PackAt::new(&packs, locator).through(cleaned);
            transcode(
                &source,
                0,
                from.as_str(),
                to.as_str(),
                &options,
                &mut output,
            )
            .and_then(|_| Ok(output.finish()?))
            .map_err(|error| unconvertible(uid, to, error))
        };
        self.made(conversion).await
    }

    /// What was received in this transfer syntax, if something else is kept now.
    async fn original(&self, transfer_syntax_uid: &Uid) -> Result<Option<Original>> {
        let stored = self.instance.transfer_syntax_uid.as_str();
        if self.cleaned.is_some()
            || !Encoding::of(stored).encapsulated
            || !is_restorable(transfer_syntax_uid.as_str())
        {
            return Ok(None);
        }
        let (packs, locator) = (self.packs().clone(), self.instance.locator);
        let found = self
            .archive
            .blocking(move || Ok(packs.attributes(&locator)?.original))
            .await?;
        let found = found.map(|original| *original);
        Ok(found.filter(|original| original.transfer_syntax_uid == *transfer_syntax_uid))
    }

    /// The data set as it was received.
    async fn restored(&self, original: Original) -> Result<BoxStream<'static, Result<Bytes>>> {
        let (packs, instance) = (self.packs().clone(), self.instance.clone());
        let make = move |mut output: ChunkWrite<'_>| {
            let source = PackAt::new(&packs, instance.locator);
            let ts = instance.transfer_syntax_uid.as_str();
            restore(&source, ts, &original, &mut output)?;
            output.finish().map_err(|error| Error::Pixel(error.into()))
        };
        self.made(make).await
    }

    /// What is made on the blocking pool, in chunks; the first is there before this returns.
    async fn made(
        &self,
        make: impl FnOnce(ChunkWrite<'_>) -> Result<()> + Send + 'static,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes>>(2);
        let archive = self.archive.clone();
        tokio::spawn(async move {
            let output = sender.clone();
            let conversion = move || make(ChunkWrite::new(&output));
            // A stream that ended without an error would be taken for whole.
            if let Err(error) = archive.blocking(conversion).await {
                // Nobody to tell if the receiver is gone.
                let _ = sender.send(Err(error)).await;
            }
        });
        let mut chunks = stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        })
        .boxed();
        let first = chunks.next().await.transpose()?;
        Ok(stream::iter(first.map(Ok)).chain(chunks).fuse().boxed())
    }

    /// A Part 10 file in another transfer syntax: its length, if it is known beforehand, and its
    /// chunks. A short one is converted whole before this returns.
    pub async fn part10_as(
        &self,
        transfer_syntax_uid: &Uid,
    ) -> Result<(Option<u64>, BoxStream<'static, Result<Bytes>>)> {
        if &self.instance.transfer_syntax_uid == transfer_syntax_uid {
            let (length, chunks) = self.part10().await?;
            return Ok((Some(length), chunks));
        }
        let mut data_set = self.data_set_as(transfer_syntax_uid).await?;
        let header = match self.original(transfer_syntax_uid).await? {
            Some(original) => self.restored_header(original).await?,
            None => self.new_header(transfer_syntax_uid, self.uid_as(transfer_syntax_uid)),
        };
        let mut length = header.len() as u64;
        let mut begin = vec![Ok(header)];
        let mut is_whole = false;
        if self.len() <= CHUNK as u64 {
            // What was deflated may become much longer.
            while length <= 2 * CHUNK as u64 && !is_whole {
                match data_set.next().await.transpose()? {
                    Some(chunk) => {
                        length += chunk.len() as u64;
                        begin.push(Ok(chunk));
                    }
                    None => is_whole = true,
                }
            }
        }
        let chunks = stream::iter(begin).chain(data_set).boxed();
        Ok((is_whole.then_some(length), chunks))
    }
}

/// The object's fault, unless reading or writing failed underneath.
fn unconvertible(sop_instance_uid: Uid, wanted: Uid, error: sagittal_pixel::Error) -> Error {
    match error {
        sagittal_pixel::Error::Read { .. } => error.into(),
        sagittal_pixel::Error::DataSet {
            source: source @ sagittal_file::Error::Io { .. },
        } => source.into(),
        source => Error::Unconvertible {
            sop_instance_uid,
            wanted,
            source,
        },
    }
}

/// Frames of several instances may be on their way at the same time.
const HELD: u64 = 16 << 20;

fn transcoding() -> transcode::Options {
    transcode::Options {
        limits: transcode::Limits {
            held_bytes: HELD,
            ..transcode::Limits::default()
        },
        ..transcode::Options::default()
    }
}

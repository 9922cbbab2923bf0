//! An instance opened through a view: what differs from the original is held in memory, what does
//! not is read from the pack.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sagittal_core::{Uid, transfer_syntax};
use sagittal_file::encoding::Encoding;
use sagittal_file::part10;
use sagittal_pixel::frames::FrameTable;
use sagittal_store::blob::{Locator, Packs};
use tokio::sync::OwnedSemaphorePermit;

use super::Deidentified;
use super::lens::{Lens, Original};
use super::probe::Nobody;
use crate::events::Event;
use crate::ingest::{Described, ReadSource, describe};
use crate::retrieve::InstanceRef;
use crate::{Archive, Error, Result};

/// Equal bytes of pixel data are read from the pack if they are as many as this.
const WORTH_IT: usize = 16 << 10;

enum Piece {
    Memory(Bytes),
    /// Bytes of the record's data set.
    Stored {
        offset: u64,
        length: u64,
    },
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Piece::Memory(bytes) => bytes.len() as u64,
            Piece::Stored { length, .. } => *length,
        }
    }
}

/// A de-identified instance.
pub(crate) struct Cleaned {
    pieces: Vec<Piece>,
    pub(crate) length: u64,
    pub(crate) transfer_syntax_uid: Uid,
    /// Preamble and File Meta Information.
    pub(crate) file_header: Bytes,
    /// DICOM JSON, 0x01 where a base URL goes.
    pub(crate) json: Vec<u8>,
    pub(crate) frames: Arc<FrameTable>,
    /// Of one that is too large to be kept.
    _memory: Option<OwnedSemaphorePermit>,
}

impl Cleaned {
    /// Bytes `offset..offset + length`, cut at the end. Blocks.
    pub(crate) fn read(
        &self,
        packs: &Packs,
        locator: &Locator,
        offset: u64,
        length: usize,
    ) -> Result<Bytes> {
        let end = offset.saturating_add(length as u64).min(self.length);
        let mut out = BytesMut::new();
        let mut begin = 0;
        for piece in &self.pieces {
            let (from, to) = (offset.max(begin), end.min(begin + piece.length()));
            if from < to {
                let (skip, count) = (from - begin, to - from);
                let bytes = match piece {
                    Piece::Memory(bytes) => {
                        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
                        bytes.slice(size(skip)..size(skip + count))
                    }
                    Piece::Stored { offset, .. } => {
                        let count = usize::try_from(count).unwrap_or(usize::MAX);
                        packs.read(locator, offset + skip, count)?
                    }
                };
                // Most often all of it is in one piece: no copy then.
                if from == offset && to == end {
                    return Ok(bytes);
                }
                out.extend_from_slice(&bytes);
            }
            begin += piece.length();
        }
        Ok(out.freeze())
    }

    pub(crate) fn in_memory(&self) -> u64 {
        let held = self.pieces.iter().map(|piece| match piece {
            Piece::Memory(bytes) => bytes.len() as u64,
            Piece::Stored { .. } => 0,
        });
        held.sum::<u64>() + self.json.len() as u64 + 1024
    }
}

/// The output, to be looked into.
struct Whole(Bytes);

impl ReadSource for Whole {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&mut self, offset: u64, length: usize) -> Result<Bytes> {
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(self.0.len());
        let to = from.saturating_add(length).min(self.0.len());
        Ok(self.0.slice(from..to))
    }
}

impl Archive {
    /// Opens an instance of a view.
    ///
    /// # Errors
    /// [`Error::Withheld`] if engine or residual check fail, which is told as an event.
    pub(crate) async fn cleaned(
        &self,
        lens: &Lens,
        instance: &InstanceRef,
    ) -> Result<Arc<Cleaned>> {
        let Some(original) = instance.original.as_deref() else {
            return Err(Error::Withheld);
        };
        let make = async {
            let stored = InstanceRef {
                study_instance_uid: original.study_instance_uid.clone(),
                series_instance_uid: original.series_instance_uid.clone(),
                sop_instance_uid: original.sop_instance_uid.clone(),
                transfer_syntax_uid: original.transfer_syntax_uid.clone(),
                hash: original.hash,
                original: None,
                ..instance.clone()
            };
            let (_, done) = self.deidentify(&stored, lens.policy(), Nobody).await;
            let done = match done {
                Err(Error::NotDeidentified { reason }) => {
                    return Err(self.withhold(lens, instance, &reason));
                }
                other => other?,
            };
            let frames = self.stored_frames(original).await?;
            let (expected, large) = (instance.clone(), lens.largest());
            let made = self
                .blocking(move || cleaned(done, &expected, frames.as_ref(), large))
                .await;
            match made {
                Err(Error::NotDeidentified { reason }) => {
                    Err(self.withhold(lens, instance, &reason))
                }
                made => {
                    let made = made?;
                    let bytes = made.in_memory();
                    Ok((Arc::new(made), bytes))
                }
            }
        };
        lens.cleaned.get_or_make(instance.hash, make).await
    }

    /// Tells that an instance is not given, and by its pseudonyms which.
    fn withhold(&self, lens: &Lens, instance: &InstanceRef, reason: &str) -> Error {
        let study = instance.study_instance_uid.as_str();
        let uid = instance.sop_instance_uid.as_str();
        self.tell_withheld(lens, study, uid, reason.to_owned());
        Error::Withheld
    }

    /// As [`Archive::withhold`], by pseudonyms.
    pub(crate) fn tell_withheld(&self, lens: &Lens, study: &str, instance: &str, reason: String) {
        tracing::warn!(view = %lens.view.name, uid = %instance,
            "an instance is withheld: it cannot be de-identified");
        tracing::debug!(reason, "withheld");
        self.inner().events.send(Event::Withheld {
            view: lens.view.name.clone(),
            policy: lens.policy().name.clone(),
            study_instance_uid: study.to_owned(),
            sop_instance_uid: instance.to_owned(),
            reason,
        });
    }

    /// Where the frames of an instance lie in the archive itself.
    async fn stored_frames(&self, original: &Original) -> Result<Option<FrameTable>> {
        let (index, original) = (Arc::clone(self.index()), original.clone());
        self.blocking(move || {
            let row = index.instance(original.sop_instance_uid.as_str())?;
            let row = row.as_ref().and_then(|row| row.instance());
            let Some(row) = row.filter(|row| row.hash == original.hash) else {
                return Ok(None);
            };
            Ok(FrameTable::from_bytes(&index.frames(row)?).ok())
        })
        .await
    }
}

/// Of what came out: what must be held, and what can be read from the pack.
fn cleaned(
    done: Deidentified,
    expected: &InstanceRef,
    stored_frames: Option<&FrameTable>,
    large: u64,
) -> Result<Cleaned> {
    let mut meta = done.output.meta.clone();
    let (mut file, mut input) = (done.file, done.input);
    if Encoding::of(meta.transfer_syntax_uid.as_str()).deflated {
        // Frames and values are read from it in ranges.
        meta.transfer_syntax_uid = Uid::from_static(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN);
        file = Bytes::from(part10::write(&meta, &done.output.data_set)?);
        input = Bytes::new();
    }
    let begin = |file: &Bytes| -> Result<usize> {
        let prefix = file.get(..file.len().min(64 << 10)).unwrap_or(&[]);
        let offset = part10::open(prefix)?.data_set_offset;
        Ok(usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(file.len()))
    };
    let at = begin(&file)?;
    let (file_header, data_set) = (file.slice(..at), file.slice(at..));
    let mut whole = Whole(data_set.clone());
    let Described {
        uids,
        frames,
        header,
        ..
    } = describe(
        &mut whole,
        meta.transfer_syntax_uid.as_str(),
        Some(&meta.sop_class_uid),
    )?;
    let is_expected = uids.study == expected.study_instance_uid
        && uids.series == expected.series_instance_uid
        && uids.sop_instance == expected.sop_instance_uid;
    if !is_expected {
        return Err(Error::NotDeidentified {
            reason: "its UIDs are not those by which the view knows it".to_owned(),
        });
    }
    let frames = FrameTable::from_bytes(&frames)?;
    let stored = match input.is_empty() {
        true => Bytes::new(),
        false => {
            let at = begin(&input)?;
            input.slice(at..)
        }
    };
    let pieces = match same(&data_set, &frames, &stored, stored_frames) {
        Some((from, to, offset)) => vec![
            // Copied, so that the whole is let go.
            Piece::Memory(Bytes::copy_from_slice(data_set.get(..from).unwrap_or(&[]))),
            Piece::Stored {
                offset,
                length: (to - from) as u64,
            },
            Piece::Memory(Bytes::copy_from_slice(data_set.get(to..).unwrap_or(&[]))),
        ],
        None => vec![Piece::Memory(data_set.clone())],
    };
    let mut cleaned = Cleaned {
        length: data_set.len() as u64,
        transfer_syntax_uid: meta.transfer_syntax_uid,
        file_header: Bytes::copy_from_slice(&file_header),
        json: header,
        frames: Arc::new(frames),
        pieces,
        _memory: None,
    };
    if cleaned.in_memory() > large {
        cleaned._memory = Some(done._memory);
    }
    Ok(cleaned)
}

/// The range of the output's frames, and where it is in the record, if the bytes are the same.
fn same(
    output: &Bytes,
    frames: &FrameTable,
    stored: &Bytes,
    stored_frames: Option<&FrameTable>,
) -> Option<(usize, usize, u64)> {
    let span = |table: &FrameTable| -> Option<(usize, usize)> {
        let ranges = table.all();
        let from = ranges.iter().map(|range| range.start).min()?;
        let to = ranges.iter().map(|range| range.end).max()?;
        Some((usize::try_from(from).ok()?, usize::try_from(to).ok()?))
    };
    let (from, to) = span(frames)?;
    let (stored_from, stored_to) = span(stored_frames?)?;
    if to - from < WORTH_IT {
        return None;
    }
    let here = output.get(from..to)?;
    let there = stored.get(stored_from..stored_to)?;
    (here == there).then_some((from, to, stored_from as u64))
}

impl Lens {
    /// Instances with more bytes in memory than this are not kept once they are read.
    fn largest(&self) -> u64 {
        self.cleaned.largest()
    }
}

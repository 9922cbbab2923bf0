//! An instance in a smaller encoding, if what was received can be made again of it.

use std::io::{self, Write};

use bytes::{BufMut, Bytes, BytesMut};
use parking_lot::Mutex;
use sagittal_core::Uid;
use sagittal_pixel::frames::ReadAt;
use sagittal_pixel::transcode::{self, native_value_begin, transcode};
use sagittal_store::blob::{Hash, Original, Packs, Spill};

use super::restore::{self, Recipe, restore};
use super::rule::is_restorable;
use crate::Result;

/// Room in a large record for what it takes to restore the original.
const RESTORE_ROOM: usize = 256 << 10;
/// Bytes around the pixel data that are kept beside the encoded ones, at most.
const LARGEST_REST: u64 = 16 << 20;
/// Written at once to a large record.
const CHUNK: usize = 1 << 20;

/// What was received.
pub(super) struct Received<'a, R: ReadAt + Sync> {
    pub(super) source: &'a R,
    pub(super) transfer_syntax_uid: &'a Uid,
    /// Preamble and File Meta Information.
    pub(super) prefix: &'a [u8],
    /// BLAKE3 of the data set.
    pub(super) hash: Hash,
}

/// The same, smaller.
pub(super) struct Recoded {
    pub(super) body: Body,
    /// BLAKE3 of its data set.
    pub(super) hash: Hash,
    pub(super) length: u64,
    pub(super) original: Original,
}

pub(super) enum Body {
    Memory(Vec<u8>),
    Spill(Box<Spill>),
}

/// Why an instance stays as it was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is not native, or has no pixels.
    Unsuited,
    /// Its pixels cannot be encoded.
    NotEncodable,
    /// What was received would not come back byte for byte.
    NotExact,
    /// It would not become smaller.
    NotSmaller,
}

impl Kept {
    /// For metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Kept::Unsuited => "unsuited",
            Kept::NotEncodable => "not_encodable",
            Kept::NotExact => "not_exact",
            Kept::NotSmaller => "not_smaller",
        }
    }
}

/// Encodes, makes the original again of the result, and compares. What is larger than `in_memory`
/// goes to a record of its own. Blocks.
pub(super) fn recode<R: ReadAt + Sync>(
    packs: &Packs,
    received: &Received<'_, R>,
    to: &Uid,
    in_memory: u64,
) -> Result<std::result::Result<Recoded, Kept>> {
    let from = received.transfer_syntax_uid.as_str();
    let length = received.source.len();
    if !is_restorable(from) {
        return Ok(Err(Kept::Unsuited));
    }
    let Ok(Some(begin)) = native_value_begin(received.source, 0, from) else {
        return Ok(Err(Kept::Unsuited));
    };
    if begin > LARGEST_REST {
        return Ok(Err(Kept::Unsuited));
    }
    let mut output = Output {
        hasher: blake3::Hasher::new(),
        length: 0,
        bound: length,
        failed: None,
        held: match length <= in_memory {
            true => Held::Memory(Vec::with_capacity(usize::try_from(length / 2).unwrap_or(0))),
            false => Held::Disk {
                spill: Box::new(packs.spill_with_room(Bytes::new(), RESTORE_ROOM)?),
                pending: BytesMut::new(),
            },
        },
    };
    let options = restore::options();
    let encoded = transcode(received.source, 0, from, to.as_str(), &options, &mut output);
    if let Some(error) = output.failed.take() {
        return Err(error.into());
    }
    match encoded {
        Ok(transcode::Outcome {
            new_sop_instance_uid: None,
            ..
        }) => {}
        Err(_) if output.length > output.bound => return Ok(Err(Kept::NotSmaller)),
        _ => return Ok(Err(Kept::NotEncodable)),
    }
    let (held, hash, encoded_length) = output.end()?;
    let proved = match held {
        Body::Memory(bytes) => {
            prove(received, to, begin, &bytes[..])?.map(|restore| (Body::Memory(bytes), restore))
        }
        Body::Spill(mut spill) => {
            let proved = prove(received, to, begin, &Written(Mutex::new(&mut spill)))?;
            proved.map(|restore| (Body::Spill(spill), restore))
        }
    };
    let (body, restore) = match proved {
        Ok(proved) => proved,
        Err(kept) => return Ok(Err(kept)),
    };
    if encoded_length + restore.len() as u64 >= length {
        return Ok(Err(Kept::NotSmaller));
    }
    if matches!(body, Body::Spill(_)) && restore.len() > RESTORE_ROOM {
        return Ok(Err(Kept::NotSmaller));
    }
    Ok(Ok(Recoded {
        body,
        hash,
        length: encoded_length,
        original: Original {
            transfer_syntax_uid: received.transfer_syntax_uid.clone(),
            hash: received.hash,
            length,
            restore,
        },
    }))
}

/// The recipe to restore the original of `encoded`, tried out.
fn prove<R: ReadAt + Sync, E: ReadAt + Sync + ?Sized>(
    received: &Received<'_, R>,
    to: &Uid,
    begin: u64,
    encoded: &E,
) -> Result<std::result::Result<Bytes, Kept>> {
    let from = received.transfer_syntax_uid.as_str();
    let mut compared = Compared {
        source: received.source,
        at: begin,
        same: true,
    };
    let options = restore::options();
    let decoded = transcode::native_value(encoded, 0, to.as_str(), from, &options, &mut compared);
    if decoded.is_err() || !compared.same {
        return Ok(Err(Kept::NotExact));
    }
    let end = compared.at;
    let length = received.source.len();
    if length.saturating_sub(end) > LARGEST_REST {
        return Ok(Err(Kept::Unsuited));
    }
    let read = |from: u64, to: u64| -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
        let found = received.source.read_at(from, &mut bytes);
        bytes.truncate(found.map_err(sagittal_pixel::Error::from)?);
        Ok(bytes)
    };
    let recipe = Recipe {
        prefix: received.prefix.to_vec(),
        head: read(0, begin)?,
        tail: read(end, length)?,
    };
    let Some(restore_bytes) = recipe.to_bytes(encoded)? else {
        return Ok(Err(Kept::NotSmaller));
    };
    let original = Original {
        transfer_syntax_uid: received.transfer_syntax_uid.clone(),
        hash: received.hash,
        length,
        restore: restore_bytes,
    };
    // The whole way once more, exactly as it will be gone.
    match restore(encoded, to.as_str(), &original, &mut io::sink()) {
        Ok(()) => Ok(Ok(original.restore)),
        Err(_) => Ok(Err(Kept::NotExact)),
    }
}

/// What is written must be what was received.
struct Compared<'a, R: ReadAt> {
    source: &'a R,
    at: u64,
    same: bool,
}

impl<R: ReadAt> Write for Compared<'_, R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = vec![0; bytes.len()];
        let found = self.source.read_at(self.at, &mut there)?;
        if found < bytes.len() || there != bytes {
            self.same = false;
            return Err(io::Error::other("the pixels are not those received"));
        }
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The encoded data set, hashed on its way.
struct Output {
    hasher: blake3::Hasher,
    length: u64,
    /// It must stay shorter.
    bound: u64,
    failed: Option<sagittal_store::Error>,
    held: Held,
}

enum Held {
    Memory(Vec<u8>),
    Disk {
        spill: Box<Spill>,
        pending: BytesMut,
    },
}

impl Output {
    fn end(self) -> Result<(Body, Hash, u64)> {
        let body = match self.held {
            Held::Memory(bytes) => Body::Memory(bytes),
            Held::Disk { mut spill, pending } => {
                spill.write(pending.freeze())?;
                Body::Spill(spill)
            }
        };
        Ok((body, *self.hasher.finalize().as_bytes(), self.length))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        if self.length > self.bound {
            return Err(io::Error::other("it does not become smaller"));
        }
        match &mut self.held {
            Held::Memory(held) => held.extend_from_slice(bytes),
            Held::Disk { spill, pending } => {
                pending.put_slice(bytes);
                if pending.len() >= CHUNK
                    && let Err(error) = spill.write(pending.split().freeze())
                {
                    self.failed = Some(error);
                    return Err(io::Error::other("cannot be written"));
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A spill, read.
struct Written<'a>(Mutex<&'a mut Spill>);

impl ReadAt for Written<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.lock().read(offset, buffer.len());
        let bytes = read.map_err(io::Error::other)?;
        if let Some(to) = buffer.get_mut(..bytes.len()) {
            to.copy_from_slice(&bytes);
        }
        Ok(bytes.len())
    }

    fn len(&self) -> u64 {
        self.0.lock().length()
    }
}

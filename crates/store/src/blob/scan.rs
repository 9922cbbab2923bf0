//! Reading a pack from end to end: after a crash, to rebuild the index, and to verify.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::disk::DiskFile;
use super::record::{
    self, ALIGNMENT, FIRST_RECORD, FIXED_HEADER, Flaw, Header, PackHeader, PackId, padded,
};

/// Read at once while walking from header to header: most headers, with meta, fit.
const HEADER_READ: usize = 1024;
/// Read at once while hashing or searching.
const CHUNK: usize = 1 << 20;

/// A part of a pack that is not what was written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The pack.
    pub pack: u64,
    /// Its bytes.
    pub range: Range<u64>,
    /// What is wrong.
    pub reason: String,
}

/// One thing met in a pack.
#[derive(Debug)]
pub(super) enum Found {
    /// A record that is whole.
    Record { offset: u64, header: Box<Header> },
    /// Bytes of records that were acknowledged and cannot be read any more.
    Damage { range: Range<u64>, flaw: Flaw },
}

/// Goes through the records of a pack.
pub(super) struct Scanner {
    file: Arc<dyn DiskFile>,
    id: PackId,
    position: u64,
    /// Length of the file, or the valid end that a seal gives.
    limit: u64,
    /// Everything before this is known to have been on the device: damage, not a torn tail.
    proven: u64,
    /// Hash the data of records from here on.
    hash_from: u64,
    buffer: Vec<u8>,
}

/// How a pack is gone through.
pub(super) struct ScanOptions {
    pub(super) start: u64,
    pub(super) limit: u64,
    pub(super) proven: u64,
    pub(super) hash_from: u64,
}

/// The header of a pack.
pub(super) fn pack_header(file: &dyn DiskFile) -> io::Result<Result<PackHeader, Flaw>> {
    let mut bytes = Vec::with_capacity(64);
    file.read_at(0, 64, &mut bytes)?;
    Ok(PackHeader::parse(&bytes))
}

impl Scanner {
    pub(super) fn new(file: Arc<dyn DiskFile>, id: PackId, options: ScanOptions) -> Scanner {
        Scanner {
            file,
            id,
            position: options.start.max(FIRST_RECORD),
            limit: options.limit,
            proven: options.proven,
            hash_from: options.hash_from,
            buffer: Vec::new(),
        }
    }

    pub(super) fn file(&self) -> &dyn DiskFile {
        &*self.file
    }

    /// Where the next record would begin; after `None`, where the valid part ends.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next thing; `None` at the end of what is valid.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        if self.position >= self.limit {
            return Ok(None);
        }
        let flaw = match self.record_at(self.position)? {
            Ok((header, Ok(()))) => return Ok(Some(self.take(header))),
            Ok((_, Err(flaw))) | Err(flaw) => flaw,
        };
        // Either the torn tail of the last, unacknowledged group: nothing valid after it says that
        // this place was durable. Or damage: then reading goes on behind it.
        let bad = self.position;
        let Some(next) = self.resynchronize(bad)? else {
            if bad < self.proven {
                self.position = self.proven;
                return Ok(Some(Found::Damage {
                    range: bad..self.proven,
                    flaw,
                }));
            }
            return Ok(None);
        };
        self.position = next;
        Ok(Some(Found::Damage {
            range: bad..next,
            flaw,
        }))
    }

    fn take(&mut self, header: Header) -> Found {
        let offset = self.position;
        self.position += header.record_length();
        Found::Record {
            offset,
            header: Box::new(header),
        }
    }

    /// The header at `offset` if it is one, and whether its data are right.
    #[allow(clippy::type_complexity)]
    fn record_at(&mut self, offset: u64) -> io::Result<Result<(Header, Result<(), Flaw>), Flaw>> {
        let header = match read_header(&*self.file, &self.id, offset, &mut self.buffer)? {
            Ok(header) => header,
            Err(flaw) => return Ok(Err(flaw)),
        };
        let data = offset + u64::from(header.header_length);
        if data.saturating_add(header.data_length) > self.limit {
            return Ok(Err(Flaw::Cut));
        }
        let data_ok = if offset >= self.hash_from {
            check_hash(&*self.file, data, &header)?
        } else {
            Ok(())
        };
        Ok(Ok((header, data_ok)))
    }

    /// The first whole record after `bad`, provided that damage at `bad` is proven to lie in what
    /// was durable: by what we know, or by what that record or a later one says.
    fn resynchronize(&mut self, bad: u64) -> io::Result<Option<u64>> {
        let mut first = None;
        let mut at = bad + ALIGNMENT;
        while let Some(candidate) = self.find_magic(at)? {
            match self.record_at(candidate)? {
                Ok((header, Ok(()))) => {
                    let found = *first.get_or_insert(candidate);
                    if bad < self.proven || header.durable > bad {
                        return Ok(Some(found));
                    }
                    at = candidate + header.record_length();
                }
                // A header whose data are wrong still tells how long it is, but its own claim must
                // not be believed more than its data.
                Ok((_, Err(_))) | Err(_) => at = candidate + ALIGNMENT,
            }
        }
        Ok(None)
    }

    fn find_magic(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut chunk = Vec::new();
        let mut at = padded(from);
        while at < self.limit {
            // Reserved and never written: nothing to be found.
            let Some(written) = self.file.next_written(at)? else {
                break;
            };
            at = at.max(written / ALIGNMENT * ALIGNMENT);
            if at >= self.limit {
                break;
            }
            chunk.clear();
            let length = CHUNK.min(usize::try_from(self.limit - at).unwrap_or(CHUNK));
            self.file.read_at(at, length, &mut chunk)?;
            if chunk.is_empty() {
                break;
            }
            let hits = memchr::memmem::find_iter(&chunk, &record::RECORD_MAGIC);
            for hit in hits {
                if (hit as u64).is_multiple_of(ALIGNMENT) {
                    return Ok(Some(at + hit as u64));
                }
            }
            at += padded(chunk.len() as u64);
        }
        Ok(None)
    }
}

/// Reads the header at `offset`.
pub(super) fn read_header(
    file: &dyn DiskFile,
    id: &PackId,
    offset: u64,
    buffer: &mut Vec<u8>,
) -> io::Result<Result<Header, Flaw>> {
    buffer.clear();
    file.read_at(offset, HEADER_READ, buffer)?;
    let length = match record::header_length(buffer) {
        Ok(length) => length,
        Err(flaw) => return Ok(Err(flaw)),
    };
    if length > buffer.len() {
        let missing = length - buffer.len();
        if offset.saturating_add(length as u64) > file.length()? {
            return Ok(Err(Flaw::Cut));
        }
        file.read_at(offset + buffer.len() as u64, missing, buffer)?;
    }
    Ok(record::parse(id, buffer))
}

/// Rereads the data and compares.
pub(super) fn check_hash(
    file: &dyn DiskFile,
    data: u64,
    header: &Header,
) -> io::Result<Result<(), Flaw>> {
    let mut hasher = blake3::Hasher::new();
    let length = usize::try_from(header.data_length)
        .unwrap_or(usize::MAX)
        .min(CHUNK);
    let mut chunk = Vec::with_capacity(length.max(FIXED_HEADER));
    let mut done = 0;
    while done < header.data_length {
        chunk.clear();
        let rest = usize::try_from(header.data_length - done).unwrap_or(CHUNK);
        file.read_at(data + done, rest.min(CHUNK), &mut chunk)?;
        if chunk.is_empty() {
            return Ok(Err(Flaw::Cut));
        }
        hasher.update(&chunk);
        done += chunk.len() as u64;
    }
    Ok(if *hasher.finalize().as_bytes() == header.hash {
        Ok(())
    } else {
        Err(Flaw::Hash)
    })
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scanner at {} of {}", self.position, self.limit)
    }
}

//! Getting the space of deleted instances back: what is left of old packs is copied to a new one.
//!
//! Records keep their sequence numbers, so that packs alone still tell the history in its order.
//! The order of steps: the new pack is complete and durable under its final name; the index follows
//! in one transaction; only then are the old packs removed. A crash between any two leaves packs
//! from which the same archive is found: of records with one sequence number the one in the pack
//! with the highest number counts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use sagittal_core::Uid;

use super::disk::DiskFile;
use super::packs::Packs;
use super::reader::damaged;
use super::record::{FIRST_RECORD, Header, Kind, NewHeader, PackHeader};
use super::scan::{Found, ScanOptions, Scanner, pack_header};
use super::writer::{framed, plain};
use super::{Damage, Locator};
use crate::Result;

/// Read and written at once while copying.
const CHUNK: usize = 1 << 20;

/// A record that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The instance.
    pub sop_instance_uid: Uid,
    /// Where it was.
    pub from: Locator,
    /// Where it is.
    pub to: Locator,
}

/// A compaction that is durable but not yet known to the index.
#[derive(Debug, Default)]
pub struct Compacted {
    /// Instances copied.
    pub moves: Vec<Move>,
    /// The new pack and its length: its watermark. `None` if nothing was left to copy.
    pub pack: Option<(u64, u64)>,
    /// The packs that [`Packs::remove`] may remove after the index has followed.
    pub gone: Vec<u64>,
    /// Bytes of them.
    pub gone_bytes: u64,
    /// Records that could not be read; their pack is kept.
    pub damage: Vec<Damage>,
}

struct Copying {
    file: Arc<dyn DiskFile>,
    header: PackHeader,
    end: u64,
}

impl Packs {
    /// Copies what is `live` of `packs` (and the deletions they record) to a new pack; durable when
    /// it returns. Blocks. Packs that may still change are left out.
    ///
    /// Tell the index of the moves, then call [`Packs::remove`].
    pub fn compact(&self, packs: &[u64], live: &dyn Fn(u64, u64) -> bool) -> Result<Compacted> {
        let shelf = &self.inner.shelf;
        let number = shelf.new_number();
        let header = PackHeader::new(number, false);
        let temporary = shelf.folder.join(format!("{number:012}.tmp"));
        let file = shelf
            .disk
            .create(&temporary)
            .map_err(shelf.io("create", &temporary))?;
        let mut copying = Copying {
            file,
            header,
            end: FIRST_RECORD,
        };
        let mut result = Compacted::default();
        let outcome = self.copy_all(packs, live, &mut copying, &mut result);
        let io = |operation| shelf.io(operation, &temporary);
        let finish = outcome.and_then(|kept| {
            if !kept || result.gone.is_empty() {
                return Ok(None);
            }
            copying.file.sync_data().map_err(io("sync"))?;
            let path = shelf.path(number);
            shelf.disk.rename(&temporary, &path).map_err(io("rename"))?;
            shelf.disk.sync_folder(&shelf.folder).map_err(io("sync"))?;
            Ok(Some((number, copying.end)))
        });
        match finish {
            Ok(Some(pack)) => {
                self.inner.bytes.fetch_add(pack.1, Ordering::Relaxed);
                for moved in &result.moves {
                    self.inner.handles.moved(&moved.from, moved.to);
                }
                result.pack = Some(pack);
                Ok(result)
            }
            Ok(None) => {
                shelf.disk.remove(&temporary).map_err(io("remove"))?;
                result.moves.clear();
                Ok(result)
            }
            Err(error) => {
                let _ = shelf.disk.remove(&temporary);
                Err(error)
            }
        }
    }

    /// True if anything but the list of replaced packs had to be written.
    fn copy_all(
        &self,
        packs: &[u64],
        live: &dyn Fn(u64, u64) -> bool,
        copying: &mut Copying,
        result: &mut Compacted,
    ) -> Result<bool> {
        let shelf = &self.inner.shelf;
        let packs: BTreeSet<u64> = packs
            .iter()
            .copied()
            .filter(|&pack| !self.is_open(pack))
            .collect();
        // In the order of their sequence numbers, so that a replay can merge packs.
        let mut records = Vec::new();
        let mut kept = false;
        for &pack in &packs {
            let open = self.inner.handles.get(pack)?;
            let length = open
                .file
                .length()
                .map_err(shelf.io("read", &shelf.path(pack)))?;
            let damage = collect(&open.file, pack, length, &mut records)
                .map_err(shelf.io("read", &shelf.path(pack)))?;
            if damage.is_empty() {
                result.gone.push(pack);
                result.gone_bytes += length;
            } else {
                // What cannot be read is not thrown away.
                result.damage.extend(damage);
                records.retain(|(other, _, _)| *other != pack);
            }
        }
        let numbers: Vec<u8> = result
            .gone
            .iter()
            .flat_map(|pack| pack.to_le_bytes())
            .collect();
        let data = Bytes::from(numbers);
        let (mut first, length) = framed(
            plain(Kind::Compacted, &data).to_bytes(&copying.header.id),
            vec![data.clone()],
            data.len() as u64,
        );
        first.insert(0, copying.header.to_bytes());
        let path = shelf.path(copying.header.number);
        copying
            .file
            .write_at(&first, 0)
            .map_err(shelf.io("write", &path))?;
        copying.end += length;
        records.sort_by_key(|(_, _, header)| header.sequence);
        for (pack, offset, header) in records {
            let keep = match header.kind {
                Kind::Instance => live(pack, offset),
                Kind::Delete => true,
                Kind::Seal => true,
                Kind::Compacted => false,
            };
            if keep {
                kept = true;
                self.copy(pack, offset, &header, copying, result)?;
            }
        }
        Ok(kept)
    }

    fn copy(
        &self,
        pack: u64,
        offset: u64,
        header: &Header,
        copying: &mut Copying,
        result: &mut Compacted,
    ) -> Result<()> {
        let shelf = &self.inner.shelf;
        let from = Locator {
            pack,
            offset,
            header_length: header.header_length,
            prefix_length: header.prefix_length,
            length: header.data_length,
        };
        self.inner
            .space
            .check(header.record_length(), shelf.reserved())?;
        let prefix = self.read_prefix(&from)?;
        let new_header = NewHeader {
            kind: header.kind,
            sequence: header.sequence,
            durable: copying.end,
            prefix: &prefix,
            data_length: header.data_length,
            hash: header.hash,
            attributes: header.attributes.as_ref(),
            at_least: 0,
        }
        .to_bytes(&copying.header.id);
        let to = Locator {
            pack: copying.header.number,
            offset: copying.end,
            header_length: u32::try_from(new_header.len()).unwrap_or(u32::MAX),
            ..from
        };
        let path = shelf.path(copying.header.number);
        let header_length = new_header.len() as u64;
        copying
            .file
            .write_at(&[Bytes::from(new_header)], copying.end)
            .map_err(shelf.io("write", &path))?;
        let mut hasher = blake3::Hasher::new();
        let mut done = 0;
        while done < header.data_length {
            let chunk = self.read(&from, done, CHUNK)?;
            hasher.update(&chunk);
            let length = chunk.len() as u64;
            copying
                .file
                .write_at(&[chunk], copying.end + header_length + done)
                .map_err(shelf.io("write", &path))?;
            done += length;
        }
        if *hasher.finalize().as_bytes() != header.hash {
            // The whole compaction is given up: better two packs than a copy of damage.
            return Err(damaged(pack, offset, "the data's hash is wrong"));
        }
        copying.end = super::record::padded(copying.end + header_length + header.data_length);
        let zeros = usize::try_from(copying.end - to.offset - header_length - header.data_length);
        let padding = Bytes::from(vec![0; zeros.unwrap_or(0)]);
        let at = copying.end - padding.len() as u64;
        copying
            .file
            .write_at(&[padding], at)
            .map_err(shelf.io("write", &path))?;
        if let Some(attributes) = &header.attributes {
            let sop_instance_uid = attributes.sop_instance_uid.clone();
            result.moves.push(Move {
                sop_instance_uid,
                from,
                to,
            });
        }
        Ok(())
    }

    /// Removes packs that were compacted, after the index has followed. Readers that have them
    /// open go on reading. Blocks.
    pub fn remove(&self, packs: &[u64]) -> Result<()> {
        let shelf = &self.inner.shelf;
        for &pack in packs {
            let path = shelf.path(pack);
            let length = self
                .inner
                .handles
                .get(pack)
                .and_then(|open| open.file.length().map_err(shelf.io("read", &path)));
            self.inner.handles.forget(pack);
            match shelf.disk.remove(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(shelf.io("remove", &path)(error));
                }
                _ => {}
            }
            let length = length.unwrap_or(0);
            let _ = self
                .inner
                .bytes
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bytes| {
                    Some(bytes.saturating_sub(length))
                });
        }
        shelf
            .disk
            .sync_folder(&shelf.folder)
            .map_err(shelf.io("sync", &shelf.folder))
    }

    /// Removes the packs that a compaction before the last stop had replaced. To be called when the
    /// index has caught up. Blocks.
    pub fn remove_replaced(&self, recovery: &super::Recovery) -> Result<()> {
        if recovery.replaced.is_empty() {
            return Ok(());
        }
        self.remove(&recovery.replaced)
    }

    /// Numbers and lengths of all packs that will not change any more. Blocks.
    pub fn closed_packs(&self) -> Result<Vec<(u64, u64)>> {
        let shelf = &self.inner.shelf;
        let names = shelf
            .disk
            .list(&shelf.folder)
            .map_err(shelf.io("list", &shelf.folder))?;
        let number = |name: &str| {
            name.strip_suffix(".pack")
                .and_then(|stem| stem.parse().ok())
        };
        Ok(names
            .iter()
            .filter_map(|(name, length)| Some((number(name)?, *length)))
            .filter(|(pack, _)| !self.is_open(*pack))
            .collect())
    }

    /// Is it being made, written or trimmed?
    fn is_open(&self, pack: u64) -> bool {
        let shelf = &self.inner.shelf;
        shelf.is_being_made(pack) || shelf.durable(pack).is_some()
    }
}

/// The records of a pack, and what of it cannot be read.
fn collect(
    file: &Arc<dyn DiskFile>,
    pack: u64,
    length: u64,
    records: &mut Vec<(u64, u64, Box<Header>)>,
) -> std::io::Result<Vec<Damage>> {
    let damage = |range, reason: String| Damage {
        pack,
        range,
        reason,
    };
    let id = match pack_header(&**file)? {
        Ok(header) => header.id,
        Err(flaw) => return Ok(vec![damage(0..length, flaw.to_string())]),
    };
    let options = ScanOptions {
        start: FIRST_RECORD,
        limit: length,
        proven: length,
        hash_from: u64::MAX,
    };
    let mut scanner = Scanner::new(file.clone(), id, options);
    let mut all = Vec::new();
    while let Some(found) = scanner.next()? {
        match found {
            Found::Record { offset, header } => records.push((pack, offset, header)),
            Found::Damage { range, flaw } => all.push(damage(range, flaw.to_string())),
        }
    }
    Ok(all)
}

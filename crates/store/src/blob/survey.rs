//! Every record of every pack, reread: for verification.

use super::packs::Packs;
use super::record::{FIRST_RECORD, Flaw};
use super::scan::{Found, ScanOptions, Scanner, pack_header};
use super::{Damage, Hash, Locator, RecordAttributes};
use crate::Result;

/// One thing met in a survey.
#[derive(Debug)]
pub enum Surveyed {
    /// A pack begins.
    Pack {
        /// Its number.
        number: u64,
        /// Its valid length.
        length: u64,
    },
    /// A record whose checksum and hash are right.
    Record {
        /// Where it is.
        locator: Locator,
        /// Place in the history.
        sequence: u64,
        /// BLAKE3 of its data.
        hash: Hash,
        /// Of an instance; `None` of a deletion and the like.
        attributes: Option<Box<RecordAttributes>>,
    },
    /// A stretch that cannot be read.
    Damage(Damage),
}

impl Packs {
    /// Rereads all packs, the active one as far as it is durable. Blocks.
    pub fn survey(&self, visit: &mut dyn FnMut(Surveyed) -> Result<()>) -> Result<()> {
        let mut after = 0;
        while let Some((pack, _)) = self.next_pack(after)? {
            self.survey_pack(pack, 0, u64::MAX, visit)?;
            after = pack;
        }
        Ok(())
    }

    /// The first pack with a higher number that has something to be read, and its length. Blocks.
    pub fn next_pack(&self, after: u64) -> Result<Option<(u64, u64)>> {
        let shelf = &self.inner.shelf;
        let names = shelf
            .disk
            .list(&shelf.folder)
            .map_err(shelf.io("list", &shelf.folder))?;
        let number = |name: &str| {
            name.strip_suffix(".pack")
                .and_then(|stem| stem.parse().ok())
        };
        let packs = names
            .iter()
            .filter_map(|(name, length)| Some((number(name)?, *length)))
            .filter(|(pack, _)| *pack > after && !shelf.is_being_made(*pack))
            .map(|(pack, length)| match shelf.durable(pack) {
                Some(durable) => (pack, durable, true),
                None => (pack, length, false),
            })
            .filter(|(_, length, open)| *length > FIRST_RECORD || !open);
        Ok(packs.map(|(pack, length, _)| (pack, length)).min())
    }

    /// Rereads a pack from a record on, and ends after the record with which so many bytes are
    /// read. Where the next one begins, if there is one. Blocks.
    pub fn survey_pack(
        &self,
        pack: u64,
        from: u64,
        bytes: u64,
        visit: &mut dyn FnMut(Surveyed) -> Result<()>,
    ) -> Result<Option<u64>> {
        let shelf = &self.inner.shelf;
        if shelf.is_being_made(pack) {
            return Ok(None);
        }
        let path = shelf.path(pack);
        let file = match shelf.disk.open_read(&path) {
            // Compacted meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(shelf.io("open", &path))?,
        };
        let length = match shelf.durable(pack) {
            Some(durable) => durable,
            None => file.length().map_err(shelf.io("read", &path))?,
        };
        let header = match pack_header(&*file).map_err(shelf.io("read", &path))? {
            Ok(header) => header,
            // Just being made.
            Err(Flaw::Empty | Flaw::Cut) if length <= FIRST_RECORD => return Ok(None),
            Err(flaw) => {
                let reason = format!("pack header: {flaw}");
                visit(Surveyed::Damage(Damage {
                    pack,
                    range: 0..length,
                    reason,
                }))?;
                return Ok(None);
            }
        };
        let mut first = Vec::new();
        file.read_at(FIRST_RECORD, 4, &mut first)
            .map_err(shelf.io("read", &path))?;
        if header.large && first.iter().all(|&byte| byte == 0) {
            // A large instance that is still arriving.
            return Ok(None);
        }
        if from <= FIRST_RECORD {
            visit(Surveyed::Pack {
                number: pack,
                length,
            })?;
        }
        let options = ScanOptions {
            start: from.max(FIRST_RECORD),
            limit: length,
            proven: length,
            hash_from: 0,
        };
        let mut scanner = Scanner::new(file, header.id, options);
        while let Some(found) = scanner.next().map_err(shelf.io("read", &path))? {
            match found {
                Found::Record { offset, header } => visit(Surveyed::Record {
                    locator: Locator {
                        pack,
                        offset,
                        header_length: header.header_length,
                        prefix_length: header.prefix_length,
                        length: header.data_length,
                    },
                    sequence: header.sequence,
                    hash: header.hash,
                    attributes: header.attributes.map(Box::new),
                })?,
                Found::Damage { range, flaw } => {
                    let reason = flaw.to_string();
                    visit(Surveyed::Damage(Damage {
                        pack,
                        range,
                        reason,
                    }))?;
                }
            }
            let position = scanner.position();
            if position.saturating_sub(from) >= bytes && position < length {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }
}

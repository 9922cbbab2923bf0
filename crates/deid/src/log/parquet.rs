//! A log as Apache Parquet: plain pages of version 1, compressed with gzip.

use std::io::{BufRead, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::columns::{COLUMNS, NUMBERS, Row, rows};
use super::thrift::{Struct, varint};
use crate::{Error, Result};

/// Rows of a group.
const GROUP: usize = 50_000;

// Values of the enumerations of parquet.thrift.
const INT64: i32 = 2;
const BYTE_ARRAY: i32 = 6;
const OPTIONAL: i32 = 1;
const UTF8: i32 = 0;
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const GZIP: i32 = 2;
const DATA_PAGE: i32 = 0;

/// Writes a log as Parquet.
///
/// # Errors
/// [`Error::Read`], [`Error::LogLine`] and [`Error::Write`].
pub fn parquet(log: impl BufRead, out: impl Write) -> Result<()> {
    let mut file = File {
        out,
        position: 0,
        groups: Vec::new(),
    };
    file.put(b"PAR1")?;
    let mut pending = Vec::new();
    rows(log, |row| {
        pending.push(row);
        if pending.len() == GROUP {
            file.group(&std::mem::take(&mut pending))?;
        }
        Ok(())
    })?;
    file.group(&pending)?;
    file.footer()
}

/// A column of a group, as the footer describes it.
struct Chunk {
    column: &'static str,
    offset: u64,
    compressed: u64,
    uncompressed: u64,
}

struct Group {
    rows: usize,
    chunks: Vec<Chunk>,
}

struct File<W> {
    out: W,
    position: u64,
    groups: Vec<Group>,
}

impl<W: Write> File<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.position += bytes.len() as u64;
        self.out.write_all(bytes).map_err(Error::Write)
    }

    fn group(&mut self, rows: &[Row]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut chunks = Vec::with_capacity(COLUMNS.len());
        for (at, column) in COLUMNS.into_iter().enumerate() {
            let cells = rows
                .iter()
                .map(|row| row.get(at).and_then(Option::as_deref));
            let page = page(column, cells);
            let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
            encoder.write_all(&page).map_err(Error::Write)?;
            let compressed = encoder.finish().map_err(Error::Write)?;
            let mut header = Vec::new();
            Struct::write(&mut header, |header| {
                header.i32(1, DATA_PAGE);
                header.i32(2, int(page.len()));
                header.i32(3, int(compressed.len()));
                header.structure(5, |data| {
                    data.i32(1, int(rows.len()));
                    data.i32(2, PLAIN);
                    data.i32(3, RLE);
                    data.i32(4, RLE);
                });
            });
            chunks.push(Chunk {
                column,
                offset: self.position,
                compressed: (header.len() + compressed.len()) as u64,
                uncompressed: (header.len() + page.len()) as u64,
            });
            self.put(&header)?;
            self.put(&compressed)?;
        }
        self.groups.push(Group {
            rows: rows.len(),
            chunks,
        });
        Ok(())
    }

    fn footer(mut self) -> Result<()> {
        let groups = std::mem::take(&mut self.groups);
        let mut footer = Vec::new();
        Struct::write(&mut footer, |meta| {
            meta.i32(1, 1);
            let schema: Vec<Option<&str>> = std::iter::once(None)
                .chain(COLUMNS.into_iter().map(Some))
                .collect();
            meta.structures(2, &schema, |element, column| match column {
                None => {
                    element.text(4, "log");
                    element.i32(5, int(COLUMNS.len()));
                }
                Some(name) => {
                    element.i32(1, kind(name));
                    element.i32(3, OPTIONAL);
                    element.text(4, name);
                    if kind(name) == BYTE_ARRAY {
                        element.i32(6, UTF8);
                    }
                }
            });
            meta.i64(3, groups.iter().map(|group| group.rows as u64).sum());
            meta.structures(4, &groups, row_group);
            meta.text(6, concat!("sagittal version ", env!("CARGO_PKG_VERSION")));
        });
        let length = u32::try_from(footer.len()).unwrap_or(u32::MAX);
        self.put(&footer)?;
        self.put(&length.to_le_bytes())?;
        self.put(b"PAR1")?;
        self.out.flush().map_err(Error::Write)
    }
}

fn row_group(structure: &mut Struct<'_>, group: &Group) {
    structure.structures(1, &group.chunks, |column, chunk| {
        column.i64(2, chunk.offset);
        column.structure(3, |meta| {
            meta.i32(1, kind(chunk.column));
            meta.numbers(2, &[PLAIN, RLE]);
            meta.texts(3, &[chunk.column]);
            meta.i32(4, GZIP);
            meta.i64(5, group.rows as u64);
            meta.i64(6, chunk.uncompressed);
            meta.i64(7, chunk.compressed);
            meta.i64(9, chunk.offset);
        });
    });
    structure.i64(2, group.chunks.iter().map(|chunk| chunk.uncompressed).sum());
    structure.i64(3, group.rows as u64);
}

/// Definition levels, then the values that are there.
fn page<'a>(column: &str, cells: impl Iterator<Item = Option<&'a str>>) -> Vec<u8> {
    let mut levels: Vec<u8> = Vec::new();
    let mut values = Vec::new();
    for (count, cell) in cells.enumerate() {
        let bit = count % 8;
        if bit == 0 {
            levels.push(0);
        }
        let Some(text) = cell else { continue };
        if let Some(last) = levels.last_mut() {
            *last |= 1 << bit;
        }
        if kind(column) == INT64 {
            let number: i64 = text.parse().unwrap_or_default();
            values.extend_from_slice(&number.to_le_bytes());
        } else {
            values.extend_from_slice(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
            values.extend_from_slice(text.as_bytes());
        }
    }
    // One bit-packed run of groups of eight levels.
    let mut run = Vec::new();
    varint((levels.len() as u64) << 1 | 1, &mut run);
    run.extend_from_slice(&levels);
    let mut page = u32::try_from(run.len()).unwrap_or(0).to_le_bytes().to_vec();
    page.extend_from_slice(&run);
    page.extend_from_slice(&values);
    page
}

fn kind(column: &str) -> i32 {
    if NUMBERS.contains(&column) {
        INT64
    } else {
        BYTE_ARRAY
    }
}

/// A count that fits: a group's columns are some megabytes.
fn int(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

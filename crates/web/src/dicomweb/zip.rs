//! A ZIP file as a stream (APPNOTE 6.3, with ZIP64 where sizes ask for it), stored without
//! compression: pixel data shrink little and the archive must not be slower than the network.
//!
//! Files up to [`WHOLE`] bytes are read whole before their header goes out, so that it can hold
//! checksum and size and even readers that cannot seek are content. Larger ones get a data descriptor.

use bytes::{BufMut as _, Bytes, BytesMut};
use flate2::Crc;
use futures::stream::{self, BoxStream, StreamExt as _};
use time::OffsetDateTime;

use crate::error::{Error, Result};

/// Files up to this size are buffered.
const WHOLE: u64 = 2 << 20;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
/// "See the ZIP64 field."
const SEE_64: u32 = u32::MAX;
/// Version 4.5: ZIP64.
const VERSION: u16 = 45;
/// Sizes and checksum follow the data.
const FLAG_DESCRIPTOR: u16 = 1 << 3;
/// Names are UTF-8.
const FLAG_UTF_8: u16 = 1 << 11;

/// A file on its way into the archive.
pub struct File {
    /// Its path within the archive.
    pub name: String,
    /// Its length, if known.
    pub length: Option<u64>,
    /// Its time stamp, milliseconds since 1970 UTC.
    pub modified_ms: i64,
    /// Its bytes.
    pub body: BoxStream<'static, Result<Bytes>>,
}

/// What the central directory says of a file.
struct Entry {
    name: String,
    flags: u16,
    stamp: (u16, u16),
    crc: u32,
    size: u64,
    offset: u64,
}

enum State {
    Between,
    Within {
        entry: Entry,
        crc: Crc,
        size: u64,
        body: BoxStream<'static, Result<Bytes>>,
    },
    Ended,
}

struct Archive {
    files: BoxStream<'static, Result<File>>,
    state: State,
    entries: Vec<Entry>,
    offset: u64,
}

/// The archive of these files.
pub fn archive(files: BoxStream<'static, Result<File>>) -> BoxStream<'static, Result<Bytes>> {
    let archive = Archive {
        files,
        state: State::Between,
        entries: Vec::new(),
        offset: 0,
    };
    stream::unfold(archive, |mut archive| async move {
        match archive.next().await {
            Ok(None) => None,
            Ok(Some(bytes)) => {
                archive.offset += bytes.len() as u64;
                Some((Ok(bytes), archive))
            }
            Err(error) => {
                archive.state = State::Ended;
                Some((Err(error), archive))
            }
        }
    })
    .boxed()
}

impl Archive {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => Ok(None),
            State::Between => match self.files.next().await {
                None => Ok(Some(directory(&self.entries, self.offset))),
                Some(file) => self.begin(file?).await.map(Some),
            },
            State::Within {
                mut entry,
                mut crc,
                mut size,
                mut body,
            } => match body.next().await {
                Some(chunk) => {
                    let chunk = chunk?;
                    crc.update(&chunk);
                    size += chunk.len() as u64;
                    self.state = State::Within {
                        entry,
                        crc,
                        size,
                        body,
                    };
                    Ok(Some(chunk))
                }
                None => {
                    entry.crc = crc.sum();
                    entry.size = size;
                    let bytes = descriptor(&entry);
                    self.entries.push(entry);
                    self.state = State::Between;
                    Ok(Some(bytes))
                }
            },
        }
    }

    async fn begin(&mut self, mut file: File) -> Result<Bytes> {
        let mut entry = Entry {
            name: file.name,
            flags: FLAG_UTF_8,
            stamp: dos_time(file.modified_ms),
            crc: 0,
            size: 0,
            offset: self.offset,
        };
        if file.length.is_none_or(|length| length > WHOLE) {
            entry.flags |= FLAG_DESCRIPTOR;
            let header = local_header(&entry);
            self.state = State::Within {
                entry,
                crc: Crc::new(),
                size: 0,
                body: file.body,
            };
            return Ok(header);
        }
        let mut content = BytesMut::new();
        while let Some(chunk) = file.body.next().await {
            content.extend_from_slice(&chunk?);
            if content.len() as u64 > 2 * WHOLE {
                return Err(Error::Internal(
                    "a file is longer than announced".to_owned(),
                ));
            }
        }
        let mut crc = Crc::new();
        crc.update(&content);
        entry.crc = crc.sum();
        entry.size = content.len() as u64;
        let mut bytes = BytesMut::from(local_header(&entry).as_ref());
        bytes.unsplit(content);
        self.entries.push(entry);
        self.state = State::Between;
        Ok(bytes.freeze())
    }
}

fn local_header(entry: &Entry) -> Bytes {
    let streamed = entry.flags & FLAG_DESCRIPTOR != 0;
    let small = u32::try_from(entry.size).unwrap_or(SEE_64);
    let mut out = BytesMut::with_capacity(64 + entry.name.len());
    out.put_u32_le(LOCAL);
    out.put_u16_le(VERSION);
    put_common(&mut out, entry);
    let size = if streamed { SEE_64 } else { small };
    out.put_u32_le(size);
    out.put_u32_le(size);
    out.put_u16_le(name_length(entry));
    out.put_u16_le(if streamed { 20 } else { 0 });
    out.put_slice(entry.name.as_bytes());
    if streamed {
        // A ZIP64 field here says that the descriptor's sizes have eight bytes.
        out.put_u16_le(1);
        out.put_u16_le(16);
        out.put_u64_le(0);
        out.put_u64_le(0);
    }
    out.freeze()
}

/// Flags, method (stored), time, checksum.
fn put_common(out: &mut BytesMut, entry: &Entry) {
    out.put_u16_le(entry.flags);
    out.put_u16_le(0);
    out.put_u16_le(entry.stamp.0);
    out.put_u16_le(entry.stamp.1);
    out.put_u32_le(entry.crc);
}

fn descriptor(entry: &Entry) -> Bytes {
    let mut out = BytesMut::with_capacity(24);
    out.put_u32_le(DESCRIPTOR);
    out.put_u32_le(entry.crc);
    out.put_u64_le(entry.size);
    out.put_u64_le(entry.size);
    out.freeze()
}

fn directory(entries: &[Entry], offset: u64) -> Bytes {
    let mut out = BytesMut::with_capacity(entries.len() * 256 + 128);
    for entry in entries {
        let mut extra = BytesMut::new();
        let size = u32::try_from(entry.size).unwrap_or(SEE_64);
        let start = u32::try_from(entry.offset).unwrap_or(SEE_64);
        if size == SEE_64 {
            extra.put_u64_le(entry.size);
            extra.put_u64_le(entry.size);
        }
        if start == SEE_64 {
            extra.put_u64_le(entry.offset);
        }
        out.put_u32_le(CENTRAL);
        out.put_u16_le(VERSION);
        out.put_u16_le(VERSION);
        put_common(&mut out, entry);
        out.put_u32_le(size);
        out.put_u32_le(size);
        out.put_u16_le(name_length(entry));
        let extra_length = u16::try_from(extra.len()).unwrap_or(0);
        out.put_u16_le(if extra.is_empty() {
            0
        } else {
            extra_length + 4
        });
        // Comment, disk, attributes.
        out.put_bytes(0, 10);
        out.put_u32_le(start);
        out.put_slice(entry.name.as_bytes());
        if !extra.is_empty() {
            out.put_u16_le(1);
            out.put_u16_le(extra_length);
            out.put_slice(&extra);
        }
    }
    let size = out.len() as u64;
    let count = entries.len() as u64;
    let needs_64 = count >= 0xFFFF || size >= u64::from(SEE_64) || offset >= u64::from(SEE_64);
    if needs_64 {
        out.put_u32_le(END_64);
        out.put_u64_le(44);
        out.put_u16_le(VERSION);
        out.put_u16_le(VERSION);
        out.put_u32_le(0);
        out.put_u32_le(0);
        out.put_u64_le(count);
        out.put_u64_le(count);
        out.put_u64_le(size);
        out.put_u64_le(offset);
        out.put_u32_le(LOCATOR_64);
        out.put_u32_le(0);
        out.put_u64_le(offset + size);
        out.put_u32_le(1);
    }
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    out.put_u32_le(END);
    out.put_u32_le(0);
    out.put_u16_le(count);
    out.put_u16_le(count);
    out.put_u32_le(u32::try_from(size).unwrap_or(SEE_64));
    out.put_u32_le(u32::try_from(offset).unwrap_or(SEE_64));
    out.put_u16_le(0);
    out.freeze()
}

fn name_length(entry: &Entry) -> u16 {
    u16::try_from(entry.name.len()).unwrap_or(0)
}

/// Time and date as MS-DOS kept them; what is before 1980 becomes 1980.
fn dos_time(ms: i64) -> (u16, u16) {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(ms / 1000) else {
        return (0, 0x21);
    };
    let year = u16::try_from(at.year() - 1980).unwrap_or(0).min(127);
    if at.year() < 1980 {
        return (0, 0x21);
    }
    let time =
        u16::from(at.hour()) << 11 | u16::from(at.minute()) << 5 | u16::from(at.second() / 2);
    let date = year << 9 | u16::from(u8::from(at.month())) << 5 | u16::from(at.day());
    (time, date)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{Cursor, Read as _};

    fn file(name: &str, length: Option<u64>, content: Vec<u8>) -> Result<File> {
        let chunks: Vec<Result<Bytes>> = content
            .chunks(700_000)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        Ok(File {
            name: name.to_owned(),
            length,
            modified_ms: 1_700_000_000_000,
            body: stream::iter(chunks).boxed(),
        })
    }

    async fn written(files: Vec<Result<File>>) -> Vec<u8> {
        let chunks: Vec<Bytes> = archive(stream::iter(files).boxed())
            .map(Result::unwrap)
            .collect()
            .await;
        chunks.concat()
    }

    #[tokio::test]
    async fn another_program_reads_what_is_written() {
        let small = b"small".to_vec();
        let large: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        let bytes = written(vec![
            file("a/small.dcm", Some(5), small.clone()),
            file("a/large.dcm", Some(large.len() as u64), large.clone()),
            file("a/unknown.dcm", None, small.clone()),
            file("a/empty.dcm", Some(0), Vec::new()),
        ])
        .await;
        let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 4);
        for (name, content) in [
            ("a/small.dcm", small.clone()),
            ("a/large.dcm", large),
            ("a/unknown.dcm", small),
            ("a/empty.dcm", Vec::new()),
        ] {
            let mut file = archive.by_name(name).unwrap();
            let mut read = Vec::new();
            file.read_to_end(&mut read).unwrap();
            assert!(read == content, "{name}");
        }
    }

    #[tokio::test]
    async fn an_archive_of_nothing_and_of_very_much_is_read() {
        let bytes = written(Vec::new()).await;
        assert_eq!(::zip::ZipArchive::new(Cursor::new(bytes)).unwrap().len(), 0);
        let many = (0..70_000)
            .map(|n| file(&format!("{n}"), Some(0), Vec::new()))
            .collect();
        let bytes = written(many).await;
        assert_eq!(
            ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap().len(),
            70_000
        );
    }

    #[tokio::test]
    async fn an_error_ends_the_stream_without_a_directory() {
        let files = vec![file("a", Some(1), vec![1]), Err(Error::Timeout)];
        let results: Vec<Result<Bytes>> = archive(stream::iter(files).boxed()).collect().await;
        assert!(results.last().unwrap().is_err());
    }
}

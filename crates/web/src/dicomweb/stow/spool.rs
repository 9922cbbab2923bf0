//! Bulk data that wait for their data set: small ones in memory, large ones in a file that has no
//! name and so vanishes with the process.

use std::io::SeekFrom;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::error::{Error, Result};

/// Bytes read at a time.
const CHUNK: usize = 256 << 10;

/// A part's bytes.
pub struct Spool {
    memory: BytesMut,
    file: Option<File>,
    length: u64,
}

impl Spool {
    /// Empty.
    pub fn new() -> Spool {
        Spool {
            memory: BytesMut::new(),
            file: None,
            length: 0,
        }
    }

    /// Appends; moves to a file in `folder` beyond `in_memory` bytes.
    pub async fn write(&mut self, bytes: &Bytes, in_memory: usize, folder: &Path) -> Result<()> {
        self.length += bytes.len() as u64;
        if self.file.is_none() && self.memory.len() + bytes.len() <= in_memory {
            self.memory.extend_from_slice(bytes);
            return Ok(());
        }
        if self.file.is_none() {
            let folder = folder.to_owned();
            let file = tokio::task::spawn_blocking(move || {
                std::fs::create_dir_all(&folder)?;
                tempfile::tempfile_in(&folder)
            })
            .await
            .map_err(|error| Error::Internal(error.to_string()))?
            .map_err(cannot)?;
            let mut file = File::from_std(file);
            file.write_all(&self.memory).await.map_err(cannot)?;
            self.memory = BytesMut::new();
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            file.write_all(bytes).await.map_err(cannot)?;
        }
        Ok(())
    }

    /// Bytes in all.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes `offset..offset + length`, cut at the end.
    pub async fn read(&mut self, offset: u64, length: usize) -> Result<Bytes> {
        let rest = self.length.saturating_sub(offset);
        let length = length.min(usize::try_from(rest).unwrap_or(usize::MAX));
        match &mut self.file {
            None => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let bytes = self.memory.get(start..start.saturating_add(length));
                Ok(Bytes::copy_from_slice(bytes.unwrap_or_default()))
            }
            Some(file) => {
                file.flush().await.map_err(cannot)?;
                file.seek(SeekFrom::Start(offset)).await.map_err(cannot)?;
                let mut bytes = vec![0; length];
                file.read_exact(&mut bytes).await.map_err(cannot)?;
                Ok(bytes.into())
            }
        }
    }

    /// The next chunk from `offset`; empty at the end.
    pub async fn chunk(&mut self, offset: u64) -> Result<Bytes> {
        self.read(offset, CHUNK).await
    }
}

fn cannot(error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return Error::Archive(sagittal_archive::Error::Store(
            sagittal_store::Error::Full {
                path: "spool".into(),
                available: 0,
                needed: 0,
            },
        ));
    }
    Error::Internal(format!("cannot keep a part: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn small_and_large_parts_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        for in_memory in [10, 1000] {
            let mut spool = Spool::new();
            for n in 0..100u8 {
                let bytes = Bytes::from(vec![n; 7]);
                spool.write(&bytes, in_memory, folder.path()).await.unwrap();
            }
            assert_eq!(spool.length(), 700);
            assert_eq!(
                spool.read(13, 3).await.unwrap(),
                Bytes::from_static(&[1, 2, 2])
            );
            assert_eq!(spool.chunk(0).await.unwrap().len(), 700);
            assert_eq!(
                spool.read(699, 50).await.unwrap(),
                Bytes::from_static(&[99])
            );
            assert!(spool.chunk(700).await.unwrap().is_empty());
            assert!(spool.chunk(10_000).await.unwrap().is_empty());
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

//! One thing to be imported: a file, or a member of a ZIP file.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

use bytes::Bytes;
use tokio::sync::mpsc;

/// A file is read in chunks of this size, small ones at once.
pub(super) const CHUNK: usize = 2 << 20;

/// One thing to be imported.
pub(super) struct Item {
    /// How it is called in messages.
    pub name: String,
    /// Bytes, as far as known.
    pub size: u64,
    /// Identifies it in the journal.
    pub mark: u128,
    /// Its bytes.
    pub body: Body,
}

/// Where the bytes come from.
pub(super) enum Body {
    /// A file that is not open yet.
    Path(PathBuf),
    /// A file that is being read.
    File(File),
    /// Chunks that another thread reads.
    Chunks(mpsc::Receiver<io::Result<Bytes>>),
}

impl Body {
    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        match self {
            Body::Chunks(chunks) => chunks.recv().await.transpose(),
            Body::Path(path) => {
                let path = std::mem::take(path);
                let file = blocking(move || File::open(path)).await?;
                self.read(file).await
            }
            Body::File(file) => {
                let file = file.try_clone()?;
                self.read(file).await
            }
        }
    }

    async fn read(&mut self, file: File) -> io::Result<Option<Bytes>> {
        let (file, bytes) = blocking(move || {
            let rest = file
                .metadata()
                .map_or(CHUNK as u64, |metadata| metadata.len());
            let capacity = usize::try_from(rest).unwrap_or(CHUNK).min(CHUNK);
            let mut bytes = Vec::with_capacity(capacity + 1);
            (&file).take(CHUNK as u64).read_to_end(&mut bytes)?;
            Ok((file, bytes))
        })
        .await?;
        *self = Body::File(file);
        Ok((!bytes.is_empty()).then(|| bytes.into()))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

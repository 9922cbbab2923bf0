//! The few things packs ask of a disk, as a trait: the real file system, and in tests one that
//! loses power ([`super::sim`]).

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

/// A file of packs. Offsets are explicit, so that readers and the writer share one handle.
pub trait DiskFile: Send + Sync + Debug {
    /// Writes all chunks, one after the other, from `offset` on. After an error any part may have
    /// been written.
    fn write_at(&self, chunks: &[Bytes], offset: u64) -> io::Result<()>;

    /// Appends to `out` what lies at `offset`: up to `length` bytes, fewer at the end of the file.
    fn read_at(&self, offset: u64, length: usize, out: &mut Vec<u8>) -> io::Result<()>;

    /// As [`DiskFile::read_at`] if that needs no waiting for the device; `false` (and `out` as it
    /// was) if it does or that cannot be known.
    fn read_cached(&self, offset: u64, length: usize, out: &mut Vec<u8>) -> io::Result<bool>;

    /// Where the next bytes lie that were ever written, at or after `offset`; `None` if there are
    /// none. `offset` itself where that cannot be known.
    fn next_written(&self, offset: u64) -> io::Result<Option<u64>>;

    /// Returns when everything written before is on the device.
    fn sync_data(&self) -> io::Result<()>;

    /// Length of the file.
    fn length(&self) -> io::Result<u64>;

    /// Grows the file to `length` and reserves its blocks, where the file system can; `false` if it
    /// only became longer.
    fn allocate(&self, length: u64) -> io::Result<bool>;

    /// Cuts the file.
    fn truncate(&self, length: u64) -> io::Result<()>;
}

/// Where packs are kept.
pub trait Disk: Send + Sync + Debug {
    /// Creates a folder and those above it; it may exist.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Creates a file that must not exist, for reading and writing.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens an existing file for reading.
    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Renames a file.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns when the names created, renamed and removed in a folder are on the device.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Names and lengths of the files in a folder.
    fn list(&self, path: &Path) -> io::Result<Vec<(String, u64)>>;
    /// Bytes that may still be written to the volume that holds `path`.
    fn free_space(&self, path: &Path) -> io::Result<u64>;
}

/// The file system of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct FsDisk;

impl Disk for FsDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        std::fs::create_dir_all(path)?;
        // The new folder's own name must survive a power cut as well.
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => self.sync_folder(parent),
            _ => Ok(()),
        }
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(path)?;
        Ok(Arc::new(FsFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Arc::new(FsFile(file)))
    }

    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(FsFile(File::open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Windows cannot open a folder for this; NTFS journals names by itself.
        if cfg!(unix) {
            File::open(path)?.sync_all()
        } else {
            Ok(())
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                files.push((name, metadata.len()));
            }
        }
        Ok(files)
    }

    fn free_space(&self, path: &Path) -> io::Result<u64> {
        fs4::available_space(path)
    }
}

#[derive(Debug)]
struct FsFile(File);

impl DiskFile for FsFile {
    fn write_at(&self, chunks: &[Bytes], offset: u64) -> io::Result<()> {
        write_all_at(&self.0, chunks, offset)
    }

    fn read_at(&self, offset: u64, length: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let start = out.len();
        while out.len() - start < length {
            let done = out.len() - start;
            match read_some(&self.0, offset + done as u64, length - done, out) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn read_cached(&self, offset: u64, length: usize, out: &mut Vec<u8>) -> io::Result<bool> {
        use rustix::io::{ReadWriteFlags, preadv2};
        let start = out.len();
        out.resize(start + length, 0);
        let mut done = 0;
        while done < length {
            let Some(rest) = out.get_mut(start + done..) else {
                break;
            };
            let mut slices = [io::IoSliceMut::new(rest)];
            match preadv2(
                &self.0,
                &mut slices,
                offset + done as u64,
                ReadWriteFlags::NOWAIT,
            ) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(rustix::io::Errno::INTR) => {}
                // Not in the page cache, or a file system without this flag.
                Err(_) => {
                    out.truncate(start);
                    return Ok(false);
                }
            }
        }
        out.truncate(start + done);
        Ok(true)
    }

    #[cfg(not(target_os = "linux"))]
    fn read_cached(&self, _: u64, _: usize, _: &mut Vec<u8>) -> io::Result<bool> {
        Ok(false)
    }

    #[cfg(target_os = "linux")]
    fn next_written(&self, offset: u64) -> io::Result<Option<u64>> {
        // Moves the file's position, which nothing else uses.
        match rustix::fs::seek(&self.0, rustix::fs::SeekFrom::Data(offset)) {
            Ok(at) => Ok(Some(at)),
            Err(rustix::io::Errno::NXIO) => Ok(None),
            Err(_) => Ok(Some(offset)),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn next_written(&self, offset: u64) -> io::Result<Option<u64>> {
        Ok(Some(offset))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn allocate(&self, length: u64) -> io::Result<bool> {
        match fs4::FileExt::allocate(&self.0, length) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Err(error),
            // No such call on this file system: longer, but sparse.
            Err(_) => self.0.set_len(length).map(|()| false),
        }
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }
}

#[cfg(unix)]
fn read_some(file: &File, offset: u64, length: usize, out: &mut Vec<u8>) -> io::Result<usize> {
    // Reads into spare capacity: no zeroing before.
    out.reserve(length);
    let start = out.len();
    let mut part = std::mem::take(out);
    let result = rustix::io::pread(file, rustix::buffer::spare_capacity(&mut part), offset);
    // Spare capacity may exceed what was asked for.
    part.truncate(start + length);
    let count = part.len() - start;
    *out = part;
    result.map_err(io::Error::from)?;
    Ok(count)
}

#[cfg(windows)]
fn read_some(file: &File, offset: u64, length: usize, out: &mut Vec<u8>) -> io::Result<usize> {
    use std::os::windows::fs::FileExt;
    let start = out.len();
    out.resize(start + length, 0);
    let result = file.seek_read(&mut out[start..], offset);
    out.truncate(start + result.as_ref().copied().unwrap_or(0));
    result
}

/// As many chunks in one call as the system takes.
#[cfg(unix)]
fn write_all_at(file: &File, chunks: &[Bytes], mut offset: u64) -> io::Result<()> {
    // IOV_MAX is 1024 on every system we know.
    for batch in chunks.chunks(1024) {
        let mut slices: Vec<io::IoSlice<'_>> = batch.iter().map(|c| io::IoSlice::new(c)).collect();
        let mut rest = &mut slices[..];
        io::IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match pwritev(file, rest, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    offset += count as u64;
                    io::IoSlice::advance_slices(&mut rest, count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

#[cfg(unix)]
fn pwritev(file: &File, slices: &[io::IoSlice<'_>], offset: u64) -> io::Result<usize> {
    rustix::io::pwritev(file, slices, offset).map_err(io::Error::from)
}

#[cfg(windows)]
fn write_all_at(file: &File, chunks: &[Bytes], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    for chunk in chunks {
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            match file.seek_write(rest, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    offset += count as u64;
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn chunks_are_written_in_a_row_and_read_back_up_to_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let file = FsDisk.create(&path).unwrap();
        let chunks: Vec<Bytes> = (0..3000u32)
            .map(|n| Bytes::from(n.to_le_bytes().repeat((n % 3) as usize)))
            .collect();
        let whole = chunks.concat();
        file.write_at(&chunks, 5).unwrap();
        file.sync_data().unwrap();
        let mut out = vec![9];
        file.read_at(5, whole.len() + 10, &mut out).unwrap();
        assert_eq!(out[1..], whole[..]);
        out.clear();
        file.read_at(7, 3, &mut out).unwrap();
        assert_eq!(out[..], whole[2..5]);
        out.clear();
        if file.read_cached(7, 3, &mut out).unwrap() {
            assert_eq!(out[..], whole[2..5]);
        }
        assert!(FsDisk.create(&path).is_err());
        assert!(FsDisk.free_space(folder.path()).unwrap() > 0);
    }

    #[test]
    fn an_allocated_file_has_its_length_and_reads_as_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let file = FsDisk.create(&folder.path().join("x")).unwrap();
        file.allocate(100_000).unwrap();
        assert_eq!(file.length().unwrap(), 100_000);
        let mut out = Vec::new();
        file.read_at(99_990, 100, &mut out).unwrap();
        assert_eq!(out, vec![0; 10]);
        file.truncate(10).unwrap();
        assert_eq!(file.length().unwrap(), 10);
        let listed = FsDisk.list(folder.path()).unwrap();
        assert_eq!(listed, vec![("x".to_owned(), 10)]);
    }
}

//! One server, one folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::{Error, Result};

/// Holds the lock on a data folder until it is dropped (or the process dies).
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes `folder/lock`, writing our process id into it; [`Error::Locked`] if another has it.
    pub fn take(folder: &Path) -> Result<FolderLock> {
        let path = folder.join("lock");
        let io = |operation| {
            let path = path.clone();
            move |source| Error::Io {
                operation,
                path,
                source,
            }
        };
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(io("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // On Windows a locked file cannot be read: pid 0 then.
                let _ = file.read_to_string(&mut text);
                return Err(Error::Locked {
                    path: folder.to_owned(),
                    pid: text.trim().parse().unwrap_or(0),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io("lock")(source)),
        }
        file.set_len(0).map_err(io("write"))?;
        file.rewind().map_err(io("write"))?;
        write!(file, "{}", std::process::id()).map_err(io("write"))?;
        Ok(FolderLock { _file: file })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_second_server_is_told_who_has_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        match FolderLock::take(folder.path()) {
            Err(Error::Locked { pid, .. }) if cfg!(unix) => assert_eq!(pid, std::process::id()),
            Err(Error::Locked { .. }) => {}
            other => panic!("{other:?}"),
        }
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
    }
}

//! The bare receiver: takes C-STOREs and only appends and syncs their bytes. The ceiling that an
//! archive can be held against, and the destination of C-MOVEs.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use anyhow::{Context as _, Result, bail};
use rustix::fs::FallocateFlags;

use crate::association::{Association, Part};
use crate::message;

/// What happens to a data set before the answer.
#[derive(Clone)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// Appended to one file; one `fdatasync` answers for all that was appended before it.
    Group(Arc<Group>),
    /// A file of its own, synced.
    Files(Arc<Files>),
}

/// One file for all.
pub struct Group {
    file: File,
    end: AtomicU64,
    allocated: Mutex<u64>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    appended: u64,
    synced: u64,
    is_syncing: bool,
}

/// A folder of files.
pub struct Files {
    folder: PathBuf,
    next: AtomicU64,
}

const PREALLOCATED: u64 = 256 << 20;

impl Keep {
    /// By name: `nothing`, `group`, `files`.
    pub fn new(name: &str, folder: &Path) -> Result<Keep> {
        Ok(match name {
            "nothing" => Keep::Nothing,
            "group" => Keep::Group(Arc::new(Group {
                file: File::create(folder.join("all"))?,
                end: AtomicU64::new(0),
                allocated: Mutex::new(0),
                state: Mutex::default(),
                changed: Condvar::new(),
            })),
            "files" => Keep::Files(Arc::new(Files {
                folder: folder.to_path_buf(),
                next: AtomicU64::new(0),
            })),
            other => bail!("no such receiver: {other}"),
        })
    }

    fn keep(&self, bytes: &[u8]) -> Result<()> {
        match self {
            Keep::Nothing => Ok(()),
            Keep::Group(group) => group.append(bytes),
            Keep::Files(files) => files.write(bytes),
        }
    }
}

impl Group {
    fn append(&self, bytes: &[u8]) -> Result<()> {
        let length = bytes.len() as u64;
        let at = self.end.fetch_add(length, Ordering::Relaxed);
        self.allocate(at + length)?;
        self.file.write_all_at(bytes, at)?;
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        state.appended += 1;
        let mine = state.appended;
        while state.synced < mine {
            if state.is_syncing {
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(|poison| poison.into_inner());
                continue;
            }
            state.is_syncing = true;
            let upto = state.appended;
            drop(state);
            self.file.sync_data()?;
            state = self
                .state
                .lock()
                .unwrap_or_else(|poison| poison.into_inner());
            state.is_syncing = false;
            state.synced = upto;
            self.changed.notify_all();
        }
        Ok(())
    }

    fn allocate(&self, upto: u64) -> Result<()> {
        let mut allocated = self
            .allocated
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        while *allocated < upto {
            // A file system that cannot is only slower.
            let _ = rustix::fs::fallocate(
                &self.file,
                FallocateFlags::empty(),
                *allocated,
                PREALLOCATED,
            );
            *allocated += PREALLOCATED;
        }
        Ok(())
    }
}

impl Files {
    fn write(&self, bytes: &[u8]) -> Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let file = File::create(self.folder.join(number.to_string()))?;
        file.write_all_at(bytes, 0)?;
        file.sync_data()?;
        Ok(())
    }
}

/// Listens on a free port, one thread per association.
pub fn listen(keep: Keep, port: u16) -> Result<(SocketAddr, std::thread::JoinHandle<()>)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).context("cannot listen")?;
    let address = listener.local_addr()?;
    let thread = std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let keep = keep.clone();
            std::thread::spawn(move || {
                if let Err(error) = serve(stream, &keep) {
                    eprintln!("receiver: {error:#}");
                }
            });
        }
    });
    Ok((address, thread))
}

fn serve(stream: TcpStream, keep: &Keep) -> Result<()> {
    let mut association = Association::accept(stream)?;
    let mut bytes = Vec::new();
    let mut request = (0, Vec::new());
    loop {
        let is_kept = !matches!(keep, Keep::Nothing);
        let part = association.receive(|chunk| {
            if is_kept {
                bytes.extend_from_slice(chunk);
            }
        })?;
        match part {
            Part::Command(context, command) => request = (context, command),
            Part::DataSet(_) => {
                keep.keep(&bytes)?;
                bytes.clear();
                association.send(request.0, &message::store_response(&request.1), None)?;
            }
            Part::End => return Ok(()),
        }
    }
}

/// The program's `receive` command: prints the address and serves until it is ended.
pub fn run(keep: &str, folder: &Path) -> Result<()> {
    let (address, thread) = listen(Keep::new(keep, folder)?, 0)?;
    println!("{address}");
    if thread.join().is_err() {
        bail!("the receiver broke");
    }
    Ok(())
}

//! A disk in memory that remembers every write, sync, rename and removal, and can tell what a power
//! cut at any moment may leave: unsynced writes lost, reordered or torn between sectors, names not
//! yet synced missing. It can also fail on demand.
//!
//! The rules are those of POSIX, not of a benevolent file system: a file's bytes are sure after
//! `sync_data`, its name after `sync_folder`. A failed `sync_data` makes nothing sure, and neither
//! does a later successful one for what was written before it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::disk::{Disk, DiskFile};

/// The unit that is written whole or not at all.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
enum Op {
    Write {
        file: usize,
        offset: u64,
        data: Bytes,
    },
    SetLength {
        file: usize,
        length: u64,
    },
    Sync {
        file: usize,
    },
    FailedSync {
        file: usize,
    },
    Create {
        path: PathBuf,
        file: usize,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    SyncFolder {
        folder: PathBuf,
    },
    Mark(u64),
}

/// What shall go wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Writes until one fails half way with this kind.
    pub write: Option<(u64, io::ErrorKind)>,
    /// Syncs of files until one fails.
    pub sync: Option<u64>,
    /// Syncs of folders until one fails.
    pub sync_folder: Option<u64>,
    /// The volume holds this many bytes.
    pub capacity: Option<u64>,
    /// The file system cannot reserve blocks.
    pub sparse: bool,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Vec<u8>>,
    names: BTreeMap<PathBuf, usize>,
    log: Vec<Op>,
    faults: Faults,
}

/// The disk. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct SimFile {
    state: Arc<Mutex<State>>,
    file: usize,
}

impl SimDisk {
    /// Empty.
    pub fn new() -> SimDisk {
        SimDisk::default()
    }

    /// Sets what shall go wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state.lock().faults = faults;
    }

    /// Notes that something was promised (acknowledged) to the outside.
    pub fn mark(&self, number: u64) {
        self.state.lock().log.push(Op::Mark(number));
    }

    /// Moments at which the power can go: before the first operation up to after the last.
    pub fn moments(&self) -> usize {
        self.state.lock().log.len() + 1
    }

    /// What had been promised before a moment.
    pub fn marks_before(&self, moment: usize) -> Vec<u64> {
        let state = self.state.lock();
        let marks = state.log.iter().take(moment).filter_map(|op| match op {
            Op::Mark(number) => Some(*number),
            _ => None,
        });
        marks.collect()
    }

    /// Changes bytes behind everybody's back.
    pub fn corrupt(&self, path: &Path, offset: usize) {
        let mut state = self.state.lock();
        if let Some(file) = state.names.get(path).copied()
            && let Some(byte) = state
                .files
                .get_mut(file)
                .and_then(|bytes| bytes.get_mut(offset))
        {
            *byte ^= 0x55;
        }
    }

    /// One of the disks that a power cut at `moment` may leave, chosen by `seed`.
    pub fn after_power_cut(&self, moment: usize, seed: u64) -> SimDisk {
        let state = self.state.lock();
        let mut random = Random(seed | 1);
        // How much of what is unsure survives differs from state to state.
        let survival = [0, 25, 50, 90, 100][random.below(5)];
        let ops: Vec<&Op> = state.log.iter().take(moment).collect();
        let names = names_after(&ops, survival, &mut random);
        let files = (0..state.files.len())
            .map(|file| contents_after(&ops, file, survival, &mut random))
            .collect();
        SimDisk {
            state: Arc::new(Mutex::new(State {
                files,
                names,
                ..State::default()
            })),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        act(&mut self.state.lock())
    }

    fn open_file(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.with(|state| state.find(path))?;
        Ok(Arc::new(SimFile {
            state: self.state.clone(),
            file,
        }))
    }
}

/// Names whose folder was synced after them are sure, of the others some survive: either those up
/// to some moment (a journaling file system), or any.
fn names_after(ops: &[&Op], survival: usize, random: &mut Random) -> BTreeMap<PathBuf, usize> {
    let is_name = |op: &Op| {
        matches!(
            op,
            Op::Create { .. } | Op::Rename { .. } | Op::Remove { .. }
        )
    };
    let folder = |op: &Op| match op {
        Op::Create { path, .. } | Op::Remove { path } | Op::Rename { to: path, .. } => {
            path.parent().map(Path::to_owned)
        }
        _ => None,
    };
    let journaled = random.below(2) == 0;
    let mut cut = false;
    let mut names = BTreeMap::new();
    for (at, op) in ops.iter().enumerate().filter(|(_, op)| is_name(op)) {
        let parent = folder(op);
        let sure = ops.iter().skip(at).any(|later| match later {
            Op::SyncFolder { folder } => Some(folder) == parent.as_ref(),
            _ => false,
        });
        let lucky = random.below(100) < survival;
        cut |= journaled && !sure && !lucky;
        if sure || (lucky && !cut) {
            apply_name(op, &mut names);
        }
    }
    names
}

fn apply_name(op: &Op, names: &mut BTreeMap<PathBuf, usize>) {
    match op {
        Op::Create { path, file } => {
            names.insert(path.clone(), *file);
        }
        Op::Rename { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Op::Remove { path } => {
            names.remove(path);
        }
        _ => {}
    }
}

/// Bytes written before the last successful sync are sure, unless a failed one lies between; of
/// the others each sector survives or not.
fn contents_after(ops: &[&Op], file: usize, survival: usize, random: &mut Random) -> Vec<u8> {
    let last_sync = ops
        .iter()
        .rposition(|op| matches!(op, Op::Sync { file: of } if *of == file))
        .unwrap_or(0);
    // Pages that a failed sync could not write count as clean: no later sync writes them.
    let last_failure = ops
        .iter()
        .rposition(|op| matches!(op, Op::FailedSync { file: of } if *of == file))
        .unwrap_or(0);
    let before_failure = ops
        .iter()
        .take(last_failure)
        .rposition(|op| matches!(op, Op::Sync { file: of } if *of == file))
        .unwrap_or(0);
    let mut bytes: Vec<u8> = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        let sure = at < last_sync && !(at > before_failure && at < last_failure);
        match op {
            Op::Write {
                file: of,
                offset,
                data,
            } if *of == file => {
                let offset = usize::try_from(*offset).unwrap_or(0);
                write_sectors(&mut bytes, offset, data, |_| {
                    sure || random.below(100) < survival
                });
            }
            Op::SetLength { file: of, length }
                if *of == file && (sure || random.below(100) < survival) =>
            {
                bytes.resize(usize::try_from(*length).unwrap_or(0), 0);
            }
            _ => {}
        }
    }
    bytes
}

fn write_sectors(
    bytes: &mut Vec<u8>,
    offset: usize,
    data: &[u8],
    mut survives: impl FnMut(usize) -> bool,
) {
    let mut at = offset;
    let mut rest = data;
    while !rest.is_empty() {
        let room = SECTOR - at % SECTOR;
        let (now, later) = rest.split_at(room.min(rest.len()));
        if survives(at / SECTOR) {
            if bytes.len() < at + now.len() {
                bytes.resize(at + now.len(), 0);
            }
            if let Some(slot) = bytes.get_mut(at..at + now.len()) {
                slot.copy_from_slice(now);
            }
        }
        at += now.len();
        rest = later;
    }
}

impl State {
    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names
            .get(path)
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn used(&self) -> u64 {
        let named = self.names.values().filter_map(|&file| self.files.get(file));
        named.map(|bytes| bytes.len() as u64).sum()
    }

    fn bytes(&mut self, file: usize) -> io::Result<&mut Vec<u8>> {
        self.files
            .get_mut(file)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// May the file be this long?
    fn fits(&self, file: usize, length: u64) -> bool {
        let now = self.files.get(file).map_or(0, |bytes| bytes.len() as u64);
        let more = length.saturating_sub(now);
        self.faults
            .capacity
            .is_none_or(|capacity| self.used() + more <= capacity)
    }
}

impl Disk for SimDisk {
    fn create_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.with(|state| {
            if state.names.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let file = state.files.len();
            state.files.push(Vec::new());
            state.names.insert(path.to_owned(), file);
            state.log.push(Op::Create {
                path: path.to_owned(),
                file,
            });
            Ok(file)
        })?;
        Ok(Arc::new(SimFile {
            state: self.state.clone(),
            file,
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.open_file(path)
    }

    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.open_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.with(|state| {
            let file = state.find(from)?;
            state.names.remove(from);
            state.names.insert(to.to_owned(), file);
            state.log.push(Op::Rename {
                from: from.to_owned(),
                to: to.to_owned(),
            });
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.with(|state| {
            state.find(path)?;
            state.names.remove(path);
            state.log.push(Op::Remove {
                path: path.to_owned(),
            });
            Ok(())
        })
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.with(|state| {
            if countdown(&mut state.faults.sync_folder) {
                return Err(io::Error::other("injected"));
            }
            state.log.push(Op::SyncFolder {
                folder: path.to_owned(),
            });
            Ok(())
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<(String, u64)>> {
        self.with(|state| {
            let inside = state
                .names
                .iter()
                .filter(|(name, _)| name.parent() == Some(path));
            let listed = inside.filter_map(|(name, file)| {
                let name = name.file_name()?.to_str()?.to_owned();
                Some((name, state.files.get(*file)?.len() as u64))
            });
            Ok(listed.collect())
        })
    }

    fn free_space(&self, _: &Path) -> io::Result<u64> {
        self.with(|state| {
            let capacity = state.faults.capacity.unwrap_or(1 << 50);
            Ok(capacity.saturating_sub(state.used()))
        })
    }
}

impl DiskFile for SimFile {
    fn write_at(&self, chunks: &[Bytes], offset: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let mut whole = chunks.concat();
        let mut failure = None;
        if let Some((left, kind)) = &mut state.faults.write {
            if *left == 0 {
                failure = Some(*kind);
                state.faults.write = None;
            } else {
                *left -= 1;
            }
        }
        if failure.is_none() && !state.fits(self.file, offset + whole.len() as u64) {
            failure = Some(io::ErrorKind::StorageFull);
        }
        if failure.is_some() {
            // A short write.
            whole.truncate(whole.len() / 2);
        }
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        write_sectors(state.bytes(self.file)?, start, &whole, |_| true);
        let data = Bytes::from(whole);
        state.log.push(Op::Write {
            file: self.file,
            offset,
            data,
        });
        failure.map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn read_at(&self, offset: u64, length: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let mut state = self.state.lock();
        let bytes = state.bytes(self.file)?;
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let end = start.saturating_add(length).min(bytes.len());
        out.extend_from_slice(bytes.get(start..end).unwrap_or_default());
        Ok(())
    }

    fn read_cached(&self, offset: u64, length: usize, out: &mut Vec<u8>) -> io::Result<bool> {
        self.read_at(offset, length, out).map(|()| true)
    }

    fn next_written(&self, offset: u64) -> io::Result<Option<u64>> {
        Ok((offset < self.length()?).then_some(offset))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        if countdown(&mut state.faults.sync) {
            state.log.push(Op::FailedSync { file: self.file });
            return Err(io::Error::other("injected"));
        }
        state.log.push(Op::Sync { file: self.file });
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.state.lock().bytes(self.file)?.len() as u64)
    }

    fn allocate(&self, length: u64) -> io::Result<bool> {
        let mut state = self.state.lock();
        if !state.fits(self.file, length) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let sparse = state.faults.sparse;
        let new_length = usize::try_from(length).map_err(io::Error::other)?;
        let bytes = state.bytes(self.file)?;
        if bytes.len() < new_length {
            bytes.resize(new_length, 0);
            state.log.push(Op::SetLength {
                file: self.file,
                length,
            });
        }
        Ok(!sparse)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let new_length = usize::try_from(length).map_err(io::Error::other)?;
        state.bytes(self.file)?.resize(new_length, 0);
        state.log.push(Op::SetLength {
            file: self.file,
            length,
        });
        Ok(())
    }
}

/// True when it is time to fail.
fn countdown(left: &mut Option<u64>) -> bool {
    match left {
        Some(0) => {
            *left = None;
            true
        }
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    }
}

/// Small, seeded and good enough (xorshift).
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11
    }

    /// A number less than `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = limit.max(1) as u64;
        usize::try_from(self.number() % limit).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn leaves(disk: &SimDisk, path: &Path) -> std::collections::BTreeSet<Option<Vec<u8>>> {
        let moment = disk.moments() - 1;
        (0..200)
            .map(|seed| {
                let after = disk.after_power_cut(moment, seed * 7919 + 3);
                let file = after.open(path).ok()?;
                let mut out = Vec::new();
                file.read_at(0, 4096, &mut out).unwrap();
                Some(out)
            })
            .collect()
    }

    #[test]
    fn what_is_not_synced_may_be_lost_and_what_is_synced_is_not() {
        let (disk, path) = (SimDisk::new(), Path::new("/f/x"));
        let file = disk.create(path).unwrap();
        file.write_at(&[Bytes::from(vec![1; 600])], 0).unwrap();
        assert!(leaves(&disk, path).contains(&None));
        disk.sync_folder(Path::new("/f")).unwrap();
        let unsynced = leaves(&disk, path);
        assert!(unsynced.contains(&Some(vec![])) && unsynced.contains(&Some(vec![1; 600])));
        assert!(
            unsynced.contains(&Some(vec![1; 512])),
            "torn between sectors"
        );
        file.sync_data().unwrap();
        assert_eq!(leaves(&disk, path), [Some(vec![1; 600])].into());
    }

    #[test]
    fn a_failed_sync_is_not_made_good_by_a_later_one() {
        let (disk, path) = (SimDisk::new(), Path::new("/f/x"));
        let file = disk.create(path).unwrap();
        disk.sync_folder(Path::new("/f")).unwrap();
        disk.set_faults(Faults {
            sync: Some(0),
            ..Faults::default()
        });
        file.write_at(&[Bytes::from_static(b"lost")], 0).unwrap();
        assert!(file.sync_data().is_err());
        file.sync_data().unwrap();
        assert!(leaves(&disk, path).contains(&Some(vec![])));
    }
}

//! The audit log file: a bounded queue, one writer thread, JSON lines, rotation by size.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{Action, Event, Outcome};

/// How a log is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file; full ones become `<name>.<time>-<number>` beside it.
    pub path: PathBuf,
    /// Bytes of a file before a new one begins.
    pub rotate_at: u64,
    /// How many full files are kept; `None` for all.
    pub keep: Option<usize>,
    /// Written events are on the disk after this time at the latest.
    pub sync_every: Duration,
    /// Events that may wait to be written.
    pub queue: usize,
}

impl Options {
    /// The defaults for a file: 64 MiB each, all kept, synced each second.
    pub fn new(path: impl Into<PathBuf>) -> Options {
        Options {
            path: path.into(),
            rotate_at: 64 << 20,
            keep: None,
            sync_every: Duration::from_secs(1),
            queue: 16_384,
        }
    }
}

/// Appends events, each a JSON line with time and number. Cheap to clone; never blocks its callers:
/// a bounded queue and a writer thread; an event that cannot be written is counted and reported.
#[derive(Clone)]
pub struct AuditLog {
    shared: Option<Arc<Shared>>,
}

struct Shared {
    queue: Mutex<Option<SyncSender<Message>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    written: AtomicU64,
    dropped: AtomicU64,
}

enum Message {
    Event(OffsetDateTime, Box<Event>),
    Flush(SyncSender<()>),
}

/// One line of the file.
#[derive(Serialize)]
struct Line<'a> {
    number: u64,
    time: &'a str,
    #[serde(flatten)]
    event: &'a Event,
}

impl AuditLog {
    /// Opens (appends to) the file, with the defaults.
    pub fn open(path: &Path) -> std::io::Result<AuditLog> {
        AuditLog::open_with(Options::new(path))
    }

    /// Opens (appends to) the file.
    pub fn open_with(options: Options) -> std::io::Result<AuditLog> {
        let counters = Arc::new(Counters::default());
        let writer = Writer::open(options.clone(), counters.clone())?;
        let (sender, receiver) = sync_channel(options.queue.max(1));
        let thread = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || writer.run(&receiver))?;
        Ok(AuditLog {
            shared: Some(Arc::new(Shared {
                queue: Mutex::new(Some(sender)),
                writer: Mutex::new(Some(thread)),
                counters,
            })),
        })
    }

    /// Keeps nothing (tests, tools).
    pub fn discard() -> AuditLog {
        AuditLog { shared: None }
    }

    /// Records an event. Never waits.
    pub fn record(&self, event: Event) {
        let Some(shared) = &self.shared else { return };
        let message = Message::Event(OffsetDateTime::now_utc(), Box::new(event));
        let sent = match &*shared.queue.lock() {
            Some(queue) => queue.try_send(message).map_err(|error| match error {
                TrySendError::Full(_) | TrySendError::Disconnected(_) => (),
            }),
            None => Err(()),
        };
        if sent.is_err() {
            shared.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Events that could not be written: the queue was full, or the disk refused.
    pub fn dropped(&self) -> u64 {
        self.shared
            .as_ref()
            .map_or(0, |shared| shared.counters.dropped.load(Ordering::Relaxed))
    }

    /// Events written.
    pub fn written(&self) -> u64 {
        self.shared
            .as_ref()
            .map_or(0, |shared| shared.counters.written.load(Ordering::Relaxed))
    }

    /// Waits until everything recorded so far is on the disk. Blocks.
    pub fn flush(&self) {
        let Some(shared) = &self.shared else { return };
        let queue = shared.queue.lock().clone();
        if let Some(queue) = queue {
            let (done, wait) = sync_channel(1);
            if queue.send(Message::Flush(done)).is_ok() {
                let _ = wait.recv();
            }
        }
    }

    /// Writes what waits, syncs and ends the writer. Later events are counted as dropped. Blocks.
    pub fn close(&self) {
        let Some(shared) = &self.shared else { return };
        drop(shared.queue.lock().take());
        let thread = shared.writer.lock().take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop(self.queue.get_mut().take());
        if let Some(thread) = self.writer.get_mut().take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    options: Options,
    counters: Arc<Counters>,
    file: BufWriter<File>,
    length: u64,
    number: u64,
    /// Lost events that the log itself does not yet mention.
    reported: u64,
    dirty_since: Option<Instant>,
}

impl Writer {
    fn open(options: Options, counters: Arc<Counters>) -> std::io::Result<Writer> {
        if let Some(folder) = options.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&options.path)?;
        let number = end_torn_line(&mut file)?;
        let number = number
            .or_else(|| last_of_rotated(&options.path))
            .unwrap_or(0);
        let length = file.metadata()?.len();
        Ok(Writer {
            options,
            counters,
            file: BufWriter::with_capacity(64 << 10, file),
            length,
            number,
            reported: 0,
            dirty_since: None,
        })
    }

    fn run(mut self, queue: &Receiver<Message>) {
        loop {
            let wait = match self.dirty_since {
                Some(since) => self.options.sync_every.saturating_sub(since.elapsed()),
                None => Duration::from_secs(3600),
            };
            match queue.recv_timeout(wait) {
                Ok(Message::Event(at, event)) => {
                    self.report_losses();
                    self.write(at, &event);
                }
                Ok(Message::Flush(done)) => {
                    self.report_losses();
                    self.sync();
                    let _ = done.send(());
                }
                Err(RecvTimeoutError::Timeout) => self.sync(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let late = self
                .dirty_since
                .is_some_and(|since| since.elapsed() >= self.options.sync_every);
            if late {
                self.sync();
            }
        }
        self.report_losses();
        self.sync();
    }

    /// A gap in the log is itself an event.
    fn report_losses(&mut self) {
        let dropped = self.counters.dropped.load(Ordering::Relaxed);
        if dropped > self.reported {
            let event = Event::new(Action::SecurityAlert, "audit")
                .outcome(Outcome::SeriousFailure)
                .detail(format!(
                    "{} audit events were lost",
                    dropped - self.reported
                ));
            self.reported = dropped;
            self.write(OffsetDateTime::now_utc(), &event);
        }
    }

    fn write(&mut self, at: OffsetDateTime, event: &Event) {
        match self.try_write(at, event) {
            Ok(()) => self.counters.written.fetch_add(1, Ordering::Relaxed),
            Err(_) => self.counters.dropped.fetch_add(1, Ordering::Relaxed),
        };
    }

    fn try_write(&mut self, at: OffsetDateTime, event: &Event) -> std::io::Result<()> {
        if self.length >= self.options.rotate_at {
            self.rotate(at)?;
        }
        let time = at.format(&Rfc3339).map_err(std::io::Error::other)?;
        let line = Line {
            number: self.number + 1,
            time: &time,
            event,
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.number += 1;
        self.length += text.len() as u64;
        self.dirty_since.get_or_insert_with(Instant::now);
        Ok(())
    }

    fn sync(&mut self) {
        if self.dirty_since.take().is_some() {
            let synced = self
                .file
                .flush()
                .and_then(|()| self.file.get_ref().sync_data());
            if synced.is_err() {
                self.counters.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn rotate(&mut self, at: OffsetDateTime) -> std::io::Result<()> {
        self.sync();
        let stamp = at.unix_timestamp();
        let full = with_suffix(
            &self.options.path,
            &format!("{stamp:012}-{:012}", self.number),
        );
        std::fs::rename(&self.options.path, full)?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.options.path)?;
        self.file = BufWriter::with_capacity(64 << 10, file);
        self.length = 0;
        if let Some(folder) = self.options.path.parent()
            && let Ok(folder) = File::open(folder)
        {
            // Not every system can sync a folder; the events themselves are synced.
            let _ = folder.sync_all();
        }
        if let Some(keep) = self.options.keep {
            let files = rotated(&self.options.path);
            for old in files.iter().rev().skip(keep) {
                let _ = std::fs::remove_file(old);
            }
        }
        Ok(())
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// Full files, oldest first: their names sort by time and number.
fn rotated(path: &Path) -> Vec<PathBuf> {
    let prefix = with_suffix(path, "");
    let prefix = prefix.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name().is_some_and(|name| {
                let name = name.to_string_lossy();
                name.strip_prefix(&*prefix).is_some_and(|rest| {
                    rest.len() == 25 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'-')
                })
            })
        })
        .collect();
    files.sort();
    files
}

fn last_of_rotated(path: &Path) -> Option<u64> {
    let last = rotated(path).pop()?;
    let name = last.file_name()?.to_string_lossy().into_owned();
    name.rsplit_once('-')?.1.parse().ok()
}

/// Ends a line that a crash cut, and gives the number of the last whole line.
fn end_torn_line(file: &mut File) -> std::io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let tail = length.min(256 << 10);
    file.seek(SeekFrom::Start(length - tail))?;
    let mut bytes = Vec::new();
    (&*file).take(tail).read_to_end(&mut bytes)?;
    if bytes.last().is_some_and(|byte| *byte != b'\n') {
        file.write_all(b"\n")?;
    }
    #[derive(serde::Deserialize)]
    struct Numbered {
        number: u64,
    }
    Ok(bytes
        .split(|byte| *byte == b'\n')
        .rev()
        .find_map(|line| serde_json::from_slice::<Numbered>(line).ok())
        .map(|line| line.number))
}

#[cfg(test)]
mod tests;

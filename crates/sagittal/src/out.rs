//! Standard output. A reader that has gone (`sagittal … | head`) is no failure: what is left to
//! say is left out, and the work goes on. Anything else (a full disk) makes the command fail.

use std::fmt;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU8, Ordering};

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const FAILED: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(OPEN);

/// Writes a line: as `println!`, but for what its module says.
#[macro_export]
macro_rules! say {
    () => { $crate::out::line(format_args!("")) };
    ($($argument:tt)*) => { $crate::out::line(format_args!($($argument)*)) };
}

/// Writes text that has its line feeds: as `print!`, but for what its module says.
#[macro_export]
macro_rules! show {
    ($($argument:tt)*) => { $crate::out::text(format_args!($($argument)*)) };
}

/// Writes a line.
pub fn line(text: fmt::Arguments<'_>) {
    self::text(format_args!("{text}\n"));
}

/// Writes text.
pub fn text(text: fmt::Arguments<'_>) {
    if STATE.load(Ordering::Relaxed) != OPEN {
        return;
    }
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) {
        if is_closed(&error) {
            STATE.store(CLOSED, Ordering::Relaxed);
        } else {
            STATE.store(FAILED, Ordering::Relaxed);
            eprintln!("sagittal: cannot write to standard output: {error}");
        }
    }
}

/// The reader has gone.
pub fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// Something was not written, and not because nobody read it.
pub fn has_failed() -> bool {
    STATE.load(Ordering::Relaxed) == FAILED
}

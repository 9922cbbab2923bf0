//! Dates and times (PS3.5 §6.2 DA, TM, DT) and ranges of them in queries (PS3.4 §C.2.2.2.5).

mod date;
mod instant;
mod range;
mod time;

pub use date::Date;
pub use instant::{DateTime, Offset};
pub use range::{DateRange, DateTimeRange, TimeRange};
pub use time::Time;

/// A number of exactly this many digits at the start of `text`, and the rest.
fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    let ok = !head.is_empty() && head.bytes().all(|b| b.is_ascii_digit());
    if ok {
        head.parse().ok().map(|number| (number, rest))
    } else {
        None
    }
}

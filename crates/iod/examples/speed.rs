//! How many data sets a second one core validates:
//! `cargo run --release -p sagittal-iod --example speed -- FILE…`

use std::time::{Duration, Instant};

use sagittal_core::Limits;
use sagittal_iod::{Options, validate_file};

/// Rounds of which the fastest counts: other programs only ever make it slower.
const ROUNDS: u32 = 20;
/// Validations in a round.
const REPEATS: u32 = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let bytes = bytes::Bytes::from(std::fs::read(&path)?);
        let once = || -> Result<usize, sagittal_file::Error> {
            let file = sagittal_file::part10::read(&bytes, Limits::default())?;
            Ok(validate_file(&file, Options::default()).len())
        };
        let findings = once()?;
        let mut fastest = Duration::MAX;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for _ in 0..REPEATS {
                once()?;
            }
            fastest = fastest.min(start.elapsed());
        }
        let rate = f64::from(REPEATS) / fastest.as_secs_f64();
        println!("{rate:.0} a second, {findings} findings: {path}");
    }
    Ok(())
}

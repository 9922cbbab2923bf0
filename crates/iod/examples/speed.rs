//! How many data sets a second one core validates:
//! `cargo run --release -p sagittal-iod --example speed -- FILE…`

use std::time::{Duration, Instant};

use sagittal_core::{Limits, tags};
use sagittal_file::part10::File;
use sagittal_iod::{Options, attribute_type, validate_file};

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
        look_ups(&sagittal_file::part10::read(&bytes, Limits::default())?);
    }
    Ok(())
}

/// What asking for the type of an element costs.
fn look_ups(file: &File) {
    let class = file.data_set.first_text(tags::SOP_CLASS_UID);
    let class = class.unwrap_or_default();
    let mut fastest = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..REPEATS {
            for element in file.data_set.elements() {
                std::hint::black_box(attribute_type(&class, &[element.tag]));
            }
        }
        fastest = fastest.min(start.elapsed());
    }
    let count = f64::from(REPEATS) * file.data_set.len() as f64;
    println!(
        "{:.0} ns a look-up of a type",
        fastest.as_secs_f64() * 1e9 / count
    );
}

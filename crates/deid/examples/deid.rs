//! De-identifies files without anything around it: to look at outputs and to measure.
//!
//! `cargo run --release -p sagittal-deid --example deid -- POLICY OUT FILE…` writes outputs;
//! `… -- POLICY --time N FILE…` measures N rounds over the files in memory, on one core.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use sagittal_deid::{Change, Policy, Project, ProjectKey, deidentify};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let policy = arguments.next().ok_or("POLICY is missing")?;
    let out = arguments.next().ok_or("OUT is missing")?;
    let policy = Policy::from_toml(&std::fs::read_to_string(policy)?)?;
    let project = Project::new(policy, ProjectKey::new([7; 32]));
    if out == "--time" {
        let rounds: u32 = arguments.next().ok_or("N is missing")?.parse()?;
        return measure(&project, rounds, arguments);
    }
    for (number, file) in arguments.enumerate() {
        let bytes = Bytes::from(std::fs::read(&file)?);
        match deidentify(&bytes, &project, &mut ()).and_then(|output| output.to_bytes()) {
            Ok(written) => {
                let name = Path::new(&out).join(format!("{number:05}.dcm"));
                std::fs::write(&name, written)?;
                println!("{file}\t{}", name.display());
            }
            Err(error) => println!("{file}\t-\t{error}"),
        }
    }
    Ok(())
}

fn measure(
    project: &Project,
    rounds: u32,
    files: impl Iterator<Item = String>,
) -> Result<(), Box<dyn Error>> {
    for file in files {
        let bytes = Bytes::from(std::fs::read(&file)?);
        let start = Instant::now();
        let mut changes = 0_u64;
        for _ in 0..rounds {
            let key = [1; 32];
            let mut listen = |change: Change<'_>| {
                changes += 1;
                blake3::keyed_hash(&key, change.before);
            };
            let output = deidentify(&bytes, project, &mut listen)?;
            std::hint::black_box(output.chunks()?);
        }
        let each = start.elapsed().as_secs_f64() / f64::from(rounds.max(1));
        println!(
            "{file}: {:.3} ms, {:.0} per second, {} elements",
            each * 1e3,
            1.0 / each,
            changes / u64::from(rounds.max(1))
        );
    }
    Ok(())
}

//! How fast texts are cleaned: `cargo run --release -p sagittal-deid --example text_speed`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use sagittal_deid::text::{Cleaner, Identity, Kind, Leave};

const DESCRIPTORS: [&str; 12] = [
    "T1_MPRAGE_SAG",
    "ax T2 FSE fat sat",
    "CT Thorax mit KM i.v.",
    "ABD/PELVIS W CONTRAST",
    "Chest 1.0 B70f",
    "L-SPINE W/O",
    "ep2d_diff_3scan_trace_p2_ADC",
    "Thorax p.a.",
    "Localizer",
    "MPR COR 3.0 x 3.0",
    "ORIGINAL",
    "white matter lesions",
];

fn identity() -> Identity {
    let mut identity = Identity::default();
    for (kind, term) in [
        (Kind::PatientName, "Doe^John^Quincy"),
        (Kind::StaffName, "Smith^Jane"),
        (Kind::StaffName, "Kowalski^Jan"),
        (Kind::Identifier, "4711-0815"),
        (Kind::Identifier, "ACC2024X77"),
        (Kind::Institution, "Springfield General Hospital"),
        (Kind::Place, "12 Main Street, Springfield"),
        (Kind::Date, "20240131"),
        (Kind::BirthDate, "19560302"),
        (Kind::Device, "CTAWP7712"),
    ] {
        identity.add(kind, term);
    }
    identity
}

fn each(name: &str, mut run: impl FnMut() -> usize) {
    run();
    let (start, mut rounds, mut units) = (Instant::now(), 0_u32, 0);
    while start.elapsed() < Duration::from_millis(700) {
        units += run();
        rounds += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name}: {:.2} µs a unit, {rounds} rounds",
        seconds * 1e6 / units as f64
    );
}

fn main() {
    let cleaner = Cleaner::new(identity(), Leave::default());
    each("short text without hits", || {
        for text in DESCRIPTORS {
            black_box(cleaner.clean(black_box(text)));
        }
        DESCRIPTORS.len()
    });
    each("short text with hits", || {
        for text in ["DOE_JOHN_T1", "CT 31.01.2024", "seen by Dr. Smith, stable"] {
            black_box(cleaner.clean(black_box(text)));
        }
        3
    });
    let report =
        "There is a 5 mm nodule in the right upper lobe. No pleural effusion. ".repeat(1500);
    each("report, per kilobyte", || {
        black_box(cleaner.clean(black_box(&report)));
        report.len() / 1000
    });
    each("cleaner made", || {
        black_box(Cleaner::new(identity(), Leave::default()));
        1
    });
}

//! Generated studies: realistic headers and pictures of patients who do not exist. For a first
//! look (`sagittal serve --demo`), for tests and for benchmarks.
//!
//! Everything follows from the numbers here, so two runs give the same bytes and UIDs.

mod context;
pub mod cr;
pub mod ct;
pub mod ecg;
pub mod mr;
mod noise;
mod object;
mod phantom;
pub mod sr;
pub mod us;

#[cfg(test)]
mod tests;

pub use context::{PATIENTS, Patient, Series, Study};
pub use object::{Object, uid};

/// The studies of `--demo`, one after the other: CT with two series and a report, MR,
/// ultrasound, computed radiography, ECG.
pub fn objects() -> impl Iterator<Item = Object> {
    let chest = Study::new(
        &PATIENTS[0],
        "demo-ct",
        "20260112",
        "091500",
        "CT Thorax mit Kontrastmittel",
    );
    let head = Study::new(
        &PATIENTS[1],
        "demo-mr",
        "20260203",
        "141000",
        "ΜΡΤ εγκεφάλου",
    );
    let heart = Study::new(
        &PATIENTS[2],
        "demo-us",
        "20260219",
        "103000",
        "心エコー検査",
    );
    let thorax = Study::new(&PATIENTS[3], "demo-cr", "20260302", "082000", "أشعة الصدر");
    let rhythm = Study::new(
        &PATIENTS[4],
        "demo-ecg",
        "20260311",
        "160500",
        "12-lead ECG at rest",
    );

    let soft = ct::Recipe::chest(&chest, 1, 20);
    let sharp = ct::Recipe::lung(&chest, 2, 20);
    let nodule = sharp.nodule();
    let report = sr::measurement_report(&chest, 3, &nodule);
    ct::slices(soft)
        .chain(ct::slices(sharp))
        .chain(std::iter::once(report))
        .chain(mr::slices(mr::Recipe::head(&head, 1, 20)))
        .chain(std::iter::once(us::clip(&heart, 1, 24)))
        .chain(std::iter::once(cr::chest(&thorax, 1, 1024)))
        .chain(std::iter::once(ecg::at_rest(&rhythm, 1)))
}

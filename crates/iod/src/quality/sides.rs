//! Sides of the body (PS3.3 §C.7.3.1, §C.8.11.7).

use sagittal_core::{Tag, sop_class, tags};

use crate::finding::{Kind, Severity};
use crate::validate::collector::{Collector, Draft};

/// Images of one breast each, which must say of which.
const OF_A_BREAST: [&str; 2] = [
    sop_class::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
    sop_class::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
];

/// Checks Laterality and Image Laterality, alone and with each other.
pub fn check(class: &[u8], of_series: &[u8], of_image: Option<&[u8]>, collector: &mut Collector) {
    let mut add = |tag: Tag, severity, clause, found: &'static str| {
        collector.add_at(
            tag,
            Draft {
                kind: Kind::Laterality,
                severity,
                clause,
                found: found.into(),
                fix: "state the side as R or L, also B for both in Image Laterality".into(),
                ..Draft::default()
            },
        );
    };
    const SERIES: &str = "PS3.3 §C.7.3.1";
    const IMAGE: &str = "PS3.3 §C.8.11.7";
    if !matches!(of_series, b"" | b"R" | b"L") {
        let found = "a side that is neither R nor L";
        add(tags::LATERALITY, Severity::Error, SERIES, found);
    }
    let image = of_image.unwrap_or_default();
    if !matches!(image, b"" | b"R" | b"L" | b"U" | b"B") {
        let found = "a side that is none of R, L, U and B";
        add(tags::IMAGE_LATERALITY, Severity::Error, IMAGE, found);
    }
    if matches!((of_series, image), (b"R", b"L") | (b"L", b"R")) {
        let found = "the other side than Laterality says";
        add(tags::IMAGE_LATERALITY, Severity::Error, SERIES, found);
    }
    if image.is_empty() && OF_A_BREAST.iter().any(|uid| uid.as_bytes() == class) {
        let found = "no side, and a mammogram must have one";
        add(tags::IMAGE_LATERALITY, Severity::Error, IMAGE, found);
    }
}

//! Vectors and spacings of one data set or item (PS3.3 §C.7.6.2, §C.7.6.3.1.7).

use sagittal_core::{DataSet, Tag, tags};

use super::collector::{Collector, Draft};
use crate::finding::{Kind, Severity};

/// How far the length of a direction may be from one, and two axes from a right angle.
const TOLERANCE: f64 = 1e-3;

/// Checks the attributes of this data set, not those of its items.
pub fn check(data_set: &DataSet, collector: &mut Collector) {
    for element in data_set.elements() {
        match element.tag {
            tags::IMAGE_ORIENTATION_PATIENT | tags::IMAGE_ORIENTATION_SLIDE => {
                orientation(data_set, element.tag, collector);
            }
            tags::VELOCITY_ENCODING_DIRECTION => direction(data_set, element.tag, collector),
            tags::PIXEL_SPACING | tags::IMAGER_PIXEL_SPACING => {
                spacing(data_set, element.tag, collector);
            }
            tags::PIXEL_ASPECT_RATIO => aspect_ratio(data_set, collector),
            _ => {}
        }
    }
}

fn add(tag: Tag, clause: &'static str, found: &'static str, collector: &mut Collector) {
    collector.add_at(
        tag,
        Draft {
            kind: Kind::Geometry,
            severity: Severity::Error,
            clause,
            found: found.into(),
            fix: "correct the numbers: the device that made the object knows its geometry".into(),
            ..Draft::default()
        },
    );
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn is_unit(vector: [f64; 3]) -> bool {
    (dot(vector, vector).sqrt() - 1.0).abs() <= TOLERANCE
}

fn orientation(data_set: &DataSet, tag: Tag, collector: &mut Collector) {
    let values = data_set.floats(tag);
    let [a, b, c, d, e, f] = values[..] else {
        return;
    };
    let (row, column) = ([a, b, c], [d, e, f]);
    let clause = "PS3.3 §C.7.6.2";
    if !is_unit(row) || !is_unit(column) {
        add(tag, clause, "a direction that is no unit vector", collector);
    } else if dot(row, column).abs() > TOLERANCE {
        add(
            tag,
            clause,
            "row and column are not at right angles",
            collector,
        );
    }
}

fn direction(data_set: &DataSet, tag: Tag, collector: &mut Collector) {
    if let [a, b, c] = data_set.floats(tag)[..]
        && !is_unit([a, b, c])
    {
        add(
            tag,
            "PS3.3 §C.8.13.5",
            "a direction that is no unit vector",
            collector,
        );
    }
}

fn spacing(data_set: &DataSet, tag: Tag, collector: &mut Collector) {
    let wrong = |value: &f64| !value.is_finite() || *value < 0.0;
    let values = data_set.floats(tag);
    if values.iter().any(wrong) {
        add(tag, "PS3.3 §10.7.1.3", "a spacing below zero", collector);
    } else if values.contains(&0.0) && !is_single(data_set) {
        add(tag, "PS3.3 §10.7.1.3", "a spacing of zero", collector);
    }
}

/// A row or column alone has no spacing across.
fn is_single(data_set: &DataSet) -> bool {
    let one = |tag| data_set.int(tag) == Some(1);
    one(tags::ROWS) || one(tags::COLUMNS) || data_set.int(tags::ROWS).is_none()
}

fn aspect_ratio(data_set: &DataSet, collector: &mut Collector) {
    let ratio = data_set.ints(tags::PIXEL_ASPECT_RATIO);
    let [vertical, horizontal] = ratio[..] else {
        return;
    };
    let (found, fix) = if vertical == horizontal {
        ("1:1, which is not stated", "leave it out")
    } else if vertical <= 0 || horizontal <= 0 {
        ("a ratio that is not positive", "give the true ratio")
    } else {
        return;
    };
    collector.add_at(
        tags::PIXEL_ASPECT_RATIO,
        Draft {
            kind: Kind::Pixels,
            clause: "PS3.3 §C.7.6.3.1.7",
            found: found.into(),
            fix: fix.into(),
            ..Draft::default()
        },
    );
}

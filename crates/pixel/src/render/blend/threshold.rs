//! Thresholds of an input of a blending: which of its values are shown (PS3.3 §C.11.33.1.2.1).

use sagittal_core::{DataSet, tags};

use super::refused;
use crate::Result;

/// Values that are shown are those that any of these takes; all others count as padding.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Thresholds(Vec<Threshold>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Threshold {
    Between(f64, f64),
    Outside(f64, f64),
    AtLeast(f64),
    AtMost(f64),
    Above(f64),
    Below(f64),
}

impl Thresholds {
    /// Those of an item of Advanced Blending Sequence; `None` if it has none.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) for one that is not understood: a picture
    /// without it would show what is not to be seen.
    pub(super) fn read(input: &DataSet) -> Result<Option<Thresholds>> {
        let items = input.items(tags::THRESHOLD_SEQUENCE);
        if items.is_empty() {
            return Ok(None);
        }
        let thresholds: Option<Vec<Threshold>> = items.iter().map(Threshold::read).collect();
        match thresholds {
            Some(thresholds) => Ok(Some(Thresholds(thresholds))),
            None => Err(refused("thresholds of an unknown type, or without values")),
        }
    }

    /// Is this value, an output of the modality transformation, shown?
    pub(super) fn show(&self, value: f64) -> bool {
        self.0.iter().any(|threshold| threshold.shows(value))
    }
}

impl Threshold {
    fn read(item: &DataSet) -> Option<Threshold> {
        let values: Vec<f64> = item
            .items(tags::THRESHOLD_VALUE_SEQUENCE)
            .iter()
            .filter_map(|value| value.float(tags::THRESHOLD_VALUE))
            .collect();
        let kind = item.first_text(tags::THRESHOLD_TYPE)?;
        Some(match (kind.as_str(), values.as_slice()) {
            ("RANGE_INCL", &[one, other]) => Threshold::Between(one.min(other), one.max(other)),
            ("RANGE_EXCL", &[one, other]) => Threshold::Outside(one.min(other), one.max(other)),
            ("GREATER_OR_EQUAL", &[value]) => Threshold::AtLeast(value),
            ("LESS_OR_EQUAL", &[value]) => Threshold::AtMost(value),
            ("GREATER_THAN", &[value]) => Threshold::Above(value),
            ("LESS_THAN", &[value]) => Threshold::Below(value),
            _ => return None,
        })
    }

    fn shows(&self, value: f64) -> bool {
        match *self {
            Threshold::Between(from, to) => (from..=to).contains(&value),
            Threshold::Outside(from, to) => value < from || value > to,
            Threshold::AtLeast(limit) => value >= limit,
            Threshold::AtMost(limit) => value <= limit,
            Threshold::Above(limit) => value > limit,
            Threshold::Below(limit) => value < limit,
        }
    }
}

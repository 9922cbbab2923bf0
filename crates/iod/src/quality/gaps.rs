//! Instances that are missing in a series.

use std::collections::BTreeSet;

use sagittal_core::tags;

use crate::finding::{Finding, Kind, Severity};

/// Fewer instances say nothing.
const FEWEST: usize = 5;

/// Are instance numbers missing between those of a series? A warning if they are few, as when some
/// were lost on the way; many may be what the device left out.
pub fn gap(numbers: impl IntoIterator<Item = i64>) -> Option<Finding> {
    let numbers: BTreeSet<i64> = numbers.into_iter().collect();
    let (first, last) = (*numbers.first()?, *numbers.last()?);
    let count = i64::try_from(numbers.len()).ok()?;
    let span = last.checked_sub(first)?.checked_add(1)?;
    let missing = span.checked_sub(count)?;
    if numbers.len() < FEWEST || missing == 0 || missing > count || is_regular(&numbers) {
        return None;
    }
    let few = missing.saturating_mul(10) <= span;
    let (severity, found) = if few {
        let found = "some instance numbers are missing, fewer than one in ten";
        (Severity::Warning, found)
    } else {
        (Severity::Information, "many instance numbers are missing")
    };
    Some(super::finding(
        Some(tags::INSTANCE_NUMBER),
        Kind::SeriesGap,
        severity,
        "PS3.3 §C.7.6.1",
        found,
        "compare the number of instances with the device, and send the series again",
    ))
}

/// Every second number and the like.
fn is_regular(numbers: &BTreeSet<i64>) -> bool {
    let mut steps = numbers
        .iter()
        .zip(numbers.iter().skip(1))
        .map(|(a, b)| b - a);
    let first = steps.next();
    steps.all(|step| Some(step) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(numbers: impl IntoIterator<Item = i64>) -> Option<Severity> {
        gap(numbers).map(|finding| finding.severity)
    }

    #[test]
    fn what_was_lost_is_told_from_what_was_left_out() {
        assert_eq!(severity(101..=200), None);
        assert_eq!(
            severity((1..=100).filter(|n| *n != 37)),
            Some(Severity::Warning)
        );
        let half = (1..=20).filter(|n| *n % 3 > 0);
        assert_eq!(severity(half), Some(Severity::Information));
        // Every second, far apart, too few, all alike, none.
        assert_eq!(severity((1..100).step_by(2)), None);
        assert_eq!(severity([1, 2, 3, 4, 1000]), None);
        assert_eq!(severity([1, 2, 4]), None);
        assert_eq!(severity([1; 10]), None);
        assert_eq!(severity([]), None);
        assert_eq!(severity([i64::MIN, 0, 1, 2, 3, i64::MAX]), None);
    }
}

//! Days that exist but cannot be meant.

use sagittal_core::{Tag, tags};

use crate::finding::{Kind, Severity};
use crate::validate::collector::{Collector, Draft};

/// Before it nobody was X-rayed: the day of Röntgen's discovery.
const FIRST_IMAGE: u32 = 1895_11_08;
/// Nobody is older than so many years.
const OLDEST: u32 = 130_00_00;

/// A day as a number whose order is that of days. `None` if it is not eight digits.
pub fn day(value: &[u8]) -> Option<u32> {
    if value.len() != 8 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn odd(found: &'static str) -> Draft {
    Draft {
        kind: Kind::DateTime,
        severity: Severity::Warning,
        clause: "PS3.5 §6.2",
        found: found.into(),
        fix: "correct the date, or set the clock of the device".into(),
        ..Draft::default()
    }
}

/// One day by itself.
pub fn check(tag: Tag, day: u32, latest: u32, collector: &mut Collector) {
    if day > latest {
        collector.add_at(tag, odd("a day that is yet to come"));
    } else if day < FIRST_IMAGE && tag != tags::PATIENT_BIRTH_DATE {
        collector.add_at(tag, odd("a day before the first medical image"));
    }
}

/// A birth and a study.
pub fn compare(birth: Option<u32>, study: Option<u32>, collector: &mut Collector) {
    let (Some(birth), Some(study)) = (birth, study) else {
        return;
    };
    if study < birth {
        let found = "born after the study";
        collector.add_at(tags::PATIENT_BIRTH_DATE, odd(found));
    } else if study - birth > OLDEST && study >= FIRST_IMAGE {
        let found = "born more than 130 years before the study";
        collector.add_at(tags::PATIENT_BIRTH_DATE, odd(found));
    }
}

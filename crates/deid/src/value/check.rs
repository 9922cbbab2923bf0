//! What a policy may ask of which VR.

use sagittal_core::{Date, DateTime, PersonName, Tag, Time, Uid, Vr, tags};

use crate::Primitive;

/// Attributes that the engine sets itself, or that make the data set readable.
pub fn belongs_to_engine(tag: Tag) -> bool {
    is_marker(tag)
        || tag.group() <= 0x0002
        || matches!(
            tag,
            tags::SPECIFIC_CHARACTER_SET
                | tags::SOP_CLASS_UID
                | tags::PIXEL_DATA
                | tags::FLOAT_PIXEL_DATA
                | tags::DOUBLE_FLOAT_PIXEL_DATA
        )
}

/// The markers of de-identified instances (PS3.15 §E.1.1).
pub fn is_marker(tag: Tag) -> bool {
    matches!(
        tag,
        tags::PATIENT_IDENTITY_REMOVED
            | tags::DE_IDENTIFICATION_METHOD
            | tags::DE_IDENTIFICATION_METHOD_CODE_SEQUENCE
            | tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED
            | tags::RECOGNIZABLE_VISUAL_FEATURES
            | tags::BURNED_IN_ANNOTATION
    )
}

/// Why an action makes no sense for a VR; `None` if it does.
pub fn refuse_action(vr: Vr, primitive: Primitive) -> Option<String> {
    let fits = match primitive {
        Primitive::Uid => matches!(vr, Vr::UI | Vr::SQ | Vr::UN),
        Primitive::Clean => vr.is_text() && vr != Vr::UI || matches!(vr, Vr::SQ | Vr::UN),
        _ => true,
    };
    (!fits).then(|| format!("no action for VR {vr}"))
}

/// Can an identifier of 16 letters and digits be a value?
pub fn takes_pseudonym(vr: Vr) -> bool {
    matches!(
        vr,
        Vr::LO | Vr::SH | Vr::PN | Vr::LT | Vr::ST | Vr::UC | Vr::UT | Vr::UN | Vr::AE
    )
}

/// Why a text cannot be the value of an element; `None` if it can.
pub fn refuse_value(vr: Vr, text: &str) -> Option<String> {
    if vr == Vr::SQ || vr.is_bulk() || vr == Vr::AT {
        return Some(format!("no value can be given for VR {vr}"));
    }
    let limit = match vr {
        Vr::AE | Vr::CS | Vr::SH | Vr::DS => 16,
        Vr::IS => 12,
        Vr::LO => 64,
        Vr::ST => 1024,
        Vr::LT => 10_240,
        _ => usize::MAX,
    };
    let values: Vec<&str> = if vr.is_single_text() {
        vec![text]
    } else {
        text.split('\\').collect()
    };
    values.iter().find_map(|value| {
        if value.chars().count() > limit {
            return Some(format!("longer than the {limit} characters of VR {vr}"));
        }
        let code = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ' || b == b'_';
        let ok = value.is_empty()
            || match vr {
                Vr::CS => value.bytes().all(code),
                Vr::DA => Date::parse(value).is_ok(),
                Vr::DT => DateTime::parse(value).is_ok(),
                Vr::TM => Time::parse(value).is_ok(),
                Vr::UI => Uid::new(value).is_ok(),
                Vr::AS => super::age::is_age(value),
                Vr::PN => PersonName::parse(value).is_ok(),
                Vr::DS | Vr::FL | Vr::FD => value.trim().parse::<f64>().is_ok(),
                Vr::IS | Vr::SS | Vr::US | Vr::SL | Vr::UL | Vr::SV | Vr::UV => {
                    value.trim().parse::<i64>().is_ok()
                }
                _ => !value.contains(|c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t')),
            };
        (!ok).then(|| format!("{value:?} is no value of VR {vr}"))
    })
}

/// Are these bytes what a numeric string or code may have, so that no name can be among them?
pub fn is_plain_number(bytes: &[u8]) -> bool {
    let plain = |b: &u8| {
        b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'E' | b'e' | b' ' | b'\\' | 0)
    };
    bytes.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_held_to_their_vr() {
        for (vr, text) in [
            (Vr::CS, "M"),
            (Vr::CS, "ORIGINAL\\PRIMARY"),
            (Vr::DA, "20240101"),
            (Vr::LO, "Project X"),
            (Vr::UI, "1.2.3"),
            (Vr::US, "5"),
            (Vr::SH, ""),
        ] {
            assert_eq!(refuse_value(vr, text), None, "{vr} {text}");
        }
        for (vr, text) in [
            (Vr::CS, "m"),
            (Vr::DA, "2024"),
            (Vr::SH, "more than sixteen characters"),
            (Vr::UI, "1.02"),
            (Vr::SQ, ""),
            (Vr::US, "x"),
        ] {
            assert!(refuse_value(vr, text).is_some(), "{vr} {text}");
        }
        assert!(refuse_action(Vr::DA, Primitive::Uid).is_some());
        assert!(refuse_action(Vr::LO, Primitive::Clean).is_none());
    }
}

//! What is not looked for, or passed over where it is found: each case has a name, which is logged.
//!
//! An exemption is for what identifies nobody by itself. Whole names, identifiers with digits
//! beyond a measure, dates, addresses and UIDs have none.

use sagittal_core::TagPath;

use super::needle::Kind;

/// Why something of the input is not looked for in an output, or passed over in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exemption {
    /// A part of a name, a place or the like that is a word of the standard or of medicine. Of
    /// names, both parts together are still looked for.
    CommonWord,
    /// Parts of names of one or two letters, identifiers of up to three characters.
    Short,
    /// A department or the like that is also the code of a procedure in the same input.
    ProcedureCode,
    /// A station named by a word of its own maker and model.
    StationOfModel,
    /// A row of rising or falling digits: not looked for in pixels, where gradients look like it.
    Gradient,
    /// A code string that is one of the terms that the standard defines for its attribute.
    DefinedTerm,
    /// A single word of a name in a model's designation that the input has as Manufacturer's Model
    /// Name.
    ModelName,
    /// A single word in the name of an institution or device that the policy keeps.
    Retained,
    /// Within a UID that the policy keeps.
    RetainedUid,
    /// A number of up to five digits with a unit, or after the letters of a parameter (`b1500`).
    Measure,
    /// Fewer than eight characters in a number or code, a place or device in a maker's name.
    Chance,
}

impl Exemption {
    /// In words, for logs and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Exemption::CommonWord => {
                "a word of the standard or of medicine, looked for in whole names only"
            }
            Exemption::Short => "too short to be looked for",
            Exemption::ProcedureCode => "also the code of a procedure",
            Exemption::StationOfModel => "a word of the maker's model name",
            Exemption::Gradient => "rising digits, not looked for in pixels",
            Exemption::DefinedTerm => "stands in a term defined by the standard",
            Exemption::ModelName => "a single word in the maker's model name",
            Exemption::Retained => "a single word in a name that the policy keeps",
            Exemption::RetainedUid => "within a UID that the policy keeps",
            Exemption::Measure => "a measure with its unit",
            Exemption::Chance => "short, in a number, a code or a maker's name",
        }
    }
}

/// Something of the input that was exempted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Exempt {
    /// Why.
    pub exemption: Exemption,
    /// What kind of identifier it looks like.
    pub kind: Kind,
    /// Where the input has it.
    pub origin: TagPath,
    /// Where the output has it, if it was found and passed over; else it was not looked for.
    pub place: Option<String>,
}

/// Parameters whose value may follow at once.
const PARAMETERS: [&[u8]; 7] = [b"b", b"tr", b"te", b"ti", b"fa", b"sl", b"st"];
/// Units that make a number a measure.
const UNITS: [&[u8]; 43] = [
    b"mm", b"cm", b"m", b"ml", b"l", b"mg", b"g", b"kg", b"mcg", b"ug", b"ms", b"s", b"sec",
    b"secs", b"min", b"hz", b"khz", b"mhz", b"kv", b"kvp", b"ma", b"mas", b"mgy", b"gy", b"mbq",
    b"mci", b"hu", b"t", b"deg", b"degrees", b"mmol", b"bpm", b"mmhg", b"slices", b"slice",
    b"images", b"frames", b"phases", b"iu", b"hr", b"hrs", b"px", b"fps",
];

/// Is the number at `start..end` of a text a measure: `1500 ms`, `b1500`, `1200%`? Up to five
/// digits; longer ones are too many for one.
pub fn is_measure(text: &[u8], start: usize, end: usize) -> bool {
    let number = text.get(start..end).unwrap_or(&[]);
    if number.is_empty() || number.len() > 5 || !number.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let before = text.get(..start).unwrap_or(&[]);
    let letters = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let parameter = before.get(before.len() - letters..).unwrap_or(&[]);
    if PARAMETERS
        .iter()
        .any(|name| parameter.eq_ignore_ascii_case(name))
    {
        return true;
    }
    if letters > 0 {
        return false;
    }
    let after = text.get(end..).unwrap_or(&[]);
    if after.first() == Some(&b'%') || after.starts_with("°".as_bytes()) {
        return true;
    }
    let after = after.strip_prefix(b" ").unwrap_or(after);
    let letters = after
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let unit = after.get(..letters).unwrap_or(&[]);
    UNITS.iter().any(|name| unit.eq_ignore_ascii_case(name))
}

/// Do the bytes rise or fall by the same step, or stay, all along?
pub fn is_gradient(bytes: &[u8]) -> bool {
    let mut steps = bytes
        .windows(2)
        .filter_map(|pair| Some(pair.last()?.wrapping_sub(*pair.first()?)));
    let Some(first) = steps.next() else {
        return true;
    };
    matches!(first, 0 | 1 | 0xFF) && steps.all(|step| step == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_have_a_unit_or_a_parameter() {
        let is = |text: &str, number: &str| {
            let start = text.find(number).unwrap_or(0);
            is_measure(text.as_bytes(), start, start + number.len())
        };
        for text in [
            "TR 1500 ms",
            "1500ms",
            "b1500",
            "ep2d_b1500_3scan",
            "TE1500",
            "1500%",
            "1500 images",
        ] {
            assert!(is(text, "1500"), "{text}");
        }
        for text in [
            "1500",
            "MRN1500",
            "ID 1500 seen",
            "patient 1500, mm",
            "x1500mm",
            "1500 msb",
        ] {
            assert!(!is(text, "1500"), "{text}");
        }
        assert!(!is("471108 ml", "471108"));
    }

    #[test]
    fn gradients_rise_fall_or_stay() {
        for text in ["123456", "987654", "111111"] {
            assert!(is_gradient(text.as_bytes()), "{text}");
        }
        for text in ["123457", "135791", "471108"] {
            assert!(!is_gradient(text.as_bytes()), "{text}");
        }
    }
}

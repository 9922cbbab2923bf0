//! Names of Rust constants from keywords of the standard.

/// `SOPInstanceUID` to `SOP_INSTANCE_UID`. The printed name tells where the words of a keyword
/// end (`VOI LUT Function`); where the two differ, case does.
pub fn constant(keyword: &str, name: &str) -> String {
    let words = words_of_name(name);
    let joined: String = words.concat();
    let constant = if joined.eq_ignore_ascii_case(keyword) {
        words.join("_").to_ascii_uppercase()
    } else {
        split_by_case(keyword)
    };
    match constant.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("N{constant}"),
        _ => constant,
    }
}

fn words_of_name(name: &str) -> Vec<String> {
    let name: String = name
        .replace("'s", "")
        .replace("s'", "s")
        .replace("(s)", "s")
        .replace("(es)", "es");
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Acronyms that stand next to each other in keywords without a change of case.
const ACRONYMS: &[&str] = &[
    "SOP",
    "UIDs",
    "UID",
    "IDs",
    "ID",
    "URL",
    "URI",
    "LUT",
    "VOI",
    "ROIs",
    "ROI",
    "CTDI",
    "CT",
    "MR",
    "US",
    "RT",
    "XA",
    "NM",
    "PET",
    "SR",
    "HTJ2K",
    "JPEG",
    "HEVC",
    "MPEG2",
    "MPEG4",
    "RLE",
    "VR",
    "ECG",
    "AE",
    "DICOM",
    "QR",
    "HL7",
    "OCT",
    "SUV",
    "ICC",
    "XML",
    "CAD",
    "LS",
    "XL",
    "JPIP",
    "RPCL",
    "UPS",
    "SV1",
    "HP41BDF",
    "HP41BD",
    "HP41F",
    "HP41",
    "HP422DF",
    "HP422D",
    "HP423DF",
    "HP423D",
    "HP42STEREOF",
    "HP42STEREO",
    "MP51",
    "M10P51",
];

fn split_by_case(keyword: &str) -> String {
    let bytes = keyword.as_bytes();
    let mut words: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < keyword.len() {
        let rest = &keyword[at..];
        let ends_word = |end: usize| bytes.get(at + end).is_none_or(|b| !b.is_ascii_lowercase());
        let acronym = ACRONYMS
            .iter()
            .filter(|a| rest.starts_with(**a) && ends_word(a.len()));
        let length = match acronym.max_by_key(|a| a.len()) {
            Some(acronym) => acronym.len(),
            None => word_length(rest),
        };
        words.push(&rest[..length]);
        at += length;
    }
    words.join("_").to_ascii_uppercase()
}

/// A run of digits; a capital and its small letters; or capitals up to the next such word.
fn word_length(rest: &str) -> usize {
    let run = |test: fn(&u8) -> bool| rest.bytes().take_while(test).count();
    let digits = run(u8::is_ascii_digit);
    if digits > 0 {
        return digits
            + rest[digits..]
                .bytes()
                .take_while(u8::is_ascii_lowercase)
                .count();
    }
    let capitals = run(u8::is_ascii_uppercase);
    if capitals == rest.len() || capitals > 1 && !rest.as_bytes()[capitals].is_ascii_lowercase() {
        return capitals;
    }
    if capitals > 1 {
        return capitals - 1;
    }
    capitals.max(1)
        + rest[capitals.max(1)..]
            .bytes()
            .take_while(u8::is_ascii_lowercase)
            .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_read_as_the_standard_prints_names() {
        for (keyword, name, expected) in [
            ("SOPInstanceUID", "SOP Instance UID", "SOP_INSTANCE_UID"),
            ("VOILUTFunction", "VOI LUT Function", "VOI_LUT_FUNCTION"),
            ("PatientName", "Patient's Name", "PATIENT_NAME"),
            (
                "ModalitiesInStudy",
                "Modalities in Study",
                "MODALITIES_IN_STUDY",
            ),
            ("XRayOutput", "X-Ray Output", "X_RAY_OUTPUT"),
            ("CTDIvol", "CTDIvol", "CTDIVOL"),
            ("RelatedSOPInstanceUIDs", "?", "RELATED_SOP_INSTANCE_UIDS"),
            (
                "JPEGBaseline8Bit",
                "JPEG Baseline (Process 1)",
                "JPEG_BASELINE_8_BIT",
            ),
            ("JPEG2000Lossless", "?", "JPEG_2000_LOSSLESS"),
            ("JPEGLSNearLossless", "?", "JPEG_LS_NEAR_LOSSLESS"),
            ("HTJ2KLosslessRPCL", "?", "HTJ2K_LOSSLESS_RPCL"),
        ] {
            assert_eq!(constant(keyword, name), expected);
        }
    }
}

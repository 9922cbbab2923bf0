//! Names of transfer syntaxes for the command line.

use sagittal_core::transfer_syntax as ts;

/// Short names.
pub const NAMES: [(&str, &str); 19] = [
    ("explicit", ts::EXPLICIT_VR_LITTLE_ENDIAN),
    ("implicit", ts::IMPLICIT_VR_LITTLE_ENDIAN),
    ("big-endian", ts::EXPLICIT_VR_BIG_ENDIAN),
    ("deflated", ts::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
    ("deflated-frames", ts::DEFLATED_IMAGE_FRAME_COMPRESSION),
    ("rle", ts::RLE_LOSSLESS),
    ("jpeg", ts::JPEG_BASELINE_8_BIT),
    ("jpeg-lossless", ts::JPEG_LOSSLESS_SV1),
    ("jpeg-ls", ts::JPEG_LS_LOSSLESS),
    ("jpeg-ls-lossy", ts::JPEG_LS_NEAR_LOSSLESS),
    ("j2k", ts::JPEG_2000_LOSSLESS),
    ("j2k-lossy", ts::JPEG_2000),
    ("htj2k", ts::HTJ2K_LOSSLESS),
    ("htj2k-rpcl", ts::HTJ2K_LOSSLESS_RPCL),
    ("htj2k-lossy", ts::HTJ2K),
    ("jxl", ts::JPEG_XL_LOSSLESS),
    ("jpeg-2000", ts::JPEG_2000_LOSSLESS),
    ("jpeg-2000-lossy", ts::JPEG_2000),
    ("jpeg-xl", ts::JPEG_XL_LOSSLESS),
];

/// The UID of a transfer syntax named by a short name, its keyword or its UID.
pub fn parse_syntax(text: &str) -> Result<&'static str, String> {
    let named = NAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    let uid = named.map(|(_, uid)| *uid).or_else(|| {
        ts::ALL
            .iter()
            .find(|row| row.uid == text || row.keyword.eq_ignore_ascii_case(text))
            .map(|row| row.uid)
    });
    let uid = uid.ok_or_else(|| {
        let names: Vec<&str> = NAMES.iter().take(16).map(|(name, _)| *name).collect();
        format!(
            "{text:?} is no transfer syntax; known are {}",
            names.join(", ")
        )
    })?;
    if sagittal_pixel::codec::can_encode(uid) {
        Ok(uid)
    } else {
        Err(format!("there is no encoder for {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntaxes_are_known_by_short_name_keyword_and_uid() {
        for name in ["rle", "RLELossless", ts::RLE_LOSSLESS] {
            assert_eq!(parse_syntax(name), Ok(ts::RLE_LOSSLESS), "{name}");
        }
        assert!(parse_syntax("gif").is_err_and(|reason| reason.contains("jpeg-ls")));
        assert!(parse_syntax(ts::MPEG2_MPML).is_err_and(|reason| reason.contains("no encoder")));
        for (name, uid) in NAMES {
            assert_eq!(parse_syntax(name), Ok(uid), "{name}");
        }
    }
}

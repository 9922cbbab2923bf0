//! Media types of pixel data (PS3.18 Tables 8.7.3-2 to 8.7.3-5).

use sagittal_core::transfer_syntax as ts;
use sagittal_pixel::codec;

use crate::accept::{Accept, MediaRange};
use crate::error::{Error, Result};

/// Bytes as they are.
pub const OCTET_STREAM: &str = "application/octet-stream";

/// Compressed media types, each with its transfer syntaxes; the first is its default
/// (PS3.18 Table 8.7.3-5).
pub const COMPRESSED: &[(&str, &[&str])] = &[
    (
        "image/jpeg",
        &[
            ts::JPEG_LOSSLESS_SV1,
            ts::JPEG_BASELINE_8_BIT,
            ts::JPEG_EXTENDED_12_BIT,
            ts::JPEG_LOSSLESS,
        ],
    ),
    ("image/dicom-rle", &[ts::RLE_LOSSLESS]),
    (
        "image/jls",
        &[ts::JPEG_LS_LOSSLESS, ts::JPEG_LS_NEAR_LOSSLESS],
    ),
    ("image/jp2", &[ts::JPEG_2000_LOSSLESS, ts::JPEG_2000]),
    ("image/jpx", &[ts::JPEG_2000_MC_LOSSLESS, ts::JPEG_2000_MC]),
    (
        "image/jphc",
        &[ts::HTJ2K_LOSSLESS, ts::HTJ2K_LOSSLESS_RPCL, ts::HTJ2K],
    ),
    (
        "image/jxl",
        &[
            ts::JPEG_XL_LOSSLESS,
            ts::JPEG_XL_JPEG_RECOMPRESSION,
            ts::JPEG_XL,
        ],
    ),
    (
        "video/mpeg",
        &[
            ts::MPEG2_MPHL,
            ts::MPEG2_MPML,
            ts::MPEG2_MPMLF,
            ts::MPEG2_MPHLF,
        ],
    ),
    (
        "video/mp4",
        &[
            ts::MPEG4_HP41,
            ts::MPEG4_HP41F,
            ts::MPEG4_HP41BD,
            ts::MPEG4_HP41BDF,
            ts::MPEG4_HP422D,
            ts::MPEG4_HP422DF,
            ts::MPEG4_HP423D,
            ts::MPEG4_HP423DF,
            ts::MPEG4_HP42STEREO,
            ts::MPEG4_HP42STEREOF,
        ],
    ),
    ("video/H265", &[ts::HEVC_MP51, ts::HEVC_M10P51]),
];

/// The media type of pixel data in a transfer syntax; octets for native ones and for those
/// that have none.
pub fn of_transfer_syntax(uid: &str) -> &'static str {
    COMPRESSED
        .iter()
        .find(|(_, uids)| uids.contains(&uid))
        .map_or(OCTET_STREAM, |(media_type, _)| media_type)
}

/// Are pixel data in fragments? An unknown (private) syntax is taken for compressed (PS3.5 §A.4).
pub fn is_encapsulated(uid: &str) -> bool {
    ts::by_uid(uid).is_none_or(|row| row.encapsulated)
}

/// Does the transfer syntax compress across frames?
pub fn is_video(uid: &str) -> bool {
    ts::by_uid(uid).is_some_and(|row| row.compression == ts::Compression::Video)
}

/// How pixel data or bulk data are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Representation {
    /// Of each part, or of the whole.
    pub media_type: &'static str,
    /// The `transfer-syntax` parameter, for compressed data.
    pub transfer_syntax: Option<String>,
    /// Frames have to be decoded, and encoded in this transfer syntax.
    pub converted: Option<&'static str>,
    /// In `multipart/related`.
    pub multipart: bool,
}

impl Representation {
    /// The value of Content-Type.
    pub fn content_type(&self) -> String {
        match &self.transfer_syntax {
            Some(uid) => format!("{}; transfer-syntax={uid}", self.media_type),
            None => self.media_type.to_owned(),
        }
    }
}

/// What is to be given.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The transfer syntax in which pixel data are stored.
    pub stored: &'a str,
    /// It can be one body.
    pub is_single: bool,
    /// One body where the client leaves it open.
    pub prefers_single: bool,
    /// Single frames, which can be decoded and encoded.
    pub is_frames: bool,
}

/// Chooses how to give pixel data. As they are stored, if that is accepted by a range of the same
/// weight; else frames are converted.
pub fn negotiate_pixel_data(accept: &Accept, asked: Asked<'_>) -> Result<Representation> {
    let Asked { stored, .. } = asked;
    let encapsulated = is_encapsulated(stored);
    let own = of_transfer_syntax(stored);
    let mut best: Option<(Representation, u16)> = None;
    for range in &accept.ranges {
        if best
            .as_ref()
            .is_some_and(|(_, weight)| *weight > range.weight)
        {
            break;
        }
        let multipart = if range.is_anything() {
            !(asked.is_single && asked.prefers_single)
        } else {
            range.is_multipart()
        };
        if !multipart && !asked.is_single {
            continue;
        }
        let Some(parts) = range.of_parts() else {
            continue;
        };
        let media_type = if encapsulated {
            compressed(&parts, stored, own)
        } else {
            native(&parts)
        };
        if let Some(media_type) = media_type {
            return Ok(Representation {
                media_type,
                transfer_syntax: encapsulated.then(|| stored.to_owned()),
                converted: None,
                multipart,
            });
        }
        if best.is_none()
            && asked.is_frames
            && let Some((media_type, uid)) = converted(&parts, stored)
        {
            let representation = Representation {
                media_type,
                transfer_syntax: is_encapsulated(uid).then(|| uid.to_owned()),
                converted: Some(uid),
                multipart,
            };
            best = Some((representation, range.weight));
        }
    }
    if let Some((representation, _)) = best {
        return Ok(representation);
    }
    let only = if encapsulated {
        format!(
            "only {own}; transfer-syntax={stored}, or application/octet-stream; transfer-syntax=*"
        )
    } else {
        OCTET_STREAM.to_owned()
    };
    let parts = if asked.is_single {
        ""
    } else {
        "multipart/related of "
    };
    Err(Error::not_acceptable(format!("{parts}{only} can be given")))
}

/// What frames that are stored otherwise can be made for a range: octets, or a compressed media
/// type in the syntax named, else in its default (PS3.18 Table 8.7.3-5). `*` means as stored.
fn converted(parts: &MediaRange, stored: &str) -> Option<(&'static str, &'static str)> {
    let named = parts.transfer_syntax();
    if !codec::can_decode(stored) || named == Some("*") {
        return None;
    }
    let is_named = |uid: &str| named.is_none_or(|named| named == uid);
    let native = [ts::EXPLICIT_VR_LITTLE_ENDIAN, ts::IMPLICIT_VR_LITTLE_ENDIAN];
    if parts.covers(OCTET_STREAM) && native.into_iter().any(is_named) {
        return Some((OCTET_STREAM, ts::EXPLICIT_VR_LITTLE_ENDIAN));
    }
    COMPRESSED
        .iter()
        .filter(|(media_type, _)| parts.covers(media_type))
        .find_map(|(media_type, uids)| {
            let uid = uids
                .iter()
                .find(|uid| is_named(uid) && codec::can_encode(uid))?;
            Some((*media_type, *uid))
        })
}

/// Native data: octets, little endian, whatever explicit or implicit syntax is named.
fn native(parts: &MediaRange) -> Option<&'static str> {
    let syntax = parts
        .transfer_syntax()
        .is_none_or(|uid| uid == "*" || ts::by_uid(uid).is_some_and(|row| !row.encapsulated));
    (parts.covers(OCTET_STREAM) && syntax).then_some(OCTET_STREAM)
}

/// Compressed data as stored: by their own media type, or as octets if the client says that it
/// knows the syntax (octets without a syntax mean uncompressed ones).
fn compressed(parts: &MediaRange, stored: &str, own: &'static str) -> Option<&'static str> {
    let named = parts
        .transfer_syntax()
        .map(|uid| uid == "*" || uid == stored);
    if own != OCTET_STREAM && parts.covers(own) && named.unwrap_or(true) {
        return Some(own);
    }
    let octets = parts.covers(OCTET_STREAM) && (named == Some(true) || parts.is_anything());
    (octets && named.unwrap_or(true)).then_some(OCTET_STREAM)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn asked(stored: &str, is_single: bool, is_frames: bool) -> Asked<'_> {
        Asked {
            stored,
            is_single,
            prefers_single: false,
            is_frames,
        }
    }

    fn choose(accept: &str, stored: &str, single: bool) -> Option<(String, bool)> {
        let accept = Accept::parse(accept).unwrap();
        negotiate_pixel_data(&accept, asked(stored, single, false))
            .ok()
            .map(|chosen| (chosen.content_type(), chosen.multipart))
    }

    #[test]
    fn native_pixel_data_are_octets() {
        let stored = ts::IMPLICIT_VR_LITTLE_ENDIAN;
        let octets = |multipart| Some((OCTET_STREAM.to_owned(), multipart));
        let rows = [
            ("", octets(true)),
            ("*/*", octets(true)),
            ("multipart/related; type=\"*/*\"", octets(true)),
            (
                "multipart/related; type=\"application/octet-stream\"",
                octets(true),
            ),
            (
                "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*",
                octets(true),
            ),
            (
                "multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.1",
                octets(true),
            ),
            ("application/octet-stream", octets(false)),
            ("image/jpeg, application/octet-stream;q=0.1", octets(false)),
            ("multipart/related; type=\"image/jpeg\"", None),
            (
                "multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.4.90",
                None,
            ),
        ];
        for (accept, expected) in rows {
            assert_eq!(choose(accept, stored, true), expected, "{accept}");
        }
        assert_eq!(choose("application/octet-stream", stored, false), None);
    }

    /// PS3.18 Table 8.7.3-5, row by row: as stored by its media type, its syntax, or `*`.
    #[test]
    fn compressed_pixel_data_have_their_own_media_types() {
        for (media_type, uids) in COMPRESSED {
            for uid in *uids {
                let own = Some((format!("{media_type}; transfer-syntax={uid}"), true));
                let octets = Some((format!("{OCTET_STREAM}; transfer-syntax={uid}"), true));
                let related = |inner: &str| format!("multipart/related; type=\"{inner}\"");
                let ask = |accept: String| choose(&accept, uid, true);
                assert_eq!(ask("*/*".into()), own);
                assert_eq!(ask(related("*/*")), own);
                assert_eq!(ask(related(media_type)), own);
                assert_eq!(
                    ask(format!("{};transfer-syntax={uid}", related(media_type))),
                    own
                );
                assert_eq!(
                    ask(format!("{};transfer-syntax=*", related(media_type))),
                    own
                );
                assert_eq!(
                    ask(format!("{};transfer-syntax=*", related(OCTET_STREAM))),
                    octets
                );
                assert_eq!(
                    ask(format!("{};transfer-syntax={uid}", related(OCTET_STREAM))),
                    octets
                );
                assert_eq!(ask(related(OCTET_STREAM)), None);
                assert_eq!(
                    ask(format!(
                        "{};transfer-syntax=1.2.840.10008.1.2.1",
                        related(OCTET_STREAM)
                    )),
                    None
                );
                assert_eq!(
                    ask(format!("{};transfer-syntax=1.2.3", related(media_type))),
                    None
                );
                let single = ask((*media_type).to_owned());
                assert_eq!(single.map(|(_, multipart)| multipart), Some(false));
            }
        }
    }

    #[test]
    fn a_private_syntax_is_given_as_octets_to_those_who_know_it() {
        assert_eq!(
            choose("*/*", "1.2.3.4", true),
            Some((format!("{OCTET_STREAM}; transfer-syntax=1.2.3.4"), true))
        );
        assert_eq!(choose("application/octet-stream", "1.2.3.4", true), None);
    }

    #[test]
    fn frames_are_converted_where_that_is_asked_for() {
        let related = |inner: &str| format!("multipart/related; type={inner}");
        let rows = [
            (
                ts::RLE_LOSSLESS,
                "application/octet-stream",
                Some(ts::EXPLICIT_VR_LITTLE_ENDIAN),
            ),
            (
                ts::RLE_LOSSLESS,
                "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1",
                Some(ts::EXPLICIT_VR_LITTLE_ENDIAN),
            ),
            (ts::RLE_LOSSLESS, "image/jls", Some(ts::JPEG_LS_LOSSLESS)),
            (
                ts::EXPLICIT_VR_LITTLE_ENDIAN,
                "image/jpeg",
                Some(ts::JPEG_LOSSLESS_SV1),
            ),
            (
                ts::EXPLICIT_VR_LITTLE_ENDIAN,
                "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50",
                Some(ts::JPEG_BASELINE_8_BIT),
            ),
            // As stored, where that is accepted as gladly.
            (
                ts::RLE_LOSSLESS,
                "application/octet-stream, image/dicom-rle",
                None,
            ),
            (ts::RLE_LOSSLESS, "*/*", None),
            (
                ts::EXPLICIT_VR_LITTLE_ENDIAN,
                "image/*;q=0.9, */*;q=0.1",
                Some(ts::JPEG_LOSSLESS_SV1),
            ),
        ];
        for (stored, accept, expected) in rows {
            for accept in [accept.to_owned(), related(&format!("\"{accept}\""))] {
                if accept.contains("related") && accept.contains(',') {
                    continue;
                }
                let chosen = Accept::parse(&accept).unwrap();
                let chosen = negotiate_pixel_data(&chosen, asked(stored, true, true)).unwrap();
                assert_eq!(chosen.converted, expected, "{stored} for {accept}");
            }
        }
        let video = Accept::parse("application/octet-stream").unwrap();
        assert!(negotiate_pixel_data(&video, asked(ts::MPEG2_MPML, true, true)).is_err());
    }

    #[test]
    fn weights_decide() {
        let accept = "multipart/related; type=\"image/jp2\";q=0.5, \
                      multipart/related; type=\"application/octet-stream\"; transfer-syntax=*;q=0.9";
        let (content_type, _) = choose(accept, ts::JPEG_2000, true).unwrap();
        assert!(content_type.starts_with(OCTET_STREAM));
    }
}

//! In which transfer syntax an instance is given (PS3.18 §8.7.3.5).
//!
//! Without `transfer-syntax` the standard means Explicit VR Little Endian. Most clients that leave it
//! out take what comes, and decompressing makes large what somebody made small; so a compressed
//! instance is then sent as it is stored, as dcm4chee does. Who names a syntax gets it, or 406.

use sagittal_core::Uid;
use sagittal_core::transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
use sagittal_pixel::transcode::change;

use super::media_type::is_encapsulated;
use crate::accept::MediaRange;

/// What a client says of transfer syntaxes, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes(Vec<(Wish, u16)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    /// Nothing said.
    Default,
    /// `*`: as stored.
    Any,
    /// This one.
    Syntax(Uid),
}

/// How an instance is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Its bytes as they are.
    Stored,
    /// In another syntax, pixels decoded and encoded if need be.
    Converted(Uid),
    /// In another syntax if its data set can be converted, else as it is.
    Preferred(Uid),
}

impl Wishes {
    /// Adds what a media range says. A syntax that is no UID is a wish nobody can fulfil.
    pub fn add(&mut self, range: &MediaRange) {
        let wish = match range.transfer_syntax().map(str::trim) {
            None | Some("") => Wish::Default,
            Some("*") => Wish::Any,
            Some(text) => match Uid::tolerant(text) {
                Ok(uid) => Wish::Syntax(uid),
                Err(_) => return,
            },
        };
        self.0.push((wish, range.weight));
    }

    /// Nothing said.
    pub fn unspecified() -> Wishes {
        Wishes(vec![(Wish::Default, 1000)])
    }

    /// Only this one.
    pub fn exactly(uid: Uid) -> Wishes {
        Wishes(vec![(Wish::Syntax(uid), 1000)])
    }

    /// Anything at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How to give an instance that is stored as `stored`. Of wishes with the same weight, one
    /// that needs no conversion comes first.
    pub fn choose(&self, stored: &str) -> Option<Given> {
        let mut best: Option<(Given, u16)> = None;
        for (wish, weight) in &self.0 {
            if best.as_ref().is_some_and(|(_, other)| other > weight) {
                break;
            }
            match (fulfil(wish, stored), &best) {
                (Some(Given::Stored), _) => return Some(Given::Stored),
                (Some(given), None) => best = Some((given, *weight)),
                _ => {}
            }
        }
        let takes_any = self
            .0
            .iter()
            .any(|(wish, _)| matches!(wish, Wish::Any | Wish::Default));
        match best?.0 {
            Given::Converted(uid) if takes_any => Some(Given::Preferred(uid)),
            given => Some(given),
        }
    }

    /// The wishes in words, for messages and entity tags.
    pub fn describe(&self) -> String {
        let words: Vec<&str> = self
            .0
            .iter()
            .map(|(wish, _)| match wish {
                Wish::Default => "default",
                Wish::Any => "*",
                Wish::Syntax(uid) => uid.as_str(),
            })
            .collect();
        words.join(",")
    }
}

fn fulfil(wish: &Wish, stored: &str) -> Option<Given> {
    let to = |uid: &str| {
        if uid == stored {
            Some(Given::Stored)
        } else if change(stored, uid).is_some() {
            Uid::tolerant(uid).ok().map(Given::Converted)
        } else {
            None
        }
    };
    match wish {
        Wish::Any => Some(Given::Stored),
        Wish::Syntax(uid) => to(uid.as_str()),
        Wish::Default if is_encapsulated(stored) => Some(Given::Stored),
        Wish::Default => to(EXPLICIT_VR_LITTLE_ENDIAN).or(Some(Given::Stored)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::accept::Accept;
    use sagittal_core::transfer_syntax as ts;

    fn choose(accept: &str, stored: &str) -> Option<Given> {
        let mut wishes = Wishes::default();
        for range in &Accept::parse(accept).unwrap().ranges {
            wishes.add(&range.of_parts().unwrap());
        }
        wishes.choose(stored)
    }

    #[test]
    fn what_cannot_be_decoded_is_given_as_stored_or_not_at_all() {
        let stored = ts::MPEG2_MPML;
        let named = |uid: &str| format!("application/dicom; transfer-syntax={uid}");
        assert_eq!(choose("application/dicom", stored), Some(Given::Stored));
        assert_eq!(choose(&named("*"), stored), Some(Given::Stored));
        assert_eq!(choose(&named(stored), stored), Some(Given::Stored));
        assert_eq!(choose(&named(ts::EXPLICIT_VR_LITTLE_ENDIAN), stored), None);
        assert_eq!(choose(&named("no/uid"), stored), None);
        let accept = format!(
            "{}, {};q=0.2",
            named(ts::EXPLICIT_VR_LITTLE_ENDIAN),
            named("*")
        );
        assert_eq!(choose(&accept, stored), Some(Given::Stored));
    }

    #[test]
    fn compressed_instances_are_decoded_for_who_names_a_syntax() {
        let converted = |uid: &'static str| Some(Given::Converted(Uid::from_static(uid)));
        let named = |uid: &str| format!("application/dicom; transfer-syntax={uid}");
        let stored = ts::RLE_LOSSLESS;
        assert_eq!(choose("application/dicom", stored), Some(Given::Stored));
        for uid in [ts::EXPLICIT_VR_LITTLE_ENDIAN, ts::JPEG_LS_LOSSLESS] {
            assert_eq!(choose(&named(uid), stored), converted(uid));
        }
    }

    #[test]
    fn native_instances_are_converted_to_what_is_asked_for() {
        let converted = |uid: &'static str| Some(Given::Converted(Uid::from_static(uid)));
        let implicit = ts::IMPLICIT_VR_LITTLE_ENDIAN;
        // Nothing said, or anything: what cannot be converted is still wanted.
        let preferred = Some(Given::Preferred(Uid::from_static(
            ts::EXPLICIT_VR_LITTLE_ENDIAN,
        )));
        assert_eq!(choose("application/dicom", implicit), preferred);
        let accept = "application/dicom; transfer-syntax=1.2.840.10008.1.2.1, \
                      application/dicom; transfer-syntax=*;q=0.1";
        assert_eq!(choose(accept, implicit), preferred);
        assert_eq!(
            choose("application/dicom;transfer-syntax=*", implicit),
            Some(Given::Stored)
        );
        assert_eq!(
            choose(
                "application/dicom; transfer-syntax=1.2.840.10008.1.2.2",
                implicit
            ),
            converted(ts::EXPLICIT_VR_BIG_ENDIAN)
        );
        assert_eq!(
            choose("application/dicom", ts::EXPLICIT_VR_LITTLE_ENDIAN),
            Some(Given::Stored)
        );
        // The same weight: no needless conversion.
        let accept = "application/dicom; transfer-syntax=1.2.840.10008.1.2.1, \
                      application/dicom; transfer-syntax=1.2.840.10008.1.2";
        assert_eq!(choose(accept, implicit), Some(Given::Stored));
        // But weights come first.
        let accept = "application/dicom; transfer-syntax=1.2.840.10008.1.2.1, \
                      application/dicom; transfer-syntax=1.2.840.10008.1.2;q=0.5";
        assert_eq!(
            choose(accept, implicit),
            converted(ts::EXPLICIT_VR_LITTLE_ENDIAN)
        );
    }
}

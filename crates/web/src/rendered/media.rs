//! Which media type is given (PS3.18 §8.7.4, Table 8.7.4-1).

use super::Subject;
use super::kind::Kind;
use crate::accept::{Accept, Offer};
use crate::error::{Error, Result};

/// All media types of rendered resources, for the table of routes.
pub(crate) const RENDERED: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/gif",
    "multipart/related; type=\"image/jpeg\"",
    "multipart/related; type=\"image/png\"",
    "multipart/related; type=\"image/gif\"",
    "text/html",
    "image/svg+xml",
    "application/pdf",
    "text/xml",
    "video/mpeg",
    "video/mp4",
    "video/H265",
    "model/stl",
    "model/obj",
    "model/mtl",
];

/// How an answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One thing as the whole body.
    Single(&'static str),
    /// A part for each.
    Multipart(&'static str),
}

impl Form {
    /// For entity tags.
    pub fn describe(self) -> String {
        match self {
            Form::Single(media_type) => media_type.to_owned(),
            Form::Multipart(media_type) => format!("multipart {media_type}"),
        }
    }
}

/// The media type in which one subject is given as a whole.
pub(crate) fn media_type(accept: &Accept, subject: &Subject) -> Result<&'static str> {
    let offers: Vec<Offer> = Kind::of(&subject.instance)
        .media_types()
        .iter()
        .map(|media_type| Offer {
            media_type,
            multipart: false,
        })
        .collect();
    if offers.is_empty() {
        return Err(nothing());
    }
    Ok(accept.choose(&offers)?.media_type)
}

pub(super) fn nothing() -> Error {
    Error::not_acceptable("there is nothing to be shown: no image, report, document or waveform")
}

/// Chooses by what is accepted and what there is. Several things make a multipart of those of
/// one media type: pictures before anything else.
pub(super) fn choose(accept: &Accept, subjects: &[Subject]) -> Result<Form> {
    let mut types: Vec<&'static str> = Vec::new();
    for subject in subjects {
        for media_type in Kind::of(&subject.instance).media_types() {
            if !types.contains(media_type) {
                types.push(media_type);
            }
        }
    }
    if types.is_empty() {
        return Err(nothing());
    }
    let is_one = subjects.len() == 1;
    if !is_one {
        types.sort_by_key(|media_type| !media_type.starts_with("image/"));
    }
    let mut offers = Vec::new();
    for media_type in types {
        let offer = |multipart| Offer {
            media_type,
            multipart,
        };
        if is_one {
            offers.push(offer(false));
        }
        offers.push(offer(true));
    }
    let chosen = accept.choose(&offers)?;
    Ok(match chosen.multipart {
        true => Form::Multipart(chosen.media_type),
        false => Form::Single(chosen.media_type),
    })
}

//! What is to be removed of a series.

use sagittal_core::{DataSet, tags};
use serde::Serialize;

use super::face::Face;
use super::head::{Head, Kind};
use super::mask::{self, Mask};
use super::picture;
use super::policy::DefacePolicy;
use super::volume::{Grid, Volume, impossible};
use crate::Result;

/// An instance of a series, as it came: with its pixel data.
#[derive(Clone, Copy, Debug)]
pub struct SliceRef<'a> {
    /// Its data set.
    pub data_set: &'a DataSet,
    /// Its transfer syntax.
    pub transfer_syntax: &'a str,
}

/// What came of looking at a series.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It has no face: why one thinks so.
    NotHead(&'static str),
    /// What is to be removed.
    Mask(Box<Mask>),
}

/// How much of the face is gone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Square centimetres of the face as seen from the front.
    pub face_cm2: f64,
    /// The part of it, 0 to 1, whose skin is moved back by at least 5 mm.
    pub moved_5mm: f64,
    /// By how much it is moved back on the average, in millimetres.
    pub mean_mm: f64,
    /// The skull cap, if it is in the volume.
    #[serde(skip)]
    pub cranium: Option<super::Cranium>,
}

/// The least part of a face that must be moved by 5 mm, or the series is refused.
const LEAST_MOVED: f64 = 0.6;

/// Body parts (PS3.16 CID 4 and what scanners write) with a face.
const HEADS: [&str; 18] = [
    "HEAD",
    "BRAIN",
    "SKULL",
    "FACE",
    "ORBIT",
    "EYE",
    "SINUS",
    "NECK",
    "EAR",
    "JAW",
    "MAXILLA",
    "MANDIBLE",
    "TEMPORAL",
    "WHOLEBODY",
    "WHOLE BODY",
    "CRANI",
    "PITUIT",
    "NOSE",
];

/// Looks at a series of CT or MR slices: single-frame instances in any order, or multi-frame ones.
///
/// # Errors
/// [`Error::Deface`](crate::Error::Deface) if this is a head, or may be one, and its face cannot
/// be removed; [`Error::Pixel`](crate::Error::Pixel) if slices cannot be decoded.
pub fn plan(series: &[SliceRef<'_>], policy: &DefacePolicy) -> Result<Outcome> {
    let Some(first) = series.first() else {
        return Ok(Outcome::NotHead("there are no instances"));
    };
    let kind = match first
        .data_set
        .first_text(tags::MODALITY)
        .as_deref()
        .map(str::trim)
    {
        Some("CT") => Kind::Ct,
        Some("MR") => Kind::Mr,
        _ => return Ok(Outcome::NotHead("neither CT nor MR")),
    };
    let label = label(first.data_set);
    // Of what says nothing it is not known that it has no face.
    if label == Some(false) {
        return Ok(Outcome::NotHead("another part of the body was examined"));
    }
    match find(series, kind, policy) {
        Ok(None) => Ok(Outcome::NotHead("the slices do not reach down to the face")),
        Ok(Some(mask)) => Ok(Outcome::Mask(Box::new(mask))),
        Err(error) => Err(error),
    }
}

/// Does the instance say that it shows a head? `None` if it says nothing.
fn label(data_set: &DataSet) -> Option<bool> {
    let mut parts = data_set.texts(tags::BODY_PART_EXAMINED);
    for item in data_set.items(tags::ANATOMIC_REGION_SEQUENCE) {
        parts.extend(item.texts(tags::CODE_MEANING));
    }
    let parts: Vec<String> = parts
        .iter()
        .map(|part| part.trim().to_uppercase())
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        return None;
    }
    Some(
        parts
            .iter()
            .any(|part| HEADS.iter().any(|head| part.contains(head))),
    )
}

/// Below the vertex by so many millimetres, a head has only a forehead.
const FOREHEAD_MM: f64 = 92.0;

fn find(series: &[SliceRef<'_>], kind: Kind, policy: &DefacePolicy) -> Result<Option<Mask>> {
    let volume = Volume::of(series)?;
    let grid = Grid::of(&volume)?;
    let head = Head::find(&grid, kind, policy.margin_mm)?;
    if let Some(cranium) = &head.cranium
        && cranium.vertex - grid.origin[2] < FOREHEAD_MM
    {
        return Ok(None);
    }
    let face = Face::find(&grid, &head, policy.depth_mm)?;
    let moved = face.displacements();
    let rays = face.rays.max(1) as f64;
    let far = moved.iter().filter(|one| **one >= 5.0).count() as f64;
    let measured = Measured {
        face_cm2: rays * super::volume::STEP.powi(2) / 100.0,
        moved_5mm: (far / rays).min(1.0),
        mean_mm: moved.iter().sum::<f64>() / rays,
        cranium: head.cranium,
    };
    if measured.moved_5mm < LEAST_MOVED {
        return Err(impossible(
            "too much of the face lies close to what may be brain",
        ));
    }
    let ears = policy.ears.then(|| mask::ears(&grid, &head)).flatten();
    let pictures = picture::pictures(&grid, &head, &face, ears.as_ref(), policy.before_pictures)?;
    let mut mask = mask::build(series, &volume, &grid, &head, &face, ears.as_ref())?;
    mask.measured = measured;
    mask.before = pictures.0;
    mask.after = pictures.1;
    Ok(Some(mask))
}

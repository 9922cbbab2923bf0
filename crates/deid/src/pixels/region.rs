//! Regions to be blanked: where, on which frames, and who asked for it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::shape::{Shape, Spans};

/// Frames, counted from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Frames {
    /// All of them.
    #[default]
    All,
    /// Those in the list.
    Some(Vec<u32>),
}

impl Frames {
    /// Is frame `number` (from 1) among them?
    pub fn contains(&self, number: u32) -> bool {
        match self {
            Frames::All => true,
            Frames::Some(numbers) => numbers.contains(&number),
        }
    }
}

/// Who asked for a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "by", content = "rule")]
pub enum Source {
    /// Sequence of Ultrasound Regions (0018,6011): what is outside.
    UltrasoundRegions,
    /// An entry of a catalogue of devices, by name.
    Catalogue(String),
    /// A rule of the policy, by its number from 1.
    Policy(usize),
    /// Text that was detected. What it says is not kept.
    Text,
    /// The whole image, by policy or catalogue.
    Whole(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::UltrasoundRegions => f.write_str("outside the ultrasound regions"),
            Source::Catalogue(name) => write!(f, "device template {name:?}"),
            Source::Policy(number) => write!(f, "rule {number} of the policy"),
            Source::Text => f.write_str("text detected"),
            Source::Whole(name) => write!(f, "whole image by {name:?}"),
        }
    }
}

/// A region to be blanked.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Where.
    pub shape: Shape,
    /// On which frames.
    pub frames: Frames,
    /// Who asked for it.
    pub source: Source,
}

impl Region {
    /// On all frames.
    pub fn on_all(shape: Shape, source: Source) -> Region {
        Region {
            shape,
            frames: Frames::All,
            source,
        }
    }
}

/// What regions cover of frame `number` (from 1).
pub fn spans(regions: &[Region], number: u32, rows: u32, columns: u32) -> Spans {
    let shapes: Vec<&Shape> = regions
        .iter()
        .filter(|region| region.frames.contains(number))
        .map(|region| &region.shape)
        .collect();
    Spans::of(shapes, rows, columns)
}

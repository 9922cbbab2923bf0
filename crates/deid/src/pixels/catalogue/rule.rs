//! One device of a catalogue.

use std::collections::BTreeMap;

use sagittal_core::{DataSet, Tag, dictionary, tags};
use serde::{Deserialize, Serialize};

use super::pattern::{OneOf, Pattern};
use crate::pixels::region::{Region, Source};
use crate::pixels::shape::{Rectangle, Shape};

/// An entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its name, once in a catalogue.
    pub name: String,
    /// Where the layout is known from.
    #[serde(default)]
    pub source: String,
    /// An entry of the same name in an earlier catalogue does not count.
    #[serde(default)]
    pub disabled: bool,
    /// Manufacturer (0008,0070).
    pub manufacturer: Option<OneOf<Pattern>>,
    /// Manufacturer's Model Name (0008,1090).
    pub model: Option<OneOf<Pattern>>,
    /// Modality (0008,0060).
    pub modality: Option<OneOf<Pattern>>,
    /// Software Versions (0018,1020): any of its values.
    pub software: Option<OneOf<Pattern>>,
    /// Station Name (0008,1010).
    pub station: Option<OneOf<Pattern>>,
    /// SOP Class UID (0008,0016).
    pub sop_class: Option<OneOf<Pattern>>,
    /// Series Description (0008,103E).
    pub series_description: Option<OneOf<Pattern>>,
    /// Conversion Type (0008,0064).
    pub conversion_type: Option<OneOf<Pattern>>,
    /// Burned In Annotation (0028,0301).
    pub burned_in: Option<OneOf<Pattern>>,
    /// Image Type (0008,0008): each of these is one of its values.
    #[serde(default)]
    pub image_type: Vec<Pattern>,
    /// Rows (0028,0010).
    pub rows: Option<OneOf<u32>>,
    /// Columns (0028,0011).
    pub columns: Option<OneOf<u32>>,
    /// Any other attribute at the top, by keyword.
    #[serde(default)]
    pub attributes: BTreeMap<String, OneOf<Pattern>>,
    /// What to do.
    #[serde(default)]
    pub action: DeviceAction,
    /// x, y, width, height; see the head of the shipped catalogue.
    #[serde(default)]
    pub rectangles: Vec<[i64; 4]>,
    /// All but these.
    #[serde(default)]
    pub outside: Vec<[i64; 4]>,
}

/// What an entry asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceAction {
    /// Its rectangles are blanked.
    #[default]
    Blank,
    /// Everything is blanked, or the instance refused, as the policy says.
    Whole,
    /// The instance is refused.
    Refuse,
    /// Such images have no text.
    Clean,
}

/// An entry that matches an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Match<'c> {
    /// The entry.
    pub device: &'c Device,
    /// What it covers of this image.
    pub regions: Vec<Region>,
}

impl Device {
    /// What is wrong with the entry itself.
    pub fn mistake(&self) -> Option<String> {
        if self.disabled {
            return None;
        }
        let has_places = !self.rectangles.is_empty() || !self.outside.is_empty();
        if has_places != (self.action == DeviceAction::Blank) {
            return Some(match has_places {
                true => "rectangles go with the action \"blank\" only".to_owned(),
                false => "the action \"blank\" needs rectangles or outside".to_owned(),
            });
        }
        if self.source.is_empty() {
            return Some("source is missing: say where the layout is known from".to_owned());
        }
        let conditions = self.conditions();
        if conditions.iter().all(|(_, patterns)| patterns.is_none())
            && self.attributes.is_empty()
            && self.image_type.is_empty()
        {
            return Some("no condition besides the size: it would match every device".to_owned());
        }
        let unknown = self
            .attributes
            .keys()
            .find(|keyword| tag_of(keyword).is_none());
        unknown.map(|keyword| format!("{keyword} is no keyword of the dictionary"))
    }

    fn conditions(&self) -> [(Tag, Option<&OneOf<Pattern>>); 9] {
        [
            (tags::MANUFACTURER, self.manufacturer.as_ref()),
            (tags::MANUFACTURER_MODEL_NAME, self.model.as_ref()),
            (tags::MODALITY, self.modality.as_ref()),
            (tags::SOFTWARE_VERSIONS, self.software.as_ref()),
            (tags::STATION_NAME, self.station.as_ref()),
            (tags::SOP_CLASS_UID, self.sop_class.as_ref()),
            (tags::SERIES_DESCRIPTION, self.series_description.as_ref()),
            (tags::CONVERSION_TYPE, self.conversion_type.as_ref()),
            (tags::BURNED_IN_ANNOTATION, self.burned_in.as_ref()),
        ]
    }

    /// Do all conditions hold?
    pub fn matches(&self, data_set: &DataSet) -> bool {
        let size = |tag, wanted: &Option<OneOf<u32>>| {
            wanted.as_ref().is_none_or(|wanted| {
                data_set.int(tag).is_some_and(|found| {
                    wanted.as_slice().iter().any(|one| i64::from(*one) == found)
                })
            })
        };
        let is_any = |tag, patterns: &OneOf<Pattern>| {
            let values = data_set.texts(tag);
            let matches = |pattern: &Pattern| values.iter().any(|value| pattern.matches(value));
            patterns.as_slice().iter().any(matches)
        };
        let image_type = data_set.texts(tags::IMAGE_TYPE);
        size(tags::ROWS, &self.rows)
            && size(tags::COLUMNS, &self.columns)
            && self
                .conditions()
                .into_iter()
                .all(|(tag, patterns)| patterns.is_none_or(|patterns| is_any(tag, patterns)))
            && self
                .image_type
                .iter()
                .all(|wanted| image_type.iter().any(|value| wanted.matches(value)))
            && self
                .attributes
                .iter()
                .all(|(keyword, patterns)| tag_of(keyword).is_some_and(|tag| is_any(tag, patterns)))
    }

    /// What the entry covers of an image of this size.
    pub fn regions(&self, rows: u32, columns: u32) -> Vec<Region> {
        let source = || Source::Catalogue(self.name.clone());
        let place = |of: &[i64; 4]| rectangle(of, rows, columns);
        let mut regions: Vec<Region> = self
            .rectangles
            .iter()
            .map(|of| Region::on_all(Shape::Rectangle(place(of)), source()))
            .collect();
        if !self.outside.is_empty() {
            let kept = self.outside.iter().map(place).collect();
            regions.push(Region::on_all(Shape::Outside(kept), source()));
        }
        if self.action == DeviceAction::Whole {
            let source = Source::Whole(self.name.clone());
            regions.push(Region::on_all(Shape::Whole, source));
        }
        regions
    }
}

/// Places from the right or bottom edge, and lengths to it.
fn rectangle(&[x, y, width, height]: &[i64; 4], rows: u32, columns: u32) -> Rectangle {
    let along = |start: i64, length: i64, whole: u32| {
        let whole = i64::from(whole);
        let start = if start < 0 {
            whole.saturating_add(start)
        } else {
            start
        }
        .clamp(0, whole);
        let end = if length <= 0 {
            whole
        } else {
            start.saturating_add(length).min(whole)
        };
        // Both lie in the picture.
        let number = |place: i64| u32::try_from(place).unwrap_or(0);
        (number(start), number(end))
    };
    let (left, right) = along(x, width, columns);
    let (top, bottom) = along(y, height, rows);
    Rectangle::of_corners(left, top, right, bottom)
}

fn tag_of(keyword: &str) -> Option<Tag> {
    dictionary::by_keyword(keyword)
}

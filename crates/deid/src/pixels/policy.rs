//! What a policy says about pixels: the table `[pixels]` of its TOML.

use sagittal_core::{DataSet, Tag, tags};
use serde::{Deserialize, Serialize};

use super::catalogue::Pattern;
use super::region::{Frames, Region, Source};
use super::shape::{Rectangle, Shape};
use crate::deface::DefacePolicy;

/// The table `[pixels]`. What is left out is as the defaults say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PixelPolicy {
    /// Blank what is outside the Sequence of Ultrasound Regions (0018,6011).
    pub ultrasound_regions: bool,
    /// Use the catalogue of devices that comes with the engine.
    pub shipped_catalogue: bool,
    /// Files of further catalogues; whoever loads the policy reads them.
    pub catalogues: Vec<String>,
    /// Look for text with OCR.
    pub ocr: Ocr,
    /// In which images.
    pub ocr_scope: OcrScope,
    /// Which of the text found is blanked.
    pub ocr_blanks: OcrBlanks,
    /// How sure the detector must be, 0 to 100.
    pub ocr_confidence: u8,
    /// Of images with several frames every so-manieth is looked at, besides the first, the last and
    /// those that differ from the one looked at before.
    pub ocr_every: u32,
    /// What to do with an image that may have text burned in and that no rule covers.
    pub unknown_burned_in: Unknown,
    /// What to do with images that a catalogue calls text as a whole.
    pub whole_image: Whole,
    /// Overlay planes (60xx), with the Clean Graphics Option.
    pub graphics: Graphics,
    /// Make pictures from before blanking for the report. They show what was removed.
    pub before_pictures: bool,
    /// Rules by hand.
    pub rule: Vec<HandRule>,
    /// Faces.
    pub deface: DefacePolicy,
}

impl Default for PixelPolicy {
    fn default() -> PixelPolicy {
        PixelPolicy {
            ultrasound_regions: true,
            shipped_catalogue: true,
            catalogues: Vec::new(),
            ocr: Ocr::Use,
            ocr_scope: OcrScope::Suspect,
            ocr_blanks: OcrBlanks::All,
            ocr_confidence: 30,
            ocr_every: 30,
            unknown_burned_in: Unknown::Refuse,
            whole_image: Whole::Refuse,
            graphics: Graphics::Remove,
            before_pictures: false,
            rule: Vec::new(),
            deface: DefacePolicy::default(),
        }
    }
}

/// Is text looked for with OCR?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ocr {
    /// Yes, and without a detector nothing goes through.
    Require,
    /// If there is a detector.
    Use,
    /// No.
    Off,
}

/// In which images text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OcrScope {
    /// Those that may have text burned in.
    Suspect,
    /// All.
    All,
}

/// Which text is blanked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OcrBlanks {
    /// All that is found.
    All,
    /// What names or identifies someone, as the text cleaner sees it. What is read wrongly stays.
    Identities,
}

/// Images that may have text and that no rule covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// Refused, unless OCR looked at them.
    Refuse,
    /// OCR must look at them; without a detector they are refused.
    Ocr,
    /// Kept. Burned In Annotation stays as it is.
    Keep,
}

/// Images that are text as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whole {
    /// Refused.
    Refuse,
    /// Blanked from edge to edge.
    Blank,
}

/// What becomes of overlay planes with the Clean Graphics Option (PS3.15 §E.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Graphics {
    /// They are removed.
    Remove,
    /// Text in them is cleared; without a detector they are removed.
    Clean,
    /// They stay.
    Keep,
}

/// Shapes on the images that a rule is for. Without a condition it is for all images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HandRule {
    /// SOP Instance UID, as it was.
    pub sop_instance_uid: Option<Pattern>,
    /// Series Instance UID, as it was.
    pub series_instance_uid: Option<Pattern>,
    /// Study Instance UID, as it was.
    pub study_instance_uid: Option<Pattern>,
    /// Device Serial Number.
    pub device_serial_number: Option<Pattern>,
    /// Station Name.
    pub station_name: Option<Pattern>,
    /// Manufacturer.
    pub manufacturer: Option<Pattern>,
    /// Manufacturer's Model Name.
    pub model: Option<Pattern>,
    /// Modality.
    pub modality: Option<Pattern>,
    /// Rows.
    pub rows: Option<u32>,
    /// Columns.
    pub columns: Option<u32>,
    /// On which frames, from 1; left out: on all.
    pub frames: Option<Vec<u32>>,
    /// x, y, width, height.
    pub rectangles: Vec<Rectangle>,
    /// x, y, width, height of the ellipse's frame.
    pub ellipses: Vec<Rectangle>,
    /// Points x, y.
    pub polygons: Vec<Vec<[u32; 2]>>,
    /// All but these rectangles.
    pub outside: Vec<Rectangle>,
    /// Everything.
    pub whole: bool,
    /// Somebody has looked: there is no text in such images.
    pub clean: bool,
}

impl HandRule {
    /// Is the rule for this image?
    pub fn matches(&self, data_set: &DataSet) -> bool {
        let is = |tag: Tag, pattern: &Option<Pattern>| {
            pattern.as_ref().is_none_or(|pattern| {
                let values = data_set.texts(tag);
                values.iter().any(|value| pattern.matches(value))
            })
        };
        let has =
            |tag, size: Option<u32>| size.is_none_or(|size| data_set.int(tag) == Some(size.into()));
        is(tags::SOP_INSTANCE_UID, &self.sop_instance_uid)
            && is(tags::SERIES_INSTANCE_UID, &self.series_instance_uid)
            && is(tags::STUDY_INSTANCE_UID, &self.study_instance_uid)
            && is(tags::DEVICE_SERIAL_NUMBER, &self.device_serial_number)
            && is(tags::STATION_NAME, &self.station_name)
            && is(tags::MANUFACTURER, &self.manufacturer)
            && is(tags::MANUFACTURER_MODEL_NAME, &self.model)
            && is(tags::MODALITY, &self.modality)
            && has(tags::ROWS, self.rows)
            && has(tags::COLUMNS, self.columns)
    }

    /// Its regions; `number` is its place in the policy, from 1.
    pub fn regions(&self, number: usize) -> Vec<Region> {
        let mut shapes: Vec<Shape> = Vec::new();
        shapes.extend(self.rectangles.iter().map(|one| Shape::Rectangle(*one)));
        shapes.extend(self.ellipses.iter().map(|one| Shape::Ellipse(*one)));
        shapes.extend(self.polygons.iter().map(|one| Shape::Polygon(one.clone())));
        if !self.outside.is_empty() {
            shapes.push(Shape::Outside(self.outside.clone()));
        }
        if self.whole {
            shapes.push(Shape::Whole);
        }
        let frames = match &self.frames {
            Some(numbers) => Frames::Some(numbers.clone()),
            None => Frames::All,
        };
        shapes
            .into_iter()
            .map(|shape| Region {
                shape,
                frames: frames.clone(),
                source: Source::Policy(number),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_policy_is_read_from_toml_and_unknown_keys_are_refused() {
        let text = r#"
            ocr = "require"
            unknown_burned_in = "keep"
            [deface]
            ears = true
            [[rule]]
            series_instance_uid = "1.2.*"
            frames = [1, 3]
            rectangles = [[0, 0, 10, 20]]
            polygons = [[[0, 0], [5, 0], [0, 5]]]
        "#;
        let policy: PixelPolicy = toml::from_str(text).unwrap();
        assert_eq!(
            (policy.ocr, policy.unknown_burned_in),
            (Ocr::Require, Unknown::Keep)
        );
        assert!(policy.deface.ears && policy.ultrasound_regions);
        let mut data_set = DataSet::new();
        assert!(!policy.rule[0].matches(&data_set));
        data_set.put_text(tags::SERIES_INSTANCE_UID, "1.2.3");
        assert!(policy.rule[0].matches(&data_set));
        let regions = policy.rule[0].regions(1);
        assert_eq!(regions.len(), 2);
        assert!(regions[0].frames.contains(3) && !regions[0].frames.contains(2));
        assert!(toml::from_str::<PixelPolicy>("ocrr = \"off\"").is_err());
        assert!(toml::from_str::<PixelPolicy>("[[rule]]\nrectangle = 1").is_err());
        let written = toml::to_string(&policy).unwrap();
        assert_eq!(toml::from_str::<PixelPolicy>(&written).unwrap(), policy);
    }
}

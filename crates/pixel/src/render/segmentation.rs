//! Segmentations (PS3.3 §C.8.20): binary, fractional and label maps, each segment in its color.

use sagittal_core::{DataSet, tags};

use super::samples::{Bits, numbers};
use super::{Groups, lab};
use crate::Frame;

/// Segmentation Type (0062,0001).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentationKind {
    /// A pixel belongs to the frame's segment or not.
    Binary,
    /// To a part: the most that a sample can be.
    Fractional {
        /// Maximum Fractional Value (0062,000E).
        most: u32,
    },
    /// A sample is the number of a segment.
    LabelMap,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Segment Number (0062,0004).
    pub number: u32,
    /// Segment Label (0062,0005).
    pub label: String,
    /// Recommended Display CIELab Value (0062,000D), or a color chosen by number.
    pub color: [u8; 3],
}

/// A segmentation and the segment of one of its frames.
#[derive(Clone, Debug)]
pub(super) struct Segmentation {
    pub kind: SegmentationKind,
    pub segments: Vec<Segment>,
    /// Referenced Segment Number (0062,000B) of the frame.
    pub of_frame: Option<u32>,
}

/// Colors of segments that recommend none: well apart from each other.
const COLORS: [[u8; 3]; 12] = [
    [230, 80, 70],
    [80, 180, 90],
    [80, 130, 230],
    [240, 200, 60],
    [180, 100, 210],
    [70, 200, 210],
    [240, 140, 50],
    [220, 110, 160],
    [150, 190, 60],
    [120, 120, 240],
    [200, 160, 110],
    [150, 150, 150],
];

impl Segmentation {
    /// Reads the module, if this is a segmentation.
    pub fn read(groups: &Groups<'_>) -> Option<Segmentation> {
        let root = groups.root();
        let kind = match root.first_text(tags::SEGMENTATION_TYPE)?.as_str() {
            "BINARY" => SegmentationKind::Binary,
            "FRACTIONAL" => SegmentationKind::Fractional {
                most: root
                    .int(tags::MAXIMUM_FRACTIONAL_VALUE)
                    .and_then(|most| u32::try_from(most).ok())
                    .filter(|&most| most > 0)
                    .unwrap_or(255),
            },
            "LABELMAP" => SegmentationKind::LabelMap,
            _ => return None,
        };
        let segments = root
            .items(tags::SEGMENT_SEQUENCE)
            .iter()
            .filter_map(read_segment)
            .collect();
        let of_frame = groups
            .item(tags::SEGMENT_IDENTIFICATION_SEQUENCE)
            .and_then(|item| item.int(tags::REFERENCED_SEGMENT_NUMBER))
            .and_then(|number| u32::try_from(number).ok());
        Some(Segmentation {
            kind,
            segments,
            of_frame,
        })
    }

    /// The color of a segment; 0 is the background of a label map.
    fn color(&self, number: u32) -> [u8; 3] {
        self.segments
            .iter()
            .find(|segment| segment.number == number)
            .map_or_else(|| color_by_number(number), |segment| segment.color)
    }

    /// Red, green and blue of a frame.
    pub fn to_rgb(&self, frame: &Frame) -> Vec<u8> {
        if self.kind == SegmentationKind::LabelMap {
            let has_background = self.segments.iter().all(|segment| segment.number != 0);
            let count = Bits::of(&frame.image).limits().1.min(65_535.0) as u32;
            let mut colors: Vec<[u8; 3]> = (0..=count).map(color_by_number).collect();
            for segment in &self.segments {
                if let Some(color) = colors.get_mut(segment.number as usize) {
                    *color = segment.color;
                }
            }
            if has_background && let Some(color) = colors.first_mut() {
                *color = [0; 3];
            }
            // Saturates.
            return numbers(frame)
                .flat_map(|value| colors.get(value as usize).copied().unwrap_or_default())
                .collect();
        }
        let most = match self.kind {
            SegmentationKind::Fractional { most } => f64::from(most),
            _ => 1.0,
        };
        let color = self.color(self.of_frame.unwrap_or(1)).map(f64::from);
        // Between 0 and 255.
        numbers(frame)
            .flat_map(|value| {
                let part = (value / most).clamp(0.0, 1.0);
                color.map(|channel| (channel * part).round() as u8)
            })
            .collect()
    }
}

fn read_segment(item: &DataSet) -> Option<Segment> {
    let number = u32::try_from(item.int(tags::SEGMENT_NUMBER)?).ok()?;
    Some(Segment {
        number,
        label: item.first_text(tags::SEGMENT_LABEL).unwrap_or_default(),
        color: lab::read(item, tags::RECOMMENDED_DISPLAY_CIELAB_VALUE)
            .unwrap_or_else(|| color_by_number(number)),
    })
}

fn color_by_number(number: u32) -> [u8; 3] {
    let at = (number.saturating_sub(1) as usize) % COLORS.len();
    COLORS.get(at).copied().unwrap_or([255; 3])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples::tests::grey16;
    use super::*;

    fn segmentation(kind: &str) -> DataSet {
        let mut segment = DataSet::new();
        segment.put_u16(tags::SEGMENT_NUMBER, &[2]);
        segment.put_u16(
            tags::RECOMMENDED_DISPLAY_CIELAB_VALUE,
            &[65535, 32896, 32896],
        );
        let mut identification = DataSet::new();
        identification.put_u16(tags::REFERENCED_SEGMENT_NUMBER, &[2]);
        let mut groups = DataSet::new();
        groups.put_items(tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![identification]);
        let mut root = DataSet::new();
        root.put_text(tags::SEGMENTATION_TYPE, kind);
        root.put_u16(tags::MAXIMUM_FRACTIONAL_VALUE, &[200]);
        root.put_items(tags::SEGMENT_SEQUENCE, vec![segment]);
        root.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![groups]);
        root
    }

    fn shown(kind: &str, samples: &[u16]) -> Vec<u8> {
        let root = segmentation(kind);
        let columns = u32::try_from(samples.len()).unwrap();
        let frame = grey16(columns, 8, 7, false, samples);
        Segmentation::read(&Groups::of(&root, 1))
            .unwrap()
            .to_rgb(&frame)
    }

    #[test]
    fn a_segment_has_its_recommended_color() {
        assert_eq!(shown("BINARY", &[0, 1]), [0, 0, 0, 255, 255, 255]);
        assert_eq!(shown("FRACTIONAL", &[100])[0], 128);
    }

    #[test]
    fn a_label_map_shows_every_label_but_the_background() {
        let rgb = shown("LABELMAP", &[0, 2, 1]);
        assert_eq!(rgb[..6], [0, 0, 0, 255, 255, 255]);
        assert_eq!(rgb[6..], COLORS[0]);
    }

    #[test]
    fn other_objects_are_no_segmentations() {
        assert!(Segmentation::read(&Groups::of(&DataSet::new(), 1)).is_none());
    }
}

#![allow(clippy::unwrap_used)]
use sagittal_core::Vr;

use super::super::region::Source;
use super::*;

const OVERLAY: u16 = 0x6000;

fn tag(of: Tag) -> Tag {
    Tag(OVERLAY, of.element())
}

/// An overlay of set bits, 20 rows by 33 columns, whose upper left pixel is at row 3, column 6.
fn with_overlay(frames: Option<u32>) -> DataSet {
    let mut data_set = DataSet::new();
    data_set.put_u16(tag(tags::OVERLAY_ROWS), &[20]);
    data_set.put_u16(tag(tags::OVERLAY_COLUMNS), &[33]);
    data_set.put_bytes(tag(tags::OVERLAY_ORIGIN), Vr::SS, vec![3, 0, 6, 0]);
    data_set.put_u16(tag(tags::OVERLAY_BITS_ALLOCATED), &[1]);
    data_set.put_u16(tag(tags::OVERLAY_BIT_POSITION), &[0]);
    if let Some(frames) = frames {
        data_set.put_text(tag(tags::NUMBER_OF_FRAMES_IN_OVERLAY), &frames.to_string());
        data_set.put_u16(tag(tags::IMAGE_FRAME_ORIGIN), &[2]);
    }
    let bits = 20 * 33 * frames.unwrap_or(1) as usize;
    data_set.put_bytes(
        tag(tags::OVERLAY_DATA),
        Vr::OW,
        vec![0xFF; bits.div_ceil(16) * 2],
    );
    data_set
}

fn is_set(data_set: &DataSet, frame: u32, column: u32, row: u32) -> bool {
    let bit = ((frame * 20 + row) * 33 + column) as usize;
    data_set.bytes(tag(tags::OVERLAY_DATA)).unwrap()[bit / 8] >> (bit % 8) & 1 == 1
}

#[test]
fn bits_over_a_region_are_cleared_in_the_overlay_s_own_place() {
    let mut data_set = with_overlay(None);
    let shape = Shape::Rectangle([0, 0, 10, 5].into());
    let region = Region::on_all(shape, Source::Policy(1));
    assert_eq!(
        blank(&mut data_set, std::slice::from_ref(&region)),
        [OVERLAY]
    );
    for row in 0..20 {
        for column in 0..33 {
            // Row 0, column 0 of the overlay is row 2, column 5 of the image.
            let is_cleared = row + 2 < 5 && column + 5 < 10;
            assert_eq!(
                is_set(&data_set, 0, column, row),
                !is_cleared,
                "{column} {row}"
            );
        }
    }
    assert!(
        blank(&mut data_set, &[region]).is_empty(),
        "nothing was left to clear"
    );
}

#[test]
fn frames_of_an_overlay_belong_to_frames_of_the_image() {
    let mut data_set = with_overlay(Some(2));
    let region = Region {
        frames: super::super::region::Frames::Some(vec![3]),
        ..Region::on_all(Shape::Whole, Source::Policy(1))
    };
    blank(&mut data_set, &[region]);
    // The first frame is that of the image's second one.
    assert!(is_set(&data_set, 0, 4, 4) && !is_set(&data_set, 1, 4, 4));
}

struct Finds(Vec<[u32; 4]>);

impl TextDetector for Finds {
    fn name(&self) -> String {
        "finds".to_owned()
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<TextBox>> {
        assert_eq!((picture.width, picture.height), (33, 20));
        let found = self.0.iter().map(|rectangle| TextBox {
            rectangle: (*rectangle).into(),
            text: "x".to_owned(),
            confidence: 99.0,
            line: 0,
        });
        Ok(found.collect())
    }
}

#[test]
fn graphics_stay_and_their_text_goes() {
    let mut data_set = with_overlay(None);
    let detector = Finds(vec![[10, 8, 6, 4]]);
    let fates = clean_graphics(&mut data_set, Graphics::Clean, Some(&detector)).unwrap();
    assert_eq!(fates, [(OVERLAY, OverlayFate::TextCleared { boxes: 1 })]);
    assert!(
        !is_set(&data_set, 0, 12, 9) && !is_set(&data_set, 0, 8, 6) && is_set(&data_set, 0, 7, 9)
    );
    let fates = clean_graphics(&mut data_set, Graphics::Clean, Some(&Finds(vec![]))).unwrap();
    assert_eq!(fates, [(OVERLAY, OverlayFate::WithoutText)]);
    let fates = clean_graphics(&mut data_set, Graphics::Keep, None).unwrap();
    assert_eq!(fates, [(OVERLAY, OverlayFate::Kept)]);
    // Nobody can look.
    let fates = clean_graphics(&mut data_set, Graphics::Clean, None).unwrap();
    assert_eq!(fates, [(OVERLAY, OverlayFate::Removed)]);
    assert!(data_set.is_empty());
}

#[test]
fn overlays_in_the_pixels_cannot_be_looked_at_and_go() {
    let mut data_set = with_overlay(None);
    data_set.remove(tag(tags::OVERLAY_DATA));
    let fates = clean_graphics(&mut data_set, Graphics::Clean, Some(&Finds(vec![]))).unwrap();
    assert_eq!(fates, [(OVERLAY, OverlayFate::Removed)]);
}

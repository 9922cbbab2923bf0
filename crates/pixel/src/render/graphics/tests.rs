#![allow(clippy::unwrap_used)]
use super::super::Pixels;
use super::super::geometry::Wanted;
use super::*;
use sagittal_core::Vr;

fn shape(kind: &str, units: &str, points: &[f32], is_filled: bool) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::GRAPHIC_ANNOTATION_UNITS, units);
    item.put_text(tags::GRAPHIC_TYPE, kind);
    item.put_text(tags::GRAPHIC_FILLED, if is_filled { "Y" } else { "N" });
    let bytes: Vec<u8> = points.iter().flat_map(|v| v.to_le_bytes()).collect();
    item.put_bytes(tags::GRAPHIC_DATA, Vr::FL, bytes);
    item
}

fn drawn(shapes: Vec<DataSet>, text: Option<DataSet>) -> Picture {
    let mut annotation = DataSet::new();
    annotation.put_text(tags::GRAPHIC_LAYER, "ONE");
    annotation.put_items(tags::GRAPHIC_OBJECT_SEQUENCE, shapes);
    annotation.put_items(tags::TEXT_OBJECT_SEQUENCE, text.into_iter().collect());
    let mut layer = DataSet::new();
    layer.put_text(tags::GRAPHIC_LAYER, "ONE");
    layer.put_u16(
        tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE,
        &[0xC800],
    );
    let mut state = DataSet::new();
    state.put_items(tags::GRAPHIC_LAYER_SEQUENCE, vec![layer]);
    state.put_items(tags::GRAPHIC_ANNOTATION_SEQUENCE, vec![annotation]);
    let mut picture = Picture::new(40, 20, Pixels::Grey8(vec![0; 800])).unwrap();
    let wanted = Wanted {
        aspect: 1.0,
        ..Wanted::default()
    };
    let placement = Placement::of(40, 20, &wanted, None);
    draw(&read(&state, |_| true), &placement, &mut picture);
    picture
}

fn at(picture: &Picture, x: usize, y: usize) -> u8 {
    match &picture.pixels {
        Pixels::Grey8(pixels) => pixels[y * 40 + x],
        _ => unreachable!(),
    }
}

#[test]
fn a_line_runs_through_its_pixels_in_the_grey_of_its_layer() {
    let picture = drawn(
        vec![shape("POLYLINE", "PIXEL", &[5.5, 10.5, 20.5, 10.5], false)],
        None,
    );
    assert_eq!(at(&picture, 12, 10), 200);
    assert_eq!(at(&picture, 12, 12), 0);
    assert_eq!(at(&picture, 30, 10), 0);
}

#[test]
fn display_units_are_parts_of_the_picture() {
    let picture = drawn(
        vec![shape("POLYLINE", "DISPLAY", &[0.5, 0.0, 0.5, 1.0], false)],
        None,
    );
    assert!(at(&picture, 20, 3) > 60 || at(&picture, 19, 3) > 60);
    assert_eq!(at(&picture, 24, 3), 0);
}

#[test]
fn a_filled_circle_is_full_and_an_empty_one_is_not() {
    let circle = |filled| {
        drawn(
            vec![shape("CIRCLE", "PIXEL", &[20., 10., 26., 10.], filled)],
            None,
        )
    };
    assert_eq!(at(&circle(true), 20, 10), 200);
    assert_eq!(at(&circle(false), 20, 10), 0);
    assert!(at(&circle(false), 25, 10) > 60 || at(&circle(false), 26, 10) > 60);
}

#[test]
fn text_stands_in_its_box() {
    let mut text = DataSet::new();
    text.put_text(tags::UNFORMATTED_TEXT_VALUE, "HI");
    text.put_text(tags::BOUNDING_BOX_ANNOTATION_UNITS, "PIXEL");
    for (tag, corner) in [
        (tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER, [10.0_f32, 5.0]),
        (tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER, [24.0, 15.0]),
    ] {
        let bytes: Vec<u8> = corner.iter().flat_map(|v| v.to_le_bytes()).collect();
        text.put_bytes(tag, Vr::FL, bytes);
    }
    let picture = drawn(vec![], Some(text));
    assert_eq!(at(&picture, 10, 5), 200);
    assert_eq!(at(&picture, 14, 11), 200);
    assert_eq!(at(&picture, 5, 5), 0);
}

#[test]
fn endless_graphics_end() {
    let wild: Vec<f32> = (0..20_000)
        .flat_map(|at| [if at % 2 == 0 { -1e30 } else { 1e30 }, at as f32])
        .collect();
    drawn(vec![shape("POLYLINE", "PIXEL", &wild, true)], None);
}

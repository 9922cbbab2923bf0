#![allow(clippy::unwrap_used)]
use super::*;
use crate::render::samples::tests::grey16;
use crate::render::{Picture, Pixels, Viewport};
use crate::{Frame, Result};
use sagittal_core::{DataSet, tags};

/// Slices of 3 × 2; a value is 100 × slice + 10 × row + column.
fn slices(heights: &[f64]) -> Vec<(DataSet, Frame)> {
    heights
        .iter()
        .enumerate()
        .map(|(at, height)| {
            let mut header = DataSet::new();
            header.put_text(tags::IMAGE_POSITION_PATIENT, &format!("0\\0\\{height}"));
            header.put_text(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0");
            header.put_text(tags::PIXEL_SPACING, "1\\1");
            let base = u16::try_from(at).unwrap() * 100;
            let values: Vec<u16> = [0, 1, 2, 10, 11, 12].map(|v| base + v).into();
            (header, grey16(3, 16, 15, false, &values))
        })
        .collect()
}

fn build(slices: &[(DataSet, Frame)], max_bytes: u64, reference: Option<usize>) -> Result<Volume> {
    let places: Vec<Slice> = slices
        .iter()
        .map(|(header, frame)| Slice::of(header, 1, &frame.image))
        .collect::<Result<_>>()?;
    let stack = Stack::of(&places, reference)?;
    let order = stack.order.clone();
    let mut builder = VolumeBuilder::new(stack, max_bytes)?;
    for at in order {
        builder.add(&slices[at].1)?;
    }
    builder.finish()
}

fn volume(heights: &[f64]) -> Result<Volume> {
    let mut slices = slices(heights);
    slices.reverse();
    build(&slices, 1 << 20, None)
}

/// A window that shows values 0 to 255 as they are.
fn plain() -> Option<Window> {
    Some(Window::of_range(0.0, 255.0))
}

fn grey(picture: &Picture) -> &[u8] {
    match &picture.pixels {
        Pixels::Grey8(pixels) => pixels,
        _ => unreachable!(),
    }
}

/// A cut seen from a side, `offset` millimetres beyond the middle.
fn cut(volume: &Volume, side: Orientation, offset: f64, thickness: f64, by: Projection) -> Picture {
    let mut view = View::from_side(side, volume.center());
    view.look_at = vector::add(view.look_at, vector::scale(view.forward, offset));
    volume.slab(&view, thickness, by, plain(), None).unwrap()
}

#[test]
fn slices_are_sorted_and_cut_where_they_lie() {
    let volume = volume(&[0.0, 2.0, 4.0]).unwrap();
    let middle = cut(&volume, Orientation::Feet, 0.0, 0.0, Projection::Maximum);
    assert_eq!((middle.width, middle.height), (3, 2));
    assert_eq!(grey(&middle), [100, 101, 102, 110, 111, 112]);
    let between = cut(&volume, Orientation::Feet, 1.0, 0.0, Projection::Maximum);
    assert_eq!(grey(&between), [150, 151, 152, 160, 161, 162]);
}

#[test]
fn each_side_shows_what_one_sees_from_there() {
    let volume = volume(&[0.0, 2.0, 4.0]).unwrap();
    let corner = |side| {
        let picture = cut(&volume, side, 0.0, 1000.0, Projection::Mean);
        let pixels = grey(&picture).to_vec();
        let width = picture.width as usize;
        (pixels[0], pixels[width - 1], pixels[pixels.len() - width])
    };
    // Columns grow to the patient's left, rows to the back, slices to the head.
    let (top_left, top_right, lower_left) = corner(Orientation::Anterior);
    assert!(top_left < top_right && top_left > lower_left);
    let (top_left, top_right, lower_left) = corner(Orientation::Posterior);
    assert!(top_left > top_right && top_left > lower_left);
    // From the left the front is on the left.
    let (top_left, top_right, _) = corner(Orientation::Left);
    assert!(top_left < top_right);
    let (top_left, top_right, _) = corner(Orientation::Right);
    assert!(top_left > top_right);
    // From above the patient's left is on the left, the front on top.
    let (top_left, top_right, lower_left) = corner(Orientation::Head);
    assert!(top_left > top_right && top_left < lower_left);
    let (top_left, top_right, lower_left) = corner(Orientation::Feet);
    assert!(top_left < top_right && top_left < lower_left);
}

#[test]
fn slabs_take_the_greatest_the_least_or_the_mean() {
    let volume = volume(&[0.0, 2.0, 4.0]).unwrap();
    let first = |by| grey(&cut(&volume, Orientation::Feet, 0.0, 100.0, by))[0];
    assert_eq!(first(Projection::Maximum), 200);
    assert_eq!(first(Projection::Minimum), 0);
    assert_eq!(first(Projection::Mean), 100);
}

#[test]
fn a_turned_projection_sees_the_other_side() {
    let volume = volume(&[0.0, 2.0, 4.0]).unwrap();
    let size = Some(Viewport::size(30, 60).unwrap());
    let front = View::from_side(Orientation::Anterior, volume.center());
    let picture = |degrees: f64| {
        let view = front.turned(degrees);
        volume
            .slab(&view, f64::INFINITY, Projection::Maximum, plain(), size)
            .unwrap()
    };
    let (front_view, back) = (picture(0.0), picture(180.0));
    let mirrored: Vec<u8> = grey(&back)[..30].iter().rev().copied().collect();
    assert_eq!(&grey(&front_view)[..30], mirrored);
    let shaded = volume.shaded(&front.turned(30.0), plain(), size).unwrap();
    assert!(grey(&shaded).iter().any(|&light| light > 0));
    let back_view = View::from_side(Orientation::Posterior, volume.center());
    let turned = front.turned(180.0);
    assert!(vector::dot(turned.forward, back_view.forward) > 0.999_999);
}

#[test]
fn viewpoints_are_the_same_as_sides() {
    let middle = [10.0, 20.0, 30.0];
    let side = View::from_side(Orientation::Anterior, middle);
    let point = View::from_point([10.0, -100.0, 30.0], middle, [0.0, 0.3, 2.0]).unwrap();
    for (a, b) in [
        (side.forward, point.forward),
        (side.right, point.right),
        (side.up, point.up),
    ] {
        assert!(vector::length(vector::subtract(a, b)) < 1e-9, "{a:?} {b:?}");
    }
    assert!(View::from_point(middle, middle, [0.0, 0.0, 1.0]).is_err());
    assert!(View::from_point([0.0; 3], [0.0, 0.0, 5.0], [0.0, 0.0, 1.0]).is_err());
}

#[test]
fn a_curve_is_followed_across() {
    let curve = Curve::new(vec![[0.0; 3], [0.0, 10.0, 0.0], [0.0, 10.0, 10.0]]).unwrap();
    assert_eq!(curve.length(), 20.0);
    let up = [0.0, 0.0, 1.0];
    let view = curve.view(4.0, up).unwrap();
    assert_eq!(
        (view.look_at, view.forward),
        ([0.0, 4.0, 0.0], [0.0, 1.0, 0.0])
    );
    let view = curve.view(15.0, up).unwrap();
    assert_eq!(
        (view.look_at, view.up),
        ([0.0, 10.0, 5.0], [0.0, -1.0, 0.0])
    );
    assert!(Curve::new(vec![[0.0; 3], [0.0; 3]]).is_err());
}

#[test]
fn what_is_no_regular_grid_is_refused_with_the_reason() {
    let reason = |result: Result<Volume>| result.unwrap_err().to_string();
    assert!(reason(volume(&[0.0, 2.0, 5.0])).contains("evenly"));
    assert!(reason(volume(&[0.0])).contains("single"));
    let mut two = slices(&[0.0, 1.0]);
    two[1]
        .0
        .put_text(tags::IMAGE_ORIENTATION_PATIENT, "0\\1\\0\\0\\0\\1");
    assert!(reason(build(&two, 1 << 20, None)).contains("orientation"));
    let mut aside = slices(&[0.0, 1.0, 2.0]);
    aside[1].0.put_text(tags::IMAGE_POSITION_PATIENT, "4\\0\\1");
    assert!(reason(build(&aside, 1 << 20, None)).contains("upon the other"));
}

#[test]
fn slices_of_a_tilted_gantry_are_put_where_they_are() {
    let mut tilted = slices(&[0.0, 1.0, 2.0]);
    for (at, (header, _)) in tilted.iter_mut().enumerate() {
        header.put_text(tags::IMAGE_POSITION_PATIENT, &format!("0\\{at}\\{at}"));
    }
    let volume = build(&tilted, 1 << 20, None).unwrap();
    // Row 0 of slice 1 lies at y = 1, as row 1 of slice 0 does.
    assert_eq!(volume.center(), [1.0, 1.5, 1.0]);
    let view = View::from_side(Orientation::Feet, [1.0, 1.0, 1.0]);
    let picture = volume
        .slab(&view, 0.0, Projection::Maximum, plain(), None)
        .unwrap();
    assert_eq!((picture.width, picture.height), (3, 5));
    let column: Vec<u8> = grey(&picture).iter().step_by(3).copied().collect();
    assert_eq!(column, [0, 0, 100, 110, 0]);
}

#[test]
fn of_several_phases_one_is_taken() {
    // Two values at each place.
    let phases = slices(&[0.0, 0.0, 2.0, 2.0, 4.0, 4.0]);
    let first = build(&phases, 1 << 20, None).unwrap();
    assert_eq!(first.size(), [3, 2, 3]);
    let value =
        |volume: &Volume| grey(&cut(volume, Orientation::Feet, -2.0, 0.0, Projection::Mean))[0];
    assert_eq!(value(&first), 0);
    let second = build(&phases, 1 << 20, Some(3)).unwrap();
    assert_eq!(value(&second), 100);
}

#[test]
fn a_volume_too_large_joins_rows_and_columns() {
    let slices: Vec<(DataSet, Frame)> = (0..4_u16)
        .map(|at| {
            let mut header = slices(&[f64::from(at)]).remove(0).0;
            header.put_text(tags::RESCALE_SLOPE, "2");
            header.put_text(tags::RESCALE_INTERCEPT, "-10");
            header.put_u16(tags::PIXEL_PADDING_VALUE, &[9]);
            let values: Vec<u16> = vec![10, 20, 9, 9, 30, 40, 9, 9];
            (header, grey16(4, 16, 15, false, &values))
        })
        .collect();
    let volume = build(&slices, 16, None).unwrap();
    assert_eq!(
        (volume.size(), volume.joined(), volume.bytes()),
        ([2, 1, 4], 2, 16)
    );
    // The mean of 10, 20, 30 and 40 times 2 less 10; what is no value is the least, that.
    let picture = cut(&volume, Orientation::Feet, 0.0, 0.0, Projection::Mean);
    assert!(
        grey(&picture).iter().all(|&value| value == 40),
        "{picture:?}"
    );
    assert!(matches!(
        build(&slices, 1, None),
        Err(crate::Error::TooLarge { .. })
    ));
    let whole = build(&slices, 1 << 20, None).unwrap();
    let picture = cut(&whole, Orientation::Feet, 0.0, 0.0, Projection::Maximum);
    assert_eq!(grey(&picture), [10, 30, 10, 10, 50, 70, 10, 10]);
}

#[test]
fn numbers_of_all_16_bits_keep_their_values() {
    let slices: Vec<(DataSet, Frame)> = (0..2_u16)
        .map(|at| {
            let header = slices(&[f64::from(at)]).remove(0).0;
            (header, grey16(2, 16, 15, false, &[1, 65_535]))
        })
        .collect();
    let volume = build(&slices, 1 << 20, None).unwrap();
    let window = volume.window();
    assert_eq!((window.center, window.width), (32_768.0, 65_534.0));
}

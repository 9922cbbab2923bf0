#![allow(clippy::unwrap_used)]
use super::super::samples::tests::grey16;
use super::*;

/// Four slices of 3 × 2, 2 mm apart; a value is 100 × slice + 10 × row + column.
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

fn volume(heights: &[f64]) -> Result<Volume> {
    let slices = slices(heights);
    let slices: Vec<Slice<'_>> = slices
        .iter()
        .rev()
        .map(|(header, frame)| Slice {
            header,
            frame_number: 1,
            frame,
        })
        .collect();
    Volume::of_slices(&slices, 1 << 20)
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

#[test]
fn slices_are_sorted_and_cut_where_they_lie() {
    let volume = volume(&[0.0, 2.0, 4.0]).unwrap();
    let plane = volume.plane(Orientation::Axial, 0.0);
    let cut = volume
        .slab(&plane, 0.0, Projection::Maximum, plain(), None)
        .unwrap();
    assert_eq!((cut.width, cut.height), (3, 2));
    assert_eq!(grey(&cut), [100, 101, 102, 110, 111, 112]);
    let plane = volume.plane(Orientation::Axial, 1.0);
    let between = volume
        .slab(&plane, 0.0, Projection::Maximum, plain(), None)
        .unwrap();
    assert_eq!(grey(&between), [150, 151, 152, 160, 161, 162]);
}

#[test]
fn coronal_cuts_have_the_head_on_top() {
    let volume = volume(&[0.0, 2.0, 4.0]).unwrap();
    let plane = volume.plane(Orientation::Coronal, 0.0);
    let cut = volume
        .slab(&plane, 0.0, Projection::Maximum, plain(), None)
        .unwrap();
    assert_eq!((cut.width, cut.height), (3, 6));
    let pixels = grey(&cut);
    assert!(pixels[0] > 200 && pixels[15] < 50, "{pixels:?}");
}

#[test]
fn slabs_take_the_greatest_the_least_or_the_mean() {
    let volume = volume(&[0.0, 2.0, 4.0]).unwrap();
    let plane = volume.plane(Orientation::Axial, 0.0);
    let first = |projection| {
        let slab = volume
            .slab(&plane, 100.0, projection, plain(), None)
            .unwrap();
        grey(&slab)[0]
    };
    assert_eq!(first(Projection::Maximum), 200);
    assert_eq!(first(Projection::Minimum), 0);
    assert_eq!(first(Projection::Mean), 100);
}

#[test]
fn a_turned_projection_sees_the_other_side() {
    let volume = volume(&[0.0, 2.0, 4.0]).unwrap();
    let size = Viewport::size(30, 60).unwrap();
    let front = volume
        .projection(0.0, Projection::Maximum, plain(), Some(size))
        .unwrap();
    let back = volume
        .projection(180.0, Projection::Maximum, plain(), Some(size))
        .unwrap();
    let (front_row, back_row) = (&grey(&front)[..30], &grey(&back)[..30]);
    let mirrored: Vec<u8> = back_row.iter().rev().copied().collect();
    assert_eq!(front_row, mirrored);
    let shaded = volume.shaded(30.0, plain(), size).unwrap();
    assert!(grey(&shaded).iter().any(|&light| light > 0));
}

#[test]
fn what_is_no_regular_grid_is_refused_with_the_reason() {
    let reason = |result: Result<Volume>| result.unwrap_err().to_string();
    assert!(reason(volume(&[0.0, 2.0, 5.0])).contains("evenly"));
    assert!(reason(volume(&[0.0, 0.0])).contains("evenly"));
    assert!(reason(volume(&[0.0])).contains("single"));
    let mut two = slices(&[0.0, 1.0]);
    two[1]
        .0
        .put_text(tags::IMAGE_ORIENTATION_PATIENT, "0\\1\\0\\0\\0\\1");
    let two: Vec<Slice<'_>> = two
        .iter()
        .map(|(header, frame)| Slice {
            header,
            frame_number: 1,
            frame,
        })
        .collect();
    assert!(reason(Volume::of_slices(&two, 1 << 20)).contains("orientation"));
    assert!(matches!(
        Volume::of_slices(&two[..1], 1),
        Err(Error::Unsupported { .. })
    ));
}

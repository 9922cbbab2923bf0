#![allow(clippy::unwrap_used)]
use super::*;

fn picture(width: u32, pixels: &[u8]) -> Picture {
    let height = u32::try_from(pixels.len()).unwrap() / width;
    Picture::new(width, height, Pixels::Grey8(pixels.to_vec())).unwrap()
}

fn shown(width: u32, pixels: &[u8], wanted: &Wanted, viewport: Option<&str>) -> (u32, Vec<u8>) {
    let mut picture = picture(width, pixels);
    let viewport = viewport.map(|text| Viewport::parse(text).unwrap());
    let placement = Placement::of(picture.width, picture.height, wanted, viewport.as_ref());
    placement.apply(&mut picture);
    match picture.pixels {
        Pixels::Grey8(pixels) => (picture.width, pixels),
        _ => unreachable!(),
    }
}

const SQUARE: Wanted = Wanted {
    area: None,
    turns: 0,
    flip_horizontal: false,
    aspect: 1.0,
};

#[test]
fn smaller_is_the_mean_of_the_area() {
    let (width, pixels) = shown(4, &[0, 100, 10, 30, 0, 100, 10, 30], &SQUARE, Some("2,9"));
    assert_eq!((width, pixels), (2, vec![50, 20]));
    let (_, pixels) = shown(3, &[0, 30, 60], &SQUARE, Some("2,2"));
    assert_eq!(pixels, [10, 50]);
}

#[test]
fn larger_keeps_even_surfaces_and_fits_the_viewport() {
    let (width, pixels) = shown(2, &[77; 4], &SQUARE, Some("5,9"));
    assert_eq!((width, pixels), (5, vec![77; 25]));
}

#[test]
fn a_region_is_cut_and_mirrored_where_its_size_is_negative() {
    let pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    let (_, cut) = shown(3, &pixels, &SQUARE, Some("2,2,1,1,2,2"));
    assert_eq!(cut, [5, 6, 8, 9]);
    let (_, cut) = shown(3, &pixels, &SQUARE, Some("2,2,1,1,-2,2"));
    assert_eq!(cut, [6, 5, 9, 8]);
    let (_, cut) = shown(3, &pixels, &SQUARE, Some("2,2,1,1,2,-2"));
    assert_eq!(cut, [8, 9, 5, 6]);
}

#[test]
fn beyond_the_image_all_is_black() {
    let (_, cut) = shown(2, &[9, 9, 9, 9], &SQUARE, Some("4,4,-1,-1,4,4"));
    assert_eq!(cut, [0, 0, 0, 0, 0, 9, 9, 0, 0, 9, 9, 0, 0, 0, 0, 0]);
}

#[test]
fn quarter_turns_go_clockwise_and_flips_come_after() {
    let mut wanted = SQUARE;
    wanted.turns = 1;
    let pixels = [1, 2, 3, 4, 5, 6];
    assert_eq!(
        shown(3, &pixels, &wanted, None),
        (2, vec![4, 1, 5, 2, 6, 3])
    );
    wanted.flip_horizontal = true;
    assert_eq!(
        shown(3, &pixels, &wanted, None),
        (2, vec![1, 4, 2, 5, 3, 6])
    );
    wanted.flip_horizontal = false;
    wanted.turns = 2;
    assert_eq!(
        shown(3, &pixels, &wanted, None),
        (3, vec![6, 5, 4, 3, 2, 1])
    );
    wanted.turns = 3;
    assert_eq!(
        shown(3, &pixels, &wanted, None),
        (2, vec![3, 6, 2, 5, 1, 4])
    );
}

#[test]
fn points_go_where_their_pixels_go() {
    let pixels = [0, 0, 0, 0, 0, 255];
    for turns in 0..4 {
        for flip_horizontal in [false, true] {
            let wanted = Wanted {
                turns,
                flip_horizontal,
                ..SQUARE
            };
            let mut picture = picture(3, &pixels);
            let placement = Placement::of(3, 2, &wanted, None);
            placement.apply(&mut picture);
            let [x, y] = placement.locate([2.5, 1.5]);
            let at = y.floor() as usize * picture.width as usize + x.floor() as usize;
            let Pixels::Grey8(pixels) = picture.pixels else {
                unreachable!()
            };
            assert_eq!(pixels[at], 255, "{turns} {flip_horizontal}");
        }
    }
}

#[test]
fn pixels_that_are_no_squares_are_stretched() {
    let mut wanted = SQUARE;
    wanted.aspect = 2.0;
    assert_eq!(shown(2, &[9, 9], &wanted, None), (2, vec![9; 4]));
    wanted.aspect = 0.5;
    assert_eq!(shown(2, &[9, 9], &wanted, None), (4, vec![9; 4]));
}

#[test]
fn the_spacing_gives_the_aspect() {
    let mut header = DataSet::new();
    header.put_text(tags::PIXEL_ASPECT_RATIO, "1\\2");
    assert_eq!(pixel_aspect(&Groups::of(&header, 1)), 0.5);
    header.put_text(tags::PIXEL_SPACING, "0.6\\0.3");
    assert_eq!(pixel_aspect(&Groups::of(&header, 1)), 2.0);
    header.put_text(tags::PIXEL_SPACING, "0\\0");
    assert_eq!(pixel_aspect(&Groups::of(&header, 1)), 0.5);
}

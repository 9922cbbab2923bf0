#![allow(clippy::unwrap_used)]
use super::super::samples::tests::grey16;
use super::*;
use sagittal_core::Vr;

fn item(fill: impl FnOnce(&mut DataSet)) -> DataSet {
    let mut item = DataSet::new();
    fill(&mut item);
    item
}

/// An image of greys that are shown as they are stored, at a place.
fn image(left: &str, pixels: &[u16]) -> (DataSet, Frame) {
    let columns = u32::try_from(pixels.len()).unwrap();
    let header = item(|header| {
        header.put_text(tags::IMAGE_POSITION_PATIENT, &format!("{left}\\0\\0"));
        header.put_text(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0");
        header.put_text(tags::PIXEL_SPACING, "1\\1");
    });
    (header, grey16(columns, 16, 15, false, pixels))
}

fn as_stored(item: &mut DataSet) {
    let voi = self::item(|voi| {
        voi.put_text(tags::WINDOW_CENTER, "127.5");
        voi.put_text(tags::WINDOW_WIDTH, "255");
        voi.put_text(tags::VOI_LUT_FUNCTION, "LINEAR_EXACT");
    });
    item.put_items(tags::SOFTCOPY_VOI_LUT_SEQUENCE, vec![voi]);
}

/// Lightness becomes red.
fn red(data_set: &mut DataSet) {
    for (descriptor, data, is_red) in [
        (
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            true,
        ),
        (
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            false,
        ),
        (
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            false,
        ),
    ] {
        data_set.put_u16(descriptor, &[256, 0, 16]);
        let entries: Vec<u8> = (0..256_u16)
            .flat_map(|level| (if is_red { level * 257 } else { 0 }).to_le_bytes())
            .collect();
        data_set.put_bytes(data, Vr::OW, entries);
    }
}

fn plain(opacity: f32) -> DataSet {
    let input = |position: &str, series: &str| {
        item(|input| {
            input.put_text(tags::BLENDING_POSITION, position);
            let series = item(|item| item.put_text(tags::SERIES_INSTANCE_UID, series));
            input.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
            as_stored(input);
        })
    };
    item(|state| {
        state.put_items(
            tags::BLENDING_SEQUENCE,
            vec![input("SUPERIMPOSED", "1.1"), input("UNDERLYING", "1.2")],
        );
        state.put_bytes(
            tags::RELATIVE_OPACITY,
            Vr::FL,
            opacity.to_le_bytes().to_vec(),
        );
        red(state);
    })
}

fn render(state: &DataSet, images: &[&(DataSet, Frame)]) -> Vec<[u8; 3]> {
    let blending = Blending::read(state).unwrap();
    let layers: Vec<Layer<'_>> = images
        .iter()
        .map(|(header, frame)| Layer {
            header,
            frame_number: 1,
            frame,
        })
        .collect();
    let picture = blending
        .render(state, &layers, &Options::default())
        .unwrap();
    picture.to_rgb().as_chunks::<3>().0.to_vec()
}

#[test]
fn colors_lie_over_greys_by_their_opacity() {
    let state = plain(0.25);
    let blending = Blending::read(&state).unwrap();
    let series: Vec<&str> = blending
        .inputs()
        .iter()
        .map(|i| i.series[0].as_str())
        .collect();
    assert_eq!(series, ["1.2", "1.1"], "the underlying comes first");
    let (under, over) = (
        image("0", &[0, 100, 200, 255]),
        image("0", &[200, 100, 0, 255]),
    );
    let found = render(&state, &[&under, &over]);
    // A quarter of the red, three quarters of the grey.
    assert_eq!(
        found,
        [[50, 0, 0], [100, 75, 75], [150, 150, 150], [255, 191, 191]]
    );
}

#[test]
fn images_are_put_where_they_lie() {
    let state = plain(0.5);
    // Two columns to the right: nothing lies over the first two.
    let (under, over) = (image("0", &[100, 100, 100, 100]), image("2", &[200, 0]));
    let found = render(&state, &[&under, &over]);
    assert_eq!(found, [[100; 3], [100; 3], [150, 50, 50], [50, 50, 50]]);
}

#[test]
fn advanced_blending_goes_step_by_step() {
    let input = |number: u16, is_red: bool| {
        item(|input| {
            input.put_u16(tags::BLENDING_INPUT_NUMBER, &[number]);
            input.put_text(tags::SERIES_INSTANCE_UID, &format!("1.{number}"));
            as_stored(input);
            if is_red {
                let palette = item(red);
                input.put_items(tags::PALETTE_COLOR_LOOKUP_TABLE_SEQUENCE, vec![palette]);
            }
        })
    };
    let step = |mode: &str, from: &[u16], to: Option<u16>| {
        item(|step| {
            step.put_text(tags::BLENDING_MODE, mode);
            let inputs = from
                .iter()
                .map(|from| item(|input| input.put_u16(tags::BLENDING_INPUT_NUMBER, &[*from])));
            step.put_items(tags::BLENDING_DISPLAY_INPUT_SEQUENCE, inputs.collect());
            if let Some(to) = to {
                step.put_u16(tags::BLENDING_INPUT_NUMBER, &[to]);
            }
            step.put_bytes(
                tags::RELATIVE_OPACITY,
                Vr::FL,
                0.75_f32.to_le_bytes().to_vec(),
            );
        })
    };
    let state = item(|state| {
        state.put_items(
            tags::ADVANCED_BLENDING_SEQUENCE,
            vec![input(1, false), input(2, true), input(3, false)],
        );
        state.put_items(
            tags::BLENDING_DISPLAY_SEQUENCE,
            vec![
                step("EQUAL", &[1, 2], Some(4)),
                step("FOREGROUND", &[4, 3], None),
            ],
        );
    });
    let (first, mut second) = (image("0", &[100, 0]), image("0", &[100, 0]));
    // Such states have no modality transformation: that of the image counts.
    second.0.put_text(tags::RESCALE_SLOPE, "2");
    second.0.put_text(tags::RESCALE_INTERCEPT, "0");
    let mut third = image("0", &[40, 77]);
    third.0.put_u16(tags::PIXEL_PADDING_VALUE, &[77]);
    let found = render(&state, &[&first, &second, &third]);
    // The mean of (100, 100, 100) and (200, 0, 0), three quarters of it, and a quarter of 40.
    assert_eq!(found, [[123, 48, 48], [0, 0, 0]]);
}

fn threshold(kind: &str, values: &[f64]) -> DataSet {
    item(|threshold| {
        threshold.put_text(tags::THRESHOLD_TYPE, kind);
        let values = values.iter().map(|value| {
            item(|item| {
                item.put_bytes(tags::THRESHOLD_VALUE, Vr::FD, value.to_le_bytes().to_vec());
            })
        });
        threshold.put_items(tags::THRESHOLD_VALUE_SEQUENCE, values.collect());
    })
}

#[test]
fn what_no_threshold_takes_is_not_there() {
    let shown = |thresholds: Vec<DataSet>| -> Vec<bool> {
        let input = item(|input| input.put_items(tags::THRESHOLD_SEQUENCE, thresholds));
        let thresholds = threshold::Thresholds::read(&input).unwrap().unwrap();
        let values = [-1.0, 0.0, 5.0, 10.0, 11.0];
        values.map(|value| thresholds.show(value)).to_vec()
    };
    for (kind, values, expected) in [
        ("RANGE_INCL", &[10.0, 0.0][..], [0, 1, 1, 1, 0]),
        ("RANGE_EXCL", &[0.0, 10.0], [1, 0, 0, 0, 1]),
        ("GREATER_OR_EQUAL", &[10.0], [0, 0, 0, 1, 1]),
        ("LESS_OR_EQUAL", &[0.0], [1, 1, 0, 0, 0]),
        ("GREATER_THAN", &[10.0], [0, 0, 0, 0, 1]),
        ("LESS_THAN", &[0.0], [1, 0, 0, 0, 0]),
    ] {
        let expected = expected.map(|shown| shown == 1);
        assert_eq!(shown(vec![threshold(kind, values)]), expected, "{kind}");
    }
    let both = vec![
        threshold("LESS_THAN", &[0.0]),
        threshold("GREATER_THAN", &[10.0]),
    ];
    assert_eq!(shown(both), [true, false, false, false, true]);
    for wrong in [threshold("NEAR", &[1.0]), threshold("RANGE_INCL", &[1.0])] {
        let input = item(|input| input.put_items(tags::THRESHOLD_SEQUENCE, vec![wrong]));
        assert!(threshold::Thresholds::read(&input).is_err());
    }
}

#[test]
fn values_below_a_threshold_let_the_underlying_through() {
    let mut state = plain(0.25);
    let (mut under, mut over) = (image("0", &[100, 100]), image("0", &[200, 100]));
    let inputs = state.items(tags::BLENDING_SEQUENCE).to_vec();
    let inputs = inputs.into_iter().map(|mut input| {
        let position = input.first_text(tags::BLENDING_POSITION);
        if position.as_deref() == Some("SUPERIMPOSED") {
            // Of rescaled values: 200 is 400.
            let of_rescaled = threshold("GREATER_THAN", &[399.0]);
            input.put_items(tags::THRESHOLD_SEQUENCE, vec![of_rescaled]);
            input.put_text(tags::RESCALE_SLOPE, "2");
            input.put_text(tags::RESCALE_INTERCEPT, "0");
        }
        input
    });
    let inputs = inputs.collect();
    state.put_items(tags::BLENDING_SEQUENCE, inputs);
    let found = render(&state, &[&under, &over]);
    // A quarter of the brightest red, three quarters of the grey; and the grey alone.
    assert_eq!(found, [[139, 75, 75], [100; 3]]);

    under.0.put_text(tags::FRAME_OF_REFERENCE_UID, "1.2.3");
    over.0.put_text(tags::FRAME_OF_REFERENCE_UID, "1.2.4");
    let layers = [&under, &over].map(|(header, frame)| Layer {
        header,
        frame_number: 1,
        frame,
    });
    let blending = Blending::read(&state).unwrap();
    let refused = blending.render(&state, &layers, &Options::default());
    let reason = refused.unwrap_err().to_string();
    assert!(reason.contains("frames of reference"), "{reason}");
}

#[test]
fn a_state_that_blends_nothing_is_none() {
    assert!(Blending::read(&DataSet::new()).is_none());
    let state = plain(0.5);
    let blending = Blending::read(&state).unwrap();
    assert!(blending.render(&state, &[], &Options::default()).is_err());
}

#![allow(clippy::unwrap_used)]
//! A head built in code, and faces removed from it.

use sagittal_core::{DataSet, Vr, tags, transfer_syntax as ts};
use sagittal_pixel::codec::{self, EncodeOptions};

use super::volume::{Place, Vector};
use super::*;
use crate::pixels::{PixelFrames, stored_values};

/// What is at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tissue {
    Air,
    Skin,
    Bone,
    Brain,
    Eye,
}

fn within(p: Vector, center: Vector, half: Vector) -> bool {
    let parts = [0, 1, 2].map(|axis: usize| ((p[axis] - center[axis]) / half[axis]).powi(2));
    parts.iter().sum::<f64>() <= 1.0
}

/// The middle of the skull is at the origin; the face looks to -y.
fn tissue(p: Vector) -> Tissue {
    let mirrored = [p[0].abs(), p[1], p[2]];
    if within(p, [0.0, 2.0, 1.0], [61.0, 80.0, 66.0]) {
        return Tissue::Brain;
    }
    if within(p, [0.0; 3], [70.0, 90.0, 75.0]) {
        return Tissue::Bone;
    }
    if within(mirrored, [31.0, -80.0, -36.0], [12.0, 12.0, 12.0]) {
        return Tissue::Eye;
    }
    if within(p, [0.0, -70.0, -68.0], [10.0, 20.0, 14.0]) {
        return Tissue::Air;
    }
    if within(p, [0.0, -52.0, -85.0], [34.0, 22.0, 24.0]) {
        return Tissue::Bone;
    }
    let is_skin = within(p, [0.0; 3], [75.0, 95.0, 80.0])
        || within(p, [0.0, -35.0, -75.0], [60.0, 54.0, 62.0])
        || within(p, [0.0, -92.0, -64.0], [13.0, 22.0, 20.0])
        || within(mirrored, [28.0, -86.0, -22.0], [20.0, 10.0, 7.0])
        || within(p, [0.0, -88.0, -98.0], [24.0, 7.0, 7.0])
        || within(p, [0.0, -78.0, -124.0], [18.0, 14.0, 14.0])
        || within(mirrored, [72.0, 12.0, -42.0], [12.0, 16.0, 28.0])
        || (p[2] < -60.0 && (p[0] / 54.0).powi(2) + ((p[1] - 18.0) / 58.0).powi(2) <= 1.0);
    if is_skin { Tissue::Skin } else { Tissue::Air }
}

/// How a series is made.
#[derive(Clone, Copy)]
struct Scan {
    is_ct: bool,
    across: Vector,
    down: Vector,
    /// From slice to slice.
    next: Vector,
    start: Vector,
    slices: u32,
    size: u32,
    spacing: f64,
    is_reversed: bool,
}

const AXIAL: Scan = Scan {
    is_ct: true,
    across: [1.0, 0.0, 0.0],
    down: [0.0, 1.0, 0.0],
    next: [0.0, 0.0, 4.0],
    start: [-125.0, -135.0, -165.0],
    slices: 68,
    size: 100,
    spacing: 2.6,
    is_reversed: false,
};

fn stored(kind: Tissue, is_ct: bool, noise: i64) -> i64 {
    let value = match (kind, is_ct) {
        (Tissue::Air, true) => -1000 + noise % 12,
        (Tissue::Skin, true) => 40,
        (Tissue::Bone, true) => 900,
        (Tissue::Brain, true) => 35,
        (Tissue::Eye, true) => 12,
        (Tissue::Air, false) => noise.abs() % 16,
        (Tissue::Skin, false) => 800,
        (Tissue::Bone, false) => 90,
        (Tissue::Brain, false) => 520,
        (Tissue::Eye, false) => 300,
    };
    match (kind, is_ct) {
        (Tissue::Air, _) => value,
        (_, true) => value + noise % 20,
        (_, false) => (value + noise % 30).max(0),
    }
}

fn header(scan: &Scan) -> DataSet {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::MODALITY, if scan.is_ct { "CT" } else { "MR" });
    data_set.put_text(tags::BODY_PART_EXAMINED, "HEAD");
    for (tag, value) in [
        (tags::ROWS, scan.size as u16),
        (tags::COLUMNS, scan.size as u16),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, if scan.is_ct { 16 } else { 12 }),
        (tags::HIGH_BIT, if scan.is_ct { 15 } else { 11 }),
        (tags::PIXEL_REPRESENTATION, scan.is_ct.into()),
    ] {
        data_set.put_u16(tag, &[value]);
    }
    data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
    if scan.is_ct {
        data_set.put_text(tags::RESCALE_INTERCEPT, "0");
        data_set.put_text(tags::RESCALE_SLOPE, "1");
    }
    data_set
}

fn text(numbers: &[f64]) -> String {
    numbers
        .iter()
        .map(|one| format!("{one:.5}"))
        .collect::<Vec<_>>()
        .join("\\")
}

fn position(scan: &Scan, slice: u32) -> Vector {
    [0, 1, 2].map(|axis: usize| scan.start[axis] + scan.next[axis] * f64::from(slice))
}

fn put_plane(item: &mut DataSet, scan: &Scan, slice: u32) {
    item.put_text(tags::IMAGE_POSITION_PATIENT, &text(&position(scan, slice)));
    item.put_text(
        tags::IMAGE_ORIENTATION_PATIENT,
        &text(&[scan.across, scan.down].concat()),
    );
    item.put_text(tags::PIXEL_SPACING, &text(&[scan.spacing, scan.spacing]));
}

fn pixels(scan: &Scan, slice: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let origin = position(scan, slice);
    for row in 0..scan.size {
        for column in 0..scan.size {
            let (x, y) = (
                f64::from(column) * scan.spacing,
                f64::from(row) * scan.spacing,
            );
            let point = [0, 1, 2]
                .map(|axis: usize| origin[axis] + scan.across[axis] * x + scan.down[axis] * y);
            let noise = i64::from((column * 7919 + row * 104_729 + slice * 1_299_709) % 9973);
            out.extend_from_slice(&(stored(tissue(point), scan.is_ct, noise) as i16).to_le_bytes());
        }
    }
    out
}

fn series(scan: &Scan) -> Vec<DataSet> {
    let mut series: Vec<DataSet> = (0..scan.slices)
        .map(|slice| {
            let mut data_set = header(scan);
            put_plane(&mut data_set, scan, slice);
            data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, pixels(scan, slice));
            data_set
        })
        .collect();
    if scan.is_reversed {
        series.reverse();
    }
    series
}

fn enhanced(scan: &Scan) -> Vec<DataSet> {
    let mut data_set = header(scan);
    data_set.put_text(tags::NUMBER_OF_FRAMES, &scan.slices.to_string());
    let mut items = Vec::new();
    let mut bytes = Vec::new();
    for slice in 0..scan.slices {
        let mut plane = DataSet::new();
        put_plane(&mut plane, scan, slice);
        let mut item = DataSet::new();
        for (sequence, tag) in [
            (tags::PLANE_POSITION_SEQUENCE, tags::IMAGE_POSITION_PATIENT),
            (
                tags::PLANE_ORIENTATION_SEQUENCE,
                tags::IMAGE_ORIENTATION_PATIENT,
            ),
            (tags::PIXEL_MEASURES_SEQUENCE, tags::PIXEL_SPACING),
        ] {
            let mut group = DataSet::new();
            group.put(plane.get(tag).unwrap().clone());
            item.put_items(sequence, vec![group]);
        }
        items.push(item);
        bytes.extend(pixels(scan, slice));
    }
    data_set.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, items);
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, bytes);
    vec![data_set]
}

fn plan_of(series: &[DataSet], policy: &DefacePolicy) -> crate::Result<Outcome> {
    let slices: Vec<SliceRef> = series
        .iter()
        .map(|data_set| SliceRef {
            data_set,
            transfer_syntax: ts::EXPLICIT_VR_LITTLE_ENDIAN,
        })
        .collect();
    plan(&slices, policy)
}

/// Removes the face and looks at every voxel: where tissue was and is no more.
fn deface(name: &str, mut series: Vec<DataSet>) {
    let before = series.clone();
    let policy = DefacePolicy {
        before_pictures: true,
        ..DefacePolicy::default()
    };
    let Outcome::Mask(mask) = plan_of(&series, &policy).unwrap() else {
        panic!("{name}: not a head");
    };
    if let Ok(folder) = std::env::var("SAGITTAL_TEST_PICTURES") {
        std::fs::write(
            format!("{folder}/{name}-before.png"),
            mask.before.as_ref().unwrap(),
        )
        .unwrap();
        std::fs::write(format!("{folder}/{name}-after.png"), &mask.after).unwrap();
    }
    for (number, data_set) in series.iter_mut().enumerate() {
        apply(
            data_set,
            ts::EXPLICIT_VR_LITTLE_ENDIAN,
            &mask.of_instance(number),
        )
        .unwrap();
        assert_eq!(
            data_set.text(tags::RECOGNIZABLE_VISUAL_FEATURES).unwrap(),
            "NO"
        );
    }
    let (mut brain, mut face, mut gone) = (0, 0, 0);
    let mut features = [
        ("nose", 0, 0),
        ("eyes", 0, 0),
        ("lips", 0, 0),
        ("ears", 0, 0),
    ];
    for (old, new) in before.iter().zip(&series) {
        let (old_frames, new_frames) = (frames(old), frames(new));
        for number in 1..=old_frames.count() {
            let place = Place::of(old, number).unwrap();
            let (a, b) = (
                old_frames.decoded(number).unwrap(),
                new_frames.decoded(number).unwrap(),
            );
            for (at, (x, y)) in stored_values(&a).zip(stored_values(&b)).enumerate() {
                let (column, row) = (at as u32 % place.columns, at as u32 / place.columns);
                let point = place.point(column.into(), row.into());
                let kind = tissue(point);
                let is_changed = x != y;
                if kind == Tissue::Brain && is_changed {
                    brain += 1;
                }
                if kind == Tissue::Air {
                    continue;
                }
                // The outer 5 mm of the front of the face.
                let ahead = [point[0], point[1] - 5.0, point[2]];
                let is_front = tissue(ahead) == Tissue::Air
                    && point[1] < -45.0
                    && point[0].abs() < 55.0
                    && (-135.0..-15.0).contains(&point[2]);
                if is_front {
                    face += 1;
                    gone += u32::from(is_changed);
                }
                let mirrored = [point[0].abs(), point[1], point[2]];
                let marks = [
                    within(point, [0.0, -104.0, -64.0], [9.0, 9.0, 14.0]),
                    within(mirrored, [31.0, -86.0, -36.0], [7.0, 5.0, 7.0]),
                    within(point, [0.0, -92.0, -98.0], [20.0, 3.0, 5.0]),
                    within(mirrored, [78.0, 12.0, -42.0], [5.0, 10.0, 18.0]),
                ];
                for (feature, is_in) in features.iter_mut().zip(marks) {
                    feature.1 += u32::from(is_in);
                    feature.2 += u32::from(is_in && is_changed);
                }
            }
        }
    }
    eprintln!(
        "{name}: {:?} face {gone}/{face} brain {brain} {features:?}",
        mask.measured
    );
    assert_eq!(brain, 0, "{name}");
    assert!(
        f64::from(gone) > 0.8 * f64::from(face),
        "{name}: {gone} of {face}"
    );
    assert!(
        mask.measured.moved_5mm > 0.75,
        "{name}: {:?}",
        mask.measured
    );
    for (feature, all, gone) in features {
        assert!(
            all > 20 && f64::from(gone) > 0.9 * f64::from(all),
            "{name}: {gone} of {all} of the {feature}"
        );
    }
}

fn frames(data_set: &DataSet) -> PixelFrames {
    PixelFrames::of(data_set, ts::EXPLICIT_VR_LITTLE_ENDIAN)
        .unwrap()
        .unwrap()
}

#[test]
fn the_face_goes_and_the_brain_stays_in_axial_ct_and_mr() {
    deface("ct", series(&AXIAL));
    deface(
        "mr",
        series(&Scan {
            is_ct: false,
            ..AXIAL
        }),
    );
}

#[test]
fn the_order_of_slices_does_not_matter() {
    deface(
        "reversed",
        series(&Scan {
            is_reversed: true,
            ..AXIAL
        }),
    );
}

#[test]
fn the_orientation_of_slices_does_not_matter() {
    let sagittal = Scan {
        is_ct: false,
        across: [0.0, 1.0, 0.0],
        down: [0.0, 0.0, -1.0],
        next: [3.6, 0.0, 0.0],
        start: [-120.0, -135.0, 100.0],
        ..AXIAL
    };
    deface("sagittal", series(&sagittal));
    let coronal = Scan {
        across: [1.0, 0.0, 0.0],
        down: [0.0, 0.0, -1.0],
        next: [0.0, 3.8, 0.0],
        start: [-125.0, -130.0, 100.0],
        ..AXIAL
    };
    deface("coronal", series(&coronal));
}

#[test]
fn a_tilted_gantry_does_not_matter() {
    let tilted = 15.0_f64.to_radians();
    let gantry = Scan {
        down: [0.0, tilted.cos(), tilted.sin()],
        start: [-125.0, -135.0, -200.0],
        slices: 80,
        ..AXIAL
    };
    deface("gantry", series(&gantry));
}

#[test]
fn frames_of_an_enhanced_instance_are_defaced_alike() {
    deface(
        "enhanced",
        enhanced(&Scan {
            is_ct: false,
            ..AXIAL
        }),
    );
}

#[test]
fn instances_of_a_run_find_their_masks_by_uid() {
    let mut plain = series(&AXIAL);
    for (number, data_set) in plain.iter_mut().enumerate() {
        data_set.put_text(tags::SOP_INSTANCE_UID, &format!("1.2.{number}"));
    }
    let slices: Vec<SliceRef> = plain
        .iter()
        .map(|data_set| SliceRef {
            data_set,
            transfer_syntax: ts::EXPLICIT_VR_LITTLE_ENDIAN,
        })
        .collect();
    let mut faces = Faces::default();
    let series = faces.add(&slices, &DefacePolicy::default()).unwrap();
    assert!(matches!(series, SeriesFace::Removed { before: None, .. }));
    let mut changed = 0;
    for mut data_set in plain.clone() {
        match faces
            .apply(&mut data_set, ts::EXPLICIT_VR_LITTLE_ENDIAN)
            .unwrap()
        {
            InstanceFace::Removed(rewritten) => changed += rewritten.frames.len(),
            other => panic!("{other:?}"),
        }
    }
    assert!((20..60).contains(&changed), "{changed}");
    let mut stranger = plain[0].clone();
    stranger.put_text(tags::SOP_INSTANCE_UID, "1.2.3.4");
    let fate = faces
        .apply(&mut stranger, ts::EXPLICIT_VR_LITTLE_ENDIAN)
        .unwrap();
    assert_eq!(fate, InstanceFace::Unknown);
    let policy = DefacePolicy {
        impossible: Impossible::Keep,
        ..DefacePolicy::default()
    };
    let kept = faces.add(&slices[..3], &policy).unwrap();
    assert!(matches!(kept, SeriesFace::Kept(_)));
}

#[test]
fn instances_of_a_run_are_refused_for_the_reason_that_their_series_was() {
    let mut few = series(&Scan {
        slices: 5,
        next: [0.0, 0.0, 7.0],
        ..AXIAL
    });
    for (number, data_set) in few.iter_mut().enumerate() {
        data_set.put_text(tags::SOP_INSTANCE_UID, &format!("1.2.{number}"));
    }
    let slices: Vec<SliceRef<'_>> = few
        .iter()
        .map(|data_set| SliceRef {
            data_set,
            transfer_syntax: ts::EXPLICIT_VR_LITTLE_ENDIAN,
        })
        .collect();
    let mut faces = Faces::default();
    let told = faces.add(&slices, &DefacePolicy::default()).unwrap_err();
    let refused = faces.apply(&mut few[3].clone(), ts::EXPLICIT_VR_LITTLE_ENDIAN);
    assert_eq!(refused.unwrap_err().to_string(), told.to_string());
    assert!(told.to_string().contains("fewer than 8 slices"), "{told}");
}

#[test]
fn compressed_slices_stay_in_their_transfer_syntax() {
    let scan = Scan {
        is_ct: false,
        ..AXIAL
    };
    let plain = series(&scan);
    let Outcome::Mask(mask) = plan_of(&plain, &DefacePolicy::default()).unwrap() else {
        panic!("not a head");
    };
    assert!(mask.before.is_none());
    let slice = &mask.slices[mask.slices.len() / 2];
    let frame = frames(&plain[slice.instance]).decoded(1).unwrap();
    let encoded = codec::encode(ts::JPEG_LS_LOSSLESS, &frame, &EncodeOptions::default()).unwrap();
    let mut data_set = plain[slice.instance].clone();
    data_set.put(sagittal_core::Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: sagittal_core::Value::Fragments(sagittal_core::Fragments {
            offset_table: Vec::new(),
            fragments: vec![encoded.bytes.into()],
        }),
    });
    let masks = mask.of_instance(slice.instance);
    let rewritten = apply(&mut data_set, ts::JPEG_LS_LOSSLESS, &masks).unwrap();
    assert_eq!(rewritten.transfer_syntax, None);
    let mut same = plain[slice.instance].clone();
    apply(&mut same, ts::EXPLICIT_VR_LITTLE_ENDIAN, &masks).unwrap();
    let compressed = PixelFrames::of(&data_set, ts::JPEG_LS_LOSSLESS)
        .unwrap()
        .unwrap();
    assert_eq!(
        compressed.decoded(1).unwrap().data,
        frames(&same).decoded(1).unwrap().data
    );
}

#[test]
fn what_is_no_head_is_told_and_what_cannot_be_defaced_is_refused() {
    let policy = DefacePolicy::default();
    let mut few = series(&Scan {
        slices: 5,
        next: [0.0, 0.0, 7.0],
        ..AXIAL
    });
    assert!(matches!(
        plan_of(&few, &policy),
        Err(crate::Error::Deface(_))
    ));
    for data_set in &mut few {
        data_set.remove(tags::BODY_PART_EXAMINED);
    }
    assert!(matches!(
        plan_of(&few, &policy),
        Err(crate::Error::Deface(_))
    ));
    for data_set in &mut few {
        data_set.put_text(tags::BODY_PART_EXAMINED, "KNEE");
    }
    assert!(matches!(plan_of(&few, &policy), Ok(Outcome::NotHead(_))));
    let far = series(&Scan {
        slices: 20,
        next: [0.0, 0.0, 12.0],
        ..AXIAL
    });
    assert!(matches!(
        plan_of(&far, &policy),
        Err(crate::Error::Deface(_))
    ));
    let top = Scan {
        is_ct: false,
        start: [-125.0, -135.0, -8.0],
        slices: 28,
        ..AXIAL
    };
    let outcome = plan_of(&series(&top), &policy);
    assert!(matches!(outcome, Ok(Outcome::NotHead(_))), "{outcome:?}");
    let mut unlabelled = series(&AXIAL);
    for data_set in &mut unlabelled {
        data_set.remove(tags::BODY_PART_EXAMINED);
    }
    assert!(matches!(
        plan_of(&unlabelled, &policy),
        Ok(Outcome::Mask(_))
    ));
}

//! A clip of the heart in color (Ultrasound Multi-frame Image IOD, PS3.3 §A.7).

use std::f32::consts::{PI, TAU};

use sagittal_core::{DataSet, Vr, sop_class, tags};

use super::context::{Series, Study, begin, put_moments};
use super::noise::{mix, uniform};
use super::object::{Object, texts};

const ROWS: u16 = 300;
const COLUMNS: u16 = 400;
/// Where the sector begins, in pixels, and how far it goes.
const APEX: (f32, f32) = (200.0, 14.0);
const REACH: f32 = 272.0;
/// Depth of one pixel in cm.
const CM_PER_PIXEL: f64 = 0.06;

/// A clip of one heart beat, repeated as often as needed.
pub fn clip(study: &Study, number: u32, frames: u16) -> Object {
    let series = Series {
        modality: "US",
        number,
        description: "Apical four chamber, color Doppler",
        body_part: "HEART",
        model: "Demo US",
    };
    let class = sop_class::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE;
    let (mut data_set, uid) = begin(study, &series, class, 1);
    put_moments(&mut data_set, study);
    texts(
        &mut data_set,
        &[
            (tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\TTE\\0011"),
            (tags::PATIENT_ORIENTATION, ""),
            (tags::LOSSY_IMAGE_COMPRESSION, "00"),
            (tags::CINE_RATE, "25"),
            (tags::FRAME_TIME, "40"),
            (tags::HEART_RATE, "63"),
            (tags::NUMBER_OF_FRAMES, &frames.to_string()),
            (tags::PHOTOMETRIC_INTERPRETATION, "RGB"),
            (tags::START_TRIM, "1"),
            (tags::STOP_TRIM, &frames.to_string()),
            (tags::RECOMMENDED_DISPLAY_FRAME_RATE, "25"),
            (tags::TRANSDUCER_DATA, "DEMO P2-5"),
        ],
    );
    data_set.put_tags(tags::FRAME_INCREMENT_POINTER, &[tags::FRAME_TIME]);
    data_set.put_items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![region()]);
    data_set.put_u16(tags::ULTRASOUND_COLOR_DATA_PRESENT, &[1]);
    data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[3]);
    data_set.put_u16(tags::PLANAR_CONFIGURATION, &[0]);
    data_set.put_u16(tags::ROWS, &[ROWS]);
    data_set.put_u16(tags::COLUMNS, &[COLUMNS]);
    data_set.put_u16(tags::BITS_ALLOCATED, &[8]);
    data_set.put_u16(tags::BITS_STORED, &[8]);
    data_set.put_u16(tags::HIGH_BIT, &[7]);
    data_set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
    let mut samples =
        Vec::with_capacity(usize::from(ROWS) * usize::from(COLUMNS) * 3 * usize::from(frames));
    for frame in 0..frames {
        draw(frame, &mut samples);
    }
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, samples);
    Object::new(data_set, class, uid)
}

/// The tissue region with its calibration (PS3.3 §C.8.5.5).
fn region() -> DataSet {
    let mut item = DataSet::new();
    item.put_u16(tags::REGION_SPATIAL_FORMAT, &[1]);
    item.put_u16(tags::REGION_DATA_TYPE, &[2]);
    item.put_u32(tags::REGION_FLAGS, &[0]);
    item.put_u32(tags::REGION_LOCATION_MIN_X0, &[0]);
    item.put_u32(tags::REGION_LOCATION_MIN_Y0, &[0]);
    item.put_u32(tags::REGION_LOCATION_MAX_X1, &[u32::from(COLUMNS) - 1]);
    item.put_u32(tags::REGION_LOCATION_MAX_Y1, &[u32::from(ROWS) - 1]);
    item.put_u16(tags::PHYSICAL_UNITS_X_DIRECTION, &[3]);
    item.put_u16(tags::PHYSICAL_UNITS_Y_DIRECTION, &[3]);
    for tag in [tags::PHYSICAL_DELTA_X, tags::PHYSICAL_DELTA_Y] {
        item.put_bytes(tag, Vr::FD, CM_PER_PIXEL.to_le_bytes().to_vec());
    }
    item
}

fn draw(frame: u16, samples: &mut Vec<u8>) {
    let phase = f32::from(frame) / 24.0 * TAU;
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let (dx, dy) = (f32::from(column) - APEX.0, f32::from(row) - APEX.1);
            let (radius, angle) = (dx.hypot(dy), dx.atan2(dy));
            if !(6.0..=REACH).contains(&radius) || angle.abs() > PI / 4.2 {
                samples.extend_from_slice(&[0, 0, 0]);
                continue;
            }
            let (gray, flow) = tissue(dx, dy, phase);
            // Speckle moves with the tissue: grains are finer along the beam.
            let grain = mix((radius * 0.9) as u64 * 4096
                + ((angle + 1.0) * 140.0) as u64
                + u64::from(frame / 3) * 77);
            let speckle = 0.45 + 0.9 * uniform(grain);
            let light = (gray * speckle * (1.0 - radius / 600.0)).clamp(0.0, 255.0) as u8;
            samples.extend_from_slice(&color(light, flow));
        }
    }
}

/// Brightness of tissue, and the flow toward (+) or away from (-) the transducer, at a point of
/// the four chamber view.
fn tissue(dx: f32, dy: f32, phase: f32) -> (f32, f32) {
    let beat = phase.sin();
    let squeeze = 1.0 - 0.18 * beat.max(0.0);
    let within =
        |cx: f32, cy: f32, a: f32, b: f32| ((dx - cx) / a).powi(2) + ((dy - cy) / b).powi(2);
    let left_ventricle = within(28.0, 112.0, 33.0 * squeeze, 58.0 * squeeze);
    let right_ventricle = within(-38.0, 118.0, 24.0 * squeeze, 48.0 * squeeze);
    let left_atrium = within(26.0, 208.0, 30.0, 28.0 * (2.0 - squeeze));
    let right_atrium = within(-34.0, 204.0, 26.0, 27.0 * (2.0 - squeeze));
    let blood =
        left_ventricle < 1.0 || right_ventricle < 1.0 || left_atrium < 1.0 || right_atrium < 1.0;
    let wall = [left_ventricle, right_ventricle, left_atrium, right_atrium]
        .iter()
        .any(|&value| (1.0..1.45).contains(&value));
    let jet = within(28.0, 150.0, 12.0, 52.0);
    let flow = if blood && jet < 1.0 {
        -beat * (1.0 - jet)
    } else {
        0.0
    };
    match (blood, wall) {
        (true, _) => (14.0, flow),
        (false, true) => (175.0, 0.0),
        _ => (92.0, 0.0),
    }
}

fn color(light: u8, flow: f32) -> [u8; 3] {
    let strength = (flow.abs() * 255.0).min(255.0) as u8;
    match flow {
        flow if flow > 0.08 => [strength.max(90), strength / 3, light / 4],
        flow if flow < -0.08 => [light / 4, strength / 3, strength.max(90)],
        _ => [light, light, light],
    }
}

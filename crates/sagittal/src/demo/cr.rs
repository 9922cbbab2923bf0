//! A chest radiograph (CR Image IOD, PS3.3 §A.2).

use sagittal_core::{Vr, sop_class, tags};

use super::context::{Series, Study, begin, put_moments};
use super::noise::normal;
use super::object::{Object, code, decimals, texts, words};
use super::phantom::absorption;

/// A posterior-anterior projection of `size` × `size` samples.
pub fn chest(study: &Study, number: u32, size: u16) -> Object {
    let series = Series {
        modality: "CR",
        number,
        description: "Chest PA",
        body_part: "CHEST",
        model: "Demo CR",
    };
    let class = sop_class::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE;
    let (mut data_set, uid) = begin(study, &series, class, 1);
    put_moments(&mut data_set, study);
    let spacing = 400.0 / f64::from(size);
    texts(
        &mut data_set,
        &[
            (tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY"),
            (tags::VIEW_POSITION, "PA"),
            (tags::PATIENT_ORIENTATION, "L\\F"),
            (tags::KVP, "125"),
            (tags::EXPOSURE, "2"),
            (tags::IMAGER_PIXEL_SPACING, &decimals(&[spacing, spacing])),
            (tags::PLATE_TYPE, "ST-VI"),
            (tags::PHOSPHOR_TYPE, "BaFBr"),
            (tags::SENSITIVITY, "250"),
            (tags::ACQUISITION_NUMBER, "1"),
            (tags::BURNED_IN_ANNOTATION, "NO"),
            (tags::LOSSY_IMAGE_COMPRESSION, "00"),
            (tags::WINDOW_CENTER, "2000"),
            (tags::WINDOW_WIDTH, "3200"),
            (tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"),
        ],
    );
    data_set.put_items(
        tags::ANATOMIC_REGION_SEQUENCE,
        vec![code("51185008", "SCT", "Chest")],
    );
    data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[1]);
    data_set.put_u16(tags::ROWS, &[size]);
    data_set.put_u16(tags::COLUMNS, &[size]);
    data_set.put_u16(tags::BITS_ALLOCATED, &[16]);
    data_set.put_u16(tags::BITS_STORED, &[12]);
    data_set.put_u16(tags::HIGH_BIT, &[11]);
    data_set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
    data_set.put_bytes(
        tags::PIXEL_DATA,
        Vr::OW,
        words(&pixels(size, spacing as f32)),
    );
    Object::new(data_set, class, uid)
}

/// Bright where much is absorbed.
fn pixels(size: u16, spacing: f32) -> Vec<u16> {
    let half = f32::from(size) / 2.0;
    let mut samples = Vec::with_capacity(usize::from(size) * usize::from(size));
    for row in 0..size {
        for column in 0..size {
            // A PA image shows the patient's right on the left.
            let x = (f32::from(column) - half) * spacing;
            let z = (half - f32::from(row)) * spacing;
            let seed = 11 << 56 | u64::from(row) << 20 | u64::from(column);
            let noise = normal(seed) * 12.0;
            let value = 180.0 + absorption(x, z) * 640.0 + noise;
            samples.push(value.clamp(0.0, 4095.0) as u16);
        }
    }
    samples
}

//! Magnetic resonance of the head (MR Image IOD, PS3.3 §A.4).

use sagittal_core::{DataSet, Vr, sop_class, tags};

use super::context::{Series, Study, begin, put_moments};
use super::noise::normal;
use super::object::{Object, code, decimal, decimals, texts, uid, words};

/// What a series looks like.
#[derive(Clone, Debug)]
pub struct Recipe {
    study: Study,
    series: Series,
    slices: u32,
    /// Rows and columns.
    pub size: u16,
    spacing: f64,
    distance: f64,
}

impl Recipe {
    /// T2-weighted transverse slices of the brain.
    pub fn head(study: &Study, number: u32, slices: u32) -> Recipe {
        Recipe {
            study: study.clone(),
            series: Series {
                modality: "MR",
                number,
                description: "t2_tse_tra",
                body_part: "BRAIN",
                model: "Demo MR",
            },
            slices,
            size: 256,
            spacing: 0.9,
            distance: 6.0,
        }
    }

    fn height(&self, index: u32) -> f64 {
        (f64::from(index) - f64::from(self.slices - 1) / 2.0) * self.distance
    }

    fn origin(&self) -> f64 {
        -self.spacing * (f64::from(self.size) - 1.0) / 2.0
    }
}

/// The slices of a series, made one by one.
pub fn slices(recipe: Recipe) -> impl Iterator<Item = Object> {
    (0..recipe.slices).map(move |index| slice(&recipe, index))
}

fn slice(recipe: &Recipe, index: u32) -> Object {
    let study = &recipe.study;
    let class = sop_class::MR_IMAGE_STORAGE;
    let (mut data_set, uid) = begin(study, &recipe.series, class, index + 1);
    put_moments(&mut data_set, study);
    put_geometry(&mut data_set, recipe, index);
    texts(
        &mut data_set,
        &[
            (tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\OTHER"),
            (tags::SCANNING_SEQUENCE, "SE"),
            (tags::SEQUENCE_VARIANT, "SK\\SP"),
            (tags::SCAN_OPTIONS, "FC"),
            (tags::MR_ACQUISITION_TYPE, "2D"),
            (tags::SEQUENCE_NAME, "tse2d1_15"),
            (tags::REPETITION_TIME, "4500"),
            (tags::ECHO_TIME, "96"),
            (tags::NUMBER_OF_AVERAGES, "2"),
            (tags::IMAGING_FREQUENCY, "63.6"),
            (tags::IMAGED_NUCLEUS, "1H"),
            (tags::ECHO_NUMBERS, "1"),
            (tags::MAGNETIC_FIELD_STRENGTH, "1.5"),
            (tags::NUMBER_OF_PHASE_ENCODING_STEPS, "256"),
            (tags::ECHO_TRAIN_LENGTH, "15"),
            (tags::PERCENT_SAMPLING, "100"),
            (tags::PERCENT_PHASE_FIELD_OF_VIEW, "100"),
            (tags::PIXEL_BANDWIDTH, "130"),
            (tags::PROTOCOL_NAME, "t2_tse_tra"),
            (tags::FLIP_ANGLE, "150"),
            (tags::PATIENT_POSITION, "HFS"),
            (tags::ACQUISITION_NUMBER, "1"),
            (tags::WINDOW_CENTER, "480"),
            (tags::WINDOW_WIDTH, "960"),
            (tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"),
        ],
    );
    data_set.put_items(
        tags::ANATOMIC_REGION_SEQUENCE,
        vec![code("12738006", "SCT", "Brain")],
    );
    data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[1]);
    data_set.put_u16(tags::ROWS, &[recipe.size]);
    data_set.put_u16(tags::COLUMNS, &[recipe.size]);
    data_set.put_u16(tags::BITS_ALLOCATED, &[16]);
    data_set.put_u16(tags::BITS_STORED, &[12]);
    data_set.put_u16(tags::HIGH_BIT, &[11]);
    data_set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, words(&pixels(recipe, index)));
    Object::new(data_set, class, uid)
}

fn put_geometry(data_set: &mut DataSet, recipe: &Recipe, index: u32) {
    let height = recipe.height(index);
    let origin = recipe.origin();
    texts(
        data_set,
        &[
            (tags::SLICE_THICKNESS, "5"),
            (tags::SPACING_BETWEEN_SLICES, &decimal(recipe.distance)),
            (
                tags::IMAGE_POSITION_PATIENT,
                &decimals(&[origin, origin, height]),
            ),
            (tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0"),
            (tags::SLICE_LOCATION, &decimal(height)),
            (
                tags::PIXEL_SPACING,
                &decimals(&[recipe.spacing, recipe.spacing]),
            ),
            (tags::POSITION_REFERENCE_INDICATOR, ""),
        ],
    );
    let frame = uid(&format!("{} frame of reference", recipe.study.seed));
    data_set.put_uid(tags::FRAME_OF_REFERENCE_UID, &frame);
}

fn pixels(recipe: &Recipe, index: u32) -> Vec<u16> {
    let z = recipe.height(index) as f32;
    let (origin, spacing) = (recipe.origin() as f32, recipe.spacing as f32);
    let size = u32::from(recipe.size);
    let mut samples = Vec::with_capacity((size * size) as usize);
    for row in 0..size {
        for column in 0..size {
            let x = origin + column as f32 * spacing;
            let y = origin + row as f32 * spacing;
            let seed = 7 << 56 | u64::from(index) << 32 | u64::from(row * size + column);
            // Rician noise: magnitude of a complex signal.
            let (real, imaginary) = (normal(seed), normal(seed ^ 1 << 48));
            let signal = signal(x, y, z) + real * 14.0;
            let magnitude = signal.hypot(imaginary * 14.0);
            samples.push(magnitude.clamp(0.0, 4095.0) as u16);
        }
    }
    samples
}

/// T2-weighted signal of a head at a point in mm.
fn signal(x: f32, y: f32, z: f32) -> f32 {
    let inside = |cx: f32, cy: f32, cz: f32, a: f32, b: f32, c: f32| {
        ((x - cx) / a).powi(2) + ((y - cy) / b).powi(2) + ((z - cz) / c).powi(2)
    };
    let head = inside(0.0, 0.0, -10.0, 82.0, 102.0, 100.0);
    if head > 1.0 {
        return 0.0;
    }
    if head > 0.88 {
        return 420.0; // scalp
    }
    if head > 0.79 {
        return 40.0; // skull
    }
    if head > 0.74 {
        return 900.0; // liquor around the brain
    }
    // ventricles, the falx, then gray and white matter along a folded border
    for side in [-1.0, 1.0] {
        let ventricle = inside(side * 11.0, -6.0 + side * 0.5, 6.0, 6.0, 32.0, 14.0);
        let horn = inside(side * 20.0, 28.0, 0.0, 6.0, 14.0, 10.0);
        if ventricle < 1.0 || horn < 1.0 {
            return 950.0;
        }
        if inside(side * 18.0, -2.0, 0.0, 8.0, 14.0, 16.0) < 1.0 {
            return 430.0; // basal ganglia
        }
    }
    if x.abs() < 1.2 && head > 0.25 {
        return 780.0;
    }
    let angle = y.atan2(x);
    let folds = (angle * 19.0 + z * 0.22).sin() * 0.055 + (angle * 31.0 - z * 0.31).sin() * 0.03;
    match head {
        depth if depth > 0.66 + folds && (angle * 24.0 + z * 0.4).sin() > 0.82 => 850.0,
        depth if depth > 0.52 + folds => 520.0,
        _ => 370.0,
    }
}

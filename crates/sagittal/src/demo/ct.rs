//! Computed tomography of the chest (CT Image IOD, PS3.3 §A.3).

use sagittal_core::{DataSet, Uid, Vr, sop_class, tags};

use super::context::{Series, Study, begin, put_moments};
use super::noise::normal;
use super::object::{Object, code, decimal, decimals, texts, uid, words};
use super::phantom::{NODULE, Slice};

/// What a series looks like.
#[derive(Clone, Debug)]
pub struct Recipe {
    study: Study,
    series: Series,
    slices: u32,
    /// Rows and columns.
    pub size: u16,
    /// Pixel spacing in mm.
    pub spacing: f64,
    /// Distance of slices in mm.
    pub distance: f64,
    /// Height of the middle of the series in mm.
    pub center: f64,
    noise: f32,
    kernel: &'static str,
    window: [&'static str; 2],
}

/// A measured nodule: in which instance, from where to where (column, row from 0, plus 0.5).
#[derive(Clone, Debug)]
pub struct Nodule {
    /// SOP Instance UID of the slice.
    pub sop_instance_uid: Uid,
    /// Series Instance UID of the slice.
    pub series_instance_uid: Uid,
    /// Both ends of the long axis.
    pub polyline: [f32; 4],
    /// Its length in mm.
    pub length: f64,
}

impl Recipe {
    /// Soft tissue, 5 mm slices.
    pub fn chest(study: &Study, number: u32, slices: u32) -> Recipe {
        Recipe {
            study: study.clone(),
            series: Series {
                modality: "CT",
                number,
                description: "Chest 5.0 soft tissue",
                body_part: "CHEST",
                model: "Demo CT",
            },
            slices,
            size: 512,
            spacing: 0.76,
            distance: 5.0,
            center: 0.0,
            noise: 11.0,
            kernel: "SOFT",
            window: ["40", "400"],
        }
    }

    /// Lung, thin slices around the nodule.
    pub fn lung(study: &Study, number: u32, slices: u32) -> Recipe {
        let mut recipe = Recipe::chest(study, number, slices);
        recipe.series.description = "Chest 1.25 lung";
        recipe.distance = 1.25;
        recipe.center = f64::from(NODULE.0[2]);
        recipe.noise = 32.0;
        recipe.kernel = "SHARP";
        recipe.window = ["-600", "1500"];
        recipe
    }

    /// Height of a slice, from 0, in mm: the first one is the lowest.
    fn height(&self, index: u32) -> f64 {
        self.center + (f64::from(index) - f64::from(self.slices - 1) / 2.0) * self.distance
    }

    /// Where the first sample's center is, in mm, in x and y.
    fn origin(&self) -> f64 {
        -self.spacing * (f64::from(self.size) - 1.0) / 2.0
    }

    /// The nodule as a reader would measure it on the slice next to its center.
    pub fn nodule(&self) -> Nodule {
        let ([x, y, z], diameter) = NODULE;
        let index = (0..self.slices)
            .min_by(|a, b| {
                let off = |index: u32| (self.height(index) - f64::from(z)).abs();
                off(*a).total_cmp(&off(*b))
            })
            .unwrap_or(0);
        let off = self.height(index) - f64::from(z);
        let radius = f64::from(diameter) / 2.0;
        let half = (radius * radius - off * off).max(1.0).sqrt();
        let column = |mm: f64| ((mm - self.origin()) / self.spacing + 0.5) as f32;
        let row = column(f64::from(y));
        Nodule {
            sop_instance_uid: self.series.instance_uid(&self.study, index + 1),
            series_instance_uid: self.series.uid(&self.study),
            polyline: [
                column(f64::from(x) - half),
                row,
                column(f64::from(x) + half),
                row,
            ],
            length: (half * 20.0).round() / 10.0,
        }
    }
}

/// The slices of a series, made one by one.
pub fn slices(recipe: Recipe) -> impl Iterator<Item = Object> {
    (0..recipe.slices).map(move |index| slice(&recipe, index))
}

fn slice(recipe: &Recipe, index: u32) -> Object {
    let study = &recipe.study;
    let class = sop_class::CT_IMAGE_STORAGE;
    let (mut data_set, uid) = begin(study, &recipe.series, class, index + 1);
    put_moments(&mut data_set, study);
    put_geometry(&mut data_set, recipe, index);
    texts(
        &mut data_set,
        &[
            (tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\AXIAL"),
            (tags::SCAN_OPTIONS, "HELICAL MODE"),
            (tags::CONTRAST_BOLUS_AGENT, "Iodinated contrast"),
            (tags::KVP, "120"),
            (tags::DATA_COLLECTION_DIAMETER, "500"),
            (
                tags::RECONSTRUCTION_DIAMETER,
                &decimal(recipe.spacing * f64::from(recipe.size)),
            ),
            (tags::PROTOCOL_NAME, "Chest with contrast"),
            (tags::GANTRY_DETECTOR_TILT, "0"),
            (tags::TABLE_HEIGHT, "150"),
            (tags::ROTATION_DIRECTION, "CW"),
            (tags::EXPOSURE_TIME, "500"),
            (tags::X_RAY_TUBE_CURRENT, "220"),
            (tags::EXPOSURE, "110"),
            (tags::FILTER_TYPE, "BODY"),
            (tags::CONVOLUTION_KERNEL, recipe.kernel),
            (tags::PATIENT_POSITION, "HFS"),
            (tags::ACQUISITION_NUMBER, "1"),
            (tags::WINDOW_CENTER, recipe.window[0]),
            (tags::WINDOW_WIDTH, recipe.window[1]),
            (tags::RESCALE_INTERCEPT, "-1024"),
            (tags::RESCALE_SLOPE, "1"),
            (tags::RESCALE_TYPE, "HU"),
            (tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"),
        ],
    );
    data_set.put_items(
        tags::ANATOMIC_REGION_SEQUENCE,
        vec![code("51185008", "SCT", "Chest")],
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
            (tags::SLICE_THICKNESS, &decimal(recipe.distance)),
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

/// CT numbers plus 1024, with noise, in 12 bits.
fn pixels(recipe: &Recipe, index: u32) -> Vec<u16> {
    let slice = Slice::chest(recipe.height(index) as f32);
    let (origin, spacing) = (recipe.origin() as f32, recipe.spacing as f32);
    let size = u32::from(recipe.size);
    let seed = u64::from(recipe.series.number) << 48 | u64::from(index) << 32;
    let radius = origin * origin;
    let mut samples = Vec::with_capacity((size * size) as usize);
    for row in 0..size {
        let y = origin + row as f32 * spacing;
        for column in 0..size {
            let x = origin + column as f32 * spacing;
            if x * x + y * y > radius {
                samples.push(0);
                continue;
            }
            let noise = normal(seed | u64::from(row * size + column)) * recipe.noise;
            let value = slice.hounsfield(x, y) + noise + 1024.0;
            samples.push(value.clamp(0.0, 4095.0) as u16);
        }
    }
    samples
}

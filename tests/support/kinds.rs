//! Objects of kinds that seldom lie about: presentation states, registrations, surfaces,
//! documents, enhanced images.

use sagittal_core::{DataSet, Vr, sop_class, tags};

use crate::objects::{Object, new_uid};

const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

/// An object of a storage class, by the end of its UID.
fn of(class: &str, modality: &str) -> Object {
    Object::new(&format!("{STORAGE}{class}"), modality)
}

/// An item of a sequence.
fn item(fill: impl FnOnce(&mut DataSet)) -> DataSet {
    let mut item = DataSet::utf8();
    item.remove(tags::SPECIFIC_CHARACTER_SET);
    fill(&mut item);
    item
}

fn put_floats(data_set: &mut DataSet, tag: sagittal_core::Tag, values: &[f32]) {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    data_set.put_bytes(tag, sagittal_core::dictionary::vr(tag), bytes);
}

fn put_doubles(data_set: &mut DataSet, tag: sagittal_core::Tag, values: &[f64]) {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    data_set.put_bytes(tag, Vr::FD, bytes);
}

/// A reference to an image, within its series.
fn referenced_series(image: &Object) -> DataSet {
    item(|series| {
        series.put_uid(tags::SERIES_INSTANCE_UID, &image.series_instance_uid());
        series.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference(image)]);
    })
}

fn reference(image: &Object) -> DataSet {
    item(|reference| {
        reference.put_uid(tags::REFERENCED_SOP_CLASS_UID, &image.sop_class_uid());
        reference.put_uid(tags::REFERENCED_SOP_INSTANCE_UID, &image.sop_instance_uid());
    })
}

/// A grayscale softcopy presentation state for an image: a window of its own, inverted.
pub fn presentation_state(image: &Object, center: &str, width: &str) -> Object {
    let mut object = of("11.1", "PR")
        .in_study_of(image)
        .with(tags::CONTENT_LABEL, "INVERSE")
        .with(tags::PRESENTATION_CREATION_DATE, "20260115")
        .with(tags::PRESENTATION_CREATION_TIME, "101500")
        .with(tags::RESCALE_INTERCEPT, "-1024")
        .with(tags::RESCALE_SLOPE, "1")
        .with(tags::RESCALE_TYPE, "HU")
        .with(tags::PRESENTATION_LUT_SHAPE, "INVERSE");
    let area = item(|area| {
        area.put_text(tags::PRESENTATION_SIZE_MODE, "SCALE TO FIT");
        area.put_text(tags::PRESENTATION_PIXEL_ASPECT_RATIO, "1\\1");
        let side = |tag| image.data_set.int(tag).unwrap();
        let (rows, columns) = (side(tags::ROWS), side(tags::COLUMNS));
        for (tag, corner) in [
            (tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER, (1, 1)),
            (
                tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER,
                (columns, rows),
            ),
        ] {
            let corner = [corner.0, corner.1].map(|side| i32::try_from(side).unwrap());
            let bytes: Vec<u8> = corner.iter().flat_map(|side| side.to_le_bytes()).collect();
            area.put_bytes(tag, Vr::SL, bytes);
        }
    });
    let voi = item(|voi| {
        voi.put_text(tags::WINDOW_CENTER, center);
        voi.put_text(tags::WINDOW_WIDTH, width);
    });
    let data_set = &mut object.data_set;
    data_set.put_items(
        tags::REFERENCED_SERIES_SEQUENCE,
        vec![referenced_series(image)],
    );
    data_set.put_items(tags::DISPLAYED_AREA_SELECTION_SEQUENCE, vec![area]);
    data_set.put_items(tags::SOFTCOPY_VOI_LUT_SEQUENCE, vec![voi]);
    object
}

/// A spatial registration of two images: the second is moved by a millimetre.
pub fn spatial_registration(fixed: &Object, moving: &Object) -> Object {
    let registration = |image: &Object, shift: &str| {
        let matrix = item(|matrix| {
            matrix.put_text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE, "RIGID");
            matrix.put_text(
                tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX,
                &format!("1\\0\\0\\{shift}\\0\\1\\0\\0\\0\\0\\1\\0\\0\\0\\0\\1"),
            );
        });
        let matrices = item(|m| m.put_items(tags::MATRIX_SEQUENCE, vec![matrix]));
        item(|registration| {
            registration.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference(image)]);
            registration.put_items(tags::MATRIX_REGISTRATION_SEQUENCE, vec![matrices]);
        })
    };
    let mut object = of("66.1", "REG")
        .in_study_of(fixed)
        .with(tags::CONTENT_LABEL, "REGISTRATION")
        .with(tags::CONTENT_DATE, "20260115")
        .with(tags::CONTENT_TIME, "101500")
        .with(tags::FRAME_OF_REFERENCE_UID, new_uid().as_str());
    object.data_set.put_items(
        tags::REGISTRATION_SEQUENCE,
        vec![registration(fixed, "0"), registration(moving, "1")],
    );
    object
}

/// A deformable registration: a grid of 2 × 2 × 2 vectors.
pub fn deformable_registration(fixed: &Object, moving: &Object) -> Object {
    let grid = item(|grid| {
        grid.put_text(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0");
        grid.put_text(tags::IMAGE_POSITION_PATIENT, "0\\0\\0");
        grid.put_u32(tags::GRID_DIMENSIONS, &[2, 2, 2]);
        put_doubles(grid, tags::GRID_RESOLUTION, &[10.0, 10.0, 10.0]);
        let vectors: Vec<u8> = (0_u8..24)
            .flat_map(|number| f32::from(number).to_le_bytes())
            .collect();
        grid.put_bytes(tags::VECTOR_GRID_DATA, Vr::OF, vectors);
    });
    let registration = item(|registration| {
        registration.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference(moving)]);
        registration.put_text(tags::SOURCE_FRAME_OF_REFERENCE_UID, new_uid().as_str());
        registration.put_items(tags::DEFORMABLE_REGISTRATION_GRID_SEQUENCE, vec![grid]);
    });
    let mut object = of("66.3", "REG")
        .in_study_of(fixed)
        .with(tags::CONTENT_LABEL, "DEFORMABLE")
        .with(tags::CONTENT_DATE, "20260115")
        .with(tags::CONTENT_TIME, "101500")
        .with(tags::FRAME_OF_REFERENCE_UID, new_uid().as_str());
    object
        .data_set
        .put_items(tags::DEFORMABLE_REGISTRATION_SEQUENCE, vec![registration]);
    object
}

/// The corners and the triangles of a pyramid.
const CORNERS: [[f32; 3]; 5] = [
    [0.0, 0.0, 0.0],
    [10.0, 0.0, 0.0],
    [10.0, 10.0, 0.0],
    [0.0, 10.0, 0.0],
    [5.0, 5.0, 8.0],
];
const TRIANGLES: [[u32; 3]; 6] = [
    [0, 2, 1],
    [0, 3, 2],
    [0, 1, 4],
    [1, 2, 4],
    [2, 3, 4],
    [3, 0, 4],
];

/// A surface segmentation: a pyramid.
pub fn surface_segmentation() -> Object {
    let points = item(|points| {
        points.put_u32(tags::NUMBER_OF_SURFACE_POINTS, &[5]);
        let numbers: Vec<u8> = CORNERS
            .iter()
            .flatten()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        points.put_bytes(tags::POINT_COORDINATES_DATA, Vr::OF, numbers);
    });
    let primitives = item(|primitives| {
        let indices: Vec<u8> = TRIANGLES
            .iter()
            .flatten()
            // Counted from 1.
            .flat_map(|corner| (corner + 1).to_le_bytes())
            .collect();
        primitives.put_bytes(tags::LONG_TRIANGLE_POINT_INDEX_LIST, Vr::OL, indices);
    });
    let surface = item(|surface| {
        surface.put_u32(tags::SURFACE_NUMBER, &[1]);
        surface.put_text(tags::SURFACE_PROCESSING, "NO");
        surface.put_text(tags::FINITE_VOLUME, "YES");
        surface.put_text(tags::MANIFOLD, "YES");
        surface.put_text(tags::RECOMMENDED_PRESENTATION_TYPE, "SURFACE");
        put_floats(surface, tags::RECOMMENDED_PRESENTATION_OPACITY, &[1.0]);
        surface.put_items(tags::SURFACE_POINTS_SEQUENCE, vec![points]);
        surface.put_items(tags::SURFACE_MESH_PRIMITIVES_SEQUENCE, vec![primitives]);
    });
    let mut object = of("66.5", "SEG")
        .with(tags::CONTENT_LABEL, "PYRAMID")
        .with(tags::CONTENT_DATE, "20260115")
        .with(tags::CONTENT_TIME, "101500")
        .with(tags::FRAME_OF_REFERENCE_UID, new_uid().as_str());
    object.data_set.put_u32(tags::NUMBER_OF_SURFACES, &[1]);
    object
        .data_set
        .put_items(tags::SURFACE_SEQUENCE, vec![surface]);
    object
}

fn document(class: &str, media_type: &str, bytes: Vec<u8>) -> Object {
    let mut object = of(class, "M3D")
        .with(tags::DOCUMENT_TITLE, "A pyramid")
        .with(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, media_type)
        .with(tags::BURNED_IN_ANNOTATION, "NO")
        .with(tags::FRAME_OF_REFERENCE_UID, new_uid().as_str());
    let length = u32::try_from(bytes.len()).unwrap();
    let data_set = &mut object.data_set;
    data_set.put_u32(tags::ENCAPSULATED_DOCUMENT_LENGTH, &[length]);
    data_set.put_bytes(tags::ENCAPSULATED_DOCUMENT, Vr::OB, bytes);
    object
}

/// An encapsulated STL: the pyramid, binary.
pub fn stl() -> Object {
    let mut bytes = vec![b' '; 80];
    bytes.extend(u32::try_from(TRIANGLES.len()).unwrap().to_le_bytes());
    for triangle in TRIANGLES {
        bytes.extend([0; 12]);
        for corner in triangle {
            let corner = CORNERS[usize::try_from(corner).unwrap()];
            bytes.extend(corner.iter().flat_map(|number| number.to_le_bytes()));
        }
        bytes.extend([0; 2]);
    }
    document("104.3", "model/stl", bytes)
}

/// An encapsulated OBJ: the pyramid, as text.
pub fn obj() -> Object {
    let mut text = String::from("mtllib pyramid.mtl\nusemtl red\n");
    for [x, y, z] in CORNERS {
        text.push_str(&format!("v {x} {y} {z}\n"));
    }
    for [a, b, c] in TRIANGLES {
        text.push_str(&format!("f {} {} {}\n", a + 1, b + 1, c + 1));
    }
    document("104.4", "model/obj", text.into_bytes())
}

/// An encapsulated MTL.
pub fn mtl() -> Object {
    document("104.5", "model/mtl", b"newmtl red\nKd 1 0 0\n".to_vec())
}

/// An encapsulated CDA document.
pub fn cda() -> Object {
    let text =
        "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><title>A letter</title></ClinicalDocument>";
    document("104.2", "text/xml", text.as_bytes().to_vec())
}

/// Samples of an image, by frame, row and column.
pub struct Samples {
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
    /// Number of frames.
    pub frames: u16,
    /// 8 or 16; colors have 8.
    pub bits: u16,
    /// Photometric Interpretation.
    pub photometric: &'static str,
}

impl Samples {
    /// Puts them into an object. `value` gives the samples of a pixel: one, or three.
    pub fn put(&self, object: &mut Object, value: impl Fn(u16, u16, u16) -> Vec<u16>) {
        let samples = value(0, 0, 0).len();
        let data_set = &mut object.data_set;
        data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, self.photometric);
        data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[u16::try_from(samples).unwrap()]);
        data_set.put_u16(tags::ROWS, &[self.rows]);
        data_set.put_u16(tags::COLUMNS, &[self.columns]);
        data_set.put_u16(tags::BITS_ALLOCATED, &[self.bits]);
        data_set.put_u16(tags::BITS_STORED, &[self.bits]);
        data_set.put_u16(tags::HIGH_BIT, &[self.bits - 1]);
        data_set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
        if samples > 1 {
            data_set.put_u16(tags::PLANAR_CONFIGURATION, &[0]);
        }
        if self.frames > 1 {
            data_set.put_text(tags::NUMBER_OF_FRAMES, &self.frames.to_string());
        }
        let mut bytes = Vec::new();
        for frame in 0..self.frames {
            for row in 0..self.rows {
                for column in 0..self.columns {
                    for sample in value(frame, row, column) {
                        let [low, high] = sample.to_le_bytes();
                        bytes.push(low);
                        if self.bits == 16 {
                            bytes.push(high);
                        }
                    }
                }
            }
        }
        let vr = if self.bits == 16 { Vr::OW } else { Vr::OB };
        data_set.put_bytes(tags::PIXEL_DATA, vr, bytes);
    }
}

/// An enhanced image of slices a millimetre apart, its transformation and window in functional
/// groups; a sample is 10 × frame + row + column.
fn enhanced(class: &str, modality: &str, frames: u16) -> Object {
    let mut object = of(class, modality)
        .with(tags::CONTENT_DATE, "20260115")
        .with(tags::CONTENT_TIME, "101500")
        .with(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\VOLUME\\NONE")
        .with(tags::FRAME_OF_REFERENCE_UID, new_uid().as_str());
    let one = |sequence, fill: &dyn Fn(&mut DataSet)| {
        let inner = item(|inner| fill(inner));
        (sequence, vec![inner])
    };
    let shared = item(|shared| {
        let groups = [
            one(tags::PIXEL_MEASURES_SEQUENCE, &|measures| {
                measures.put_text(tags::PIXEL_SPACING, "1\\1");
                measures.put_text(tags::SLICE_THICKNESS, "1");
            }),
            one(tags::PLANE_ORIENTATION_SEQUENCE, &|orientation| {
                orientation.put_text(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0");
            }),
            one(
                tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
                &|transformation| {
                    transformation.put_text(tags::RESCALE_SLOPE, "2");
                    transformation.put_text(tags::RESCALE_INTERCEPT, "-50");
                    transformation.put_text(tags::RESCALE_TYPE, "US");
                },
            ),
            one(tags::FRAME_VOI_LUT_SEQUENCE, &|voi| {
                voi.put_text(tags::WINDOW_CENTER, "77.5");
                voi.put_text(tags::WINDOW_WIDTH, "255");
                voi.put_text(tags::VOI_LUT_FUNCTION, "LINEAR_EXACT");
            }),
        ];
        for (sequence, items) in groups {
            shared.put_items(sequence, items);
        }
    });
    let frame = |number: u16| {
        item(|frame| {
            let (sequence, items) = one(tags::PLANE_POSITION_SEQUENCE, &|position| {
                position.put_text(tags::IMAGE_POSITION_PATIENT, &format!("0\\0\\{number}"));
            });
            frame.put_items(sequence, items);
        })
    };
    let data_set = &mut object.data_set;
    data_set.put_items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
    data_set.put_items(
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        (0..frames).map(frame).collect(),
    );
    let samples = Samples {
        rows: 24,
        columns: 30,
        frames,
        bits: 16,
        photometric: "MONOCHROME2",
    };
    samples.put(&mut object, |frame, row, column| {
        vec![10 * frame + row + column]
    });
    object
}

/// Breast tomosynthesis.
pub fn tomosynthesis(frames: u16) -> Object {
    enhanced("13.1.3", "MG", frames).with(tags::IMAGE_LATERALITY, "R")
}

/// Ophthalmic tomography.
pub fn ophthalmic_tomography(frames: u16) -> Object {
    enhanced("77.1.5.4", "OPT", frames)
}

/// A picture of an endoscope, in colors: red grows along rows, green down columns.
pub fn endoscopy() -> Object {
    let mut object = of("77.1.1", "ES").with(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY");
    let samples = Samples {
        rows: 20,
        columns: 25,
        frames: 1,
        bits: 8,
        photometric: "RGB",
    };
    samples.put(&mut object, |_, row, column| {
        vec![10 * column, 12 * row, 40]
    });
    object
}

/// A video of an endoscope: MPEG-4, of which nobody looks at a frame here.
pub fn video() -> Object {
    let mut object = of("77.1.1.1", "ES")
        .with(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY")
        .in_transfer_syntax("1.2.840.10008.1.2.4.102");
    let samples = Samples {
        rows: 1,
        columns: 1,
        frames: 1,
        bits: 8,
        photometric: "YBR_PARTIAL_420",
    };
    samples.put(&mut object, |_, _, _| vec![0, 0, 0]);
    let data_set = &mut object.data_set;
    data_set.put_text(tags::NUMBER_OF_FRAMES, "25");
    let mut stream = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    stream.extend((0_u16..2000).map(|n| (n % 251) as u8));
    let fragments = sagittal_core::Fragments {
        offset_table: Vec::new(),
        fragments: vec![stream.into()],
    };
    data_set.put(sagittal_core::Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: sagittal_core::Value::Fragments(fragments),
    });
    object
}

/// A whole slide image of 2 × 2 tiles of 16 × 16; each tile has a color of its own.
pub fn whole_slide() -> Object {
    let mut object = of("77.1.6", "SM")
        .with(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\VOLUME\\NONE")
        .with(tags::DIMENSION_ORGANIZATION_TYPE, "TILED_FULL")
        .with(tags::FRAME_OF_REFERENCE_UID, new_uid().as_str());
    let samples = Samples {
        rows: 16,
        columns: 16,
        frames: 4,
        bits: 8,
        photometric: "RGB",
    };
    samples.put(&mut object, |frame, _, _| {
        vec![60 * frame, 200 - 50 * frame, 30]
    });
    let data_set = &mut object.data_set;
    data_set.put_u32(tags::TOTAL_PIXEL_MATRIX_COLUMNS, &[32]);
    data_set.put_u32(tags::TOTAL_PIXEL_MATRIX_ROWS, &[32]);
    object
}

/// A secondary capture in a photometric interpretation.
pub fn secondary_capture(samples: &Samples, value: impl Fn(u16, u16, u16) -> Vec<u16>) -> Object {
    let mut object = Object::new(sop_class::SECONDARY_CAPTURE_IMAGE_STORAGE, "OT")
        .with(tags::CONVERSION_TYPE, "SYN");
    samples.put(&mut object, value);
    object
}

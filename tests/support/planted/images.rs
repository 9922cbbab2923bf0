//! Images: text burned in, private blocks, overlays, functional groups.

use sagittal_core::{DataSet, Tag, Vr, sop_class, tags, transfer_syntax};

use super::builder::{Leaf, Planted, Study, dated, gone, mapped, mixed, plain, stays, uid};
use super::{Check, font};
use crate::random::Random;

/// Rows and Columns of all images here.
const SIZE: u16 = 128;

fn image_pixel(planted: &mut Planted, samples: u16, bits: u16, signed: u16, photometric: &str) {
    let data_set = &mut planted.data_set;
    data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[samples]);
    data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, photometric);
    if samples > 1 {
        data_set.put_u16(tags::PLANAR_CONFIGURATION, &[0]);
    }
    data_set.put_u16(tags::ROWS, &[SIZE]);
    data_set.put_u16(tags::COLUMNS, &[SIZE]);
    data_set.put_u16(tags::BITS_ALLOCATED, &[bits]);
    data_set.put_u16(tags::BITS_STORED, &[bits]);
    data_set.put_u16(tags::HIGH_BIT, &[bits - 1]);
    data_set.put_u16(tags::PIXEL_REPRESENTATION, &[signed]);
}

/// Two CT images of a series, with overlay, curve, icon, private elements.
pub fn ct_series(study: &Study, random: &mut Random) -> Vec<Planted> {
    let series = uid(random);
    let images = (1..=2).map(|number| ct(study, &series, number, random));
    images.collect()
}

fn ct(study: &Study, series: &str, number: i32, random: &mut Random) -> Planted {
    let patient = &study.patient;
    let mut planted = Planted::new(study, sop_class::CT_IMAGE_STORAGE, "CT", random);
    planted.expected.retain(|expected| {
        ![tags::SERIES_INSTANCE_UID, tags::INSTANCE_NUMBER]
            .map(|tag| tag.to_string())
            .contains(&expected.path)
    });
    planted.put(mapped(tags::SERIES_INSTANCE_UID, series));
    planted.put(mapped(
        tags::FRAME_OF_REFERENCE_UID,
        &study.frame_of_reference_uid,
    ));
    planted.put(plain(tags::POSITION_REFERENCE_INDICATOR, ""));
    planted.put(stays(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\AXIAL"));
    planted.put(dated(tags::ACQUISITION_DATE, &study.date));
    planted.put(dated(tags::CONTENT_DATE, &study.date));
    planted.put(dated(
        tags::ACQUISITION_DATETIME,
        &format!("{}{}", study.date, study.time),
    ));
    planted.put(stays(tags::SLICE_THICKNESS, "5"));
    planted.put(stays(tags::KVP, "120"));
    planted.put(stays(
        tags::IMAGE_POSITION_PATIENT,
        &format!("-100\\-100\\{}", number * 5),
    ));
    planted.put(stays(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0"));
    planted.put(stays(tags::PIXEL_SPACING, "0.5\\0.5"));
    planted.put(stays(tags::RESCALE_INTERCEPT, "-1024"));
    planted.put(stays(tags::RESCALE_SLOPE, "1"));
    planted.put(stays(tags::INSTANCE_NUMBER, &number.to_string()));
    planted.put(plain(tags::ACQUISITION_NUMBER, "1"));
    planted.put(mixed(
        tags::IMAGE_COMMENTS,
        &["motion", "artifact"],
        format!(
            "motion artifact, repeated by {} {}",
            patient.operator.1, patient.operator.0
        ),
        &[&patient.operator.0, &patient.operator.1],
    ));
    planted.put(mixed(
        tags::CONTRAST_BOLUS_AGENT,
        &["Omnipaque", "350"],
        format!("Omnipaque 350 for {}", patient.id),
        &[&patient.id],
    ));
    planted.put(gone(
        Tag(0x4008, 0x010C),
        &format!("{}^{}", patient.reader.0, patient.reader.1),
    ));
    image_pixel(&mut planted, 1, 16, 1, "MONOCHROME2");
    let pixels: Vec<u8> = (0..u32::from(SIZE) * u32::from(SIZE))
        .flat_map(|at| i16::try_from(at * 7 % 3000).unwrap().to_le_bytes())
        .collect();
    planted.data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, pixels);
    planted.expect_pixels();
    overlay_curve_icon(&mut planted, patient.family.as_str());
    planted
}

fn overlay_curve_icon(planted: &mut Planted, family: &str) {
    let data_set = &mut planted.data_set;
    data_set.put_u16(Tag(0x6000, 0x0010), &[8]);
    data_set.put_u16(Tag(0x6000, 0x0011), &[64]);
    data_set.put_text(Tag(0x6000, 0x0040), "G");
    data_set.put_bytes(Tag(0x6000, 0x0050), Vr::SS, vec![1, 0, 1, 0]);
    data_set.put_u16(Tag(0x6000, 0x0100), &[1]);
    data_set.put_u16(Tag(0x6000, 0x0102), &[0]);
    data_set.put_bytes(Tag(0x6000, 0x3000), Vr::OW, vec![0xA5; 64]);
    data_set.put_bytes(
        Tag(0x6000, 0x4000),
        Vr::LT,
        even(&format!("drawn for {family}")),
    );
    data_set.put_bytes(Tag(0x5000, 0x2500), Vr::LO, even(family));
    data_set.put_bytes(Tag(0x5000, 0x3000), Vr::OW, vec![1; 8]);
    let mut icon = planted.item();
    icon.put_u16(tags::ROWS, &[8]);
    icon.put_u16(tags::COLUMNS, &[8]);
    icon.put_u16(tags::SAMPLES_PER_PIXEL, &[1]);
    icon.put_text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
    for (tag, value) in [
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        icon.put_u16(tag, &[value]);
    }
    icon.put_bytes(tags::PIXEL_DATA, Vr::OB, vec![9; 64]);
    planted
        .data_set
        .put_items(tags::ICON_IMAGE_SEQUENCE, vec![icon]);
    for tag in [Tag(0x6000, 0x4000), Tag(0x5000, 0x2500)] {
        planted.expect(
            &tag.to_string(),
            vec![Check::TextRemoved(vec![family.to_owned()])],
        );
    }
}

fn even(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(b' ');
    }
    bytes
}

/// Ultrasound with the patient burned in above the region, in colour, two frames.
pub fn ultrasound(study: &Study, random: &mut Random) -> Planted {
    let mut planted = Planted::new(
        study,
        sop_class::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE,
        "US",
        random,
    );
    planted.put(stays(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\ABDOMINAL"));
    planted.put(plain(tags::BURNED_IN_ANNOTATION, "YES"));
    planted.put(stays(tags::NUMBER_OF_FRAMES, "2"));
    planted.put(stays(tags::FRAME_TIME, "40"));
    planted
        .data_set
        .put_tags(tags::FRAME_INCREMENT_POINTER, &[tags::FRAME_TIME]);
    image_pixel(&mut planted, 1, 8, 0, "MONOCHROME2");
    let mut region = planted.item();
    for (tag, value) in [
        (Tag(0x0018, 0x6018), 8),
        (Tag(0x0018, 0x601A), 40),
        (Tag(0x0018, 0x601C), 119),
        (Tag(0x0018, 0x601E), 119),
        (tags::REGION_FLAGS, 0),
    ] {
        region.put_u32(tag, &[value]);
    }
    for tag in [
        tags::REGION_SPATIAL_FORMAT,
        tags::REGION_DATA_TYPE,
        tags::PHYSICAL_UNITS_X_DIRECTION,
        tags::PHYSICAL_UNITS_Y_DIRECTION,
    ] {
        region.put_u16(tag, &[1]);
    }
    for tag in [tags::PHYSICAL_DELTA_X, tags::PHYSICAL_DELTA_Y] {
        region.put_bytes(tag, Vr::FD, 0.1f64.to_le_bytes().to_vec());
    }
    planted
        .data_set
        .put_items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![region]);
    let width = usize::from(SIZE);
    let mut pixels = vec![16u8; width * width * 2];
    let mut hidden = vec![];
    for frame in pixels.chunks_exact_mut(width * width) {
        hidden = vec![
            font::burn(frame, width, (4, 4), 1, &study.patient.family, 255),
            font::burn(frame, width, (4, 16), 1, &study.patient.id, 255),
        ];
        for at in 0..60 {
            frame[(50 + at) * width + 20 + at] = 200;
        }
    }
    planted.data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, pixels);
    planted.expect(
        &tags::PIXEL_DATA.to_string(),
        hidden.into_iter().map(Check::PixelsHidden).collect(),
    );
    planted
}

/// A screenshot that says it has burned-in text, in the band that the profile names.
pub fn screenshot(study: &Study, random: &mut Random) -> Planted {
    let mut planted = Planted::new(
        study,
        sop_class::SECONDARY_CAPTURE_IMAGE_STORAGE,
        "OT",
        random,
    );
    planted.put(plain(tags::CONVERSION_TYPE, "WSD"));
    planted.put(plain(tags::MANUFACTURER_MODEL_NAME, "Planted Screen"));
    planted.put(gone(tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER, ""));
    planted.expected.retain(|expected| {
        expected.path != tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER.to_string()
    });
    planted.put(plain(tags::BURNED_IN_ANNOTATION, "YES"));
    image_pixel(&mut planted, 3, 8, 0, "RGB");
    let width = usize::from(SIZE);
    let mut grey = vec![32u8; width * width];
    let hidden = font::burn(&mut grey, width, (6, 6), 1, &study.patient.given, 250);
    for at in 0..50 {
        grey[(60 + at) * width + 30 + at / 2] = 180;
    }
    let pixels: Vec<u8> = grey.iter().flat_map(|sample| [*sample; 3]).collect();
    planted.data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, pixels);
    planted.expect(
        &tags::PIXEL_DATA.to_string(),
        vec![Check::PixelsHidden(hidden)],
    );
    planted
}

/// An enhanced MR image: dates, UIDs and names deep in functional groups.
pub fn enhanced_mr(study: &Study, random: &mut Random) -> Planted {
    const FRAMES: u32 = 12;
    let patient = &study.patient;
    let mut planted = Planted::new(study, sop_class::ENHANCED_MR_IMAGE_STORAGE, "MR", random);
    planted.put(mapped(
        tags::FRAME_OF_REFERENCE_UID,
        &study.frame_of_reference_uid,
    ));
    planted.put(stays(tags::NUMBER_OF_FRAMES, &FRAMES.to_string()));
    planted.put(stays(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\T1\\NONE"));
    planted.put(dated(
        tags::ACQUISITION_DATETIME,
        &format!("{}{}", study.date, study.time),
    ));
    planted.put(dated(tags::CONTENT_DATE, &study.date));
    planted.put(plain(tags::CONTENT_TIME, &study.time));
    image_pixel(&mut planted, 1, 16, 0, "MONOCHROME2");
    let dimension = uid(random);
    planted.items(
        tags::DIMENSION_ORGANIZATION_SEQUENCE,
        vec![vec![mapped(tags::DIMENSION_ORGANIZATION_UID, &dimension)]],
    );
    let irradiation = uid(random);
    let mut groups = vec![];
    for frame in 0..FRAMES {
        let mut content = planted.item();
        let at = format!("{}{:02}0000.000", study.date, frame);
        content.put_text(tags::FRAME_ACQUISITION_DATETIME, &at);
        content.put_text(tags::FRAME_REFERENCE_DATETIME, &at);
        content.put_text(
            tags::FRAME_COMMENTS,
            &format!("good quality {}", patient.family),
        );
        let path = |leaf: Tag| {
            format!(
                "{}[{frame}].{}[0].{leaf}",
                tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
                tags::FRAME_CONTENT_SEQUENCE
            )
        };
        planted.expect(
            &path(tags::FRAME_ACQUISITION_DATETIME),
            vec![Check::DateShifted(at), Check::TextNotNull],
        );
        planted.expect(
            &path(tags::FRAME_COMMENTS),
            vec![
                Check::TextRemoved(vec![patient.family.clone()]),
                Check::TextRetained(vec!["quality".into()]),
            ],
        );
        let mut source = planted.item();
        source.put_text(tags::REFERENCED_SOP_CLASS_UID, sop_class::MR_IMAGE_STORAGE);
        source.put_text(tags::REFERENCED_SOP_INSTANCE_UID, &irradiation);
        let mut derivation = planted.item();
        derivation.put_items(tags::SOURCE_IMAGE_SEQUENCE, vec![source]);
        derivation.put_items(
            tags::DERIVATION_CODE_SEQUENCE,
            vec![code(
                &planted,
                "113091",
                "DCM",
                "Spatially-related frames extracted from the volume",
            )],
        );
        let mut group = planted.item();
        group.put_items(tags::FRAME_CONTENT_SEQUENCE, vec![content]);
        group.put_items(tags::DERIVATION_IMAGE_SEQUENCE, vec![derivation]);
        let deep = format!(
            "{}[{frame}].{}[0].{}[0].{}",
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            tags::DERIVATION_IMAGE_SEQUENCE,
            tags::SOURCE_IMAGE_SEQUENCE,
            tags::REFERENCED_SOP_INSTANCE_UID
        );
        planted.expect(
            &deep,
            vec![
                Check::UidChanged(irradiation.clone()),
                Check::UidConsistent(irradiation.clone()),
            ],
        );
        groups.push(group);
    }
    planted.secrets.push(irradiation);
    planted.secrets.push(dimension);
    planted
        .data_set
        .put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, groups);
    let pixels: Vec<u8> = (0..usize::from(SIZE) * usize::from(SIZE) * 2 * 12)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect();
    planted.data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, pixels);
    planted.expect_pixels();
    planted
}

/// A code sequence's item.
pub fn code(planted: &Planted, value: &str, scheme: &str, meaning: &str) -> DataSet {
    let mut item = planted.item();
    item.put_text(tags::CODE_VALUE, value);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, scheme);
    item.put_text(tags::CODE_MEANING, meaning);
    item
}

/// Safe and unsafe private elements, a private sequence, and a UN that holds a sequence.
pub fn private_blocks(study: &Study, random: &mut Random) -> Planted {
    let patient = &study.patient;
    let mut planted = Planted::new(study, sop_class::MR_IMAGE_STORAGE, "MR", random);
    planted.put(stays(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\OTHER"));
    planted.put(mapped(
        tags::FRAME_OF_REFERENCE_UID,
        &study.frame_of_reference_uid,
    ));
    image_pixel(&mut planted, 1, 16, 0, "MONOCHROME2");
    let data_set = &mut planted.data_set;
    data_set.put_bytes(Tag(0x00E1, 0x0010), Vr::LO, even("ELSCINT1"));
    data_set.put_bytes(Tag(0x00E1, 0x1050), Vr::DS, even("12.5"));
    data_set.put_bytes(Tag(0x0099, 0x0010), Vr::LO, even("UNHEARD OF 1.0"));
    data_set.put_bytes(Tag(0x0099, 0x1001), Vr::LO, even(&patient.family));
    data_set.put_bytes(
        Tag(0x0099, 0x1002),
        Vr::UN,
        even(&format!("{} {}", patient.phone, patient.town)),
    );
    let mut inner = DataSet::new();
    inner.put_text(
        tags::PATIENT_NAME,
        &format!("{}^{}", patient.family, patient.given),
    );
    data_set.put(sagittal_core::Element {
        tag: Tag(0x0099, 0x1003),
        vr: Vr::SQ,
        value: sagittal_core::Value::Sequence(vec![inner]),
    });
    data_set.put_bytes(Tag(0x0009, 0x1001), Vr::LO, even(&patient.given));
    // A standard sequence that travelled as UN, implicit little endian within.
    let name = even(&patient.family);
    let mut un = vec![0xFE, 0xFF, 0x00, 0xE0];
    un.extend(u32::try_from(name.len() + 8).unwrap().to_le_bytes());
    un.extend([0x10, 0x00, 0x10, 0x00]);
    un.extend(u32::try_from(name.len()).unwrap().to_le_bytes());
    un.extend(&name);
    data_set.put_bytes(Tag(0x0008, 0x1120), Vr::UN, un);
    for (path, check) in [
        (
            Tag(0x0099, 0x1001).to_string(),
            Check::TextRemoved(vec![patient.family.clone()]),
        ),
        (
            Tag(0x0099, 0x1002).to_string(),
            Check::TextRemoved(vec![patient.town.clone()]),
        ),
        (
            Tag(0x0009, 0x1001).to_string(),
            Check::TextRemoved(vec![patient.given.clone()]),
        ),
        (
            Tag(0x00E1, 0x1050).to_string(),
            Check::TextRetained(vec!["12.5".into()]),
        ),
    ] {
        planted.expect(&path, vec![check]);
    }
    planted.transfer_syntax_uid = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
    planted.items(
        tags::ORIGINAL_ATTRIBUTES_SEQUENCE,
        vec![vec![
            Leaf {
                tag: tags::SOURCE_OF_PREVIOUS_VALUES,
                text: patient.hospital.clone(),
                checks: vec![Check::TextRemoved(vec![patient.hospital.clone()])],
            },
            dated(
                tags::ATTRIBUTE_MODIFICATION_DATETIME,
                &format!("{}120000", study.date),
            ),
            gone(tags::MODIFYING_SYSTEM, &patient.hospital),
            plain(tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION, "CORRECT"),
        ]],
    );
    planted.data_set.put_bytes(
        tags::PIXEL_DATA,
        Vr::OW,
        vec![3; usize::from(SIZE) * usize::from(SIZE) * 2],
    );
    planted.expect_pixels();
    planted
}

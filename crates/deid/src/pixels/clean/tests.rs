#![allow(clippy::unwrap_used)]
use sagittal_core::{Vr, transfer_syntax as ts};
use sagittal_pixel::render::Picture;

use super::super::detect::TextBox;
use super::super::policy::HandRule;
use super::*;

const NATIVE: &str = ts::EXPLICIT_VR_LITTLE_ENDIAN;
const CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// 60 rows, 80 columns, a white bar where a detector finds "DOE".
fn image(class: &str, modality: &str, frames: u8) -> DataSet {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::SOP_CLASS_UID, class);
    data_set.put_text(tags::SOP_INSTANCE_UID, "1.2.3");
    data_set.put_text(tags::MODALITY, modality);
    for (tag, value) in [
        (tags::ROWS, 60),
        (tags::COLUMNS, 80),
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        data_set.put_u16(tag, &[value]);
    }
    data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
    data_set.put_text(tags::NUMBER_OF_FRAMES, &frames.to_string());
    let pixel = |at: u32| {
        let (x, y) = (at % 80, at / 80);
        if (20..40).contains(&x) && (10..18).contains(&y) {
            255
        } else {
            40 + (x + y) as u8
        }
    };
    let bytes: Vec<u8> = (0..frames).flat_map(|_| (0..60 * 80).map(pixel)).collect();
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, bytes);
    data_set
}

/// Finds a white bar.
struct Bar;

impl TextDetector for Bar {
    fn name(&self) -> String {
        "bar".to_owned()
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<TextBox>> {
        let rgb = picture.to_rgb();
        let at = (12 * picture.width as usize + 30) * 3;
        let is_there = rgb[at] > 240 && rgb[at] > rgb[at - 3 * 15].saturating_add(60);
        let found = TextBox {
            rectangle: [20, 10, 20, 8].into(),
            text: "DOE".to_owned(),
            confidence: 80.0,
            line: 0,
        };
        Ok(is_there.then_some(found).into_iter().collect())
    }
}

fn cleaner(policy: PixelPolicy, has_detector: bool) -> PixelCleaner {
    PixelCleaner {
        detector: has_detector.then(|| Arc::new(Bar) as Arc<dyn TextDetector>),
        ..PixelCleaner::new(policy)
    }
}

fn run(data_set: &mut DataSet, policy: PixelPolicy, has_detector: bool) -> Result<PixelReport> {
    cleaner(policy, has_detector).clean(data_set, NATIVE, None)
}

fn is_marked(data_set: &DataSet) -> bool {
    data_set.first_text(tags::BURNED_IN_ANNOTATION).as_deref() == Some("NO")
}

#[test]
fn slices_are_not_touched() {
    let mut data_set = image(CT, "CT", 1);
    let before = data_set.clone();
    let report = run(&mut data_set, PixelPolicy::default(), true).unwrap();
    assert_eq!((report.verdict, report.looked), (Verdict::NotSuspect, None));
    assert_eq!(data_set, before);
    let report = run(&mut DataSet::new(), PixelPolicy::default(), false).unwrap();
    assert_eq!(report.verdict, Verdict::NoPixels);
}

#[test]
fn a_capture_that_nothing_covers_is_refused_unless_the_policy_keeps_it() {
    let mut data_set = image(CAPTURE, "OT", 1);
    let before = data_set.clone();
    let refused = run(&mut data_set, PixelPolicy::default(), false);
    assert!(matches!(refused, Err(Error::BurnedIn { .. })));
    let mut ct = image(CT, "CT", 1);
    ct.put_text(tags::BURNED_IN_ANNOTATION, "YES");
    assert!(run(&mut ct, PixelPolicy::default(), false).is_err());
    let policy = PixelPolicy {
        unknown_burned_in: Unknown::Keep,
        ..PixelPolicy::default()
    };
    let report = run(&mut data_set, policy, false).unwrap();
    assert_eq!(report.verdict, Verdict::KeptUnknown);
    assert_eq!(data_set, before);
}

#[test]
fn text_that_is_detected_goes_from_all_frames_and_what_is_left_stays() {
    let mut data_set = image(CAPTURE, "OT", 3);
    let before = data_set.bytes(tags::PIXEL_DATA).unwrap().clone();
    let policy = PixelPolicy {
        before_pictures: true,
        ..PixelPolicy::default()
    };
    let report = run(&mut data_set, policy, true).unwrap();
    assert_eq!(report.verdict, Verdict::Cleaned);
    assert!(is_marked(&data_set) && report.marked);
    let looked = report.looked.as_ref().unwrap();
    assert_eq!(
        (looked.frames.clone(), looked.texts[0].as_str()),
        (vec![1, 3], "DOE")
    );
    assert_eq!(report.blanked.pixels.frames.len(), 3);
    let after = data_set.bytes(tags::PIXEL_DATA).unwrap();
    for (at, (old, new)) in (0..).zip(before.iter().zip(after.iter())) {
        let (x, y) = (at % 80, at / 80 % 60);
        // A margin of two.
        let is_in = (18..42).contains(&x) && (8..20).contains(&y);
        assert_eq!(*new, if is_in { 0 } else { *old }, "{x} {y}");
    }
    let pictures = report.pictures.as_ref().unwrap();
    assert!(pictures.before.as_ref().unwrap().starts_with(b"\x89PNG"));
    assert!(pictures.after.starts_with(b"\x89PNG"));
    // Neither what a text said nor a picture from before is in what is written down.
    let written = serde_json::to_string(&report).unwrap();
    assert!(
        !written.contains("DOE") && !written.contains("before"),
        "{written}"
    );
}

#[test]
fn ocr_that_is_required_and_missing_lets_nothing_through() {
    let policy = PixelPolicy {
        ocr: Ocr::Require,
        ..PixelPolicy::default()
    };
    let refused = run(&mut image(CAPTURE, "OT", 1), policy, false);
    assert!(matches!(refused, Err(Error::TextDetection(_))));
    let policy = PixelPolicy {
        ocr: Ocr::Off,
        unknown_burned_in: Unknown::Ocr,
        ..PixelPolicy::default()
    };
    assert!(run(&mut image(CAPTURE, "OT", 1), policy.clone(), false).is_err());
    assert!(
        run(&mut image(CAPTURE, "OT", 1), policy, true)
            .unwrap()
            .looked
            .is_some()
    );
    let policy = PixelPolicy {
        ocr_scope: OcrScope::All,
        ..PixelPolicy::default()
    };
    let report = run(&mut image(CT, "CT", 1), policy, true).unwrap();
    assert_eq!(report.looked.unwrap().blanked, 1);
}

#[test]
fn a_rule_of_the_policy_covers_its_images() {
    let rule = HandRule {
        rectangles: vec![[0, 0, 80, 20].into()],
        ..HandRule::default()
    };
    let policy = PixelPolicy {
        rule: vec![rule],
        ocr: Ocr::Off,
        ..PixelPolicy::default()
    };
    let mut data_set = image(CAPTURE, "OT", 1);
    let report = run(&mut data_set, policy, false).unwrap();
    assert_eq!(report.rules[0].source, Source::Policy(1));
    assert!(is_marked(&data_set));
    assert!(
        data_set.bytes(tags::PIXEL_DATA).unwrap()[..80 * 20]
            .iter()
            .all(|byte| *byte == 0)
    );
    let looked_at = HandRule {
        clean: true,
        ..HandRule::default()
    };
    let policy = PixelPolicy {
        rule: vec![looked_at],
        ocr: Ocr::Off,
        ..PixelPolicy::default()
    };
    let mut data_set = image(CAPTURE, "OT", 1);
    let report = run(&mut data_set, policy, false).unwrap();
    assert!(is_marked(&data_set) && !report.blanked.is_changed());
}

#[test]
fn pages_are_refused_or_blanked_as_a_whole() {
    let page = || {
        let mut data_set = image(CAPTURE, "CT", 1);
        data_set.put_text(tags::MANUFACTURER, "GE MEDICAL SYSTEMS");
        data_set.put_text(tags::IMAGE_TYPE, "DERIVED\\SECONDARY\\SCREEN SAVE");
        data_set
    };
    let refused = run(&mut page(), PixelPolicy::default(), true);
    assert!(matches!(refused, Err(Error::RefusedByRule { .. })));
    let policy = PixelPolicy {
        whole_image: Whole::Blank,
        ..PixelPolicy::default()
    };
    let mut data_set = page();
    run(&mut data_set, policy, false).unwrap();
    assert!(
        data_set
            .bytes(tags::PIXEL_DATA)
            .unwrap()
            .iter()
            .all(|byte| *byte == 0)
    );
    let mut scanned = image(CAPTURE, "OT", 1);
    scanned.put_text(tags::CONVERSION_TYPE, "SD");
    let refused = run(&mut scanned, PixelPolicy::default(), true);
    assert!(matches!(refused, Err(Error::RefusedByRule { .. })));
}

#[test]
fn ultrasound_regions_keep_what_is_inside() {
    let mut data_set = image("1.2.840.10008.5.1.4.1.1.6.1", "US", 1);
    let mut item = DataSet::new();
    for (tag, value) in [
        (tags::REGION_LOCATION_MIN_X0, 10),
        (tags::REGION_LOCATION_MIN_Y0, 25),
        (tags::REGION_LOCATION_MAX_X1, 69),
        (tags::REGION_LOCATION_MAX_Y1, 54),
    ] {
        item.put_u32(tag, &[value]);
    }
    data_set.put_items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![item]);
    data_set.put_items(tags::ICON_IMAGE_SEQUENCE, vec![DataSet::new()]);
    let before = data_set.bytes(tags::PIXEL_DATA).unwrap().clone();
    let report = run(&mut data_set, PixelPolicy::default(), false).unwrap();
    assert_eq!(report.rules[0].source, Source::UltrasoundRegions);
    let after = data_set.bytes(tags::PIXEL_DATA).unwrap();
    for (at, (old, new)) in (0..).zip(before.iter().zip(after.iter())) {
        let is_kept = (10..70).contains(&(at % 80)) && (25..55).contains(&(at / 80));
        assert_eq!(*new, if is_kept { *old } else { 0 });
    }
    assert!(!data_set.contains(tags::ICON_IMAGE_SEQUENCE) && report.blanked.icons == 1);
}

#[test]
fn a_video_is_refused_where_text_may_be() {
    let video = "1.2.840.10008.1.2.4.102";
    let mut data_set = image("1.2.840.10008.5.1.4.1.1.77.1.1.1", "ES", 9);
    data_set.put(sagittal_core::Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: sagittal_core::Value::Fragments(sagittal_core::Fragments {
            offset_table: Vec::new(),
            fragments: vec![vec![0; 64].into()],
        }),
    });
    let strict = cleaner(PixelPolicy::default(), true);
    assert!(strict.clean(&mut data_set, video, None).is_err());
    let policy = PixelPolicy {
        unknown_burned_in: Unknown::Keep,
        ..PixelPolicy::default()
    };
    let report = cleaner(policy, true)
        .clean(&mut data_set, video, None)
        .unwrap();
    assert_eq!(report.verdict, Verdict::KeptUnknown);
}

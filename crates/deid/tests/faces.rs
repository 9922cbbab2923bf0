#![allow(clippy::unwrap_used)]
//! Faces of real heads.

use bytes::Bytes;
use sagittal_core::{DataSet, Limits, tags};
use sagittal_deid::deface::{DefacePolicy, Faces, InstanceFace, SeriesFace, SliceRef};
use sagittal_deid::pixels::PixelFrames;
use sagittal_file::part10;

/// The instances of a folder, with their transfer syntaxes.
fn series(name: &str) -> Vec<(DataSet, String)> {
    let Some(folder) = sagittal_testkit::data().map(|data| data.join(name)) else {
        return Vec::new();
    };
    let Ok(files) = std::fs::read_dir(&folder) else {
        sagittal_testkit::skip(&format!("there is no {name}"));
        return Vec::new();
    };
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let bytes = Bytes::from(std::fs::read(path).unwrap());
            let file = part10::read(&bytes, Limits::default()).unwrap();
            (
                file.data_set,
                file.opening.transfer_syntax_uid.as_str().to_owned(),
            )
        })
        .collect()
}

#[test]
fn the_face_of_a_real_head_goes() {
    let series = series("series/brainix-flair");
    if series.is_empty() {
        return;
    }
    let slices: Vec<SliceRef> = series
        .iter()
        .map(|(data_set, transfer_syntax)| SliceRef {
            data_set,
            transfer_syntax,
        })
        .collect();
    let mut faces = Faces::default();
    let policy = DefacePolicy {
        before_pictures: true,
        ..DefacePolicy::default()
    };
    let outcome = faces.add(&slices, &policy).unwrap();
    let SeriesFace::Removed {
        measured,
        before,
        after,
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    if let Ok(folder) = std::env::var("SAGITTAL_TEST_PICTURES") {
        std::fs::write(format!("{folder}/real-before.png"), before.unwrap()).unwrap();
        std::fs::write(format!("{folder}/real-after.png"), after).unwrap();
    }
    eprintln!("{measured:?}");
    assert!(measured.moved_5mm > 0.6, "{measured:?}");
    let mut changed = 0;
    for (number, (data_set, syntax)) in series.iter().enumerate() {
        let mut defaced = data_set.clone();
        let outcome = faces.apply(&mut defaced, syntax).unwrap();
        assert!(matches!(outcome, InstanceFace::Removed(_)));
        assert_eq!(
            defaced
                .first_text(tags::RECOGNIZABLE_VISUAL_FEATURES)
                .unwrap(),
            "NO"
        );
        let frame = |of: &DataSet| {
            PixelFrames::of(of, syntax)
                .unwrap()
                .unwrap()
                .decoded(1)
                .unwrap()
        };
        let (old, new) = (frame(data_set), frame(&defaced));
        changed += old
            .data
            .iter()
            .zip(&new.data)
            .filter(|(a, b)| a != b)
            .count();
        if let Ok(folder) = std::env::var("SAGITTAL_TEST_PICTURES") {
            let options = sagittal_pixel::render::Options::default();
            let picture = sagittal_pixel::render::render(&defaced, 1, &new, &options).unwrap();
            std::fs::write(
                format!("{folder}/real-{number:02}.png"),
                picture.to_png().unwrap(),
            )
            .unwrap();
        }
    }
    assert!(changed > 10_000, "{changed}");
}

#[test]
fn other_series_are_no_heads_or_are_refused() {
    for name in ["series/raccoon-study", "series/synth-mr", "series/petct-pt"] {
        let series = series(name);
        let slices: Vec<SliceRef> = series
            .iter()
            .map(|(data_set, transfer_syntax)| SliceRef {
                data_set,
                transfer_syntax,
            })
            .collect();
        let outcome = Faces::default().add(&slices, &DefacePolicy::default());
        assert!(
            matches!(outcome, Ok(SeriesFace::NotHead(_)) | Err(_)),
            "{name}"
        );
    }
}

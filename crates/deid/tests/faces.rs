#![allow(clippy::unwrap_used)]
//! Faces of real heads.

use bytes::Bytes;
use sagittal_core::{DataSet, Limits, tags};
use sagittal_deid::Error;
use sagittal_deid::deface::{DefacePolicy, Faces, Impossible, InstanceFace, SeriesFace, SliceRef};
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
fn a_head_whose_vertex_was_not_scanned_is_refused_and_not_let_through() {
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
    let outcome = Faces::default().add(&slices, &DefacePolicy::default());
    assert!(matches!(outcome, Err(Error::Deface(_))), "{outcome:?}");
    let policy = DefacePolicy {
        impossible: Impossible::Keep,
        ..DefacePolicy::default()
    };
    let mut faces = Faces::default();
    assert!(matches!(
        faces.add(&slices, &policy),
        Ok(SeriesFace::Kept(_))
    ));
    let (mut data_set, syntax) = series[0].clone();
    let outcome = faces.apply(&mut data_set, &syntax).unwrap();
    assert_eq!(outcome, InstanceFace::Kept);
    assert!(!data_set.contains(tags::RECOGNIZABLE_VISUAL_FEATURES));
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

#![allow(clippy::unwrap_used)]
use sagittal_core::{DataSet, transfer_syntax};
use sagittal_file::write::write_data_set;

use super::*;

fn options(folder: &Path, collision: Collision) -> FileReceiverOptions {
    FileReceiverOptions {
        folder: folder.to_owned(),
        collision,
        sync: true,
    }
}

fn bytes(patient_id: &str, syntax: &str) -> Vec<u8> {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::PATIENT_ID, patient_id);
    data_set.put_text(tags::STUDY_INSTANCE_UID, "1.2");
    data_set.put_text(tags::SERIES_INSTANCE_UID, "1.3");
    let mut bytes = Vec::new();
    write_data_set(&data_set, syntax, &mut bytes).unwrap();
    bytes
}

fn store(options: &FileReceiverOptions, patient_id: &str) -> Kept {
    let syntax = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
    let meta = Meta {
        sop_class_uid: Uid::from_static("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance_uid: Uid::from_static("1.4"),
        transfer_syntax_uid: Uid::from_static(syntax),
        source_ae_title: None,
    };
    let mut buffer = part10::write_header(&meta);
    let header_length = buffer.len();
    buffer.extend(bytes(patient_id, syntax));
    let writing = Writing {
        meta,
        buffer,
        header_length,
        partial: None,
        place: None,
        path: options.folder.join(".incoming-x"),
    };
    writing.finish(options).unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.join("1.2/1.3"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("sagittal-files-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn other_content_under_one_uid_is_kept_beside_and_the_same_only_once() {
    let folder = folder("both");
    let options = options(&folder, Collision::Both);
    assert_eq!(store(&options, "A"), Kept::Written);
    assert_eq!(store(&options, "A"), Kept::Identical);
    assert_eq!(store(&options, "B"), Kept::Beside);
    assert_eq!(store(&options, "B"), Kept::Identical);
    assert_eq!(files(&folder), ["1.4.1.dcm", "1.4.dcm"]);
    assert!(!folder.join(".incoming-x").exists());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_there_stays_or_goes_as_told() {
    let folder = folder("skip");
    let patient = || {
        let bytes = fs::read(folder.join("1.2/1.3/1.4.dcm")).unwrap();
        let file = part10::read(&bytes.into(), Limits::default()).unwrap();
        file.data_set.text(tags::PATIENT_ID).unwrap().into_owned()
    };
    assert_eq!(
        store(&options(&folder, Collision::Skip), "A"),
        Kept::Written
    );
    assert_eq!(
        store(&options(&folder, Collision::Skip), "B"),
        Kept::Skipped
    );
    assert_eq!(patient(), "A");
    assert_eq!(
        store(&options(&folder, Collision::Replace), "B"),
        Kept::Replaced
    );
    assert_eq!(patient(), "B");
    assert_eq!(files(&folder), ["1.4.dcm"]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn folders_are_found_in_every_encoding() {
    for syntax in [
        transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
        transfer_syntax::EXPLICIT_VR_BIG_ENDIAN,
        transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        transfer_syntax::JPEG_2000,
    ] {
        assert_eq!(place(&bytes("A", syntax), syntax), ["1.2", "1.3"]);
    }
    assert_eq!(
        place(b"nonsense", "1.2.840.10008.1.2"),
        ["unknown-study", "unknown-series"]
    );
}

#[test]
fn no_name_leads_elsewhere() {
    for (text, name) in [
        ("1.2.3\0", "1.2.3"),
        ("", "x"),
        ("..", "__"),
        ("../../etc", "______etc"),
        ("/root", "_root"),
        (".hidden", "_hidden"),
        ("C:\\x", "C__x"),
    ] {
        assert_eq!(folder_name(text, "x"), name);
    }
}

//! `sagittal verify` and `sagittal index rebuild`.

use std::path::{Path, PathBuf};

use sagittal_core::tags;
use sagittal_tests::{Ran, data, objects, sagittal};

fn archive(folder: &Path, count: u32) -> PathBuf {
    let (data, input) = (folder.join("data"), folder.join("in"));
    std::fs::create_dir_all(&input).unwrap();
    let first = objects::ct();
    for number in 1..=count {
        let object = objects::ct().beside(&first, number);
        std::fs::write(input.join(number.to_string()), object.part10()).unwrap();
    }
    sagittal([
        "import".as_ref(),
        "--data".as_ref(),
        data.as_os_str(),
        input.as_os_str(),
    ])
    .expect(0);
    data
}

fn on(data: &Path, words: &[&str]) -> Ran {
    let mut arguments: Vec<&std::ffi::OsStr> = words.iter().map(|word| word.as_ref()).collect();
    arguments.extend(["--json".as_ref(), "--data".as_ref(), data.as_os_str()]);
    sagittal(arguments)
}

#[test]
fn an_archive_that_nobody_touched_has_no_problems() {
    let folder = tempfile::tempdir().unwrap();
    let data = archive(folder.path(), 7);
    let found = on(&data, &["verify"]).expect(0).json();
    assert_eq!(found["records"], 7);
    assert_eq!(found["indexed"], 7);
    assert_eq!(found["problem_count"], 0);
}

#[test]
fn a_changed_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let data = archive(folder.path(), 5);
    let packs: Vec<PathBuf> = data::files(&data)
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("pack"))
        .collect();
    let pack = packs.first().expect("a pack");
    let mut bytes = std::fs::read(pack).unwrap();
    // All objects of a kind have the same pixels: the first occurrence is in the first record.
    let object = objects::ct();
    let pixels = object.data_set.bytes(tags::PIXEL_DATA).unwrap();
    let at = bytes
        .windows(pixels.len())
        .position(|window| window == &pixels[..])
        .unwrap();
    bytes[at + 100] ^= 0x40;
    std::fs::write(pack, bytes).unwrap();
    let found = on(&data, &["verify"]).expect(1).json();
    assert_eq!(found["problem_count"], 1, "{found}");
}

#[test]
fn an_index_that_is_lost_is_made_anew_from_the_packs() {
    let folder = tempfile::tempdir().unwrap();
    let data = archive(folder.path(), 6);
    std::fs::remove_dir_all(data.join("index")).unwrap();
    let done = on(&data, &["index", "rebuild"]).expect(0).json();
    assert_eq!(done["instances"], 6);
    assert_eq!(on(&data, &["verify"]).expect(0).json()["indexed"], 6);
}

#[test]
fn where_there_is_no_archive_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    on(&nowhere, &["verify"]).expect(1);
    on(&nowhere, &["index", "rebuild"]).expect(1);
    assert!(!nowhere.exists());
}

#[test]
fn what_deleted_instances_took_is_given_back() {
    let server = sagittal_tests::Server::builder();
    let folder = tempfile::tempdir().unwrap();
    let text = "[storage]\npack_size = \"4 MiB\"\ncompact_below = 0\n";
    let mut server = server.config(folder.path(), text).start();
    let gone = objects::ct_of(512, 512);
    let files: Vec<Vec<u8>> = (1..=20)
        .map(|number| objects::ct_of(512, 512).beside(&gone, number).part10())
        .collect();
    for files in files.chunks(10) {
        server.stow(files).expect(200);
    }
    server.stow(&[objects::mr().part10()]).expect(200);
    let study = gone.study_instance_uid();
    let deleted = server
        .request("DELETE", &format!("/dicom-web/studies/{study}"))
        .send();
    assert!((200..300).contains(&deleted.status), "{}", deleted.text());
    server.stop();
    let data = server.data().to_owned();
    let done = on(&data, &["compact"]).expect(0).json();
    assert!(done["packs"].as_u64().unwrap() > 0, "{done}");
    assert!(done["freed_bytes"].as_u64().unwrap() > 5_000_000, "{done}");
    assert_eq!(done["problems"].as_array().map(Vec::len), Some(0));
    let found = on(&data, &["verify"]).expect(0).json();
    assert_eq!(found["indexed"], 1);
}

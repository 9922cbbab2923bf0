//! `sagittal export`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sagittal_core::tags;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Ran, Server, cli, data, peer, sagittal};

/// An archive with two studies: three CT slices, and a report.
struct Archive {
    folder: tempfile::TempDir,
    objects: Vec<Object>,
}

impl Archive {
    fn new() -> Archive {
        let folder = tempfile::tempdir().unwrap();
        let first = objects::ct().with(tags::PATIENT_ID, "P1");
        let mut objects: Vec<Object> = (2..=3)
            .map(|number| {
                objects::ct()
                    .with(tags::PATIENT_ID, "P1")
                    .beside(&first, number)
            })
            .collect();
        objects.insert(0, first);
        objects.push(objects::sr("text").with(tags::PATIENT_ID, "P2"));
        let input = folder.path().join("in");
        std::fs::create_dir_all(&input).unwrap();
        for object in &objects {
            std::fs::write(
                input.join(object.sop_instance_uid().as_str()),
                object.part10(),
            )
            .unwrap();
        }
        let archive = Archive { folder, objects };
        sagittal([
            "import".into(),
            "--data".into(),
            archive.data().into(),
            OsString::from(input),
        ])
        .expect(0);
        archive
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn export(&self, arguments: &[&str], to: &str, out: &Path) -> Ran {
        let mut all: Vec<OsString> = vec![
            "export".into(),
            "--json".into(),
            "--data".into(),
            self.data().into(),
        ];
        all.extend(arguments.iter().map(OsString::from));
        all.push(to.into());
        all.push(out.into());
        sagittal(all)
    }

    /// What must come out for some objects, by SOP Instance UID.
    fn files(&self, objects: &[Object]) -> BTreeMap<String, Vec<u8>> {
        let file = |object: &Object| (object.sop_instance_uid().to_string(), object.part10());
        objects.iter().map(file).collect()
    }
}

#[test]
fn a_study_comes_out_byte_for_byte() {
    let archive = Archive::new();
    let out = archive.folder.path().join("out");
    let study = archive.objects[0].study_instance_uid();
    let summary = archive
        .export(&["--study", study.as_str()], "--out", &out)
        .expect(0)
        .json();
    assert_eq!(summary["written"], 3);
    let found: BTreeMap<String, Vec<u8>> = data::files(&out)
        .iter()
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().into(),
                std::fs::read(path).unwrap(),
            )
        })
        .collect();
    assert_eq!(found, archive.files(&archive.objects[..3]));
    let again = archive.export(&["--all"], "--out", &out).expect(1);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
}

#[test]
fn a_query_chooses_what_goes_into_a_zip() {
    let archive = Archive::new();
    let out = archive.folder.path().join("out.zip");
    archive
        .export(&["--query", "PatientID=P2"], "--zip", &out)
        .expect(0);
    let mut zip = zip::ZipArchive::new(std::fs::File::open(&out).unwrap()).unwrap();
    assert_eq!(zip.len(), 1);
    let mut bytes = Vec::new();
    zip.by_index(0).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, archive.objects[3].part10());
    archive
        .export(
            &["--query", "PatientID=NOBODY"],
            "--zip",
            &out.with_extension("2"),
        )
        .expect(1);
}

#[test]
fn media_are_read_by_another_toolkit() {
    let Some(python) = peer::python(&["pydicom"]) else {
        return;
    };
    let archive = Archive::new();
    let out = archive.folder.path().join("media");
    archive
        .export(&["--all", "--file-set-id", "TEST"], "--media", &out)
        .expect(0);
    let program = "import sys\nfrom pydicom.fileset import FileSet\nf = FileSet(sys.argv[1])\n\
                   print(f.ID, *sorted(i.load().SOPInstanceUID for i in f))";
    let read =
        peer::run_python(&python, program, &[out.join("DICOMDIR").to_str().unwrap()]).expect(0);
    let mut expected: Vec<String> = archive
        .objects
        .iter()
        .map(|o| o.sop_instance_uid().to_string())
        .collect();
    expected.sort();
    assert_eq!(read.stdout.trim(), format!("TEST {}", expected.join(" ")));
    if let Some(dcmdump) = peer::dcmtk("dcmdump") {
        cli::run(Command::new(dcmdump).arg(out.join("DICOMDIR"))).expect(0);
    }
}

#[test]
fn from_a_running_server_the_same_comes_out() {
    let server = Server::start();
    let object = objects::ct();
    server.stow(&[object.part10()]).expect(200);
    let out = server.folder().join("out");
    sagittal([
        "export".as_ref(),
        "--server".as_ref(),
        server.dicomweb().as_ref(),
        "--study".as_ref(),
        object.study_instance_uid().as_str().as_ref(),
        "--out".as_ref(),
        out.as_os_str(),
    ])
    .expect(0);
    let files = data::files(&out);
    assert_eq!(files.len(), 1);
    assert_eq!(std::fs::read(&files[0]).unwrap(), object.part10());
}

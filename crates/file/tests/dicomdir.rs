//! DICOMDIRs of others read, and ours read by DCMTK and pydicom.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use sagittal_core::{Limits, Uid, sop_class, tags};
use sagittal_file::dicomdir::{self, Builder, FileIds};
use sagittal_file::part10;
use support::{data, skip};

fn read(path: &Path) -> dicomdir::Directory {
    let bytes = Bytes::from(std::fs::read(path).unwrap());
    dicomdir::read(&bytes, Limits::default())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn directories_of_others_lead_to_their_files() {
    let Some(root) = data() else { return };
    let folder = root.join("dicomdir/pydtree");
    for (name, instances) in [
        ("DICOMDIR", 31),
        ("DICOMDIR-bigEnd", 31),
        ("DICOMDIR-implicit", 31),
        ("DICOMDIR-nooffset", 31),
        ("DICOMDIR-nopatient", 31),
        ("DICOMDIR-reordered", 31),
        ("DICOMDIR-empty.dcm", 0),
        ("TINY_ALPHA/DICOMDIR", 50),
    ] {
        let path = folder.join(name);
        let directory = read(&path);
        let found: Vec<_> = directory.instances().collect();
        assert_eq!(found.len(), instances, "{name}");
        for record in found {
            let file = path.parent().unwrap().join(
                record
                    .relative_path()
                    .unwrap_or_else(|| panic!("{name} {:?}", record.file_id)),
            );
            let bytes = Bytes::from(
                std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())),
            );
            let file = part10::read(&bytes, Limits::default()).unwrap();
            assert_eq!(
                file.data_set.uid(tags::SOP_INSTANCE_UID).unwrap(),
                record.sop_instance_uid,
                "{name}"
            );
            // The hierarchy is right, too: the series above is the file's.
            let series = directory
                .ancestor(record, &dicomdir::RecordType::Series)
                .unwrap_or_else(|| panic!("{name} {record:?} {:?}", directory.findings));
            assert_eq!(
                series.data_set.uid(tags::SERIES_INSTANCE_UID).unwrap(),
                file.data_set.uid(tags::SERIES_INSTANCE_UID).unwrap(),
                "{name}"
            );
        }
    }
    for name in ["dtf-dicomdir", "dwv-dicomdir", "orth-dicomdir"] {
        assert!(
            read(&root.join("dicomdir").join(name)).instances().count() > 0,
            "{name}"
        );
    }
}

/// A file-set of everything in the test data that can be in one.
fn file_set(root: &Path, folder: &Path, without: &str) -> (usize, Vec<String>) {
    let mut builder = Builder::new("SAGITTAL_TEST", Uid::from_static("2.25.4711")).unwrap();
    let mut ids = FileIds::new();
    let mut added = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("malformed") && !path.ends_with("dicomdir") {
                    folders.push(path);
                }
                continue;
            }
            let bytes = Bytes::from(std::fs::read(&path).unwrap());
            let Ok(file) = part10::read(&bytes, Limits::default()) else {
                continue;
            };
            let text = |tag| file.data_set.first_text(tag).unwrap_or_default();
            let uid = text(tags::SOP_INSTANCE_UID);
            if text(tags::SOP_CLASS_UID) == without {
                continue;
            }
            if file.opening.meta.is_empty() || added.contains(&uid) || Uid::new(&uid).is_err() {
                continue;
            }
            let file_id = ids.next(
                &text(tags::PATIENT_ID),
                &text(tags::STUDY_INSTANCE_UID),
                &text(tags::SERIES_INSTANCE_UID),
            );
            let transfer_syntax_uid = file.opening.transfer_syntax_uid.as_str();
            if builder
                .add(&file_id, &file.data_set, transfer_syntax_uid)
                .is_ok()
            {
                let to = folder.join(file_id.to_string());
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::write(to, &bytes).unwrap();
                added.push(uid);
            }
        }
    }
    std::fs::write(folder.join("DICOMDIR"), builder.finish().unwrap()).unwrap();
    added.sort();
    (builder.len(), added)
}

const PYDICOM: &str = r#"
import os, sys, warnings
warnings.simplefilter("ignore")
from pydicom.fileset import FileSet
fs = FileSet(sys.argv[1])
print(fs.ID)
for instance in fs:
    assert os.path.exists(instance.path), instance.path
    print(instance.SOPInstanceUID)
"#;

#[test]
fn our_directory_is_read_by_dcmtk_and_pydicom() {
    let Some(root) = data() else { return };
    let folder = std::env::temp_dir().join(format!("sagittal-dicomdir-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (records, added) = file_set(&root, &folder, "");
    assert!(added.len() > 500, "{}", added.len());

    let directory = read(&folder.join("DICOMDIR"));
    assert!(directory.findings.is_empty(), "{:?}", directory.findings);
    let mut ours: Vec<String> = directory
        .instances()
        .map(|record| record.sop_instance_uid.clone().unwrap().to_string())
        .collect();
    ours.sort();
    assert_eq!(ours, added);

    match Command::new("/usr/bin/dcmdump")
        .args(["-q", "+P", "0004,1430"])
        .arg(folder.join("DICOMDIR"))
        .output()
    {
        Ok(output) => {
            assert!(
                output.status.success() && output.stderr.is_empty(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert_eq!(
                String::from_utf8_lossy(&output.stdout).lines().count(),
                records
            );
        }
        Err(_) => skip("dcmdump"),
    }
    // Appending to it makes DCMTK follow and check all offsets.
    let extra = std::fs::read_dir(root.join("dicomdir/pydtree/77654033/CR1"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::copy(&extra, folder.join("EXTRA")).unwrap();
    let appended = Command::new("/usr/bin/dcmmkdir")
        .args(["+A", "+id", "."])
        .arg("+D")
        .arg("DICOMDIR")
        .arg("EXTRA")
        .current_dir(&folder)
        .output();
    match appended {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            assert_eq!(
                read(&folder.join("DICOMDIR")).instances().count(),
                added.len() + 1,
                "{said}"
            );
        }
        Err(_) => skip("dcmmkdir"),
    }

    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    // pydicom 3.0 refuses file-sets with ANNOTATION records.
    let (_, added) = file_set(
        &root,
        &folder,
        sop_class::MICROSCOPY_BULK_SIMPLE_ANNOTATIONS_STORAGE,
    );
    match Command::new("python3")
        .args(["-c", PYDICOM])
        .arg(folder.join("DICOMDIR"))
        .output()
    {
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError") => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            let text = String::from_utf8(output.stdout).unwrap();
            let mut lines = text.lines();
            assert_eq!(lines.next(), Some("SAGITTAL_TEST"));
            let mut found: Vec<&str> = lines.collect();
            found.sort_unstable();
            assert_eq!(found, added, "{said}");
        }
        _ => skip("pydicom"),
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

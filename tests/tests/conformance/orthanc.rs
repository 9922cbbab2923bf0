//! Orthanc with restricted transfer syntaxes, and its DICOMweb plugin.

use std::path::{Path, PathBuf};
use std::process::Command;

use sagittal_tests::objects::ct;
use sagittal_tests::{peer, sagittal, skip};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::observed::{Observed, Program, assert_same, free_port, product, texts};

const PLUGIN: &str = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

pub fn program() -> Option<PathBuf> {
    let usual = PathBuf::from("/usr/sbin/Orthanc");
    let program = if usual.is_file() {
        usual
    } else {
        peer::program("Orthanc", "Debian package orthanc")?
    };
    if !Path::new(PLUGIN).is_file() {
        skip("Orthanc's DICOMweb plugin is not installed (Debian package orthanc-dicomweb)");
        return None;
    }
    Some(program)
}

pub struct Orthanc {
    _running: Program,
    folder: TempDir,
    pub address: String,
    web: String,
}

pub fn start(settings: Value) -> Option<Orthanc> {
    let program = program()?;
    let folder = TempDir::new().unwrap();
    let (dimse, http) = (free_port(), free_port());
    let mut config = json!({
        "Name": "peer", "DicomAet": "ORTHANC", "DicomPort": dimse, "HttpPort": http,
        "StorageDirectory": folder.path(), "IndexDirectory": folder.path(), "Plugins": [PLUGIN],
        "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
        "DicomAlwaysAllowFind": true, "DicomAlwaysAllowGet": true, "DicomAlwaysAllowMove": true,
        "DicomWeb": { "Enable": true, "Root": "/dicom-web/" },
    });
    for (name, value) in settings.as_object().unwrap() {
        config[name] = value.clone();
    }
    let path = folder.path().join("orthanc.json");
    std::fs::write(&path, config.to_string()).unwrap();
    let mut command = Command::new(program);
    command.arg(&path).env("LC_ALL", "C.UTF-8");
    let running = Program::start(&mut command, dimse, &folder.path().join("log"));
    Some(Orthanc {
        _running: running,
        folder,
        address: format!("ORTHANC@127.0.0.1:{dimse}"),
        web: format!("http://127.0.0.1:{http}/dicom-web"),
    })
}

#[test]
fn restricted_transfer_syntaxes_of_orthanc_are_found_exactly() {
    let accepted = [
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.5",
    ];
    let Some(orthanc) = start(json!({
        "AcceptedTransferSyntaxes": accepted, "MaximumPduLength": 65536, "DicomCheckCalledAet": true,
    })) else {
        return;
    };
    let observed = Observed::of(&orthanc.address, &["--no-query"]);
    let of_ct = observed
        .pairs("yes")
        .into_iter()
        .filter(|(class, _)| class == CT)
        .collect();
    assert_same(&of_ct, &product(&[CT], &accepted));
    let elsewhere = observed.pairs("yes").into_iter().filter(|(class, ts)| {
        class.starts_with("1.2.840.10008.5.1.4.1.1.") && !accepted.contains(&ts.as_str())
    });
    assert_eq!(elsewhere.count(), 0);
    assert_eq!(observed.association("max_pdu_received"), 65536);
    assert_eq!(observed.association("called_ae_title")["value"], "known");
    assert_eq!(observed.association("calling_ae_title"), "any");
}

#[test]
fn orthanc_is_explored_on_its_data_and_over_the_web() {
    let Some(orthanc) = start(json!({})) else {
        return;
    };
    let file = orthanc.folder.path().join("one.dcm");
    std::fs::write(&file, ct().part10()).unwrap();
    sagittal(["send", &orthanc.address, &file.display().to_string()]).expect(0);
    let observed = Observed::of(&orthanc.address, &["--dicomweb", &orthanc.web]);
    let study_root = "1.2.840.10008.5.1.4.1.2.2.1";
    let matched = observed.keys(study_root, "STUDY", "matching", "single");
    assert!(
        matched.contains("PatientID") && matched.contains("StudyInstanceUID"),
        "{matched:?}"
    );
    let wild = observed.keys(study_root, "STUDY", "matching", "wild-card");
    assert!(wild.contains("PatientName"), "{wild:?}");
    let web = &observed.0["web"][0];
    let resource = |transaction: &str| {
        let all = web["resources"].as_array().unwrap();
        all.iter()
            .find(|row| row["transaction"] == transaction)
            .unwrap()
            .clone()
    };
    let support = |transaction: &str| {
        resource(transaction)["support"]
            .as_str()
            .unwrap_or("yes")
            .to_owned()
    };
    assert_eq!(support("Search for Studies"), "yes");
    assert_eq!(support("Retrieve Metadata of a Study"), "yes");
    assert_eq!(support("Retrieve Rendered Instance"), "yes");
    let given = resource("Retrieve Instance")["media_types"]
        .as_array()
        .unwrap()
        .clone();
    let syntaxes: Vec<String> = given
        .iter()
        .flat_map(|media| texts(&media["transfer_syntaxes"]))
        .collect();
    assert!(
        syntaxes.contains(&"1.2.840.10008.1.2.1".to_owned()),
        "{given:?}"
    );
}

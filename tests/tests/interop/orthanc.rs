//! Orthanc and its DICOMweb plugin: as clients of our server, and as servers for our commands.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sagittal_core::tags;
use sagittal_tests::http::{Request, Response};
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, dicom, peer, sagittal, skip, wait};
use serde_json::{Value, json};

const PLUGIN: &str = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";

/// A running Orthanc, which ends with the test, and our server, which know each other.
struct Pair {
    ours: Server,
    child: Child,
    dimse: u16,
    http: SocketAddr,
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn program() -> Option<PathBuf> {
    // Not on the path of everybody.
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

impl Pair {
    fn start() -> Option<Pair> {
        let program = program()?;
        let (dimse, http) = (free_port(), free_port());
        let ours = Server::builder()
            .arg("--peer")
            .arg(format!("orthanc=ORTHANC@127.0.0.1:{dimse}"))
            .start();
        let folder = ours.folder().join("orthanc");
        std::fs::create_dir_all(&folder).unwrap();
        let config = json!({
            "Name": "peer", "DicomAet": "ORTHANC", "DicomPort": dimse, "HttpPort": http,
            "StorageDirectory": folder, "IndexDirectory": folder, "Plugins": [PLUGIN],
            "RemoteAccessAllowed": false, "AuthenticationEnabled": false, "SaveJobs": false,
            "DicomAlwaysAllowFind": true, "DicomAlwaysAllowGet": true, "DicomAlwaysAllowMove": true,
            "DicomModalities": { "sagittal": [ours.ae_title(), "127.0.0.1", ours.dimse().port()] },
            "DicomWeb": {
                "Enable": true, "Root": "/dicom-web/",
                "Servers": { "sagittal": [ours.dicomweb()] },
            },
        });
        let path = folder.join("orthanc.json");
        std::fs::write(&path, config.to_string()).unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let child = Command::new(program)
            .arg(&path)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let http = SocketAddr::from(([127, 0, 0, 1], http));
        let pair = Pair {
            ours,
            child,
            dimse,
            http,
        };
        for port in [http.port(), dimse] {
            wait::until("Orthanc", || TcpStream::connect(("127.0.0.1", port)).ok());
        }
        Some(pair)
    }

    #[track_caller]
    fn get(&self, path: &str) -> Response {
        Request::new("GET", self.http, path).send().expect(200)
    }

    #[track_caller]
    fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Value {
        let answer = Request::new("POST", self.http, path).body(body).send();
        answer.expect(200).json()
    }

    /// Puts an object into Orthanc; gives its name for it.
    #[track_caller]
    fn upload(&self, object: &Object) -> String {
        let answer = self.post("/instances", object.part10());
        answer["ID"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn delete(&self, id: &str) {
        let path = format!("/instances/{id}");
        Request::new("DELETE", self.http, &path).send().expect(200);
    }

    /// Instances in Orthanc.
    #[track_caller]
    fn held(&self) -> Vec<String> {
        let list = self.get("/instances").json();
        let names = list.as_array().unwrap().iter();
        names.map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// The bytes that we hold of an object, as received.
    #[track_caller]
    fn ours_of(&self, object: &Object) -> Vec<u8> {
        let path = format!(
            "/dicom-web/studies/{}/series/{}/instances/{}",
            object.study_instance_uid(),
            object.series_instance_uid(),
            object.sop_instance_uid()
        );
        let stored = "application/dicom; transfer-syntax=*";
        let request = self.ours.request("GET", &path).header("Accept", stored);
        request.send().expect(200).body
    }

    fn address(&self) -> String {
        format!("ORTHANC@127.0.0.1:{}", self.dimse)
    }
}

fn object(patient: &str) -> Object {
    objects::ct()
        .with(tags::PATIENT_ID, patient)
        .with(tags::PATIENT_NAME, "Müller^Änne")
}

#[track_caller]
fn assert_same_data_set(got: &[u8], sent: &Object) {
    let sent = sent.part10();
    assert!(dicom::data_set_of(got) == dicom::data_set_of(&sent));
}

/// Our one exported file.
#[track_caller]
fn only_file(folder: &Path) -> Vec<u8> {
    let mut files = sagittal_tests::data::files(folder);
    files.retain(|file| file.extension() == Some(OsStr::new("dcm")));
    assert_eq!(files.len(), 1, "{files:?}");
    std::fs::read(&files[0]).unwrap()
}

#[test]
fn orthanc_sends_finds_and_moves_over_dimse() {
    let Some(pair) = Pair::start() else {
        return;
    };
    let sent = object("ORTHANC-1");
    let id = pair.upload(&sent);
    pair.post("/modalities/sagittal/echo", "{}");
    pair.post("/modalities/sagittal/store", id.as_str());
    assert_same_data_set(&pair.ours_of(&sent), &sent);
    pair.delete(&id);
    let query =
        json!({ "Level": "Study", "Query": { "PatientID": "ORTHANC-*", "PatientName": "" } });
    let found = pair.post("/modalities/sagittal/query", query.to_string());
    let path = found["Path"].as_str().unwrap();
    let answers = pair.get(&format!("{path}/answers?expand&simplify")).json();
    assert_eq!(answers[0]["PatientID"], "ORTHANC-1");
    assert_eq!(
        answers[0]["StudyInstanceUID"],
        sent.study_instance_uid().as_str()
    );
    let to = json!({ "TargetAet": "ORTHANC", "Synchronous": true });
    pair.post(&format!("{path}/answers/0/retrieve"), to.to_string());
    assert_eq!(pair.held(), std::slice::from_ref(&id));
    let file = pair.get(&format!("/instances/{id}/file")).body;
    assert_same_data_set(&file, &sent);
    pair.ours.assert_well();
}

#[test]
fn orthanc_stores_searches_and_retrieves_over_dicomweb() {
    let Some(pair) = Pair::start() else {
        return;
    };
    let sent = object("ORTHANC-2");
    let id = pair.upload(&sent);
    let job = json!({ "Resources": [id], "Synchronous": true });
    pair.post("/dicom-web/servers/sagittal/stow", job.to_string());
    assert!(pair.ours_of(&sent) == sent.part10());
    pair.delete(&id);
    let query = json!({ "Uri": "/studies", "Arguments": { "PatientID": "ORTHANC-2" } });
    let found = pair.post("/dicom-web/servers/sagittal/qido", query.to_string());
    let study = sent.study_instance_uid();
    assert_eq!(found[0]["0020000D"]["Value"], study.as_str(), "{found}");
    let metadata = json!({ "Uri": format!("/studies/{study}/metadata") });
    let metadata = pair.post("/dicom-web/servers/sagittal/get", metadata.to_string());
    assert_eq!(
        metadata[0]["00100010"]["Value"][0]["Alphabetic"],
        "Müller^Änne"
    );
    let job = json!({ "Resources": [{ "Study": study.as_str() }], "Synchronous": true });
    pair.post("/dicom-web/servers/sagittal/retrieve", job.to_string());
    assert_eq!(pair.held(), std::slice::from_ref(&id));
    assert!(pair.get(&format!("/instances/{id}/file")).body == sent.part10());
    pair.ours.assert_well();
}

#[test]
fn our_commands_send_find_get_and_move_with_orthanc() {
    let Some(pair) = Pair::start() else {
        return;
    };
    let sent = object("ORTHANC-3");
    let (input, out) = (
        pair.ours.folder().join("a.dcm"),
        pair.ours.folder().join("out"),
    );
    std::fs::write(&input, sent.part10()).unwrap();
    let (address, study) = (pair.address(), sent.study_instance_uid().to_string());
    sagittal(["echo", &address]).expect(0);
    sagittal(["send", &address, input.to_str().unwrap()]).expect(0);
    assert_eq!(pair.held().len(), 1);
    let found = sagittal(["find", &address, "--key", "PatientID=ORTHANC-3", "--json"]);
    assert!(found.expect(0).stdout.contains(&study));
    let out = out.to_str().unwrap();
    sagittal(["get", &address, "--study", &study, "--out", out]).expect(0);
    assert_same_data_set(&only_file(Path::new(out)), &sent);
    sagittal([
        "move",
        &address,
        "--study",
        &study,
        "--to",
        pair.ours.ae_title(),
    ])
    .expect(0);
    assert_same_data_set(&pair.ours_of(&sent), &sent);
}

#[test]
fn our_commands_import_and_export_over_dicomweb_with_orthanc() {
    let Some(pair) = Pair::start() else {
        return;
    };
    let sent = object("ORTHANC-4");
    let (input, out) = (
        pair.ours.folder().join("a.dcm"),
        pair.ours.folder().join("out"),
    );
    std::fs::write(&input, sent.part10()).unwrap();
    let url = format!("http://{}/dicom-web", pair.http);
    sagittal(["import", "--server", &url, input.to_str().unwrap()]).expect(0);
    assert_eq!(pair.held().len(), 1);
    let (study, out) = (sent.study_instance_uid().to_string(), out.to_str().unwrap());
    sagittal(["export", "--server", &url, "--study", &study, "--out", out]).expect(0);
    assert_same_data_set(&only_file(Path::new(out)), &sent);
}

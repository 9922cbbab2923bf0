//! C-GET (PS3.4 §C.4.3) and its relatives (Annexes Y and Z).

use sagittal_core::tags;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, data, peer};

use super::tools::{data_set, dcmtk, pynetdicom};

fn stored(objects: &[Object]) -> Server {
    let server = Server::start();
    let files: Vec<Vec<u8>> = objects.iter().map(Object::part10).collect();
    assert_eq!(server.stow(&files).status, 200);
    server
}

#[test]
fn getscu_gets_a_study_byte_for_byte() {
    let first = objects::ct();
    let mut all = vec![first.clone(), objects::sr("text").in_study_of(&first)];
    all.extend((2..=20).map(|number| objects::ct().beside(&first, number)));
    let server = stored(&all);
    let folder = server.folder().join("got");
    std::fs::create_dir_all(&folder).unwrap();
    let study = format!("StudyInstanceUID={}", first.study_instance_uid());
    let into = folder.display().to_string();
    let keys = [
        "-S",
        "+B",
        "-od",
        &into,
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        &study,
    ];
    let Some(ran) = dcmtk("getscu", &server, &keys, &[]) else {
        return;
    };
    ran.expect(0);
    let read = |path: &std::path::PathBuf| data_set(std::fs::read(path).unwrap());
    let mut got: Vec<_> = data::files(&folder).iter().map(read).collect();
    got.sort();
    let mut sent: Vec<_> = all.iter().map(|object| data_set(object.part10())).collect();
    sent.sort();
    assert_eq!(got, sent);
}

const PYNETDICOM: &str = r#"
from pynetdicom import evt, build_role
level, uid, kind = sys.argv[4:7]
US = "1.2.840.10008.5.1.4.1.1.3.1"
GET = {"whole": "1.2.840.10008.5.1.4.1.2.2.3", "frames": "1.2.840.10008.5.1.4.1.2.4.3",
       "header": "1.2.840.10008.5.1.4.1.2.5.3"}[kind]
got = []
def store(event):
    data = event.dataset
    got.append(data)
    assert data.SOPInstanceUID == event.request.AffectedSOPInstanceUID
    return 0
ae = AE(ae_title="PYNETDICOM")
ae.add_requested_context(GET)
ae.add_requested_context(US)
assoc = ae.associate(host, port, ae_title=called, ext_neg=[build_role(US, scp_role=True)],
                     evt_handlers=[(evt.EVT_C_STORE, store)])
assert assoc.is_established
query = Dataset()
query.QueryRetrieveLevel = level
if level == "STUDY":
    query.StudyInstanceUID = uid
else:
    query.SOPInstanceUID = uid
if kind == "frames":
    query.SimpleFrameList = [2, 4]
responses = [s for s, _ in assoc.send_c_get(query, GET)]
last = responses[-1]
assert last.Status == 0, last
assert last.NumberOfCompletedSuboperations == 1 and len(got) == 1, last
data = got[0]
if kind == "frames":
    assert data.NumberOfFrames == 2 and data.SOPInstanceUID != uid, data
    assert len(data.PixelData) == 2 * 16 * 18 * 3
elif kind == "header":
    assert "PixelData" not in data and data.Rows == 16, data
else:
    assert data.NumberOfFrames == 5
assoc.release()
print("good")
"#;

const CANCEL: &str = r#"
import time
from pynetdicom import evt, build_role
GET, CT = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.1.2"
got = []
def store(event):
    got.append(event.request.AffectedSOPInstanceUID)
    time.sleep(0.03)
    return 0
ae = AE(ae_title="PYNETDICOM")
ae.add_requested_context(GET)
ae.add_requested_context(CT)
assoc = ae.associate(host, port, ae_title=called, ext_neg=[build_role(CT, scp_role=True)],
                     evt_handlers=[(evt.EVT_C_STORE, store)])
assert assoc.is_established
query = Dataset()
query.QueryRetrieveLevel = "STUDY"
query.StudyInstanceUID = sys.argv[4]
last = None
for number, (status, identifier) in enumerate(assoc.send_c_get(query, GET, msg_id=77)):
    if number == 0:
        assert status.Status == 0xFF00, status
        assoc.send_c_cancel(77, query_model=GET)
    last = status
assert last.Status == 0xFE00, last
remaining, completed = last.NumberOfRemainingSuboperations, last.NumberOfCompletedSuboperations
assert remaining + completed == 60 and completed == len(got) and remaining > 20, last
assert last.NumberOfFailedSuboperations == 0
assoc.release()
print("good")
"#;

#[test]
fn pynetdicom_cancels_half_way() {
    if peer::python(&["pynetdicom"]).is_none() {
        return;
    }
    let first = objects::ct();
    let mut all = vec![first.clone()];
    all.extend((2..=60).map(|number| objects::ct().beside(&first, number)));
    let server = stored(&all);
    pynetdicom(&server, CANCEL, &[first.study_instance_uid().as_str()]);
}

#[test]
fn pynetdicom_gets_an_instance_its_frames_and_its_header() {
    if peer::python(&["pynetdicom"]).is_none() {
        return;
    }
    let clip = objects::us(5).with(tags::PATIENT_ID, "CLIP");
    let server = stored(std::slice::from_ref(&clip));
    let (study, instance) = (clip.study_instance_uid(), clip.sop_instance_uid());
    for (level, uid, kind) in [
        ("STUDY", &study, "whole"),
        ("FRAME", &instance, "frames"),
        ("IMAGE", &instance, "header"),
    ] {
        pynetdicom(&server, PYNETDICOM, &[level, uid.as_str(), kind]);
    }
}

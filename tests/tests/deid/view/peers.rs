//! A view through the eyes of a foreign DICOMweb client.

use sagittal_tests::peer;

use super::{Place, VIEW};

const CLIENT: &str = r#"
import sys
from dicomweb_client.api import DICOMwebClient
base = sys.argv[1]
client = DICOMwebClient(url=base)
studies = client.search_for_studies()
assert len(studies) == 2, studies
frames = 0
for study in studies:
    uid = study["0020000D"]["Value"][0]
    series = client.search_for_series(study_instance_uid=uid)
    assert len(series) == 14 or len(series) == 15, len(series)
    metadata = client.retrieve_study_metadata(uid)
    assert len(metadata) == 16
    whole = client.retrieve_study(uid, media_types=(("application/dicom", "*"),))
    assert len(whole) == 16
    for data in whole:
        assert data.PatientIdentityRemoved == "YES"
        assert data.StudyInstanceUID == uid
    for entry in metadata:
        if "7FE00010" not in entry or entry["00280100"]["Value"][0] == 1:
            continue
        names = [entry[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")]
        same = [data for data in whole if data.SOPInstanceUID == names[2]][0]
        if same.file_meta.TransferSyntaxUID.is_compressed:
            continue
        got = client.retrieve_instance_frames(*names, frame_numbers=[1])
        assert same.PixelData.startswith(got[0]), names
        frames += 1
assert frames >= 8, frames
print("good")
"#;

#[test]
fn dicomweb_client_works_with_a_view() {
    let Some(python) = peer::python(&["dicomweb_client", "pydicom"]) else {
        return;
    };
    let place = Place::new();
    let url = format!("http://{}{VIEW}", place.server.http());
    let ran = peer::run_python(&python, CLIENT, &[url.as_str()]).expect(0);
    assert!(ran.stdout.contains("good"), "{}", ran.stdout);
}

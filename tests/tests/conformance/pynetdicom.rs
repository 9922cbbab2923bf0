//! pynetdicom with given contexts, roles, limits, and a query service with known habits.

use std::process::Command;

use sagittal_tests::peer::python;
use tempfile::TempDir;

use super::observed::{Observed, Program, assert_same, free_port, product, texts};

const SCP: &str = r#"
import sys, threading
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
ae = AE(ae_title="PYNET")
ae.maximum_pdu_size = 20000
ae.maximum_associations = 2
ae.require_called_aet = True
ae.require_calling_aet = ["PROBE"]
IMPLICIT, EXPLICIT, J2K = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"
ae.add_supported_context("1.2.840.10008.1.1", [IMPLICIT])
ae.add_supported_context("1.2.840.10008.5.1.4.1.1.2", [EXPLICIT, J2K], scu_role=True, scp_role=True)
ae.add_supported_context("1.2.840.10008.5.1.4.1.1.4", [J2K], scu_role=False, scp_role=True)
ae.add_supported_context("1.2.840.10008.5.1.4.1.1.7", [EXPLICIT])
ae.add_supported_context("1.2.840.10008.5.1.4.1.2.2.1", [EXPLICIT])

STUDY = {"StudyInstanceUID": "1.2.3", "PatientID": "P1", "PatientName": "Doe^Jane",
    "StudyDate": "20260102", "AccessionNumber": "A1", "StudyDescription": "CHEST"}

def find(event):
    keys = event.identifier
    if keys.QueryRetrieveLevel != "STUDY":
        yield 0x0000, None
        return
    # Accession Number is not looked at; Study Description is not returned; names are matched with
    # wild cards and case; dates as they stand.
    name = str(keys.get("PatientName", "") or "")
    ok = name in ("", STUDY["PatientName"]) or (name.endswith("*") and STUDY["PatientName"].startswith(name[:-1]))
    for keyword in ("StudyInstanceUID", "PatientID", "StudyDate"):
        wanted = str(keys.get(keyword, "") or "")
        ok = ok and wanted in ("", STUDY[keyword])
    if ok:
        answer = Dataset()
        answer.QueryRetrieveLevel = "STUDY"
        for keyword in STUDY:
            if keyword in keys and keyword != "StudyDescription":
                setattr(answer, keyword, STUDY[keyword])
        yield 0xFF00, answer
    yield 0x0000, None

handlers = [(evt.EVT_C_FIND, find), (evt.EVT_USER_ID, lambda event: (event.user_id_type == 1, b""))]
server = ae.start_server(("127.0.0.1", int(sys.argv[1])), block=False, evt_handlers=handlers)
print("ready", flush=True)
threading.Event().wait()
"#;

#[test]
fn contexts_roles_limits_and_habits_of_a_script_are_found_exactly() {
    let Some(python) = python(&["pynetdicom", "pydicom"]) else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let mut command = Command::new(python);
    command.args(["-c", SCP, &port.to_string()]);
    let _running = Program::start_quietly(&mut command, &folder.path().join("log"));
    let address = format!("PYNET@127.0.0.1:{port}");
    let (ct, mr, sc) = (
        "1.2.840.10008.5.1.4.1.1.2",
        "1.2.840.10008.5.1.4.1.1.4",
        "1.2.840.10008.5.1.4.1.1.7",
    );
    // It is slow where many associations are rejected: not all SOP classes, then.
    let some = [
        "Verification",
        "all query/retrieve",
        "all print",
        ct,
        mr,
        sc,
    ];
    let mut more = vec!["--calling", "PROBE", "--hold", "4"];
    more.extend(some.iter().flat_map(|name| ["--sop-class", name]));
    let observed = Observed::of(&address, &more);
    let (implicit, explicit, j2k) = (
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.4.90",
    );
    let find = "1.2.840.10008.5.1.4.1.2.2.1";
    let mut truth = product(&["1.2.840.10008.1.1"], &[implicit]);
    truth.extend(product(&[ct], &[explicit, j2k]));
    truth.extend(product(&[mr], &[j2k]));
    truth.extend(product(&[sc, find], &[explicit]));
    // With the role that MR would leave to a requestor that is SCU, pynetdicom refuses nothing.
    assert_same(&observed.pairs("yes"), &truth);
    assert_eq!(observed.group(ct)["requestor_roles"], "both");
    assert_eq!(observed.group(sc)["requestor_roles"], "unanswered");
    assert_eq!(observed.group(mr)["requestor_roles"], "scp");
    // The acceptor's own order.
    assert_eq!(
        texts(&observed.group(ct)["preference"]["order"]),
        [explicit, j2k]
    );
    assert_eq!(observed.association("max_pdu_received"), 20000);
    assert_eq!(observed.association("max_associations")["value"], 2);
    assert_eq!(observed.association("called_ae_title")["value"], "known");
    assert_eq!(observed.association("calling_ae_title")["value"], "known");
    let identity = observed.association("user_identity").as_array().unwrap();
    let answers: Vec<_> = identity.iter().map(|row| row["answer"].clone()).collect();
    assert_eq!(answers[1..], ["rejected"; 4]);
    assert_ne!(answers[0], "rejected");
    let has =
        |list: &str, what: &str, key: &str| observed.keys(find, "STUDY", list, what).contains(key);
    assert!(has("not_matching", "single", "AccessionNumber"));
    assert!(has("returned", "yes", "AccessionNumber"));
    assert!(has("returned", "no", "StudyDescription"));
    assert!(
        has("matching", "single", "PatientName") && has("matching", "wild-card", "PatientName")
    );
    assert!(has("not_matching", "case-insensitive", "PatientName"));
    assert!(has("matching", "single", "StudyDate") && has("not_matching", "range", "StudyDate"));
    assert!(has("not_matching", "uid-list", "StudyInstanceUID"));
    assert!(has("not_matching", "wild-card", "PatientID"));
}

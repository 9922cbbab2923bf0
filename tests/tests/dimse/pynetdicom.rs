//! pynetdicom as requestor: identities, extended negotiation, character sets.

use sagittal_core::{sop_class, tags};
use sagittal_tests::{Server, cli, objects, peer};

use super::tools::pynetdicom;

const IDENTITY: &str = r#"
from pynetdicom.pdu_primitives import UserIdentityNegotiation
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
CT = "1.2.840.10008.5.1.4.1.1.2"

def identity(kind, first, second=None, answer=True):
    item = UserIdentityNegotiation()
    item.user_identity_type = kind
    item.positive_response_requested = answer
    item.primary_field = first
    if second is not None:
        item.secondary_field = second
    return [item]

def associate(items):
    ae = AE(ae_title="PYNETDICOM")
    for uid in ("1.2.840.10008.1.1", FIND, CT):
        ae.add_requested_context(uid)
    return ae.associate(host, port, ae_title=called, ext_neg=items)

def classes(assoc):
    return {c.abstract_syntax for c in assoc.accepted_contexts}

# The rule of the title alone: it may verify.
alone = associate([])
assert alone.is_established and classes(alone) == {"1.2.840.10008.1.1"}, classes(alone)
alone.release()
# The right passcode adds what its user may do, and is confirmed if that is asked for.
for wanted in (True, False):
    right = associate(identity(2, b"alice", b"correct horse", wanted))
    assert right.is_established
    assert CT in classes(right) and FIND not in classes(right), classes(right)
    assert (right.acceptor.user_identity is not None) == wanted
    right.release()
# A wrong one, or one of nobody, is rejected.
for name, word in ((b"alice", b"wrong"), (b"mallory", b"correct horse"), (b"\xff\xfe", b"x")):
    wrong = associate(identity(2, name, word))
    assert wrong.is_rejected and not wrong.is_established, name
# A name alone proves nothing, and what is not understood is not confirmed.
for kind in (1, 3, 4, 5):
    other = associate(identity(kind, b"alice"))
    assert other.is_established and CT not in classes(other), kind
    assert (other.acceptor.user_identity is not None) == (kind == 1), kind
    other.release()
print("good")
"#;

#[test]
fn a_user_identity_is_checked_and_adds_what_its_user_may_do() {
    if peer::python(&["pynetdicom"]).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "correct horse\n").unwrap();
    let mut hashing = cli::command();
    hashing
        .args(["user", "hash"])
        .stdin(std::fs::File::open(&password).unwrap());
    let hash = cli::run(&mut hashing).expect(0).stdout;
    let text = format!(
        "[auth]\nmode = \"on\"\n[[auth.user]]\nname = \"alice\"\npassword_hash = \"{}\"\n\
         roles = [\"writer\"]\n[[auth.ae]]\nae_title = \"PYNETDICOM\"\npermissions = [\"verify\"]\n",
        hash.trim()
    );
    let server = Server::builder().config(folder.path(), &text).start();
    pynetdicom(&server, IDENTITY, &[]);
    let log = server.log();
    assert!(!log.contains("correct horse") && !log.contains("wrong"));
}

const EXTENDED: &str = r#"
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
CT = "1.2.840.10008.5.1.4.1.1.2"

def item(uid, information):
    one = SOPClassExtendedNegotiation()
    one.sop_class_uid = uid
    one.service_class_application_information = information
    return one

def associate(items):
    ae = AE(ae_title="PYNETDICOM")
    for uid in (FIND, MOVE, GET, CT):
        ae.add_requested_context(uid)
    assoc = ae.associate(host, port, ae_title=called, ext_neg=items)
    assert assoc.is_established
    return assoc

everything = associate([item(FIND, b"\x01\x01\x01\x01\x01\x01"), item(MOVE, b"\x01"),
                        item(GET, b"\x01\x01"), item(CT, b"\x02\x00\x03\x00\x01\x00")])
agreed = everything.acceptor.sop_class_extended
assert agreed[FIND][:3] == b"\x01\x01\x01" and set(agreed[FIND][3:]) == {0}, agreed
assert agreed[MOVE][:1] == b"\x01" and agreed[GET][:1] == b"\x01", agreed
# Level 2 (full), whatever of it was asked for (PS3.4 B.3.1).
assert agreed[CT][0] == 2, agreed
everything.release()
nothing = associate([item(FIND, b"\x00\x00\x00")])
assert set(nothing.acceptor.sop_class_extended.get(FIND, b"\x00")) == {0}
query = Dataset()
query.QueryRetrieveLevel = "SERIES"
query.SeriesInstanceUID = ""
statuses = [s.Status for s, _ in nothing.send_c_find(query, FIND)]
assert statuses[-1] == 0, statuses
nothing.release()
# Of a class that was not proposed nothing is said.
strange = associate([item("1.2.3.4", b"\x01")])
assert "1.2.3.4" not in strange.acceptor.sop_class_extended
strange.release()
print("good")
"#;

#[test]
fn extended_negotiation_is_answered_class_by_class() {
    if peer::python(&["pynetdicom"]).is_some() {
        pynetdicom(&Server::start(), EXTENDED, &[]);
    }
}

const COMMON_EXTENDED: &str = r#"
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pydicom.dataset import FileMetaDataset
from pynetdicom.pdu_primitives import SOPClassCommonExtendedNegotiation
STORAGE, OTHER = "1.2.840.10008.4.2", "1.2.840.10008.4.1"
CT = "1.2.840.10008.5.1.4.1.1.2"

def declared(uid, service, related=()):
    item = SOPClassCommonExtendedNegotiation()
    item.sop_class_uid = uid
    item.service_class_uid = service
    item.related_general_sop_class_identification = list(related)
    return item

private, related, other, silent = (f"1.2.3.4.{n}" for n in range(1, 5))
ae = AE(ae_title="PYNETDICOM")
VERIFICATION = "1.2.840.10008.1.1"
for uid in (VERIFICATION, private, related, other, silent):
    ae.add_requested_context(uid, ExplicitVRLittleEndian)
assoc = ae.associate(host, port, ae_title=called, ext_neg=[
    declared(private, STORAGE), declared(related, STORAGE, [CT]), declared(other, OTHER)])
assert assoc.is_established
accepted = {c.abstract_syntax for c in assoc.accepted_contexts}
assert accepted == {VERIFICATION, private, related}, accepted

def instance(uid):
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = uid, generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.PatientID, data.PatientName, data.Modality = "PRIVATE", "A^B", "OT"
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return data

for uid in (private, related):
    assert assoc.send_c_store(instance(uid)).Status == 0
assoc.release()
print("good")
"#;

#[test]
fn a_private_class_that_is_declared_to_be_storage_is_stored() {
    if peer::python(&["pynetdicom"]).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    pynetdicom(&server, COMMON_EXTENDED, &[]);
    let found = server
        .get("/dicom-web/instances?PatientID=PRIVATE")
        .expect(200)
        .json();
    assert_eq!(found.as_array().unwrap().len(), 2);
    // Unless that is switched off.
    let text = "[dimse]\nunknown_sop_classes = false\n";
    let strict = Server::builder().config(folder.path(), text).start();
    let program = COMMON_EXTENDED.replace("{VERIFICATION, private, related}", "{VERIFICATION}");
    let program = program.replace(
        "for uid in (private, related):\n    assert",
        "if False:\n    assert",
    );
    pynetdicom(&strict, &program, &[]);
}

const CHARACTER_SETS: &str = r#"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
NAMES = {"JP": "Yamada^Tarou=山田^太郎=やまだ^たろう", "KR": "Hong^Gildong=洪^吉洞=홍^길동",
         "CN": "Wang^XiaoDong=王^小东", "DE": "Äneas^Rüdiger", "GR": "Διονυσιος", "RU": "Люкceмбypг",
         "AR": "قباني^لنزار", "HE": "שרון^דבורה", "TH": "นามสกุล^ชื่อ", "US": "Adams^John"}
# What is asked for, and whose names can surely be said in it.
CASES = [
    ("ISO_IR 192", set(NAMES)),
    ("GB18030", set(NAMES)),
    ("GBK", {"CN", "US"}),
    ("ISO_IR 100", {"DE", "US"}),
    ("ISO_IR 101", {"US"}),
    ("ISO_IR 126", {"GR", "US"}),
    ("ISO_IR 144", {"RU", "US"}),
    ("ISO_IR 127", {"AR", "US"}),
    ("ISO_IR 138", {"HE", "US"}),
    ("ISO_IR 166", {"TH", "US"}),
    (["", "ISO 2022 IR 87"], {"JP", "US"}),
    (["", "ISO 2022 IR 149"], {"KR", "US"}),
    (["", "ISO 2022 IR 58"], {"CN", "US"}),
    ("ISO 2022 IR 100", {"DE", "US"}),
    (None, {"US"}),
    ("NONSENSE", set()),
]
ae = AE(ae_title="PYNETDICOM")
ae.add_requested_context(FIND)
assoc = ae.associate(host, port, ae_title=called)
assert assoc.is_established
def find(identifier):
    answers = []
    for status, answer in assoc.send_c_find(identifier, FIND):
        if status.Status in (0xFF00, 0xFF01):
            answers.append(answer)
        else:
            return status, answers
for asked, sayable in CASES:
    query = Dataset()
    if asked is not None:
        query.SpecificCharacterSet = asked
    query.QueryRetrieveLevel = "STUDY"
    query.PatientID = ""
    query.PatientName = ""
    status, answers = find(query)
    assert status.Status == 0 and len(answers) == len(NAMES), (asked, status)
    for answer in answers:
        one = answer.PatientID
        # pydicom decodes by what the answer declares, but leaves the escapes of GB 2312 in.
        name = str(answer.PatientName).replace("\x1b$)A", "")
        assert name == NAMES[one], (asked, one, answer.get("SpecificCharacterSet"), name)
        declared = answer.get("SpecificCharacterSet")
        declared = [declared] if isinstance(declared, str) else list(declared or [])
        wanted = [asked] if isinstance(asked, str) else list(asked or [])
        if one in sayable and one != "US":
            assert [d for d in declared if d] == [w for w in wanted if w], (asked, one, declared)
        elif one != "US":
            # Some sets for Kanji, Hanja and Hangul have the letters of others too.
            assert declared in (["ISO_IR 192"], [w for w in declared if w in wanted]), (asked, one)
# Matching, too, is by what is meant and not by its bytes.
for asked, name, who in [("ISO_IR 100", "Äneas*", "DE"), ("ISO_IR 126", "Διον*", "GR"),
                         (["", "ISO 2022 IR 87"], "*山田*", "JP"), ("GB18030", "*小东*", "CN"),
                         ("ISO_IR 192", "*홍^길동*", "KR")]:
    query = Dataset()
    query.SpecificCharacterSet = asked
    query.QueryRetrieveLevel = "STUDY"
    query.PatientName = name
    query.PatientID = ""
    status, answers = find(query)
    assert status.Status == 0 and [a.PatientID for a in answers] == [who], (asked, name, answers)
assoc.release()
print("good")
"#;

#[test]
fn answers_come_in_the_character_set_of_the_query_or_in_utf_8() {
    if peer::python(&["pynetdicom"]).is_none() {
        return;
    }
    let server = Server::start();
    let files: Vec<Vec<u8>> = [
        ("JP", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("KR", "Hong^Gildong=洪^吉洞=홍^길동"),
        ("CN", "Wang^XiaoDong=王^小东"),
        ("DE", "Äneas^Rüdiger"),
        ("GR", "Διονυσιος"),
        ("RU", "Люкceмбypг"),
        ("AR", "قباني^لنزار"),
        ("HE", "שרון^דבורה"),
        ("TH", "นามสกุล^ชื่อ"),
        ("US", "Adams^John"),
    ]
    .into_iter()
    .map(|(id, name)| {
        let object = objects::ct().with(tags::PATIENT_ID, id);
        object.with(tags::PATIENT_NAME, name).part10()
    })
    .collect();
    server.stow(&files).expect(200);
    pynetdicom(&server, CHARACTER_SETS, &[]);
}

/// Presentation contexts in the answer of the class that pynetdicom proposes 128 times.
const MANY: &str = r#"
from pynetdicom import build_context
contexts = [build_context("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1") for _ in range(128)]
ae = AE(ae_title="PYNETDICOM")
assoc = ae.associate(host, port, contexts=contexts, ae_title=called)
assert assoc.is_established and len(assoc.accepted_contexts) == 128
assoc.release()
print("good", sys.argv[4])
"#;

#[test]
fn as_many_contexts_as_there_can_be_are_answered() {
    if peer::python(&["pynetdicom"]).is_some() {
        pynetdicom(&Server::start(), MANY, &[sop_class::CT_IMAGE_STORAGE]);
    }
}

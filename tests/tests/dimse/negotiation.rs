//! Association negotiation as foreign requestors do it (PS3.8 §7.1.1, PS3.7 §D.3.3).

use sagittal_tests::{Server, peer};

use super::tools::{dcmtk, pynetdicom};

const PYNETDICOM: &str = r#"
from pynetdicom import build_context
from pynetdicom.pdu_primitives import UserIdentityNegotiation, AsynchronousOperationsWindowNegotiation
ae = AE(ae_title="PYNETDICOM")
identity = UserIdentityNegotiation()
identity.user_identity_type = 2
identity.positive_response_requested = True
identity.primary_field = b"somebody"
identity.secondary_field = b"secret"
window = AsynchronousOperationsWindowNegotiation()
window.maximum_number_operations_invoked = 5
window.maximum_number_operations_performed = 5
contexts = [build_context("1.2.840.10008.1.1"), build_context("1.2.3.4.5"),
            build_context("1.2.840.10008.5.1.4.1.1.2", ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.1"]),
            build_context("1.2.840.10008.5.1.4.1.1.2", ["1.2.3.4"])]
assoc = ae.associate(host, port, contexts=contexts, ae_title=called, ext_neg=[identity, window])
assert assoc.is_established
assert assoc.acceptor.user_identity is not None
assert assoc.acceptor.asynchronous_operations == (5, 5), assoc.acceptor.asynchronous_operations
accepted = [(c.abstract_syntax, c.transfer_syntax[0]) for c in assoc.accepted_contexts]
assert accepted[1][1] == "1.2.840.10008.1.2.4.90", accepted
results = sorted(c.result for c in assoc.rejected_contexts)
assert results == [3, 4], results
assert assoc.send_c_echo().Status == 0
assoc.release()
print("good")
"#;

#[test]
fn pynetdicom_negotiates_identity_window_and_contexts() {
    if peer::python(&["pynetdicom"]).is_some() {
        pynetdicom(&Server::start(), PYNETDICOM, &[]);
    }
}

#[test]
fn a_caller_without_a_rule_is_rejected_and_one_with_a_rule_does_only_that() {
    let folder = tempfile::tempdir().unwrap();
    let hash = "0".repeat(64);
    let text = format!(
        r#"
[auth]
mode = "on"
[[auth.token]]
name = "somebody"
hash = "{hash}"
roles = ["reader"]
[[auth.ae]]
ae_title = "SENDER"
addresses = ["127.0.0.1"]
permissions = ["verify", "store"]
"#
    );
    let server = Server::builder().config(folder.path(), &text).start();
    let Some(stranger) = dcmtk("echoscu", &server, &["-aet", "STRANGER"], &[]) else {
        return;
    };
    assert_ne!(stranger.code, Some(0));
    assert!(
        stranger.stderr.contains("Calling AE Title Not Recognized"),
        "{}",
        stranger.stderr
    );
    dcmtk("echoscu", &server, &["-aet", "SENDER"], &[])
        .unwrap()
        .expect(0);
    let keys = ["-aet", "SENDER", "-S", "-k", "QueryRetrieveLevel=STUDY"];
    let query = dcmtk("findscu", &server, &keys, &[]).unwrap();
    assert_ne!(query.code, Some(0));
}

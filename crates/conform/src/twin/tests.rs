use sagittal_core::{AeTitle, Uid};
use sagittal_net::Decision;
use sagittal_net::negotiate::Acceptance;
use sagittal_net::pdu::{
    APPLICATION_CONTEXT, AssociateRq, ContextResult, ProposedContext, Rejection, RoleSelection,
    UserInformation,
};

use super::behavior::{AtOnce, rejection_of};
use super::{Behavior, Options};
use crate::document::Document;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
const PRIVATE: &str = "1.2.3.4";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const JPEG: &str = "1.2.840.10008.1.2.4.50";

fn behavior(association: &str, options: &Options) -> Behavior {
    let text = format!(
        r#"
        format = 1
        basis = "probe"
        bases.probe = {{ status = "observed", evidence = "sagittal conformance probe 1 of A@h:1 as CT7, 5 associations requested" }}
        system.name = "A"
        [[application_entities]]
        ae_title = "A"
        association = {{ {association} }}
        [[application_entities.contexts]]
        sop_classes = ["CT Image Storage"]
        transfer_syntaxes = ["ImplicitVRLittleEndian", "ExplicitVRLittleEndian"]
        preference = {{ order = ["ExplicitVRLittleEndian"], rest = "none" }}
        requestor_roles = "scu"
        [[application_entities.contexts]]
        sop_classes = ["CT Image Storage"]
        transfer_syntaxes = ["1.2.840.10008.1.2.4.50"]
        support = "unknown"
        [[application_entities.contexts]]
        sop_classes = ["MR Image Storage"]
        transfer_syntaxes = ["all"]
        support = "no"
        refusal = "association-rejected"
        "#
    );
    let document = Document::parse(&text).unwrap();
    Behavior::new(&document, &document.application_entities[0], options).unwrap()
}

fn request(calling: &str, contexts: &[(&str, &[&str])]) -> AssociateRq {
    let uid = |text: &&str| Uid::new(text).unwrap();
    let contexts = (1..).step_by(2).zip(contexts);
    AssociateRq {
        protocol_version: 1,
        called_ae_title: "A".to_owned(),
        calling_ae_title: calling.to_owned(),
        application_context: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: contexts
            .map(|(id, (class, list))| ProposedContext {
                id,
                abstract_syntax: Some(uid(class)),
                transfer_syntaxes: list.iter().map(uid).collect(),
            })
            .collect(),
        user_information: UserInformation {
            roles: vec![RoleSelection {
                sop_class_uid: uid(&CT),
                scu: true,
                scp: true,
            }],
            ..UserInformation::default()
        },
    }
}

#[track_caller]
fn accepted(decision: Decision) -> Acceptance {
    match decision {
        Decision::Accept(acceptance) => acceptance,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_known_is_refused_unless_leniently_and_said_in_either_case() {
    let any = "calling_ae_title = \"any\", called_ae_title = \"any\"";
    let asked = request(
        "X",
        &[
            (CT, &[IMPLICIT, EXPLICIT]),
            (CT, &[JPEG]),
            (PRIVATE, &[IMPLICIT]),
        ],
    );
    let strict = behavior(any, &Options::default());
    let results = |behavior: &Behavior| -> Vec<ContextResult> {
        let acceptance = accepted(behavior.decide(&asked));
        acceptance
            .contexts
            .iter()
            .map(|context| context.result)
            .collect()
    };
    use ContextResult::{
        AbstractSyntaxNotSupported, Acceptance as Yes, TransferSyntaxesNotSupported,
    };
    assert_eq!(
        results(&strict),
        [
            Yes,
            TransferSyntaxesNotSupported,
            AbstractSyntaxNotSupported
        ]
    );
    let lenient = Options {
        lenient: true,
        ..Options::default()
    };
    let lenient = behavior(any, &lenient);
    assert_eq!(results(&lenient), [Yes, Yes, Yes]);
    for (behavior, done) in [(&strict, "refused"), (&lenient, "accepted")] {
        let pairs = behavior
            .assumed()
            .iter()
            .find(|line| line.starts_with("1 pairs"));
        assert!(pairs.unwrap().ends_with(done), "{:?}", behavior.assumed());
    }
    let acceptance = accepted(strict.decide(&asked));
    let ts = acceptance.contexts[0].transfer_syntax.as_ref().unwrap();
    assert_eq!(
        *ts, EXPLICIT,
        "by preference, not by the order of the proposal"
    );
    let [role] = acceptance.roles.as_slice() else {
        panic!("{:?}", acceptance.roles)
    };
    assert!(role.scu && !role.scp);
}

#[test]
fn a_caller_that_is_not_known_is_rejected_as_it_was_seen() {
    let known = "calling_ae_title = { value = \"known\", remark = \"others: transient (result 2, source 1, reason 3)\" }";
    let asked = |title| request(title, &[(CT, &[IMPLICIT])]);
    let observed = behavior(known, &Options::default());
    // The one that observed it is known.
    accepted(observed.decide(&asked("CT7")));
    let rejection = Rejection {
        result: 2,
        source: 1,
        reason: 3,
    };
    assert_eq!(observed.decide(&asked("CT8")), Decision::Reject(rejection));
    let named = Options {
        known: vec![AeTitle::new("CT8").unwrap()],
        ..Options::default()
    };
    let named = behavior(known, &named);
    accepted(named.decide(&asked("CT8")));
    assert_eq!(named.decide(&asked("CT7")), Decision::Reject(rejection));
}

#[test]
fn one_context_may_cost_the_association() {
    let any = "calling_ae_title = \"any\", called_ae_title = \"any\"";
    let strict = behavior(any, &Options::default());
    let asked = request("X", &[(CT, &[IMPLICIT]), (MR, &[IMPLICIT])]);
    assert!(matches!(strict.decide(&asked), Decision::Reject(_)));
    let useless = behavior(
        &format!("{any}, rejects_useless = true"),
        &Options::default(),
    );
    let asked = request("X", &[(PRIVATE, &[IMPLICIT])]);
    assert!(matches!(useless.decide(&asked), Decision::Reject(_)));
    accepted(strict.decide(&asked));
}

#[test]
fn limits_of_associations_are_read_with_what_happens_beyond() {
    let at_once = |text: &str| behavior(text, &Options::default()).at_once;
    let busy = Rejection {
        result: 2,
        source: 3,
        reason: 1,
    };
    assert_eq!(
        at_once(
            "max_associations = { value = 2, remark = \"the next one: association rejected: (result 2, source 3, reason 1)\" }"
        ),
        AtOnce::Reject(2, busy)
    );
    assert_eq!(
        at_once(
            "max_associations = { value = 1, remark = \"the next one waits until another has ended\" }"
        ),
        AtOnce::Wait(1)
    );
    assert_eq!(
        at_once("max_associations = { remark = \"at least 8\" }"),
        AtOnce::Reject(8, Rejection::LOCAL_LIMIT_EXCEEDED)
    );
    assert_eq!(at_once(""), AtOnce::Any);
    assert_eq!(
        at_once("max_associations = 5, max_associations_per_address = 3"),
        AtOnce::Reject(3, Rejection::LOCAL_LIMIT_EXCEEDED)
    );
    assert_eq!(rejection_of(Some("nothing of the kind")), None);
}

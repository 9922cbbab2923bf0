use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use sagittal_core::Uid;

use super::*;

fn limits() -> PduLimits {
    PduLimits::for_max_pdu(16384)
}

/// Everything in `bytes`, given in pieces of at most `step`.
fn read(bytes: &[u8], step: usize) -> Result<Vec<Incoming>, PduError> {
    let mut stream = PduStream::new(limits());
    let mut buffer = BytesMut::new();
    let mut out = Vec::new();
    for piece in bytes.chunks(step.max(1)) {
        buffer.extend_from_slice(piece);
        while let Some(incoming) = stream.next(&mut buffer)? {
            out.push(incoming);
        }
    }
    Ok(out)
}

fn read_one(bytes: &[u8]) -> Result<Pdu, PduError> {
    match read(bytes, bytes.len())?.pop() {
        Some(Incoming::Pdu(pdu)) => Ok(pdu),
        other => panic!("no PDU but {other:?}"),
    }
}

/// A PDU with a right length.
fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 0];
    out.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn item(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 0];
    out.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
    out.extend_from_slice(body);
    out
}

/// Version, titles and reserved bytes, then `items`.
fn rq_body(called: &[u8; 16], calling: &[u8; 16], items: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 1, 0xAA, 0xAA];
    body.extend_from_slice(called);
    body.extend_from_slice(calling);
    body.extend_from_slice(&[0xAA; 32]);
    body.extend_from_slice(items);
    body
}

fn decode_rq(items: &[u8]) -> Result<AssociateRq, PduError> {
    match read_one(&pdu(
        1,
        &rq_body(b"CALLED          ", b"CALLING         ", items),
    ))? {
        Pdu::AssociateRq(request) => Ok(*request),
        other => panic!("no request but {other:?}"),
    }
}

#[test]
fn a_request_as_devices_send_it_is_understood() {
    let context = [
        [5, 0xFF, 0xFF, 0xFF].as_slice(),
        &item(0x30, b"1.2.840.10008.1.1\0"),
        &item(0x40, b""),
        &item(0x40, b"1.2.840.10008.1.2"),
        &item(0x4F, b"unknown"),
    ]
    .concat();
    let user = [
        item(0x51, &[0, 0, 0x40, 0]).as_slice(),
        &item(0x52, b"1.2.3.04"),
        &item(0x53, &[0, 5, 0, 6]),
        &item(0x54, &[&[0, 3], b"1.2".as_slice(), &[0, 1]].concat()),
        &item(0x55, b"NAME\0\0"),
        &item(0x56, &[&[0, 3], b"1.2".as_slice(), &[1, 1, 0]].concat()),
        &item(
            0x57,
            &[
                &[0, 3],
                b"1.2".as_slice(),
                &[0, 3],
                b"1.3",
                &[0, 5, 0, 3],
                b"1.4",
            ]
            .concat(),
        ),
        &item(
            0x58,
            &[&[2, 1, 0, 2], b"me".as_slice(), &[0, 3], b"key"].concat(),
        ),
        &item(0x5F, b"unknown"),
        &[0x51, 0, 0, 99, 1],
    ]
    .concat();
    let items = [
        item(0x10, b"1.2.840.10008.3.1.1.1\0").as_slice(),
        &item(0x20, &context),
        &item(0x99, b"unknown"),
        &item(0x50, &user),
    ]
    .concat();
    let body = rq_body(
        b"STORE\0garbage\x01\x02\x03",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        &items,
    );
    let Pdu::AssociateRq(request) = read_one(&pdu(1, &body)).unwrap() else {
        panic!()
    };
    assert_eq!(
        (
            request.called_ae_title.as_str(),
            request.calling_ae_title.as_str()
        ),
        ("STORE", "")
    );
    assert_eq!(request.application_context, APPLICATION_CONTEXT);
    let [context] = request.presentation_contexts.as_slice() else {
        panic!()
    };
    assert_eq!(context.id, 5);
    assert_eq!(
        context.abstract_syntax,
        Some(Uid::from_static("1.2.840.10008.1.1"))
    );
    assert_eq!(
        context.transfer_syntaxes,
        [Uid::from_static("1.2.840.10008.1.2")]
    );
    let user = &request.user_information;
    assert_eq!(user.maximum_length, 16384);
    assert_eq!(
        user.implementation_class_uid.as_ref().map(Uid::as_str),
        Some("1.2.3.04")
    );
    assert_eq!(user.implementation_version_name.as_deref(), Some("NAME"));
    assert_eq!(
        user.operations_window,
        Some(OperationsWindowItem {
            invoked: 5,
            performed: 6
        })
    );
    assert!(!user.roles[0].scu && user.roles[0].scp);
    assert_eq!(
        user.extended_negotiation[0]
            .application_information
            .as_ref(),
        [1, 1, 0]
    );
    assert_eq!(
        user.common_extended_negotiation[0]
            .related_general_sop_class_uids
            .len(),
        1
    );
    let identity = user.user_identity.as_ref().unwrap();
    assert_eq!(identity.kind, UserIdentityType::UsernameAndPasscode);
    assert_eq!(
        (
            identity.primary_field.as_ref(),
            identity.secondary_field.as_ref()
        ),
        (b"me".as_slice(), b"key".as_slice())
    );
    assert!(
        !format!("{request:?}").contains("key"),
        "no secrets in debug output"
    );
}

#[test]
fn what_is_wrong_with_a_pdu_is_said_with_its_offset_and_reason() {
    use PduErrorKind::*;
    let context = |id: u8| {
        item(
            0x20,
            &[&[id, 0, 0, 0], item(0x30, b"1.2").as_slice()].concat(),
        )
    };
    let cases: Vec<(Vec<u8>, PduErrorKind, u64, ProviderAbortReason)> = vec![
        (
            b"GET / HTTP/1.1".to_vec(),
            UnrecognizedPdu(b'G'),
            0,
            ProviderAbortReason::UnrecognizedPdu,
        ),
        (
            vec![0],
            UnrecognizedPdu(0),
            0,
            ProviderAbortReason::UnrecognizedPdu,
        ),
        (
            vec![1, 0, 0xFF, 0xFF, 0xFF, 0xFF],
            TooLong {
                pdu_type: 1,
                length: u32::MAX,
                limit: 1 << 20,
            },
            0,
            ProviderAbortReason::InvalidPduParameterValue,
        ),
        (
            vec![4, 0, 0, 0, 0x44, 1],
            TooLong {
                pdu_type: 4,
                length: 0x4401,
                limit: 0x4400,
            },
            0,
            ProviderAbortReason::InvalidPduParameterValue,
        ),
        (
            pdu(3, &[0, 1]),
            TooShort {
                pdu_type: 3,
                length: 2,
            },
            6,
            ProviderAbortReason::InvalidPduParameterValue,
        ),
        (
            pdu(1, &[0; 20]),
            Truncated {
                what: "calling AE title",
            },
            26,
            ProviderAbortReason::InvalidPduParameterValue,
        ),
        (
            pdu(1, &rq_body(&[b'A'; 16], &[b'B'; 16], &[0x10, 0, 0, 9, 1])),
            Truncated { what: "item" },
            78,
            ProviderAbortReason::InvalidPduParameterValue,
        ),
        (
            pdu(1, &rq_body(&[b'A'; 16], &[b'B'; 16], &context(2))),
            InvalidContextId(2),
            78,
            ProviderAbortReason::InvalidPduParameterValue,
        ),
        (
            pdu(
                1,
                &rq_body(&[b'A'; 16], &[b'B'; 16], &[context(1), context(1)].concat()),
            ),
            InvalidContextId(1),
            93,
            ProviderAbortReason::InvalidPduParameterValue,
        ),
        (
            pdu(4, &[0, 0, 0, 1, 1, 3]),
            InvalidPdvLength {
                length: 1,
                available: 6,
            },
            6,
            ProviderAbortReason::InvalidPduParameterValue,
        ),
        (
            pdu(4, &[0, 0, 0, 9, 1, 3]),
            InvalidPdvLength {
                length: 9,
                available: 6,
            },
            6,
            ProviderAbortReason::InvalidPduParameterValue,
        ),
        (
            pdu(4, &[0, 0, 0]),
            InvalidPdvLength {
                length: 0,
                available: 3,
            },
            6,
            ProviderAbortReason::InvalidPduParameterValue,
        ),
    ];
    for (bytes, kind, offset, reason) in cases {
        let error = read(&bytes, 1).unwrap_err();
        assert_eq!((&error.kind, error.offset), (&kind, offset));
        assert_eq!(error.abort_reason(), reason, "{error}");
    }
}

#[test]
fn an_odd_abstract_syntax_spoils_its_context_only() {
    let context = [
        [1, 0, 0, 0].as_slice(),
        &item(0x30, b"../etc"),
        &item(0x40, b"1.2"),
    ]
    .concat();
    let request = decode_rq(&item(0x20, &context)).unwrap();
    assert_eq!(request.presentation_contexts[0].abstract_syntax, None);
}

#[test]
fn too_many_sub_items_are_refused_before_they_fill_the_memory() {
    let many = item(0x40, b"1.2").repeat(513);
    let context = item(0x20, &[&[1, 0, 0, 0], many.as_slice()].concat());
    let error = decode_rq(&context).unwrap_err();
    assert_eq!(
        error.kind,
        PduErrorKind::TooMany {
            what: "transfer syntaxes",
            limit: 512
        }
    );
}

#[test]
fn several_pdvs_in_a_pdu_and_one_pdv_in_many_reads_are_handed_out() {
    let command = [0, 0, 0, 5, 1, 3, 7, 8, 9];
    let empty = [0, 0, 0, 2, 1, 2];
    let bytes = pdu(4, &[command.as_slice(), &empty].concat());
    let pieces = read(&bytes, bytes.len()).unwrap();
    let pdv = |is_command, data: &'static [u8]| {
        Incoming::Pdv(Pdv {
            context_id: 1,
            is_command,
            is_last: true,
            data: Bytes::from_static(data),
        })
    };
    assert_eq!(pieces, [pdv(true, &[7, 8, 9]), pdv(false, &[])]);
    let single = read(&bytes, 1).unwrap();
    let last: Vec<bool> = single
        .iter()
        .map(|i| matches!(i, Incoming::Pdv(p) if p.is_last))
        .collect();
    assert_eq!(
        last,
        [false, false, true, true],
        "only the last piece is the last"
    );
}

#[test]
fn a_false_length_makes_no_buffer_grow() {
    let mut stream = PduStream::new(PduLimits {
        association: 1 << 20,
        data: u32::MAX,
    });
    let mut buffer =
        BytesMut::from([4, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFB, 1, 2].as_slice());
    assert_eq!(stream.next(&mut buffer), Ok(None));
    assert!(buffer.capacity() < 1024);
    assert!(!stream.is_between_pdus());
}

#[test]
fn a_pdv_header_is_that_of_the_standard() {
    assert_eq!(
        pdv_header(3, true, true, 0x10),
        [4, 0, 0, 0, 0, 0x16, 0, 0, 0, 0x12, 3, 3]
    );
    assert_eq!(pdv_header(3, false, false, 0x10)[11], 0);
}

#[test]
fn rejections_and_aborts_have_the_bytes_of_the_standard() {
    let rejection = Pdu::AssociateRj(Rejection::LOCAL_LIMIT_EXCEEDED);
    assert_eq!(rejection.encode(), [3, 0, 0, 0, 0, 4, 0, 2, 3, 2]);
    let abort = Pdu::Abort {
        source: AbortSource::ServiceProvider,
        reason: 6,
    };
    assert_eq!(abort.encode(), [7, 0, 0, 0, 0, 4, 0, 0, 2, 6]);
    assert_eq!(Pdu::ReleaseRq.encode(), [5, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
    assert_eq!(Pdu::ReleaseRp.encode(), [6, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
}

fn uid() -> impl Strategy<Value = Uid> {
    "[12]\\.[1-9]{1,9}(\\.[1-9][0-9]{0,5}){0,4}".prop_map(|text| Uid::new(&text).unwrap())
}

fn blob(most: usize) -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..most).prop_map(Bytes::from)
}

fn user_information() -> impl Strategy<Value = UserInformation> {
    let window = proptest::option::of((any::<u16>(), any::<u16>()));
    let roles = proptest::collection::vec((uid(), any::<bool>(), any::<bool>()), 0..4);
    let extended = proptest::collection::vec((uid(), blob(8)), 0..4);
    let common =
        proptest::collection::vec((uid(), uid(), proptest::collection::vec(uid(), 0..3)), 0..3);
    let identity = proptest::option::of((1u8..9, any::<bool>(), blob(40), blob(40)));
    let name = proptest::option::of("[A-Z_0-9]{1,16}");
    let response = proptest::option::of(blob(40));
    (
        any::<u32>(),
        proptest::option::of(uid()),
        name,
        window,
        roles,
        extended,
        common,
        identity,
        response,
    )
        .prop_map(
            |(length, class, name, window, roles, extended, common, identity, response)| {
                UserInformation {
                    maximum_length: length,
                    implementation_class_uid: class,
                    implementation_version_name: name,
                    operations_window: window
                        .map(|(invoked, performed)| OperationsWindowItem { invoked, performed }),
                    roles: roles
                        .into_iter()
                        .map(|(sop_class_uid, scu, scp)| RoleSelection {
                            sop_class_uid,
                            scu,
                            scp,
                        })
                        .collect(),
                    extended_negotiation: extended
                        .into_iter()
                        .map(
                            |(sop_class_uid, application_information)| ExtendedNegotiation {
                                sop_class_uid,
                                application_information,
                            },
                        )
                        .collect(),
                    common_extended_negotiation: common
                        .into_iter()
                        .map(|(sop_class_uid, service_class_uid, related)| {
                            CommonExtendedNegotiation {
                                sop_class_uid,
                                service_class_uid,
                                related_general_sop_class_uids: related,
                            }
                        })
                        .collect(),
                    user_identity: identity.map(|(kind, positive_response_requested, a, b)| {
                        UserIdentity {
                            kind: UserIdentityType::from_byte(kind),
                            positive_response_requested,
                            primary_field: a,
                            secondary_field: b,
                        }
                    }),
                    user_identity_response: response,
                }
            },
        )
}

fn associate_rq() -> impl Strategy<Value = Pdu> {
    let contexts = proptest::collection::vec(
        (
            proptest::option::of(uid()),
            proptest::collection::vec(uid(), 0..5),
        ),
        0..128,
    );
    (
        any::<u16>(),
        "[A-Z]{0,16}",
        "[A-Z]{0,16}",
        contexts,
        user_information(),
    )
        .prop_map(
            |(protocol_version, called, calling, contexts, user_information)| {
                let contexts =
                    (1..=255)
                        .step_by(2)
                        .zip(contexts)
                        .map(|(id, (uid, list))| ProposedContext {
                            id,
                            abstract_syntax: uid,
                            transfer_syntaxes: list,
                        });
                Pdu::AssociateRq(Box::new(AssociateRq {
                    protocol_version,
                    called_ae_title: called,
                    calling_ae_title: calling,
                    application_context: APPLICATION_CONTEXT.to_owned(),
                    presentation_contexts: contexts.collect(),
                    user_information,
                }))
            },
        )
}

fn associate_ac() -> impl Strategy<Value = Pdu> {
    let contexts = proptest::collection::vec((0u8..5, proptest::option::of(uid())), 0..128);
    ("[A-Z]{0,16}", contexts, user_information()).prop_map(|(title, contexts, user_information)| {
        let contexts = (1..=255)
            .step_by(2)
            .zip(contexts)
            .map(|(id, (result, uid))| ResultContext {
                id,
                result: ContextResult::from_byte(result),
                transfer_syntax: uid,
            });
        Pdu::AssociateAc(Box::new(AssociateAc {
            protocol_version: 1,
            called_ae_title: title.clone(),
            calling_ae_title: title,
            application_context: APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: contexts.collect(),
            user_information,
        }))
    })
}

proptest! {
    #[test]
    fn pdus_are_read_back_however_they_are_cut(
        pdu in prop_oneof![associate_rq(), associate_ac()],
        step in 1usize..5000,
    ) {
        let bytes = pdu.encode();
        prop_assert_eq!(read(&bytes, step).unwrap(), vec![Incoming::Pdu(pdu)]);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), step in 1usize..50) {
        let _ = read(&bytes, step);
    }

    #[test]
    fn broken_requests_never_panic(
        pdu in associate_rq(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = pdu.encode();
        for (index, value) in changes {
            let length = bytes.len();
            bytes[index.index(length)] = value;
        }
        if let Ok(list) = read(&bytes, bytes.len()) {
            for incoming in list {
                if let Incoming::Pdu(pdu) = incoming {
                    let _ = pdu.encode();
                }
            }
        }
    }

    #[test]
    fn fragments_add_up_however_pdus_and_reads_are_cut(
        data in proptest::collection::vec(any::<u8>(), 0..5000),
        fragment in 1usize..3000,
        step in 1usize..3000,
    ) {
        let mut bytes = Vec::new();
        let chunks: Vec<&[u8]> = data.chunks(fragment).collect();
        for (number, chunk) in chunks.iter().enumerate() {
            let is_last = number + 1 == chunks.len();
            bytes.extend_from_slice(&pdv_header(7, false, is_last, u32::try_from(chunk.len()).unwrap()));
            bytes.extend_from_slice(chunk);
        }
        let mut found = Vec::new();
        let mut ended = false;
        for incoming in read(&bytes, step).unwrap() {
            let Incoming::Pdv(pdv) = incoming else { panic!() };
            prop_assert!(!ended && pdv.context_id == 7 && !pdv.is_command);
            found.extend_from_slice(&pdv.data);
            ended = pdv.is_last;
        }
        prop_assert_eq!(ended, !data.is_empty());
        prop_assert_eq!(found, data);
    }
}

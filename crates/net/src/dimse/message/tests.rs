//! Every message against the tables of PS3.7 §9.3 and §10.3.

use std::collections::BTreeSet;

use super::*;

/// Message, Command Field, elements (group length and Command Data Set Type left out).
#[rustfmt::skip]
const TABLE: &[(&str, u16, &[u16])] = &[
    ("C-STORE-RQ", 0x0001, &[0x0002, 0x0100, 0x0110, 0x0700, 0x1000, 0x1030, 0x1031]),
    ("C-STORE-RSP", 0x8001, &[0x0002, 0x0100, 0x0120, 0x0900, 0x1000]),
    ("C-FIND-RQ", 0x0020, &[0x0002, 0x0100, 0x0110, 0x0700]),
    ("C-FIND-RSP", 0x8020, &[0x0002, 0x0100, 0x0120, 0x0900]),
    ("C-CANCEL-RQ", 0x0FFF, &[0x0100, 0x0120]),
    ("C-GET-RQ", 0x0010, &[0x0002, 0x0100, 0x0110, 0x0700]),
    ("C-GET-RSP", 0x8010, &[0x0002, 0x0100, 0x0120, 0x0900, 0x1020, 0x1021, 0x1022, 0x1023]),
    ("C-MOVE-RQ", 0x0021, &[0x0002, 0x0100, 0x0110, 0x0600, 0x0700]),
    ("C-MOVE-RSP", 0x8021, &[0x0002, 0x0100, 0x0120, 0x0900, 0x1020, 0x1021, 0x1022, 0x1023]),
    ("C-ECHO-RQ", 0x0030, &[0x0002, 0x0100, 0x0110]),
    ("C-ECHO-RSP", 0x8030, &[0x0002, 0x0100, 0x0120, 0x0900]),
    ("N-EVENT-REPORT-RQ", 0x0100, &[0x0002, 0x0100, 0x0110, 0x1000, 0x1002]),
    ("N-EVENT-REPORT-RSP", 0x8100, &[0x0002, 0x0100, 0x0120, 0x0900, 0x1000, 0x1002]),
    ("N-GET-RQ", 0x0110, &[0x0003, 0x0100, 0x0110, 0x1001, 0x1005]),
    ("N-GET-RSP", 0x8110, &[0x0002, 0x0100, 0x0120, 0x0900, 0x1000]),
    ("N-SET-RQ", 0x0120, &[0x0003, 0x0100, 0x0110, 0x1001]),
    ("N-SET-RSP", 0x8120, &[0x0002, 0x0100, 0x0120, 0x0900, 0x1000]),
    ("N-ACTION-RQ", 0x0130, &[0x0003, 0x0100, 0x0110, 0x1001, 0x1008]),
    ("N-ACTION-RSP", 0x8130, &[0x0002, 0x0100, 0x0120, 0x0900, 0x1000, 0x1008]),
    ("N-CREATE-RQ", 0x0140, &[0x0002, 0x0100, 0x0110, 0x1000]),
    ("N-CREATE-RSP", 0x8140, &[0x0002, 0x0100, 0x0120, 0x0900, 0x1000]),
    ("N-DELETE-RQ", 0x0150, &[0x0003, 0x0100, 0x0110, 0x1001]),
    ("N-DELETE-RSP", 0x8150, &[0x0002, 0x0100, 0x0120, 0x0900, 0x1000]),
];

/// What a response may have besides (PS3.7 Annex C).
const STATUS_DETAILS: [u16; 4] = [
    OFFENDING_ELEMENT,
    ERROR_COMMENT,
    ERROR_ID,
    ATTRIBUTE_IDENTIFIER_LIST,
];

/// A command set with every element there is.
fn everything(command_field: u16) -> CommandSet {
    let mut set = CommandSet::new(command_field);
    let uid = Uid::from_static("1.2.3");
    for number in [AFFECTED_SOP_CLASS_UID, REQUESTED_SOP_CLASS_UID] {
        set.set(number, &uid);
    }
    for number in [AFFECTED_SOP_INSTANCE_UID, REQUESTED_SOP_INSTANCE_UID] {
        set.set(number, &uid);
    }
    for number in [
        MESSAGE_ID,
        MESSAGE_ID_BEING_RESPONDED_TO,
        PRIORITY,
        STATUS,
        ERROR_ID,
        EVENT_TYPE_ID,
        ACTION_TYPE_ID,
        NUMBER_OF_REMAINING_SUBOPERATIONS,
        NUMBER_OF_COMPLETED_SUBOPERATIONS,
        NUMBER_OF_FAILED_SUBOPERATIONS,
        NUMBER_OF_WARNING_SUBOPERATIONS,
        MOVE_ORIGINATOR_MESSAGE_ID,
    ] {
        set.set(number, &1u16);
    }
    let title = AeTitle::new("TITLE").unwrap();
    set.set(MOVE_DESTINATION, &title);
    set.set(MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE, &title);
    set.set(OFFENDING_ELEMENT, &vec![Tag(8, 0x18)]);
    set.set(ATTRIBUTE_IDENTIFIER_LIST, &vec![Tag(8, 0x18)]);
    set.set(ERROR_COMMENT, &"comment".to_owned());
    set
}

#[test]
fn every_message_has_the_elements_of_its_table() {
    for (name, field, elements) in TABLE {
        let message = Command::from_command_set(&everything(*field)).unwrap();
        let found: BTreeSet<u16> = message
            .to_command_set()
            .iter()
            .map(|(number, _)| number)
            .collect();
        let expected: BTreeSet<u16> = elements.iter().copied().collect();
        let extra: Vec<u16> = found.difference(&expected).copied().collect();
        let missing: Vec<u16> = expected.difference(&found).copied().collect();
        assert!(missing.is_empty(), "{name} lacks {missing:04X?}");
        let allowed = |number: &u16| field & 0x8000 != 0 && STATUS_DETAILS.contains(number);
        assert!(extra.iter().all(allowed), "{name} has {extra:04X?}");
    }
    assert_eq!(TABLE.len(), Command::ALL.len());
}

#[test]
fn every_message_is_read_back_from_its_bytes() {
    for (field, name) in Command::ALL {
        let message = Command::from_command_set(&everything(*field)).unwrap();
        let bytes = message.to_command_set().encode(false);
        let set = CommandSet::decode(&bytes).unwrap();
        assert_eq!(Command::from_command_set(&set), Ok(message), "{name}");
    }
}

#[test]
fn a_missing_mandatory_element_is_named() {
    let mut set = everything(0x0001);
    set.set(AFFECTED_SOP_INSTANCE_UID, &None::<Uid>);
    let missing = CommandError::Missing {
        tag: Tag(0, 0x1000),
    };
    assert_eq!(CStoreRequest::from_command_set(&set), Err(missing));
}

#[test]
fn a_response_repeats_what_it_answers() {
    let request = NActionRequest {
        requested_sop_class_uid: Uid::from_static("1.2.840.10008.1.20.1"),
        message_id: 9,
        requested_sop_instance_uid: Uid::from_static("1.2.840.10008.1.20.1.1"),
        action_type_id: 1,
    };
    let response = NActionResponse::new(&request, Status::SUCCESS).with_comment("fine");
    assert_eq!(response.message_id_being_responded_to, 9);
    assert_eq!(
        response.affected_sop_class_uid.as_ref(),
        Some(&request.requested_sop_class_uid)
    );
    assert_eq!(response.action_type_id, Some(1));
    assert_eq!(response.error_comment.as_deref(), Some("fine"));
}

#[test]
fn an_unreadable_request_still_gets_a_response_with_its_uids() {
    let mut set = CommandSet::new(0x0130);
    set.set(MESSAGE_ID, &3u16);
    set.set(REQUESTED_SOP_CLASS_UID, &Uid::from_static("1.2.3"));
    let response = failure_response(&set, Status::MISTYPED_ARGUMENT, "no action type").unwrap();
    assert_eq!(response.command_field(), Ok(0x8130));
    assert_eq!(response.message_id_being_responded_to(), Ok(3));
    assert_eq!(
        response.get::<Uid>(AFFECTED_SOP_CLASS_UID),
        Ok(Uid::from_static("1.2.3"))
    );
    assert_eq!(
        failure_response(&CommandSet::new(0x0FFF), Status::SUCCESS, ""),
        None
    );
    assert_eq!(failure_response(&response, Status::SUCCESS, ""), None);
}

//! The messages of DIMSE-C (PS3.7 §9.3) and DIMSE-N (PS3.7 §10.3) as types.
//!
//! Each has `to_command_set` and `from_command_set`. Group length and Command Data Set Type are not
//! fields: the sender writes them.

use sagittal_core::{AeTitle, Tag, Uid};

use super::element::*;
use super::{CommandError, CommandSet, Priority, Status};

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident = $code:literal {
        $($(#[$field_doc:meta])* $field:ident : $ty:ty = $element:expr,)*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $name { $($(#[$field_doc])* pub $field: $ty,)* }

            impl $name {
                /// Command Field of this message.
                pub const COMMAND_FIELD: u16 = $code;

                /// Reads the message; another Command Field or a missing mandatory element is an error.
                pub fn from_command_set(set: &CommandSet) -> Result<$name, CommandError> {
                    let found = set.command_field()?;
                    if found != $code {
                        return Err(CommandError::UnexpectedCommand { found, expected: $code });
                    }
                    Ok($name { $($field: set.get($element)?,)* })
                }

                /// The command set, without Command Data Set Type.
                pub fn to_command_set(&self) -> CommandSet {
                    let mut set = CommandSet::new($code);
                    $(set.set($element, &self.$field);)*
                    set
                }
            }

            impl From<&$name> for CommandSet {
                fn from(message: &$name) -> CommandSet { message.to_command_set() }
            }
        )*

        /// Any message of PS3.7.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub enum Command { $($name($name),)* }

        impl Command {
            /// Reads whichever message the Command Field names.
            pub fn from_command_set(set: &CommandSet) -> Result<Command, CommandError> {
                match set.command_field()? {
                    $($code => $name::from_command_set(set).map(Command::$name),)*
                    found => Err(CommandError::UnknownCommand { found }),
                }
            }

            /// The command set, without Command Data Set Type.
            pub fn to_command_set(&self) -> CommandSet {
                match self { $(Command::$name(message) => message.to_command_set(),)* }
            }

            /// Command Fields and names of all messages.
            pub const ALL: &'static [(u16, &'static str)] = &[$(($code, stringify!($name)),)*];
        }
    };
}

/// A message with every field that PS3.7 gives one of its kind.
macro_rules! response {
    ($($response:ident to $request:ident { $($field:ident : $value:expr),* $(,)? })*) => {$(
        impl $response {
            /// The response to `request`, with what it repeats and without the rest.
            pub fn new(request: &$request, status: Status) -> $response {
                #[allow(clippy::redundant_closure_call)]
                $response {
                    message_id_being_responded_to: request.message_id,
                    status,
                    offending_element: Vec::new(),
                    error_comment: None,
                    error_id: None,
                    $($field: ($value)(request),)*
                }
            }

            /// With an Error Comment, cut to 64 characters when it is written.
            pub fn with_comment(mut self, comment: impl Into<String>) -> $response {
                self.error_comment = Some(comment.into());
                self
            }
        }
    )*};
}

messages! {
    /// C-STORE-RQ (PS3.7 §9.3.1.1).
    CStoreRequest = 0x0001 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Uid = AFFECTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
        /// Priority.
        priority: Priority = PRIORITY,
        /// Affected SOP Instance UID.
        affected_sop_instance_uid: Uid = AFFECTED_SOP_INSTANCE_UID,
        /// AE title of the C-MOVE requestor this is a sub-operation for.
        move_originator_ae_title: Option<AeTitle> = MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE,
        /// Message ID of that C-MOVE-RQ.
        move_originator_message_id: Option<u16> = MOVE_ORIGINATOR_MESSAGE_ID,
    }
    /// C-STORE-RSP (PS3.7 §9.3.1.2).
    CStoreResponse = 0x8001 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
        /// Affected SOP Instance UID.
        affected_sop_instance_uid: Option<Uid> = AFFECTED_SOP_INSTANCE_UID,
    }
    /// C-FIND-RQ (PS3.7 §9.3.2.1). The identifier is the data set.
    CFindRequest = 0x0020 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Uid = AFFECTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
        /// Priority.
        priority: Priority = PRIORITY,
    }
    /// C-FIND-RSP (PS3.7 §9.3.2.2).
    CFindResponse = 0x8020 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
    }
    /// C-GET-RQ (PS3.7 §9.3.3.1). The identifier is the data set.
    CGetRequest = 0x0010 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Uid = AFFECTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
        /// Priority.
        priority: Priority = PRIORITY,
    }
    /// C-GET-RSP (PS3.7 §9.3.3.2).
    CGetResponse = 0x8010 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
        /// Number of Remaining Sub-operations.
        remaining: Option<u16> = NUMBER_OF_REMAINING_SUBOPERATIONS,
        /// Number of Completed Sub-operations.
        completed: Option<u16> = NUMBER_OF_COMPLETED_SUBOPERATIONS,
        /// Number of Failed Sub-operations.
        failed: Option<u16> = NUMBER_OF_FAILED_SUBOPERATIONS,
        /// Number of Warning Sub-operations.
        warning: Option<u16> = NUMBER_OF_WARNING_SUBOPERATIONS,
    }
    /// C-MOVE-RQ (PS3.7 §9.3.4.1). The identifier is the data set.
    CMoveRequest = 0x0021 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Uid = AFFECTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
        /// Priority.
        priority: Priority = PRIORITY,
        /// Move Destination.
        move_destination: AeTitle = MOVE_DESTINATION,
    }
    /// C-MOVE-RSP (PS3.7 §9.3.4.2).
    CMoveResponse = 0x8021 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
        /// Number of Remaining Sub-operations.
        remaining: Option<u16> = NUMBER_OF_REMAINING_SUBOPERATIONS,
        /// Number of Completed Sub-operations.
        completed: Option<u16> = NUMBER_OF_COMPLETED_SUBOPERATIONS,
        /// Number of Failed Sub-operations.
        failed: Option<u16> = NUMBER_OF_FAILED_SUBOPERATIONS,
        /// Number of Warning Sub-operations.
        warning: Option<u16> = NUMBER_OF_WARNING_SUBOPERATIONS,
    }
    /// C-CANCEL-RQ of C-FIND, C-GET and C-MOVE (PS3.7 §9.3.2.3).
    CCancelRequest = 0x0FFF {
        /// Message ID of the request to cancel.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
    }
    /// C-ECHO-RQ (PS3.7 §9.3.5.1).
    CEchoRequest = 0x0030 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Uid = AFFECTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
    }
    /// C-ECHO-RSP (PS3.7 §9.3.5.2).
    CEchoResponse = 0x8030 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
    }
    /// N-EVENT-REPORT-RQ (PS3.7 §10.3.1.1). Event Information is the data set.
    NEventReportRequest = 0x0100 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Uid = AFFECTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
        /// Affected SOP Instance UID.
        affected_sop_instance_uid: Uid = AFFECTED_SOP_INSTANCE_UID,
        /// Event Type ID.
        event_type_id: u16 = EVENT_TYPE_ID,
    }
    /// N-EVENT-REPORT-RSP (PS3.7 §10.3.1.2). Event Reply is the data set.
    NEventReportResponse = 0x8100 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
        /// Affected SOP Instance UID.
        affected_sop_instance_uid: Option<Uid> = AFFECTED_SOP_INSTANCE_UID,
        /// Event Type ID.
        event_type_id: Option<u16> = EVENT_TYPE_ID,
    }
    /// N-GET-RQ (PS3.7 §10.3.2.1).
    NGetRequest = 0x0110 {
        /// Requested SOP Class UID.
        requested_sop_class_uid: Uid = REQUESTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
        /// Requested SOP Instance UID.
        requested_sop_instance_uid: Uid = REQUESTED_SOP_INSTANCE_UID,
        /// Attribute Identifier List; empty asks for everything.
        attribute_identifier_list: Vec<Tag> = ATTRIBUTE_IDENTIFIER_LIST,
    }
    /// N-GET-RSP (PS3.7 §10.3.2.2). The Attribute List is the data set.
    NGetResponse = 0x8110 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
        /// Affected SOP Instance UID.
        affected_sop_instance_uid: Option<Uid> = AFFECTED_SOP_INSTANCE_UID,
        /// Attribute Identifier List of status 0105H, 0106H, 0107H.
        attribute_identifier_list: Vec<Tag> = ATTRIBUTE_IDENTIFIER_LIST,
    }
    /// N-SET-RQ (PS3.7 §10.3.3.1). The Modification List is the data set.
    NSetRequest = 0x0120 {
        /// Requested SOP Class UID.
        requested_sop_class_uid: Uid = REQUESTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
        /// Requested SOP Instance UID.
        requested_sop_instance_uid: Uid = REQUESTED_SOP_INSTANCE_UID,
    }
    /// N-SET-RSP (PS3.7 §10.3.3.2). The Attribute List is the data set.
    NSetResponse = 0x8120 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
        /// Affected SOP Instance UID.
        affected_sop_instance_uid: Option<Uid> = AFFECTED_SOP_INSTANCE_UID,
        /// Attribute Identifier List of status 0105H, 0106H, 0107H.
        attribute_identifier_list: Vec<Tag> = ATTRIBUTE_IDENTIFIER_LIST,
    }
    /// N-ACTION-RQ (PS3.7 §10.3.4.1). Action Information is the data set.
    NActionRequest = 0x0130 {
        /// Requested SOP Class UID.
        requested_sop_class_uid: Uid = REQUESTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
        /// Requested SOP Instance UID.
        requested_sop_instance_uid: Uid = REQUESTED_SOP_INSTANCE_UID,
        /// Action Type ID.
        action_type_id: u16 = ACTION_TYPE_ID,
    }
    /// N-ACTION-RSP (PS3.7 §10.3.4.2). Action Reply is the data set.
    NActionResponse = 0x8130 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
        /// Affected SOP Instance UID.
        affected_sop_instance_uid: Option<Uid> = AFFECTED_SOP_INSTANCE_UID,
        /// Action Type ID.
        action_type_id: Option<u16> = ACTION_TYPE_ID,
    }
    /// N-CREATE-RQ (PS3.7 §10.3.5.1). The Attribute List is the data set.
    NCreateRequest = 0x0140 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Uid = AFFECTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
        /// Affected SOP Instance UID; absent, the SCP chooses.
        affected_sop_instance_uid: Option<Uid> = AFFECTED_SOP_INSTANCE_UID,
    }
    /// N-CREATE-RSP (PS3.7 §10.3.5.2). The Attribute List is the data set.
    NCreateResponse = 0x8140 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
        /// Affected SOP Instance UID.
        affected_sop_instance_uid: Option<Uid> = AFFECTED_SOP_INSTANCE_UID,
        /// Attribute Identifier List of status 0105H, 0106H, 0107H.
        attribute_identifier_list: Vec<Tag> = ATTRIBUTE_IDENTIFIER_LIST,
    }
    /// N-DELETE-RQ (PS3.7 §10.3.6.1).
    NDeleteRequest = 0x0150 {
        /// Requested SOP Class UID.
        requested_sop_class_uid: Uid = REQUESTED_SOP_CLASS_UID,
        /// Message ID.
        message_id: u16 = MESSAGE_ID,
        /// Requested SOP Instance UID.
        requested_sop_instance_uid: Uid = REQUESTED_SOP_INSTANCE_UID,
    }
    /// N-DELETE-RSP (PS3.7 §10.3.6.2).
    NDeleteResponse = 0x8150 {
        /// Affected SOP Class UID.
        affected_sop_class_uid: Option<Uid> = AFFECTED_SOP_CLASS_UID,
        /// Message ID Being Responded To.
        message_id_being_responded_to: u16 = MESSAGE_ID_BEING_RESPONDED_TO,
        /// Status.
        status: Status = STATUS,
        /// Offending Element.
        offending_element: Vec<Tag> = OFFENDING_ELEMENT,
        /// Error Comment.
        error_comment: Option<String> = ERROR_COMMENT,
        /// Error ID.
        error_id: Option<u16> = ERROR_ID,
        /// Affected SOP Instance UID.
        affected_sop_instance_uid: Option<Uid> = AFFECTED_SOP_INSTANCE_UID,
    }
}

response! {
    CStoreResponse to CStoreRequest {
        affected_sop_class_uid: |r: &CStoreRequest| Some(r.affected_sop_class_uid.clone()),
        affected_sop_instance_uid: |r: &CStoreRequest| Some(r.affected_sop_instance_uid.clone()),
    }
    CFindResponse to CFindRequest {
        affected_sop_class_uid: |r: &CFindRequest| Some(r.affected_sop_class_uid.clone()),
    }
    CGetResponse to CGetRequest {
        affected_sop_class_uid: |r: &CGetRequest| Some(r.affected_sop_class_uid.clone()),
        remaining: |_| None, completed: |_| None, failed: |_| None, warning: |_| None,
    }
    CMoveResponse to CMoveRequest {
        affected_sop_class_uid: |r: &CMoveRequest| Some(r.affected_sop_class_uid.clone()),
        remaining: |_| None, completed: |_| None, failed: |_| None, warning: |_| None,
    }
    CEchoResponse to CEchoRequest {
        affected_sop_class_uid: |r: &CEchoRequest| Some(r.affected_sop_class_uid.clone()),
    }
    NEventReportResponse to NEventReportRequest {
        affected_sop_class_uid: |r: &NEventReportRequest| Some(r.affected_sop_class_uid.clone()),
        affected_sop_instance_uid: |r: &NEventReportRequest| Some(r.affected_sop_instance_uid.clone()),
        event_type_id: |r: &NEventReportRequest| Some(r.event_type_id),
    }
    NGetResponse to NGetRequest {
        affected_sop_class_uid: |r: &NGetRequest| Some(r.requested_sop_class_uid.clone()),
        affected_sop_instance_uid: |r: &NGetRequest| Some(r.requested_sop_instance_uid.clone()),
        attribute_identifier_list: |_| Vec::new(),
    }
    NSetResponse to NSetRequest {
        affected_sop_class_uid: |r: &NSetRequest| Some(r.requested_sop_class_uid.clone()),
        affected_sop_instance_uid: |r: &NSetRequest| Some(r.requested_sop_instance_uid.clone()),
        attribute_identifier_list: |_| Vec::new(),
    }
    NActionResponse to NActionRequest {
        affected_sop_class_uid: |r: &NActionRequest| Some(r.requested_sop_class_uid.clone()),
        affected_sop_instance_uid: |r: &NActionRequest| Some(r.requested_sop_instance_uid.clone()),
        action_type_id: |r: &NActionRequest| Some(r.action_type_id),
    }
    NCreateResponse to NCreateRequest {
        affected_sop_class_uid: |r: &NCreateRequest| Some(r.affected_sop_class_uid.clone()),
        affected_sop_instance_uid: |r: &NCreateRequest| r.affected_sop_instance_uid.clone(),
        attribute_identifier_list: |_| Vec::new(),
    }
    NDeleteResponse to NDeleteRequest {
        affected_sop_class_uid: |r: &NDeleteRequest| Some(r.requested_sop_class_uid.clone()),
        affected_sop_instance_uid: |r: &NDeleteRequest| Some(r.requested_sop_instance_uid.clone()),
    }
}

/// A response to any request whose kind is unknown or whose fields cannot be read: what can be
/// repeated, and the status (PS3.7 §9.1, §10.1). `None` if there is not even a Message ID, or for
/// messages that have no response.
pub fn failure_response(request: &CommandSet, status: Status, comment: &str) -> Option<CommandSet> {
    let field = request.command_field().ok()?;
    if field & 0x8000 != 0 || field == CCancelRequest::COMMAND_FIELD {
        return None;
    }
    let mut set = CommandSet::new(field | 0x8000);
    set.set(MESSAGE_ID_BEING_RESPONDED_TO, &request.message_id().ok()?);
    set.set(STATUS, &status);
    set.set(
        ERROR_COMMENT,
        &Some(comment.to_owned()).filter(|text| !text.is_empty()),
    );
    for (affected, requested) in [
        (AFFECTED_SOP_CLASS_UID, REQUESTED_SOP_CLASS_UID),
        (AFFECTED_SOP_INSTANCE_UID, REQUESTED_SOP_INSTANCE_UID),
    ] {
        let given: Option<Uid> = request.get::<Option<Uid>>(affected).ok().flatten();
        let given = given.or_else(|| request.get::<Option<Uid>>(requested).ok().flatten());
        set.set(affected, &given);
    }
    Some(set)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests;

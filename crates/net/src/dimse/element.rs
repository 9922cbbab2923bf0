//! Element numbers of group 0000 (PS3.7 Annex E).

/// Command Group Length, UL.
pub const COMMAND_GROUP_LENGTH: u16 = 0x0000;
/// Affected SOP Class UID, UI.
pub const AFFECTED_SOP_CLASS_UID: u16 = 0x0002;
/// Requested SOP Class UID, UI.
pub const REQUESTED_SOP_CLASS_UID: u16 = 0x0003;
/// Command Field, US.
pub const COMMAND_FIELD: u16 = 0x0100;
/// Message ID, US.
pub const MESSAGE_ID: u16 = 0x0110;
/// Message ID Being Responded To, US.
pub const MESSAGE_ID_BEING_RESPONDED_TO: u16 = 0x0120;
/// Move Destination, AE.
pub const MOVE_DESTINATION: u16 = 0x0600;
/// Priority, US.
pub const PRIORITY: u16 = 0x0700;
/// Command Data Set Type, US.
pub const COMMAND_DATA_SET_TYPE: u16 = 0x0800;
/// Status, US.
pub const STATUS: u16 = 0x0900;
/// Offending Element, AT.
pub const OFFENDING_ELEMENT: u16 = 0x0901;
/// Error Comment, LO.
pub const ERROR_COMMENT: u16 = 0x0902;
/// Error ID, US.
pub const ERROR_ID: u16 = 0x0903;
/// Affected SOP Instance UID, UI.
pub const AFFECTED_SOP_INSTANCE_UID: u16 = 0x1000;
/// Requested SOP Instance UID, UI.
pub const REQUESTED_SOP_INSTANCE_UID: u16 = 0x1001;
/// Event Type ID, US.
pub const EVENT_TYPE_ID: u16 = 0x1002;
/// Attribute Identifier List, AT.
pub const ATTRIBUTE_IDENTIFIER_LIST: u16 = 0x1005;
/// Action Type ID, US.
pub const ACTION_TYPE_ID: u16 = 0x1008;
/// Number of Remaining Sub-operations, US.
pub const NUMBER_OF_REMAINING_SUBOPERATIONS: u16 = 0x1020;
/// Number of Completed Sub-operations, US.
pub const NUMBER_OF_COMPLETED_SUBOPERATIONS: u16 = 0x1021;
/// Number of Failed Sub-operations, US.
pub const NUMBER_OF_FAILED_SUBOPERATIONS: u16 = 0x1022;
/// Number of Warning Sub-operations, US.
pub const NUMBER_OF_WARNING_SUBOPERATIONS: u16 = 0x1023;
/// Move Originator Application Entity Title, AE.
pub const MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE: u16 = 0x1030;
/// Move Originator Message ID, US.
pub const MOVE_ORIGINATOR_MESSAGE_ID: u16 = 0x1031;

//! Command sets and identifiers in Implicit VR Little Endian (PS3.7 §6.3.1, Annex E), as bytes:
//! the client must cost next to nothing.

/// SOP Class UIDs of Study Root Query/Retrieve (PS3.4 §C.3).
pub const FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
/// Study Root MOVE.
pub const MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";
/// Study Root GET.
pub const GET: &str = "1.2.840.10008.5.1.4.1.2.2.3";
/// Implicit VR Little Endian.
pub const IMPLICIT: &str = "1.2.840.10008.1.2";
/// Explicit VR Little Endian.
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";

/// Command Field values (PS3.7 §E.1).
pub mod field {
    pub const C_STORE_RQ: u16 = 0x0001;
    pub const C_GET_RQ: u16 = 0x0010;
    pub const C_FIND_RQ: u16 = 0x0020;
    pub const C_MOVE_RQ: u16 = 0x0021;
    pub const C_STORE_RSP: u16 = 0x8001;
}

/// Element numbers of the command group.
pub mod element {
    pub const AFFECTED_SOP_CLASS_UID: u16 = 0x0002;
    pub const COMMAND_FIELD: u16 = 0x0100;
    pub const MESSAGE_ID: u16 = 0x0110;
    pub const MESSAGE_ID_RESPONDED_TO: u16 = 0x0120;
    pub const MOVE_DESTINATION: u16 = 0x0600;
    pub const PRIORITY: u16 = 0x0700;
    pub const DATA_SET_TYPE: u16 = 0x0800;
    pub const STATUS: u16 = 0x0900;
    pub const AFFECTED_SOP_INSTANCE_UID: u16 = 0x1000;
}

const NO_DATA_SET: u16 = 0x0101;

/// Appends one element, padded to even length with `pad`.
pub fn put(out: &mut Vec<u8>, group: u16, element: u16, value: &[u8], pad: u8) {
    let odd = value.len() % 2;
    out.extend_from_slice(&group.to_le_bytes());
    out.extend_from_slice(&element.to_le_bytes());
    out.extend_from_slice(&((value.len() + odd) as u32).to_le_bytes());
    out.extend_from_slice(value);
    if odd == 1 {
        out.push(pad);
    }
}

/// A request, with a data set to follow.
pub fn request(
    command_field: u16,
    message_id: u16,
    sop_class_uid: &str,
    sop_instance_uid: Option<&str>,
    destination: Option<&str>,
) -> Vec<u8> {
    let mut body = Vec::with_capacity(220);
    put(
        &mut body,
        0,
        element::AFFECTED_SOP_CLASS_UID,
        sop_class_uid.as_bytes(),
        0,
    );
    put(
        &mut body,
        0,
        element::COMMAND_FIELD,
        &command_field.to_le_bytes(),
        0,
    );
    put(
        &mut body,
        0,
        element::MESSAGE_ID,
        &message_id.to_le_bytes(),
        0,
    );
    if let Some(destination) = destination {
        put(
            &mut body,
            0,
            element::MOVE_DESTINATION,
            destination.as_bytes(),
            b' ',
        );
    }
    put(&mut body, 0, element::PRIORITY, &0u16.to_le_bytes(), 0);
    put(&mut body, 0, element::DATA_SET_TYPE, &0u16.to_le_bytes(), 0);
    if let Some(uid) = sop_instance_uid {
        put(
            &mut body,
            0,
            element::AFFECTED_SOP_INSTANCE_UID,
            uid.as_bytes(),
            0,
        );
    }
    with_group_length(&body)
}

/// Success for a C-STORE-RQ.
pub fn store_response(request: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(160);
    let copied = |number| value(request, number).unwrap_or_default();
    put(
        &mut body,
        0,
        element::AFFECTED_SOP_CLASS_UID,
        copied(element::AFFECTED_SOP_CLASS_UID),
        0,
    );
    put(
        &mut body,
        0,
        element::COMMAND_FIELD,
        &field::C_STORE_RSP.to_le_bytes(),
        0,
    );
    put(
        &mut body,
        0,
        element::MESSAGE_ID_RESPONDED_TO,
        copied(element::MESSAGE_ID),
        0,
    );
    put(
        &mut body,
        0,
        element::DATA_SET_TYPE,
        &NO_DATA_SET.to_le_bytes(),
        0,
    );
    put(&mut body, 0, element::STATUS, &0u16.to_le_bytes(), 0);
    put(
        &mut body,
        0,
        element::AFFECTED_SOP_INSTANCE_UID,
        copied(element::AFFECTED_SOP_INSTANCE_UID),
        0,
    );
    with_group_length(&body)
}

fn with_group_length(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 12);
    put(&mut out, 0, 0, &(body.len() as u32).to_le_bytes(), 0);
    out.extend_from_slice(body);
    out
}

/// The value of a command element.
pub fn value(command: &[u8], number: u16) -> Option<&[u8]> {
    let mut rest = command;
    while rest.len() >= 8 {
        let length = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?) as usize;
        let is_it = rest.get(..4)? == [0, 0, number.to_le_bytes()[0], number.to_le_bytes()[1]];
        let value = rest.get(8..8 + length)?;
        if is_it {
            return Some(value);
        }
        rest = &rest[8 + length..];
    }
    None
}

/// A US value of a command element; 0 if it is not there.
pub fn number(command: &[u8], element: u16) -> u16 {
    let bytes = value(command, element).and_then(|value| value.first_chunk::<2>());
    bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

/// Is the status one of C-FIND's, C-GET's and C-MOVE's pending ones?
pub fn is_pending(command: &[u8]) -> bool {
    matches!(number(command, element::STATUS), 0xFF00 | 0xFF01)
}

/// An identifier: tags with values, ascending.
pub fn identifier(keys: &[(u32, &str)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    for (tag, value) in keys {
        let is_uid = matches!(tag, 0x0020_000D | 0x0020_000E | 0x0008_0018);
        let pad = if is_uid { 0 } else { b' ' };
        put(
            &mut out,
            (tag >> 16) as u16,
            *tag as u16,
            value.as_bytes(),
            pad,
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_command_are_found_again() {
        let command = request(field::C_STORE_RQ, 7, "1.2.3", Some("1.2.3.4"), None);
        assert_eq!(number(&command, element::MESSAGE_ID), 7);
        let response = store_response(&command);
        assert_eq!(number(&response, element::MESSAGE_ID_RESPONDED_TO), 7);
        assert_eq!(
            value(&response, element::AFFECTED_SOP_CLASS_UID),
            Some(&b"1.2.3\0"[..])
        );
        assert!(!is_pending(&response));
    }
}

//! From PDUs to bytes (PS3.8 §9.3).

use super::associate::*;
use super::item_type as item;
use super::{Pdu, pdu_type};

/// Bytes of a P-DATA-TF of one PDV besides its fragment: PDU header 6, PDV length 4, context id 1,
/// message control header 1.
pub const PDV_OVERHEAD: usize = 12;

/// What comes before the fragment in a P-DATA-TF of one PDV (PS3.8 §9.3.5, Annex E.2).
pub fn pdv_header(
    context_id: u8,
    is_command: bool,
    is_last: bool,
    fragment: u32,
) -> [u8; PDV_OVERHEAD] {
    let [p0, p1, p2, p3] = fragment.saturating_add(6).to_be_bytes();
    let [d0, d1, d2, d3] = fragment.saturating_add(2).to_be_bytes();
    let control = u8::from(is_command) | u8::from(is_last) << 1;
    [
        pdu_type::P_DATA_TF,
        0,
        p0,
        p1,
        p2,
        p3,
        d0,
        d1,
        d2,
        d3,
        context_id,
        control,
    ]
}

impl Pdu {
    /// The bytes of the PDU. Fields too long for their 16-bit lengths are cut; the builders do not
    /// make such ones.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, body) = match self {
            Pdu::AssociateRq(request) => (pdu_type::ASSOCIATE_RQ, associate_rq(request)),
            Pdu::AssociateAc(response) => (pdu_type::ASSOCIATE_AC, associate_ac(response)),
            Pdu::AssociateRj(r) => (
                pdu_type::ASSOCIATE_RJ,
                vec![0, r.result, r.source, r.reason],
            ),
            Pdu::ReleaseRq => (pdu_type::RELEASE_RQ, vec![0; 4]),
            Pdu::ReleaseRp => (pdu_type::RELEASE_RP, vec![0; 4]),
            Pdu::Abort { source, reason } => {
                (pdu_type::ABORT, vec![0, 0, source.to_byte(), *reason])
            }
        };
        let mut out = Vec::with_capacity(body.len() + 6);
        out.extend_from_slice(&[kind, 0]);
        out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(&body);
        out
    }
}

fn associate_rq(request: &AssociateRq) -> Vec<u8> {
    let mut out = fixed_fields(
        request.protocol_version,
        &request.called_ae_title,
        &request.calling_ae_title,
        &request.application_context,
    );
    for context in &request.presentation_contexts {
        let mut body = vec![context.id, 0, 0, 0];
        if let Some(uid) = &context.abstract_syntax {
            write_item(&mut body, item::ABSTRACT_SYNTAX, uid.as_str().as_bytes());
        }
        for uid in &context.transfer_syntaxes {
            write_item(&mut body, item::TRANSFER_SYNTAX, uid.as_str().as_bytes());
        }
        write_item(&mut out, item::PRESENTATION_CONTEXT_RQ, &body);
    }
    write_item(
        &mut out,
        item::USER_INFORMATION,
        &user_information(&request.user_information),
    );
    out
}

fn associate_ac(response: &AssociateAc) -> Vec<u8> {
    let mut out = fixed_fields(
        response.protocol_version,
        &response.called_ae_title,
        &response.calling_ae_title,
        &response.application_context,
    );
    for context in &response.presentation_contexts {
        let mut body = vec![context.id, 0, context.result.to_byte(), 0];
        let uid = context
            .transfer_syntax
            .as_ref()
            .map_or("", |uid| uid.as_str());
        write_item(&mut body, item::TRANSFER_SYNTAX, uid.as_bytes());
        write_item(&mut out, item::PRESENTATION_CONTEXT_AC, &body);
    }
    write_item(
        &mut out,
        item::USER_INFORMATION,
        &user_information(&response.user_information),
    );
    out
}

fn fixed_fields(version: u16, called: &str, calling: &str, application_context: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(&version.to_be_bytes());
    out.extend_from_slice(&[0; 2]);
    for title in [called, calling] {
        let mut field = [b' '; 16];
        for (slot, byte) in field.iter_mut().zip(title.bytes()) {
            *slot = byte;
        }
        out.extend_from_slice(&field);
    }
    out.extend_from_slice(&[0; 32]);
    write_item(
        &mut out,
        item::APPLICATION_CONTEXT,
        application_context.as_bytes(),
    );
    out
}

fn write_item(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    out.extend_from_slice(&[kind, 0]);
    write_counted(out, body);
}

fn write_counted(out: &mut Vec<u8>, body: &[u8]) {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body.get(..usize::from(length)).unwrap_or(body));
}

fn user_information(information: &UserInformation) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write_item(
        &mut out,
        item::MAXIMUM_LENGTH,
        &information.maximum_length.to_be_bytes(),
    );
    if let Some(uid) = &information.implementation_class_uid {
        write_item(
            &mut out,
            item::IMPLEMENTATION_CLASS_UID,
            uid.as_str().as_bytes(),
        );
    }
    if let Some(window) = &information.operations_window {
        let mut body = window.invoked.to_be_bytes().to_vec();
        body.extend_from_slice(&window.performed.to_be_bytes());
        write_item(&mut out, item::ASYNCHRONOUS_OPERATIONS_WINDOW, &body);
    }
    for role in &information.roles {
        let mut body = Vec::new();
        write_counted(&mut body, role.sop_class_uid.as_str().as_bytes());
        body.extend_from_slice(&[u8::from(role.scu), u8::from(role.scp)]);
        write_item(&mut out, item::ROLE_SELECTION, &body);
    }
    if let Some(name) = &information.implementation_version_name {
        write_item(&mut out, item::IMPLEMENTATION_VERSION_NAME, name.as_bytes());
    }
    for negotiation in &information.extended_negotiation {
        let mut body = Vec::new();
        write_counted(&mut body, negotiation.sop_class_uid.as_str().as_bytes());
        body.extend_from_slice(&negotiation.application_information);
        write_item(&mut out, item::EXTENDED_NEGOTIATION, &body);
    }
    for negotiation in &information.common_extended_negotiation {
        let mut related = Vec::new();
        for uid in &negotiation.related_general_sop_class_uids {
            write_counted(&mut related, uid.as_str().as_bytes());
        }
        let mut body = Vec::new();
        write_counted(&mut body, negotiation.sop_class_uid.as_str().as_bytes());
        write_counted(&mut body, negotiation.service_class_uid.as_str().as_bytes());
        write_counted(&mut body, &related);
        write_item(&mut out, item::COMMON_EXTENDED_NEGOTIATION, &body);
    }
    if let Some(identity) = &information.user_identity {
        let mut body = vec![
            identity.kind.to_byte(),
            u8::from(identity.positive_response_requested),
        ];
        write_counted(&mut body, &identity.primary_field);
        write_counted(&mut body, &identity.secondary_field);
        write_item(&mut out, item::USER_IDENTITY_RQ, &body);
    }
    if let Some(response) = &information.user_identity_response {
        let mut body = Vec::new();
        write_counted(&mut body, response);
        write_item(&mut out, item::USER_IDENTITY_AC, &body);
    }
    out
}

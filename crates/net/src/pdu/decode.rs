//! From bytes to association PDUs (PS3.8 §9.3). Tolerant where peers are odd: unknown items are
//! skipped, reserved bytes not read, UIDs taken as devices send them, a trailing scrap in the user
//! information ignored.

use bytes::Bytes;
use sagittal_core::Uid;

use super::associate::*;
use super::cursor::Cursor;
use super::item_type as item;
use super::{AbortSource, Pdu, PduError, PduErrorKind, Rejection, pdu_type};

/// Ids are odd bytes, so there cannot be more.
const MAX_CONTEXTS: usize = 128;
/// No toolkit proposes more in a context; the standard defines about 70.
const MAX_TRANSFER_SYNTAXES: usize = 512;
/// Of each repeatable user information item.
const MAX_USER_ITEMS: usize = 1024;

/// Reads the body of a PDU other than P-DATA-TF. `offset` is that of its first byte.
pub(super) fn decode(kind: u8, body: &[u8], offset: u64) -> Result<Pdu, PduError> {
    let mut cursor = Cursor::new(body, offset);
    let short = || PduError {
        kind: PduErrorKind::TooShort {
            pdu_type: kind,
            length: u32::try_from(body.len()).unwrap_or(u32::MAX),
        },
        offset,
    };
    match kind {
        pdu_type::ASSOCIATE_RQ => {
            associate_rq(&mut cursor).map(|rq| Pdu::AssociateRq(Box::new(rq)))
        }
        pdu_type::ASSOCIATE_AC => {
            associate_ac(&mut cursor).map(|ac| Pdu::AssociateAc(Box::new(ac)))
        }
        pdu_type::ASSOCIATE_RJ => {
            let &[_, result, source, reason, ..] = body else {
                return Err(short());
            };
            Ok(Pdu::AssociateRj(Rejection {
                result,
                source,
                reason,
            }))
        }
        pdu_type::RELEASE_RQ => Ok(Pdu::ReleaseRq),
        pdu_type::RELEASE_RP => Ok(Pdu::ReleaseRp),
        pdu_type::ABORT => {
            let &[_, _, source, reason, ..] = body else {
                return Err(short());
            };
            Ok(Pdu::Abort {
                source: AbortSource::from_byte(source),
                reason,
            })
        }
        other => Err(PduError {
            kind: PduErrorKind::UnrecognizedPdu(other),
            offset,
        }),
    }
}

struct Fixed {
    protocol_version: u16,
    called_ae_title: String,
    calling_ae_title: String,
}

fn fixed_fields(cursor: &mut Cursor<'_>) -> Result<Fixed, PduError> {
    let protocol_version = cursor.u16("protocol version")?;
    cursor.take(2, "reserved field")?;
    let called_ae_title = ae_title(cursor.take(16, "called AE title")?);
    let calling_ae_title = ae_title(cursor.take(16, "calling AE title")?);
    cursor.take(32, "reserved field")?;
    Ok(Fixed {
        protocol_version,
        called_ae_title,
        calling_ae_title,
    })
}

/// Some devices end the title with a NUL and leave scraps behind it.
fn ae_title(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(bytes.len());
    let bytes = bytes.get(..end).unwrap_or_default();
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn text(mut cursor: Cursor<'_>) -> String {
    String::from_utf8_lossy(cursor.rest())
        .trim_matches(['\0', ' '])
        .to_owned()
}

fn uid(cursor: Cursor<'_>) -> Option<Uid> {
    Uid::tolerant(&text(cursor)).ok()
}

fn bytes(mut cursor: Cursor<'_>) -> Bytes {
    Bytes::copy_from_slice(cursor.rest())
}

fn push<T>(
    list: &mut Vec<T>,
    value: T,
    limit: usize,
    what: &'static str,
    at: &Cursor<'_>,
) -> Result<(), PduError> {
    if list.len() >= limit {
        return Err(at.error(PduErrorKind::TooMany { what, limit }));
    }
    list.push(value);
    Ok(())
}

/// Ids already met in a PDU.
#[derive(Default)]
struct SeenIds(Vec<u8>);

impl SeenIds {
    fn check(&mut self, id: u8, at: &Cursor<'_>) -> Result<(), PduError> {
        if id.is_multiple_of(2) || self.0.contains(&id) {
            return Err(at.error(PduErrorKind::InvalidContextId(id)));
        }
        self.0.push(id);
        Ok(())
    }
}

fn associate_rq(cursor: &mut Cursor<'_>) -> Result<AssociateRq, PduError> {
    let fixed = fixed_fields(cursor)?;
    let mut request = AssociateRq {
        protocol_version: fixed.protocol_version,
        called_ae_title: fixed.called_ae_title,
        calling_ae_title: fixed.calling_ae_title,
        application_context: String::new(),
        presentation_contexts: Vec::new(),
        user_information: UserInformation::default(),
    };
    let mut seen = SeenIds::default();
    while !cursor.is_empty() {
        let (kind, contents) = cursor.item("item")?;
        match kind {
            item::APPLICATION_CONTEXT => request.application_context = text(contents),
            item::PRESENTATION_CONTEXT_RQ => {
                let context = proposed_context(contents)?;
                seen.check(context.id, &contents)?;
                let list = &mut request.presentation_contexts;
                push(
                    list,
                    context,
                    MAX_CONTEXTS,
                    "presentation contexts",
                    &contents,
                )?;
            }
            item::USER_INFORMATION => user_information(contents, &mut request.user_information)?,
            _ => {}
        }
    }
    Ok(request)
}

fn associate_ac(cursor: &mut Cursor<'_>) -> Result<AssociateAc, PduError> {
    let fixed = fixed_fields(cursor)?;
    let mut response = AssociateAc {
        protocol_version: fixed.protocol_version,
        called_ae_title: fixed.called_ae_title,
        calling_ae_title: fixed.calling_ae_title,
        application_context: String::new(),
        presentation_contexts: Vec::new(),
        user_information: UserInformation::default(),
    };
    let mut seen = SeenIds::default();
    while !cursor.is_empty() {
        let (kind, contents) = cursor.item("item")?;
        match kind {
            item::APPLICATION_CONTEXT => response.application_context = text(contents),
            item::PRESENTATION_CONTEXT_AC => {
                let context = result_context(contents)?;
                seen.check(context.id, &contents)?;
                let list = &mut response.presentation_contexts;
                push(
                    list,
                    context,
                    MAX_CONTEXTS,
                    "presentation contexts",
                    &contents,
                )?;
            }
            item::USER_INFORMATION => user_information(contents, &mut response.user_information)?,
            _ => {}
        }
    }
    Ok(response)
}

fn proposed_context(mut cursor: Cursor<'_>) -> Result<ProposedContext, PduError> {
    let id = cursor.u8("presentation context id")?;
    cursor.take(3, "reserved field")?;
    let mut context = ProposedContext {
        id,
        abstract_syntax: None,
        transfer_syntaxes: Vec::new(),
    };
    while !cursor.is_empty() {
        let (kind, contents) = cursor.item("presentation context sub-item")?;
        match kind {
            item::ABSTRACT_SYNTAX => context.abstract_syntax = uid(contents),
            item::TRANSFER_SYNTAX => {
                if let Some(uid) = uid(contents) {
                    let list = &mut context.transfer_syntaxes;
                    push(
                        list,
                        uid,
                        MAX_TRANSFER_SYNTAXES,
                        "transfer syntaxes",
                        &contents,
                    )?;
                }
            }
            _ => {}
        }
    }
    Ok(context)
}

fn result_context(mut cursor: Cursor<'_>) -> Result<ResultContext, PduError> {
    let id = cursor.u8("presentation context id")?;
    cursor.take(1, "reserved field")?;
    let result = ContextResult::from_byte(cursor.u8("presentation context result")?);
    cursor.take(1, "reserved field")?;
    let mut context = ResultContext {
        id,
        result,
        transfer_syntax: None,
    };
    while !cursor.is_empty() {
        match cursor.item("presentation context sub-item") {
            Ok((item::TRANSFER_SYNTAX, contents)) if context.transfer_syntax.is_none() => {
                context.transfer_syntax = uid(contents);
            }
            Ok(_) => {}
            // Of a refused context the transfer syntax is not significant, and some leave scraps.
            Err(_) if result != ContextResult::Acceptance => break,
            Err(error) => return Err(error),
        }
    }
    Ok(context)
}

fn user_information(
    mut cursor: Cursor<'_>,
    information: &mut UserInformation,
) -> Result<(), PduError> {
    while !cursor.is_empty() {
        // Trailing scraps that are no whole item: seen from old modalities, harmless.
        let Ok((kind, contents)) = cursor.item("user information sub-item") else {
            break;
        };
        user_item(kind, contents, information)?;
    }
    Ok(())
}

fn user_item(
    kind: u8,
    mut cursor: Cursor<'_>,
    information: &mut UserInformation,
) -> Result<(), PduError> {
    match kind {
        item::MAXIMUM_LENGTH => information.maximum_length = cursor.u32("maximum length")?,
        item::IMPLEMENTATION_CLASS_UID => information.implementation_class_uid = uid(cursor),
        item::IMPLEMENTATION_VERSION_NAME => {
            let name: String = text(cursor).chars().take(16).collect();
            information.implementation_version_name = Some(name).filter(|name| !name.is_empty());
        }
        item::ASYNCHRONOUS_OPERATIONS_WINDOW => {
            let invoked = cursor.u16("asynchronous operations window")?;
            let performed = cursor.u16("asynchronous operations window")?;
            information.operations_window = Some(OperationsWindowItem { invoked, performed });
        }
        item::ROLE_SELECTION => {
            let sop_class_uid = uid(cursor.counted("role selection")?);
            let scu = cursor.u8("role selection")? != 0;
            let scp = cursor.u8("role selection")? != 0;
            if let Some(sop_class_uid) = sop_class_uid {
                let role = RoleSelection {
                    sop_class_uid,
                    scu,
                    scp,
                };
                push(
                    &mut information.roles,
                    role,
                    MAX_USER_ITEMS,
                    "role selections",
                    &cursor,
                )?;
            }
        }
        item::EXTENDED_NEGOTIATION => {
            if let Some(sop_class_uid) = uid(cursor.counted("extended negotiation")?) {
                let application_information = bytes(cursor);
                let item = ExtendedNegotiation {
                    sop_class_uid,
                    application_information,
                };
                let list = &mut information.extended_negotiation;
                push(list, item, MAX_USER_ITEMS, "extended negotiations", &cursor)?;
            }
        }
        item::COMMON_EXTENDED_NEGOTIATION => {
            if let Some(item) = common_extended_negotiation(cursor)? {
                let list = &mut information.common_extended_negotiation;
                push(
                    list,
                    item,
                    MAX_USER_ITEMS,
                    "common extended negotiations",
                    &cursor,
                )?;
            }
        }
        item::USER_IDENTITY_RQ => {
            let kind = UserIdentityType::from_byte(cursor.u8("user identity")?);
            let positive_response_requested = cursor.u8("user identity")? != 0;
            let primary_field = bytes(cursor.counted("user identity primary field")?);
            // Some leave the secondary length out when there is no passcode.
            let secondary_field = if cursor.is_empty() {
                Bytes::new()
            } else {
                bytes(cursor.counted("user identity secondary field")?)
            };
            information.user_identity = Some(UserIdentity {
                kind,
                positive_response_requested,
                primary_field,
                secondary_field,
            });
        }
        item::USER_IDENTITY_AC => {
            let response = cursor.counted("user identity response")?;
            information.user_identity_response = Some(bytes(response));
        }
        _ => {}
    }
    Ok(())
}

fn common_extended_negotiation(
    mut cursor: Cursor<'_>,
) -> Result<Option<CommonExtendedNegotiation>, PduError> {
    const WHAT: &str = "common extended negotiation";
    let sop_class_uid = uid(cursor.counted(WHAT)?);
    let service_class_uid = uid(cursor.counted(WHAT)?);
    let mut related_general_sop_class_uids = Vec::new();
    if !cursor.is_empty() {
        let mut related = cursor.counted(WHAT)?;
        while !related.is_empty() {
            if let Some(uid) = uid(related.counted(WHAT)?) {
                let list = &mut related_general_sop_class_uids;
                push(
                    list,
                    uid,
                    MAX_USER_ITEMS,
                    "related general SOP classes",
                    &related,
                )?;
            }
        }
    }
    Ok(sop_class_uid
        .zip(service_class_uid)
        .map(
            |(sop_class_uid, service_class_uid)| CommonExtendedNegotiation {
                sop_class_uid,
                service_class_uid,
                related_general_sop_class_uids,
            },
        ))
}

//! Encrypted Attributes Sequence (0400,0500) and what is in it (PS3.3 §C.12.1.1.4, PS3.15 §E.1).

use bytes::Bytes;
use sagittal_core::{DataSet, Limits, Vr, tags};
use sagittal_file::encoding::EXPLICIT_VR_LITTLE_ENDIAN;
use sagittal_file::read::read_data_set;
use sagittal_file::write::write_data_set;

use super::certificate::{Certificate, PrivateKey};
use super::envelope::{KeyTransport, seal};
use super::open::open;
use crate::{Error, Result};

/// An item of Encrypted Attributes Sequence that hides `originals`, the item of Modified
/// Attributes Sequence: attributes of the top level with the values they had. SOP Instance UID
/// should be among them even if it is retained: GDCM refuses to restore without it.
///
/// # Errors
/// [`Error::Crypto`] without recipients, or if a key cannot be used; [`Error::File`] if `originals`
/// cannot be written.
pub fn encrypt(
    originals: &DataSet,
    recipients: &[Certificate],
    transport: KeyTransport,
) -> Result<DataSet> {
    let mut originals = originals.clone();
    // Within the message nothing says which character set the data set around it has.
    let terms = originals.character_set().defined_terms();
    let mut content = DataSet::new();
    if !terms.is_empty() {
        content.put_bytes(
            tags::SPECIFIC_CHARACTER_SET,
            Vr::CS,
            terms.clone().into_bytes(),
        );
        if !originals.contains(tags::SPECIFIC_CHARACTER_SET) {
            originals.put_bytes(tags::SPECIFIC_CHARACTER_SET, Vr::CS, terms.into_bytes());
        }
    }
    content.put_items(tags::MODIFIED_ATTRIBUTES_SEQUENCE, vec![originals]);
    let mut plain = Vec::new();
    write_data_set(&content, EXPLICIT_VR_LITTLE_ENDIAN, &mut plain)?;
    let message = seal(&plain, recipients, transport)?;
    let mut item = DataSet::new();
    let uid = EXPLICIT_VR_LITTLE_ENDIAN.as_bytes().to_vec();
    item.put_bytes(tags::ENCRYPTED_CONTENT_TRANSFER_SYNTAX_UID, Vr::UI, uid);
    item.put_bytes(tags::ENCRYPTED_CONTENT, Vr::OB, message);
    Ok(item)
}

/// The item of Modified Attributes Sequence in an item of Encrypted Attributes Sequence.
///
/// # Errors
/// [`Error::Crypto`] if it is not encrypted for this key, [`Error::File`] if what comes out cannot
/// be read.
pub fn decrypt(
    item: &DataSet,
    key: &PrivateKey,
    certificate: Option<&Certificate>,
) -> Result<DataSet> {
    let message = item.bytes(tags::ENCRYPTED_CONTENT);
    let message = message.ok_or_else(|| Error::crypto("Encrypted Content (0400,0520)"))?;
    let syntax = item.first_text(tags::ENCRYPTED_CONTENT_TRANSFER_SYNTAX_UID);
    let syntax = syntax.as_deref().unwrap_or(EXPLICIT_VR_LITTLE_ENDIAN);
    let plain = Bytes::from(open(message, key, certificate)?);
    let (content, _) = read_data_set(&plain, syntax, Limits::default())?;
    let found = content
        .items(tags::MODIFIED_ATTRIBUTES_SEQUENCE)
        .first()
        .cloned();
    found.ok_or_else(|| Error::crypto("Modified Attributes Sequence (0400,0550) in the content"))
}

/// Puts the original values back (PS3.15 §E.1.2): those of the first item that this key opens.
/// The markers of de-identification go. Returns how many attributes came back.
///
/// # Errors
/// [`Error::Crypto`] if there is nothing encrypted, or nothing for this key.
pub fn restore(
    data_set: &mut DataSet,
    key: &PrivateKey,
    certificate: Option<&Certificate>,
) -> Result<usize> {
    let mut outcome = Err(Error::crypto("Encrypted Attributes Sequence (0400,0500)"));
    for item in data_set.items(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE) {
        outcome = decrypt(item, key, certificate);
        if outcome.is_ok() {
            break;
        }
    }
    let mut originals = outcome?;
    let original_set = originals.character_set().clone();
    if original_set != *data_set.character_set() {
        // One character set must hold both.
        let utf8 = sagittal_core::CharacterSet::utf8();
        data_set.transcode_text(&utf8);
        originals.transcode_text(&utf8);
    }
    let mut count = 0;
    for element in originals.into_elements() {
        if element.tag != tags::SPECIFIC_CHARACTER_SET {
            count += 1;
            data_set.put(element);
        }
    }
    data_set.remove(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE);
    data_set.remove(tags::DE_IDENTIFICATION_METHOD);
    data_set.remove(tags::DE_IDENTIFICATION_METHOD_CODE_SEQUENCE);
    data_set.put_text(tags::PATIENT_IDENTITY_REMOVED, "NO");
    Ok(count)
}

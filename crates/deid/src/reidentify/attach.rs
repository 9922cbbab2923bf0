//! What de-identification changed, encrypted into its result.

use sagittal_core::{DataSet, Element, tags};

use super::{Certificate, KeyTransport, encrypt};
use crate::Result;

/// Puts an item into Encrypted Attributes Sequence of `after` with every attribute of the top
/// level that `before` has and that is not the same any more; whole sequences, for a change deep
/// within. Pixel data is not among them: what was blanked stays blanked.
///
/// # Errors
/// As [`encrypt`].
pub fn attach(after: &mut DataSet, before: &DataSet, recipients: &[Certificate]) -> Result<()> {
    let character_set = before.character_set().clone();
    let mut originals = DataSet::with_character_set(character_set);
    for element in before.elements() {
        if is_wanted(element) && after.get(element.tag) != Some(element) {
            originals.put(element.clone());
        }
    }
    // Restoring needs it even where UIDs are retained.
    if let Some(uid) = before.get(tags::SOP_INSTANCE_UID) {
        originals.put(uid.clone());
    }
    let item = encrypt(&originals, recipients, KeyTransport::Pkcs1)?;
    let mut items = after.items(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE).to_vec();
    items.push(item);
    after.put_items(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE, items);
    Ok(())
}

/// Neither pixels nor what describes their bytes, nor what an earlier run has encrypted.
fn is_wanted(element: &Element) -> bool {
    let tag = element.tag;
    tag.group() != 0x7FE0 && !tag.is_group_length() && tag != tags::ENCRYPTED_ATTRIBUTES_SEQUENCE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::reidentify::{PrivateKey, restore};

    #[test]
    fn what_was_changed_comes_back_and_nothing_else_is_told() {
        let mut before = DataSet::utf8();
        before.put_text(tags::SOP_INSTANCE_UID, "1.2.3");
        before.put_text(tags::PATIENT_NAME, "Doe^Jane");
        before.put_text(tags::MODALITY, "CT");
        let mut after = before.clone();
        after.put_text(tags::SOP_INSTANCE_UID, "2.25.1");
        after.remove(tags::PATIENT_NAME);
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let made = rcgen::CertificateParams::default()
            .self_signed(&key)
            .unwrap();
        let certificate = Certificate::read(made.der()).unwrap();
        attach(&mut after, &before, &[certificate]).unwrap();
        let private = PrivateKey::read(key.serialize_pem().as_bytes()).unwrap();
        restore(&mut after, &private, None).unwrap();
        assert_eq!(
            after.first_text(tags::PATIENT_NAME).as_deref(),
            Some("Doe^Jane")
        );
        assert_eq!(
            after.first_text(tags::SOP_INSTANCE_UID).as_deref(),
            Some("1.2.3")
        );
    }
}

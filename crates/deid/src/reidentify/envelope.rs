//! Makes CMS EnvelopedData (RFC 5652 §6.1).

use aws_lc_rs::agreement::{self, UnparsedPublicKey};
use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::key_wrap::{AES_256 as WRAP_256, AesKek, KeyWrap};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey,
};

use super::certificate::Certificate;
use super::der::{BIT_STRING, INTEGER, NULL, OCTET_STRING, SEQUENCE, SET, context, oid, tlv};
use super::oid;
use crate::{Error, Result};

/// How RSA encrypts the key of the content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyTransport {
    /// PKCS #1 v1.5 (RFC 3370 §4.2.1): what PS3.15 names and every reader of DICOM knows.
    #[default]
    Pkcs1,
    /// OAEP with SHA-256 (RFC 3560): not open to the attacks that version 1.5 is.
    Oaep,
}

/// Encrypts for all of `recipients`.
pub fn seal(plain: &[u8], recipients: &[Certificate], transport: KeyTransport) -> Result<Vec<u8>> {
    if recipients.is_empty() {
        return Err(Error::crypto("at least one recipient"));
    }
    let failed = |_| Error::crypto("working cryptography");
    let mut key = [0; 32];
    let mut iv = [0; 16];
    rand::fill(&mut key).map_err(failed)?;
    rand::fill(&mut iv).map_err(failed)?;
    let unbound = UnboundCipherKey::new(&AES_256, &key).map_err(failed)?;
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(unbound).map_err(failed)?;
    let mut content = plain.to_vec();
    let context_iv = EncryptionContext::Iv128(FixedLength::from(&iv));
    cipher
        .less_safe_encrypt(&mut content, context_iv)
        .map_err(failed)?;

    let mut infos = Vec::new();
    let mut version = 0;
    for recipient in recipients {
        let info = if recipient.kind.agreement().is_some() {
            version = 2;
            agree(&key, recipient)
        } else {
            transport_key(&key, recipient, transport)
        };
        infos.push(
            info.ok_or_else(|| Error::crypto("a recipient's key that can be encrypted for"))?,
        );
    }
    // A SET OF is sorted in DER.
    infos.sort();
    let infos: Vec<&[u8]> = infos.iter().map(Vec::as_slice).collect();
    let algorithm = tlv(
        SEQUENCE,
        &[&oid(oid::AES256_CBC), &tlv(OCTET_STRING, &[&iv])],
    );
    let encrypted = tlv(
        SEQUENCE,
        &[&oid(oid::DATA), &algorithm, &tlv(0x80, &[&content])],
    );
    let enveloped = tlv(
        SEQUENCE,
        &[&[INTEGER, 1, version], &tlv(SET, &infos), &encrypted],
    );
    let explicit = tlv(context(0), &[&enveloped]);
    Ok(tlv(SEQUENCE, &[&oid(oid::ENVELOPED_DATA), &explicit]))
}

fn issuer_and_serial(certificate: &Certificate) -> Vec<u8> {
    tlv(SEQUENCE, &[&certificate.issuer, &certificate.serial])
}

/// KeyTransRecipientInfo (RFC 5652 §6.2.1).
fn transport_key(key: &[u8], recipient: &Certificate, transport: KeyTransport) -> Option<Vec<u8>> {
    let public = PublicEncryptingKey::from_der(&recipient.public_key).ok()?;
    let (algorithm, encrypted) = match transport {
        KeyTransport::Pkcs1 => {
            let public = Pkcs1PublicEncryptingKey::new(public).ok()?;
            let mut out = vec![0; public.ciphertext_size()];
            let encrypted = public.encrypt(key, &mut out).ok()?.to_vec();
            (tlv(SEQUENCE, &[&oid(oid::RSA_ENCRYPTION), NULL]), encrypted)
        }
        KeyTransport::Oaep => {
            let public = OaepPublicEncryptingKey::new(public).ok()?;
            let mut out = vec![0; public.ciphertext_size()];
            let encrypted = public
                .encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut out, None)
                .ok()?;
            let hash = tlv(SEQUENCE, &[&oid(oid::SHA256), NULL]);
            let mask = tlv(SEQUENCE, &[&oid(oid::MGF1), &hash]);
            let parameters = tlv(
                SEQUENCE,
                &[&tlv(context(0), &[&hash]), &tlv(context(1), &[&mask])],
            );
            (
                tlv(SEQUENCE, &[&oid(oid::RSAES_OAEP), &parameters]),
                encrypted.to_vec(),
            )
        }
    };
    let encrypted = tlv(OCTET_STRING, &[&encrypted]);
    let who = issuer_and_serial(recipient);
    Some(tlv(
        SEQUENCE,
        &[&[INTEGER, 1, 0], &who, &algorithm, &encrypted],
    ))
}

/// KeyAgreeRecipientInfo with an ephemeral key (RFC 5753 §3.1).
fn agree(key: &[u8], recipient: &Certificate) -> Option<Vec<u8>> {
    let algorithm = recipient.kind.agreement()?;
    let ephemeral = agreement::PrivateKey::generate(algorithm).ok()?;
    let public = ephemeral.compute_public_key().ok()?;
    let peer = UnparsedPublicKey::new(algorithm, recipient.public_point()?);
    let wrap = tlv(SEQUENCE, &[&oid(oid::AES256_WRAP)]);
    let kek = agreement::agree(&ephemeral, peer, (), |secret| {
        Ok(derive(&digest::SHA256, secret, &wrap, None, 32))
    });
    let kek = AesKek::new(&WRAP_256, &kek.ok()?).ok()?;
    let mut out = [0; 40];
    let wrapped = kek.wrap(key, &mut out).ok()?;
    let point = tlv(BIT_STRING, &[&[0], public.as_ref()]);
    let originator = tlv(
        context(1),
        &[&tlv(SEQUENCE, &[&oid(oid::EC_PUBLIC_KEY)]), &point],
    );
    let scheme = tlv(SEQUENCE, &[&oid(oid::ECDH_SHA256), &wrap]);
    let one = tlv(
        SEQUENCE,
        &[
            &issuer_and_serial(recipient),
            &tlv(OCTET_STRING, &[wrapped]),
        ],
    );
    Some(tlv(
        context(1),
        &[
            &[INTEGER, 1, 3],
            &tlv(context(0), &[&originator]),
            &scheme,
            &tlv(SEQUENCE, &[&one]),
        ],
    ))
}

/// The key derivation of ANSI X9.63 with ECC-CMS-SharedInfo (RFC 5753 §7.2).
pub fn derive(
    hash: &'static digest::Algorithm,
    secret: &[u8],
    wrap: &[u8],
    user_material: Option<&[u8]>,
    length: usize,
) -> Vec<u8> {
    let bits = u32::try_from(length * 8).unwrap_or(u32::MAX).to_be_bytes();
    let public = tlv(context(2), &[&tlv(OCTET_STRING, &[&bits])]);
    let material = user_material.map(|bytes| tlv(context(0), &[&tlv(OCTET_STRING, &[bytes])]));
    let shared = tlv(
        SEQUENCE,
        &[wrap, material.as_deref().unwrap_or(&[]), &public],
    );
    let mut key = Vec::with_capacity(length + 32);
    let mut counter = 1_u32;
    while key.len() < length {
        let mut context = digest::Context::new(hash);
        context.update(secret);
        context.update(&counter.to_be_bytes());
        context.update(&shared);
        key.extend_from_slice(context.finish().as_ref());
        counter += 1;
    }
    key.truncate(length);
    key
}

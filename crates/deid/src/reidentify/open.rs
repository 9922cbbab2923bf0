//! Opens CMS EnvelopedData (RFC 5652 §6), of this program and of others.

use aws_lc_rs::agreement::{self, UnparsedPublicKey};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::key_wrap::{AES_128 as WRAP_128, AES_256 as WRAP_256, AesKek, KeyWrap};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};

use super::certificate::{Certificate, Key, PrivateKey};
use super::der::{
    BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, SET, Tlv, context,
};
use super::envelope::derive;
use super::oid;
use crate::{Error, Result};

/// Decrypts with the key of one recipient; with a certificate only what is meant for it is tried.
pub fn open(
    message: &[u8],
    key: &PrivateKey,
    certificate: Option<&Certificate>,
) -> Result<Vec<u8>> {
    let parts = parse(message).ok_or_else(|| Error::crypto("a CMS EnvelopedData"))?;
    let mut infos = parts.recipients;
    while let Some(info) = infos.next() {
        let content_key = match info.tag {
            SEQUENCE => transported(&info, key, certificate),
            _ if info.tag == context(1) => agreed(&info, key, certificate),
            _ => None,
        };
        let plain = content_key.and_then(|content_key| parts.content.decrypt(&content_key));
        if let Some(plain) = plain {
            return Ok(plain);
        }
    }
    Err(Error::crypto(
        "a message encrypted for this key (AES, RSA or ECDH)",
    ))
}

struct Parts<'m> {
    recipients: Reader<'m>,
    content: Content<'m>,
}

struct Content<'m> {
    algorithm: &'m [u8],
    iv: [u8; 16],
    encrypted: Vec<u8>,
}

fn parse(message: &[u8]) -> Option<Parts<'_>> {
    let mut info = Reader(message).expect(SEQUENCE)?.children();
    if info.expect(OBJECT_IDENTIFIER)?.content != oid::ENVELOPED_DATA {
        return None;
    }
    let mut enveloped = info
        .expect(context(0))?
        .children()
        .expect(SEQUENCE)?
        .children();
    enveloped.expect(INTEGER)?;
    enveloped.optional(context(0));
    let recipients = enveloped.expect(SET)?.children();
    let mut content = enveloped.expect(SEQUENCE)?.children();
    content.expect(OBJECT_IDENTIFIER)?;
    let mut algorithm = content.expect(SEQUENCE)?.children();
    let name = algorithm.expect(OBJECT_IDENTIFIER)?.content;
    let iv = algorithm.expect(OCTET_STRING)?.content.try_into().ok()?;
    let encrypted = content
        .next()
        .filter(|tlv| tlv.tag & 0xDF == 0x80)?
        .octets()?;
    Some(Parts {
        recipients,
        content: Content {
            algorithm: name,
            iv,
            encrypted,
        },
    })
}

impl Content<'_> {
    fn decrypt(&self, key: &[u8]) -> Option<Vec<u8>> {
        let algorithm = match self.algorithm {
            oid::AES128_CBC => &AES_128,
            oid::AES192_CBC => &AES_192,
            oid::AES256_CBC => &AES_256,
            _ => return None,
        };
        let unbound = UnboundCipherKey::new(algorithm, key).ok()?;
        let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(unbound).ok()?;
        let mut bytes = self.encrypted.clone();
        let context = DecryptionContext::Iv128(FixedLength::from(&self.iv));
        let plain = cipher.decrypt(&mut bytes, context).ok()?;
        Some(plain.to_vec())
    }
}

/// Is the recipient named the certificate's holder? Without certificate, it may be.
fn is_meant(who: &Tlv<'_>, certificate: Option<&Certificate>) -> bool {
    let Some(certificate) = certificate else {
        return true;
    };
    if who.tag != SEQUENCE {
        return certificate.key_identifier.is_some() && certificate.key_identifier == who.octets();
    }
    let mut parts = who.children();
    let issuer = parts
        .next()
        .is_some_and(|issuer| issuer.raw == certificate.issuer);
    issuer
        && parts
            .next()
            .is_some_and(|serial| serial.raw == certificate.serial)
}

fn transported(
    info: &Tlv<'_>,
    key: &PrivateKey,
    certificate: Option<&Certificate>,
) -> Option<Vec<u8>> {
    let Key::Rsa(key) = &key.key else { return None };
    let mut parts = info.children();
    parts.expect(INTEGER)?;
    if !is_meant(&parts.next()?, certificate) {
        return None;
    }
    let mut algorithm = parts.expect(SEQUENCE)?.children();
    let name = algorithm.expect(OBJECT_IDENTIFIER)?.content;
    let encrypted = parts.expect(OCTET_STRING)?.octets()?;
    match name {
        oid::RSA_ENCRYPTION => pkcs1(key.clone(), &encrypted),
        oid::RSAES_OAEP => oaep(key.clone(), algorithm, &encrypted),
        _ => None,
    }
}

fn pkcs1(key: PrivateDecryptingKey, encrypted: &[u8]) -> Option<Vec<u8>> {
    let key = Pkcs1PrivateDecryptingKey::new(key).ok()?;
    let mut out = vec![0; key.min_output_size()];
    key.decrypt(encrypted, &mut out)
        .ok()
        .map(|plain| plain.to_vec())
}

fn oaep(key: PrivateDecryptingKey, mut algorithm: Reader<'_>, encrypted: &[u8]) -> Option<Vec<u8>> {
    // Without parameters: SHA-1. MGF1 uses the same hash as everything else in practice.
    let hash = algorithm.next().and_then(|parameters| {
        let hash = parameters
            .children()
            .optional(context(0))?
            .children()
            .expect(SEQUENCE)?;
        hash.children().expect(OBJECT_IDENTIFIER)
    });
    let algorithm = match hash.map_or(oid::SHA1, |hash| hash.content) {
        oid::SHA1 => &OAEP_SHA1_MGF1SHA1,
        oid::SHA256 => &OAEP_SHA256_MGF1SHA256,
        oid::SHA384 => &OAEP_SHA384_MGF1SHA384,
        oid::SHA512 => &OAEP_SHA512_MGF1SHA512,
        _ => return None,
    };
    let key = OaepPrivateDecryptingKey::new(key).ok()?;
    let mut out = vec![0; key.min_output_size()];
    let plain = key.decrypt(algorithm, encrypted, &mut out, None).ok()?;
    Some(plain.to_vec())
}

fn agreed(info: &Tlv<'_>, key: &PrivateKey, certificate: Option<&Certificate>) -> Option<Vec<u8>> {
    let Key::Curve(key, kind) = &key.key else {
        return None;
    };
    let mut parts = info.children();
    parts.expect(INTEGER)?;
    let mut originator = parts
        .expect(context(0))?
        .children()
        .expect(context(1))?
        .children();
    originator.expect(SEQUENCE)?;
    let point = originator.expect(BIT_STRING)?.content.strip_prefix(&[0])?;
    let material = match parts.optional(context(1)) {
        Some(explicit) => explicit.children().expect(OCTET_STRING)?.octets(),
        None => None,
    };
    let mut scheme = parts.expect(SEQUENCE)?.children();
    let hash = match scheme.expect(OBJECT_IDENTIFIER)?.content {
        oid::ECDH_SHA1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        oid::ECDH_SHA256 => &digest::SHA256,
        _ => return None,
    };
    let wrap = scheme.expect(SEQUENCE)?;
    let (cipher, length) = match wrap.children().expect(OBJECT_IDENTIFIER)?.content {
        oid::AES128_WRAP => (&WRAP_128, 16),
        oid::AES256_WRAP => (&WRAP_256, 32),
        _ => return None,
    };
    let algorithm = kind.agreement()?;
    let mut keys = parts.expect(SEQUENCE)?.children();
    while let Some(one) = keys.expect(SEQUENCE) {
        let mut fields = one.children();
        if !is_meant(&fields.next()?, certificate) {
            continue;
        }
        let wrapped = fields.expect(OCTET_STRING)?.octets()?;
        let peer = UnparsedPublicKey::new(algorithm, point);
        let kek = agreement::agree(key, peer, (), |secret| {
            Ok(derive(hash, secret, wrap.raw, material.as_deref(), length))
        });
        let kek = AesKek::new(cipher, &kek.ok()?).ok()?;
        let mut out = vec![0; wrapped.len()];
        if let Ok(plain) = kek.unwrap(&wrapped, &mut out) {
            return Some(plain.to_vec());
        }
    }
    None
}

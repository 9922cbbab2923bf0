//! Re-identification (PS3.15 §E.1.1 and §E.1.2): the original values, encrypted for those who may
//! have them, in Encrypted Attributes Sequence (0400,0500).
//!
//! What is encrypted is a data set with Modified Attributes Sequence (0400,0550), in a CMS
//! EnvelopedData (RFC 5652 §6): content by AES-256-CBC, its key for each recipient by RSA
//! (PKCS #1 v1.5 as every reader of DICOM expects, or OAEP, RFC 3560) or by elliptic curves
//! (RFC 5753). CMS as others write it is read with AES of any length.

mod attach;
mod certificate;
mod der;
mod envelope;
mod oid;
mod open;
mod sequence;

#[cfg(test)]
mod tests;

pub use attach::attach;
pub use certificate::{Certificate, PrivateKey};
pub use envelope::KeyTransport;
pub use sequence::{decrypt, encrypt, restore};

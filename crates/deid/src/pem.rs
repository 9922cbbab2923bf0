//! PEM (RFC 7468): one or more labelled blocks of base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The first block with this label.
pub fn decode(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let digits: String = body.split_whitespace().collect();
    STANDARD.decode(digits).ok()
}

/// One block, in lines of 64 characters.
pub fn encode(der: &[u8], label: &str) -> String {
    let digits = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let der: Vec<u8> = (0..=255).collect();
        let text = format!("junk\n{}{}", encode(&[1], "A"), encode(&der, "B C"));
        assert_eq!(decode(&text, "B C"), Some(der));
        assert_eq!(decode(&text, "A"), Some(vec![1]));
        assert_eq!(decode(&text, "C"), None);
    }
}

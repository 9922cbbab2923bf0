//! JSON written into a buffer: a log has a hundred lines for each instance.

/// Appends lower-case hexadecimal digits.
pub fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| {
        DIGITS
            .get(usize::from(nibble & 15))
            .copied()
            .unwrap_or(b'0')
    };
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(*byte));
    }
}

/// Appends a string in quotation marks.
pub fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut buffer = [0; 4];
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\0'..='\u{1F}' | '\u{7F}' => {
                out.extend_from_slice(b"\\u");
                let code = u32::from(character).to_be_bytes();
                hex(&[code[2], code[3]], out);
            }
            _ => out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    out.push(b'"');
}

/// Appends `,"name":` and a string.
pub fn field(name: &str, text: &str, out: &mut Vec<u8>) {
    key(name, out);
    string(text, out);
}

/// Appends `,"name":` and a number.
pub fn number(name: &str, value: u64, out: &mut Vec<u8>) {
    key(name, out);
    out.extend_from_slice(value.to_string().as_bytes());
}

/// Appends `,"name":`.
pub fn key(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_back_by_a_json_reader() {
        for text in ["", "a\"b\\c", "\u{1}\n\t\u{7f}", "Müller 山田 😀"] {
            let mut out = Vec::new();
            string(text, &mut out);
            assert!(!out.contains(&b'\n'));
            assert_eq!(
                serde_json::from_slice::<String>(&out).ok().as_deref(),
                Some(text)
            );
        }
    }
}

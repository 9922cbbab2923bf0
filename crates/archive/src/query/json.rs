//! Taking members out of stored headers without parsing all of them. The headers are our own
//! (`sagittal_file::json`): objects keyed by tag, separated by commas in a block.

use sagittal_core::Tag;

/// The objects of a portion of headers.
pub(super) fn objects(json: &[u8]) -> Objects<'_> {
    Objects { rest: json }
}

/// Iterates over JSON objects separated by commas.
pub(super) struct Objects<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Objects<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.rest.iter().position(|&b| b == b'{')?;
        let length = value_length(self.rest.get(start..)?)?;
        let object = self.rest.get(start..start + length)?;
        self.rest = self.rest.get(start + length..).unwrap_or(&[]);
        Some(object)
    }
}

/// Bytes of the object or array at the start.
fn value_length(json: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        match json.get(at)? {
            b'"' => at += string_length(json.get(at..)?)? - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Bytes of the string at the start, quotes included.
fn string_length(json: &[u8]) -> Option<usize> {
    let mut from = 1;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', json.get(from..)?)?;
        if json.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        from = at + 2;
    }
}

/// The members of a header: tag and value (`{"vr":…}`), in order, as far as it can be read.
pub(super) fn members(object: &[u8]) -> Members<'_> {
    Members {
        rest: object.get(1..).unwrap_or(&[]),
    }
}

/// Iterates over the members of an object.
pub(super) struct Members<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Members<'a> {
    type Item = (Tag, &'a [u8]);

    fn next(&mut self) -> Option<(Tag, &'a [u8])> {
        let start = self.rest.iter().position(|&b| b == b'"')?;
        let key = self.rest.get(start + 1..start + 9)?;
        let tag = std::str::from_utf8(key).ok()?.parse().ok()?;
        let from = start + 1 + memchr::memchr(b'{', self.rest.get(start + 1..)?)?;
        let length = value_length(self.rest.get(from..)?)?;
        let value = self.rest.get(from..from + length)?;
        self.rest = self.rest.get(from + length..).unwrap_or(&[]);
        Some((tag, value))
    }
}

/// The header with only those members for which `keep` says so.
pub(super) fn pick(object: &[u8], mut keep: impl FnMut(Tag) -> bool) -> Vec<u8> {
    let mut picked = vec![b'{'];
    for (tag, value) in members(object) {
        if !keep(tag) {
            continue;
        }
        if picked.len() > 1 {
            picked.push(b',');
        }
        picked.push(b'"');
        picked.extend_from_slice(tag.to_hex().as_bytes());
        picked.extend_from_slice(b"\":");
        picked.extend_from_slice(value);
    }
    picked.push(b'}');
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] = br#"{"00080018":{"vr":"UI","Value":["1.2"]},"00081032":{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["a}\"{"]}}]},"00100020":{"vr":"LO"}},{"00080018":{"vr":"UI","Value":["1.3"]}}"#;

    #[test]
    fn objects_and_members_are_told_apart() {
        let objects: Vec<&[u8]> = objects(TWO).collect();
        assert_eq!(objects.len(), 2);
        let tags: Vec<Tag> = members(objects[0]).map(|(tag, _)| tag).collect();
        let expected = [
            Tag(0x0008, 0x0018),
            Tag(0x0008, 0x1032),
            Tag(0x0010, 0x0020),
        ];
        assert_eq!(tags, expected);
        let picked = pick(objects[0], |tag| tag == Tag(0x0010, 0x0020));
        assert_eq!(picked, br#"{"00100020":{"vr":"LO"}}"#);
        assert_eq!(pick(objects[1], |_| false), b"{}");
    }

    #[test]
    fn cut_json_ends_early_and_does_not_panic() {
        for end in 0..TWO.len() {
            for object in objects(&TWO[..end]) {
                let _ = pick(object, |_| true);
            }
            let _ = members(&TWO[..end]).count();
        }
    }
}

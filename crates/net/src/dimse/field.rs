//! Values of command elements (PS3.7 Annex E).

use sagittal_core::{AeTitle, Tag, Uid};

use super::{CommandError, CommandSet, Status};

/// A type that a command element can be read into and written from.
pub trait Field: Sized {
    /// Reads the element.
    fn read(set: &CommandSet, number: u16) -> Result<Self, CommandError>;
    /// Writes the element, which is not in `set`.
    fn write(&self, set: &mut CommandSet, number: u16);
}

/// A value that may be missing.
trait Value: Sized {
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    fn put(&self, set: &mut CommandSet, number: u16);
}

fn trimmed(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes)
        .ok()
        .map(|text| text.trim_matches(['\0', ' ']))
}

fn put_text(set: &mut CommandSet, number: u16, text: &[u8], padding: u8) {
    let mut value: smallvec::SmallVec<[u8; 64]> = smallvec::SmallVec::from_slice(text);
    if value.len() % 2 == 1 {
        value.push(padding);
    }
    set.put(number, &value);
}

impl Value for u16 {
    fn from_bytes(bytes: &[u8]) -> Option<u16> {
        bytes.first_chunk().map(|two| u16::from_le_bytes(*two))
    }
    fn put(&self, set: &mut CommandSet, number: u16) {
        set.put(number, &self.to_le_bytes());
    }
}

impl Value for Status {
    fn from_bytes(bytes: &[u8]) -> Option<Status> {
        u16::from_bytes(bytes).map(Status)
    }
    fn put(&self, set: &mut CommandSet, number: u16) {
        self.0.put(set, number);
    }
}

impl Value for Uid {
    fn from_bytes(bytes: &[u8]) -> Option<Uid> {
        Uid::tolerant(trimmed(bytes)?).ok()
    }
    fn put(&self, set: &mut CommandSet, number: u16) {
        put_text(set, number, self.as_str().as_bytes(), 0);
    }
}

impl Value for AeTitle {
    fn from_bytes(bytes: &[u8]) -> Option<AeTitle> {
        AeTitle::new(trimmed(bytes)?).ok()
    }
    fn put(&self, set: &mut CommandSet, number: u16) {
        put_text(set, number, self.as_str().as_bytes(), b' ');
    }
}

/// Error Comment: LO, at most 64 characters of the default repertoire.
impl Value for String {
    fn from_bytes(bytes: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_matches(['\0', ' ']);
        (!text.is_empty()).then(|| text.to_owned())
    }
    fn put(&self, set: &mut CommandSet, number: u16) {
        let plain: String = self
            .chars()
            .map(|c| {
                if c == '\\' {
                    '/'
                } else if (' '..='~').contains(&c) {
                    c
                } else {
                    '?'
                }
            })
            .take(64)
            .collect();
        put_text(set, number, plain.trim().as_bytes(), b' ');
    }
}

/// Priority of a request (PS3.7 §9.3); anything unknown is read as medium.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// 0002H.
    Low,
    /// 0000H.
    #[default]
    Medium,
    /// 0001H.
    High,
}

/// Absent is read as medium, and always written: DCMTK refuses a request without it.
impl Field for Priority {
    fn read(set: &CommandSet, number: u16) -> Result<Priority, CommandError> {
        Ok(match set.get::<Option<u16>>(number)? {
            Some(1) => Priority::High,
            Some(2) => Priority::Low,
            _ => Priority::Medium,
        })
    }
    fn write(&self, set: &mut CommandSet, number: u16) {
        let code: u16 = match self {
            Priority::Medium => 0,
            Priority::High => 1,
            Priority::Low => 2,
        };
        code.put(set, number);
    }
}

impl<T: Value> Field for T {
    fn read(set: &CommandSet, number: u16) -> Result<T, CommandError> {
        let tag = Tag(0, number);
        match set.bytes(number) {
            None | Some([]) => Err(CommandError::Missing { tag }),
            Some(bytes) => T::from_bytes(bytes).ok_or(CommandError::Invalid { tag }),
        }
    }
    fn write(&self, set: &mut CommandSet, number: u16) {
        self.put(set, number);
    }
}

/// Absent, empty and unreadable are all `None`: an optional element must not fail a message.
impl<T: Value> Field for Option<T> {
    fn read(set: &CommandSet, number: u16) -> Result<Option<T>, CommandError> {
        Ok(set
            .bytes(number)
            .filter(|bytes| !bytes.is_empty())
            .and_then(T::from_bytes))
    }
    fn write(&self, set: &mut CommandSet, number: u16) {
        if let Some(value) = self {
            value.put(set, number);
        }
    }
}

/// Attribute tags (AT); absent is empty.
impl Field for Vec<Tag> {
    fn read(set: &CommandSet, number: u16) -> Result<Vec<Tag>, CommandError> {
        let bytes = set.bytes(number).unwrap_or_default();
        let (chunks, _) = bytes.as_chunks::<4>();
        let tag = |&[g0, g1, e0, e1]: &[u8; 4]| {
            Tag(u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]))
        };
        Ok(chunks.iter().map(tag).collect())
    }
    fn write(&self, set: &mut CommandSet, number: u16) {
        if self.is_empty() {
            return;
        }
        let halves = self.iter().flat_map(|tag| [tag.group(), tag.element()]);
        let bytes: Vec<u8> = halves.flat_map(u16::to_le_bytes).collect();
        set.put(number, &bytes);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests {
    use super::*;
    use crate::dimse::element::*;

    #[test]
    fn an_error_comment_is_cut_to_64_plain_characters() {
        let mut set = CommandSet::default();
        set.set(ERROR_COMMENT, &format!("ä\\{}", "x".repeat(99)));
        let text: String = set.get(ERROR_COMMENT).unwrap();
        assert_eq!(text, format!("?/{}", "x".repeat(62)));
    }

    #[test]
    fn uids_and_titles_are_padded_and_trimmed() {
        let mut set = CommandSet::default();
        set.set(AFFECTED_SOP_CLASS_UID, &Uid::from_static("1.2.3"));
        set.set(MOVE_DESTINATION, &AeTitle::new("ABC").unwrap());
        assert_eq!(
            set.bytes(AFFECTED_SOP_CLASS_UID),
            Some(b"1.2.3\0".as_slice())
        );
        assert_eq!(set.bytes(MOVE_DESTINATION), Some(b"ABC ".as_slice()));
        assert_eq!(
            set.get::<AeTitle>(MOVE_DESTINATION).unwrap().as_str(),
            "ABC"
        );
        assert_eq!(
            set.get::<Option<AeTitle>>(MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE),
            Ok(None)
        );
    }

    #[test]
    fn lists_of_tags_are_read_back() {
        let mut set = CommandSet::default();
        let tags = vec![Tag(0x0010, 0x0010), Tag(0x0008, 0x0050)];
        set.set(ATTRIBUTE_IDENTIFIER_LIST, &tags);
        assert_eq!(set.get::<Vec<Tag>>(ATTRIBUTE_IDENTIFIER_LIST), Ok(tags));
    }
}

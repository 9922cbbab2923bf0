//! Command sets (PS3.7 §6.3.1): flat, group 0000 only, always Implicit VR Little Endian.

use std::fmt;

use sagittal_core::Tag;
use smallvec::SmallVec;

use super::element;
use super::{Field, Status};

/// The value of Command Data Set Type that says that no data set follows (PS3.7 §E.1).
const NO_DATA_SET: u16 = 0x0101;
/// What we write when one follows; any other value than 0101H would do.
const DATA_SET: u16 = 0x0001;
/// Longer command sets are refused; the largest sensible one is an N-GET-RQ with a long list of tags.
pub const MAX_LENGTH: usize = 256 * 1024;

/// Why a command set was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The bytes end inside an element.
    #[error("truncated at byte {offset}")]
    Truncated {
        /// Where the element begins.
        offset: usize,
    },
    /// An element that is not in group 0000.
    #[error("{tag} at byte {offset} does not belong in a command set")]
    NotACommand {
        /// The element.
        tag: Tag,
        /// Where it begins.
        offset: usize,
    },
    /// Longer than any sensible command.
    #[error("longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// A mandatory element is absent.
    #[error("{tag} is missing")]
    Missing {
        /// The element.
        tag: Tag,
    },
    /// An element whose value cannot be read.
    #[error("{tag} has an invalid value")]
    Invalid {
        /// The element.
        tag: Tag,
    },
    /// Another message was expected.
    #[error("command field is {found:04X}, expected {expected:04X}")]
    UnexpectedCommand {
        /// Command Field found.
        found: u16,
        /// Command Field expected.
        expected: u16,
    },
    /// A Command Field that PS3.7 does not define.
    #[error("command field {found:04X} is not known")]
    UnknownCommand {
        /// Command Field found.
        found: u16,
    },
}

/// A command set: elements of group 0000 with their raw values.
///
/// Group length and Command Data Set Type are written by [`CommandSet::encode`].
#[derive(Clone, Default)]
pub struct CommandSet {
    bytes: Vec<u8>,
    /// Element number, start and length of its value in `bytes`.
    index: SmallVec<[(u16, u32, u32); 14]>,
}

impl CommandSet {
    /// An empty command set with a Command Field.
    pub fn new(command_field: u16) -> CommandSet {
        let mut set = CommandSet::default();
        set.set(element::COMMAND_FIELD, &command_field);
        set
    }

    /// Reads the bytes of a command set. Group length is not trusted; a repeated element keeps its
    /// first value.
    pub fn decode(bytes: &[u8]) -> Result<CommandSet, CommandError> {
        if bytes.len() > MAX_LENGTH {
            return Err(CommandError::TooLong);
        }
        let mut set = CommandSet::default();
        let mut offset = 0;
        while offset < bytes.len() {
            let truncated = CommandError::Truncated { offset };
            let Some((header, rest)) = bytes.get(offset..).and_then(|b| b.split_first_chunk::<8>())
            else {
                return Err(truncated);
            };
            let [g0, g1, e0, e1, l0, l1, l2, l3] = *header;
            let tag = Tag(u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]));
            let length = u32::from_le_bytes([l0, l1, l2, l3]);
            let Some(value) = usize::try_from(length).ok().and_then(|n| rest.get(..n)) else {
                return Err(truncated);
            };
            if tag.group() != 0 {
                return Err(CommandError::NotACommand { tag, offset });
            }
            offset += 8 + value.len();
            if tag.element() != element::COMMAND_GROUP_LENGTH && !set.contains(tag.element()) {
                set.put(tag.element(), value);
            }
        }
        Ok(set)
    }

    /// The bytes, in order of tags, group length first, Command Data Set Type as told.
    pub fn encode(&self, has_data_set: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 8 * self.index.len() + 32);
        self.encode_into(has_data_set, &mut out);
        out
    }

    /// Appends what [`CommandSet::encode`] returns.
    pub fn encode_into(&self, has_data_set: bool, out: &mut Vec<u8>) {
        let start = out.len();
        write_element(out, element::COMMAND_GROUP_LENGTH, &[0; 4]);
        let body = out.len();
        let data_set_type = if has_data_set { DATA_SET } else { NO_DATA_SET }.to_le_bytes();
        let mut sorted: SmallVec<[(u16, &[u8]); 16]> = self
            .iter()
            .filter(|(number, _)| *number != element::COMMAND_DATA_SET_TYPE)
            .chain([(element::COMMAND_DATA_SET_TYPE, data_set_type.as_slice())])
            .collect();
        sorted.sort_by_key(|(number, _)| *number);
        for (number, value) in sorted {
            write_element(out, number, value);
        }
        let length = u32::try_from(out.len() - body)
            .unwrap_or(u32::MAX)
            .to_le_bytes();
        if let Some(slot) = out.get_mut(start + 8..start + 12) {
            slot.copy_from_slice(&length);
        }
    }

    /// The raw value of an element.
    pub fn bytes(&self, number: u16) -> Option<&[u8]> {
        self.iter()
            .find(|(found, _)| *found == number)
            .map(|(_, value)| value)
    }

    /// Is the element there, if only with an empty value?
    pub fn contains(&self, number: u16) -> bool {
        self.index.iter().any(|(found, _, _)| *found == number)
    }

    /// Elements and raw values in the order in which they were read or set.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &[u8])> {
        self.index.iter().map(|&(number, start, length)| {
            let start = start as usize;
            (
                number,
                self.bytes
                    .get(start..start + length as usize)
                    .unwrap_or_default(),
            )
        })
    }

    /// A value; absent and empty are an error unless `T` is an `Option` or a list.
    pub fn get<T: Field>(&self, number: u16) -> Result<T, CommandError> {
        T::read(self, number)
    }

    /// Sets a value; `None` and the empty list remove it.
    pub fn set<T: Field>(&mut self, number: u16, value: &T) {
        self.index.retain(|(found, _, _)| *found != number);
        value.write(self, number);
    }

    pub(super) fn put(&mut self, number: u16, value: &[u8]) {
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let length = u32::try_from(value.len()).unwrap_or(0);
        self.bytes.extend_from_slice(value);
        self.index.push((number, start, length));
    }

    /// Command Field (0000,0100).
    pub fn command_field(&self) -> Result<u16, CommandError> {
        self.get(element::COMMAND_FIELD)
    }

    /// Does a data set follow? Absent is read as "no", as devices that leave it out mean it.
    pub fn has_data_set(&self) -> bool {
        self.get::<u16>(element::COMMAND_DATA_SET_TYPE)
            .is_ok_and(|value| value != NO_DATA_SET)
    }

    /// A response (bit 15 of Command Field)?
    pub fn is_response(&self) -> bool {
        self.command_field().is_ok_and(|field| field & 0x8000 != 0)
    }

    /// C-CANCEL-RQ?
    pub fn is_cancel(&self) -> bool {
        self.command_field() == Ok(super::CCancelRequest::COMMAND_FIELD)
    }

    /// Message ID of a request.
    pub fn message_id(&self) -> Result<u16, CommandError> {
        self.get(element::MESSAGE_ID)
    }

    /// Message ID Being Responded To, of a response or a C-CANCEL-RQ.
    pub fn message_id_being_responded_to(&self) -> Result<u16, CommandError> {
        self.get(element::MESSAGE_ID_BEING_RESPONDED_TO)
    }

    /// Status of a response.
    pub fn status(&self) -> Result<Status, CommandError> {
        self.get(element::STATUS)
    }
}

fn write_element(out: &mut Vec<u8>, number: u16, value: &[u8]) {
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(value);
}

impl PartialEq for CommandSet {
    fn eq(&self, other: &CommandSet) -> bool {
        self.encode(self.has_data_set()) == other.encode(other.has_data_set())
    }
}

/// Tags and lengths, no values: they may name patients.
impl fmt::Debug for CommandSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(n, v)| (Tag(0, n), v.len())))
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_command_is_read_back_and_its_group_length_is_right() {
        let mut set = CommandSet::new(0x0030);
        set.set(element::MESSAGE_ID, &7u16);
        set.set(
            element::AFFECTED_SOP_CLASS_UID,
            &sagittal_core::Uid::from_static("1.2.840.10008.1.1"),
        );
        let bytes = set.encode(false);
        assert_eq!(&bytes[..8], &[0, 0, 0, 0, 4, 0, 0, 0]);
        assert_eq!(
            u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize,
            bytes.len() - 12
        );
        let read = CommandSet::decode(&bytes).unwrap();
        assert_eq!(read, set);
        assert!(!read.has_data_set());
        assert!(
            CommandSet::decode(&set.encode(true))
                .unwrap()
                .has_data_set()
        );
        assert_eq!(read.message_id(), Ok(7));
    }

    #[test]
    fn setting_twice_keeps_the_second_and_none_removes() {
        let mut set = CommandSet::new(1);
        set.set(element::MESSAGE_ID, &1u16);
        set.set(element::MESSAGE_ID, &2u16);
        assert_eq!(set.message_id(), Ok(2));
        set.set(element::MESSAGE_ID, &None::<u16>);
        assert_eq!(
            set.message_id(),
            Err(CommandError::Missing {
                tag: Tag(0, 0x0110)
            })
        );
    }

    #[test]
    fn other_groups_and_false_lengths_are_refused() {
        assert!(matches!(
            CommandSet::decode(&[8, 0, 0x16, 0, 0, 0, 0, 0]),
            Err(CommandError::NotACommand { offset: 0, .. })
        ));
        assert!(matches!(
            CommandSet::decode(&[0, 0, 2, 0, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
            Err(CommandError::Truncated { offset: 0 })
        ));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(set) = CommandSet::decode(&bytes) {
                let again = CommandSet::decode(&set.encode(set.has_data_set())).unwrap();
                prop_assert_eq!(set, again);
            }
        }
    }
}

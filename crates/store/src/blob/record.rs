//! The bytes of a record, and of the header of a pack. The layout is in `docs/design/packs.md`.

use bytes::{Buf, BufMut, Bytes};
use sagittal_core::Uid;

use super::{Hash, Original, RecordAttributes};

/// Where the first record of a pack begins: after the pack's own header.
pub const FIRST_RECORD: u64 = 4096;
/// Bytes of a record's header that are always there.
pub const FIXED_HEADER: usize = 80;
/// Records begin at multiples of this.
pub const ALIGNMENT: u64 = 8;
/// A record header longer than this is damage, not data.
pub const MAX_HEADER: u32 = 64 << 20;

const PACK_MAGIC: [u8; 8] = *b"SAGPACK1";
pub(super) const RECORD_MAGIC: [u8; 4] = *b"SGR1";
const FLAG_HIDDEN: u8 = 1;
const FLAG_REPLACES: u8 = 2;
const FLAG_QUARANTINED: u8 = 4;

/// Random bits of a pack. They go into every record's checksum, so that bytes of another file that
/// a power cut left in the blocks of this one never pass for a record.
pub type PackId = [u8; 16];

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An instance's bytes.
    Instance,
    /// Instances were deleted: data are their UIDs, one a line.
    Delete,
    /// Another pack was closed: data are its number and its valid end, 8 bytes each.
    Seal,
    /// This pack replaces others: data are their numbers, 8 bytes each.
    Compacted,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Kind::Instance => 1,
            Kind::Delete => 2,
            Kind::Seal => 3,
            Kind::Compacted => 4,
        }
    }

    const fn from_code(code: u8) -> Option<Kind> {
        match code {
            1 => Some(Kind::Instance),
            2 => Some(Kind::Delete),
            3 => Some(Kind::Seal),
            4 => Some(Kind::Compacted),
            _ => None,
        }
    }
}

/// A record's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the record is.
    pub kind: Kind,
    /// Order over all packs.
    pub sequence: u64,
    /// This much of the pack was on the device when the record was written: damage before it is
    /// damage to something acknowledged, not a torn tail.
    pub durable: u64,
    /// From the record's begin to its data.
    pub header_length: u32,
    /// Of which preamble and File Meta Information as received.
    pub prefix_length: u32,
    /// Bytes of data.
    pub data_length: u64,
    /// BLAKE3 of the data.
    pub hash: Hash,
    /// Of an instance.
    pub attributes: Option<RecordAttributes>,
}

impl Header {
    /// From the record's begin to the next one's.
    pub fn record_length(&self) -> u64 {
        padded(u64::from(self.header_length) + self.data_length)
    }
}

/// Rounds up to [`ALIGNMENT`].
pub const fn padded(length: u64) -> u64 {
    length.div_ceil(ALIGNMENT) * ALIGNMENT
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Nothing was ever written here.
    #[error("empty")]
    Empty,
    /// Not the beginning of a record.
    #[error("no record begins here")]
    NoMagic,
    /// More bytes are needed to tell.
    #[error("the file ends within the record")]
    Cut,
    /// The checksum of the header is wrong.
    #[error("the header's checksum is wrong")]
    Checksum,
    /// The header's checksum is right, what it says is not.
    #[error("the header contradicts itself")]
    Contents,
    /// The data are not what was hashed.
    #[error("the data's hash is wrong")]
    Hash,
}

/// What goes into a record besides its data.
pub struct NewHeader<'a> {
    /// What the record is.
    pub kind: Kind,
    /// Order over all packs.
    pub sequence: u64,
    /// See [`Header::durable`].
    pub durable: u64,
    /// Preamble and File Meta Information as received.
    pub prefix: &'a [u8],
    /// Bytes of data.
    pub data_length: u64,
    /// BLAKE3 of the data.
    pub hash: Hash,
    /// Of an instance.
    pub attributes: Option<&'a RecordAttributes>,
    /// Make the header at least this long.
    pub at_least: u32,
}

impl NewHeader<'_> {
    /// The header's bytes, prefix included.
    pub fn to_bytes(&self, pack: &PackId) -> Vec<u8> {
        let mut tlv = Vec::with_capacity(420);
        let mut flags = 0;
        if let Some(attributes) = self.attributes {
            put_attributes(&mut tlv, attributes);
            flags |= if attributes.hidden { FLAG_HIDDEN } else { 0 };
            flags |= if attributes.replaces {
                FLAG_REPLACES
            } else {
                0
            };
            // Hidden as well, for versions that do not know of quarantine.
            flags |= if attributes.quarantined {
                FLAG_QUARANTINED | FLAG_HIDDEN
            } else {
                0
            };
        }
        let bare = FIXED_HEADER + tlv.len() + self.prefix.len();
        let filler = (self.at_least as usize).saturating_sub(bare);
        tlv.resize(tlv.len() + filler, 0);
        let length = FIXED_HEADER + tlv.len() + self.prefix.len();

        let mut out = Vec::with_capacity(length);
        out.put_slice(&RECORD_MAGIC);
        out.put_u8(self.kind.code());
        out.put_u8(flags);
        out.put_u16_le(0);
        out.put_u64_le(self.sequence);
        out.put_u64_le(self.durable);
        out.put_u32_le(u32::try_from(length).unwrap_or(u32::MAX));
        out.put_u32_le(u32::try_from(self.prefix.len()).unwrap_or(u32::MAX));
        out.put_u64_le(self.data_length);
        out.put_slice(&self.hash);
        out.put_u32_le(0);
        out.put_u32_le(u32::try_from(tlv.len()).unwrap_or(u32::MAX));
        out.put_slice(&tlv);
        out.put_slice(self.prefix);
        let checksum = header_checksum(pack, &out);
        if let Some(field) = out.get_mut(72..76) {
            field.copy_from_slice(&checksum.to_le_bytes());
        }
        out
    }
}

/// CRC32C of pack id and header, the checksum's own field left out.
fn header_checksum(pack: &PackId, header: &[u8]) -> u32 {
    let crc = crc32c::crc32c(pack);
    let crc = crc32c::crc32c_append(crc, header.get(..72).unwrap_or_default());
    crc32c::crc32c_append(crc, header.get(76..).unwrap_or_default())
}

/// How many bytes [`parse`] needs, from the fixed part of a header.
pub fn header_length(bytes: &[u8]) -> Result<usize, Flaw> {
    let Some(fixed) = bytes.get(..FIXED_HEADER) else {
        return Err(Flaw::Cut);
    };
    if fixed.iter().all(|&byte| byte == 0) {
        return Err(Flaw::Empty);
    }
    if fixed.get(..4) != Some(&RECORD_MAGIC[..]) {
        return Err(Flaw::NoMagic);
    }
    let length = fixed.get(24..).map_or(0, |mut rest| rest.get_u32_le());
    if length > MAX_HEADER || (length as usize) < FIXED_HEADER {
        return Err(Flaw::Contents);
    }
    Ok(length as usize)
}

/// Reads the header at the beginning of `bytes`, which must hold all of it.
pub fn parse(pack: &PackId, bytes: &[u8]) -> Result<Header, Flaw> {
    let length = header_length(bytes)?;
    let header = bytes.get(..length).ok_or(Flaw::Cut)?;
    let mut fixed = header.get(4..FIXED_HEADER).ok_or(Flaw::Cut)?;
    let kind = fixed.get_u8();
    let flags = fixed.get_u8();
    let _reserved = fixed.get_u16_le();
    let sequence = fixed.get_u64_le();
    let durable = fixed.get_u64_le();
    let header_length = fixed.get_u32_le();
    let prefix_length = fixed.get_u32_le();
    let data_length = fixed.get_u64_le();
    let mut hash = Hash::default();
    fixed.copy_to_slice(&mut hash);
    let checksum = fixed.get_u32_le();
    let attributes_length = fixed.get_u32_le() as usize;
    if checksum != header_checksum(pack, header) {
        return Err(Flaw::Checksum);
    }
    let sum = (FIXED_HEADER + attributes_length).checked_add(prefix_length as usize);
    if sum != Some(length) || data_length > u64::MAX / 4 {
        return Err(Flaw::Contents);
    }
    let kind = Kind::from_code(kind).ok_or(Flaw::Contents)?;
    let attributes = match kind {
        Kind::Instance => {
            let tlv = header.get(FIXED_HEADER..FIXED_HEADER + attributes_length);
            let mut attributes = read_attributes(tlv.unwrap_or_default()).ok_or(Flaw::Contents)?;
            attributes.hidden = flags & FLAG_HIDDEN != 0;
            attributes.replaces = flags & FLAG_REPLACES != 0;
            attributes.quarantined = flags & FLAG_QUARANTINED != 0;
            Some(attributes)
        }
        _ => None,
    };
    Ok(Header {
        kind,
        sequence,
        durable,
        header_length,
        prefix_length,
        data_length,
        hash,
        attributes,
    })
}

const SOP_CLASS: u8 = 1;
const SOP_INSTANCE: u8 = 2;
const STUDY: u8 = 3;
const SERIES: u8 = 4;
const TRANSFER_SYNTAX: u8 = 5;
const SOURCE: u8 = 6;
const RECEIVED: u8 = 7;
/// Hash (32), length (8) and transfer syntax of what was received.
const ORIGINAL: u8 = 8;
/// Sequence number (8) of the record that this one makes superfluous.
const RECODES: u8 = 9;
/// A piece of what it takes to restore the original; they are put together in their order.
const RESTORE: u8 = 10;
/// What the checks of data quality found.
const QUALITY: u8 = 11;

/// Longest value of an attribute.
pub(super) const LONGEST_VALUE: usize = 1024;
/// Longest [`RecordAttributes::quality`], in bytes.
pub const MAX_QUALITY: usize = 960;
/// Room that attributes take, [`RESTORE`] left out.
pub(super) const ATTRIBUTES_ROOM: usize = 1024 + 4 + MAX_QUALITY;

fn put_attributes(out: &mut Vec<u8>, attributes: &RecordAttributes) {
    let mut put = |code: u8, value: &[u8]| {
        let value = value.get(..LONGEST_VALUE).unwrap_or(value);
        out.put_u8(code);
        out.put_u16_le(u16::try_from(value.len()).unwrap_or(0));
        out.put_slice(value);
    };
    put(SOP_CLASS, attributes.sop_class_uid.as_str().as_bytes());
    put(
        SOP_INSTANCE,
        attributes.sop_instance_uid.as_str().as_bytes(),
    );
    put(STUDY, attributes.study_instance_uid.as_str().as_bytes());
    put(SERIES, attributes.series_instance_uid.as_str().as_bytes());
    put(
        TRANSFER_SYNTAX,
        attributes.transfer_syntax_uid.as_str().as_bytes(),
    );
    put(SOURCE, cut(&attributes.source, MAX_SOURCE).as_bytes());
    put(RECEIVED, &attributes.received_ms.to_le_bytes());
    if !attributes.quality.is_empty() {
        let quality = &attributes.quality;
        put(QUALITY, quality.get(..MAX_QUALITY).unwrap_or(quality));
    }
    if let Some(sequence) = attributes.recodes {
        put(RECODES, &sequence.to_le_bytes());
    }
    if let Some(original) = &attributes.original {
        let mut value = original.hash.to_vec();
        value.put_u64_le(original.length);
        value.put_slice(original.transfer_syntax_uid.as_str().as_bytes());
        put(ORIGINAL, &value);
        for piece in original.restore.chunks(LONGEST_VALUE) {
            put(RESTORE, piece);
        }
    }
}

/// Longest name of a source that is kept, in bytes.
pub const MAX_SOURCE: usize = 256;

fn cut(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Unknown entries are passed over, so that later versions may add some. A zero byte ends the list.
fn read_attributes(mut tlv: &[u8]) -> Option<RecordAttributes> {
    let mut uids: [Option<Uid>; 5] = Default::default();
    let mut source = String::new();
    let mut received_ms = 0;
    let mut recodes = None;
    let mut quality = Bytes::new();
    let mut original: Option<Box<Original>> = None;
    let mut restore = Vec::new();
    while tlv.first().is_some_and(|&code| code != 0) {
        let code = tlv.try_get_u8().ok()?;
        let length = tlv.try_get_u16_le().ok()?;
        let value = tlv.get(..usize::from(length))?;
        tlv.advance(value.len());
        match code {
            SOP_CLASS..=TRANSFER_SYNTAX => {
                let uid = Uid::tolerant(std::str::from_utf8(value).ok()?).ok()?;
                *uids.get_mut(usize::from(code) - 1)? = Some(uid);
            }
            SOURCE => source = String::from_utf8_lossy(value).into_owned(),
            RECEIVED => received_ms = i64::from_le_bytes(value.try_into().ok()?),
            RECODES => recodes = Some(u64::from_le_bytes(value.try_into().ok()?)),
            ORIGINAL => original = Some(Box::new(read_original(value)?)),
            QUALITY => quality = Bytes::copy_from_slice(value),
            RESTORE => restore.extend_from_slice(value),
            _ => {}
        }
    }
    if let Some(original) = &mut original {
        original.restore = restore.into();
    }
    let [class, instance, study, series, syntax] = uids;
    Some(RecordAttributes {
        sop_class_uid: class?,
        sop_instance_uid: instance?,
        study_instance_uid: study?,
        series_instance_uid: series?,
        transfer_syntax_uid: syntax?,
        source,
        received_ms,
        hidden: false,
        replaces: false,
        original,
        recodes,
        quarantined: false,
        quality,
    })
}

fn read_original(mut value: &[u8]) -> Option<Original> {
    let mut hash = Hash::default();
    value.try_copy_to_slice(&mut hash).ok()?;
    let length = value.try_get_u64_le().ok()?;
    Some(Original {
        transfer_syntax_uid: Uid::tolerant(std::str::from_utf8(value).ok()?).ok()?,
        hash,
        length,
        restore: Bytes::new(),
    })
}

/// The header of a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackHeader {
    /// Its number, also in its name.
    pub number: u64,
    /// Its random bits.
    pub id: PackId,
    /// One large instance, written while it arrived: its record's fixed header is zeros until it
    /// is complete.
    pub large: bool,
}

impl PackHeader {
    /// With new random bits.
    pub fn new(number: u64, large: bool) -> PackHeader {
        // BLAKE3 over what no other pack shares; std's hasher keys are the operating system's entropy.
        use std::hash::{BuildHasher, RandomState};
        let mut id = PackId::default();
        let (a, b) = (
            RandomState::new().hash_one(number),
            RandomState::new().hash_one(a_moment()),
        );
        for (slot, byte) in id
            .iter_mut()
            .zip(a.to_le_bytes().into_iter().chain(b.to_le_bytes()))
        {
            *slot = byte;
        }
        PackHeader { number, id, large }
    }

    /// The first bytes of the pack.
    pub fn to_bytes(self) -> Bytes {
        let mut out = Vec::with_capacity(FIRST_RECORD as usize);
        out.put_slice(&PACK_MAGIC);
        out.put_u64_le(self.number);
        out.put_slice(&self.id);
        out.put_u8(u8::from(self.large));
        out.put_slice(&[0; 3]);
        out.put_u32_le(crc32c::crc32c(&out));
        out.resize(FIRST_RECORD as usize, 0);
        out.into()
    }

    /// Reads it back.
    pub fn parse(bytes: &[u8]) -> Result<PackHeader, Flaw> {
        let mut rest = bytes.get(..40).ok_or(Flaw::Cut)?;
        let checked = rest.get(..36).map(crc32c::crc32c);
        if rest.iter().all(|&byte| byte == 0) {
            return Err(Flaw::Empty);
        }
        if rest.get(..8) != Some(&PACK_MAGIC[..]) {
            return Err(Flaw::NoMagic);
        }
        rest.advance(8);
        let number = rest.get_u64_le();
        let mut id = PackId::default();
        rest.copy_to_slice(&mut id);
        let large = rest.get_u8() == 1;
        rest.advance(3);
        if checked != Some(rest.get_u32_le()) {
            return Err(Flaw::Checksum);
        }
        Ok(PackHeader { number, id, large })
    }
}

fn a_moment() -> u128 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    pub(crate) fn attributes() -> RecordAttributes {
        RecordAttributes {
            sop_class_uid: Uid::new("1.2.840.10008.5.1.4.1.1.2").unwrap(),
            sop_instance_uid: Uid::new("1.2.3").unwrap(),
            study_instance_uid: Uid::new("1.2.4").unwrap(),
            series_instance_uid: Uid::new("1.2.5").unwrap(),
            transfer_syntax_uid: Uid::new("1.2.840.10008.1.2.1").unwrap(),
            source: "MODALITY".into(),
            received_ms: 1_700_000_000_123,
            hidden: true,
            replaces: false,
            original: None,
            recodes: None,
            quarantined: true,
            quality: Bytes::from_static(b"what was found"),
        }
    }

    fn sample(pack: &PackId, at_least: u32) -> Vec<u8> {
        NewHeader {
            kind: Kind::Instance,
            sequence: 77,
            durable: 4096,
            prefix: b"preamble and meta",
            data_length: 123,
            hash: [7; 32],
            attributes: Some(&attributes()),
            at_least,
        }
        .to_bytes(pack)
    }

    #[test]
    fn a_header_is_read_back_also_with_room_left() {
        for at_least in [0, 4096] {
            let bytes = sample(&[1; 16], at_least);
            let header = parse(&[1; 16], &bytes).unwrap();
            assert_eq!(header.attributes, Some(attributes()));
            assert_eq!((header.sequence, header.data_length), (77, 123));
            assert_eq!(header.header_length as usize, bytes.len());
            assert_eq!(&bytes[bytes.len() - 17..], b"preamble and meta");
            assert!(bytes.len() >= at_least as usize);
        }
    }

    #[test]
    fn what_it_takes_to_restore_an_original_is_read_back() {
        for length in [0, 5, 1024, 70_000] {
            let mut attributes = attributes();
            attributes.recodes = Some(41);
            attributes.original = Some(Box::new(Original {
                transfer_syntax_uid: Uid::new("1.2.840.10008.1.2").unwrap(),
                hash: [9; 32],
                length: 1 << 40,
                restore: vec![7; length].into(),
            }));
            let header = NewHeader {
                kind: Kind::Instance,
                sequence: 77,
                durable: 0,
                prefix: b"",
                data_length: 1,
                hash: [7; 32],
                attributes: Some(&attributes),
                at_least: 0,
            };
            let bytes = header.to_bytes(&[1; 16]);
            assert!(bytes.len() <= FIXED_HEADER + attributes.room());
            let read = parse(&[1; 16], &bytes).unwrap();
            assert_eq!(read.attributes, Some(attributes));
        }
    }

    #[test]
    fn any_changed_or_missing_byte_is_noticed() {
        let bytes = sample(&[1; 16], 0);
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0x40;
            // The two reserved bytes are under the checksum as well.
            assert!(parse(&[1; 16], &broken).is_err(), "byte {at}");
            assert!(parse(&[1; 16], &bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_record_of_another_pack_is_not_taken() {
        assert_eq!(parse(&[2; 16], &sample(&[1; 16], 0)), Err(Flaw::Checksum));
        assert_eq!(parse(&[2; 16], &[0; 80]), Err(Flaw::Empty));
    }

    #[test]
    fn a_pack_header_is_read_back_and_unlike_any_other() {
        let header = PackHeader::new(9, true);
        assert_eq!(PackHeader::parse(&header.to_bytes()), Ok(header));
        assert_ne!(PackHeader::new(9, true).id, header.id);
        let mut broken = header.to_bytes().to_vec();
        broken[20] ^= 1;
        assert_eq!(PackHeader::parse(&broken), Err(Flaw::Checksum));
    }

    #[test]
    fn a_long_source_is_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "ä");
        assert_eq!(cut("ab", 256), "ab");
    }
}

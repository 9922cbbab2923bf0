//! Part 10 files (PS3.10 §7): preamble, File Meta Information, data set.

use bytes::Bytes;
use sagittal_core::{
    DataSet, Element, Finding, FindingKind, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME,
    Limits, PathStep, Tag, TagPath, Uid, Value, Vr,
};

use crate::encoding::{
    EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, Encoding, IMPLICIT_VR_LITTLE_ENDIAN, Kind,
};
use crate::read::read_data_set;
use crate::walk::{Event, Walker};
use crate::write::{write_data_set, write_encoded};
use crate::{Error, Result, sniff};

const GROUP_LENGTH: Tag = Tag(0x0002, 0x0000);
const VERSION: Tag = Tag(0x0002, 0x0001);
const SOP_CLASS_UID: Tag = Tag(0x0002, 0x0002);
const SOP_INSTANCE_UID: Tag = Tag(0x0002, 0x0003);
const TRANSFER_SYNTAX_UID: Tag = Tag(0x0002, 0x0010);
const IMPLEMENTATION_CLASS: Tag = Tag(0x0002, 0x0012);
const IMPLEMENTATION_VERSION: Tag = Tag(0x0002, 0x0013);
const SOURCE_AE_TITLE: Tag = Tag(0x0002, 0x0016);

/// How a file begins.
#[derive(Clone, Debug)]
pub struct Opening {
    /// File Meta Information (group 0002); empty if missing.
    pub meta: DataSet,
    /// From the meta, or sniffed from the bytes.
    pub transfer_syntax_uid: Uid,
    /// Where the data set begins: after preamble and meta.
    pub data_set_offset: u64,
    /// What was got over.
    pub findings: Vec<Finding>,
}

impl Opening {
    fn note(&mut self, path: TagPath, offset: u64, kind: FindingKind) {
        self.findings.push(Finding { path, offset, kind });
    }
}

/// Reads preamble and meta from the first bytes of a file (64 KiB are plenty) and settles the
/// transfer syntax, checking it against the first elements. Files without preamble, meta, group
/// length or Transfer Syntax UID are read. Refuses what is no DICOM at all.
pub fn open(prefix: &[u8]) -> Result<Opening> {
    let mut opening = Opening {
        meta: DataSet::new(),
        transfer_syntax_uid: Uid::from_static(IMPLICIT_VR_LITTLE_ENDIAN),
        data_set_offset: 0,
        findings: Vec::new(),
    };
    let is_prefix_at = |at: usize| {
        prefix
            .get(at..)
            .is_some_and(|rest| rest.starts_with(b"DICM"))
    };
    let start = match (is_prefix_at(128), is_prefix_at(0)) {
        (true, _) => 132,
        (false, true) => 4,
        (false, false) => 0,
    };
    if start != 132 {
        opening.note(TagPath::default(), 0, FindingKind::MissingPreamble);
    }
    read_meta(prefix, start, &mut opening)?;
    let at = usize::try_from(opening.data_set_offset).unwrap_or(usize::MAX);
    let is_marked = start > 0 || !opening.meta.is_empty();
    settle(prefix.get(at..).unwrap_or(&[]), is_marked, &mut opening)?;
    Ok(opening)
}

/// Reads the elements of group 0002 that stand at `start`. The group length is not relied upon.
fn read_meta(prefix: &[u8], start: usize, opening: &mut Opening) -> Result<()> {
    let bytes = prefix.get(start..).unwrap_or(&[]);
    let offset = start as u64;
    let mut walker = Walker::prefix(
        bytes,
        u64::MAX / 2,
        Encoding::EXPLICIT_LE,
        Limits::default(),
    );
    let is_meta_at = |at: u64| {
        let rest = usize::try_from(at)
            .ok()
            .and_then(|at| bytes.get(at..))
            .unwrap_or(&[]);
        rest.starts_with(&[0x02, 0x00]) && rest.len() >= 8
    };
    let mut promised_end = None;
    while is_meta_at(walker.position()) {
        let Some(Event::Element { tag, vr, value, .. }) = walker.next()? else {
            break;
        };
        if tag == GROUP_LENGTH {
            let length = value
                .first_chunk::<4>()
                .map(|length| u64::from(u32::from_le_bytes(*length)));
            promised_end = length.map(|length| walker.position() + length);
        }
        if !opening.meta.contains(tag) {
            opening.meta.put(Element {
                tag,
                vr,
                value: Value::Bytes(Bytes::copy_from_slice(value)),
            });
        }
    }
    let end = walker.position();
    opening.data_set_offset = offset + end;
    let met = walker.into_findings().into_iter();
    opening.findings.extend(met.map(|finding| Finding {
        offset: finding.offset + offset,
        ..finding
    }));
    if opening.meta.is_empty() {
        opening.note(TagPath::default(), offset, FindingKind::MissingMeta);
    } else if promised_end != Some(end) {
        opening.note(
            TagPath::root(GROUP_LENGTH),
            offset,
            FindingKind::MetaGroupLength,
        );
    }
    Ok(())
}

/// Decides on the transfer syntax: what the meta says, unless the bytes say otherwise.
fn settle(data_set: &[u8], is_marked: bool, opening: &mut Opening) -> Result<()> {
    let declared = opening
        .meta
        .first_text(TRANSFER_SYNTAX_UID)
        .and_then(|text| Uid::tolerant(&text).ok());
    let best = sniff::best(data_set);
    if let Some(uid) = declared {
        let encoding = Encoding::of(uid.as_str());
        let believed = match best {
            None => true,
            // Chance makes DEFLATE look like two elements, hardly like more.
            Some((_, score)) if encoding.deflated => score < 3,
            Some((_, score)) => score < 2 || 2 * sniff::score(data_set, encoding, true) >= score,
        };
        if believed {
            opening.transfer_syntax_uid = uid;
            return Ok(());
        }
    }
    let uid = match best {
        Some((encoding, score))
            if is_marked || score >= 2 || is_one_element(data_set, encoding) =>
        {
            uid_of(encoding)
        }
        _ if is_marked => EXPLICIT_VR_LITTLE_ENDIAN,
        _ => {
            let reason = "neither a DICM prefix nor elements at the beginning".to_owned();
            return Err(Error::NotDicom { reason });
        }
    };
    opening.transfer_syntax_uid = Uid::from_static(uid);
    let kind = FindingKind::TransferSyntaxAssumed(uid.to_owned());
    opening.note(
        TagPath::root(TRANSFER_SYNTAX_UID),
        opening.data_set_offset,
        kind,
    );
    Ok(())
}

/// Is this just one whole element?
fn is_one_element(bytes: &[u8], encoding: Encoding) -> bool {
    let mut walker = Walker::new(bytes, encoding, Limits::default());
    matches!(walker.next(), Ok(Some(_)))
        && walker.position() == bytes.len() as u64
        && walker.findings().is_empty()
}

fn uid_of(encoding: Encoding) -> &'static str {
    match (encoding.explicit, encoding.big_endian) {
        (true, true) => EXPLICIT_VR_BIG_ENDIAN,
        (true, false) => EXPLICIT_VR_LITTLE_ENDIAN,
        (false, _) => IMPLICIT_VR_LITTLE_ENDIAN,
    }
}

/// A whole file in memory.
#[derive(Clone, Debug)]
pub struct File {
    /// How it begins.
    pub opening: Opening,
    /// The data set.
    pub data_set: DataSet,
    /// All that was got over, the opening's included. Offsets are from the start of the file,
    /// or of the inflated data set if it is deflated.
    pub findings: Vec<Finding>,
}

/// Reads a whole file.
pub fn read(bytes: &Bytes, limits: Limits) -> Result<File> {
    let opening = open(bytes)?;
    let start = usize::try_from(opening.data_set_offset)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    let uid = opening.transfer_syntax_uid.as_str();
    let (data_set, met) = read_data_set(&bytes.slice(start..), uid, limits)?;
    let base = if Encoding::of(uid).deflated {
        0
    } else {
        start as u64
    };
    let mut findings = opening.findings.clone();
    findings.extend(met.into_iter().map(|finding| Finding {
        offset: finding.offset + base,
        ..finding
    }));
    Ok(File {
        opening,
        data_set,
        findings,
    })
}

/// What goes into File Meta Information (PS3.10 Table 7.1-1).
#[derive(Clone, Debug)]
pub struct Meta {
    /// Media Storage SOP Class UID (0002,0002).
    pub sop_class_uid: Uid,
    /// Media Storage SOP Instance UID (0002,0003).
    pub sop_instance_uid: Uid,
    /// Transfer Syntax UID (0002,0010).
    pub transfer_syntax_uid: Uid,
    /// Source Application Entity Title (0002,0016).
    pub source_ae_title: Option<String>,
}

/// Preamble (zeros), prefix and File Meta Information.
pub fn write_header(meta: &Meta) -> Vec<u8> {
    let mut elements = DataSet::new();
    elements.put_bytes(VERSION, Vr::OB, vec![0, 1]);
    elements.put_uid(SOP_CLASS_UID, &meta.sop_class_uid);
    elements.put_uid(SOP_INSTANCE_UID, &meta.sop_instance_uid);
    elements.put_uid(TRANSFER_SYNTAX_UID, &meta.transfer_syntax_uid);
    elements.put_bytes(
        IMPLEMENTATION_CLASS,
        Vr::UI,
        IMPLEMENTATION_CLASS_UID.as_bytes().to_vec(),
    );
    elements.put_bytes(
        IMPLEMENTATION_VERSION,
        Vr::SH,
        IMPLEMENTATION_VERSION_NAME.as_bytes().to_vec(),
    );
    if let Some(title) = &meta.source_ae_title {
        elements.put_bytes(SOURCE_AE_TITLE, Vr::AE, title.as_bytes().to_vec());
    }
    let mut body = Vec::with_capacity(320);
    // Short strings and one pair of bytes: nothing in them can be refused.
    let written = write_encoded(&elements, Encoding::EXPLICIT_LE, &mut body);
    debug_assert!(written.is_ok());
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut header = vec![0; 128];
    header.extend_from_slice(b"DICM");
    header.extend_from_slice(&[2, 0, 0, 0, b'U', b'L', 4, 0]);
    header.extend_from_slice(&length.to_le_bytes());
    header.extend_from_slice(&body);
    header
}

/// A whole file. Strict: refuses a data set that cannot be written in `meta`'s transfer syntax.
pub fn write(meta: &Meta, data_set: &DataSet) -> Result<Vec<u8>> {
    if let Some(first) = data_set.elements().first()
        && first.tag.group() <= 0x0002
    {
        let path = TagPath(vec![PathStep::Element(first.tag)]);
        return Err(Error::Unwritable {
            path,
            reason: "command and meta elements are no part of a data set".into(),
        });
    }
    let uid = meta.transfer_syntax_uid.as_str();
    if matches!(Kind::of(uid), Kind::Referenced(_, 2)) {
        return Err(Error::UnsupportedTransferSyntax {
            uid: uid.to_owned(),
            operation: "writing",
        });
    }
    let mut out = write_header(meta);
    write_data_set(data_set, uid, &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests;

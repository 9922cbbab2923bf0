//! From the bytes of a data set to its entry in the index: one walk, no tree, and of a large
//! object only its header.

use bytes::Bytes;
use sagittal_core::{
    Finding, FindingKind, Limits, PathStep, Tag, TagPath, Uid, tags, transfer_syntax,
};
use sagittal_file::encoding::Encoding;
use sagittal_file::{extract, json, read};
use sagittal_iod::quality::{Checker, Surroundings};
use sagittal_pixel::frames::{Description, FrameTable, Location};
use sagittal_store::index::{InstanceAttributes, SeriesAttributes, StudyAttributes};

use super::attributes::Gathered;
use super::source::{Chunks, Source, Window};
use crate::{Error, Result, bulk_path};

/// Read first of a data set; nearly every header fits.
const FIRST_WINDOW: usize = 64 << 10;
/// A header is sought in so many first bytes; what follows is kept but not indexed.
const LAST_WINDOW: usize = 64 << 20;
/// Elements after the pixel data are indexed if they are not longer than this.
const LONGEST_TAIL: u64 = 1 << 20;
/// A deflated data set that grows to no more than this is indexed whole, beside others.
const INFLATED_SMALL: usize = 4 << 20;
/// Binary values longer than this become BulkDataURIs.
const INLINE: u64 = 1024;

/// Objects that belong to no patient and no study (PS3.4 Annex GG). In the index each class is a
/// study of its own, under a UID made from the class's; the objects themselves stay as they are.
const NON_PATIENT: [&str; 9] = [
    "1.2.840.10008.5.1.4.1.1.200.1", // CT Defined Procedure Protocol
    "1.2.840.10008.5.1.4.1.1.200.3", // Protocol Approval
    "1.2.840.10008.5.1.4.1.1.200.7", // XA Defined Procedure Protocol
    "1.2.840.10008.5.1.4.1.1.201.1", // Inventory
    "1.2.840.10008.5.1.4.38.1",      // Hanging Protocol
    "1.2.840.10008.5.1.4.39.1",      // Color Palette
    "1.2.840.10008.5.1.4.43.1",      // Generic Implant Template
    "1.2.840.10008.5.1.4.44.1",      // Implant Assembly Template
    "1.2.840.10008.5.1.4.45.1",      // Implant Template Group
];

fn derived_uid(sop_class: &Uid, level: &str) -> Uid {
    let hash = blake3::hash(format!("sagittal {level} of {sop_class}").as_bytes());
    let bits = hash
        .as_bytes()
        .first_chunk::<16>()
        .map_or(0, |bits| u128::from_be_bytes(*bits));
    Uid::from_uuid_bits(bits)
}

/// The UIDs of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uids {
    pub(crate) sop_class: Uid,
    pub(crate) sop_instance: Uid,
    pub(crate) study: Uid,
    pub(crate) series: Uid,
}

/// What the index will know of an instance.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) uids: Uids,
    pub(crate) study: StudyAttributes,
    pub(crate) series: SeriesAttributes,
    pub(crate) instance: InstanceAttributes,
    pub(crate) frames: Vec<u8>,
    pub(crate) header: Vec<u8>,
    pub(crate) findings: Vec<Finding>,
    /// What the checks of data quality found, if there were any.
    pub(crate) quality: Vec<sagittal_iod::Finding>,
}

impl Described {
    /// Takes everything away by which it could show among the studies.
    pub(crate) fn hide(&mut self, key: &Uid) {
        let Uids { study, series, .. } = &self.uids;
        self.study = StudyAttributes {
            study_instance_uid: format!("quarantined {study}"),
            ..StudyAttributes::default()
        };
        self.series = SeriesAttributes {
            series_instance_uid: format!("quarantined {series}"),
            ..SeriesAttributes::default()
        };
        self.instance.sop_instance_uid = key.to_string();
    }
}

/// Describes a data set. `class_elsewhere` is used if it does not say its own SOP class.
pub(crate) fn describe(
    source: &mut dyn Source,
    transfer_syntax_uid: &str,
    class_elsewhere: Option<&Uid>,
) -> Result<Described> {
    describe_and_check(source, transfer_syntax_uid, class_elsewhere, None)
}

/// As [`describe`], with the checks of data quality on the way.
pub(crate) fn describe_and_check(
    source: &mut dyn Source,
    transfer_syntax_uid: &str,
    class_elsewhere: Option<&Uid>,
    checks: Option<Surroundings>,
) -> Result<Described> {
    let form = Form {
        encoding: Encoding::of(transfer_syntax_uid),
        transfer_syntax_uid,
        checks,
    };
    match form.encoding.deflated {
        true => inflated(source, form, class_elsewhere),
        false => windows(source, form, class_elsewhere),
    }
}

/// How a data set is written, and what is looked for in it.
#[derive(Clone, Copy)]
struct Form<'a> {
    encoding: Encoding,
    transfer_syntax_uid: &'a str,
    checks: Option<Surroundings>,
}

/// Only one large deflated data set is looked into at a time, so that many together (or bombs) take
/// no more memory than one.
static LARGE: parking_lot::Mutex<()> = parking_lot::Mutex::new(());

/// Describes a deflated data set by its first [`LAST_WINDOW`] bytes, inflated.
fn inflated(
    source: &mut dyn Source,
    form: Form<'_>,
    class_elsewhere: Option<&Uid>,
) -> Result<Described> {
    let total = source.length();
    let small = total <= INFLATED_SMALL as u64;
    let _turn = (!small).then(|| LARGE.lock());
    let deflated = source.read(0, LAST_WINDOW)?;
    if small {
        let limits = Limits {
            inflated: INFLATED_SMALL as u64,
            ..Limits::default()
        };
        match read::inflate(&deflated, limits) {
            Ok((bytes, findings)) => {
                let chunks = [Bytes::from(bytes)];
                let mut whole = Chunks::new(&chunks);
                let mut described = windows(&mut whole, form, class_elsewhere)?;
                described.findings.extend(findings);
                return Ok(described);
            }
            Err(sagittal_file::Error::Limit { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let _turn = small.then(|| LARGE.lock());
    let bytes = read::inflate_prefix(&deflated, LAST_WINDOW);
    let whole = bytes.len() < LAST_WINDOW && deflated.len() as u64 == total;
    drop(deflated);
    let chunks = [Bytes::from(bytes)];
    let mut first = Chunks::new(&chunks);
    if !whole {
        // How much more there is, nobody knows without inflating it all.
        first.length = u64::MAX >> 1;
    }
    windows(&mut first, form, class_elsewhere)
}

/// Walks over ever larger first parts until the header is in.
fn windows(
    source: &mut dyn Source,
    form: Form<'_>,
    class_elsewhere: Option<&Uid>,
) -> Result<Described> {
    let total = source.length();
    let mut window = FIRST_WINDOW;
    loop {
        let bytes = source.read(0, window)?;
        let whole = bytes.len() as u64 >= total;
        let last = whole || window >= LAST_WINDOW || bytes.len() < window;
        let look = Look {
            bytes: &bytes,
            total,
            encoding: form.encoding,
            transfer_syntax_uid: form.transfer_syntax_uid,
            checks: form.checks,
            last,
        };
        if let Some(described) = look.describe(source, class_elsewhere)? {
            return Ok(described);
        }
        window = window.saturating_mul(16).min(LAST_WINDOW);
    }
}

/// One look at the first bytes of a data set.
struct Look<'a> {
    bytes: &'a [u8],
    total: u64,
    encoding: Encoding,
    transfer_syntax_uid: &'a str,
    checks: Option<Surroundings>,
    /// There will be no larger one.
    last: bool,
}

impl Look<'_> {
    /// `None` if more must be seen.
    fn describe(
        &self,
        source: &mut dyn Source,
        class_elsewhere: Option<&Uid>,
    ) -> Result<Option<Described>> {
        let uids = match self.uids(class_elsewhere) {
            Ok(uids) => uids,
            Err(_) if !self.last => return Ok(None),
            Err(error) => return Err(error),
        };
        let explicit = self.encoding.explicit;
        let checker = self.checks.map(|checks| Checker::new(explicit, checks));
        let mut gathered = Gathered::new(self.encoding.big_endian, checker);
        let mut header = Vec::with_capacity(8 << 10);
        let mut policy = Policy {
            uids: &uids,
            at_hand: self.bytes.len() as u64,
        };
        let written = json::write_observed(
            self.bytes,
            self.total,
            self.transfer_syntax_uid,
            Limits::default(),
            &mut policy,
            &mut header,
            &mut |event, depth| gathered.observe(event, depth),
        );
        let written = match written {
            Ok(written) => written,
            Err(sagittal_file::Error::Truncated { .. }) if !self.last => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut findings = written.findings;
        let pixels = match gathered.pixel_data {
            Some((_, place)) => Some(self.pixels(source, place, &gathered)?),
            None => None,
        };
        let at_hand = self.bytes.len() as u64;
        if at_hand < self.total {
            let end = pixels.as_ref().map_or(0, |pixels| pixels.end);
            let tail = self.total.saturating_sub(end);
            if end < at_hand || tail > LONGEST_TAIL {
                // The header goes on beyond what is at hand.
                if !self.last {
                    return Ok(None);
                }
                let what = "elements beyond the first 64 MiB are kept but not indexed";
                findings.push(Finding {
                    path: TagPath::default(),
                    offset: written.covered,
                    kind: FindingKind::Other(what.to_owned()),
                });
            } else if tail > 0 {
                self.append_tail(source, end, &uids, &mut header)?;
            }
        }
        let header = with_raw_marks(header);
        let Gathered {
            study,
            series,
            mut instance,
            checker,
            ..
        } = gathered;
        instance.sop_class_uid = uids.sop_class.to_string();
        Ok(Some(Described {
            study: StudyAttributes {
                study_instance_uid: uids.study.to_string(),
                ..study
            },
            series: SeriesAttributes {
                series_instance_uid: uids.series.to_string(),
                ..series
            },
            instance: InstanceAttributes {
                sop_instance_uid: uids.sop_instance.to_string(),
                ..instance
            },
            frames: pixels.map_or_else(Vec::new, |pixels| pixels.table.to_bytes()),
            header,
            findings,
            quality: checker.map(Checker::finish).unwrap_or_default(),
            uids,
        }))
    }

    fn uids(&self, class_elsewhere: Option<&Uid>) -> Result<Uids> {
        let wanted = [
            tags::SOP_CLASS_UID,
            tags::SOP_INSTANCE_UID,
            tags::STUDY_INSTANCE_UID,
            tags::SERIES_INSTANCE_UID,
        ];
        let values = extract::root_values(
            self.bytes,
            self.total,
            self.encoding,
            Limits::default(),
            &wanted,
        )?;
        let uid = |at: usize, name: &str| {
            let value = values.get(at).copied().flatten();
            let text = value.map(|value| String::from_utf8_lossy(value.value).into_owned());
            let Some(text) = text.filter(|text| !text.trim_matches([' ', '\0']).is_empty()) else {
                return Err(Error::Unreadable {
                    reason: format!("no {name}"),
                });
            };
            // Several values: the first.
            let first = text.split('\\').next().unwrap_or_default();
            Uid::tolerant(first).map_err(|_| Error::Unreadable {
                reason: format!("{name} is not a UID"),
            })
        };
        let sop_class = match (uid(0, "SOP Class UID"), class_elsewhere) {
            (Err(_), Some(class)) => class.clone(),
            (found, _) => found?,
        };
        let of_no_patient = NON_PATIENT.contains(&sop_class.as_str());
        let or_derived = |found: Result<Uid>, level: &str| match found {
            Err(_) if of_no_patient => Ok(derived_uid(&sop_class, level)),
            found => found,
        };
        Ok(Uids {
            sop_instance: uid(1, "SOP Instance UID")?,
            study: or_derived(uid(2, "Study Instance UID"), "study")?,
            series: or_derived(uid(3, "Series Instance UID"), "series")?,
            sop_class,
        })
    }

    fn pixels(
        &self,
        source: &mut dyn Source,
        place: Location,
        gathered: &Gathered,
    ) -> Result<Pixels> {
        let description = Description {
            number_of_frames: gathered.instance.number_of_frames.unwrap_or(1),
            frame_bits: gathered.frame_bits(),
            is_video: transfer_syntax::by_uid(self.transfer_syntax_uid)
                .is_some_and(|ts| ts.compression == transfer_syntax::Compression::Video),
            is_word_swapped: gathered.is_word_swapped(),
            extended_offset_table: &gathered.extended_offsets,
            extended_offset_table_lengths: &gathered.extended_lengths,
        };
        let table = match place {
            Location::Native { offset, length } => {
                let length = length.min(self.total.saturating_sub(offset));
                let place = Location::Native { offset, length };
                FrameTable::build(&Window::new(source), place, &description)
            }
            place => FrameTable::build(&Window::new(source), place, &description),
        };
        // An unusable frame table keeps nobody from storing.
        let table = match table {
            Ok(table) => table,
            Err(sagittal_pixel::Error::Read { source }) => {
                return Err(sagittal_file::Error::from(source).into());
            }
            Err(_) => FrameTable::default(),
        };
        let end = match place {
            Location::Native { offset, length } => offset.saturating_add(length),
            Location::Encapsulated { offset } => {
                let last = table.all().last().map_or(offset, |piece| piece.end);
                end_of_fragments(source, last)?.unwrap_or(self.total)
            }
        };
        Ok(Pixels { table, end })
    }

    /// Elements behind pixel data that are not at hand.
    fn append_tail(
        &self,
        source: &mut dyn Source,
        from: u64,
        uids: &Uids,
        header: &mut Vec<u8>,
    ) -> Result<()> {
        let length = usize::try_from(self.total - from).unwrap_or(0);
        let bytes = source.read(from, length)?;
        let mut tail = Vec::new();
        let mut policy = Policy {
            uids,
            at_hand: u64::MAX,
        };
        let total = bytes.len() as u64;
        json::write_from_bytes(
            &bytes,
            total,
            self.transfer_syntax_uid,
            Limits::default(),
            &mut policy,
            &mut tail,
        )?;
        // `{a}` and `{b}` become `{a,b}`.
        if tail.len() > 2 && header.last() == Some(&b'}') {
            header.pop();
            if header.len() > 1 {
                header.push(b',');
            }
            header.extend_from_slice(tail.get(1..).unwrap_or_default());
        }
        Ok(())
    }
}

/// Which values become BulkDataURIs: pixel data and overlays, binary ones of more than 1 KiB, long
/// text, and whatever is not at hand.
struct Policy<'a> {
    uids: &'a Uids,
    at_hand: u64,
}

impl json::BulkData for Policy<'_> {
    fn uri(&mut self, path: &TagPath, offset: u64, length: Option<u64>) -> Option<String> {
        let tag = match path.0.last() {
            Some(PathStep::Element(tag)) => *tag,
            _ => Tag::default(),
        };
        let is_pixels = tag.group() == 0x7FE0 || is_overlay_data(tag);
        let is_long = length.is_none_or(|length| {
            // A long value of the header is better read whole than not known.
            length > INLINE || (offset.saturating_add(length) > self.at_hand && is_pixels)
        });
        (is_pixels || is_long).then(|| {
            let Uids {
                study,
                series,
                sop_instance,
                ..
            } = self.uids;
            let uri = bulk_path::uri(study.as_str(), series.as_str(), sop_instance.as_str(), path);
            format!("\u{1}{uri}")
        })
    }
}

/// JSON escapes the mark that stands for the base URL; in an index it is the bare byte.
fn with_raw_marks(header: Vec<u8>) -> Vec<u8> {
    const ESCAPED: &[u8] = br#","BulkDataURI":"\u0001/"#;
    const RAW: &[u8] = b",\"BulkDataURI\":\"\x01/";
    let mut out = Vec::with_capacity(header.len());
    let mut rest = header.as_slice();
    // A quote within a value is escaped, so this is found nowhere else.
    while let Some(at) = memchr::memmem::find(rest, ESCAPED) {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        out.extend_from_slice(RAW);
        rest = after.get(ESCAPED.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// Overlay Data (60xx,3000).
fn is_overlay_data(tag: Tag) -> bool {
    (0x6000..=0x60FE).contains(&tag.group()) && !tag.is_private() && tag.element() == 0x3000
}

struct Pixels {
    table: FrameTable,
    /// Where the next element begins.
    end: u64,
}

const SEQUENCE_DELIMITER: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];

/// Where the next element begins after fragments of which the last ends at `at`; `None` if they
/// have no end. An odd fragment may be followed by a byte of padding.
fn end_of_fragments(source: &mut dyn Source, at: u64) -> Result<Option<u64>> {
    for at in [at, at.saturating_add(1)] {
        if source.read(at, 4)? == SEQUENCE_DELIMITER[..] {
            return Ok(Some(at.saturating_add(8)));
        }
    }
    Ok(None)
}

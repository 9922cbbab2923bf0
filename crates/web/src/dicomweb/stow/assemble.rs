//! A Part 10 file of metadata and bulk data, sent to the archive as it is put together: large
//! values stream from their parts, only small ones are held.

use std::collections::HashMap;

use bytes::Bytes;
use http::StatusCode;
use sagittal_archive::ingest::{Form, Receiving};
use sagittal_core::{DataSet, Element, Tag, Uid, Value, Vr, tags, transfer_syntax as ts};
use sagittal_file::{part10, write::write_data_set};

use super::Session;
use super::codestream::{self, Image};
use super::model::Bulk;
use super::report::{Failure, reason};
use crate::dicomweb::media_type::{COMPRESSED, OCTET_STREAM, is_encapsulated};

/// Bytes of a compressed image that are looked at.
const HEAD: usize = 64 << 10;
/// A fragment's length has 32 bits; a longer stream (video) is cut here.
const FRAGMENT: u64 = 1 << 30;

/// Native values of unlimited length cannot be written (PS3.5 §7.1.1).
const LONGEST: u64 = 0xFFFF_FFFE;

/// A piece of the data set.
enum Segment {
    /// Elements in memory.
    Elements(DataSet),
    /// A native value from a part.
    Native { tag: Tag, vr: Vr, bulk: usize },
    /// Pixel data from parts, a frame each.
    Encapsulated(Vec<Slice>),
}

/// Bytes of a part.
#[derive(Clone, Copy)]
struct Slice {
    bulk: usize,
    offset: u64,
    length: u64,
}

/// Sends a data set to the archive; what comes back is only to be finished.
pub(super) async fn send(
    session: &Session,
    mut data_set: DataSet,
    bulk: &mut [Bulk],
) -> Result<Receiving, Failure> {
    let stated = stated_transfer_syntax(&mut data_set);
    let (syntax, pixels) = match pixel_parts(&data_set, bulk, stated.as_ref()).await? {
        Some((uid, slices, image)) => {
            describe(&mut data_set, &uid, slices.len(), image);
            (uid, Some(slices))
        }
        None => (stated_or_native(&data_set, stated)?, None),
    };
    inline_small(session, &mut data_set, bulk, pixels.is_some()).await?;
    let meta = meta(&data_set, &syntax)?;
    let segments = segments(data_set, bulk, pixels)?;
    let mut receiving = session.state.archive.receive(
        session.source.clone(),
        session.announced.clone(),
        Form::Part10,
    );
    let mut out = Out {
        receiving: &mut receiving,
    };
    out.write(part10::write_header(&meta).into()).await?;
    for segment in segments {
        match segment {
            Segment::Elements(elements) => {
                let mut bytes = Vec::new();
                write_data_set(&elements, syntax.as_str(), &mut bytes)
                    .map_err(|error| Failure::unreadable(error.to_string()))?;
                out.write(bytes.into()).await?;
            }
            Segment::Native { tag, vr, bulk: at } => {
                if let Some(part) = bulk.get_mut(at) {
                    out.native(tag, vr, part).await?;
                }
            }
            Segment::Encapsulated(slices) => out.encapsulated(&slices, bulk).await?,
        }
    }
    Ok(receiving)
}

/// Transfer Syntax UID (0002,0010), if the metadata have it; group 0002 is taken out.
fn stated_transfer_syntax(data_set: &mut DataSet) -> Option<Uid> {
    let uid = data_set.uid(tags::TRANSFER_SYNTAX_UID).ok().flatten();
    data_set.retain(|element| element.tag.group() > 0x0002);
    uid
}

/// The transfer syntax when no pixel data come in parts: Explicit VR Little Endian, unless the
/// metadata hold fragments and say of which syntax.
fn stated_or_native(data_set: &DataSet, stated: Option<Uid>) -> Result<Uid, Failure> {
    let fragments = data_set
        .elements()
        .iter()
        .any(|element| matches!(element.value, Value::Fragments(_)));
    match stated {
        Some(uid) if fragments && is_encapsulated(uid.as_str()) => Ok(uid),
        _ if fragments => Err(Failure::new(
            reason::TRANSFER_SYNTAX,
            StatusCode::BAD_REQUEST,
            "compressed pixel data in the metadata without their transfer syntax",
        )),
        _ => Ok(Uid::from_static(ts::EXPLICIT_VR_LITTLE_ENDIAN)),
    }
}

type PixelParts = Option<(Uid, Vec<Slice>, Option<Image>)>;

/// Compressed pixel data in parts: their transfer syntax and where their bytes are.
/// `None` if there are none, or native ones.
async fn pixel_parts(
    data_set: &DataSet,
    bulk: &mut [Bulk],
    stated: Option<&Uid>,
) -> Result<PixelParts, Failure> {
    let Some(Value::BulkDataUri(uri)) = data_set.get(tags::PIXEL_DATA).map(|e| &e.value) else {
        return Ok(None);
    };
    let found = find(bulk, uri);
    let Some(first) = found.first().and_then(|at| bulk.get_mut(*at)) else {
        return Err(missing(tags::PIXEL_DATA));
    };
    let essence = first.media_type.essence();
    let named = first
        .media_type
        .transfer_syntax()
        .and_then(|text| Uid::tolerant(text).ok());
    let compressed = named
        .clone()
        .or(stated.cloned())
        .filter(|uid| is_encapsulated(uid.as_str()));
    if essence == OCTET_STREAM && compressed.is_none() {
        return Ok(None);
    }
    let unreadable = || Failure::unreadable("a part of pixel data cannot be read");
    let head = first.spool.read(0, HEAD).await.map_err(|_| unreadable())?;
    let image = codestream::read(&essence, &head);
    let uid = match (compressed, image) {
        (Some(uid), _) => uid,
        (None, Some(image)) => Uid::from_static(image.transfer_syntax),
        (None, None) => default_syntax(&essence).ok_or_else(|| {
            Failure::new(
                reason::TRANSFER_SYNTAX,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "pixel data of this media type cannot be kept as they are",
            )
        })?,
    };
    let mut slices = Vec::new();
    for at in found {
        let Some(part) = bulk.get_mut(at) else {
            continue;
        };
        let head = part.spool.read(0, HEAD).await.map_err(|_| unreadable())?;
        let whole = part.spool.length();
        let (offset, length) = match codestream::read(&essence, &head) {
            Some(image) => (image.offset, image.length.unwrap_or(whole - image.offset)),
            None => (0, whole),
        };
        slices.push(Slice {
            bulk: at,
            offset,
            length: length.min(whole.saturating_sub(offset)),
        });
    }
    Ok(Some((uid, slices, image)))
}

/// The default transfer syntax of media types whose bytes are not looked into.
fn default_syntax(essence: &str) -> Option<Uid> {
    let opaque = matches!(
        essence,
        "image/dicom-rle" | "image/jxl" | "video/mpeg" | "video/mp4" | "video/h265"
    );
    COMPRESSED
        .iter()
        .find(|(media_type, _)| opaque && media_type.eq_ignore_ascii_case(essence))
        .and_then(|(_, uids)| uids.first())
        .map(|uid| Uid::from_static(uid))
}

/// The parts that a BulkDataURI means: by Content-Location or Content-ID, or frames below it.
fn find(bulk: &[Bulk], uri: &str) -> Vec<usize> {
    let exact = |part: &Bulk| {
        part.location.as_deref() == Some(uri)
            || part.id.as_deref() == Some(uri.strip_prefix("cid:").unwrap_or(uri))
    };
    let frame = |part: &Bulk| -> Option<u32> {
        let rest = part.location.as_deref()?.strip_prefix(uri)?;
        rest.strip_prefix("/frames/")?.parse().ok()
    };
    let same_path = |part: &Bulk| {
        part.location.as_deref().is_some_and(|location| {
            let (one, other) = (path_of(location), path_of(uri));
            !one.is_empty() && (one == other || other.ends_with(&format!("/{one}")))
        })
    };
    let all = |test: &dyn Fn(&Bulk) -> bool| -> Vec<usize> {
        (0..)
            .zip(bulk)
            .filter(|(_, part)| test(part))
            .map(|(at, _)| at)
            .collect()
    };
    let found = all(&exact);
    if !found.is_empty() {
        return found;
    }
    let mut frames: Vec<(u32, usize)> = (0..)
        .zip(bulk)
        .filter_map(|(at, part)| frame(part).map(|number| (number, at)))
        .collect();
    if !frames.is_empty() {
        frames.sort_unstable();
        return frames.into_iter().map(|(_, at)| at).collect();
    }
    all(&same_path)
}

/// A URI without scheme, host and leading slash: one side may be absolute, the other not.
fn path_of(uri: &str) -> &str {
    let path = match uri.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => uri,
    };
    path.trim_start_matches("./").trim_start_matches('/')
}

fn missing(tag: Tag) -> Failure {
    Failure::unreadable(format!("{tag}: no part bears its BulkDataURI"))
}

/// Fills in what a compressed image says of itself and the metadata do not (PS3.18 §10.5.2).
fn describe(data_set: &mut DataSet, uid: &Uid, parts: usize, image: Option<Image>) {
    if parts > 1 && !data_set.contains(tags::NUMBER_OF_FRAMES) {
        data_set.put_text(tags::NUMBER_OF_FRAMES, &parts.to_string());
    }
    let Some(image) = image else { return };
    let lossless = uid.as_str() == ts::JPEG_2000_LOSSLESS || uid.as_str() == ts::HTJ2K_LOSSLESS;
    let photometric = match (image.samples, uid.as_str()) {
        (1, _) => "MONOCHROME2",
        (_, ts::JPEG_BASELINE_8_BIT | ts::JPEG_EXTENDED_12_BIT) => "YBR_FULL_422",
        (_, ts::JPEG_2000 | ts::HTJ2K) => "YBR_ICT",
        _ if lossless => "YBR_RCT",
        _ => "RGB",
    };
    if !data_set.contains(tags::PHOTOMETRIC_INTERPRETATION) {
        data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, photometric);
    }
    let allocated = if image.bits > 8 { 16 } else { 8 };
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, image.samples),
        (tags::ROWS, image.rows),
        (tags::COLUMNS, image.columns),
        (tags::BITS_ALLOCATED, allocated),
        (tags::BITS_STORED, image.bits),
        (tags::HIGH_BIT, image.bits.saturating_sub(1)),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        if !data_set.contains(tag) {
            data_set.put_u16(tag, &[value]);
        }
    }
    if image.samples > 1 && !data_set.contains(tags::PLANAR_CONFIGURATION) {
        data_set.put_u16(tags::PLANAR_CONFIGURATION, &[0]);
    }
}

/// Puts small values, and all that are nested, in place of their references.
async fn inline_small(
    session: &Session,
    data_set: &mut DataSet,
    bulk: &mut [Bulk],
    pixels_apart: bool,
) -> Result<(), Failure> {
    let limits = &session.state.config.limits;
    let mut wanted: Vec<(String, Tag)> = Vec::new();
    for element in data_set.elements() {
        match &element.value {
            Value::BulkDataUri(_) if pixels_apart && element.tag == tags::PIXEL_DATA => {}
            Value::BulkDataUri(uri) => wanted.push((uri.clone(), element.tag)),
            Value::Sequence(items) => references(items, &mut wanted),
            _ => {}
        }
    }
    let mut values: HashMap<String, Bytes> = HashMap::new();
    let mut held = 0u64;
    for (uri, tag) in wanted {
        let Some(part) = find(bulk, &uri).first().and_then(|at| bulk.get_mut(*at)) else {
            return Err(missing(tag));
        };
        let length = part.spool.length();
        let streams = length > limits.bulk_in_memory as u64 && streams(data_set, tag, &uri);
        if streams || values.contains_key(&uri) {
            continue;
        }
        held += length;
        if held > limits.metadata_bytes as u64 {
            return Err(Failure::new(
                reason::OUT_OF_RESOURCES,
                StatusCode::PAYLOAD_TOO_LARGE,
                "the nested bulk data are larger than allowed",
            ));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let bytes = part.spool.read(0, length).await;
        values.insert(uri, bytes.map_err(|_| missing(tag))?);
    }
    replace(data_set, &values);
    Ok(())
}

/// A large value at the top level whose VR takes long lengths goes straight from its part.
fn streams(data_set: &DataSet, tag: Tag, uri: &str) -> bool {
    data_set.get(tag).is_some_and(|element| {
        element.vr.has_long_length()
            && element.vr != Vr::SQ
            && matches!(&element.value, Value::BulkDataUri(other) if other == uri)
    })
}

fn references(items: &[DataSet], wanted: &mut Vec<(String, Tag)>) {
    for element in items.iter().flat_map(DataSet::elements) {
        match &element.value {
            Value::BulkDataUri(uri) => wanted.push((uri.clone(), element.tag)),
            Value::Sequence(items) => references(items, wanted),
            _ => {}
        }
    }
}

fn replace(data_set: &mut DataSet, values: &HashMap<String, Bytes>) {
    let tags: Vec<Tag> = data_set.elements().iter().map(|e| e.tag).collect();
    for tag in tags {
        let Some(element) = data_set.get_mut(tag) else {
            continue;
        };
        let vr = element.vr;
        match &mut element.value {
            Value::BulkDataUri(uri) => {
                if let Some(bytes) = values.get(uri) {
                    data_set.put_bytes(tag, vr, bytes.clone());
                }
            }
            Value::Sequence(items) => items.iter_mut().for_each(|item| replace(item, values)),
            _ => {}
        }
    }
}

fn meta(data_set: &DataSet, syntax: &Uid) -> Result<part10::Meta, Failure> {
    let uid = |tag: Tag, name: &str| {
        data_set
            .uid(tag)
            .ok()
            .flatten()
            .ok_or_else(|| Failure::unreadable(format!("the metadata have no {name}")))
    };
    Ok(part10::Meta {
        sop_class_uid: uid(tags::SOP_CLASS_UID, "SOPClassUID")?,
        sop_instance_uid: uid(tags::SOP_INSTANCE_UID, "SOPInstanceUID")?,
        transfer_syntax_uid: syntax.clone(),
        source_ae_title: None,
    })
}

/// Cuts the data set where values come from parts.
fn segments(
    data_set: DataSet,
    bulk: &[Bulk],
    mut pixels: Option<Vec<Slice>>,
) -> Result<Vec<Segment>, Failure> {
    let mut segments = Vec::new();
    let mut run = DataSet::with_character_set(data_set.character_set().clone());
    for Element { tag, vr, value } in data_set.into_elements() {
        let segment = match value {
            Value::BulkDataUri(_) if tag == tags::PIXEL_DATA && pixels.is_some() => {
                pixels.take().map(Segment::Encapsulated)
            }
            Value::BulkDataUri(uri) => {
                let at = find(bulk, &uri).first().copied();
                let at = at.ok_or_else(|| missing(tag))?;
                Some(Segment::Native { tag, vr, bulk: at })
            }
            value => {
                run.put(Element { tag, vr, value });
                None
            }
        };
        if let Some(segment) = segment {
            let next = DataSet::with_character_set(run.character_set().clone());
            segments.push(Segment::Elements(std::mem::replace(&mut run, next)));
            segments.push(segment);
        }
    }
    segments.push(Segment::Elements(run));
    Ok(segments)
}

/// The archive's end of the pipe.
struct Out<'a> {
    receiving: &'a mut Receiving,
}

impl Out<'_> {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Failure> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.receiving
            .write(bytes)
            .await
            .map_err(|error| Failure::of(&error))
    }

    /// An element with a 32-bit length, in Explicit VR Little Endian (PS3.5 §7.1.2).
    async fn header(&mut self, tag: Tag, vr: Vr, length: u32) -> Result<(), Failure> {
        let mut bytes = Vec::with_capacity(12);
        bytes.extend_from_slice(&tag.group().to_le_bytes());
        bytes.extend_from_slice(&tag.element().to_le_bytes());
        bytes.extend_from_slice(vr.as_str().as_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&length.to_le_bytes());
        self.write(bytes.into()).await
    }

    async fn item(&mut self, tag: Tag, length: u32) -> Result<(), Failure> {
        let mut bytes = Vec::with_capacity(8);
        bytes.extend_from_slice(&tag.group().to_le_bytes());
        bytes.extend_from_slice(&tag.element().to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        self.write(bytes.into()).await
    }

    async fn native(&mut self, tag: Tag, vr: Vr, part: &mut Bulk) -> Result<(), Failure> {
        let length = part.spool.length();
        let padded = length + length % 2;
        let announced = u32::try_from(padded)
            .ok()
            .filter(|length| u64::from(*length) <= LONGEST)
            .ok_or_else(|| Failure::unreadable(format!("{tag}: {length} bytes are too many")))?;
        self.header(tag, vr, announced).await?;
        self.copy(part, 0, length).await?;
        if padded > length {
            self.write(Bytes::from(vec![vr.padding()])).await?;
        }
        Ok(())
    }

    /// Pixel data in fragments, a frame each, with an empty Basic Offset Table (PS3.5 §A.4).
    async fn encapsulated(&mut self, slices: &[Slice], bulk: &mut [Bulk]) -> Result<(), Failure> {
        self.header(tags::PIXEL_DATA, Vr::OB, u32::MAX).await?;
        self.item(Tag::ITEM, 0).await?;
        for slice in slices {
            let Some(part) = bulk.get_mut(slice.bulk) else {
                continue;
            };
            let (mut offset, mut rest) = (slice.offset, slice.length);
            while rest > 0 {
                let length = rest.min(FRAGMENT);
                let padded = length + length % 2;
                // FRAGMENT fits.
                self.item(Tag::ITEM, u32::try_from(padded).unwrap_or(0))
                    .await?;
                self.copy(part, offset, length).await?;
                if padded > length {
                    self.write(Bytes::from_static(&[0])).await?;
                }
                offset += length;
                rest -= length;
            }
        }
        self.item(Tag::SEQUENCE_DELIMITATION_ITEM, 0).await
    }

    async fn copy(&mut self, part: &mut Bulk, mut offset: u64, length: u64) -> Result<(), Failure> {
        let end = offset + length;
        while offset < end {
            let mut chunk = part.spool.chunk(offset).await.map_err(|error| {
                Failure::new(
                    reason::PROCESSING_FAILURE,
                    error.status(),
                    error.to_string(),
                )
            })?;
            chunk.truncate(usize::try_from(end - offset).unwrap_or(usize::MAX));
            if chunk.is_empty() {
                return Err(Failure::unreadable("a part ends too early"));
            }
            offset += chunk.len() as u64;
            self.write(chunk).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::spool::Spool;
    use super::*;
    use crate::accept::MediaRange;

    fn part(location: Option<&str>, id: Option<&str>) -> Bulk {
        Bulk {
            location: location.map(str::to_owned),
            id: id.map(str::to_owned),
            media_type: MediaRange::parse("application/octet-stream").unwrap(),
            spool: Spool::new(),
        }
    }

    #[test]
    fn parts_are_found_by_location_id_frames_and_path() {
        let bulk = vec![
            part(Some("http://h/a/1"), None),
            part(None, Some("pixels@x")),
            part(Some("http://h/b/frames/2"), None),
            part(Some("http://h/b/frames/1"), None),
            part(Some("c/7FE00010"), None),
            part(Some("http://h/a/1"), None),
        ];
        assert_eq!(find(&bulk, "http://h/a/1"), [0, 5]);
        assert_eq!(find(&bulk, "cid:pixels@x"), [1]);
        assert_eq!(find(&bulk, "http://h/b"), [3, 2]);
        assert_eq!(find(&bulk, "http://other/x/c/7FE00010"), [4]);
        assert_eq!(find(&bulk, "https://h/a/1"), [0, 5]);
        assert!(find(&bulk, "http://h/nothing").is_empty());
    }

    #[test]
    fn group_two_is_taken_out_and_its_transfer_syntax_kept() {
        let mut data_set = DataSet::new();
        data_set.put_text(tags::TRANSFER_SYNTAX_UID, ts::JPEG_2000);
        data_set.put_text(tags::PATIENT_ID, "1");
        let uid = stated_transfer_syntax(&mut data_set).unwrap();
        assert_eq!(uid.as_str(), ts::JPEG_2000);
        assert_eq!(data_set.len(), 1);
    }
}

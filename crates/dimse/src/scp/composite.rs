//! Composite Instance Root Retrieve with frame level (PS3.4 Annex Y), and Composite Instance
//! Retrieve Without Bulk Data (PS3.4 Annex Z).

use bytes::{Bytes, BytesMut};
use sagittal_archive::Archive;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_core::{DataSet, PathStep, Tag, TagPath, Uid, Value, tags};
use sagittal_file::swap::swap;
use sagittal_file::write::write_data_set;
use sagittal_net::Data;
use sagittal_net::dimse::Status;

use super::identifier;
use super::operation::Operation;
use super::retrieve::{Form, Plan, select};
use crate::registry::{Model, Operation as Kind};
use crate::status::{Failure, INVALID_REQUEST, NO_FRAMES_FOUND, NOT_TIME_BASED};

/// Values that are large and no bulk data of Annex Z are read up to this in all.
const MAX_VALUES: u64 = 64 << 20;

/// What a Composite Instance Root retrieval asks for.
pub(super) async fn plan(operation: &Operation, identifier: &DataSet) -> Result<Plan, Failure> {
    let model = Model::CompositeInstanceRoot;
    let level = identifier::level_text(model, identifier)?;
    let instances = select(operation, model, identifier).await?;
    if level != "FRAME" {
        return Ok(Plan {
            instances,
            form: Form::Whole,
        });
    }
    if identifier.texts(tags::SOP_INSTANCE_UID).len() != 1 {
        let comment = "FRAME level takes one SOP Instance UID";
        return Err(Failure {
            offending_element: vec![tags::SOP_INSTANCE_UID],
            ..Failure::new(INVALID_REQUEST, comment)
        });
    }
    let Some(instance) = instances.first() else {
        return Ok(Plan {
            instances,
            form: Form::Whole,
        });
    };
    let frames = match Frames::asked(identifier, instance.number_of_frames)? {
        Frames::Numbers(numbers) => numbers,
        Frames::Between(start, end) => {
            let header = operation.session.provider.archive.header(instance, "");
            let header = header
                .await
                .map_err(|error| Failure::of(operation.kind, &error))?;
            within(&header, instance.number_of_frames, start, end)?
        }
    };
    let found: Vec<u32> = frames
        .into_iter()
        .filter(|number| (1..=instance.number_of_frames).contains(number))
        .map(|number| number - 1)
        .collect();
    if found.is_empty() {
        let comment = format!("the instance has {} frames", instance.number_of_frames);
        return Err(Failure::new(NO_FRAMES_FOUND, comment));
    }
    Ok(Plan {
        form: Form::Frames(found.into()),
        instances,
    })
}

/// Which frames are asked for.
#[derive(Debug, PartialEq)]
enum Frames {
    /// Numbers from 1, ascending.
    Numbers(Vec<u32>),
    /// Seconds after the first frame.
    Between(f64, f64),
}

impl Frames {
    /// Exactly one of Simple Frame List, Calculated Frame List and Time Range
    /// (PS3.4 §Y.3.3), of an instance with `count` frames.
    fn asked(identifier: &DataSet, count: u32) -> Result<Frames, Failure> {
        let there: Vec<Tag> = [
            tags::SIMPLE_FRAME_LIST,
            tags::CALCULATED_FRAME_LIST,
            tags::TIME_RANGE,
        ]
        .into_iter()
        .filter(|tag| {
            identifier
                .get(*tag)
                .is_some_and(|element| !element.value.is_empty())
        })
        .collect();
        let &[tag] = there.as_slice() else {
            let comment = "one of simple or calculated frame list or time range is expected";
            return Err(Failure {
                offending_element: there,
                ..Failure::new(INVALID_REQUEST, comment)
            });
        };
        let invalid = |comment: &str| Failure {
            offending_element: vec![tag],
            ..Failure::new(INVALID_REQUEST, comment)
        };
        if tag == tags::TIME_RANGE {
            return match identifier.floats(tag).as_slice() {
                &[start, end] if start <= end => Ok(Frames::Between(start, end)),
                _ => Err(invalid("a time range has two ascending values")),
            };
        }
        let numbers: Vec<u32> = identifier
            .ints(tag)
            .into_iter()
            .filter_map(|number| u32::try_from(number).ok())
            .collect();
        let mut numbers = if tag == tags::SIMPLE_FRAME_LIST {
            numbers
        } else {
            calculated(&numbers, count).map_err(|comment| invalid(&comment))?
        };
        numbers.sort_unstable();
        numbers.dedup();
        Ok(Frames::Numbers(numbers))
    }
}

/// Frames that a calculated list may name, of those that there are and each time that it does.
const MOST_CALCULATED: usize = 1 << 20;

/// Frames of triplets of first, last and increment; those beyond `count` do not exist.
fn calculated(numbers: &[u32], count: u32) -> Result<Vec<u32>, String> {
    let (triplets, rest) = numbers.as_chunks::<3>();
    let is_triplet = |&[first, last, increment]: &[u32; 3]| {
        increment != 0 && first != 0 && first <= last && usize::try_from(increment).is_ok()
    };
    if !rest.is_empty() || triplets.is_empty() || !triplets.iter().all(is_triplet) {
        let comment = "a calculated frame list has triplets of first, last and increment";
        return Err(comment.to_owned());
    }
    let mut frames = Vec::new();
    for &[first, last, increment] in triplets {
        let step = usize::try_from(increment).unwrap_or(usize::MAX);
        let named = (first..=last.min(count)).step_by(step);
        frames.extend(named.take(MOST_CALCULATED + 1));
        if frames.len() > MOST_CALCULATED {
            return Err(format!("the list names more than {MOST_CALCULATED} frames"));
        }
    }
    Ok(frames)
}

/// Frames whose time, in seconds after the first, lies in a range.
fn within(header: &DataSet, count: u32, start: f64, end: f64) -> Result<Vec<u32>, Failure> {
    let times: Vec<f64> = if let Some(frame_time) = header.float(tags::FRAME_TIME) {
        (0..count)
            .map(|index| f64::from(index) * frame_time / 1000.0)
            .collect()
    } else {
        let mut time = 0.0;
        header
            .floats(tags::FRAME_TIME_VECTOR)
            .into_iter()
            .map(|step| {
                time += step / 1000.0;
                time
            })
            .collect()
    };
    if times.is_empty() {
        let comment = "the frames of the instance have no time";
        return Err(Failure::new(NOT_TIME_BASED, comment));
    }
    // Sums of decimal fractions are never exact.
    let tolerance = 1e-6;
    let range = start - tolerance..=end + tolerance;
    let numbered = (1..=count).zip(times);
    Ok(numbered
        .filter(|(_, time)| range.contains(time))
        .map(|(number, _)| number)
        .collect())
}

/// What Annex Z leaves out (PS3.4 Table Z.1-1), at any depth.
fn is_bulk_data(tag: Tag) -> bool {
    match (tag.group(), tag.element()) {
        // Pixel data, its extended offset tables, float and double float pixel data.
        (0x7FE0, _) => true,
        // Encapsulated document, waveform data, spectroscopy data.
        (0x0042, 0x0011) | (0x5400, 0x1010) | (0x5600, 0x0020) => true,
        // Overlay data; curve and audio sample data.
        (0x6000..=0x60FF, 0x3000) | (0x5000..=0x50FF, 0x3000 | 0x200C) => true,
        _ => false,
    }
}

/// The data set of an instance without its bulk data.
pub(super) async fn without_bulk_data(
    archive: &Archive,
    instance: &InstanceRef,
    transfer_syntax_uid: &Uid,
) -> Result<Data<'static>, Failure> {
    let failure = |error| Failure::of(Kind::Get, &error);
    let mut header = archive.header(instance, "").await.map_err(failure)?;
    let mut referenced = Vec::new();
    strip(&mut header, &mut Vec::new(), &mut referenced);
    let mut budget = MAX_VALUES;
    for path in referenced {
        let value = value(archive, instance, &path, &mut budget).await?;
        restore(&mut header, &path.0, value);
    }
    let mut bytes = Vec::new();
    write_data_set(&header, transfer_syntax_uid.as_str(), &mut bytes)
        .map_err(|error| Failure::new(Status::PROCESSING_FAILURE, error.to_string()))?;
    Ok(Data::from(bytes))
}

/// Removes bulk data; notes where values stand that the header only refers to.
fn strip(data_set: &mut DataSet, path: &mut Vec<PathStep>, referenced: &mut Vec<TagPath>) {
    data_set.retain(|element| !is_bulk_data(element.tag));
    let tags: Vec<Tag> = data_set.elements().iter().map(|e| e.tag).collect();
    for tag in tags {
        let Some(element) = data_set.get_mut(tag) else {
            continue;
        };
        path.push(PathStep::Element(tag));
        match &mut element.value {
            Value::BulkDataUri(_) => referenced.push(TagPath(path.clone())),
            Value::Sequence(items) => {
                for (index, item) in (0u32..).zip(items) {
                    path.push(PathStep::Item(index));
                    strip(item, path, referenced);
                    path.pop();
                }
            }
            _ => {}
        }
        path.pop();
    }
}

async fn value(
    archive: &Archive,
    instance: &InstanceRef,
    path: &TagPath,
    budget: &mut u64,
) -> Result<Bytes, Failure> {
    let failure = |error| Failure::of(Kind::Get, &error);
    let bulk = archive.bulk_data(instance, path).await.map_err(failure)?;
    *budget = budget.checked_sub(bulk.length).ok_or_else(|| {
        let comment = format!("values that are no bulk data exceed {MAX_VALUES} bytes");
        Failure::new(Status::PROCESSING_FAILURE, comment)
    })?;
    let mut bytes = BytesMut::new();
    for range in &bulk.ranges {
        let length = range.end.saturating_sub(range.start);
        let part = bulk.reader.read(range.start, length).await;
        bytes.extend_from_slice(&part.map_err(failure)?);
    }
    if bulk.swap_unit > 1 {
        swap(&mut bytes, bulk.swap_unit);
    }
    Ok(bytes.freeze())
}

fn restore(data_set: &mut DataSet, path: &[PathStep], value: Bytes) {
    match path {
        [PathStep::Element(tag)] => {
            if let Some(element) = data_set.get_mut(*tag) {
                element.value = Value::Bytes(value);
            }
        }
        [PathStep::Element(tag), PathStep::Item(index), rest @ ..] => {
            if let Some(element) = data_set.get_mut(*tag)
                && let Value::Sequence(items) = &mut element.value
                && let Some(item) = items.get_mut(*index as usize)
            {
                restore(item, rest, value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sagittal_core::{Element, Vr};

    use super::*;

    #[test]
    fn a_calculated_list_is_triplets() {
        let mut identifier = DataSet::new();
        identifier.put_u32(tags::CALCULATED_FRAME_LIST, &[1, 7, 3, 2, 2, 1]);
        assert_eq!(
            Frames::asked(&identifier, 10).unwrap(),
            Frames::Numbers(vec![1, 2, 4, 7])
        );
        for bad in [&[1, 2][..], &[5, 1, 1], &[1, 5, 0]] {
            identifier.put_u32(tags::CALCULATED_FRAME_LIST, bad);
            let failure = Frames::asked(&identifier, 10).unwrap_err();
            assert_eq!(failure.status, INVALID_REQUEST);
        }
        identifier.put_u32(tags::CALCULATED_FRAME_LIST, &[1, u32::MAX, 1]);
        assert_eq!(
            Frames::asked(&identifier, 3).unwrap(),
            Frames::Numbers(vec![1, 2, 3])
        );
    }

    #[test]
    fn a_calculated_list_of_too_many_frames_is_refused_rather_than_cut() {
        let most = u32::try_from(MOST_CALCULATED).unwrap();
        let mut identifier = DataSet::new();
        identifier.put_u32(tags::CALCULATED_FRAME_LIST, &[1, u32::MAX, 1]);
        let Frames::Numbers(all) = Frames::asked(&identifier, most).unwrap() else {
            panic!("numbers were asked for");
        };
        assert_eq!(all.len(), MOST_CALCULATED);
        let failure = Frames::asked(&identifier, most + 1).unwrap_err();
        assert_eq!(failure.status, INVALID_REQUEST);
        assert_eq!(failure.offending_element, [tags::CALCULATED_FRAME_LIST]);
        assert!(failure.comment.contains("more than 1048576 frames"));
        // Nor the same frames again and again.
        let again: Vec<u32> = (0..1000).flat_map(|_| [1, 2000, 1]).collect();
        identifier.put_u32(tags::CALCULATED_FRAME_LIST, &again);
        assert!(Frames::asked(&identifier, 2000).is_err());
    }

    #[test]
    fn frames_are_asked_for_in_one_way_only() {
        assert!(Frames::asked(&DataSet::new(), 9).is_err());
        let mut identifier = DataSet::new();
        identifier.put_u32(tags::SIMPLE_FRAME_LIST, &[2, 1]);
        assert_eq!(
            Frames::asked(&identifier, 9).unwrap(),
            Frames::Numbers(vec![1, 2])
        );
        identifier.put_bytes(tags::TIME_RANGE, Vr::FD, vec![0; 16]);
        assert_eq!(
            Frames::asked(&identifier, 9)
                .unwrap_err()
                .offending_element
                .len(),
            2
        );
    }

    #[test]
    fn a_time_range_is_seconds_after_the_first_frame() {
        let mut header = DataSet::new();
        header.put_text(tags::FRAME_TIME, "500");
        assert_eq!(within(&header, 5, 0.5, 1.6).unwrap(), [2, 3, 4]);
        let mut vector = DataSet::new();
        vector.put_text(tags::FRAME_TIME_VECTOR, "0\\100\\200");
        assert_eq!(within(&vector, 3, 0.05, 0.3).unwrap(), [2, 3]);
        let failure = within(&DataSet::new(), 3, 0.0, 1.0).unwrap_err();
        assert_eq!(failure.status, NOT_TIME_BASED);
    }

    #[test]
    fn bulk_data_is_left_out_at_any_depth_and_other_large_values_are_fetched() {
        let referenced_value = |tag, vr| Element {
            tag,
            vr,
            value: Value::BulkDataUri("x".to_owned()),
        };
        let mut item = DataSet::new();
        item.put(referenced_value(Tag(0x5400, 0x1010), Vr::OW));
        item.put(referenced_value(Tag(0x0028, 0x3006), Vr::OW));
        let mut header = DataSet::new();
        header.put_items(Tag(0x5400, 0x0100), vec![item]);
        header.put(referenced_value(tags::PIXEL_DATA, Vr::OW));
        let mut referenced = Vec::new();
        strip(&mut header, &mut Vec::new(), &mut referenced);
        assert!(!header.contains(tags::PIXEL_DATA));
        let [path] = referenced.as_slice() else {
            panic!("{referenced:?}")
        };
        restore(&mut header, &path.0, Bytes::from_static(b"ab"));
        let item = &header.items(Tag(0x5400, 0x0100))[0];
        assert_eq!(item.len(), 1);
        assert_eq!(item.bytes(Tag(0x0028, 0x3006)).unwrap().as_ref(), b"ab");
    }
}

//! The bytes of a DICOMDIR, and with them the offsets of its records (PS3.3 §F.3.2.2).

use sagittal_core::{DataSet, TagPath, Uid, sop_class, tags, transfer_syntax};

use super::builder::Node;
use crate::{Error, Result, part10, write};

/// Tag, `SQ`, two reserved bytes, length.
const SEQUENCE_HEADER: usize = 12;
/// Tag and length.
const ITEM_HEADER: usize = 8;
/// Where in a record its first element, the offset of the next record, has its value.
const NEXT_OFFSET: std::ops::Range<usize> = 8..12;
/// Where the offset of the lower-level entity has its value: after that (12), the flag (10) and its own header.
const LOWER_OFFSET: std::ops::Range<usize> = 30..34;

pub(super) fn encode(
    file_set_id: &str,
    sop_instance_uid: &Uid,
    nodes: &[Node],
    roots: &[usize],
) -> Result<Vec<u8>> {
    let mut out = part10::write_header(&part10::Meta {
        sop_class_uid: Uid::from_static(sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE),
        sop_instance_uid: sop_instance_uid.clone(),
        transfer_syntax_uid: Uid::from_static(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN),
        source_ae_title: None,
    });
    let root_length = information(file_set_id, 0, 0)?.len();
    let mut records = Vec::with_capacity(nodes.len());
    let mut offsets = vec![0_u32; nodes.len()];
    let order = preorder(nodes, roots);
    let mut offset = out.len() + root_length + SEQUENCE_HEADER;
    let start = offset;
    for &node in &order {
        let mut record = Vec::new();
        if let Some(node) = nodes.get(node) {
            write::write_data_set(
                &node.data_set,
                transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
                &mut record,
            )?;
        }
        if let Some(slot) = offsets.get_mut(node) {
            *slot = fits(offset)?;
        }
        offset += ITEM_HEADER + record.len();
        records.push(record);
    }
    let offset_of = |node: Option<&usize>| {
        node.and_then(|&node| offsets.get(node))
            .copied()
            .unwrap_or(0)
    };
    let next = next_siblings(nodes, roots);

    out.extend_from_slice(&information(
        file_set_id,
        offset_of(roots.first()),
        offset_of(roots.last()),
    )?);
    out.extend_from_slice(&[0x04, 0x00, 0x20, 0x12, b'S', b'Q', 0, 0]);
    out.extend_from_slice(&fits(offset - start)?.to_le_bytes());
    for (&node, mut record) in order.iter().zip(records) {
        let lower = nodes.get(node).and_then(|node| node.children.first());
        patch(
            &mut record,
            NEXT_OFFSET,
            offset_of(next.get(node).and_then(Option::as_ref)),
        );
        patch(&mut record, LOWER_OFFSET, offset_of(lower));
        out.extend_from_slice(&[0xFE, 0xFF, 0x00, 0xE0]);
        out.extend_from_slice(&fits(record.len())?.to_le_bytes());
        out.extend_from_slice(&record);
    }
    Ok(out)
}

/// What comes before the records.
fn information(file_set_id: &str, first: u32, last: u32) -> Result<Vec<u8>> {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::FILE_SET_ID, file_set_id);
    data_set.put_u32(
        tags::OFFSET_OF_THE_FIRST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY,
        &[first],
    );
    data_set.put_u32(
        tags::OFFSET_OF_THE_LAST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY,
        &[last],
    );
    data_set.put_u16(tags::FILE_SET_CONSISTENCY_FLAG, &[0]);
    let mut bytes = Vec::new();
    write::write_data_set(
        &data_set,
        transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
        &mut bytes,
    )?;
    Ok(bytes)
}

/// Every record before those below it.
fn preorder(nodes: &[Node], roots: &[usize]) -> Vec<usize> {
    let mut order = Vec::with_capacity(nodes.len());
    let mut stack: Vec<usize> = roots.iter().rev().copied().collect();
    while let Some(at) = stack.pop() {
        order.push(at);
        if let Some(node) = nodes.get(at) {
            stack.extend(node.children.iter().rev());
        }
    }
    order
}

fn next_siblings(nodes: &[Node], roots: &[usize]) -> Vec<Option<usize>> {
    let mut next = vec![None; nodes.len()];
    let families = std::iter::once(roots).chain(nodes.iter().map(|node| node.children.as_slice()));
    for family in families {
        for (&elder, &younger) in family.iter().zip(family.iter().skip(1)) {
            if let Some(slot) = next.get_mut(elder) {
                *slot = Some(younger);
            }
        }
    }
    next
}

fn patch(record: &mut [u8], place: std::ops::Range<usize>, value: u32) {
    if let Some(slot) = record.get_mut(place) {
        slot.copy_from_slice(&value.to_le_bytes());
    }
}

fn fits(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| Error::Unwritable {
        path: TagPath::root(tags::DIRECTORY_RECORD_SEQUENCE),
        reason: "a DICOMDIR cannot exceed 4 GiB".to_owned(),
    })
}

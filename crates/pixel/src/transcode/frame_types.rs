//! Frame Type of enhanced objects, in their functional groups (PS3.3 §C.8.16.1, §C.7.6.16.1): a
//! frame whose pixels have lost something is `DERIVED`, as the image is.

use sagittal_core::{DataSet, Element, Tag, Value, tags};

/// The functional groups in `tag` with every Frame Type derived; `None` if nothing changes.
pub(super) fn derived(data_set: &DataSet, tag: Tag) -> Option<Element> {
    let element = data_set.get(tag)?;
    let Value::Sequence(items) = &element.value else {
        return None;
    };
    let mut items = items.clone();
    let mut is_changed = false;
    for item in &mut items {
        // Each kind of object has a sequence of its own for it, with one item.
        let groups: Vec<Tag> = item.elements().iter().map(|group| group.tag).collect();
        for group in groups {
            if let Some(Element {
                value: Value::Sequence(inner),
                ..
            }) = item.get_mut(group)
            {
                for described in inner {
                    is_changed |= derive(described);
                }
            }
        }
    }
    is_changed.then(|| Element {
        value: Value::Sequence(items),
        ..element.clone()
    })
}

fn derive(described: &mut DataSet) -> bool {
    let mut values = described.texts(tags::FRAME_TYPE);
    match values.first_mut() {
        Some(first) if first != "DERIVED" => "DERIVED".clone_into(first),
        _ => return false,
    }
    described.put_text(tags::FRAME_TYPE, &values.join("\\"));
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_first_value_of_each_frame_type_becomes_derived() {
        let item = |text: &str| {
            let (mut inner, mut item) = (DataSet::new(), DataSet::new());
            inner.put_text(tags::FRAME_TYPE, text);
            item.put_items(tags::MR_IMAGE_FRAME_TYPE_SEQUENCE, vec![inner]);
            item.put_items(tags::FRAME_CONTENT_SEQUENCE, vec![DataSet::new()]);
            item
        };
        let mut data_set = DataSet::new();
        let tag = tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE;
        assert_eq!(derived(&data_set, tag), None);
        data_set.put_items(tag, vec![item("ORIGINAL\\PRIMARY\\M"), item("DERIVED\\X")]);
        let changed = derived(&data_set, tag).unwrap();
        data_set.put(changed);
        let types: Vec<_> = data_set
            .items(tag)
            .iter()
            .map(|item| item.items(tags::MR_IMAGE_FRAME_TYPE_SEQUENCE)[0].texts(tags::FRAME_TYPE))
            .collect();
        assert_eq!(
            types,
            [vec!["DERIVED", "PRIMARY", "M"], vec!["DERIVED", "X"]]
        );
        assert_eq!(derived(&data_set, tag), None);
    }
}

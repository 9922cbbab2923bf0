//! Types of attributes by IOD (PS3.3 Annex A and C, PS3.5 §7.4).

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, OnceLock};

use sagittal_core::{Tag, sop_class, tags};

use crate::generated::attribute_types::{IODS, LISTS};

/// Type of an attribute in a module (PS3.5 §7.4), the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributeType {
    /// Must be there, with a value.
    Type1,
    /// As type 1 if a condition holds.
    Type1C,
    /// Must be there, empty if unknown.
    Type2,
    /// As type 2 if a condition holds.
    Type2C,
    /// May be there.
    Type3,
}

/// The strictest type that the IOD of `sop_class_uid` gives the attribute at `path` (the tags of
/// the enclosing sequences, then its own; functional group macros included). `None`: not in that
/// IOD, or SOP class unknown.
///
/// The tables of an IOD are built when it is first asked for; after that an answer takes some
/// ten nanoseconds for each step of the path.
pub fn attribute_type(sop_class_uid: &str, path: &[Tag]) -> Option<AttributeType> {
    let (iod, tree) = BY_SOP_CLASS.get(sop_class_uid)?;
    let tree = tree.get_or_init(|| Tree::build(iod));
    let mut found = None;
    let mut level = 0;
    for tag in path {
        let row = tree.row(level, lowest_of_repeating(*tag))?;
        found = Some(row.kind);
        // The root is nobody's child: 0 stands for an element that has none.
        level = row.items;
        if level == 0 {
            level = u32::MAX;
        }
    }
    found
}

/// Retired storage SOP classes, and the one whose IOD they share.
const RETIRED: &[(&str, &str)] = &[
    (
        "1.2.840.10008.5.1.4.1.1.3",
        sop_class::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE,
    ),
    (
        "1.2.840.10008.5.1.4.1.1.5",
        sop_class::NUCLEAR_MEDICINE_IMAGE_STORAGE,
    ),
    (
        "1.2.840.10008.5.1.4.1.1.6",
        sop_class::ULTRASOUND_IMAGE_STORAGE,
    ),
];

type Slot = (&'static str, OnceLock<Tree>);

/// The modules of each storage SOP class, and its tree once it was asked for.
static BY_SOP_CLASS: LazyLock<HashMap<&'static str, Slot>> = LazyLock::new(|| {
    let retired = RETIRED
        .iter()
        .filter_map(|(uid, successor)| Some((*uid, sop_class::storage(successor)?.iod)));
    let current = sop_class::STORAGE
        .iter()
        .map(|class| (class.uid, class.iod));
    current
        .chain(retired)
        .filter_map(|(uid, iod)| {
            let at = IODS.binary_search_by(|row| row.0.cmp(iod)).ok()?;
            Some((uid, (IODS.get(at)?.1, OnceLock::new())))
        })
        .collect()
});

/// A list of attributes: of a module, a macro, or the items of one of their sequences.
type ListId = u32;

/// An attribute of a list.
#[derive(Clone, Copy)]
struct Attribute {
    tag: Tag,
    kind: AttributeType,
    items: Option<ListId>,
}

/// Every list; the first ones are those of [`LISTS`].
static ALL_LISTS: LazyLock<Vec<Vec<Attribute>>> = LazyLock::new(|| {
    let mut lists: Vec<Vec<Attribute>> = vec![Vec::new(); LISTS.len()];
    for (id, text) in LISTS.iter().enumerate() {
        // The list that is being filled at each depth.
        let mut open = vec![id];
        for token in text.split_ascii_whitespace() {
            let Some((depth, attribute)) = parse(token) else {
                continue;
            };
            open.truncate(depth + 1);
            let (Some(list), true) = (open.last().copied(), open.len() == depth + 1) else {
                continue;
            };
            let mut attribute = attribute;
            if attribute.items.is_none() && attribute.tag_is_sequence() {
                attribute.items = u32::try_from(lists.len()).ok();
                open.push(lists.len());
                lists.push(Vec::new());
            }
            if let Some(list) = lists.get_mut(list) {
                list.push(attribute);
            }
        }
    }
    lists
});

impl Attribute {
    fn tag_is_sequence(&self) -> bool {
        sagittal_core::dictionary::vr(self.tag) == sagittal_core::Vr::SQ
    }
}

/// Reads depth, type letter, tag in hexadecimal and, after `@`, the list of the items.
fn parse(token: &str) -> Option<(usize, Attribute)> {
    let (attribute, items) = match token.split_once('@') {
        Some((attribute, list)) => (attribute, Some(list.parse().ok()?)),
        None => (token, None),
    };
    let (head, tag) = attribute.split_at_checked(2)?;
    let (depth, letter) = head.split_at_checked(1)?;
    let kind = match letter {
        "a" => AttributeType::Type1,
        "b" => AttributeType::Type1C,
        "c" => AttributeType::Type2,
        "d" => AttributeType::Type2C,
        _ => AttributeType::Type3,
    };
    let tag = Tag::from_u32(u32::from_str_radix(tag, 16).ok()?);
    Some((depth.parse().ok()?, Attribute { tag, kind, items }))
}

/// The attributes of an IOD, the lists of all its modules merged.
struct Tree {
    /// Ascending by tag; level 0 is the root of the data set.
    levels: Vec<Vec<Row>>,
}

struct Row {
    tag: Tag,
    kind: AttributeType,
    /// The level of the items; 0 if there is none.
    items: u32,
}

impl Tree {
    fn build(modules: &str) -> Tree {
        let mut roots: Vec<ListId> = modules
            .split_ascii_whitespace()
            .filter_map(|id| id.parse().ok())
            .collect();
        roots.sort_unstable();
        let mut tree = Tree { levels: Vec::new() };
        tree.level(roots, &mut HashMap::new(), None);
        tree
    }

    /// The level that merges `lists`, made if it is not there yet. `sequence` is the sequence
    /// whose items these are.
    fn level(
        &mut self,
        lists: Vec<ListId>,
        known: &mut HashMap<Vec<ListId>, u32>,
        sequence: Option<Tag>,
    ) -> u32 {
        if let Some(level) = known.get(&lists) {
            return *level;
        }
        let level = u32::try_from(self.levels.len()).unwrap_or(u32::MAX);
        self.levels.push(Vec::new());
        known.insert(lists.clone(), level);
        let mut merged: BTreeMap<Tag, (AttributeType, Vec<ListId>)> = BTreeMap::new();
        for list in &lists {
            let rows = usize::try_from(*list).ok().and_then(|at| ALL_LISTS.get(at));
            for attribute in rows.into_iter().flatten() {
                let entry = merged
                    .entry(attribute.tag)
                    .or_insert((attribute.kind, Vec::new()));
                entry.0 = entry.0.min(attribute.kind);
                entry.1.extend(attribute.items);
            }
        }
        if sequence == Some(tags::CONTENT_SEQUENCE) {
            // Content items contain content items (PS3.3 §C.17.3); the tables stop at the first.
            merged
                .entry(tags::CONTENT_SEQUENCE)
                .or_insert((AttributeType::Type1C, lists));
        }
        let mut rows = Vec::with_capacity(merged.len());
        for (tag, (kind, mut items)) in merged {
            items.sort_unstable();
            items.dedup();
            let items = if items.is_empty() {
                0
            } else {
                self.level(items, known, Some(tag))
            };
            rows.push(Row { tag, kind, items });
        }
        if let Some(slot) = usize::try_from(level)
            .ok()
            .and_then(|at| self.levels.get_mut(at))
        {
            *slot = rows;
        }
        level
    }

    fn row(&self, level: u32, tag: Tag) -> Option<&Row> {
        let rows = self.levels.get(usize::try_from(level).ok()?)?;
        let at = rows.binary_search_by_key(&tag, |row| row.tag).ok()?;
        rows.get(at)
    }
}

/// Curves and overlays have up to sixteen groups, of which the tables know the first (PS3.5 §7.6).
fn lowest_of_repeating(tag: Tag) -> Tag {
    match tag.group() {
        0x5000..=0x50FF if tag.group().is_multiple_of(2) => Tag(0x5000, tag.element()),
        0x6000..=0x60FF if tag.group().is_multiple_of(2) => Tag(0x6000, tag.element()),
        _ => tag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeType::*;

    #[test]
    fn attributes_of_the_root_have_the_type_of_their_module() {
        let ct = sop_class::CT_IMAGE_STORAGE;
        for (tag, expected) in [
            (tags::PATIENT_NAME, Some(Type2)),
            (tags::STUDY_INSTANCE_UID, Some(Type1)),
            (tags::LATERALITY, Some(Type2C)),
            (tags::KVP, Some(Type2)),
            (tags::PIXEL_SPACING, Some(Type1)),
            (tags::PATIENT_AGE, Some(Type3)),
            (tags::ECHO_TIME, None),
        ] {
            assert_eq!(attribute_type(ct, &[tag]), expected, "{tag}");
        }
        assert_eq!(attribute_type("1.2.3", &[tags::PATIENT_NAME]), None);
        assert_eq!(attribute_type(ct, &[]), None);
    }

    #[test]
    fn attributes_of_items_and_functional_groups_are_found() {
        let path = [
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            tags::PLANE_POSITION_SEQUENCE,
            tags::IMAGE_POSITION_PATIENT,
        ];
        let ct = sop_class::ENHANCED_CT_IMAGE_STORAGE;
        assert_eq!(attribute_type(ct, &path), Some(Type1C));
        assert_eq!(
            attribute_type(ct, path.get(..2).unwrap_or_default()),
            Some(Type1)
        );
        let code = [tags::PROCEDURE_CODE_SEQUENCE, tags::CODE_MEANING];
        assert_eq!(attribute_type(ct, &code), Some(Type1));
        let below_a_value = [tags::PATIENT_NAME, tags::CODE_MEANING];
        assert_eq!(attribute_type(ct, &below_a_value), None);
    }

    #[test]
    fn content_items_contain_content_items() {
        let mut path = vec![tags::CONTENT_SEQUENCE; 9];
        path.push(tags::VALUE_TYPE);
        let sr = sop_class::COMPREHENSIVE_SR_STORAGE;
        assert_eq!(attribute_type(sr, &path), Some(Type1));
    }

    #[test]
    fn every_overlay_group_is_known() {
        let cr = sop_class::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE;
        assert_eq!(attribute_type(cr, &[Tag(0x6002, 0x0010)]), Some(Type1));
        assert_eq!(attribute_type(cr, &[Tag(0x6003, 0x0010)]), None);
    }

    #[test]
    fn every_storage_class_has_a_study() {
        for class in sop_class::STORAGE {
            let tree = BY_SOP_CLASS.get(class.uid);
            assert!(tree.is_some(), "{}", class.name);
            if attribute_type(class.uid, &[tags::PATIENT_NAME]).is_some() {
                let study = attribute_type(class.uid, &[tags::STUDY_INSTANCE_UID]);
                assert_eq!(study, Some(Type1), "{}", class.name);
            }
        }
        let retired = attribute_type("1.2.840.10008.5.1.4.1.1.6", &[tags::STUDY_INSTANCE_UID]);
        assert_eq!(retired, Some(Type1));
    }
}

//! Presentation contexts of a peer in one direction: found by what is proposed, written as a list.

use std::collections::{BTreeMap, BTreeSet};

use sagittal_core::Uid;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::record::Context;

/// Contexts by what is proposed in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contexts(BTreeMap<String, Context>);

impl Contexts {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// By SOP class.
    pub fn iter(&self) -> impl Iterator<Item = &Context> {
        self.0.values()
    }

    /// SOP classes of which nothing was ever accepted.
    pub fn refused_classes(&self) -> u64 {
        let of = |refused: bool| -> BTreeSet<&str> {
            let rows = self.iter().filter(|row| row.accepted.is_empty() == refused);
            rows.map(|row| row.sop_class_uid.as_str()).collect()
        };
        of(true).difference(&of(false)).count() as u64
    }

    /// The context with this proposal; a new one only if there is `room`.
    pub(super) fn entry(
        &mut self,
        sop_class: Option<&Uid>,
        transfer_syntaxes: &[Uid],
        room: bool,
    ) -> Option<&mut Context> {
        let class = sop_class.map_or("", Uid::as_str);
        let key = key(class, transfer_syntaxes.iter().map(Uid::as_str));
        if !self.0.contains_key(&key) && !room {
            return None;
        }
        Some(self.0.entry(key).or_insert_with(|| Context {
            sop_class_uid: class.to_owned(),
            transfer_syntax_uids: transfer_syntaxes.iter().map(Uid::to_string).collect(),
            ..Context::default()
        }))
    }
}

fn key<'a>(class: &str, transfer_syntaxes: impl Iterator<Item = &'a str>) -> String {
    let mut key = class.to_owned();
    for uid in transfer_syntaxes {
        key.push('\\');
        key.push_str(uid);
    }
    key
}

impl FromIterator<Context> for Contexts {
    fn from_iter<I: IntoIterator<Item = Context>>(rows: I) -> Contexts {
        let keyed = rows.into_iter().map(|row| {
            let syntaxes = row.transfer_syntax_uids.iter().map(String::as_str);
            (key(&row.sop_class_uid, syntaxes), row)
        });
        Contexts(keyed.collect())
    }
}

impl Serialize for Contexts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.values())
    }
}

impl<'de> Deserialize<'de> for Contexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Contexts, D::Error> {
        Vec::<Context>::deserialize(deserializer).map(|rows| rows.into_iter().collect())
    }
}

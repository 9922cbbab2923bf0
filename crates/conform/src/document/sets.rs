//! Lists of SOP classes, transfer syntaxes and attributes, written by UID, keyword, name or group.

use std::borrow::Cow;

use sagittal_core::dictionary::{self, UidKind};
use sagittal_core::transfer_syntax::{self, Compression};
use sagittal_core::{Tag, Uid, sop_class};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A named set of UIDs.
type Group = (&'static str, fn() -> Vec<Uid>);

/// Groups of SOP classes; the larger ones first, as TOML is written with the first that fits.
const SOP_CLASS_GROUPS: &[Group] = &[
    ("all", || {
        let mut all = storage_sop_classes();
        all.extend(service_sop_classes());
        all
    }),
    ("all storage", storage_sop_classes),
    ("all current storage", current_storage),
    ("all retired storage", retired_storage),
    ("all services", service_sop_classes),
    ("all query/retrieve", || {
        services_named(&["Query/Retrieve Information Model", "Composite Instance R"])
    }),
    ("all print", || {
        services_named(&[
            "Print",
            "Film",
            "Image Box",
            "Annotation Box",
            "LUT Box",
            "Presentation LUT",
        ])
    }),
    ("all unified procedure step", || {
        services_named(&["Unified Procedure Step"])
    }),
];

/// Groups of transfer syntaxes.
const TRANSFER_SYNTAX_GROUPS: &[Group] = &[
    ("all", || syntaxes(|_| true)),
    ("all current", || syntaxes(|row| !row.retired)),
    ("native", || {
        [
            transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
            transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            transfer_syntax::EXPLICIT_VR_BIG_ENDIAN,
        ]
        .map(Uid::from_static)
        .to_vec()
    }),
    ("video", || {
        syntaxes(|row| row.compression == Compression::Video)
    }),
    ("lossless", || {
        syntaxes(|row| row.compression == Compression::Lossless)
    }),
    ("lossy", || {
        syntaxes(|row| {
            matches!(
                row.compression,
                Compression::Lossy | Compression::LossyOrLossless
            )
        })
    }),
];

fn current_storage() -> Vec<Uid> {
    sop_class::STORAGE
        .iter()
        // Exists on media only (PS3.4 Annex I).
        .filter(|class| class.uid != sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE)
        .map(|class| Uid::from_static(class.uid))
        .collect()
}

fn retired_storage() -> Vec<Uid> {
    sop_classes(|row| row.retired && is_storage(row))
}

/// All storage SOP classes of the tables, the retired ones included.
pub fn storage_sop_classes() -> Vec<Uid> {
    let mut all = current_storage();
    all.extend(retired_storage());
    all
}

/// All SOP classes and Meta SOP classes of the tables that are not storage.
pub fn service_sop_classes() -> Vec<Uid> {
    sop_classes(|row| !is_storage(row) && row.uid != sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE)
}

fn sop_classes(wanted: impl Fn(&dictionary::UidEntry) -> bool) -> Vec<Uid> {
    dictionary::uids()
        .iter()
        .filter(|row| matches!(row.kind, UidKind::SopClass | UidKind::MetaSopClass))
        .filter(|row| wanted(row))
        .map(|row| Uid::from_static(row.uid))
        .collect()
}

/// Storage, be it current or retired. The table leaves some retired ones without a name: they are
/// below the root of storage.
fn is_storage(row: &dictionary::UidEntry) -> bool {
    let named = row.name.contains("Storage") && !row.name.contains("Storage Commitment");
    let nameless = row.name.is_empty() && row.uid.starts_with("1.2.840.10008.5.1.4.1.1.");
    row.uid != sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE
        && (sop_class::storage(row.uid).is_some() || (row.retired && (named || nameless)))
}

fn services_named(parts: &[&str]) -> Vec<Uid> {
    sop_classes(|row| !is_storage(row) && parts.iter().any(|part| row.name.contains(part)))
}

fn syntaxes(wanted: impl Fn(&transfer_syntax::TransferSyntax) -> bool) -> Vec<Uid> {
    transfer_syntax::ALL
        .iter()
        .filter(|row| wanted(row))
        .map(|row| Uid::from_static(row.uid))
        .collect()
}

/// Letters of a name that count: without case, what stands in brackets about retirement, and the
/// words that the tables add.
fn folded(name: &str) -> String {
    let lower = name.to_lowercase();
    let cut = ["(retired)", " sop class uid", " sop class"]
        .iter()
        .fold(lower, |text, part| text.replace(part, ""));
    cut.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The UIDs that a word of a list means.
fn resolve(
    word: &str,
    groups: &[Group],
    is_kind: fn(UidKind) -> bool,
    what: &str,
) -> Result<Vec<Uid>, String> {
    if word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.') {
        return Uid::new(word)
            .map(|uid| vec![uid])
            .map_err(|_| format!("{word:?} is not a valid UID"));
    }
    let wanted = folded(word);
    if let Some((_, members)) = groups.iter().find(|(name, _)| *name == wanted) {
        return Ok(members());
    }
    let of_kind = || dictionary::uids().iter().filter(|row| is_kind(row.kind));
    let named = of_kind()
        .find(|row| row.keyword == word || folded(row.name) == wanted)
        .map(|row| row.uid)
        .or_else(|| {
            let row = transfer_syntax::ALL
                .iter()
                .find(|row| folded(row.name) == wanted)?;
            is_kind(UidKind::TransferSyntax).then_some(row.uid)
        });
    if let Some(uid) = named {
        return Ok(vec![Uid::from_static(uid)]);
    }
    let near = of_kind().find(|row| wanted.len() > 2 && folded(row.name).contains(&wanted));
    let hint = near.map_or_else(
        || {
            let names: Vec<&str> = groups.iter().map(|(name, _)| *name).collect();
            format!("a UID, a keyword, a name, or one of {}", names.join(", "))
        },
        |row| format!("{:?}?", row.name),
    );
    Err(format!("{word:?} is no {what}; {hint}"))
}

/// The shortest words for some UIDs.
fn words(uids: &[Uid], groups: &[Group], is_kind: fn(UidKind) -> bool, what: &str) -> Vec<String> {
    let mut left: Vec<Uid> = uids.to_vec();
    let mut found = Vec::new();
    for (name, members) in groups {
        let members = members();
        let fits = members.len() > 1 && members.iter().all(|uid| left.contains(uid));
        if fits {
            left.retain(|uid| !members.contains(uid));
            found.push((*name).to_owned());
        }
    }
    found.extend(left.iter().map(|uid| {
        let name = transfer_syntax::by_uid(uid.as_str())
            .map(|row| row.name)
            .or_else(|| dictionary::uid_name(uid.as_str()))
            .map(|name| name.trim_end_matches(" SOP Class").to_owned());
        name.filter(|name| resolve(name, groups, is_kind, what) == Ok(vec![uid.clone()]))
            .unwrap_or_else(|| uid.to_string())
    }));
    found
}

fn is_sop_class(kind: UidKind) -> bool {
    matches!(kind, UidKind::SopClass | UidKind::MetaSopClass)
}

fn is_transfer_syntax(kind: UidKind) -> bool {
    kind == UidKind::TransferSyntax
}

macro_rules! uid_list {
    ($(#[$doc:meta])* $name:ident, $groups:ident, $is_kind:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Vec<Uid>);

        impl $name {
            /// None at all?
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// How many.
            pub fn len(&self) -> usize {
                self.0.len()
            }

            /// In order.
            pub fn iter(&self) -> std::slice::Iter<'_, Uid> {
                self.0.iter()
            }

            /// Is it among them?
            pub fn contains(&self, uid: &Uid) -> bool {
                self.0.contains(uid)
            }

            /// The UIDs that a UID, keyword, name or group means.
            pub fn named(word: &str) -> Result<$name, String> {
                resolve(word, $groups, $is_kind, $what).map(|uids| uids.into_iter().collect())
            }

            /// The shortest words that mean the same: names and groups.
            pub fn words(&self) -> Vec<String> {
                words(&self.0, $groups, $is_kind, $what)
            }
        }

        /// Each once, in the order of its first appearance.
        impl FromIterator<Uid> for $name {
            fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> $name {
                let mut seen = std::collections::HashSet::new();
                $name(uids.into_iter().filter(|uid| seen.insert(uid.clone())).collect())
            }
        }

        impl<'a> IntoIterator for &'a $name {
            type Item = &'a Uid;
            type IntoIter = std::slice::Iter<'a, Uid>;
            fn into_iter(self) -> Self::IntoIter {
                self.0.iter()
            }
        }

        /// As UIDs.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.iter().map(Uid::as_str))
            }
        }

        /// From UIDs, keywords, names and groups.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let mut all = Vec::new();
                for word in Vec::<String>::deserialize(deserializer)? {
                    all.extend(
                        resolve(&word, $groups, $is_kind, $what).map_err(D::Error::custom)?,
                    );
                }
                Ok(all.into_iter().collect())
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                Vec::<String>::json_schema(generator)
            }
        }
    };
}

uid_list! {
    /// SOP classes.
    SopClasses, SOP_CLASS_GROUPS, is_sop_class, "SOP class"
}
uid_list! {
    /// Transfer syntaxes.
    TransferSyntaxes, TRANSFER_SYNTAX_GROUPS, is_transfer_syntax, "transfer syntax"
}

/// Attributes, written by keyword or as `gggg,eeee`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<Tag>);

impl Attributes {
    /// In order.
    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }

    /// Is it among them?
    pub fn contains(&self, tag: Tag) -> bool {
        self.0.contains(&tag)
    }

    /// How they are written.
    pub fn words(&self) -> Vec<String> {
        let word = |tag: &Tag| match dictionary::entry(*tag) {
            Some(entry) if dictionary::by_keyword(entry.keyword) == Some(*tag) => {
                entry.keyword.to_owned()
            }
            _ => tag.to_string().trim_matches(['(', ')']).to_owned(),
        };
        self.0.iter().map(word).collect()
    }
}

impl FromIterator<Tag> for Attributes {
    fn from_iter<I: IntoIterator<Item = Tag>>(tags: I) -> Attributes {
        Attributes(tags.into_iter().collect())
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.words())
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
        let words = Vec::<String>::deserialize(deserializer)?;
        let tags = words.iter().map(|word| {
            dictionary::parse(word).ok_or_else(|| {
                D::Error::custom(format!("{word:?} is no attribute; a keyword or gggg,eeee"))
            })
        });
        tags.collect::<Result<Vec<Tag>, _>>().map(Attributes)
    }
}

impl JsonSchema for Attributes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Attributes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<String>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sop_classes_of(words: &[&str]) -> SopClasses {
        serde_json::from_value(serde_json::json!(words)).unwrap()
    }

    #[test]
    fn a_sop_class_is_found_by_uid_keyword_and_name() {
        let ct = [Uid::from_static(sop_class::CT_IMAGE_STORAGE)];
        for word in [
            "1.2.840.10008.5.1.4.1.1.2",
            "CTImageStorage",
            "CT Image Storage",
            "ct image storage",
        ] {
            assert_eq!(sop_classes_of(&[word]).0, ct, "{word}");
        }
        assert_eq!(sop_classes_of(&["Verification"]).0.len(), 1);
        let error = SopClasses::named("CT Imag").unwrap_err();
        assert!(error.contains("CT Image Storage"), "{error}");
        assert!(TransferSyntaxes::named("CT Image Storage").is_err());
    }

    #[test]
    fn groups_are_disjoint_parts_of_everything() {
        let (storage, services) = (storage_sop_classes(), service_sop_classes());
        assert!(
            storage.len() > 190 && services.len() > 90,
            "{} {}",
            storage.len(),
            services.len()
        );
        assert!(storage.iter().all(|uid| !services.contains(uid)));
        assert_eq!(
            sop_classes_of(&["all"]).len(),
            storage.len() + services.len()
        );
    }

    #[test]
    fn every_uid_of_the_tables_survives_being_written_as_words() {
        let all = SopClasses::named("all").unwrap();
        for uid in &all {
            let one: SopClasses = [uid.clone()].into_iter().collect();
            let words = one.words();
            let again = sop_classes_of(&words.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(again, one, "{words:?}");
        }
        for uid in &TransferSyntaxes::named("all").unwrap() {
            let one: TransferSyntaxes = [uid.clone()].into_iter().collect();
            let again: TransferSyntaxes =
                serde_json::from_value(serde_json::json!(one.words())).unwrap();
            assert_eq!(again, one);
        }
        assert_eq!(all.words(), ["all"]);
    }

    #[test]
    fn attributes_are_written_by_keyword() {
        let list: Attributes =
            serde_json::from_value(serde_json::json!(["PatientName", "0010,0020", "0009,1010"]))
                .unwrap();
        assert_eq!(list.words(), ["PatientName", "PatientID", "0009,1010"]);
    }
}

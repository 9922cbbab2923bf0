//! Keys of queries and retrievals, as they are written on the command line.

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use sagittal_archive::query::Level;
use sagittal_core::{CharacterSet, DataSet, PathStep, Tag, TagPath, Uid, Value, tags};
use sagittal_dimse::registry::Model;
use sagittal_dimse::scu::Address;

/// Query/Retrieve Level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LevelName {
    Patient,
    Study,
    Series,
    #[value(alias = "instance")]
    Image,
}

impl LevelName {
    pub fn level(self) -> Level {
        match self {
            LevelName::Patient => Level::Patient,
            LevelName::Study => Level::Study,
            LevelName::Series => Level::Series,
            LevelName::Image => Level::Instance,
        }
    }
}

/// Information model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ModelName {
    Patient,
    Study,
    PatientStudyOnly,
}

/// The model that is asked for, or the one that suits the level.
pub(super) fn model(name: Option<ModelName>, level: Level) -> Model {
    match name {
        Some(ModelName::Patient) => Model::PatientRoot,
        Some(ModelName::Study) => Model::StudyRoot,
        Some(ModelName::PatientStudyOnly) => Model::PatientStudyOnly,
        None if level == Level::Patient => Model::PatientRoot,
        None => Model::StudyRoot,
    }
}

/// A key: where, and what it must match; empty asks for the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub path: TagPath,
    pub value: String,
}

/// `PATH` or `PATH=VALUE`; a path is made of keywords or tags with dots between.
impl std::str::FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Key, String> {
        let (path, value) = text.split_once('=').unwrap_or((text, ""));
        let path: TagPath = path.trim().parse().map_err(|_| {
            format!("{path:?} is no keyword (PatientName), tag (00100010) or path of them (A.B)")
        })?;
        Ok(Key {
            path,
            value: value.to_owned(),
        })
    }
}

/// Keys as a data set. Text beyond ASCII makes it UTF-8, unless another character set is asked for.
pub(super) fn data_set(keys: &[Key], charset: Option<&str>) -> anyhow::Result<DataSet> {
    let is_ascii = keys.iter().all(|key| key.value.is_ascii());
    let mut data_set = if is_ascii && charset.is_none() {
        DataSet::new()
    } else {
        DataSet::utf8()
    };
    for key in keys {
        put(&mut data_set, &key.path.0, &key.value)
            .with_context(|| format!("the key {} cannot be used", key.path))?;
    }
    if let Some(term) = charset {
        let character_set = CharacterSet::from_element(term.as_bytes());
        if !term.split('\\').all(is_defined) || !character_set.unknown_terms().is_empty() {
            bail!("{term:?} is no defined term of a character set, such as \"ISO_IR 100\"");
        }
        if data_set.transcode_text(&character_set) > 0 {
            bail!("the keys have characters that {term} lacks");
        }
    }
    Ok(data_set)
}

/// A defined term as the standard spells it (PS3.3 §C.12.1.1.2): readers forgive, writers do not.
fn is_defined(term: &str) -> bool {
    let number = ["ISO_IR ", "ISO 2022 IR "]
        .iter()
        .find_map(|prefix| term.strip_prefix(prefix));
    match number {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => matches!(term, "" | "GB18030" | "GBK"),
    }
}

fn put(data_set: &mut DataSet, path: &[PathStep], value: &str) -> anyhow::Result<()> {
    let (tag, rest) = match path {
        [PathStep::Element(tag), PathStep::Item(0), rest @ ..]
        | [PathStep::Element(tag), rest @ ..] => (*tag, rest),
        _ => bail!("it does not begin with an element"),
    };
    if rest.is_empty() {
        if value.is_empty() {
            data_set.put_empty(tag);
        } else {
            data_set.try_put_text(tag, value)?;
        }
        return Ok(());
    }
    if let [PathStep::Item(_), ..] = rest {
        bail!("a sequence key has one item only");
    }
    let mut items = match data_set.remove(tag).map(|element| element.value) {
        Some(Value::Sequence(items)) => items,
        _ => Vec::new(),
    };
    if items.is_empty() {
        let character_set = data_set.character_set().clone();
        items.push(DataSet::with_character_set(character_set));
    }
    let result = match items.first_mut() {
        Some(item) => put(item, rest, value),
        None => Ok(()),
    };
    data_set.put_items(tag, items);
    result
}

/// What is to be retrieved: shared by `get` and `move`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Retrieval {
    /// The peer
    #[arg(value_name = "AE@HOST:PORT")]
    pub peer: Address,
    /// A patient, by ID
    #[arg(long, value_name = "ID", required_unless_present_any = ["study", "series", "instance"])]
    patient: Option<String>,
    /// A study, by its UID; may be given several times at study level
    #[arg(long, value_name = "UID", value_parser = uid)]
    study: Vec<Uid>,
    /// A series
    #[arg(long, value_name = "UID", value_parser = uid)]
    series: Vec<Uid>,
    /// An instance
    #[arg(long, value_name = "UID", value_parser = uid)]
    instance: Vec<Uid>,
    /// Query/Retrieve Level; without it, that of the lowest that is named
    #[arg(long)]
    level: Option<LevelName>,
    /// Information model; without it, study root, or patient root for a patient
    #[arg(long)]
    model: Option<ModelName>,
    /// Negotiate relational retrieval; done anyway if the UIDs of levels above are not given
    #[arg(long)]
    relational: bool,
}

fn uid(text: &str) -> Result<Uid, String> {
    Uid::tolerant(text).map_err(|error| error.to_string())
}

impl Retrieval {
    /// Is relational retrieval to be negotiated (PS3.4 §C.4.2.2.2)?
    pub fn is_relational(&self) -> bool {
        let lacks = match (&*self.instance, &*self.series) {
            ([_, ..], _) => self.study.is_empty() || self.series.is_empty(),
            ([], [_, ..]) => self.study.is_empty(),
            ([], []) => false,
        };
        self.relational || lacks
    }

    /// Model and level, with the keys.
    pub fn keys(&self) -> anyhow::Result<((Model, Level), DataSet)> {
        let level = match self.level {
            Some(name) => name.level(),
            None if !self.instance.is_empty() => Level::Instance,
            None if !self.series.is_empty() => Level::Series,
            None if !self.study.is_empty() => Level::Study,
            None => Level::Patient,
        };
        let mut keys = DataSet::new();
        if let Some(id) = &self.patient {
            if !id.is_ascii() {
                keys = DataSet::utf8();
            }
            keys.put_text(tags::PATIENT_ID, id);
        }
        for (at, tag, uids) in [
            (Level::Study, tags::STUDY_INSTANCE_UID, &self.study),
            (Level::Series, tags::SERIES_INSTANCE_UID, &self.series),
            (Level::Instance, tags::SOP_INSTANCE_UID, &self.instance),
        ] {
            if at == level && uids.is_empty() {
                bail!("at this level the UIDs of what is wanted must be given");
            }
            if at < level && uids.len() > 1 {
                bail!("above the level of the retrieval only one UID can be given");
            }
            if at <= level && !uids.is_empty() {
                keys.put_bytes(tag, sagittal_core::Vr::UI, joined(uids));
            }
        }
        if level == Level::Patient && !keys.contains(tags::PATIENT_ID) {
            bail!("at patient level --patient must be given");
        }
        Ok(((model(self.model, level), level), keys))
    }
}

fn joined(uids: &[Uid]) -> Vec<u8> {
    let texts: Vec<&str> = uids.iter().map(Uid::as_str).collect();
    texts.join("\\").into_bytes()
}

/// Returned if a query names nothing else (PS3.4 §C.6).
pub(super) fn default_keys(level: Level) -> &'static [Tag] {
    match level {
        Level::Patient => &[
            tags::PATIENT_NAME,
            tags::PATIENT_ID,
            tags::PATIENT_BIRTH_DATE,
            tags::PATIENT_SEX,
        ],
        Level::Study => &[
            tags::STUDY_DATE,
            tags::ACCESSION_NUMBER,
            tags::MODALITIES_IN_STUDY,
            tags::STUDY_DESCRIPTION,
            tags::PATIENT_NAME,
            tags::PATIENT_ID,
            tags::STUDY_INSTANCE_UID,
            tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
        ],
        Level::Series => &[
            tags::MODALITY,
            tags::SERIES_DESCRIPTION,
            tags::SERIES_INSTANCE_UID,
            tags::SERIES_NUMBER,
            tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
        ],
        Level::Instance => &[
            tags::SOP_CLASS_UID,
            tags::SOP_INSTANCE_UID,
            tags::INSTANCE_NUMBER,
        ],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn keys(list: &[&str], charset: Option<&str>) -> anyhow::Result<DataSet> {
        let keys: Vec<Key> = list.iter().map(|text| text.parse().unwrap()).collect();
        data_set(&keys, charset)
    }

    #[test]
    fn keys_are_keywords_tags_or_paths() {
        let set = keys(
            &[
                "PatientName=DOE*",
                "0020000D",
                "RequestAttributesSequence.ScheduledProcedureStepID=7",
                "RequestAttributesSequence[0].RequestedProcedureID",
            ],
            None,
        )
        .unwrap();
        assert_eq!(set.text(tags::PATIENT_NAME).as_deref(), Some("DOE*"));
        assert!(set.get(tags::STUDY_INSTANCE_UID).unwrap().value.is_empty());
        let items = set.items(tags::REQUEST_ATTRIBUTES_SEQUENCE);
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].len(), 2);
        assert!(!set.contains(tags::SPECIFIC_CHARACTER_SET));
        assert!("Nothing=1".parse::<Key>().is_err());
        assert!(
            keys(
                &["RequestAttributesSequence[1].RequestedProcedureID=1"],
                None
            )
            .is_err()
        );
    }

    #[test]
    fn names_go_in_utf_8_or_as_asked_for() {
        let utf8 = keys(&["PatientName=Müller"], None).unwrap();
        assert_eq!(
            utf8.text(tags::SPECIFIC_CHARACTER_SET).as_deref(),
            Some("ISO_IR 192")
        );
        let latin = keys(&["PatientName=Müller"], Some("ISO_IR 100")).unwrap();
        assert_eq!(
            latin.bytes(tags::PATIENT_NAME).unwrap().as_ref(),
            b"M\xFCller"
        );
        assert!(keys(&["PatientName=山田"], Some("ISO_IR 100")).is_err());
        assert!(keys(&["PatientName=a"], Some("latin1")).is_err());
    }
}

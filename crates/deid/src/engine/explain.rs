//! What would happen to every element, and why, for people to read.

use bytes::Bytes;
use sagittal_core::{CharacterSet, TagPath, Vr, dictionary, tags};

use super::{Output, deidentify};
use crate::{Asked, Change, Project, Reason, Recorder, Result, Taken};

/// What happens to one element. Values are protected: for those who may see the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Where.
    pub path: TagPath,
    /// The keyword, empty if there is none.
    pub keyword: &'static str,
    /// The private creator.
    pub private_creator: Option<String>,
    /// The VR.
    pub vr: Vr,
    /// Who asked: `E.1-1 (0010,0010)`, `policy`, `default`, …
    pub asked: String,
    /// The action asked for, as in Table E.1-1a; empty if the engine itself asked.
    pub action: String,
    /// What is done.
    pub taken: Taken,
    /// Why.
    pub reason: Reason,
    /// The value before, decoded and cut.
    pub before: String,
    /// The value after; `None` if it is gone.
    pub after: Option<String>,
}

/// De-identifies an instance and tells what was done to each element.
///
/// # Errors
/// As [`deidentify`].
pub fn explain(bytes: &Bytes, project: &Project) -> Result<(Vec<Explained>, Output)> {
    let mut explainer = Explainer::default();
    let output = deidentify(bytes, project, &mut explainer)?;
    Ok((explainer.done, output))
}

/// Values longer than this are cut.
const SHOWN: usize = 200;

#[derive(Default)]
struct Explainer {
    done: Vec<Explained>,
    /// Character sets of the data sets we are in, by depth of their elements' paths.
    character_sets: Vec<(usize, CharacterSet)>,
}

impl Recorder for Explainer {
    fn record(&mut self, change: Change<'_>) {
        let depth = change.path.0.len();
        let tag = change.path.0.last().and_then(|step| match step {
            sagittal_core::PathStep::Element(tag) => Some(*tag),
            sagittal_core::PathStep::Item(_) => None,
        });
        self.character_sets.retain(|(of, _)| *of <= depth);
        if tag == Some(tags::SPECIFIC_CHARACTER_SET) {
            let set = CharacterSet::from_element(change.before);
            self.character_sets.retain(|(of, _)| *of < depth);
            self.character_sets.push((depth, set));
        }
        let set = self.character_sets.last().map(|(_, set)| set.clone());
        let set = set.unwrap_or_default();
        let (asked, action) = match change.asked {
            Asked::Profile(row, action) => (format!("E.1-1 {row}"), action.to_string()),
            Asked::Content(code, scheme, action) => {
                (format!("E.3.4-1 ({code}, {scheme})"), action.to_string())
            }
            Asked::SafePrivate(action) => ("E.3.10-1".to_owned(), action.to_string()),
            Asked::Policy(action) => ("policy".to_owned(), action.to_string()),
            Asked::Default(action) => ("default".to_owned(), action.to_string()),
            Asked::Engine => ("engine".to_owned(), String::new()),
        };
        let entry = tag.and_then(dictionary::entry);
        self.done.push(Explained {
            path: change.path.clone(),
            keyword: entry.map_or("", |entry| entry.keyword),
            private_creator: change.private_creator.map(str::to_owned),
            vr: change.vr,
            asked,
            action,
            taken: change.taken,
            reason: change.reason,
            before: shown(&set, change.vr, change.before),
            after: change.after.map(|after| shown(&set, change.vr, after)),
        });
    }
}

fn shown(set: &CharacterSet, vr: Vr, bytes: &[u8]) -> String {
    let text = if vr.is_text() {
        set.decode(bytes, vr).into_owned()
    } else {
        let mut data_set = sagittal_core::DataSet::new();
        let tag = sagittal_core::Tag(0x0009, 0x1000);
        data_set.put_bytes(tag, vr, bytes.to_vec());
        let numbers: Vec<String> = data_set
            .floats(tag)
            .iter()
            .take(16)
            .map(ToString::to_string)
            .collect();
        match numbers.is_empty() && !bytes.is_empty() {
            true => format!("{} bytes", bytes.len()),
            false => numbers.join("\\"),
        }
    };
    let text = text.trim_end_matches([' ', '\0']);
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or("")),
        None => text.to_owned(),
    }
}

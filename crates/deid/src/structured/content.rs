//! Content items (PS3.3 §C.17.3, content item macros §10.2).

use bytes::Bytes;
use sagittal_core::{DataSet, PathStep, Tag, TagPath, Value, Vr, tags};

use super::element::{Cause, Fate, Work, dummied, padded};
use super::reference::{Node, renumber};
use super::table::{concept, row};
use crate::value::dummy::REMOVED;
use crate::{Action, Asked, Primitive, Reason, Session, Taken};

/// Items deeper than this are removed: no template nests like that.
const MAX_DEPTH: usize = 128;

/// Cleans the items of a Content Sequence (or of another sequence of content items: acquisition
/// context, protocol context, specimen preparation) with all that is below them; `path` is the
/// sequence's.
pub fn clean(items: Vec<DataSet>, path: &TagPath, session: &mut Session<'_>) -> Vec<DataSet> {
    let mut work = Work {
        session,
        path: path.clone(),
    };
    let nodes = work.nodes(items, &[1], None);
    renumber(nodes)
}

/// Makers and models of devices, which the table leaves as they are: devices are often called like
/// their models, which then would not be told any more.
const MODELS: [&str; 6] = ["121014", "121015", "121194", "121195", "113878", "113879"];

/// What an item is asked to become.
struct Plan {
    primitive: Primitive,
    asked: Action,
    row: Option<(&'static str, &'static str)>,
    reason: Reason,
}

impl Plan {
    fn cause(&self) -> Cause<'static> {
        let asked = match self.row {
            Some((code, scheme)) => Asked::Content(code, scheme, self.asked),
            None => Asked::Default(self.asked),
        };
        Cause {
            asked,
            reason: self.reason,
        }
    }
}

impl Work<'_, '_> {
    fn nodes(&mut self, items: Vec<DataSet>, above: &[u32], parent: Option<&str>) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(items.len());
        for (index, item) in (0_u32..).zip(items) {
            self.path.0.push(PathStep::Item(index));
            let old: Vec<u32> = above.iter().copied().chain([index + 1]).collect();
            let node = self.node(item, old, parent);
            self.path.0.pop();
            nodes.extend(node);
        }
        nodes
    }

    fn node(&mut self, mut item: DataSet, old: Vec<u32>, parent: Option<&str>) -> Option<Node> {
        let value_type = item.first_text(tags::VALUE_TYPE).unwrap_or_default();
        let value_type = value_type.trim();
        let has_children = !item.items(tags::CONTENT_SEQUENCE).is_empty();
        let mut plan = self.plan(&item, value_type);
        if old.len() > MAX_DEPTH {
            plan.primitive = Primitive::Remove;
        } else if plan.primitive == Primitive::Remove && must_stay(value_type, parent, has_children)
        {
            plan.primitive = Primitive::Dummy;
        }
        let cause = plan.cause();
        if plan.primitive == Primitive::Remove {
            self.gone(&item, cause);
            return None;
        }
        let content = item.remove(tags::CONTENT_SEQUENCE);
        let main = value_tag(value_type);
        let except: Vec<Tag> = main.into_iter().chain([tags::CONTENT_SEQUENCE]).collect();
        let by_default = Cause {
            asked: Asked::Default(Action::One(Primitive::Clean)),
            reason: Reason::Option(crate::ProfileOption::CleanStructuredContent.code()),
        };
        let item = match main {
            // Everything in references and coordinates is dealt with by its own kind.
            None => self.elements(item, &except, cause),
            Some(_) => self.elements(item, &except, by_default),
        };
        let mut item = item;
        if let Some(tag) = main {
            self.value(&mut item, tag, &plan, value_type);
        }
        if plan.primitive == Primitive::Dummy && value_type == "NUM" {
            self.empty_number(&mut item, cause);
        }
        let children = match content.map(|element| element.value) {
            Some(Value::Sequence(items)) => {
                self.path.0.push(PathStep::Element(tags::CONTENT_SEQUENCE));
                let nodes = self.nodes(items, &old, Some(value_type));
                self.path.0.pop();
                nodes
            }
            _ => Vec::new(),
        };
        Some(Node {
            item,
            old,
            children,
        })
    }

    /// What the table, or for want of a row the value type, asks for.
    fn plan(&self, item: &DataSet, value_type: &str) -> Plan {
        let options = &self.session.project.options;
        let found = concept(item).and_then(|(code, scheme)| row(&code, &scheme, value_type));
        if let Some(row) = found {
            let (asked, option) = row.action(options);
            let primitive = match asked {
                Action::One(primitive) => primitive,
                _ => Primitive::Dummy,
            };
            return Plan {
                primitive,
                asked,
                row: Some((row.code, row.scheme)),
                reason: match option {
                    Some(option) => Reason::Option(option.code()),
                    None => Reason::BasicProfile,
                },
            };
        }
        let says_a_model = concept(item)
            .is_some_and(|(code, scheme)| scheme == "DCM" && MODELS.contains(&code.as_str()));
        let primitive = match value_type {
            "TEXT" if says_a_model => Primitive::Keep,
            "PNAME" => Primitive::Dummy,
            "TEXT" | "DATE" | "TIME" | "DATETIME" => Primitive::Clean,
            "UIDREF" | "IMAGE" | "COMPOSITE" | "WAVEFORM" => Primitive::Uid,
            _ => Primitive::Keep,
        };
        Plan {
            primitive,
            asked: Action::One(primitive),
            row: None,
            reason: Reason::Option(crate::ProfileOption::CleanStructuredContent.code()),
        }
    }

    /// The value of an item that stays.
    fn value(&mut self, item: &mut DataSet, tag: Tag, plan: &Plan, value_type: &str) {
        let charset = item.character_set().clone();
        let Some(element) = item.remove(tag) else {
            return;
        };
        self.path.0.push(PathStep::Element(tag));
        let vr = element.vr;
        match element.value {
            Value::Bytes(bytes) => {
                let fate = match plan.primitive {
                    Primitive::Keep if value_type == "UIDREF" => self.uids(&bytes),
                    Primitive::Keep => Fate::Keep,
                    Primitive::Clean if matches!(vr, Vr::DA | Vr::DT | Vr::TM) => self
                        .dates(vr, &bytes)
                        .unwrap_or_else(|| dummied(vr, &bytes)),
                    Primitive::Clean if vr.uses_character_set() && vr != Vr::PN => {
                        self.text(vr, &bytes, &charset)
                    }
                    _ if vr == Vr::UI => self.uids(&bytes),
                    _ => dummy(vr, &bytes),
                };
                if let Some(element) = self.finish(tag, vr, bytes, fate, plan.cause()) {
                    item.put(element);
                }
            }
            Value::Sequence(items) => {
                let items =
                    if plan.primitive == Primitive::Dummy && tag == tags::CONCEPT_CODE_SEQUENCE {
                        self.record(Vr::SQ, plan.cause(), Taken::Dummied, &[], Some(&[]));
                        vec![unknown()]
                    } else {
                        let cause = plan.cause();
                        self.items(items, |work, item| work.elements(item, &[], cause))
                    };
                item.put_items(tag, items);
            }
            _ => {}
        }
        self.path.0.pop();
    }

    /// A measurement that is not told (PS3.3 §C.18.1: no items, with or without a qualifier).
    fn empty_number(&mut self, item: &mut DataSet, cause: Cause<'_>) {
        self.path
            .0
            .push(PathStep::Element(tags::MEASURED_VALUE_SEQUENCE));
        self.record(Vr::SQ, cause, Taken::Emptied, &[], Some(&[]));
        self.path.0.pop();
        item.put_items(tags::MEASURED_VALUE_SEQUENCE, Vec::new());
    }
}

/// Removing it would take others with it: items below, or the image of a region.
fn must_stay(value_type: &str, parent: Option<&str>, has_children: bool) -> bool {
    let drawn_on = matches!(parent, Some("SCOORD" | "TCOORD" | "SCOORD3D"))
        && matches!(
            value_type,
            "IMAGE" | "WAVEFORM" | "SCOORD" | "TCOORD" | "COMPOSITE"
        );
    drawn_on || has_children && value_type != "CONTAINER"
}

/// Where a value type has its value; `None` for references and coordinates, which have many.
fn value_tag(value_type: &str) -> Option<Tag> {
    Some(match value_type {
        "TEXT" => tags::TEXT_VALUE,
        "PNAME" => tags::PERSON_NAME,
        "DATE" => tags::DATE,
        "TIME" => tags::TIME,
        "DATETIME" => tags::DATETIME,
        "UIDREF" => tags::UID,
        "CODE" => tags::CONCEPT_CODE_SEQUENCE,
        _ => return None,
    })
}

fn dummy(vr: Vr, bytes: &Bytes) -> Fate {
    match vr {
        Vr::UT | Vr::PN => Fate::Put(Taken::Dummied, padded(REMOVED.into(), vr)),
        _ => dummied(vr, bytes),
    }
}

/// A code that says nothing (PS3.16 CID 226).
fn unknown() -> DataSet {
    let mut code = DataSet::new();
    code.put_text(tags::CODE_VALUE, "261665006");
    code.put_text(tags::CODING_SCHEME_DESIGNATOR, "SCT");
    code.put_text(tags::CODE_MEANING, "Unknown");
    code
}

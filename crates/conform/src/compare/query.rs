//! Keys of queries (PS3.4 §C.2.2, §C.4.1, Annex K): what is asked against what is answered.

use std::collections::BTreeMap;

use sagittal_core::{Tag, Uid};

use super::association::is_closed;
use super::context::{self, pieces};
use super::remedy;
use super::report::{Finding, Outcome, Place, Workflow};
use super::way::{Way, best};
use crate::document::{
    ApplicationEntity, Attributes, Fact, Matching, QueryKeys, QueryLevel, QueryModel, Returned,
    Role, ServiceName, Support,
};

pub(super) fn findings(way: &Way<'_>, scu: &ApplicationEntity, found: &mut Vec<Finding>) {
    for model in &scu.queries {
        for class in &model.sop_classes {
            let asks = !scu.transfer_syntaxes(class, Role::Scu).is_empty();
            let answers = !scu.transfer_syntaxes(class, Role::Scp).is_empty();
            // A model without a role is what is asked, if nothing is answered.
            let workflow = Workflow::of(ServiceName::of(class));
            if !asks || (model.role == Role::Scp && answers) || !way.wants(workflow) {
                continue;
            }
            let (scp, pieces) = best(way.to, |scp| pieces(scu, scp, class));
            let is_open = pieces
                .is_some_and(|pieces| pieces.iter().any(|piece| piece.outcome == Outcome::Works));
            if let Some(scp) = scp.filter(|_| is_open) {
                let asking = Asking {
                    way,
                    scu,
                    scp,
                    class,
                    workflow,
                };
                asking.model(model, found);
            }
        }
    }
}

/// A SOP class that one entity queries at another.
struct Asking<'a> {
    way: &'a Way<'a>,
    scu: &'a ApplicationEntity,
    scp: &'a ApplicationEntity,
    class: &'a Uid,
    workflow: Workflow,
}

/// What is missing of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    Matching(Matching),
    Return,
}

impl Asking<'_> {
    fn finding(&self, outcome: Outcome, subject: String) -> Finding {
        let (from, to) = (&self.scu.ae_title, &self.scp.ae_title);
        let mut finding = self.way.finding(self.workflow, outcome, from, to);
        finding.place = Some(Place::Key);
        finding.sop_classes = [self.class.clone()].into_iter().collect();
        finding.subject = subject;
        finding.clause = "PS3.4 §C.2.2";
        finding
    }

    fn model(&self, asked: &QueryModel, found: &mut Vec<Finding>) {
        let name = context::name(self.class);
        let models = self.scp.queries.iter();
        let mut models = models
            .filter(|model| model.role == Role::Scp && model.sop_classes.contains(self.class));
        let Some(answered) = models.next() else {
            let mut finding = self.finding(Outcome::Unknown, name);
            finding.detail = format!(
                "the document of {} does not tell its keys",
                self.scp.ae_title
            );
            found.push(finding);
            return;
        };
        let before = found.len();
        self.negotiated(asked, answered, found);
        for level in &asked.levels {
            self.level(level, answered, found);
        }
        if found.len() == before {
            let keys = asked.levels.iter().flat_map(|level| &level.keys);
            let count: usize = keys.map(|keys| keys.attributes.iter().count()).sum();
            let mut finding = self.finding(Outcome::Works, format!("{name}: keys"));
            finding.place = None;
            finding.detail = format!("all {count} keys match and are returned as asked");
            found.push(finding);
        }
    }

    /// Relational queries, date-time and fuzzy matching (PS3.4 §C.5.1.1.3.1).
    fn negotiated(&self, asked: &QueryModel, answered: &QueryModel, found: &mut Vec<Finding>) {
        let unasked = answered.relational_unasked.value == Some(true);
        let rows: [(&str, &Fact<bool>, &Fact<bool>, &'static str); 3] = [
            (
                "relational queries",
                &asked.relational,
                &answered.relational,
                "PS3.4 §C.4.1.3.2.1",
            ),
            (
                "combined date-time matching",
                &asked.date_time,
                &answered.date_time,
                "PS3.4 §C.2.2.2.5",
            ),
            (
                "fuzzy matching of names",
                &asked.fuzzy,
                &answered.fuzzy,
                "PS3.4 §C.2.2.2.1",
            ),
        ];
        for (what, wanted, given, clause) in rows {
            if wanted.value != Some(true)
                || given.value == Some(true)
                || (what.starts_with("relational") && unasked)
            {
                continue;
            }
            let outcome = match (given.value, what) {
                (None, _) => Outcome::Unknown,
                (_, "relational queries") => Outcome::Refused,
                _ => Outcome::Impaired,
            };
            let subject = format!("{}: {what}", context::name(self.class));
            let mut finding = self.finding(outcome, subject);
            finding.place = Some(Place::ExtendedNegotiation);
            finding.clause = clause;
            let verb = if given.value.is_none() {
                "may not agree to"
            } else {
                "does not agree to"
            };
            finding.detail = format!("{} {verb} {what}", self.scp.ae_title);
            finding.remedies = remedy::without(self.way, what);
            found.push(finding);
        }
    }

    fn level(&self, asked: &QueryLevel, answered: &QueryModel, found: &mut Vec<Finding>) {
        let subject = format!("{}, level {}", context::name(self.class), asked.level);
        let mut levels = answered.levels.iter();
        let Some(level) = levels.find(|level| level.level.eq_ignore_ascii_case(&asked.level))
        else {
            let outcome = if is_closed(self.scp) {
                Outcome::Refused
            } else {
                Outcome::Unknown
            };
            let mut finding = self.finding(outcome, subject);
            finding.detail = match outcome {
                Outcome::Refused => format!("{} has no such level", self.scp.ae_title),
                _ => format!(
                    "the document of {} does not tell of this level",
                    self.scp.ae_title
                ),
            };
            finding.clause = "PS3.4 §C.6";
            found.push(finding);
            return;
        };
        let mut lacking: BTreeMap<(Lack, bool), Vec<Tag>> = BTreeMap::new();
        let mut add = |lack, support: Support, tag| {
            if !support.is_yes() {
                lacking
                    .entry((lack, support == Support::No))
                    .or_default()
                    .push(tag);
            }
        };
        for keys in &asked.keys {
            for tag in keys.attributes.iter() {
                let theirs: Vec<&QueryKeys> = level
                    .keys
                    .iter()
                    .filter(|keys| keys.attributes.contains(*tag))
                    .collect();
                for matching in &keys.matching {
                    add(
                        Lack::Matching(*matching),
                        self.matches(&theirs, *matching),
                        *tag,
                    );
                }
                if keys.returned == Returned::Yes {
                    add(Lack::Return, self.returns(&theirs), *tag);
                }
            }
        }
        for ((lack, is_no), tags) in lacking {
            let outcome = if is_no {
                Outcome::Impaired
            } else {
                Outcome::Unknown
            };
            let keys = tags.into_iter().collect::<Attributes>().words().join(", ");
            let mut finding = self.finding(outcome, format!("{subject}: {keys}"));
            finding.detail = describe(lack, is_no, &self.scp.ae_title);
            if let Lack::Matching(_) = lack {
                finding.clause = "PS3.4 §C.2.2.2";
            }
            finding.remedies = remedy::key(self.way, lack == Lack::Return);
            found.push(finding);
        }
    }

    fn matches(&self, keys: &[&QueryKeys], matching: Matching) -> Support {
        if keys.iter().any(|keys| keys.matching.contains(&matching)) {
            return Support::Yes;
        }
        // An attribute with an empty value matches everything where it is a key at all.
        if matching == Matching::Universal && !keys.is_empty() {
            return Support::Yes;
        }
        if keys
            .iter()
            .any(|keys| keys.not_matching.contains(&matching))
        {
            return Support::No;
        }
        self.unlisted()
    }

    fn returns(&self, keys: &[&QueryKeys]) -> Support {
        let has = |wanted| keys.iter().any(|keys| keys.returned == wanted);
        if has(Returned::Yes) {
            Support::Yes
        } else if has(Returned::Empty) || has(Returned::No) {
            Support::No
        } else if keys.is_empty() {
            self.unlisted()
        } else {
            Support::Unknown
        }
    }

    fn unlisted(&self) -> Support {
        match is_closed(self.scp) {
            true => Support::No,
            false => Support::Unknown,
        }
    }
}

fn describe(lack: Lack, is_no: bool, scp: &str) -> String {
    match (lack, is_no) {
        (Lack::Return, true) => format!("{scp} does not return a value"),
        (Lack::Return, false) => format!("whether {scp} returns a value is not known"),
        (Lack::Matching(matching), true) => {
            format!(
                "{scp} does not match by {}: too much is found",
                words(matching)
            )
        }
        (Lack::Matching(matching), false) => {
            format!("whether {scp} matches by {} is not known", words(matching))
        }
    }
}

fn words(matching: Matching) -> &'static str {
    match matching {
        Matching::Single => "single value",
        Matching::UidList => "list of UIDs",
        Matching::Universal => "universal matching",
        Matching::WildCard => "wild card",
        Matching::Range => "range",
        Matching::Sequence => "sequence",
        Matching::Multiple => "several values",
        Matching::CaseInsensitive => "name without regard to case",
        Matching::DiacriticsInsensitive => "name without regard to diacritics",
        Matching::Unicode => "values beyond ASCII",
        Matching::Fuzzy => "fuzzy matching",
    }
}

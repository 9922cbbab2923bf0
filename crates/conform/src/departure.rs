//! Do peers behave as their documents say? For the negotiation ledger of a server.
//!
//! A document is compared with what is seen of it: as user, when the peer requests associations, if
//! it speaks of contexts as user at all; as provider, when associations are requested of it. What a
//! document does not know is no departure. The comparison costs little more than reading the proposal:
//! pairs are looked up in tables that are made once.

use std::collections::{HashMap, HashSet};

use sagittal_core::{Uid, dictionary, transfer_syntax};
use sagittal_dimse::ledger::{
    Departed, Direction, Expectations, Observed, ObservedContext, Outcome,
};
use sagittal_net::pdu::Rejection;

use crate::document::{ApplicationEntity, Document, Role, Support, TitleRule};

/// Documents by AE title.
#[derive(Default)]
pub struct Documents(HashMap<String, Expected>);

struct Expected {
    entity: ApplicationEntity,
    scu: Pairs,
    scp: Pairs,
    /// The document speaks of contexts as user.
    speaks_of_scu: bool,
}

/// Pairs of a role that are supported, and those of which it is not known.
#[derive(Default)]
struct Pairs {
    yes: HashMap<Uid, HashSet<Uid>>,
    unknown: HashMap<Uid, HashSet<Uid>>,
    no: HashMap<Uid, HashSet<Uid>>,
}

impl Documents {
    /// The peer with this AE title should behave as the document says: as its entity with this title,
    /// or its only one.
    pub fn expect(&mut self, ae_title: &str, document: &Document) -> Result<(), String> {
        let entity = match document.application_entities.as_slice() {
            [only] => Some(only),
            _ => document.entity(ae_title),
        };
        let entity = entity.ok_or_else(|| {
            format!("the document has no Application Entity with the AE title {ae_title}")
        })?;
        let expected = Expected {
            entity: entity.clone(),
            scu: pairs(entity, Role::Scu),
            scp: pairs(entity, Role::Scp),
            speaks_of_scu: entity
                .contexts
                .iter()
                .any(|group| group.roles.contains(&Role::Scu)),
        };
        self.0.insert(ae_title.to_owned(), expected);
        Ok(())
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn pairs(entity: &ApplicationEntity, role: Role) -> Pairs {
    let of = |support| {
        let mut map: HashMap<Uid, HashSet<Uid>> = HashMap::new();
        for (class, ts) in entity.pairs(role, support) {
            map.entry(class).or_default().insert(ts);
        }
        map
    };
    Pairs {
        yes: of(Support::Yes),
        unknown: of(Support::Unknown),
        no: of(Support::No),
    }
}

impl Pairs {
    /// `None` if no group speaks of the pair.
    fn supports(&self, class: &Uid, ts: &Uid) -> Option<Support> {
        let has =
            |map: &HashMap<Uid, HashSet<Uid>>| map.get(class).is_some_and(|set| set.contains(ts));
        if has(&self.yes) {
            Some(Support::Yes)
        } else if has(&self.unknown) {
            Some(Support::Unknown)
        } else if has(&self.no) {
            Some(Support::No)
        } else {
            None
        }
    }
}

impl Expectations for Documents {
    fn departures(&self, observed: &Observed<'_>) -> Vec<Departed> {
        let Some(expected) = self.0.get(observed.ae_title) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        expected.implementation(observed, &mut found);
        expected.rejection(observed, &mut found);
        for context in &observed.contexts {
            if let Some(class) = context.sop_class {
                match observed.direction {
                    Direction::Inbound => expected.proposed(class, context, &mut found),
                    Direction::Outbound => expected.answered(class, context, &mut found),
                }
            }
        }
        found
    }
}

impl Expected {
    fn implementation(&self, observed: &Observed<'_>, found: &mut Vec<Departed>) {
        let association = &self.entity.association;
        let mut differs = |kind, what: &str, expected: Option<String>, seen: Option<String>| {
            if let (Some(expected), Some(seen)) = (expected, seen)
                && expected != seen
            {
                let text = format!("{what} is {seen}, its document says {expected}");
                found.push(Departed { kind, text });
            }
        };
        differs(
            "implementation",
            "Implementation Class UID",
            association.implementation_class_uid.value.clone(),
            observed.implementation_class_uid.map(Uid::to_string),
        );
        differs(
            "implementation",
            "Implementation Version Name",
            association.implementation_version_name.value.clone(),
            observed.implementation_version_name.map(str::to_owned),
        );
        differs(
            "max-pdu",
            "Maximum Length Received",
            association.max_pdu_received.value.map(|n| n.to_string()),
            observed.max_pdu.map(|n| n.to_string()),
        );
    }

    /// An association that the peer should not have rejected.
    fn rejection(&self, observed: &Observed<'_>, found: &mut Vec<Departed>) {
        let (Some(rejection), Direction::Outbound) = (observed.rejection, observed.direction)
        else {
            return;
        };
        let association = &self.entity.association;
        let rule = match rejection {
            Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED => association.called_ae_title.value,
            Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED => association.calling_ae_title.value,
            _ => None,
        };
        if rule == Some(TitleRule::Any) {
            let text = format!(
                "rejects associations ({rejection}), its document says it takes any AE title"
            );
            found.push(Departed {
                kind: "association",
                text,
            });
        }
    }

    /// The peer proposed a context to us.
    fn proposed(&self, class: &Uid, context: &ObservedContext<'_>, found: &mut Vec<Departed>) {
        if !self.speaks_of_scu {
            return;
        }
        let unsaid = |ts: &&Uid| {
            let as_scu = self.scu.supports(class, ts);
            let as_scp = self.scp.supports(class, ts).filter(|_| context.as_scp);
            let is_fine = |said| matches!(said, Some(Support::Yes | Support::Unknown));
            !is_fine(as_scu) && !is_fine(as_scp)
        };
        let unsaid: Vec<&Uid> = context.transfer_syntaxes.iter().filter(unsaid).collect();
        if !unsaid.is_empty() {
            let text = format!(
                "proposes {} in {}, which its document does not say",
                class_name(class),
                syntax_names(&unsaid)
            );
            found.push(context_departure(text));
        }
    }

    /// The peer answered a context of ours.
    fn answered(&self, class: &Uid, context: &ObservedContext<'_>, found: &mut Vec<Departed>) {
        let support = |ts: &Uid| {
            let said = self.scp.supports(class, ts);
            said.unwrap_or(self.entity.unlisted)
        };
        match context.outcome {
            Outcome::NotDecided => {}
            Outcome::Accepted(taken) if support(taken) == Support::No => {
                let text = format!(
                    "accepts {} in {}, which its document refuses",
                    class_name(class),
                    syntax_names(&[taken])
                );
                found.push(context_departure(text));
            }
            Outcome::Accepted(_) => {}
            Outcome::Refused(_) => {
                let promised: Vec<&Uid> = context
                    .transfer_syntaxes
                    .iter()
                    .filter(|ts| support(ts).is_yes())
                    .collect();
                if !promised.is_empty() {
                    let text = format!(
                        "refuses {} in {}, which its document accepts",
                        class_name(class),
                        syntax_names(&promised)
                    );
                    found.push(context_departure(text));
                }
            }
        }
    }
}

fn context_departure(text: String) -> Departed {
    Departed {
        kind: "context",
        text,
    }
}

fn class_name(uid: &Uid) -> String {
    dictionary::uid_name(uid.as_str())
        .filter(|name| !name.is_empty())
        .map_or_else(|| uid.to_string(), str::to_owned)
}

/// Names of transfer syntaxes; of many, how many more there are.
fn syntax_names(uids: &[&Uid]) -> String {
    const SHOWN: usize = 4;
    let name = |uid: &&Uid| {
        transfer_syntax::by_uid(uid.as_str())
            .map_or_else(|| uid.to_string(), |row| row.name.to_owned())
    };
    let mut names: Vec<String> = uids.iter().take(SHOWN).map(name).collect();
    if uids.len() > SHOWN {
        names.push(format!("{} more", uids.len() - SHOWN));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sagittal_net::pdu::ContextResult;

    use super::*;

    const DOCUMENT: &str = r#"
        format = 1
        basis = "d"
        bases.d = { status = "declared" }
        system.name = "CT"
        [[application_entities]]
        ae_title = "CT1"
        unlisted = "no"
        association.max_pdu_received = 16384
        association.implementation_version_name = "CT_1"
        association.calling_ae_title = "any"
        [[application_entities.contexts]]
        sop_classes = ["CT Image Storage"]
        transfer_syntaxes = ["native"]
        roles = ["scu"]
        [[application_entities.contexts]]
        sop_classes = ["Verification"]
        transfer_syntaxes = ["ImplicitVRLittleEndian"]
        [[application_entities.contexts]]
        sop_classes = ["MR Image Storage"]
        transfer_syntaxes = ["all"]
        support = "unknown"
    "#;

    fn uid(text: &str) -> Uid {
        Uid::new(text).unwrap()
    }

    fn texts(
        direction: Direction,
        class: &str,
        ts: &[&str],
        outcome: fn(&Uid) -> Outcome<'_>,
    ) -> Vec<String> {
        let mut documents = Documents::default();
        let document = Document::parse(DOCUMENT).unwrap();
        documents.expect("CT1", &document).unwrap();
        let class = uid(class);
        let list: Vec<Uid> = ts.iter().map(|text| uid(text)).collect();
        let observed = Observed {
            ae_title: "CT1",
            direction,
            contexts: vec![ObservedContext {
                sop_class: Some(&class),
                transfer_syntaxes: &list,
                as_scp: false,
                outcome: outcome(&list[0]),
            }],
            max_pdu: Some(16384),
            implementation_class_uid: None,
            implementation_version_name: Some("CT_1"),
            rejection: None,
        };
        let found = documents.departures(&observed);
        found.into_iter().map(|departed| departed.text).collect()
    }

    fn accepted(uid: &Uid) -> Outcome<'_> {
        Outcome::Accepted(uid)
    }

    fn refused(_: &Uid) -> Outcome<'_> {
        Outcome::Refused(ContextResult::NoReason)
    }

    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
    const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
    const ECHO: &str = "1.2.840.10008.1.1";
    const IMPLICIT: &str = "1.2.840.10008.1.2";
    const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

    #[test]
    fn a_user_that_proposes_what_it_should_not_departs() {
        use Direction::Inbound;
        assert!(texts(Inbound, CT, &[IMPLICIT], accepted).is_empty());
        let found = texts(Inbound, CT, &[JPEG_2000, IMPLICIT], accepted);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("CT Image Storage in JPEG 2000"),
            "{found:?}"
        );
        assert_eq!(texts(Inbound, MR, &[IMPLICIT], refused).len(), 1);
    }

    #[test]
    fn a_provider_that_refuses_what_it_should_accept_departs_and_the_other_way_round() {
        use Direction::Outbound;
        assert!(texts(Outbound, ECHO, &[IMPLICIT], accepted).is_empty());
        assert_eq!(texts(Outbound, ECHO, &[IMPLICIT], refused).len(), 1);
        assert!(texts(Outbound, CT, &[IMPLICIT], refused).is_empty());
        assert_eq!(texts(Outbound, CT, &[IMPLICIT], accepted).len(), 1);
        // Nobody knows.
        assert!(texts(Outbound, MR, &[IMPLICIT], refused).is_empty());
        assert!(texts(Outbound, MR, &[IMPLICIT], accepted).is_empty());
    }

    #[test]
    fn another_version_another_pdu_and_a_rejection_depart() {
        let mut documents = Documents::default();
        let document = Document::parse(DOCUMENT).unwrap();
        // The only entity is the one, whatever it is called.
        documents.expect("OTHER", &document).unwrap();
        let observed = Observed {
            ae_title: "OTHER",
            direction: Direction::Outbound,
            contexts: Vec::new(),
            max_pdu: Some(32768),
            implementation_class_uid: None,
            implementation_version_name: Some("CT_2"),
            rejection: Some(Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED),
        };
        let kinds: Vec<&str> = documents
            .departures(&observed)
            .iter()
            .map(|d| d.kind)
            .collect();
        assert_eq!(kinds, ["implementation", "max-pdu", "association"]);
        let stranger = Observed {
            ae_title: "CT1",
            ..observed
        };
        assert!(documents.departures(&stranger).is_empty());
    }
}

//! Associations between two entities: titles, limits, lengths, extended negotiation, character sets.

use std::collections::BTreeSet;

use sagittal_core::Uid;
use sagittal_dimse::registry::{ExtendedField, FIND_EXTENDED, RETRIEVE_EXTENDED, STORAGE_EXTENDED};

use super::remedy;
use super::report::{Finding, Outcome, Place, Severity, Workflow};
use super::tls;
use super::way::{Way, asked, passes_on};
use crate::document::{
    ApplicationEntity, Association, Role, ServiceName, SopClasses, Support, TitleRule,
};

/// PDUs shorter than this make transfers slow.
const SHORT_PDU: u32 = 4096;

pub(super) fn findings(
    way: &Way<'_>,
    scu: &ApplicationEntity,
    scp: &ApplicationEntity,
    workflows: &BTreeSet<Workflow>,
    found: &mut Vec<Finding>,
) {
    let mut pair = Pair {
        way,
        scu,
        scp,
        found,
    };
    pair.titles();
    pair.limits();
    pair.lengths();
    pair.extended();
    pair.character_sets(workflows);
    tls::findings(way, scu, scp, pair.found);
}

/// Two entities, one asking the other.
struct Pair<'a, 'b> {
    way: &'a Way<'a>,
    scu: &'a ApplicationEntity,
    scp: &'a ApplicationEntity,
    found: &'b mut Vec<Finding>,
}

/// Is what is not listed not there?
pub(super) fn is_closed(entity: &ApplicationEntity) -> bool {
    entity.unlisted == Support::No
}

impl Pair<'_, '_> {
    fn finding(&self, outcome: Outcome, place: Place, subject: &str) -> Finding {
        let (from, to) = (&self.scu.ae_title, &self.scp.ae_title);
        let mut finding = self.way.finding(Workflow::Association, outcome, from, to);
        finding.place = Some(place);
        finding.subject = subject.to_owned();
        finding
    }

    fn titles(&mut self) {
        let (scu, scp) = (self.scu, self.scp);
        let rules = &scp.association;
        if rules.calling_ae_title.value == Some(TitleRule::Known) {
            self.calling();
        }
        if rules.called_ae_title.value == Some(TitleRule::Known) {
            let mut finding = self.finding(Outcome::Works, Place::AeTitle, "called AE title");
            let aliases = match scp.aliases.as_slice() {
                [] => String::new(),
                aliases => format!(" or {}", aliases.join(", ")),
            };
            finding.detail = format!("{} must call {}{aliases}", scu.ae_title, scp.ae_title);
            finding.clause = "PS3.8 Table 9-21";
            self.found.push(finding);
        }
        if scu.ae_title == scp.ae_title && self.way.from.system != self.way.to.system {
            let mut finding = self.finding(Outcome::Impaired, Place::AeTitle, "AE titles");
            finding.detail = format!(
                "both systems are called {}: a C-MOVE or an access rule cannot tell them apart",
                scu.ae_title
            );
            finding.clause = "PS3.7 §9.1.4";
            finding.remedies = remedy::other_title(self.way);
            self.found.push(finding);
        }
    }

    fn calling(&mut self) {
        let (scu, scp) = (self.scu, self.scp);
        let known = &scp.association.known_calling_ae_titles;
        let is_known = |title: &String| known.contains(title);
        if is_known(&scu.ae_title) || scu.aliases.iter().any(is_known) {
            return;
        }
        let is_told = is_closed(scp) && (!known.is_empty() || remedy::is_ours(self.way.to));
        let outcome = if is_told {
            Outcome::Refused
        } else {
            Outcome::Unknown
        };
        let mut finding = self.finding(outcome, Place::AeTitle, "calling AE title");
        finding.detail = if is_told {
            format!("{} does not know the caller {}", scp.ae_title, scu.ae_title)
        } else {
            format!(
                "{} takes known callers only; whether it knows {} is not told",
                scp.ae_title, scu.ae_title
            )
        };
        finding.clause = "PS3.8 Table 9-21";
        finding.remedies = remedy::register(self.way, scu, scp);
        self.found.push(finding);
    }

    fn limits(&mut self) {
        let (scu, scp) = (self.scu, self.scp);
        let limits = &scp.association;
        let answers = scu
            .contexts
            .iter()
            .any(|group| group.roles.contains(&Role::Scp));
        // What is only an SCU has one number for what it opens.
        let opened = match scu.association.max_associations_opened.value {
            None if !answers => scu.association.max_associations.value,
            said => said,
        };
        let most = [
            &limits.max_associations,
            &limits.max_associations_per_address,
        ];
        let most = most
            .iter()
            .filter_map(|fact| fact.value)
            .filter(|most| *most > 0)
            .min();
        if let (Some(opened), Some(most)) = (opened, most)
            && (opened > most || opened == 0)
        {
            let mut finding = self.finding(Outcome::Impaired, Place::Association, "associations");
            let count = if opened == 0 {
                "any number".to_owned()
            } else {
                opened.to_string()
            };
            finding.detail = format!(
                "{} opens {count} at the same time, {} takes {most}: further ones are rejected or wait",
                scu.ae_title, scp.ae_title
            );
            finding.clause = "PS3.8 Table 9-21";
            finding.remedies = remedy::associations(self.way, scp, opened, most);
            self.found.push(finding);
        }
        let proposes = asked(scu);
        if let Some(most) = limits.max_contexts.value
            && usize::try_from(most).is_ok_and(|most| most < 128 && proposes.len() > most)
        {
            let mut finding = self.finding(
                Outcome::Impaired,
                Place::Association,
                "presentation contexts",
            );
            finding.detail = format!(
                "{} asks for {} SOP classes, {} takes {most} contexts in an association: not all at once",
                scu.ae_title,
                proposes.len(),
                scp.ae_title
            );
            finding.clause = "PS3.8 §7.1.1.13";
            finding.remedies = remedy::fewer_contexts(self.way, most);
            self.found.push(finding);
        }
    }

    fn lengths(&mut self) {
        let (scu, scp) = (self.scu, self.scp);
        let Some(taken) = scp
            .association
            .max_pdu_received
            .value
            .filter(|most| *most > 0)
        else {
            return;
        };
        let sent = scu.association.max_pdu_sent.value;
        let must_shorten = sent.is_some_and(|sent| sent > taken || sent == 0);
        let (outcome, detail) = if taken < SHORT_PDU {
            let detail = format!(
                "{} takes PDUs of {taken} bytes only: transfers are slow, and some senders refuse it",
                scp.ae_title
            );
            (Outcome::Impaired, detail)
        } else if must_shorten {
            let detail = format!(
                "{} sends PDUs of up to {} bytes and must keep to the {taken} that {} announces",
                scu.ae_title,
                sent.unwrap_or_default(),
                scp.ae_title
            );
            (Outcome::Works, detail)
        } else {
            return;
        };
        let mut finding = self.finding(outcome, Place::Pdu, "maximum length of PDUs");
        finding.detail = detail;
        finding.clause = "PS3.8 §D.1";
        if outcome == Outcome::Impaired {
            finding.remedies = remedy::longer_pdu(self.way);
        }
        self.found.push(finding);
    }

    /// What an SCU asks for, if the document tells: of a SOP class that it also provides, the bytes
    /// are its own answers.
    fn extended(&mut self) {
        let (scu, scp) = (self.scu, self.scp);
        let asked: SopClasses = asked(scu).into_iter().collect();
        let rows = scu.association.extended_negotiation.iter();
        let mut missing: Vec<(String, Support, Vec<Uid>)> = Vec::new();
        for (row, class) in rows.flat_map(|row| row.sop_classes.iter().map(move |uid| (row, uid))) {
            let provides = !scu.transfer_syntaxes(class, Role::Scp).is_empty();
            let offers = !scp.transfer_syntaxes(class, Role::Scp).is_empty();
            if provides || !offers || !asked.contains(class) {
                continue;
            }
            let granted = granted(&scp.association, class);
            let none = if is_closed(scp) {
                Support::No
            } else {
                Support::Unknown
            };
            for (at, wanted) in bytes(&row.answer).into_iter().enumerate() {
                let given = granted
                    .as_ref()
                    .map(|bytes| bytes.get(at).copied().unwrap_or(0));
                let support = match given {
                    _ if wanted == 0 => continue,
                    Some(given) if given >= wanted => continue,
                    Some(_) => Support::No,
                    None => none,
                };
                let what = field(class, at);
                match missing
                    .iter_mut()
                    .find(|(known, how, _)| *known == what && *how == support)
                {
                    Some((_, _, classes)) => classes.push(class.clone()),
                    None => missing.push((what, support, vec![class.clone()])),
                }
            }
        }
        for (what, support, classes) in missing {
            let outcome = match support {
                Support::Unknown => Outcome::Unknown,
                _ => Outcome::Impaired,
            };
            let mut finding = self.finding(outcome, Place::ExtendedNegotiation, &what);
            finding.sop_classes = classes.into_iter().collect();
            let verb = if support.is_unknown() {
                "may not agree to"
            } else {
                "does not agree to"
            };
            finding.detail = format!(
                "{} {verb} {what}, for which {} asks",
                scp.ae_title, scu.ae_title
            );
            finding.clause = "PS3.7 §D.3.3.5";
            finding.remedies = remedy::without(self.way, &what);
            self.found.push(finding);
        }
    }

    fn character_sets(&mut self, workflows: &BTreeSet<Workflow>) {
        let has = |list: &[Workflow]| workflows.iter().any(|workflow| list.contains(workflow));
        let queries = [Workflow::Query, Workflow::Worklist, Workflow::Ups];
        if has(&[Workflow::Store, Workflow::Retrieve]) {
            self.sets("store", "instances");
        }
        if has(&queries) {
            self.sets("query", "queries");
            self.answers();
        }
    }

    /// What the SCU writes must be what the SCP reads.
    fn sets(&mut self, use_of: &str, what: &str) {
        let (scu, scp) = (self.scu, self.scp);
        let said = self
            .scp
            .character_sets
            .iter()
            .any(|row| is_for(&row.used_in, use_of));
        let terms = terms(scu, use_of);
        let of = |wanted: Support| -> Vec<&str> {
            let these = terms
                .iter()
                .filter(|term| reads(scp, use_of, term) == wanted);
            these.copied().collect()
        };
        for (support, outcome) in [
            (Support::No, Outcome::Impaired),
            (Support::Unknown, Outcome::Unknown),
        ] {
            let these = of(support);
            if these.is_empty() {
                continue;
            }
            let mut finding = self.finding(
                outcome,
                Place::CharacterSet,
                &format!("character sets of {what}"),
            );
            let verb = if support.is_unknown() {
                "may not read"
            } else {
                "does not read"
            };
            finding.detail = format!(
                "{} writes {}, which {} {verb}: names are shown wrong or not found",
                scu.ae_title,
                these.join(", "),
                scp.ae_title
            );
            finding.clause = "PS3.3 §C.12.1.1.2";
            // What is passed on is in the character sets of those who wrote it.
            if !said || (use_of == "store" && passes_on(scu)) {
                finding.severity = Severity::Info;
            }
            finding.remedies = remedy::character_set(self.way, scp, use_of);
            self.found.push(finding);
        }
    }

    /// What the SCP says that it answers in must be what the SCU reads.
    fn answers(&mut self) {
        let (scu, scp) = (self.scu, self.scp);
        if scu.character_sets.is_empty() {
            return;
        }
        let rows = scp
            .character_sets
            .iter()
            .filter(|row| row.support.is_yes() && row.used_in.iter().any(|word| word == "answer"));
        let unread: Vec<&str> = rows
            .flat_map(|row| &row.terms)
            .map(String::as_str)
            .filter(|term| !is_default(term) && !reads(scu, "query", term).is_yes())
            .collect();
        if unread.is_empty() {
            return;
        }
        let outcome = if is_closed(scu) {
            Outcome::Impaired
        } else {
            Outcome::Unknown
        };
        let mut finding = self.finding(outcome, Place::CharacterSet, "character sets of answers");
        let verb = if is_closed(scu) {
            "does not read"
        } else {
            "may not read"
        };
        finding.detail = format!(
            "{} answers in {}, which {} {verb}",
            scp.ae_title,
            unread.join(", "),
            scu.ae_title
        );
        finding.clause = "PS3.3 §C.12.1.1.2";
        self.found.push(finding);
    }
}

fn is_for(used_in: &[String], what: &str) -> bool {
    used_in.is_empty() || used_in.iter().any(|word| word == what)
}

fn is_default(term: &str) -> bool {
    term.is_empty() || term == "ISO_IR 6" || term == "ISO 2022 IR 6"
}

/// Beyond the default repertoire.
fn terms<'a>(entity: &'a ApplicationEntity, what: &str) -> Vec<&'a str> {
    let rows = entity.character_sets.iter();
    let rows = rows.filter(|row| row.support.is_yes() && is_for(&row.used_in, what));
    let all: BTreeSet<&str> = rows
        .flat_map(|row| &row.terms)
        .map(String::as_str)
        .collect();
    all.into_iter().filter(|term| !is_default(term)).collect()
}

/// Whoever reads a set with code extensions reads it without.
fn reads(entity: &ApplicationEntity, what: &str, term: &str) -> Support {
    let extended = term.replacen("ISO_IR ", "ISO 2022 IR ", 1);
    let speaks = |row: &&crate::document::CharacterSets| {
        is_for(&row.used_in, what) && row.terms.iter().any(|one| one == term || *one == extended)
    };
    let rows: Vec<Support> = entity
        .character_sets
        .iter()
        .filter(speaks)
        .map(|row| row.support)
        .collect();
    let is_told = !entity.character_sets.is_empty() && is_closed(entity);
    match rows.first() {
        Some(_) if rows.contains(&Support::Yes) => Support::Yes,
        Some(support) => *support,
        None if is_told => Support::No,
        None => Support::Unknown,
    }
}

/// The bytes that an SCP answers for a SOP class; `None` if that is not told.
fn granted(association: &Association, class: &Uid) -> Option<Vec<u8>> {
    let rows = association.extended_negotiation.iter();
    let mut rows = rows.filter(|row| row.sop_classes.contains(class));
    rows.next().map(|row| bytes(&row.answer))
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<char> = hexadecimal
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect();
    let pairs = digits.chunks_exact(2);
    pairs
        .filter_map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok())
        .collect()
}

fn field(class: &Uid, at: usize) -> String {
    let fields: &[ExtendedField] = match ServiceName::of(class) {
        Some(ServiceName::Query | ServiceName::Worklist) => FIND_EXTENDED,
        Some(ServiceName::Retrieve) => RETRIEVE_EXTENDED,
        Some(ServiceName::Storage) => STORAGE_EXTENDED,
        _ => &[],
    };
    fields.get(at).map_or_else(
        || format!("byte {} of extended negotiation", at + 1),
        |field| field.name.to_owned(),
    )
}

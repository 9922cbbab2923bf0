//! One direction: what one system asks of the other.

use std::collections::BTreeSet;

use sagittal_core::Uid;

use super::context::{self, Piece, Why, is_lossy, is_rare, names, pieces};
use super::remedy;
use super::report::{Direction, Finding, Outcome, Place, Severity, Workflow};
use super::{association, query, retrieve, web};
use crate::document::{
    ApplicationEntity, Document, Refusal, RequestorRoles, Role, ServiceName, SopClasses, Support,
    TransferSyntaxes,
};

/// One direction of a comparison.
pub(super) struct Way<'a> {
    pub from: &'a Document,
    pub to: &'a Document,
    pub direction: Direction,
    pub wanted: &'a [Workflow],
}

impl Way<'_> {
    pub fn wants(&self, workflow: Workflow) -> bool {
        self.wanted.is_empty() || self.wanted.contains(&workflow)
    }

    /// A finding of which the rest is to be filled in.
    pub fn finding(&self, workflow: Workflow, outcome: Outcome, from: &str, to: &str) -> Finding {
        Finding {
            direction: self.direction,
            workflow,
            outcome,
            severity: match outcome {
                Outcome::Works | Outcome::Transcoding => Severity::Info,
                Outcome::Impaired | Outcome::Unknown => Severity::Warning,
                Outcome::Refused => Severity::Error,
            },
            place: None,
            from: from.to_owned(),
            to: to.to_owned(),
            subject: String::new(),
            sop_classes: SopClasses::default(),
            proposed: TransferSyntaxes::default(),
            used: TransferSyntaxes::default(),
            converter: None,
            detail: String::new(),
            clause: "",
            remedies: Vec::new(),
        }
    }
}

/// SOP classes of which the same becomes.
struct Row<'a> {
    workflow: Workflow,
    scp: Option<&'a ApplicationEntity>,
    piece: Piece,
    classes: Vec<Uid>,
}

pub(super) fn findings(
    from: &Document,
    to: &Document,
    direction: Direction,
    wanted: &[Workflow],
) -> Vec<Finding> {
    let way = Way {
        from,
        to,
        direction,
        wanted,
    };
    let mut found = Vec::new();
    for scu in &from.application_entities {
        entity(&way, scu, &mut found);
    }
    web::findings(&way, &mut found);
    silent(&way, &mut found);
    found
}

fn entity<'a>(way: &Way<'a>, scu: &ApplicationEntity, found: &mut Vec<Finding>) {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut add = |workflow, scp: Option<&'a ApplicationEntity>, class: &Uid, piece: Piece| {
        let same = rows.iter_mut().find(|row| {
            row.workflow == workflow
                && row.piece == piece
                && row.scp.map(|one| &one.ae_title) == scp.map(|one| &one.ae_title)
        });
        match same {
            Some(row) => row.classes.push(class.clone()),
            None => rows.push(Row {
                workflow,
                scp,
                piece,
                classes: vec![class.clone()],
            }),
        }
    };
    let retired = SopClasses::named("all retired storage").unwrap_or_default();
    for class in asked(scu) {
        let mut workflow = Workflow::of(ServiceName::of(&class));
        if workflow == Workflow::Other && retired.contains(&class) {
            workflow = Workflow::Store;
        }
        // What comes of a C-MOVE is sent as anything else is.
        if workflow == Workflow::Store && !way.wants(workflow) && retrieve::moves(way.to, way.from)
        {
            workflow = Workflow::Retrieve;
        }
        if !way.wants(workflow) {
            continue;
        }
        let (scp, pieces) = best(way.to, |scp| pieces(scu, scp, &class));
        for piece in pieces.unwrap_or_else(|| {
            let proposed = scu.transfer_syntaxes(&class, Role::Scu);
            vec![Piece::new(Outcome::Unknown, proposed, Why::NotTold)]
        }) {
            add(workflow, scp, &class, piece);
        }
    }
    if way.wants(Workflow::Retrieve) {
        for (scp, class, piece) in retrieve::by_get(way, scu) {
            add(Workflow::Retrieve, Some(scp), &class, piece);
        }
    }
    let mut partners: Vec<(&ApplicationEntity, BTreeSet<Workflow>)> = Vec::new();
    for row in &rows {
        if let Some(scp) = row.scp.filter(|_| row.piece.outcome != Outcome::Refused) {
            match partners
                .iter_mut()
                .find(|(one, _)| one.ae_title == scp.ae_title)
            {
                Some((_, workflows)) => _ = workflows.insert(row.workflow),
                None => partners.push((scp, BTreeSet::from([row.workflow]))),
            }
        }
    }
    rows.sort_by_key(|row| row.workflow);
    found.extend(rows.iter().map(|row| of_row(way, scu, row)));
    services(way, scu, found);
    for (scp, workflows) in &partners {
        association::findings(way, scu, scp, workflows, found);
    }
    query::findings(way, scu, found);
}

/// SOP classes that an entity says it asks for, in order.
pub(super) fn asked(scu: &ApplicationEntity) -> Vec<Uid> {
    let groups = scu
        .contexts
        .iter()
        .filter(|group| group.support == Support::Yes && group.roles.contains(&Role::Scu));
    let all: SopClasses = groups
        .flat_map(|group| &group.sop_classes)
        .cloned()
        .collect();
    let asked = all
        .iter()
        .filter(|class| !scu.transfer_syntaxes(class, Role::Scu).is_empty());
    asked.cloned().collect()
}

/// The entity of a system for which the worst that happens is best.
pub(super) fn best(
    to: &Document,
    judge: impl Fn(&ApplicationEntity) -> Vec<Piece>,
) -> (Option<&ApplicationEntity>, Option<Vec<Piece>>) {
    let judged = to.application_entities.iter().map(|scp| (scp, judge(scp)));
    let worst = |pieces: &[Piece]| {
        let best = pieces.iter().map(|piece| piece.outcome).min();
        let worst = pieces.iter().map(|piece| piece.outcome).max();
        (best, worst)
    };
    match judged.min_by_key(|(_, pieces)| worst(pieces)) {
        Some((scp, pieces)) => (Some(scp), Some(pieces)),
        None => (None, None),
    }
}

/// A row as people and programs read it.
fn of_row(way: &Way<'_>, scu: &ApplicationEntity, row: &Row<'_>) -> Finding {
    let piece = &row.piece;
    let title = row.scp.map_or("", |scp| scp.ae_title.as_str());
    let mut finding = way.finding(row.workflow, piece.outcome, &scu.ae_title, title);
    finding.sop_classes = row.classes.iter().cloned().collect();
    finding.proposed = piece.proposed.iter().cloned().collect();
    finding.used = piece.used.iter().cloned().collect();
    finding.converter = piece.converter.clone();
    finding.subject = context::classes(&finding.sop_classes);
    let to = if title.is_empty() {
        way.to.system.name.as_str()
    } else {
        title
    };
    explain(&mut finding, piece, &scu.ae_title, to);
    weigh(&mut finding, scu, piece);
    remedy::of_context(way, scu, row.scp, piece, &mut finding);
    finding
}

/// What a system only passes on, or asks when it is told to, weighs less: it need not come to that.
fn weigh(finding: &mut Finding, scu: &ApplicationEntity, piece: &Piece) {
    if !matches!(piece.outcome, Outcome::Refused | Outcome::Unknown) {
        return;
    }
    let on_demand = finding
        .sop_classes
        .iter()
        .all(|class| is_on_demand(scu, class));
    let is_rest = matches!(piece.why, Why::NotConvertible(_)) || piece.outcome == Outcome::Unknown;
    finding.severity = match finding.workflow {
        _ if is_rest && piece.proposed.iter().all(is_rare) => Severity::Info,
        Workflow::Store if passes_on(scu) => Severity::Warning,
        Workflow::Store => finding.severity,
        _ if on_demand => Severity::Info,
        _ => finding.severity,
    };
}

fn is_on_demand(scu: &ApplicationEntity, class: &Uid) -> bool {
    let mut groups = scu.contexts.iter().filter(|group| {
        group.roles.contains(&Role::Scu)
            && group.support.is_yes()
            && group.sop_classes.contains(class)
    });
    groups.next().is_some_and(|group| group.on_demand)
}

/// Does it send what others made? It says so, or sends more kinds of instances than anything makes.
pub(super) fn passes_on(scu: &ApplicationEntity) -> bool {
    const KINDS: usize = 64;
    let asked = asked(scu);
    let mut stored = asked
        .iter()
        .filter(|class| ServiceName::of(class) == Some(ServiceName::Storage));
    let said = stored.clone().any(|class| is_on_demand(scu, class));
    said || stored.nth(KINDS).is_some()
}

/// What happens, and where it is written.
fn explain(finding: &mut Finding, piece: &Piece, from: &str, to: &str) {
    let used = names(&piece.used, 4);
    let (detail, clause, place) = match &piece.why {
        Why::Accepted { left } => {
            let how = match piece.used.as_slice() {
                [_] => format!("in {used}"),
                _ if piece.used.len() == piece.proposed.len() => format!("as it is: {used}"),
                _ => format!("in one of {used}"),
            };
            let lossy = piece.used.len() == 1
                && piece.used.iter().all(is_lossy)
                && piece.proposed.iter().any(|uid| !is_lossy(uid));
            let mut detail = how;
            if !left.is_empty() {
                detail += &format!("; {to} does not take {}", names(left, 4));
            }
            if lossy {
                detail += &format!(
                    "; {to} prefers a syntax that may lose something although {from} proposes others"
                );
            }
            (detail, "PS3.7 §D.3.2", None)
        }
        Why::Converted => {
            let lossy = piece.converter.as_ref().is_some_and(|one| one.lossy);
            let loss = if lossy { "with loss" } else { "without loss" };
            let detail = format!("{from} converts it to {used}, {loss}");
            (detail, "PS3.5 §10", Some(Place::Context))
        }
        Why::SopClass(refusal) => {
            let how = refusal.map_or("", said);
            let detail = format!("{to} does not accept the SOP class{how}");
            (detail, "PS3.8 Table 9-18", Some(refused_at(*refusal)))
        }
        Why::Syntaxes(accepted) => {
            let proposed = names(&piece.proposed, 4);
            let detail = format!(
                "{from} proposes {proposed}; {to} takes {} only",
                names(accepted, 4)
            );
            (detail, "PS3.8 Table 9-18", Some(Place::Context))
        }
        Why::NotConvertible(accepted) => {
            let detail = format!(
                "{to} does not take it, and {from} cannot convert it without loss to what {to} takes ({})",
                names(accepted, 4)
            );
            (detail, "PS3.8 Table 9-18", Some(Place::Context))
        }
        Why::Role(granted) => {
            let granted = match granted {
                RequestorRoles::Unanswered => "does not answer role selection",
                RequestorRoles::Neither => "grants no role",
                _ => "grants the role of an SCU only",
            };
            let detail = format!("{from} must be SCP of the instances of a C-GET; {to} {granted}");
            (detail, "PS3.7 §D.3.3.4", Some(Place::Role))
        }
        Why::RoleUnknown => {
            let detail = format!(
                "{from} must be SCP of the instances of a C-GET; whether {to} grants that is not known"
            );
            (detail, "PS3.7 §D.3.3.4", Some(Place::Role))
        }
        Why::NotTold => {
            let detail = format!("the document of {to} does not tell whether it takes this");
            (detail, "PS3.8 Table 9-18", Some(Place::Context))
        }
    };
    finding.detail = detail;
    finding.clause = clause;
    finding.place = place;
    if finding.converter.as_ref().is_some_and(|one| one.lossy) {
        finding.severity = Severity::Warning;
    }
}

fn said(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::UserRejection => " (user rejection)",
        Refusal::NoReason => " (no reason)",
        Refusal::AbstractSyntaxNotSupported => " (abstract syntax not supported)",
        Refusal::TransferSyntaxesNotSupported => " (transfer syntaxes not supported)",
        Refusal::NotAnswered => " (the context is not answered)",
        Refusal::AssociationRejected => ": it rejects the whole association",
        Refusal::AssociationAborted => ": it aborts the association",
    }
}

fn refused_at(refusal: Option<Refusal>) -> Place {
    match refusal {
        Some(Refusal::AssociationRejected | Refusal::AssociationAborted) => Place::Association,
        _ => Place::Context,
    }
}

/// Services that are only said to be used, without contexts, and contexts that nobody knows.
fn services(way: &Way<'_>, scu: &ApplicationEntity, found: &mut Vec<Finding>) {
    for service in &scu.services {
        let workflow = Workflow::of(Some(service.service));
        let has_contexts = scu.contexts.iter().any(|group| {
            group.roles.contains(&Role::Scu)
                && group
                    .sop_classes
                    .iter()
                    .any(|class| ServiceName::of(class) == Some(service.service))
        });
        if !service.support.is_yes()
            || !service.roles.contains(&Role::Scu)
            || has_contexts
            || !way.wants(workflow)
        {
            continue;
        }
        let offers = way
            .to
            .application_entities
            .iter()
            .map(|scp| offered(scp, service.service));
        let offered = offers.min_by_key(|(_, support)| match support {
            Support::Yes => 0,
            Support::Unknown => 1,
            Support::No => 2,
        });
        let (title, support) = offered.unwrap_or(("", Support::Unknown));
        let outcome = match support {
            Support::No => Outcome::Refused,
            Support::Yes | Support::Unknown => Outcome::Unknown,
        };
        let mut finding = way.finding(workflow, outcome, &scu.ae_title, title);
        finding.subject = workflow.name().to_owned();
        finding.place = Some(Place::Context);
        finding.clause = "PS3.2 §N.1";
        finding.detail = match support {
            Support::No => format!("{title} does not offer the service"),
            _ => format!(
                "the document of {} does not tell its SOP classes and transfer syntaxes",
                way.from.system.name
            ),
        };
        found.push(finding);
    }
    let unknown: SopClasses = scu
        .contexts
        .iter()
        .filter(|group| group.support.is_unknown() && group.roles.contains(&Role::Scu))
        .flat_map(|group| &group.sop_classes)
        .filter(|class| scu.transfer_syntaxes(class, Role::Scu).is_empty())
        .filter(|class| way.wants(Workflow::of(ServiceName::of(class))))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        let mut finding = way.finding(Workflow::Other, Outcome::Unknown, &scu.ae_title, "");
        finding.subject = context::classes(&unknown);
        finding.sop_classes = unknown;
        finding.place = Some(Place::Context);
        finding.detail = format!("it is not known whether {} asks for this", scu.ae_title);
        found.push(finding);
    }
}

fn offered(scp: &ApplicationEntity, name: ServiceName) -> (&str, Support) {
    let rows = scp
        .services
        .iter()
        .filter(|row| row.service == name && row.roles.contains(&Role::Scp));
    let said = rows.map(|row| row.support).next();
    (scp.ae_title.as_str(), said.unwrap_or(scp.unlisted))
}

/// A system of which the document does not tell what it asks: to know, not to be held against it.
fn silent(way: &Way<'_>, found: &mut Vec<Finding>) {
    let entities = &way.from.application_entities;
    let says = |entity: &ApplicationEntity| {
        entity.unlisted == Support::No
            || entity
                .contexts
                .iter()
                .any(|group| group.roles.contains(&Role::Scu))
            || entity
                .services
                .iter()
                .any(|service| service.roles.contains(&Role::Scu))
    };
    if entities.is_empty() || entities.iter().any(says) {
        return;
    }
    let titles: Vec<&str> = entities
        .iter()
        .map(|entity| entity.ae_title.as_str())
        .collect();
    let mut finding = way.finding(Workflow::Other, Outcome::Unknown, &titles.join(", "), "");
    finding.severity = Severity::Info;
    finding.subject = "everything".to_owned();
    let moves = way.wants(Workflow::Retrieve) && retrieve::moves(way.to, way.from);
    if moves {
        finding.workflow = Workflow::Retrieve;
        finding.subject = "what is sent for a C-MOVE".to_owned();
    }
    finding.detail = format!(
        "the document of {} does not tell what it asks or sends as SCU",
        way.from.system.name
    );
    finding.clause = "PS3.2 §N.1";
    found.push(finding);
}

/// Whether a piece is of a kind that a system between both could mend.
pub(super) fn could_be_converted(piece: &Piece) -> Option<(Uid, bool)> {
    let Why::Syntaxes(accepted) = &piece.why else {
        return None;
    };
    let mut best: Option<(usize, &Uid)> = None;
    for from in &piece.proposed {
        for to in accepted {
            if let Some(rank) = sagittal_pixel::transcode::rank(from.as_str(), to.as_str())
                && best.is_none_or(|(known, _)| rank < known)
            {
                best = Some((rank, to));
            }
        }
    }
    if let Some((_, to)) = best {
        return Some((to.clone(), false));
    }
    use sagittal_pixel::transcode::{Change, change};
    let lossy = accepted.iter().find(|to| {
        piece
            .proposed
            .iter()
            .any(|from| change(from.as_str(), to.as_str()) == Some(Change::Lossy))
    });
    lossy.map(|to| (to.clone(), true))
}

//! Presentation contexts: what is proposed, what is taken, who converts (PS3.7 §D.3.2, PS3.8 §7.1.1.13).

use sagittal_core::transfer_syntax::{self as ts, Compression};
use sagittal_core::{Uid, dictionary, sop_class, tags};

use super::report::{Converter, Outcome};
use crate::document::{
    ApplicationEntity, Refusal, RequestorRoles, Rest, Role, ServiceName, SopClasses, Support,
};

/// What becomes of some transfer syntaxes of a SOP class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub outcome: Outcome,
    pub proposed: Vec<Uid>,
    /// In which it goes; several if it is not known which.
    pub used: Vec<Uid>,
    pub converter: Option<Converter>,
    pub why: Why,
}

/// Why it becomes so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is accepted. What else was proposed is not.
    Accepted { left: Vec<Uid> },
    /// What is held otherwise is converted.
    Converted,
    /// The SOP class is accepted in no transfer syntax.
    SopClass(Option<Refusal>),
    /// The SOP class is accepted in these only.
    Syntaxes(Vec<Uid>),
    /// What is held so cannot be converted without loss to what is accepted.
    NotConvertible(Vec<Uid>),
    /// The role of the requestor is not granted.
    Role(RequestorRoles),
    /// It is not known whether the role is granted.
    RoleUnknown,
    /// The accepting side's document does not tell.
    NotTold,
}

impl Piece {
    pub fn new(outcome: Outcome, proposed: Vec<Uid>, why: Why) -> Piece {
        Piece {
            outcome,
            proposed,
            used: Vec::new(),
            converter: None,
            why,
        }
    }
}

/// What becomes of a SOP class that one side proposes to the other.
pub(super) fn pieces(scu: &ApplicationEntity, scp: &ApplicationEntity, class: &Uid) -> Vec<Piece> {
    let proposed = scu.transfer_syntaxes(class, Role::Scu);
    let accepts = |uid: &Uid| scp.supports(class, uid, Role::Scp);
    let taken = |uids: &[Uid]| chosen(scp, class, uids);
    sent(scu, class, &proposed, accepts, taken, || {
        refusal(scp, class, &proposed)
    })
}

/// What becomes of what a sender may send, if the receiver takes some of it.
pub(super) fn sent(
    sender: &ApplicationEntity,
    class: &Uid,
    proposed: &[Uid],
    accepts: impl Fn(&Uid) -> Support,
    chosen: impl Fn(&[Uid]) -> Vec<Uid>,
    refusal: impl Fn() -> Why,
) -> Vec<Piece> {
    let converts = !sender.conversions.is_empty()
        && ServiceName::of(class).is_none_or(|name| name == ServiceName::Storage);
    let may_be = |uid: &&Uid| !converts || may_hold(class, uid);
    let held: Vec<Uid> = proposed.iter().filter(may_be).cloned().collect();
    let of = |wanted: Support| -> Vec<Uid> {
        let these = held.iter().filter(|uid| accepts(uid) == wanted);
        these.cloned().collect()
    };
    let (yes, no, unknown) = (of(Support::Yes), of(Support::No), of(Support::Unknown));
    if yes.is_empty() {
        let all = proposed.to_vec();
        return vec![if unknown.is_empty() {
            Piece::new(Outcome::Refused, all, refusal())
        } else {
            Piece::new(Outcome::Unknown, all, Why::NotTold)
        }];
    }
    if !converts {
        let left = no;
        return vec![Piece {
            used: chosen(&yes),
            ..Piece::new(Outcome::Works, held, Why::Accepted { left })
        }];
    }
    converted(sender, &yes, &no, &unknown)
}

/// A sender that converts sends as it is what is taken so, and the rest as it can.
fn converted(sender: &ApplicationEntity, yes: &[Uid], no: &[Uid], unknown: &[Uid]) -> Vec<Piece> {
    let mut works = yes.to_vec();
    let mut found: Vec<Piece> = Vec::new();
    let mut add = |piece: Piece| {
        let same = found.iter_mut().find(|other| {
            (other.outcome, &other.used, &other.converter, &other.why)
                == (piece.outcome, &piece.used, &piece.converter, &piece.why)
        });
        match same {
            Some(same) => same.proposed.extend(piece.proposed),
            None => found.push(piece),
        }
    };
    for from in no {
        let target = |lossy: bool| {
            let rows = sender.conversions.iter().filter(|row| row.lossy == lossy);
            let mut targets = rows
                .filter(|row| row.from.contains(from))
                .flat_map(|row| &row.to);
            targets.find(|to| yes.contains(to)).cloned()
        };
        if let Some(to) = target(false) {
            if is_native(from) && is_native(&to) {
                works.push(from.clone());
                continue;
            }
            add(conversion(sender, from, to, false));
        } else if let Some(to) = target(true) {
            add(conversion(sender, from, to, true));
        } else {
            let why = Why::NotConvertible(yes.to_vec());
            add(Piece::new(Outcome::Refused, vec![from.clone()], why));
        }
    }
    for uid in unknown {
        add(Piece::new(
            Outcome::Unknown,
            vec![uid.clone()],
            Why::NotTold,
        ));
    }
    let why = Why::Accepted { left: Vec::new() };
    let first = Piece {
        used: yes.to_vec(),
        ..Piece::new(Outcome::Works, works, why)
    };
    [first].into_iter().chain(found).collect()
}

fn conversion(sender: &ApplicationEntity, from: &Uid, to: Uid, lossy: bool) -> Piece {
    Piece {
        used: vec![to],
        converter: Some(Converter {
            by: sender.ae_title.clone(),
            lossy,
        }),
        ..Piece::new(Outcome::Transcoding, vec![from.clone()], Why::Converted)
    }
}

/// Which of several accepted ones an acceptor takes; several if that is not known.
pub(super) fn chosen(scp: &ApplicationEntity, class: &Uid, yes: &[Uid]) -> Vec<Uid> {
    if yes.len() < 2 {
        return yes.to_vec();
    }
    let preference = yes
        .iter()
        .filter_map(|uid| scp.context(class, uid, Role::Scp)?.preference.as_ref())
        .next();
    let Some(preference) = preference else {
        return yes.to_vec();
    };
    let preferred = preference.order.iter().find(|uid| yes.contains(uid));
    let one = preferred.or(match preference.rest {
        Rest::First => yes.first(),
        Rest::Last => yes.last(),
        Rest::None | Rest::Unknown => None,
    });
    one.map_or_else(|| yes.to_vec(), |uid| vec![uid.clone()])
}

/// Why nothing is accepted of a SOP class.
fn refusal(scp: &ApplicationEntity, class: &Uid, proposed: &[Uid]) -> Why {
    let accepted = scp.transfer_syntaxes(class, Role::Scp);
    if !accepted.is_empty() {
        return Why::Syntaxes(accepted);
    }
    let said = proposed
        .iter()
        .find_map(|uid| scp.context(class, uid, Role::Scp)?.refusal);
    Why::SopClass(said)
}

/// Does what is exchanged differ in encoding only?
fn is_native(uid: &Uid) -> bool {
    ts::by_uid(uid.as_str())
        .is_some_and(|row| row.compression == Compression::None && !row.encapsulated)
}

/// Compresses a transfer syntax with loss?
pub(super) fn is_lossy(uid: &Uid) -> bool {
    ts::by_uid(uid.as_str()).is_some_and(|row| row.lossy)
}

/// Transfer syntaxes that are in the tables and hardly anywhere else: those by reference, of live
/// video, and the retired ones of JPEG.
pub(super) fn is_rare(uid: &Uid) -> bool {
    ts::by_uid(uid.as_str()).is_some_and(|row| {
        let word = |part: &str| row.keyword.contains(part);
        row.retired || word("JPIP") || word("SMPTE") || word("MIME") || word("XML")
    })
}

/// May there be instances of a SOP class in a transfer syntax? Encapsulated ones need pixel data,
/// video a class for video. Of a class that is not known nothing is said.
fn may_hold(class: &Uid, uid: &Uid) -> bool {
    let (Some(row), Some(known)) = (ts::by_uid(uid.as_str()), sop_class::storage(class.as_str()))
    else {
        return true;
    };
    if row.compression == Compression::Video {
        return known.name.contains("Video") || known.name.contains("Multi-frame True Color");
    }
    !row.encapsulated || sagittal_iod::attribute_type(class.as_str(), &[tags::PIXEL_DATA]).is_some()
}

/// The name of a UID.
pub(super) fn name(uid: &Uid) -> String {
    ts::by_uid(uid.as_str())
        .map(|row| row.name)
        .or_else(|| dictionary::uid_name(uid.as_str()))
        .filter(|name| !name.is_empty())
        .map_or_else(
            || uid.to_string(),
            |name| name.trim_end_matches(" SOP Class").to_owned(),
        )
}

/// SOP classes in words: groups, what is missing of a group, or names, not too many.
pub(super) fn classes(uids: &SopClasses) -> String {
    let words = uids.words();
    if words.len() <= 8 {
        return words.join(", ");
    }
    for group in ["all storage", "all current storage"] {
        let all = SopClasses::named(group).unwrap_or_default();
        let missing: SopClasses = all
            .iter()
            .filter(|uid| !uids.contains(uid))
            .cloned()
            .collect();
        let beyond = uids.iter().any(|uid| !all.contains(uid));
        if !beyond && missing.len() <= 6 {
            return format!("{group} except {}", missing.words().join(", "));
        }
    }
    let shown: Vec<&str> = words.iter().take(6).map(String::as_str).collect();
    format!(
        "{} and {} more",
        shown.join(", "),
        words.len() - shown.len()
    )
}

/// Names, at most so many.
pub(super) fn names(uids: &[Uid], most: usize) -> String {
    let shown: Vec<String> = uids.iter().take(most).map(name).collect();
    match uids.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

//! Presentation contexts: SOP class × transfer syntax × role, in one table or in several.

use sagittal_core::Uid;

use super::Missed;
use super::column::{Column, Read};
use super::grid::Row;
use super::names::{self, Listed};
use crate::document::{
    ContextGroup, Preference, Refusal, RequestorRoles, Rest, Role, Support, TransferSyntaxes,
};

/// A row of a table, or several that belong together.
#[derive(Clone, Debug, Default)]
struct Block {
    classes: Vec<Uid>,
    syntaxes: Vec<Uid>,
    roles: Vec<Role>,
    supported: String,
    preference: String,
    requestor: String,
}

/// SOP classes of a table that has no transfer syntaxes.
#[derive(Clone, Debug)]
pub(super) struct Bare {
    pub class: Uid,
    pub roles: Vec<Role>,
    pub line: usize,
    pub text: String,
}

/// Groups of a table of contexts. `by_heading` is the role that the headings tell.
pub(super) fn groups(
    read: &Read<'_>,
    by_heading: Option<Vec<Role>>,
    missed: &mut Vec<Missed>,
) -> Vec<ContextGroup> {
    let mut blocks: Vec<Block> = Vec::new();
    for row in read.rows {
        if row.is_title() {
            continue;
        }
        let classes = both(
            read,
            row,
            (Column::SopClass, Column::SopClassUid),
            names::sop_classes,
            missed,
        );
        let syntaxes = both(
            read,
            row,
            (Column::TransferSyntax, Column::TransferSyntaxUid),
            names::transfer_syntaxes,
            missed,
        );
        let Some((classes, syntaxes)) = classes.zip(syntaxes) else {
            continue;
        };
        let roles = roles(read, row);
        let cell = |column| read.cell(row, column).unwrap_or("").to_owned();
        match blocks.last_mut() {
            // Merged cells of a form that has none: what is empty is as above.
            Some(block) if classes.is_empty() && !syntaxes.is_empty() => {
                block.syntaxes.extend(syntaxes)
            }
            Some(block) if syntaxes.is_empty() && !classes.is_empty() => {
                if let Some(roles) = roles.filter(|roles| *roles != block.roles) {
                    let next = Block {
                        classes,
                        roles,
                        ..block.clone()
                    };
                    blocks.push(next);
                } else {
                    block.classes.extend(classes);
                }
            }
            _ if classes.is_empty() || syntaxes.is_empty() => {}
            last => {
                let above = last
                    .map(|block| block.roles.clone())
                    .filter(|roles| !roles.is_empty());
                let Some(roles) = roles.or_else(|| by_heading.clone()).or(above) else {
                    missed.push(miss(row, "neither a column nor a heading tells the role"));
                    continue;
                };
                blocks.push(Block {
                    classes,
                    syntaxes,
                    roles,
                    supported: cell(Column::Supported),
                    preference: cell(Column::Preference),
                    requestor: cell(Column::RequestorRoles),
                });
            }
        }
    }
    blocks.into_iter().map(group).collect()
}

/// SOP classes without transfer syntaxes.
pub(super) fn bare(
    read: &Read<'_>,
    by_heading: Option<Vec<Role>>,
    missed: &mut Vec<Missed>,
) -> Vec<Bare> {
    let mut found = Vec::new();
    for row in read.rows.iter().filter(|row| !row.is_title()) {
        let columns = (Column::SopClass, Column::SopClassUid);
        let Some(classes) = both(read, row, columns, names::sop_classes, missed) else {
            continue;
        };
        let roles = roles(read, row)
            .or_else(|| by_heading.clone())
            .unwrap_or_default();
        found.extend(classes.into_iter().map(|class| Bare {
            class,
            roles: roles.clone(),
            line: row.line,
            text: row.text(),
        }));
    }
    found
}

/// Transfer syntaxes of a table of nothing else.
pub(super) fn syntaxes(read: &Read<'_>, missed: &mut Vec<Missed>) -> Vec<Uid> {
    let columns = (Column::TransferSyntax, Column::TransferSyntaxUid);
    let rows = read.rows.iter().filter(|row| !row.is_title());
    let each = rows.filter_map(|row| both(read, row, columns, names::transfer_syntaxes, missed));
    let all: TransferSyntaxes = each.flatten().collect();
    all.iter().cloned().collect()
}

pub(super) fn miss(row: &Row, why: impl Into<String>) -> Missed {
    Missed {
        line: row.line,
        text: row.text(),
        why: why.into(),
    }
}

/// What the columns of names and of UIDs tell; the UID counts where they differ. `None` if neither
/// can be read.
fn both(
    read: &Read<'_>,
    row: &Row,
    (name, uid): (Column, Column),
    list: fn(&str) -> Listed,
    missed: &mut Vec<Missed>,
) -> Option<Vec<Uid>> {
    let cell = |column| read.cell(row, column).map(as_above).unwrap_or_default();
    let (of_name, of_uid) = (list(&cell(name)), list(&cell(uid)));
    if !of_uid.uids.is_empty() {
        let differs = !of_name.uids.is_empty()
            && of_name.uids.len() == of_uid.uids.len()
            && of_name.uids.iter().any(|uid| !of_uid.uids.contains(uid))
            && !of_uid.uids.iter().any(|uid| is_called(uid, &cell(name)));
        if differs {
            missed.push(miss(
                row,
                "name and UID are of different things: the UID was taken",
            ));
        }
        return Some(of_uid.uids);
    }
    if !of_name.unknown.is_empty() {
        let what = of_name.unknown.join(", ");
        missed.push(miss(row, format!("{what:?} is not known")));
        if of_name.uids.is_empty() {
            return None;
        }
    }
    Some(of_name.uids)
}

/// Some UIDs, a retired and a current one, share their name.
fn is_called(uid: &Uid, name: &str) -> bool {
    let known = sagittal_core::dictionary::uid_name(uid.as_str()).unwrap_or("");
    let known = known
        .trim_end_matches(" (Retired)")
        .trim_end_matches(" SOP Class");
    !known.is_empty() && known.eq_ignore_ascii_case(super::grid::flat(name).as_str())
}

/// Marks that something is as above.
fn as_above(cell: &str) -> String {
    match cell.trim().to_lowercase().as_str() {
        "\"" | "″" | "''" | "ditto" | "as above" | "same" | "same as above" => String::new(),
        _ => cell.to_owned(),
    }
}

fn roles(read: &Read<'_>, row: &Row) -> Option<Vec<Role>> {
    if let Some(cell) = read.cell(row, Column::Role)
        && let Some(roles) = names::roles(cell)
    {
        return Some(roles);
    }
    if !read.has(Column::Scu) && !read.has(Column::Scp) {
        return None;
    }
    let is = |column| read.cell(row, column).and_then(names::yes_or_no) == Some(true);
    let pairs = [(Role::Scu, is(Column::Scu)), (Role::Scp, is(Column::Scp))];
    let found: Vec<Role> = pairs
        .iter()
        .filter(|(_, is)| *is)
        .map(|(role, _)| *role)
        .collect();
    Some(found)
}

fn group(block: Block) -> ContextGroup {
    let supported = block.supported.to_lowercase();
    let support = match supported.split_whitespace().next() {
        Some("no") => Support::No,
        Some("unknown") => Support::Unknown,
        _ => Support::Yes,
    };
    ContextGroup {
        sop_classes: block.classes.into_iter().collect(),
        transfer_syntaxes: block.syntaxes.into_iter().collect(),
        roles: block.roles,
        support,
        refusal: refusal(&supported),
        preference: preference(&block.preference),
        requestor_roles: requestor(&block.requestor),
        ..ContextGroup::default()
    }
}

fn refusal(supported: &str) -> Option<Refusal> {
    let words = [
        ("user rejection", Refusal::UserRejection),
        ("no reason", Refusal::NoReason),
        (
            "abstract syntax not supported",
            Refusal::AbstractSyntaxNotSupported,
        ),
        (
            "transfer syntaxes not supported",
            Refusal::TransferSyntaxesNotSupported,
        ),
        ("not answered", Refusal::NotAnswered),
        ("association rejected", Refusal::AssociationRejected),
        ("association aborted", Refusal::AssociationAborted),
    ];
    let found = words.iter().find(|(word, _)| supported.contains(word));
    found.map(|(_, refusal)| *refusal)
}

/// As our own statement writes it: names, each after a `then`, and who decides of the rest.
fn preference(text: &str) -> Option<Preference> {
    if text.trim().is_empty() {
        return None;
    }
    let mut rest = Rest::None;
    let mut order = Vec::new();
    for part in text.split(", then ") {
        match part.trim() {
            "the first that is proposed" => rest = Rest::First,
            "the last that is proposed" => rest = Rest::Last,
            "unknown" => rest = Rest::Unknown,
            name => order.extend(names::transfer_syntaxes(name).uids),
        }
    }
    let order: TransferSyntaxes = order.into_iter().collect();
    Some(Preference { order, rest })
}

fn requestor(text: &str) -> Option<RequestorRoles> {
    match text.trim().to_lowercase().as_str() {
        "not negotiated" => Some(RequestorRoles::Unanswered),
        "neither" => Some(RequestorRoles::Neither),
        "scu" => Some(RequestorRoles::Scu),
        "scp" => Some(RequestorRoles::Scp),
        "scu and scp" => Some(RequestorRoles::Both),
        _ => None,
    }
}

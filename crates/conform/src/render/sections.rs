//! The sections, in the order of PS3.2 Annex N: overview, introduction, implementation, services,
//! configuration, communication, security, annexes.

use std::collections::BTreeMap;

use sagittal_core::{Uid, dictionary, transfer_syntax};

use super::communication;
use super::page::Page;
use crate::document::{
    ApplicationEntity, Basis, Document, Fact, Preference, QueryModel, Refusal, RequestorRoles,
    Rest, Role, Status, Support,
};

pub(super) fn page(document: &Document) -> Page {
    let mut page = Page::default();
    let system = &document.system;
    let product = system.product.as_deref().unwrap_or(&system.name);
    let version = system.version.as_deref().unwrap_or("");
    page.heading(
        1,
        format!("DICOM Conformance Statement: {product} {version}").trim(),
    );
    overview(&mut page, document);
    introduction(&mut page, document);
    page.heading(2, "4 Implementation Model");
    for entity in &document.application_entities {
        implementation(&mut page, entity);
    }
    page.heading(2, "5 Services and Interoperability");
    for entity in &document.application_entities {
        services(&mut page, entity);
    }
    communication::web(&mut page, document);
    page.heading(3, "5.7 Media Interchange");
    page.table(
        ["Application profile", "Roles", "Supported", "Remark"],
        document.media.iter().map(|profile| {
            let roles: Vec<String> = profile
                .roles
                .iter()
                .filter_map(|role| Some(serde_json::to_value(role).ok()?.as_str()?.to_owned()))
                .collect();
            [
                profile.profile.clone(),
                roles.join(", "),
                support(profile.support),
                text(&profile.remark),
            ]
        }),
    );
    page.heading(2, "6 Configuration");
    page.table(
        ["Setting", "Now", "Effect"],
        document.settings.iter().map(|setting| {
            [
                setting.name.clone(),
                setting.value.clone(),
                setting.effect.clone(),
            ]
        }),
    );
    page.heading(2, "7 Network and Media Communication Details");
    for entity in &document.application_entities {
        communication::association(&mut page, entity);
    }
    page.heading(2, "8 Security");
    page.list(document.security.iter().cloned());
    for entity in &document.application_entities {
        communication::tls(&mut page, entity);
    }
    page.heading(2, "9 Annexes");
    for entity in &document.application_entities {
        annexes(&mut page, entity);
    }
    page.list(document.remarks.iter().cloned());
    page
}

/// SOP classes with their roles, as a reader looks for them.
fn overview(page: &mut Page, document: &Document) {
    page.heading(2, "1 Overview");
    if let Some(description) = &document.system.description {
        page.paragraph(description);
    }
    for entity in &document.application_entities {
        page.paragraph(format!(
            "Services and SOP classes of the Application Entity `{}`:",
            entity.ae_title
        ));
        page.table(
            ["Service", "Role", "Supported", "Remark"],
            entity.services.iter().map(|service| {
                let name = serde_json::to_value(service.service).ok();
                let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or("");
                let roles: Vec<String> =
                    service.roles.iter().map(|role| role_name(*role)).collect();
                [
                    name.replace('-', " "),
                    roles.join(", "),
                    support(service.support),
                    text(&service.remark),
                ]
            }),
        );
        let mut classes: BTreeMap<Uid, (bool, bool)> = BTreeMap::new();
        for group in entity
            .contexts
            .iter()
            .filter(|group| group.support.is_yes())
        {
            for uid in &group.sop_classes {
                let roles = classes.entry(uid.clone()).or_default();
                roles.0 |= group.roles.contains(&Role::Scu);
                roles.1 |= group.roles.contains(&Role::Scp);
            }
        }
        page.table(
            ["SOP Class", "UID", "SCU", "SCP"],
            classes
                .into_iter()
                .map(|(uid, (scu, scp))| [name(&uid), uid.to_string(), yes(scu), yes(scp)]),
        );
    }
}

fn role_name(role: Role) -> String {
    match role {
        Role::Scu => "SCU",
        Role::Scp => "SCP",
    }
    .to_owned()
}

fn introduction(page: &mut Page, document: &Document) {
    page.heading(2, "3 Introduction");
    page.paragraph("This statement follows the order of PS3.2 Annex N; it is written by a program from the machine-readable conformance document. Conformance alone does not guarantee interoperability. What is said here rests on:");
    page.table(
        ["Basis", "Status", "Date", "Evidence"],
        document.bases.iter().map(|(name, basis)| {
            let Basis {
                status,
                date,
                evidence,
            } = basis;
            let default = if *name == document.basis {
                " (unless said otherwise)"
            } else {
                ""
            };
            [
                format!("{name}{default}"),
                status_name(*status).to_owned(),
                text(date),
                evidence.clone(),
            ]
        }),
    );
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Declared => "declared",
        Status::Observed => "observed",
        Status::Unknown => "unknown",
    }
}

fn implementation(page: &mut Page, entity: &ApplicationEntity) {
    page.heading(3, format!("4.1 Application Entity {}", entity.ae_title));
    if !entity.aliases.is_empty() {
        page.paragraph(format!(
            "It also answers to: {}.",
            entity.aliases.join(", ")
        ));
    }
    page.list(entity.addresses.iter().map(|address| {
        let host = if address.host.is_empty() {
            "TCP/IP".to_owned()
        } else {
            address.host.clone()
        };
        let tls = if address.tls { ", over TLS" } else { "" };
        format!("{host}, port {}{tls}", address.port)
    }));
    page.list(entity.remarks.iter().cloned());
}

fn services(page: &mut Page, entity: &ApplicationEntity) {
    page.heading(
        3,
        format!("5.1 Presentation Contexts of {}", entity.ae_title),
    );
    page.table(
        [
            "SOP classes",
            "Transfer syntaxes",
            "Role",
            "Supported",
            "Preference",
            "Roles of the requestor",
            "Remark",
        ],
        entity.contexts.iter().map(|group| {
            let roles: Vec<String> = group.roles.iter().map(|role| role_name(*role)).collect();
            let refused = group.refusal.map_or(String::new(), |refusal| {
                format!(" ({})", refusal_name(refusal))
            });
            [
                group.sop_classes.words().join(", "),
                group.transfer_syntaxes.words().join(", "),
                roles.join(", "),
                support(group.support) + &refused,
                group.preference.as_ref().map_or(String::new(), preference),
                group
                    .requestor_roles
                    .map_or(String::new(), |roles| requestor_roles(roles).to_owned()),
                text(&group.remark),
            ]
        }),
    );
    page.paragraph(format!(
        "Everything that is not listed: {}.",
        support(entity.unlisted).to_lowercase()
    ));
    page.heading(3, format!("5.2 Transfer Syntaxes of {}", entity.ae_title));
    let mut syntaxes: Vec<&Uid> = entity
        .contexts
        .iter()
        .flat_map(|group| &group.transfer_syntaxes)
        .collect();
    syntaxes.sort();
    syntaxes.dedup();
    let accepted = |uid: &Uid, role: Role| {
        entity.contexts.iter().any(|group| {
            group.support.is_yes()
                && group.roles.contains(&role)
                && group.transfer_syntaxes.contains(uid)
        })
    };
    page.table(
        ["Transfer syntax", "UID", "SCU", "SCP"],
        syntaxes.into_iter().map(|uid| {
            [
                name(uid),
                uid.to_string(),
                yes(accepted(uid, Role::Scu)),
                yes(accepted(uid, Role::Scp)),
            ]
        }),
    );
    if !entity.queries.is_empty() {
        page.heading(3, format!("5.3 Query Keys of {}", entity.ae_title));
        entity.queries.iter().for_each(|model| queries(page, model));
    }
    if !entity.storage.is_empty() {
        page.heading(
            3,
            format!("5.4 Instances with Faults at {}", entity.ae_title),
        );
        page.table(
            ["Instance", "Outcome", "Status", "Comment"],
            entity.storage.iter().map(|case| {
                let outcome = format!("{:?}", case.outcome).to_lowercase();
                [
                    case.case.clone(),
                    outcome,
                    text(&case.status),
                    text(&case.comment),
                ]
            }),
        );
    }
}

fn queries(page: &mut Page, model: &QueryModel) {
    page.heading(4, model.sop_classes.words().join(", "));
    page.list([
        agreed("Relational queries", &model.relational),
        agreed("Combined date-time matching", &model.date_time),
        agreed("Fuzzy matching of names", &model.fuzzy),
        agreed(
            "Answered without the unique keys above, unasked",
            &model.relational_unasked,
        ),
    ]);
    let rows = model.levels.iter().flat_map(|level| {
        level.keys.iter().flat_map(move |keys| {
            keys.attributes.iter().map(move |tag| {
                let list = |matching: &[crate::document::Matching]| {
                    let names = matching.iter().filter_map(|one| {
                        Some(serde_json::to_value(one).ok()?.as_str()?.replace('-', " "))
                    });
                    names.collect::<Vec<_>>().join(", ")
                };
                let keyword = dictionary::entry(*tag).map_or("", |entry| entry.keyword);
                let kind = keys.kind.map_or(String::new(), |kind| format!("{kind:?}"));
                [
                    level.level.clone(),
                    keyword.to_owned(),
                    tag.to_string(),
                    kind,
                    format!("{:?}", keys.returned),
                    list(&keys.matching),
                    list(&keys.not_matching),
                    text(&keys.remark),
                ]
            })
        })
    });
    page.table(
        [
            "Level",
            "Key",
            "Tag",
            "Type",
            "Returned",
            "Matching",
            "Not matching",
            "Remark",
        ],
        rows,
    );
    let remarks = model
        .levels
        .iter()
        .filter_map(|level| Some(format!("{}: {}", level.level, level.remark.as_ref()?)));
    page.list(remarks.chain(model.remark.clone()));
}

fn annexes(page: &mut Page, entity: &ApplicationEntity) {
    if !entity.character_sets.is_empty() {
        page.heading(3, format!("9.1 Character Sets of {}", entity.ae_title));
        page.table(
            ["Defined terms", "Used in", "Supported", "Remark"],
            entity.character_sets.iter().map(|sets| {
                [
                    sets.terms.join(", "),
                    sets.used_in.join(", "),
                    support(sets.support),
                    text(&sets.remark),
                ]
            }),
        );
    }
    if !entity.statuses.is_empty() {
        page.heading(3, format!("9.2 Status Codes of {}", entity.ae_title));
        page.table(
            ["Operation", "Code", "Meaning"],
            entity
                .statuses
                .iter()
                .map(|row| [row.operation.clone(), row.code.clone(), row.meaning.clone()]),
        );
    }
}

fn agreed(what: &str, fact: &Fact<bool>) -> String {
    format!("{what}: {}", fact_text(fact, |is| yes(*is).to_lowercase()))
}

pub(super) fn fact_text<T>(fact: &Fact<T>, show: impl Fn(&T) -> String) -> String {
    let value = fact
        .value
        .as_ref()
        .map_or_else(|| "unknown".to_owned(), show);
    match &fact.remark {
        Some(remark) => format!("{value} ({remark})"),
        None => value,
    }
}

pub(super) fn text(text: &Option<String>) -> String {
    text.clone().unwrap_or_default()
}

pub(super) fn yes(is: bool) -> String {
    if is { "Yes" } else { "No" }.to_owned()
}

pub(super) fn support(support: Support) -> String {
    match support {
        Support::Yes => "Yes",
        Support::No => "No",
        Support::Unknown => "Unknown",
    }
    .to_owned()
}

/// The name of a UID, or that it is private.
fn name(uid: &Uid) -> String {
    transfer_syntax::by_uid(uid.as_str())
        .map(|row| row.name)
        .or_else(|| dictionary::uid_name(uid.as_str()))
        .filter(|name| !name.is_empty())
        .unwrap_or("private")
        .to_owned()
}

fn preference(preference: &Preference) -> String {
    let mut words: Vec<String> = preference.order.iter().map(name).collect();
    match preference.rest {
        Rest::None => {}
        Rest::First => words.push("the first that is proposed".to_owned()),
        Rest::Last => words.push("the last that is proposed".to_owned()),
        Rest::Unknown => words.push("unknown".to_owned()),
    }
    words.join(", then ")
}

fn requestor_roles(roles: RequestorRoles) -> &'static str {
    match roles {
        RequestorRoles::Unanswered => "not negotiated",
        RequestorRoles::Neither => "neither",
        RequestorRoles::Scu => "SCU",
        RequestorRoles::Scp => "SCP",
        RequestorRoles::Both => "SCU and SCP",
    }
}

fn refusal_name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::UserRejection => "user rejection",
        Refusal::NoReason => "no reason",
        Refusal::AbstractSyntaxNotSupported => "abstract syntax not supported",
        Refusal::TransferSyntaxesNotSupported => "transfer syntaxes not supported",
        Refusal::NotAnswered => "not answered",
        Refusal::AssociationRejected => "association rejected",
        Refusal::AssociationAborted => "association aborted",
    }
}

//! What a probe brought, in a screenful.

use std::fmt::Write as _;

use sagittal_conform::document::{ApplicationEntity, Fact, Rest, Role, Support};
use sagittal_conform::probe::Outcome;

/// The text.
pub(super) fn text(outcome: &Outcome) -> String {
    let mut out = String::new();
    for entity in &outcome.document.application_entities {
        association(&mut out, entity);
        contexts(&mut out, entity);
        queries(&mut out, entity);
        storage(&mut out, entity);
    }
    web(&mut out, outcome);
    let [yes, no, unknown] = outcome.counts();
    let (pairs, associations) = outcome.pairs_elapsed;
    let _ = writeln!(
        out,
        "\n{yes} pairs of SOP class and transfer syntax accepted, {no} refused, {unknown} not found out:\n\
         {associations} associations in {:.2} s; all in all {} in {:.2} s",
        pairs.as_secs_f64(),
        outcome.requests,
        outcome.elapsed.as_secs_f64()
    );
    out
}

fn line(out: &mut String, name: &str, value: impl std::fmt::Display) {
    let _ = writeln!(out, "  {name:<36}{value}");
}

fn show<T>(fact: &Fact<T>, show: impl Fn(&T) -> String) -> String {
    let value = fact
        .value
        .as_ref()
        .map_or_else(|| "unknown".to_owned(), show);
    match &fact.remark {
        Some(remark) => format!("{value} ({remark})"),
        None => value,
    }
}

fn association(out: &mut String, entity: &ApplicationEntity) {
    let association = &entity.association;
    let _ = writeln!(out, "{}", entity.ae_title);
    line(
        out,
        "implementation",
        format!(
            "{} {}",
            show(&association.implementation_version_name, Clone::clone),
            show(&association.implementation_class_uid, Clone::clone)
        ),
    );
    line(
        out,
        "maximum PDU",
        show(&association.max_pdu_received, ToString::to_string),
    );
    line(
        out,
        "operations window",
        show(&association.operations_window, |window| {
            format!("{}, {}", window.invoked, window.performed)
        }),
    );
    line(
        out,
        "associations at a time",
        show(&association.max_associations, ToString::to_string),
    );
    line(
        out,
        "contexts of an association",
        show(&association.max_contexts, ToString::to_string),
    );
    line(
        out,
        "called AE titles",
        show(&association.called_ae_title, |rule| {
            format!("{rule:?}").to_lowercase()
        }),
    );
    line(
        out,
        "calling AE titles",
        show(&association.calling_ae_title, |rule| {
            format!("{rule:?}").to_lowercase()
        }),
    );
    for identity in &association.user_identity {
        line(
            out,
            &format!("user identity {:?}", identity.kind),
            format!("{:?}", identity.answer).to_lowercase(),
        );
    }
    if let Some(tls) = &entity.tls {
        let versions: Vec<&str> = tls
            .versions
            .iter()
            .filter(|version| version.support.is_yes())
            .map(|version| version.version.as_str())
            .collect();
        line(
            out,
            "TLS",
            format!(
                "{}; {} cipher suites",
                versions.join(", "),
                tls.suites.len()
            ),
        );
    }
    for remark in &entity.remarks {
        line(out, "", remark);
    }
}

fn contexts(out: &mut String, entity: &ApplicationEntity) {
    let _ = writeln!(out, "\nAccepted");
    for group in &entity.contexts {
        if group.support != Support::Yes || !group.roles.contains(&Role::Scp) {
            continue;
        }
        let classes = group.sop_classes.words();
        let shown: Vec<&str> = classes.iter().take(6).map(String::as_str).collect();
        let more = match classes.len().saturating_sub(6) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let _ = writeln!(out, "  {}{more}", shown.join(", "));
        let _ = writeln!(out, "    in {}", group.transfer_syntaxes.words().join(", "));
        if let Some(preference) = &group.preference {
            let mut words: Vec<String> = preference
                .order
                .iter()
                .flat_map(|uid| {
                    [uid.clone()]
                        .into_iter()
                        .collect::<sagittal_conform::document::TransferSyntaxes>()
                        .words()
                })
                .collect();
            match preference.rest {
                Rest::None => {}
                Rest::First => words.push("the first that is proposed".to_owned()),
                Rest::Last => words.push("the last that is proposed".to_owned()),
                Rest::Unknown => words.push("no order that was recognized".to_owned()),
            }
            let _ = writeln!(out, "    prefers {}", words.join(", then "));
        }
        if group
            .requestor_roles
            .is_some_and(|roles| roles.grants_scp())
        {
            let _ = writeln!(out, "    a requestor may be SCP (C-GET)");
        }
    }
}

fn queries(out: &mut String, entity: &ApplicationEntity) {
    for model in &entity.queries {
        let _ = writeln!(out, "\n{}", model.sop_classes.words().join(", "));
        for level in &model.levels {
            let count = |wanted: fn(&sagittal_conform::document::QueryKeys) -> bool| {
                let groups = level.keys.iter().filter(|keys| wanted(keys));
                groups
                    .map(|keys| keys.attributes.iter().count())
                    .sum::<usize>()
            };
            use sagittal_conform::document::{Matching, Returned};
            let matched = count(|keys| keys.matching.contains(&Matching::Single));
            let ignored = count(|keys| keys.not_matching.contains(&Matching::Single));
            let returned = count(|keys| keys.returned == Returned::Yes);
            let remark = level.remark.as_deref().unwrap_or("");
            let text = format!(
                "{returned} keys returned with a value, {matched} matched, {ignored} not matched {remark}"
            );
            line(out, &level.level, text.trim());
        }
    }
}

fn storage(out: &mut String, entity: &ApplicationEntity) {
    if entity.storage.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nInstances with faults");
    for case in &entity.storage {
        let outcome = format!("{:?}", case.outcome).to_lowercase();
        let status = case.status.as_deref().unwrap_or("");
        let comment = case.comment.as_deref().unwrap_or("");
        let _ = writeln!(out, "  {:<58}{outcome:<9} {status} {comment}", case.case);
    }
}

fn web(out: &mut String, outcome: &Outcome) {
    for web in &outcome.document.web {
        let _ = writeln!(out, "\nDICOMweb {}", web.url);
        for resource in &web.resources {
            let support = format!("{:?}", resource.support).to_lowercase();
            let media: Vec<&str> = resource
                .media_types
                .iter()
                .filter(|media| media.support.is_yes())
                .map(|media| media.media_type.as_str())
                .collect();
            line(
                out,
                &resource.transaction,
                format!("{support:<8}{}", media.join(", ")),
            );
        }
        web.remarks.iter().for_each(|remark| line(out, "", remark));
    }
}

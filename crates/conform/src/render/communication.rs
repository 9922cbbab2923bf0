//! Associations, TLS, DICOMweb.

use super::page::Page;
use super::sections::{fact_text, support, text};
use crate::document::{
    ApplicationEntity, ClientCertificate, Document, Fact, OperationsWindow, TitleRule, WebResource,
};

pub(super) fn association(page: &mut Page, entity: &ApplicationEntity) {
    let association = &entity.association;
    page.heading(3, format!("7.1 Associations of {}", entity.ae_title));
    let number = |fact: &Fact<u32>| fact_text(fact, ToString::to_string);
    let title = |fact: &Fact<TitleRule>| {
        fact_text(fact, |rule| match rule {
            TitleRule::Any => "any".to_owned(),
            TitleRule::Known => "known ones only".to_owned(),
        })
    };
    let flag = |fact: &Fact<bool>| fact_text(fact, |is| if *is { "yes" } else { "no" }.to_owned());
    let window = |window: &OperationsWindow| {
        format!("{} invoked, {} performed", window.invoked, window.performed)
    };
    let rows = [
        (
            "Application Context Name",
            "1.2.840.10008.3.1.1.1".to_owned(),
        ),
        (
            "Implementation Class UID",
            fact_text(&association.implementation_class_uid, Clone::clone),
        ),
        (
            "Implementation Version Name",
            fact_text(&association.implementation_version_name, Clone::clone),
        ),
        (
            "Maximum PDU length received",
            number(&association.max_pdu_received),
        ),
        ("Maximum PDU length sent", number(&association.max_pdu_sent)),
        (
            "Associations at the same time",
            number(&association.max_associations),
        ),
        (
            "… from one address",
            number(&association.max_associations_per_address),
        ),
        (
            "Associations opened to one peer at the same time",
            number(&association.max_associations_opened),
        ),
        (
            "Presentation contexts of an association",
            number(&association.max_contexts),
        ),
        (
            "Asynchronous operations window, at most",
            fact_text(&association.operations_window, window),
        ),
        (
            "Called AE titles that are taken",
            title(&association.called_ae_title),
        ),
        (
            "Calling AE titles that are taken",
            title(&association.calling_ae_title),
        ),
        (
            "Associations in which nothing would be accepted are rejected",
            flag(&association.rejects_useless),
        ),
        (
            "Unknown SOP classes declared as storage are accepted",
            flag(&association.common_extended_negotiation),
        ),
    ];
    page.table(
        ["Item", "Value"],
        rows.map(|(item, value)| [item.to_owned(), value]),
    );
    page.table(
        ["User identity", "Answer", "Remark"],
        association.user_identity.iter().map(|identity| {
            let kind = format!("{:?}", identity.kind);
            [
                kind,
                format!("{:?}", identity.answer).to_lowercase(),
                text(&identity.remark),
            ]
        }),
    );
    page.table(
        ["Extended negotiation of", "Answer", "Meaning"],
        association.extended_negotiation.iter().map(|item| {
            let answer = if item.answer.is_empty() {
                "none".to_owned()
            } else {
                item.answer.clone()
            };
            [
                item.sop_classes.words().join(", "),
                answer,
                item.fields.join("; "),
            ]
        }),
    );
}

pub(super) fn tls(page: &mut Page, entity: &ApplicationEntity) {
    let Some(tls) = &entity.tls else {
        return;
    };
    page.heading(3, format!("8.1 TLS of {}", entity.ae_title));
    page.table(
        ["Version", "Supported"],
        tls.versions
            .iter()
            .map(|version| [version.version.clone(), support(version.support)]),
    );
    page.table(
        ["Cipher suite", "Version", "Supported"],
        tls.suites.iter().map(|suite| {
            [
                suite.name.clone(),
                suite.version.clone(),
                support(suite.support),
            ]
        }),
    );
    let certificate = fact_text(&tls.client_certificate, |rule| {
        match rule {
            ClientCertificate::None => "is not asked for",
            ClientCertificate::Requested => "is asked for",
            ClientCertificate::Optional => "may be shown",
            ClientCertificate::Required => "must be shown",
        }
        .to_owned()
    });
    page.paragraph(format!("A certificate of the client: {certificate}."));
}

pub(super) fn web(page: &mut Page, document: &Document) {
    for web in &document.web {
        page.heading(3, format!("5.5 DICOMweb (PS3.18) at {}", web.url));
        page.table(
            [
                "Method",
                "Resource",
                "Transaction",
                "Supported",
                "Media types",
                "Parameters",
                "Remark",
            ],
            web.resources.iter().map(resource),
        );
        page.list(web.remarks.iter().cloned());
    }
}

fn resource(resource: &WebResource) -> [String; 7] {
    let media_types = resource.media_types.iter().map(|media| {
        let syntaxes = if media.transfer_syntaxes.is_empty() {
            String::new()
        } else {
            format!(" in {}", media.transfer_syntaxes.words().join(", "))
        };
        let no = if media.support.is_yes() {
            String::new()
        } else {
            format!(" ({})", support(media.support).to_lowercase())
        };
        format!("{}{syntaxes}{no}", media.media_type)
    });
    let parameters = resource.parameters.iter().map(|parameter| {
        if parameter.support.is_yes() {
            parameter.name.clone()
        } else {
            format!(
                "{} ({})",
                parameter.name,
                support(parameter.support).to_lowercase()
            )
        }
    });
    [
        resource.method.clone(),
        format!("`{}`", resource.path),
        resource.transaction.clone(),
        support(resource.support),
        media_types.collect::<Vec<_>>().join("; "),
        parameters.collect::<Vec<_>>().join(", "),
        text(&resource.remark),
    ]
}

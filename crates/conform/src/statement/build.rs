//! From registries and configuration to the document.

use sagittal_core::Uid;
use sagittal_dimse::DimseConfig;
use sagittal_dimse::policy::{IDENTIFIER_TRANSFER_SYNTAXES, storage_transfer_syntaxes};
use sagittal_dimse::registry::{self, ExtendedField, SERVICES, Service};

use sagittal_pixel::transcode::{PREFERRED, rank};

use super::table::{CHARACTER_SETS, MEDIA, SECURITY, STATUSES};
use super::{Input, queries, web};
use crate::document::{
    Address, ApplicationEntity, Association, Basis, CharacterSets, ContextGroup, Conversion,
    Document, ExtendedNegotiation, Fact, IdentityAnswer, IdentityKind, MediaProfile,
    OperationsWindow, Preference, RequestorRoles, Rest, Role, Setting, SopClasses, Status,
    StatusCode, Support, System, TitleRule, Tls, TlsSuite, TlsVersion, TransferSyntaxes,
    UserIdentity, services,
};

/// The statement of a server with this configuration.
pub fn statement(input: &Input<'_>) -> Document {
    let evidence = format!(
        "sagittal {} conformance statement, from its tables and configuration",
        input.version
    );
    let system = System {
        name: input.dimse.ae_title.to_string(),
        product: Some("Sagittal".to_owned()),
        version: Some(input.version.to_owned()),
        description: Some(
            "An archive for DICOM instances: it receives, finds and gives them back over DIMSE and DICOMweb."
                .to_owned(),
        ),
        ..System::default()
    };
    let basis = Basis::new(Status::Declared, input.date.clone(), evidence);
    let mut document = Document::new("statement", basis, system);
    document.application_entities.push(entity(input));
    document.web = web::web(input);
    document.media = MEDIA
        .iter()
        .map(|(profile, roles, remark)| MediaProfile {
            profile: (*profile).to_owned(),
            roles: roles.to_vec(),
            support: Support::Yes,
            basis: None,
            remark: Some((*remark).to_owned()),
        })
        .collect();
    document.security = SECURITY.iter().map(ToString::to_string).collect();
    document.settings = settings(input);
    document
}

fn entity(input: &Input<'_>) -> ApplicationEntity {
    let config = input.dimse;
    let address = |port, tls| Address {
        host: String::new(),
        port,
        tls,
    };
    let plain = address(input.port, false);
    let contexts = contexts(config);
    let secure = input.tls_port.map(|port| address(port, true));
    ApplicationEntity {
        ae_title: config.ae_title.to_string(),
        aliases: config.aliases.iter().map(ToString::to_string).collect(),
        addresses: [plain].into_iter().chain(secure).collect(),
        association: association(config, &input.peers),
        services: services(&contexts, Support::No),
        contexts,
        unlisted: Support::No,
        conversions: conversions(config),
        queries: queries::queries(config),
        storage: Vec::new(),
        character_sets: vec![CharacterSets {
            terms: CHARACTER_SETS.iter().map(ToString::to_string).collect(),
            used_in: Vec::new(),
            support: Support::Yes,
            basis: None,
            remark: Some(
                "Data sets are kept as they come. Answers to queries are in the character set of the request if it can express them, else in UTF-8."
                    .to_owned(),
            ),
        }],
        statuses: STATUSES.iter().map(StatusCode::from).collect(),
        tls: input.tls_port.map(|_| tls(input)),
        remarks: REMARKS.iter().map(ToString::to_string).collect(),
    }
}

const REMARKS: &[&str] = &[
    "Storage level 2 (full): the data set is kept byte for byte in the transfer syntax in which it came. Success is answered only when the instance is durable on disk.",
    "Queries are answered relationally; with strict_hierarchy only if that was negotiated. Retrieve AE Title and Instance Availability (ONLINE) are part of every answer.",
    "C-CANCEL ends a query before its next answer and a retrieval before its next sub-operation. Pending responses of C-MOVE and C-GET come at least once a progress interval (500 ms).",
    "A receiver that does not take the stored transfer syntax is sent one that it takes and that loses nothing; where there is none, the instance is reported as failed.",
    "Composite Instance Root: levels IMAGE and FRAME; frames by Simple Frame List, Calculated Frame List or Time Range. Without bulk data: pixel, waveform, spectroscopy, overlay, curve and audio data and encapsulated documents are left out.",
    "As SCU: sub-operations of C-MOVE and C-GET, and the command line tools.",
    "Rejected: a called AE title that is not ours (if checked; 1-1-7), a calling AE title that may do nothing here (1-1-3), a wrong passcode (1-1-1), too many associations (2-3-2). Services without permission are refused by their presentation contexts (user-rejection).",
];

fn association(config: &DimseConfig, peers: &[String]) -> Association {
    let association = &config.association;
    let limit = |value: usize| Fact::known(u32::try_from(value).unwrap_or(u32::MAX));
    let rule = |is_checked| {
        Fact::known(if is_checked {
            TitleRule::Known
        } else {
            TitleRule::Any
        })
    };
    let identity = |kind, answer| UserIdentity {
        kind,
        answer,
        basis: None,
        remark: None,
    };
    use IdentityAnswer::{Answered, Ignored};
    Association {
        max_pdu_received: Fact::known(association.max_pdu_receive),
        max_pdu_sent: Fact::known(association.max_pdu_send)
            .remark("that of the peer, at most this"),
        implementation_class_uid: Fact::known(association.implementation_class_uid.to_string()),
        implementation_version_name: Fact::known(association.implementation_version_name.clone()),
        operations_window: Fact::known(OperationsWindow {
            invoked: config.max_operations,
            performed: config.max_operations,
        }),
        max_associations: limit(config.associations.0),
        max_associations_per_address: limit(config.associations.1),
        max_associations_opened: Fact::known(4).remark("`max_associations` of a [[peer]]"),
        max_contexts: Fact::known(128),
        rejects_useless: Fact::known(false),
        called_ae_title: rule(config.check_called_ae_title),
        calling_ae_title: rule(config.known_peers_only),
        user_identity: vec![
            identity(IdentityKind::Username, Answered),
            UserIdentity {
                remark: Some("with users configured, wrong passcodes are rejected".to_owned()),
                ..identity(IdentityKind::UsernameAndPasscode, Answered)
            },
            identity(IdentityKind::Kerberos, Ignored),
            identity(IdentityKind::Saml, Ignored),
            identity(IdentityKind::Jwt, Ignored),
        ],
        known_calling_ae_titles: if config.known_peers_only {
            peers.to_vec()
        } else {
            Vec::new()
        },
        extended_negotiation: extended(config),
        common_extended_negotiation: Fact::known(
            config.unknown_sop_classes && (config.offered.store || config.offered.get),
        ),
    }
}

/// Which bytes are answered, SOP classes with the same ones together.
fn extended(config: &DimseConfig) -> Vec<ExtendedNegotiation> {
    let hex = |fields: &[ExtendedField]| -> String {
        fields
            .iter()
            .map(|field| format!("{:02x}", field.value))
            .collect()
    };
    let item = |uids: Vec<Uid>, fields: &[ExtendedField]| ExtendedNegotiation {
        sop_classes: uids.into_iter().collect(),
        answer: hex(fields),
        fields: fields
            .iter()
            .map(|field| format!("{}: {}", field.name, field.value))
            .collect(),
        basis: None,
    };
    let with = |fields: &'static [ExtendedField]| -> Vec<Uid> {
        offered(config)
            .filter(|service| service.extended == fields)
            .map(|service| Uid::from_static(service.sop_class_uid))
            .collect()
    };
    let all = [
        item(with(registry::FIND_EXTENDED), registry::FIND_EXTENDED),
        item(
            with(registry::RETRIEVE_EXTENDED),
            registry::RETRIEVE_EXTENDED,
        ),
        item(storage(config), registry::STORAGE_EXTENDED),
    ];
    all.into_iter()
        .filter(|item| !item.sop_classes.is_empty())
        .collect()
}

fn offered(config: &DimseConfig) -> impl Iterator<Item = &'static Service> {
    let offered = config.offered;
    SERVICES
        .iter()
        .filter(move |service| service.operation.is_offered(offered))
}

/// Storage SOP classes that are accepted; none where neither storing nor C-GET is offered.
fn storage(config: &DimseConfig) -> Vec<Uid> {
    if !config.offered.store && !config.offered.get {
        return Vec::new();
    }
    registry::storage_sop_classes(config)
        .into_iter()
        .filter_map(|(uid, _)| Uid::tolerant(&uid).ok())
        .collect()
}

fn contexts(config: &DimseConfig) -> Vec<ContextGroup> {
    let identifiers: TransferSyntaxes = IDENTIFIER_TRANSFER_SYNTAXES
        .iter()
        .map(|uid| Uid::from_static(uid))
        .collect();
    let services: SopClasses = offered(config)
        .map(|service| Uid::from_static(service.sop_class_uid))
        .collect();
    let accepted = storage_transfer_syntaxes(config);
    let only: TransferSyntaxes = accepted
        .only
        .as_deref()
        .unwrap_or_default()
        .iter()
        .cloned()
        .collect();
    let prefer: TransferSyntaxes = accepted.prefer.iter().cloned().collect();
    let rest = if prefer.len() == only.len() {
        Rest::None
    } else {
        Rest::First
    };
    let storage: SopClasses = storage(config).into_iter().collect();
    let asked: SopClasses = SERVICES
        .iter()
        .filter(|service| service.scu)
        .map(|service| Uid::from_static(service.sop_class_uid))
        .collect();
    let known: SopClasses = registry::storage_sop_classes(config)
        .into_iter()
        .filter_map(|(uid, _)| Uid::tolerant(&uid).ok())
        .collect();
    let group = |sop_classes: &SopClasses, syntaxes: &TransferSyntaxes, role| ContextGroup {
        sop_classes: sop_classes.clone(),
        transfer_syntaxes: syntaxes.clone(),
        roles: vec![role],
        // Sub-operations and the tools: whatever it is told to send.
        on_demand: role == Role::Scu,
        ..ContextGroup::default()
    };
    let all = [
        ContextGroup {
            preference: Some(Preference {
                order: identifiers.clone(),
                rest: Rest::None,
            }),
            requestor_roles: Some(RequestorRoles::Scu),
            ..group(&services, &identifiers, Role::Scp)
        },
        ContextGroup {
            preference: (only.len() > 1).then_some(Preference {
                order: prefer,
                rest,
            }),
            requestor_roles: Some(RequestorRoles::from_answer(Some((
                config.offered.store,
                config.offered.get,
            )))),
            ..group(&storage, &only, Role::Scp)
        },
        // PS3.7 §D.3.3.2: our tools propose what files are in, and what differs without loss.
        group(&asked, &identifiers_of_tools(), Role::Scu),
        group(&known, &sendable(config), Role::Scu),
    ];
    all.into_iter()
        .filter(|group| !group.sop_classes.is_empty())
        .collect()
}

/// What instances are sent in: what is held, and what the sender proposes beside it.
fn sendable(config: &DimseConfig) -> TransferSyntaxes {
    let held = storage_transfer_syntaxes(config).only.unwrap_or_default();
    let held = held.iter().cloned();
    let others = PREFERRED.iter().map(|uid| Uid::from_static(uid));
    held.chain(others).collect()
}

/// What is converted on the way out without loss, as the codecs can.
fn conversions(config: &DimseConfig) -> Vec<Conversion> {
    let mut found: Vec<Conversion> = Vec::new();
    for from in &sendable(config) {
        let to: TransferSyntaxes = PREFERRED
            .iter()
            .filter(|to| rank(from.as_str(), to).is_some_and(|cost| cost > 0))
            .map(|to| Uid::from_static(to))
            .collect();
        let row = match found.iter_mut().find(|row| row.to == to) {
            Some(row) => row,
            None if to.is_empty() => continue,
            None => {
                found.push(Conversion {
                    to,
                    ..Conversion::default()
                });
                match found.last_mut() {
                    Some(row) => row,
                    None => continue,
                }
            }
        };
        row.from = row.from.iter().chain([from]).cloned().collect();
    }
    found
}

/// What the tools propose for identifiers.
fn identifiers_of_tools() -> TransferSyntaxes {
    IDENTIFIER_TRANSFER_SYNTAXES
        .iter()
        .take(2)
        .map(|uid| Uid::from_static(uid))
        .collect()
}

/// What rustls offers on its own.
fn tls(input: &Input<'_>) -> Tls {
    let suites: &[(&str, &str)] = &[
        ("TLS_AES_256_GCM_SHA384", "1.3"),
        ("TLS_AES_128_GCM_SHA256", "1.3"),
        ("TLS_CHACHA20_POLY1305_SHA256", "1.3"),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "1.2"),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "1.2"),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "1.2"),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "1.2"),
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "1.2"),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "1.2"),
    ];
    let version = |version: &str, is: bool| TlsVersion {
        version: version.to_owned(),
        support: is.into(),
    };
    Tls {
        versions: vec![
            version("1.3", true),
            version("1.2", true),
            version("1.1", false),
            version("1.0", false),
        ],
        suites: suites
            .iter()
            .map(|(name, version)| TlsSuite {
                name: (*name).to_owned(),
                version: (*version).to_owned(),
                support: Support::Yes,
            })
            .collect(),
        client_certificate: Fact::known(input.client_certificate),
        ..Tls::default()
    }
}

fn settings(input: &Input<'_>) -> Vec<Setting> {
    let config = input.dimse;
    let association = &config.association;
    let seconds = |duration: std::time::Duration| format!("{} s", duration.as_secs_f64());
    let setting = |name: &str, value: String, effect: &str| Setting {
        name: name.to_owned(),
        value,
        effect: effect.to_owned(),
    };
    vec![
        setting(
            "check_called_ae_title",
            config.check_called_ae_title.to_string(),
            "associations that call another AE title are rejected",
        ),
        setting(
            "known_peers_only",
            config.known_peers_only.to_string(),
            "associations of AE titles that are no peer are rejected",
        ),
        setting(
            "retired_sop_classes",
            config.retired_sop_classes.to_string(),
            "retired storage SOP classes are accepted",
        ),
        setting(
            "unknown_sop_classes",
            config.unknown_sop_classes.to_string(),
            "SOP classes declared as storage by Common Extended Negotiation are accepted",
        ),
        setting(
            "strict_hierarchy",
            config.strict_hierarchy.to_string(),
            "relational behavior must be negotiated",
        ),
        setting(
            "artim_timeout",
            seconds(association.artim),
            "for the whole A-ASSOCIATE-RQ to arrive",
        ),
        setting(
            "idle_timeout",
            association.idle.map_or("none".to_owned(), seconds),
            "an association without any message is aborted",
        ),
        setting(
            "max_answers",
            config.max_answers.to_string(),
            "a query with more ends with A700 after so many",
        ),
    ]
}

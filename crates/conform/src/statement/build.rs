//! From registries and configuration to the statement's data.

use sagittal_core::transfer_syntax;
use sagittal_dimse::policy::{IDENTIFIER_TRANSFER_SYNTAXES, storage_transfer_syntaxes};
use sagittal_dimse::query_keys::query_keys;
use sagittal_dimse::registry::{self, ExtendedField, Model, Operation, SERVICES};

use super::table::{CHARACTER_SETS, SECURITY, STATUSES};
use super::{
    ApplicationEntity, Extended, Input, Key, Named, ServiceClass, Setting, SopClass, Statement,
};

impl Statement {
    /// The statement of a server with this configuration.
    pub fn new(input: Input<'_>) -> Statement {
        let config = input.dimse;
        let association = &config.association;
        Statement {
            product: "Sagittal",
            version: input.version.to_owned(),
            implementation_class_uid: association.implementation_class_uid.to_string(),
            implementation_version_name: association.implementation_version_name.clone(),
            application_entity: ApplicationEntity {
                ae_title: config.ae_title.to_string(),
                aliases: config.aliases.iter().map(ToString::to_string).collect(),
                port: input.port,
                tls_port: input.tls_port,
                max_associations: config.associations.0,
                max_associations_per_address: config.associations.1,
                max_operations: config.max_operations,
                max_pdu_received: association.max_pdu_receive,
                max_pdu_sent: association.max_pdu_send,
            },
            services: services(&input),
            query_keys: keys(),
            statuses: STATUSES.to_vec(),
            dicomweb: input.routes.clone(),
            character_sets: CHARACTER_SETS.to_vec(),
            security: SECURITY.to_vec(),
            settings: settings(&input),
        }
    }
}

fn services(input: &Input<'_>) -> Vec<ServiceClass> {
    let config = input.dimse;
    let of = |wanted: &dyn Fn(&registry::Service) -> bool| -> Vec<SopClass> {
        SERVICES
            .iter()
            .filter(|service| wanted(service))
            .map(|service| SopClass {
                uid: service.sop_class_uid.to_owned(),
                name: service.name.to_owned(),
                scu: service.scu,
                scp: service.operation.is_offered(config.offered),
            })
            .collect()
    };
    let identifiers = || named(IDENTIFIER_TRANSFER_SYNTAXES.iter().copied());
    let composite = |service: &registry::Service| {
        matches!(
            service.model,
            Some(Model::CompositeInstanceRoot | Model::WithoutBulkData)
        )
    };
    vec![
        ServiceClass {
            name: "Verification",
            sop_classes: of(&|service| service.operation == Operation::Echo),
            transfer_syntaxes: identifiers(),
            extended_negotiation: Vec::new(),
            remarks: Vec::new(),
        },
        storage(input),
        ServiceClass {
            name: "Query/Retrieve",
            sop_classes: of(&|service| service.model.is_some() && !composite(service)),
            transfer_syntaxes: identifiers(),
            extended_negotiation: extended("C-FIND", registry::FIND_EXTENDED)
                .chain(extended("C-MOVE, C-GET", registry::RETRIEVE_EXTENDED))
                .collect(),
            remarks: vec![
                "Queries are answered relationally; with strict_hierarchy only if that was negotiated.",
                "Answers are in the character set of the request if it can express them, else in UTF-8 (ISO_IR 192).",
                "Retrieve AE Title and Instance Availability (ONLINE) are part of every answer.",
                "C-CANCEL ends a query before its next answer and a retrieval before its next sub-operation.",
                "A receiver that does not take the stored transfer syntax is sent what differs from it only in VR encoding, byte order and deflation; the rest is reported as failed.",
                "Pending responses of C-MOVE and C-GET come at least once a progress interval (500 ms).",
            ],
        },
        ServiceClass {
            name: "Composite Instance Root Retrieve, and Retrieve Without Bulk Data",
            sop_classes: of(&composite),
            transfer_syntaxes: identifiers(),
            extended_negotiation: Vec::new(),
            remarks: vec![
                "Levels IMAGE and FRAME; frames by Simple Frame List, Calculated Frame List or Time Range.",
                "Without bulk data: pixel, waveform, spectroscopy, overlay, curve and audio data and encapsulated documents are left out.",
            ],
        },
    ]
}

fn storage(input: &Input<'_>) -> ServiceClass {
    let config = input.dimse;
    let sop_classes = registry::storage_sop_classes(config)
        .into_iter()
        .map(|(uid, name)| SopClass {
            uid,
            name,
            scu: true,
            scp: config.offered.store,
        });
    let accepted = storage_transfer_syntaxes(config);
    let only = accepted.only.as_deref().unwrap_or_default();
    ServiceClass {
        name: "Storage",
        sop_classes: sop_classes.collect(),
        transfer_syntaxes: named(only.iter().map(|uid| uid.as_str())),
        extended_negotiation: extended("C-STORE", registry::STORAGE_EXTENDED).collect(),
        remarks: vec![
            "Storage level 2 (full): the data set is kept byte for byte in the transfer syntax in which it came.",
            "Success is answered only when the instance is durable on disk.",
            "Unknown SOP classes that Common Extended Negotiation declares to be of the Storage Service Class are accepted if configured.",
            "As SCU: sub-operations of C-MOVE and C-GET, and the command line tools.",
        ],
    }
}

fn named<'a>(uids: impl Iterator<Item = &'a str>) -> Vec<Named> {
    let name = |uid| transfer_syntax::by_uid(uid).map_or("private", |row| row.name);
    uids.map(|uid| Named {
        uid: uid.to_owned(),
        name: name(uid).to_owned(),
    })
    .collect()
}

fn extended(
    operation: &'static str,
    fields: &'static [ExtendedField],
) -> impl Iterator<Item = Extended> {
    fields.iter().enumerate().map(move |(at, field)| Extended {
        operation,
        byte: at + 1,
        name: field.name,
        value: field.value,
    })
}

fn keys() -> Vec<Key> {
    query_keys()
        .into_iter()
        .map(|key| Key {
            level: key.level,
            tag: key.tag.to_string(),
            keyword: key.keyword,
            kind: key.kind,
            matching: key.matching,
        })
        .collect()
}

fn settings(input: &Input<'_>) -> Vec<Setting> {
    let config = input.dimse;
    let association = &config.association;
    let seconds = |duration: std::time::Duration| format!("{} s", duration.as_secs_f64());
    let setting = |name, value, effect| Setting {
        name,
        value,
        effect,
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

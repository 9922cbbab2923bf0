//! The statement as Markdown, in the order of PS3.2 Annex A.

use std::fmt::{Display, Write};

use super::{Named, ServiceClass, SopClass, Statement};

/// A growing document; writing to a `String` cannot fail.
#[derive(Default)]
struct Document(String);

impl Document {
    fn heading(&mut self, level: usize, text: impl Display) {
        let _ = write!(self.0, "\n{} {text}\n\n", "#".repeat(level));
    }

    fn line(&mut self, text: impl Display) {
        let _ = writeln!(self.0, "{text}");
    }

    fn list<T: Display>(&mut self, items: impl IntoIterator<Item = T>) {
        for item in items {
            let _ = writeln!(self.0, "- {item}");
        }
    }

    fn table<const N: usize>(
        &mut self,
        head: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) {
        let _ = writeln!(self.0, "| {} |", head.join(" | "));
        let _ = writeln!(self.0, "|{}", "---|".repeat(N));
        for row in rows {
            let cells = row.map(|cell| cell.replace('|', "\\|"));
            let _ = writeln!(self.0, "| {} |", cells.join(" | "));
        }
        self.0.push('\n');
    }
}

fn yes(is: bool) -> String {
    if is { "Yes" } else { "No" }.to_owned()
}

impl Statement {
    /// The whole statement.
    pub fn to_markdown(&self) -> String {
        let mut out = Document(format!(
            "# DICOM Conformance Statement: {} {}\n",
            self.product, self.version
        ));
        self.overview(&mut out);
        self.introduction(&mut out);
        self.networking(&mut out);
        self.web(&mut out);
        out.heading(2, "5 Media Interchange");
        out.line("Part 10 files are read and written by the command line tools (`import`, `export`, with DICOMDIR of the General Purpose profiles, PS3.11); there is no media application profile as a service.");
        out.heading(2, "6 Support of Character Sets");
        out.line(
            "Data sets are kept as they come. For matching and answers these are understood:\n",
        );
        out.line(self.character_sets.join(", "));
        out.heading(2, "7 Security");
        out.list(&self.security);
        out.heading(2, "8 Annexes");
        out.line("No attributes are added to, removed from or changed in stored instances. There are no private SOP classes, attributes or transfer syntaxes of this product.");
        out.0
    }

    fn overview(&self, out: &mut Document) {
        out.heading(2, "1 Conformance Statement Overview");
        out.line("An archive for DICOM instances: it receives, finds and gives them back over DIMSE and DICOMweb.\n");
        for service in &self.services {
            out.line(format!("**{}**\n", service.name));
            sop_classes(out, &service.sop_classes);
        }
    }

    fn introduction(&self, out: &mut Document) {
        out.heading(2, "3 Introduction");
        out.line("This statement is made by the program itself, from the tables that it works by and its configuration (`sagittal conformance statement`). It follows PS3.2 Annex A. Conformance alone does not guarantee interoperability.");
    }

    fn networking(&self, out: &mut Document) {
        let entity = &self.application_entity;
        out.heading(2, "4 Networking");
        out.heading(3, "4.1 Implementation Model");
        out.line("One Application Entity accepts associations and serves all of the services below. For C-MOVE it opens associations to the configured peers. Received instances are written to packs, made durable, answered, and indexed; queries and retrievals see everything that was answered before.");
        out.heading(3, "4.2 AE Specifications");
        out.heading(4, "4.2.1 Association Policies");
        let mut rows = vec![
            [
                "Application Context Name".to_owned(),
                "1.2.840.10008.3.1.1.1".to_owned(),
            ],
            ["AE title".to_owned(), entity.ae_title.clone()],
            [
                "Implementation Class UID".to_owned(),
                self.implementation_class_uid.clone(),
            ],
            [
                "Implementation Version Name".to_owned(),
                self.implementation_version_name.clone(),
            ],
            [
                "Associations at the same time".to_owned(),
                entity.max_associations.to_string(),
            ],
            [
                "… from one address".to_owned(),
                entity.max_associations_per_address.to_string(),
            ],
            [
                "Asynchronous operations window".to_owned(),
                format!(
                    "up to {} invoked and performed, if proposed",
                    entity.max_operations
                ),
            ],
            [
                "Maximum PDU length received".to_owned(),
                entity.max_pdu_received.to_string(),
            ],
            [
                "Maximum PDU length sent".to_owned(),
                format!("that of the peer, at most {}", entity.max_pdu_sent),
            ],
        ];
        if !entity.aliases.is_empty() {
            rows.push(["Further AE titles".to_owned(), entity.aliases.join(", ")]);
        }
        out.table(["Item", "Value"], rows);
        out.heading(4, "4.2.2 Association Acceptance");
        out.line("Rejected: a called AE title that is not ours (if checked; 1-1-7), a calling AE title that may do nothing here (1-1-3), a wrong passcode (1-1-1), too many associations (2-3-2). Services without permission are refused by their presentation contexts (user-rejection).\n");
        out.line("SCP/SCU role selection is accepted for the storage SOP classes, so that the requestor of a C-GET is their SCP. User identity (username, username and passcode) is answered when a positive response is requested.");
        for (at, service) in self.services.iter().enumerate() {
            self.service(out, at, service);
        }
        self.query_keys(out);
        out.heading(4, "4.2.9 Status Codes");
        out.table(
            ["Operation", "Code", "Meaning"],
            self.statuses
                .iter()
                .map(|row| [row.operation, row.code, row.meaning].map(str::to_owned)),
        );
        out.heading(3, "4.3 Network Interfaces");
        out.line(format!(
            "TCP/IP, IPv4 and IPv6, port {}{}.",
            entity.port,
            entity
                .tls_port
                .map_or(String::new(), |port| format!("; with TLS port {port}"))
        ));
        out.heading(3, "4.4 Configuration");
        out.table(
            ["Setting", "Value", "Effect"],
            self.settings
                .iter()
                .map(|s| [s.name.to_owned(), s.value.clone(), s.effect.to_owned()]),
        );
    }

    fn service(&self, out: &mut Document, at: usize, service: &ServiceClass) {
        out.heading(4, format!("4.2.{} {}", at + 3, service.name));
        sop_classes(out, &service.sop_classes);
        out.line("Transfer syntaxes:\n");
        out.table(
            ["Name", "UID"],
            service
                .transfer_syntaxes
                .iter()
                .map(|Named { uid, name }| [name.clone(), uid.clone()]),
        );
        if !service.extended_negotiation.is_empty() {
            out.line("Extended negotiation:\n");
            out.table(
                ["Operation", "Byte", "Meaning", "Value"],
                service.extended_negotiation.iter().map(|field| {
                    [
                        field.operation.to_owned(),
                        field.byte.to_string(),
                        field.name.to_owned(),
                        field.value.to_string(),
                    ]
                }),
            );
        }
        out.list(&service.remarks);
    }

    fn query_keys(&self, out: &mut Document) {
        out.heading(4, "4.2.8 Query Keys");
        out.line("At each level also the keys of the levels above and below are supported. Other attributes are returned if the instances have them.\n");
        out.table(
            ["Level", "Attribute", "Tag", "Type", "Matching"],
            self.query_keys.iter().map(|key| {
                let matching = if key.matching.is_empty() {
                    "returned only"
                } else {
                    key.matching
                };
                [
                    key.level.to_owned(),
                    key.keyword.to_owned(),
                    key.tag.clone(),
                    key.kind.to_string(),
                    matching.to_owned(),
                ]
            }),
        );
    }

    fn web(&self, out: &mut Document) {
        if self.dicomweb.is_empty() {
            return;
        }
        out.heading(3, "4.5 DICOMweb (PS3.18)");
        out.table(
            ["Method", "Resource", "Transaction", "Media types"],
            self.dicomweb.iter().map(|route| {
                [
                    route.method.clone(),
                    format!("`{}`", route.path),
                    route.description.clone(),
                    route.media_types.join(", "),
                ]
            }),
        );
    }
}

fn sop_classes(out: &mut Document, list: &[SopClass]) {
    out.table(
        ["SOP Class", "UID", "SCU", "SCP"],
        list.iter().map(|class| {
            [
                class.name.clone(),
                class.uid.clone(),
                yes(class.scu),
                yes(class.scp),
            ]
        }),
    );
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sagittal_core::AeTitle;
    use sagittal_dimse::DimseConfig;

    use super::super::{Input, Route};
    use super::*;

    fn statement(change: impl FnOnce(&mut DimseConfig)) -> Statement {
        let mut dimse = DimseConfig::new(AeTitle::new("SAGITTAL").unwrap());
        change(&mut dimse);
        Statement::new(Input {
            dimse: &dimse,
            version: "1.2",
            port: 11112,
            tls_port: Some(2762),
            routes: vec![Route {
                method: "GET".to_owned(),
                path: "/studies".to_owned(),
                description: "Search for Studies".to_owned(),
                media_types: vec!["application/dicom+json".to_owned()],
            }],
        })
    }

    #[test]
    fn every_registered_service_and_storage_class_is_stated() {
        let text = statement(|_| ()).to_markdown();
        for service in sagittal_dimse::registry::SERVICES {
            assert!(text.contains(service.sop_class_uid), "{}", service.name);
        }
        for class in sagittal_core::sop_class::STORAGE {
            let on_media_only = class.uid == "1.2.840.10008.1.3.10";
            assert!(on_media_only || text.contains(class.uid), "{}", class.name);
        }
        for part in [
            "JPEG 2000",
            "`/studies`",
            "port 11112",
            "2762",
            "ModalitiesInStudy",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn what_is_switched_off_is_not_stated_as_scp() {
        let text = statement(|config| config.offered.get = false).to_markdown();
        let row = text
            .lines()
            .find(|line| line.contains("1.2.840.10008.5.1.4.1.2.2.3 "))
            .unwrap();
        assert!(row.ends_with("| Yes | No |"), "{row}");
    }

    #[test]
    fn every_table_row_has_as_many_cells_as_its_head() {
        let text = statement(|_| ()).to_markdown();
        let mut columns = 0;
        for line in text.lines() {
            let count = line.replace("\\|", "").matches('|').count();
            if count == 0 {
                columns = 0;
            } else if columns == 0 {
                columns = count;
            } else {
                assert_eq!(count, columns, "{line}");
            }
        }
    }

    #[test]
    fn the_statement_serializes() {
        let json = serde_json::to_value(statement(|_| ())).unwrap();
        assert_eq!(json["application_entity"]["ae_title"], "SAGITTAL");
        assert!(json["services"][1]["sop_classes"].as_array().unwrap().len() > 170);
    }
}

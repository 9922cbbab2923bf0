//! The conformance statement in the form of PS3.2 Annex A, from the registries and the running
//! configuration. [`Statement`] is the data; it serializes, and [`Statement::to_markdown`] prints it.

mod build;
mod markdown;
mod table;

use serde::Serialize;

/// What a statement is made of.
pub struct Input<'a> {
    /// The configuration of the DIMSE side.
    pub dimse: &'a sagittal_dimse::DimseConfig,
    /// Version of the product.
    pub version: &'a str,
    /// The DIMSE port.
    pub port: u16,
    /// The port for DIMSE over TLS, if there is one.
    pub tls_port: Option<u16>,
    /// What the HTTP side offers.
    pub routes: Vec<Route>,
}

/// A DICOMweb transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path template.
    pub path: String,
    /// What it does.
    pub description: String,
    /// Media types of the answers.
    pub media_types: Vec<String>,
}

/// A conformance statement.
#[derive(Clone, Debug, Serialize)]
pub struct Statement {
    /// Name of the product.
    pub product: &'static str,
    /// Its version.
    pub version: String,
    /// Implementation Class UID.
    pub implementation_class_uid: String,
    /// Implementation Version Name.
    pub implementation_version_name: String,
    /// The Application Entity.
    pub application_entity: ApplicationEntity,
    /// Services and their SOP classes.
    pub services: Vec<ServiceClass>,
    /// Query keys.
    pub query_keys: Vec<Key>,
    /// Status codes by operation.
    pub statuses: Vec<StatusRow>,
    /// DICOMweb transactions.
    pub dicomweb: Vec<Route>,
    /// Specific Character Sets.
    pub character_sets: Vec<&'static str>,
    /// Security profiles (PS3.15).
    pub security: Vec<&'static str>,
    /// Settings that change what is said here.
    pub settings: Vec<Setting>,
}

/// The Application Entity and its associations (PS3.2 §A.4.2).
#[derive(Clone, Debug, Serialize)]
pub struct ApplicationEntity {
    /// AE title.
    pub ae_title: String,
    /// Further titles.
    pub aliases: Vec<String>,
    /// Port.
    pub port: u16,
    /// Port for TLS.
    pub tls_port: Option<u16>,
    /// Associations at the same time.
    pub max_associations: usize,
    /// From one address.
    pub max_associations_per_address: usize,
    /// Asynchronous operations window granted.
    pub max_operations: u16,
    /// Maximum Length Received.
    pub max_pdu_received: u32,
    /// Largest PDU sent.
    pub max_pdu_sent: u32,
}

/// SOP classes with the same transfer syntaxes, roles and negotiation.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceClass {
    /// Its name.
    pub name: &'static str,
    /// SOP classes.
    pub sop_classes: Vec<SopClass>,
    /// Transfer syntaxes.
    pub transfer_syntaxes: Vec<Named>,
    /// Bytes of the extended negotiation.
    pub extended_negotiation: Vec<Extended>,
    /// What is particular.
    pub remarks: Vec<&'static str>,
}

/// A SOP class and its roles.
#[derive(Clone, Debug, Serialize)]
pub struct SopClass {
    /// Its UID.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// Is there an SCU?
    pub scu: bool,
    /// Is there an SCP?
    pub scp: bool,
}

/// A UID with its name.
#[derive(Clone, Debug, Serialize)]
pub struct Named {
    /// The UID.
    pub uid: String,
    /// Its name.
    pub name: String,
}

/// A byte of an extended negotiation.
#[derive(Clone, Debug, Serialize)]
pub struct Extended {
    /// SOP classes to which it applies, by operation.
    pub operation: &'static str,
    /// Its number, from 1.
    pub byte: usize,
    /// What it means.
    pub name: &'static str,
    /// What is answered at most.
    pub value: u8,
}

/// A query key.
#[derive(Clone, Debug, Serialize)]
pub struct Key {
    /// The level.
    pub level: &'static str,
    /// The tag.
    pub tag: String,
    /// Its keyword.
    pub keyword: &'static str,
    /// `U`, `R` or `O`.
    pub kind: char,
    /// How values match; empty: only returned.
    pub matching: &'static str,
}

/// A status code.
#[derive(Clone, Debug, Serialize)]
pub struct StatusRow {
    /// C-STORE, …
    pub operation: &'static str,
    /// The code.
    pub code: &'static str,
    /// When it is sent.
    pub meaning: &'static str,
}

/// A setting.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value now.
    pub value: String,
    /// What it changes.
    pub effect: &'static str,
}

//! The conformance document: what a system says of itself, or was seen to do, for programs to read
//! (the matter of PS3.2 Annex N, which has no such form).
//!
//! A [`Document`] describes one system: its Application Entities, web services and media. Each item
//! rests on a [`Basis`]: it was *declared*, *observed*, or is *unknown*, when, and how that is known.
//! Items name their basis only where it is not the one of the whole document.
//!
//! JSON is for programs, TOML for hand-writing; both read the same fields. Lists of SOP classes and
//! transfer syntaxes may be written by UID, keyword, name or group ("all storage"); [`Document`] holds
//! them as UIDs.

mod basis;
mod context;
mod entity;
mod fact;
mod format;
mod query;
mod schema;
mod service;
mod sets;
mod web;

pub use basis::{Basis, Status, Support};
pub use context::{ContextGroup, Conversion, Preference, Refusal, RequestorRoles, Rest, Role};
pub use entity::{
    Address, ApplicationEntity, Association, CharacterSets, ClientCertificate, ExtendedNegotiation,
    IdentityAnswer, IdentityKind, OperationsWindow, StatusCode, StoreCase, StoreOutcome, TitleRule,
    Tls, TlsSuite, TlsVersion, UserIdentity,
};
pub use fact::Fact;
pub use format::Error;
pub use query::{KeyKind, Matching, QueryKeys, QueryLevel, QueryModel, Returned};
pub use schema::schema;
pub use service::{Service, ServiceName, services};
pub use sets::{Attributes, SopClasses, TransferSyntaxes};
pub use web::{Web, WebMediaType, WebParameter, WebResource, WebRole};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the format that is written. Readers refuse a later one.
pub const FORMAT: u32 = 1;

/// What is known of the conformance of one system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Version of this format: 1.
    pub format: u32,
    /// Name of the basis of every item that names none.
    pub basis: String,
    /// What items rest on, by name.
    pub bases: BTreeMap<String, Basis>,
    /// The system.
    pub system: System,
    /// Its Application Entities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub application_entities: Vec<ApplicationEntity>,
    /// Its DICOMweb services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub web: Vec<Web>,
    /// Application profiles of media (PS3.11).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediaProfile>,
    /// Security profiles (PS3.15).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security: Vec<String>,
    /// Settings that change what is said here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// Whatever else a reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Which system it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// A name for people.
    pub name: String,
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it is there for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// An application profile of media.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaProfile {
    /// Its name, such as `STD-GEN-CD`.
    pub profile: String,
    /// Roles: `FSC`, `FSR`, `FSU`.
    pub roles: Vec<MediaRole>,
    /// Whether it is supported.
    #[serde(default, skip_serializing_if = "Support::is_yes")]
    pub support: Support,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// A role with media (PS3.10 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MediaRole {
    /// File-set creator.
    #[serde(rename = "FSC")]
    Creator,
    /// File-set reader.
    #[serde(rename = "FSR")]
    Reader,
    /// File-set updater.
    #[serde(rename = "FSU")]
    Updater,
}

/// A setting of the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value now.
    pub value: String,
    /// What it changes.
    pub effect: String,
}

impl Document {
    /// A document of which every item rests on one basis, unless it names another.
    pub fn new(name: &str, basis: Basis, system: System) -> Document {
        Document {
            format: FORMAT,
            basis: name.to_owned(),
            bases: BTreeMap::from([(name.to_owned(), basis)]),
            system,
            application_entities: Vec::new(),
            web: Vec::new(),
            media: Vec::new(),
            security: Vec::new(),
            settings: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// What an item rests on.
    pub fn basis_of(&self, name: Option<&str>) -> Option<&Basis> {
        self.bases.get(name.unwrap_or(&self.basis))
    }

    /// The Application Entity with a title, alias titles included.
    pub fn entity(&self, ae_title: &str) -> Option<&ApplicationEntity> {
        self.application_entities.iter().find(|entity| {
            entity.ae_title == ae_title || entity.aliases.iter().any(|alias| alias == ae_title)
        })
    }
}

/// All SOP classes of the tables: storage, the retired ones included, then services.
pub fn all_sop_classes() -> Vec<sagittal_core::Uid> {
    let mut all = sets::storage_sop_classes();
    all.extend(sets::service_sop_classes());
    all
}

/// All transfer syntaxes of the tables.
pub fn all_transfer_syntaxes() -> Vec<sagittal_core::Uid> {
    sagittal_core::transfer_syntax::ALL
        .iter()
        .map(|row| sagittal_core::Uid::from_static(row.uid))
        .collect()
}

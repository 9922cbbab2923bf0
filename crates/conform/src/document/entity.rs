//! An Application Entity and how it associates.

use std::collections::BTreeSet;

use sagittal_core::Uid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContextGroup, Conversion, Fact, QueryModel, Role, Service, SopClasses, Support};

/// An Application Entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationEntity {
    /// AE title.
    pub ae_title: String,
    /// Further titles that it answers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where it listens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// Association policies.
    #[serde(default)]
    pub association: Association,
    /// Services, as contexts show them or as somebody says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Presentation contexts. Of several groups that speak of the same pair, the first holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<ContextGroup>,
    /// What holds for pairs of which no group speaks.
    #[serde(
        default = "Support::unknown",
        skip_serializing_if = "Support::is_unknown"
    )]
    pub unlisted: Support,
    /// What it converts when it sends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversions: Vec<Conversion>,
    /// Queries that it answers, or asks, by information model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<QueryModel>,
    /// How it takes instances with faults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage: Vec<StoreCase>,
    /// Character sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub character_sets: Vec<CharacterSets>,
    /// Status codes that it sends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<StatusCode>,
    /// Secure transport.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Whatever else a reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Where an Application Entity listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Name or number; empty where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Port.
    pub port: u16,
    /// Over TLS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
}

/// Association policies (PS3.7 Annex D.3, PS3.8 §7.1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Association {
    /// Maximum Length Received; 0 is no limit.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub max_pdu_received: Fact<u32>,
    /// The largest PDU that it sends.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub max_pdu_sent: Fact<u32>,
    /// Implementation Class UID.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub implementation_class_uid: Fact<String>,
    /// Implementation Version Name.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub implementation_version_name: Fact<String>,
    /// Asynchronous operations window granted to a requestor that wants no limit; 1, 1 if it is not
    /// negotiated. 0 is no limit.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub operations_window: Fact<OperationsWindow>,
    /// Associations at the same time.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub max_associations: Fact<u32>,
    /// … of one address.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub max_associations_per_address: Fact<u32>,
    /// Associations that it opens to one peer at the same time.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub max_associations_opened: Fact<u32>,
    /// Presentation contexts of one association.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub max_contexts: Fact<u32>,
    /// An association in which nothing would be accepted is rejected.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub rejects_useless: Fact<bool>,
    /// Which called AE titles are taken.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub called_ae_title: Fact<TitleRule>,
    /// Which calling AE titles are taken.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub calling_ae_title: Fact<TitleRule>,
    /// Calling AE titles that are known to be taken where only known ones are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_calling_ae_titles: Vec<String>,
    /// How user identities are answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_identity: Vec<UserIdentity>,
    /// SOP Class Extended Negotiation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extended_negotiation: Vec<ExtendedNegotiation>,
    /// Unknown SOP classes that common extended negotiation declares to be of the Storage Service
    /// Class are accepted.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub common_extended_negotiation: Fact<bool>,
}

/// An asynchronous operations window from the requestor's view (PS3.7 §D.3.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationsWindow {
    /// What the requestor may have outstanding.
    pub invoked: u16,
    /// What the acceptor may have outstanding.
    pub performed: u16,
}

/// Which AE titles are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TitleRule {
    /// Any.
    Any,
    /// Known ones only.
    Known,
}

/// How a kind of user identity is answered (PS3.7 §D.3.3.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserIdentity {
    /// The kind.
    pub kind: IdentityKind,
    /// What happens with an identity that asks for a response.
    pub answer: IdentityAnswer,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// Kinds of user identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// 1
    Username,
    /// 2
    UsernameAndPasscode,
    /// 3
    Kerberos,
    /// 4
    Saml,
    /// 5
    Jwt,
}

/// What happens with a user identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IdentityAnswer {
    /// The association is accepted with a response.
    Answered,
    /// The association is accepted without a response.
    Ignored,
    /// The association is rejected, or one with wrong credentials is.
    Rejected,
    /// Not known.
    Unknown,
}

/// SOP Class Extended Negotiation (PS3.7 §D.3.3.5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendedNegotiation {
    /// SOP classes.
    pub sop_classes: SopClasses,
    /// The bytes answered to a requestor that asks for everything, two hexadecimal digits each;
    /// empty if there is no answer.
    pub answer: String,
    /// What the bytes mean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

/// An instance, and what is said to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreCase {
    /// What the instance is like.
    pub case: String,
    /// What became of it.
    pub outcome: StoreOutcome,
    /// Status of the C-STORE response, four hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Error Comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

/// What becomes of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreOutcome {
    /// Success.
    Stored,
    /// A warning.
    Warning,
    /// A failure.
    Refused,
    /// The association was aborted.
    Aborted,
    /// Not known.
    Unknown,
}

/// Character sets (PS3.3 §C.12.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CharacterSets {
    /// Defined terms; the default repertoire is `ISO_IR 6`.
    pub terms: Vec<String>,
    /// What for: `store`, `query`, `answer`; everything if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_in: Vec<String>,
    /// Whether they are supported.
    #[serde(default, skip_serializing_if = "Support::is_yes")]
    pub support: Support,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// A status code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusCode {
    /// C-STORE, …
    pub operation: String,
    /// Four hexadecimal digits.
    pub code: String,
    /// When it is sent.
    pub meaning: String,
}

/// Secure transport (PS3.15 Annex B).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Protocol versions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<TlsVersion>,
    /// Cipher suites, in the order in which the server takes them if it has an order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suites: Vec<TlsSuite>,
    /// Is a client asked for a certificate?
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub client_certificate: Fact<ClientCertificate>,
    /// Subject of the server's certificate.
    #[serde(skip_serializing_if = "Fact::is_silent")]
    pub subject: Fact<String>,
    /// What this rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

/// A protocol version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsVersion {
    /// `1.0`, `1.1`, `1.2` or `1.3`.
    pub version: String,
    /// Whether it is supported.
    pub support: Support,
}

/// A cipher suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsSuite {
    /// Its name at IANA.
    pub name: String,
    /// Protocol version with which it was agreed on.
    pub version: String,
    /// Whether it is supported.
    #[serde(default, skip_serializing_if = "Support::is_yes")]
    pub support: Support,
}

/// Is a client asked for a certificate?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificate {
    /// No.
    None,
    /// Yes; whether it must have one is not known.
    Requested,
    /// It may have one.
    Optional,
    /// It must have one.
    Required,
}

impl ApplicationEntity {
    /// The group that holds for a pair in a role.
    pub fn context(
        &self,
        sop_class: &Uid,
        transfer_syntax: &Uid,
        role: Role,
    ) -> Option<&ContextGroup> {
        self.contexts
            .iter()
            .find(|group| group.covers(sop_class, transfer_syntax, role))
    }

    /// Is a pair supported in a role?
    pub fn supports(&self, sop_class: &Uid, transfer_syntax: &Uid, role: Role) -> Support {
        self.context(sop_class, transfer_syntax, role)
            .map_or(self.unlisted, |group| group.support)
    }

    /// All pairs of a role that are supported, or refused, or not known, as `wanted`; those of
    /// which a group speaks.
    pub fn pairs(&self, role: Role, wanted: Support) -> BTreeSet<(Uid, Uid)> {
        let mut seen = BTreeSet::new();
        let mut found = BTreeSet::new();
        for group in self
            .contexts
            .iter()
            .filter(|group| group.roles.contains(&role))
        {
            for sop_class in group.sop_classes.iter() {
                for transfer_syntax in group.transfer_syntaxes.iter() {
                    let pair = (sop_class.clone(), transfer_syntax.clone());
                    if seen.insert(pair.clone()) && group.support == wanted {
                        found.insert(pair);
                    }
                }
            }
        }
        found
    }

    /// The supported transfer syntaxes of a SOP class in a role.
    pub fn transfer_syntaxes(&self, sop_class: &Uid, role: Role) -> Vec<Uid> {
        let mut found: Vec<Uid> = Vec::new();
        for group in &self.contexts {
            if !group.roles.contains(&role) || !group.sop_classes.contains(sop_class) {
                continue;
            }
            for ts in group.transfer_syntaxes.iter() {
                if !found.contains(ts) && self.supports(sop_class, ts, role).is_yes() {
                    found.push(ts.clone());
                }
            }
        }
        found
    }
}

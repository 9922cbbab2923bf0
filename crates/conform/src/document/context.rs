//! SOP class × transfer syntax × role.

use sagittal_core::Uid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SopClasses, Support, TransferSyntaxes};

/// What holds for every pair of some SOP classes and transfer syntaxes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextGroup {
    /// SOP classes: UIDs, keywords, names, or groups (`all storage`, `all query/retrieve`, `all`).
    pub sop_classes: SopClasses,
    /// Transfer syntaxes: UIDs, keywords, names, or groups (`all`, `native`, `lossless`, `lossy`, `video`).
    pub transfer_syntaxes: TransferSyntaxes,
    /// What the system is in these contexts.
    #[serde(default = "scp", skip_serializing_if = "is_scp")]
    pub roles: Vec<Role>,
    /// As SCU: only when a person or another system tells it to, such as a command line tool or an
    /// archive that passes on what it holds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_demand: bool,
    /// Whether the pairs are supported.
    #[serde(default, skip_serializing_if = "Support::is_yes")]
    pub support: Support,
    /// Why they are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Which transfer syntax is taken of a context that proposes several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preference: Option<Preference>,
    /// Roles granted to a requestor that proposes to be both SCU and SCP (PS3.7 §D.3.3.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requestor_roles: Option<RequestorRoles>,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

fn scp() -> Vec<Role> {
    vec![Role::Scp]
}

fn is_scp(roles: &[Role]) -> bool {
    roles == [Role::Scp]
}

/// Service class user or provider.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It asks: it opens associations as service class user.
    Scu,
    /// It answers: it accepts associations as service class provider.
    #[default]
    Scp,
}

impl Role {
    /// Does it answer?
    pub fn is_scp(&self) -> bool {
        *self == Role::Scp
    }
}

/// What a system converts on its own when it sends what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    /// What it holds.
    pub from: TransferSyntaxes,
    /// What it can send instead.
    pub to: TransferSyntaxes,
    /// Whether something is lost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lossy: bool,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// Why a context is refused (PS3.8 Table 9-18), or worse.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Result 1.
    UserRejection,
    /// Result 2, or none that is defined.
    NoReason,
    /// Result 3.
    AbstractSyntaxNotSupported,
    /// Result 4.
    TransferSyntaxesNotSupported,
    /// The context is left out of the answer.
    NotAnswered,
    /// The whole association is rejected, even beside a context that is accepted.
    AssociationRejected,
    /// The association is aborted, or the connection closed.
    AssociationAborted,
}

/// Which transfer syntax is taken of several proposed ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preference {
    /// Those of the acceptor, best first: the first of them that is proposed is taken.
    #[serde(default, skip_serializing_if = "TransferSyntaxes::is_empty")]
    pub order: TransferSyntaxes,
    /// Who decides among the others.
    pub rest: Rest,
}

/// Who decides among transfer syntaxes that the acceptor does not prefer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rest {
    /// There are no others.
    None,
    /// The first that is proposed is taken.
    First,
    /// The last that is proposed is taken.
    Last,
    /// Not known, or by no rule.
    #[default]
    Unknown,
}

/// The answer to a role selection that proposes both roles.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RequestorRoles {
    /// No answer: the requestor is SCU.
    Unanswered,
    /// Neither.
    Neither,
    /// SCU only.
    Scu,
    /// SCP only.
    Scp,
    /// Both.
    Both,
}

impl RequestorRoles {
    /// From the answered item.
    pub fn from_answer(answer: Option<(bool, bool)>) -> RequestorRoles {
        match answer {
            None => RequestorRoles::Unanswered,
            Some((false, false)) => RequestorRoles::Neither,
            Some((true, false)) => RequestorRoles::Scu,
            Some((false, true)) => RequestorRoles::Scp,
            Some((true, true)) => RequestorRoles::Both,
        }
    }

    /// May a requestor receive instances by C-GET?
    pub fn grants_scp(self) -> bool {
        matches!(self, RequestorRoles::Scp | RequestorRoles::Both)
    }
}

impl ContextGroup {
    /// Does it speak of a pair in a role?
    pub fn covers(&self, sop_class: &Uid, transfer_syntax: &Uid, role: Role) -> bool {
        self.roles.contains(&role)
            && self.sop_classes.contains(sop_class)
            && self.transfer_syntaxes.contains(transfer_syntax)
    }
}

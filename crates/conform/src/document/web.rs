//! DICOMweb services (PS3.18).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Support, TransferSyntaxes};

/// DICOMweb services below one URL.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// The base URL, or the path where the host is not known.
    pub url: String,
    /// Whether these services are offered or used.
    #[serde(default, skip_serializing_if = "WebRole::is_server")]
    pub role: WebRole,
    /// Resources with their methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<WebResource>,
    /// The capabilities description (PS3.18 §8.9) is given.
    #[serde(default, skip_serializing_if = "Fact::is_silent")]
    pub capabilities: Fact<bool>,
    /// Requests without credentials are refused.
    #[serde(default, skip_serializing_if = "Fact::is_silent")]
    pub authentication: Fact<bool>,
    /// Value of the Server header.
    #[serde(default, skip_serializing_if = "Fact::is_silent")]
    pub server: Fact<String>,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Whatever else a reader should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Who asks and who answers (PS3.18 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WebRole {
    /// It answers.
    #[default]
    OriginServer,
    /// It asks.
    UserAgent,
}

impl WebRole {
    fn is_server(&self) -> bool {
        *self == WebRole::OriginServer
    }
}

/// A resource and what is done with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebResource {
    /// The transaction, such as `Search for Studies`.
    pub transaction: String,
    /// `GET`, `POST`, …
    pub method: String,
    /// Path template below the URL, such as `/studies/{study}`.
    pub path: String,
    /// Whether it is there.
    #[serde(default, skip_serializing_if = "Support::is_yes")]
    pub support: Support,
    /// Media types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media_types: Vec<WebMediaType>,
    /// Query parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<WebParameter>,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// A media type of an answer or of a body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebMediaType {
    /// As asked for.
    pub media_type: String,
    /// Whether it is given.
    #[serde(default, skip_serializing_if = "Support::is_yes")]
    pub support: Support,
    /// Transfer syntaxes that are given on demand.
    #[serde(default, skip_serializing_if = "TransferSyntaxes::is_empty")]
    pub transfer_syntaxes: TransferSyntaxes,
    /// What is particular: what came instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// A query parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebParameter {
    /// Its name.
    pub name: String,
    /// Whether it works.
    #[serde(default, skip_serializing_if = "Support::is_yes")]
    pub support: Support,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

//! A value with what it rests on.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value, or that it is not known. Written as the plain value where there is nothing else to say,
/// else as a table of `value`, `basis` and `remark`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// The value; `None` is unknown.
    pub value: Option<T>,
    /// What it rests on, if not on what the document does.
    pub basis: Option<String>,
    /// What is particular.
    pub remark: Option<String>,
}

impl<T> Default for Fact<T> {
    fn default() -> Fact<T> {
        Fact {
            value: None,
            basis: None,
            remark: None,
        }
    }
}

impl<T> Fact<T> {
    /// A known value.
    pub fn known(value: T) -> Fact<T> {
        Fact {
            value: Some(value),
            ..Fact::default()
        }
    }

    /// Not known, and why.
    pub fn unknown(why: impl Into<String>) -> Fact<T> {
        Fact {
            remark: Some(why.into()),
            ..Fact::default()
        }
    }

    /// With a remark.
    pub fn remark(mut self, remark: impl Into<String>) -> Fact<T> {
        self.remark = Some(remark.into());
        self
    }

    /// Nothing at all is said.
    pub fn is_silent(&self) -> bool {
        self.value.is_none() && self.basis.is_none() && self.remark.is_none()
    }
}

impl<T> From<T> for Fact<T> {
    fn from(value: T) -> Fact<T> {
        Fact::known(value)
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "neither a value of this field nor a table of value, basis and remark"
)]
enum Wire<T> {
    Plain(T),
    Full(Full<T>),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Full<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
}

impl<T: Serialize> Serialize for Fact<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Fact {
                value: Some(value),
                basis: None,
                remark: None,
            } => Wire::Plain(value).serialize(serializer),
            Fact {
                value,
                basis,
                remark,
            } => Full {
                value: value.as_ref(),
                basis: basis.clone(),
                remark: remark.clone(),
            }
            .serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fact<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fact<T>, D::Error> {
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Plain(value) => Fact::known(value),
            Wire::Full(Full {
                value,
                basis,
                remark,
            }) => Fact {
                value,
                basis,
                remark,
            },
        })
    }
}

impl<T: JsonSchema> JsonSchema for Fact<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Fact_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Wire::<T>::json_schema(generator)
    }
}

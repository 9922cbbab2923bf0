//! What is written down of a peer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::contexts::Contexts;
use super::departure::Departure;

/// A peer: an AE title at an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeerRecord {
    /// Its AE title, as sent or as called.
    pub ae_title: String,
    /// Its address, without the port; a name where it has none.
    pub address: String,
    /// The first association, milliseconds since 1970 UTC.
    pub first_seen_ms: i64,
    /// The last one.
    pub last_seen_ms: i64,
    /// Implementation Class UID it gave last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implementation_class_uid: Option<String>,
    /// Implementation Version Name it gave last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implementation_version_name: Option<String>,
    /// Maximum Length Received it gave last; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pdu: Option<u32>,
    /// Associations that it requested: what it proposed, what was refused here.
    pub inbound: Side,
    /// Associations that were requested of it: what was proposed to it, what it refused.
    pub outbound: Side,
    /// Instances that were converted for it.
    pub transcoded: Vec<Transcoded>,
    /// Where it departs from its conformance document.
    pub departures: Vec<Departure>,
    /// Departures that there was no room for.
    #[serde(skip_serializing_if = "is_zero")]
    pub departures_left_out: u64,
}

/// Associations in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Side {
    /// Associations that were made.
    pub accepted: u64,
    /// Associations that were not.
    pub rejected: u64,
    /// The last of them, milliseconds since 1970 UTC; 0 is never.
    pub last_seen_ms: i64,
    /// Why associations were rejected, or could not be made.
    pub rejections: Vec<Reason>,
    /// Presentation contexts.
    pub contexts: Contexts,
    /// Proposals of contexts that there was no room for.
    #[serde(skip_serializing_if = "is_zero")]
    pub contexts_left_out: u64,
}

/// Why, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reason {
    /// In words.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// The first time, milliseconds since 1970 UTC.
    pub first_seen_ms: i64,
    /// The last time.
    pub last_seen_ms: i64,
}

/// A proposal of one presentation context, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// The SOP class; empty if it could not be read.
    pub sop_class_uid: String,
    /// Its transfer syntaxes, in the order of the proposal.
    pub transfer_syntax_uids: Vec<String>,
    /// How often it was proposed.
    pub proposed: u64,
    /// How often each transfer syntax was taken.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub accepted: BTreeMap<String, u64>,
    /// How often it was refused, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, u64>,
    /// The first time, milliseconds since 1970 UTC.
    pub first_seen_ms: i64,
    /// The last time.
    pub last_seen_ms: i64,
}

/// Instances that were converted on their way out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transcoded {
    /// The transfer syntax in which they are stored.
    pub from: String,
    /// The one in which they were sent.
    pub to: String,
    /// Was something lost?
    pub lossy: bool,
    /// How many.
    pub count: u64,
    /// The first time, milliseconds since 1970 UTC.
    pub first_seen_ms: i64,
    /// The last time.
    pub last_seen_ms: i64,
}

/// A peer in a few figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Its AE title.
    pub ae_title: String,
    /// Its address.
    pub address: String,
    /// The first association, milliseconds since 1970 UTC.
    pub first_seen_ms: i64,
    /// The last one.
    pub last_seen_ms: i64,
    /// Implementation Version Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implementation_version_name: Option<String>,
    /// Its associations with us.
    pub inbound_accepted: u64,
    /// Those that were rejected.
    pub inbound_rejected: u64,
    /// Our associations with it.
    pub outbound_accepted: u64,
    /// Those that it rejected, or that could not be made.
    pub outbound_rejected: u64,
    /// SOP classes that it proposed and for which nothing was ever accepted.
    pub refused_of_it: u64,
    /// SOP classes that were proposed to it and of which it never accepted anything.
    pub refused_by_it: u64,
    /// Instances that were converted for it.
    pub transcoded: u64,
    /// … with loss.
    pub transcoded_with_loss: u64,
    /// Departures from its document.
    pub departures: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl PeerRecord {
    /// In a few figures.
    pub fn summary(&self) -> Summary {
        let count = |wanted: fn(&Transcoded) -> bool| {
            let rows = self.transcoded.iter().filter(|row| wanted(row));
            rows.map(|row| row.count).sum()
        };
        Summary {
            ae_title: self.ae_title.clone(),
            address: self.address.clone(),
            first_seen_ms: self.first_seen_ms,
            last_seen_ms: self.last_seen_ms,
            implementation_version_name: self.implementation_version_name.clone(),
            inbound_accepted: self.inbound.accepted,
            inbound_rejected: self.inbound.rejected,
            outbound_accepted: self.outbound.accepted,
            outbound_rejected: self.outbound.rejected,
            refused_of_it: self.inbound.contexts.refused_classes(),
            refused_by_it: self.outbound.contexts.refused_classes(),
            transcoded: count(|_| true),
            transcoded_with_loss: count(|row| row.lossy),
            departures: self.departures.len() as u64 + self.departures_left_out,
        }
    }

    /// Was there ever an association?
    pub(super) fn is_known(&self) -> bool {
        self.inbound.accepted > 0 || self.outbound.accepted > 0
    }
}

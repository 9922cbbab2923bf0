//! Settings of an association.

use std::time::Duration;

use sagittal_core::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, Uid};
use tokio_util::sync::CancellationToken;

use crate::pdu::{PduLimits, UserInformation};

/// Timeouts and sizes. The defaults suit a server on a hospital network.
#[derive(Clone, Debug)]
pub struct Config {
    /// ARTIM (PS3.8 §9.1.5): for the whole A-ASSOCIATE-RQ to arrive, and for the answer to ours.
    pub artim: Duration,
    /// ARTIM in Sta13: how long the peer may take to close the connection before we do.
    pub close: Duration,
    /// For the TCP connection and the TLS handshake.
    pub connect: Duration,
    /// Nothing sent, nothing received, no operation under way.
    pub idle: Option<Duration>,
    /// For more bytes inside a message.
    pub read: Duration,
    /// For the peer to take more bytes.
    pub write: Duration,
    /// Bytes per second, over each `read` or `write` that we wait, that the peer must give or take
    /// inside a message; 0 lets a peer trickle.
    pub min_rate: u64,
    /// For the next response to a request, of ours or to ours: without a byte either way for so
    /// long, the operation is taken for dead.
    pub response: Option<Duration>,
    /// For the answer to A-RELEASE-RQ.
    pub release: Duration,
    /// Maximum Length Received that we advertise; 0 is no limit.
    pub max_pdu_receive: u32,
    /// The largest P-DATA-TF that we send, whatever the peer would take.
    pub max_pdu_send: u32,
    /// The largest A-ASSOCIATE PDU that we take.
    pub max_pdu_association: u32,
    /// The receive buffer grows up to this while data stream in.
    pub receive_buffer: usize,
    /// Implementation Class UID.
    pub implementation_class_uid: Uid,
    /// Implementation Version Name; empty leaves it out.
    pub implementation_version_name: String,
    /// Canceled when the server stops: see [`super::Received::Stopping`].
    pub shutdown: CancellationToken,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            artim: Duration::from_secs(30),
            close: Duration::from_secs(5),
            connect: Duration::from_secs(15),
            idle: Some(Duration::from_secs(600)),
            read: Duration::from_secs(60),
            write: Duration::from_secs(60),
            // A line of 9.6 kbit/s has four times as much.
            min_rate: 256,
            response: Some(Duration::from_secs(3600)),
            release: Duration::from_secs(30),
            max_pdu_receive: 256 * 1024,
            max_pdu_send: 1024 * 1024,
            max_pdu_association: 1024 * 1024,
            receive_buffer: 512 * 1024,
            implementation_class_uid: Uid::from_static(IMPLEMENTATION_CLASS_UID),
            implementation_version_name: IMPLEMENTATION_VERSION_NAME.to_owned(),
            shutdown: CancellationToken::new(),
        }
    }
}

impl Config {
    pub(crate) fn limits(&self) -> PduLimits {
        PduLimits {
            association: self.max_pdu_association,
            ..PduLimits::for_max_pdu(self.max_pdu_receive)
        }
    }

    /// The items that both RQ and AC carry.
    pub(crate) fn user_information(&self) -> UserInformation {
        UserInformation {
            maximum_length: self.max_pdu_receive,
            implementation_class_uid: Some(self.implementation_class_uid.clone()),
            implementation_version_name: Some(self.implementation_version_name.clone())
                .filter(|name| !name.is_empty()),
            ..UserInformation::default()
        }
    }
}

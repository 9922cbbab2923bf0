//! Associations over an in-memory stream, on paused time: a timeout costs nothing, a hang fails.

mod malformed;
mod messages;
mod release;
mod setup;
mod timeouts;

use std::time::Duration;

use bytes::Bytes;
use sagittal_core::{AeTitle, Uid};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::dimse::{CEchoRequest, CStoreRequest, Priority, Status, failure_response};
use crate::negotiate::{AcceptorPolicy, Proposal, Supported, TransferSyntaxes};
use crate::pdu::Pdu;

const VERIFICATION: &str = "1.2.840.10008.1.1";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const IMPLICIT: &str = "1.2.840.10008.1.2";

fn policy() -> AcceptorPolicy {
    [VERIFICATION, CT]
        .into_iter()
        .fold(AcceptorPolicy::default(), |policy, uid| {
            policy.support(
                Uid::from_static(uid),
                Supported::new(TransferSyntaxes::any()),
            )
        })
}

fn proposal() -> Proposal {
    Proposal::new(AeTitle::new("SCU").unwrap(), AeTitle::new("SCP").unwrap())
        .context(Uid::from_static(VERIFICATION), [Uid::from_static(IMPLICIT)])
        .context(Uid::from_static(CT), [Uid::from_static(IMPLICIT)])
}

fn echo(message_id: u16) -> CommandSet {
    CEchoRequest {
        affected_sop_class_uid: Uid::from_static(VERIFICATION),
        message_id,
    }
    .to_command_set()
}

fn store(message_id: u16) -> CommandSet {
    CStoreRequest {
        affected_sop_class_uid: Uid::from_static(CT),
        message_id,
        priority: Priority::Medium,
        affected_sop_instance_uid: Uid::from_static("1.2.3"),
        move_originator_ae_title: None,
        move_originator_message_id: None,
    }
    .to_command_set()
}

/// Requestor and acceptor, through a pipe that holds 64 KiB.
async fn pair_with(requestor: Config, acceptor: Config) -> (Association, Association) {
    let (a, b) = duplex(64 * 1024);
    let (policy, proposal) = (policy(), proposal());
    let (scu, scp) = tokio::join!(
        Association::request(a, Peer::default(), &proposal, &requestor),
        Association::accept(b, Peer::default(), &policy, &acceptor),
    );
    (scu.unwrap(), scp.unwrap())
}

async fn pair() -> (Association, Association) {
    pair_with(Config::default(), Config::default()).await
}

async fn message(association: &mut Association) -> Message {
    match association.receive().await.unwrap() {
        Received::Message(message) => message,
        other => panic!("no message but {other:?}"),
    }
}

/// An acceptor that says success to everything until the end, and a peer that is written by hand.
fn served(config: Config) -> (DuplexStream, tokio::task::JoinHandle<crate::Result<u32>>) {
    let (peer, stream) = duplex(1 << 20);
    let served = tokio::spawn(async move {
        let mut association =
            Association::accept(stream, Peer::default(), &policy(), &config).await?;
        let mut messages = 0;
        loop {
            match association.receive().await? {
                Received::Message(message) => {
                    messages += 1;
                    association.discard_data().await?;
                    let response = failure_response(&message.command, Status::SUCCESS, "");
                    if let Some(response) = response {
                        association
                            .send(message.context_id, &response, Data::None)
                            .await?;
                    }
                }
                Received::Released | Received::Stopping => return Ok(messages),
            }
        }
    });
    (peer, served)
}

/// Reads one PDU by hand: type and body; `None` at the end.
async fn read_pdu(peer: &mut DuplexStream) -> Option<(u8, Vec<u8>)> {
    let mut header = [0; 6];
    peer.read_exact(&mut header).await.ok()?;
    let length = u32::from_be_bytes(header[2..].try_into().unwrap());
    let mut body = vec![0; length as usize];
    peer.read_exact(&mut body).await.ok()?;
    Some((header[0], body))
}

fn request_bytes() -> Vec<u8> {
    Pdu::AssociateRq(Box::new(proposal().to_request(&Config::default()).unwrap())).encode()
}

/// A P-DATA-TF of one PDV.
fn p_data(context_id: u8, is_command: bool, is_last: bool, fragment: &[u8]) -> Vec<u8> {
    let length = u32::try_from(fragment.len()).unwrap();
    let mut bytes = crate::pdu::pdv_header(context_id, is_command, is_last, length).to_vec();
    bytes.extend_from_slice(fragment);
    bytes
}

async fn open(peer: &mut DuplexStream) {
    peer.write_all(&request_bytes()).await.unwrap();
    assert_eq!(read_pdu(peer).await.unwrap().0, 2);
}

fn short() -> Duration {
    Duration::from_secs(1)
}

fn pattern(length: usize) -> Bytes {
    (0..length)
        .map(|n| (n % 251) as u8)
        .collect::<Vec<u8>>()
        .into()
}

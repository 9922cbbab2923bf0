//! A scripted acceptor.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use sagittal_core::{AeTitle, Uid, sop_class, transfer_syntax};
use sagittal_dimse::scu::{Address, Target};
use sagittal_net::pdu::{
    AbortSource, AssociateAc, AssociateRq, ContextResult, Incoming, Pdu, PduLimits, PduStream,
    Rejection, ResultContext, RoleSelection, UserInformation,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::document::Rest;

/// Six transfer syntaxes.
pub fn syntaxes() -> Vec<Uid> {
    [
        transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
        transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
        transfer_syntax::JPEG_BASELINE_8_BIT,
        transfer_syntax::JPEG_2000_LOSSLESS,
        transfer_syntax::JPEG_2000,
        transfer_syntax::RLE_LOSSLESS,
    ]
    .map(Uid::from_static)
    .to_vec()
}

/// Verification and a hundred storage SOP classes.
pub fn classes() -> Vec<Uid> {
    let storage = sop_class::STORAGE
        .iter()
        .filter(|row| row.uid != sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE)
        .take(100)
        .map(|row| Uid::from_static(row.uid));
    let named = [
        sop_class::VERIFICATION,
        sop_class::CT_IMAGE_STORAGE,
        sop_class::MR_IMAGE_STORAGE,
    ];
    let mut all: Vec<Uid> = named
        .map(Uid::from_static)
        .into_iter()
        .chain(storage)
        .collect();
    let mut seen = BTreeSet::new();
    all.retain(|uid| seen.insert(uid.clone()));
    all
}

/// What peers accept unless said otherwise: a patchwork.
pub fn truth() -> BTreeSet<(Uid, Uid)> {
    let mut pairs = BTreeSet::new();
    for (at, class) in classes().into_iter().enumerate() {
        for (number, ts) in syntaxes().into_iter().enumerate() {
            if number < 2 && at < 3 || (at * 7 + number * 3) % 5 == 0 && at > 2 {
                pairs.insert((class.clone(), ts));
            }
        }
    }
    pairs
}

pub fn permanent() -> Rejection {
    Rejection::NO_REASON
}

/// What is done instead of an acceptance.
#[derive(Clone, Copy, Debug)]
pub enum Reaction {
    Reject(Rejection),
    Abort,
    Close,
}

/// How a peer is odd.
#[derive(Clone)]
pub struct Odd {
    pub truth: BTreeSet<(Uid, Uid)>,
    pub rejects_useless: bool,
    /// More are rejected.
    pub most_contexts: usize,
    pub too_many: Rejection,
    /// The others are refused, or not answered.
    pub looks_at: usize,
    pub unanswered: bool,
    /// To an association beside another.
    pub second: Option<Reaction>,
    pub delay: Duration,
    /// From that request on, for so long.
    pub rejects_between: Option<(usize, Duration)>,
    pub poison: Option<((Uid, Uid), Reaction)>,
    pub goes_away_after: Option<usize>,
    pub rejects_all: Option<Rejection>,
    pub checks_titles: bool,
    pub prefers: Vec<Uid>,
    pub rest: Rest,
    pub grants_scp: Vec<Uid>,
}

impl Default for Odd {
    fn default() -> Odd {
        Odd {
            truth: truth(),
            rejects_useless: false,
            most_contexts: 128,
            too_many: permanent(),
            looks_at: 128,
            unanswered: false,
            second: None,
            delay: Duration::ZERO,
            rejects_between: None,
            poison: None,
            goes_away_after: None,
            rejects_all: None,
            checks_titles: false,
            prefers: Vec::new(),
            rest: Rest::First,
            grants_scp: Vec::new(),
        }
    }
}

/// A running one.
pub struct Peer {
    address: SocketAddr,
    pub requests: Arc<AtomicUsize>,
}

struct State {
    odd: Odd,
    open: AtomicUsize,
    requests: Arc<AtomicUsize>,
    rejects_until: std::sync::Mutex<Option<Instant>>,
}

impl Peer {
    pub async fn start(odd: Odd) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let state = Arc::new(State {
            odd,
            open: AtomicUsize::new(0),
            requests: requests.clone(),
            rejects_until: std::sync::Mutex::default(),
        });
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let count = state.requests.fetch_add(1, Ordering::SeqCst);
                if state.odd.goes_away_after.is_some_and(|most| count >= most) {
                    // The port is closed with the listener.
                    return;
                }
                let state = state.clone();
                tokio::spawn(async move {
                    let beside = state.open.fetch_add(1, Ordering::SeqCst);
                    serve(stream, &state, count, beside).await;
                    state.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Peer { address, requests }
    }

    pub fn target(&self) -> Target {
        let address = Address {
            ae_title: AeTitle::new("ODD").unwrap(),
            host: self.address.ip().to_string(),
            port: self.address.port(),
        };
        Target::new(address, AeTitle::new("PROBE").unwrap())
    }
}

async fn serve(mut stream: TcpStream, state: &State, count: usize, beside: usize) {
    let mut pdus = PduStream::new(PduLimits::for_max_pdu(0));
    let mut buffer = BytesMut::new();
    loop {
        let reply = match pdus.next(&mut buffer) {
            Ok(Some(Incoming::Pdu(Pdu::AssociateRq(request)))) => {
                tokio::time::sleep(state.odd.delay).await;
                match answer(&request, state, count, beside) {
                    Ok(response) => Pdu::AssociateAc(Box::new(response)),
                    Err(Reaction::Reject(rejection)) => Pdu::AssociateRj(rejection),
                    Err(Reaction::Abort) => Pdu::Abort {
                        source: AbortSource::ServiceProvider,
                        reason: 0,
                    },
                    Err(Reaction::Close) => return,
                }
            }
            Ok(Some(Incoming::Pdu(Pdu::ReleaseRq))) => Pdu::ReleaseRp,
            Ok(Some(_)) | Err(_) => return,
            Ok(None) => match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            },
        };
        let is_end = !matches!(reply, Pdu::AssociateAc(_));
        if stream.write_all(&reply.encode()).await.is_err() || is_end {
            return;
        }
    }
}

fn answer(
    request: &AssociateRq,
    state: &State,
    count: usize,
    beside: usize,
) -> Result<AssociateAc, Reaction> {
    let odd = &state.odd;
    if let Some(rejection) = odd.rejects_all {
        return Err(Reaction::Reject(rejection));
    }
    if odd.checks_titles && request.called_ae_title != "ODD" {
        return Err(Reaction::Reject(Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED));
    }
    if odd.checks_titles && request.calling_ae_title != "PROBE" {
        return Err(Reaction::Reject(Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED));
    }
    if let (Some(reaction), true) = (odd.second, beside > 0) {
        return Err(reaction);
    }
    if let Some((from, how_long)) = odd.rejects_between {
        let mut until = state.rejects_until.lock().unwrap();
        if count >= from && Instant::now() < *until.get_or_insert_with(|| Instant::now() + how_long)
        {
            return Err(Reaction::Reject(Rejection::TEMPORARY_CONGESTION));
        }
    }
    if request.presentation_contexts.len() > odd.most_contexts {
        return Err(Reaction::Reject(odd.too_many));
    }
    let mut contexts = Vec::new();
    for (at, context) in request.presentation_contexts.iter().enumerate() {
        let class = context.abstract_syntax.clone().unwrap();
        if let Some(((poison, ts), reaction)) = &odd.poison
            && *poison == class
            && context.transfer_syntaxes == [ts.clone()]
        {
            return Err(*reaction);
        }
        if at >= odd.looks_at && odd.unanswered {
            continue;
        }
        let possible: Vec<&Uid> = context
            .transfer_syntaxes
            .iter()
            .filter(|ts| odd.truth.contains(&(class.clone(), (*ts).clone())))
            .collect();
        let preferred = odd.prefers.iter().find(|ts| possible.contains(ts));
        let taken = preferred.or(match odd.rest {
            Rest::Last => possible.last().copied(),
            _ => possible.first().copied(),
        });
        let taken = taken.filter(|_| at < odd.looks_at).cloned();
        contexts.push(ResultContext {
            id: context.id,
            result: match taken {
                Some(_) => ContextResult::Acceptance,
                None => ContextResult::NoReason,
            },
            transfer_syntax: taken.or_else(|| context.transfer_syntaxes.first().cloned()),
        });
    }
    let is_useless = contexts
        .iter()
        .all(|context| context.result != ContextResult::Acceptance);
    if odd.rejects_useless && is_useless {
        return Err(Reaction::Reject(permanent()));
    }
    let roles = request.user_information.roles.iter();
    let granted = roles.filter(|role| odd.grants_scp.contains(&role.sop_class_uid));
    Ok(AssociateAc {
        protocol_version: 1,
        called_ae_title: request.called_ae_title.clone(),
        calling_ae_title: request.calling_ae_title.clone(),
        application_context: request.application_context.clone(),
        presentation_contexts: contexts,
        user_information: UserInformation {
            maximum_length: 12345,
            roles: granted.cloned().collect::<Vec<RoleSelection>>(),
            ..UserInformation::default()
        },
    })
}

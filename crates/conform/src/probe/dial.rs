//! One association at a time: request, answer, release; with a rate limit and patience.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use sagittal_core::Uid;
use sagittal_net::pdu::{
    APPLICATION_CONTEXT, AbortSource, AssociateAc, AssociateRq, ContextResult, Incoming, Pdu,
    PduLimits, PduStream, ProposedContext, Rejection, UserInformation,
};
use sagittal_net::socket::TunedStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Options;

/// The first wait for a peer that rejects for a while; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// For the answer to a release request: nothing depends on it.
const RELEASE: Duration = Duration::from_secs(2);

/// What came of an association request.
#[derive(Debug)]
pub(super) enum Answer {
    /// A-ASSOCIATE-AC.
    Accepted(Box<AssociateAc>),
    /// A-ASSOCIATE-RJ.
    Rejected(Rejection),
    /// A rejection for a while, of this request only: others are accepted meanwhile.
    Confirmed(Rejection),
    /// A-ABORT, or the connection was closed, or what came is no PDU.
    Broken(String),
    /// There is no connection.
    NoConnection(String),
    /// No answer in time.
    Silent,
}

impl Answer {
    /// May it be different in a while, whatever is proposed?
    pub fn is_passing(&self) -> bool {
        match self {
            Answer::Rejected(rejection) => rejection.is_transient() || rejection.source == 3,
            Answer::NoConnection(_) => true,
            _ => false,
        }
    }

    /// In words.
    pub fn describe(&self) -> String {
        match self {
            Answer::Accepted(_) => "accepted".to_owned(),
            Answer::Rejected(rejection) | Answer::Confirmed(rejection) => {
                format!("association rejected: {rejection}")
            }
            Answer::Broken(why) => why.clone(),
            Answer::NoConnection(why) => format!("no connection: {why}"),
            Answer::Silent => "no answer to the association request in time".to_owned(),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection with an association on it.
pub(super) struct Held {
    stream: Box<dyn Stream>,
    pdus: PduStream,
    buffer: BytesMut,
}

impl Held {
    async fn next(&mut self) -> Result<Incoming, String> {
        loop {
            match self.pdus.next(&mut self.buffer) {
                Ok(Some(incoming)) => return Ok(incoming),
                Ok(None) => {}
                Err(error) => return Err(format!("no PDU came back: {error}")),
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) => return Err("the connection was closed".to_owned()),
                Ok(_) => {}
                Err(error) => return Err(format!("the connection broke: {error}")),
            }
        }
    }

    /// A-RELEASE-RQ, and a short wait for the answer.
    pub async fn release(mut self) {
        let released = async {
            self.stream.write_all(&Pdu::ReleaseRq.encode()).await.ok()?;
            while let Ok(incoming) = self.next().await {
                if matches!(incoming, Incoming::Pdu(Pdu::ReleaseRp | Pdu::Abort { .. })) {
                    break;
                }
            }
            self.stream.shutdown().await.ok()
        };
        let _ = timeout(RELEASE, released).await;
    }
}

/// Makes associations.
pub(super) struct Dialer {
    pub options: Options,
    next_slot: Mutex<Instant>,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How long was waited for a peer that rejects for a while.
    waited: Duration,
    /// Requests made.
    requests: u32,
    /// Why nothing more is asked.
    distress: Option<String>,
}

impl Dialer {
    pub fn new(options: Options) -> Dialer {
        Dialer {
            options,
            next_slot: Mutex::new(Instant::now()),
            started: Instant::now(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Requests made so far, and the time since the beginning.
    pub fn effort(&self) -> (u32, Duration) {
        (self.state().requests, self.started.elapsed())
    }

    /// Why the probe has stopped, if it has.
    pub fn distress(&self) -> Option<String> {
        self.state().distress.clone()
    }

    /// Stops the probe: the first reason counts.
    pub fn stop(&self, why: impl Into<String>) {
        self.state().distress.get_or_insert_with(|| why.into());
    }

    /// Waits for the next slot of the rate limit.
    pub async fn take_slot(&self) {
        let gap = Duration::from_secs(1) / self.options.rate.max(1);
        let at = {
            let mut next = self
                .next_slot
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let at = (*next).max(Instant::now());
            *next = at + gap;
            at
        };
        tokio::time::sleep_until(at.into()).await;
    }

    /// A request of ours with these contexts.
    pub fn request(&self, contexts: &[(Uid, Vec<Uid>)]) -> AssociateRq {
        let target = &self.options.target;
        let config = &target.association;
        let mut proposal = target.proposal();
        // The window is a question of its own.
        proposal.window = None;
        let ids = (1..=u8::MAX).step_by(2);
        let contexts = ids.zip(contexts).map(|(id, (uid, list))| ProposedContext {
            id,
            abstract_syntax: Some(uid.clone()),
            transfer_syntaxes: list.clone(),
        });
        AssociateRq {
            protocol_version: 1,
            called_ae_title: target.address.ae_title.to_string(),
            calling_ae_title: target.calling_ae_title.to_string(),
            application_context: APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: contexts.collect(),
            user_information: UserInformation {
                maximum_length: config.max_pdu_receive,
                implementation_class_uid: Some(config.implementation_class_uid.clone()),
                implementation_version_name: Some(config.implementation_version_name.clone()),
                user_identity: proposal.user_identity,
                ..UserInformation::default()
            },
        }
    }

    /// Asks once, and releases what is accepted.
    pub async fn ask(&self, request: &AssociateRq) -> Answer {
        let (answer, held) = self.open(request, self.options.timeout).await;
        if let Some(held) = held {
            held.release().await;
        }
        answer
    }

    /// Asks; a peer that rejects for a while, or is not there, is asked again until the patience
    /// of the whole probe is used up.
    pub async fn ask_patiently(&self, request: &AssociateRq) -> Answer {
        let mut wait = FIRST_WAIT;
        loop {
            let answer = self.ask(request).await;
            if !answer.is_passing() || !self.wait(&mut wait).await {
                return answer;
            }
        }
    }

    /// Asks for something particular. A peer may reject it for a while and mean for ever: so it is
    /// if it does so twice while it accepts a plain request.
    pub async fn ask_confirmed(&self, request: &AssociateRq, plain: &AssociateRq) -> Answer {
        let first = self.ask(request).await;
        if !first.is_passing() {
            return first;
        }
        if !matches!(self.ask_patiently(plain).await, Answer::Accepted(_)) {
            return first;
        }
        match self.ask(request).await {
            Answer::Rejected(rejection) => Answer::Confirmed(rejection),
            other => other,
        }
    }

    /// Waits a while; `false` if there is no patience left.
    pub async fn wait(&self, wait: &mut Duration) -> bool {
        {
            let mut state = self.state();
            if state.waited + *wait > self.options.patience {
                return false;
            }
            state.waited += *wait;
        }
        tokio::time::sleep(*wait).await;
        *wait = (*wait * 2).min(LONGEST_WAIT);
        true
    }

    /// Asks once; what is accepted stays open.
    pub async fn open(&self, request: &AssociateRq, limit: Duration) -> (Answer, Option<Held>) {
        self.take_slot().await;
        self.state().requests += 1;
        match timeout(limit, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => (Answer::Silent, None),
        }
    }

    async fn exchange(&self, request: &AssociateRq) -> (Answer, Option<Held>) {
        let stream = match self.connect().await {
            Ok(stream) => stream,
            Err(answer) => return (answer, None),
        };
        let mut held = Held {
            stream,
            pdus: PduStream::new(PduLimits::for_max_pdu(0)),
            buffer: BytesMut::with_capacity(16 * 1024),
        };
        let bytes = Pdu::AssociateRq(Box::new(request.clone())).encode();
        if let Err(error) = held.stream.write_all(&bytes).await {
            // It may have answered before it closed.
            if let Ok(Incoming::Pdu(Pdu::AssociateRj(rejection))) = held.next().await {
                return (Answer::Rejected(rejection), None);
            }
            return (
                Answer::Broken(format!("the connection broke: {error}")),
                None,
            );
        }
        let _ = held.stream.flush().await;
        match held.next().await {
            Ok(Incoming::Pdu(Pdu::AssociateAc(response))) => {
                (Answer::Accepted(response), Some(held))
            }
            Ok(Incoming::Pdu(Pdu::AssociateRj(rejection))) => (Answer::Rejected(rejection), None),
            Ok(Incoming::Pdu(Pdu::Abort { source, reason })) => (
                Answer::Broken(format!(
                    "the association was aborted by the {source}, reason {reason}"
                )),
                None,
            ),
            Ok(_) => {
                let abort = Pdu::Abort {
                    source: AbortSource::ServiceProvider,
                    reason: 2,
                };
                let _ = held.stream.write_all(&abort.encode()).await;
                (
                    Answer::Broken("another PDU came than an answer".to_owned()),
                    None,
                )
            }
            Err(why) => (Answer::Broken(why), None),
        }
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, Answer> {
        let target = &self.options.target;
        let (host, port) = (target.address.host.as_str(), target.address.port);
        let connecting = timeout(target.association.connect, TcpStream::connect((host, port)));
        let tcp = match connecting.await {
            Ok(Ok(tcp)) => tcp,
            Ok(Err(error)) => return Err(Answer::NoConnection(error.to_string())),
            Err(_) => return Err(Answer::NoConnection("timed out".to_owned())),
        };
        let stream = TunedStream::new(tcp);
        match &target.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => match tls.connect(host, stream).await {
                Ok((stream, _)) => Ok(Box::new(stream)),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    let why = cause.unwrap_or_else(|| error.to_string());
                    Err(Answer::NoConnection(format!("TLS: {why}")))
                }
            },
        }
    }
}

/// What was answered to the context with an id.
pub(super) fn context_answer(
    response: &AssociateAc,
    id: u8,
) -> Option<(ContextResult, Option<&Uid>)> {
    response
        .presentation_contexts
        .iter()
        .find(|context| context.id == id)
        .map(|context| (context.result, context.transfer_syntax.as_ref()))
}

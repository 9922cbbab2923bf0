//! Every SOP class in every transfer syntax, one pair a presentation context.
//!
//! The pairs of a request are of different SOP classes, as far as they go round, and the last
//! context is an *anchor*: a pair that the peer is known to accept. It keeps peers from rejecting an
//! association in which they would accept nothing, and it tells a peer that looks at the first few
//! contexts only from one that refuses the others. A request that fails is cut in halves until the
//! pair is found that it fails for, if the anchor alone goes well in between.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use sagittal_core::{Uid, sop_class, transfer_syntax};
use sagittal_net::pdu::{AssociateAc, ContextResult};

use super::dial::{Answer, Dialer, context_answer};
use crate::document::Refusal;

/// What is known of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Verdict {
    /// Accepted.
    Accepted,
    /// Refused, and why.
    Refused(Refusal),
}

/// A SOP class and a transfer syntax.
pub(super) type Pair = (Uid, Uid);

/// What was found out about pairs.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// By pair; what is missing is not known.
    pub verdicts: HashMap<Pair, Verdict>,
    /// A pair that is accepted.
    pub anchor: Option<Pair>,
    /// An association in which nothing would be accepted is rejected.
    pub rejects_useless: Option<bool>,
    /// The most contexts of one association, if the peer has a limit of its own.
    pub max_contexts: Option<usize>,
    /// A second association at the same time was refused.
    pub one_at_a_time: bool,
    /// An answer, for what all of them have in common.
    pub sample: Option<Box<AssociateAc>>,
    /// How it was, where it was odd.
    pub remarks: Vec<String>,
}

impl Pairs {
    /// Accepted transfer syntaxes by SOP class.
    pub fn accepted(&self) -> BTreeMap<Uid, Vec<Uid>> {
        let mut found: BTreeMap<Uid, Vec<Uid>> = BTreeMap::new();
        for ((sop_class, ts), verdict) in &self.verdicts {
            if *verdict == Verdict::Accepted {
                found.entry(sop_class.clone()).or_default().push(ts.clone());
            }
        }
        found.values_mut().for_each(|list| list.sort());
        found
    }
}

/// Some pairs that are asked for together.
#[derive(Clone, Debug)]
struct Chunk {
    pairs: Vec<Pair>,
    /// The cut that made it, if it is a half.
    cut: Option<usize>,
    /// How often it was not answered at all.
    silences: u32,
    /// How often it was rejected for a while.
    rejections: u32,
}

/// What came of a chunk.
enum Result {
    /// Verdicts for all of its pairs.
    Known(Vec<(Pair, Verdict)>),
    /// The anchor was refused although it is accepted: not all contexts were looked at.
    NotAllSeen,
    /// The association failed.
    Failed(Answer),
}

/// A pair that is accepted, to ask others beside it.
pub(super) async fn begin(dialer: &Dialer) -> std::result::Result<Pairs, Answer> {
    let mut pairs = Pairs::default();
    find_anchor(dialer, &mut pairs).await?;
    Ok(pairs)
}

/// Asks for all pairs, with at most so many associations at the same time.
pub(super) async fn ask(dialer: &Dialer, pairs: Pairs, parallel: usize) -> Pairs {
    let mut search = Search {
        dialer,
        pairs,
        size: dialer.options.contexts.clamp(2, 128) - 1,
        parallel: parallel.clamp(1, dialer.options.associations.max(1)),
        queue: VecDeque::new(),
        cuts: Vec::new(),
        wait: Duration::from_millis(200),
    };
    search.fill();
    search.run().await;
    search.pairs
}

/// Verification first; else whatever of storage is accepted.
async fn find_anchor(dialer: &Dialer, pairs: &mut Pairs) -> std::result::Result<(), Answer> {
    let common = [
        transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
        transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
    ]
    .map(Uid::from_static);
    let verification = Uid::from_static(sop_class::VERIFICATION);
    let first = dialer
        .ask_patiently(&dialer.request(&[(verification, common.to_vec())]))
        .await;
    match first {
        Answer::Accepted(response) => {
            if let Some((ContextResult::Acceptance, Some(ts))) = context_answer(&response, 1) {
                pairs.anchor = Some((Uid::from_static(sop_class::VERIFICATION), ts.clone()));
            } else {
                pairs.rejects_useless = Some(false);
            }
            pairs.sample = Some(response);
        }
        // The title, or no connection: nothing else will help.
        Answer::Rejected(rejection)
            if matches!((rejection.source, rejection.reason), (1, 3 | 7)) =>
        {
            return Err(Answer::Rejected(rejection));
        }
        Answer::NoConnection(why) => return Err(Answer::NoConnection(why)),
        other => anchor_of_others(dialer, pairs, &common, other).await?,
    }
    if pairs.anchor.is_some() {
        // A class of ours that nobody knows.
        let unknown = Uid::from_uuid_bits(0x5a61_6769_7474_616c_8000_0000_0000_0001);
        let alone = dialer.request(&[(unknown, common.to_vec())]);
        pairs.rejects_useless = match dialer.ask_patiently(&alone).await {
            Answer::Accepted(_) => Some(false),
            Answer::Rejected(rejection) if !rejection.is_transient() => Some(true),
            Answer::Broken(_) => Some(true),
            _ => None,
        };
    }
    Ok(())
}

/// Verification alone was rejected: is anything accepted?
async fn anchor_of_others(
    dialer: &Dialer,
    pairs: &mut Pairs,
    common: &[Uid],
    rejected: Answer,
) -> std::result::Result<(), Answer> {
    let several: Vec<Uid> = common
        .iter()
        .cloned()
        .chain([
            Uid::from_static(transfer_syntax::JPEG_BASELINE_8_BIT),
            Uid::from_static(transfer_syntax::JPEG_2000_LOSSLESS),
        ])
        .collect();
    // Fewer contexts each time: the peer may take few.
    for size in [127, 16, 1] {
        for classes in dialer.options.sop_classes.chunks(size).take(40) {
            let contexts: Vec<(Uid, Vec<Uid>)> = classes
                .iter()
                .map(|uid| (uid.clone(), several.clone()))
                .collect();
            let Answer::Accepted(response) = dialer.ask_patiently(&dialer.request(&contexts)).await
            else {
                continue;
            };
            let found = response.presentation_contexts.iter().find_map(|context| {
                let at = usize::from(context.id.checked_sub(1)? / 2);
                let (sop_class, _) = contexts.get(at)?;
                (context.result == ContextResult::Acceptance)
                    .then_some((sop_class.clone(), context.transfer_syntax.clone()?))
            });
            pairs.sample = Some(response);
            if found.is_some() {
                pairs.anchor = found;
                return Ok(());
            }
        }
    }
    match pairs.sample {
        Some(_) => Ok(()),
        None => Err(rejected),
    }
}

struct Search<'a> {
    dialer: &'a Dialer,
    pairs: Pairs,
    /// Pairs of a request, besides the anchor.
    size: usize,
    parallel: usize,
    queue: VecDeque<Chunk>,
    /// Of each cut, how many halves went well, and their length.
    cuts: Vec<(u8, usize)>,
    wait: Duration,
}

impl Search<'_> {
    /// Transfer syntax by transfer syntax, so that a request has each SOP class once if it can.
    fn fill(&mut self) {
        let options = &self.dialer.options;
        let all: Vec<Pair> = options
            .transfer_syntaxes
            .iter()
            .flat_map(|ts| {
                options
                    .sop_classes
                    .iter()
                    .map(move |sop_class| (sop_class.clone(), ts.clone()))
            })
            .collect();
        self.queue = all
            .chunks(self.size)
            .map(|pairs| Chunk {
                pairs: pairs.to_vec(),
                cut: None,
                silences: 0,
                rejections: 0,
            })
            .collect();
    }

    async fn run(&mut self) {
        let dialer = self.dialer;
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.parallel && dialer.distress().is_none() {
                let Some(chunk) = self.next_chunk() else {
                    break;
                };
                let anchor = self.pairs.anchor.clone();
                running.push(async move {
                    let result = one(dialer, &chunk, anchor.as_ref()).await;
                    (chunk, result)
                });
            }
            let Some((chunk, result)) = running.next().await else {
                break;
            };
            let others = running.len();
            self.handle(chunk, result, others).await;
        }
    }

    /// The next chunk, cut to size.
    fn next_chunk(&mut self) -> Option<Chunk> {
        let mut chunk = self.queue.pop_front()?;
        if chunk.pairs.len() > self.size {
            let rest = chunk.pairs.split_off(self.size);
            self.queue.push_front(Chunk {
                pairs: rest,
                cut: None,
                silences: 0,
                rejections: 0,
            });
            chunk.cut = None;
        }
        Some(chunk)
    }

    async fn handle(&mut self, chunk: Chunk, result: Result, others: usize) {
        match result {
            Result::Known(verdicts) => {
                self.wait = Duration::from_millis(200);
                if let Some(cut) = chunk.cut {
                    self.half_went_well(cut);
                }
                if self.pairs.anchor.is_none() {
                    let accepted = verdicts.iter().find(|(_, v)| *v == Verdict::Accepted);
                    self.pairs.anchor = accepted.map(|(pair, _)| pair.clone());
                }
                self.pairs.verdicts.extend(verdicts);
            }
            Result::NotAllSeen => self.cut(chunk),
            Result::Failed(answer) => self.failed(chunk, answer, others).await,
        }
    }

    async fn failed(&mut self, mut chunk: Chunk, answer: Answer, others: usize) {
        if others > 0 || self.parallel > 1 {
            // It may be that the peer takes one association at a time: ask again, alone.
            if answer.is_passing() && others > 0 {
                self.pairs.one_at_a_time = true;
            }
            self.parallel = 1;
            self.queue.push_front(chunk);
            return;
        }
        let silent = matches!(answer, Answer::Silent);
        if silent {
            chunk.silences += 1;
            if chunk.silences > 1 && chunk.pairs.len() == 1 {
                self.dialer.stop(answer.describe());
                return;
            }
        }
        chunk.rejections += u32::from(answer.is_passing());
        // Some say "for a while" of what they will never take: then they take something else.
        if answer.is_passing() && (chunk.rejections < 3 || self.pairs.anchor.is_none()) {
            let mut wait = self.wait;
            if self.dialer.wait(&mut wait).await {
                self.queue.push_front(chunk);
            } else {
                self.dialer.stop(answer.describe());
            }
            self.wait = wait;
            return;
        }
        // Is the peer well, or is it these contexts that it does not like?
        if let Some(anchor) = self.pairs.anchor.clone() {
            let alone = self.dialer.request(&[(anchor.0, vec![anchor.1])]);
            let pulse = self.dialer.ask_patiently(&alone).await;
            if !matches!(pulse, Answer::Accepted(_)) {
                self.dialer.stop(format!(
                    "after {}, what was accepted before no longer is: {}",
                    answer.describe(),
                    pulse.describe()
                ));
                return;
            }
        }
        match chunk.pairs.as_slice() {
            [pair] => {
                let refusal = match answer {
                    Answer::Rejected(_) | Answer::Confirmed(_) => Refusal::AssociationRejected,
                    _ => Refusal::AssociationAborted,
                };
                self.pairs
                    .verdicts
                    .insert(pair.clone(), Verdict::Refused(refusal));
            }
            _ => self.cut(chunk),
        }
    }

    /// Cuts a chunk in halves, to be asked for next.
    fn cut(&mut self, mut chunk: Chunk) {
        let half = chunk.pairs.len().div_ceil(2);
        let cut = self.cuts.len();
        self.cuts.push((0, half));
        let rest = chunk.pairs.split_off(half);
        for pairs in [rest, chunk.pairs] {
            self.queue.push_front(Chunk {
                pairs,
                cut: Some(cut),
                silences: chunk.silences,
                rejections: 0,
            });
        }
    }

    /// Where both halves go well that together did not, it is their number that the peer minds.
    fn half_went_well(&mut self, cut: usize) {
        let Some((well, half)) = self.cuts.get_mut(cut) else {
            return;
        };
        *well += 1;
        if *well == 2 && *half < self.size {
            self.size = (*half).max(1);
            let most = self.size + usize::from(self.pairs.anchor.is_some());
            self.pairs.max_contexts = Some(most);
        }
    }
}

/// Asks for the pairs of a chunk.
async fn one(dialer: &Dialer, chunk: &Chunk, anchor: Option<&Pair>) -> Result {
    let contexts: Vec<(Uid, Vec<Uid>)> = chunk
        .pairs
        .iter()
        .chain(anchor)
        .map(|(sop_class, ts)| (sop_class.clone(), vec![ts.clone()]))
        .collect();
    let response = match dialer.ask(&dialer.request(&contexts)).await {
        Answer::Accepted(response) => response,
        other => return Result::Failed(other),
    };
    let id = |at: usize| u8::try_from(2 * at + 1).unwrap_or(u8::MAX);
    if anchor.is_some() && chunk.pairs.len() > 1 {
        let last = context_answer(&response, id(chunk.pairs.len()));
        if !matches!(last, Some((ContextResult::Acceptance, _))) {
            return Result::NotAllSeen;
        }
    }
    let verdicts = chunk.pairs.iter().enumerate().map(|(at, pair)| {
        let verdict = match context_answer(&response, id(at)) {
            None => Verdict::Refused(Refusal::NotAnswered),
            Some((ContextResult::Acceptance, Some(ts))) if *ts == pair.1 => Verdict::Accepted,
            // Accepted in what was not proposed is of no use.
            Some((ContextResult::Acceptance, _)) => {
                Verdict::Refused(Refusal::TransferSyntaxesNotSupported)
            }
            Some((ContextResult::UserRejection, _)) => Verdict::Refused(Refusal::UserRejection),
            Some((ContextResult::NoReason, _)) => Verdict::Refused(Refusal::NoReason),
            Some((ContextResult::AbstractSyntaxNotSupported, _)) => {
                Verdict::Refused(Refusal::AbstractSyntaxNotSupported)
            }
            Some((ContextResult::TransferSyntaxesNotSupported, _)) => {
                Verdict::Refused(Refusal::TransferSyntaxesNotSupported)
            }
        };
        (pair.clone(), verdict)
    });
    Result::Known(verdicts.collect())
}

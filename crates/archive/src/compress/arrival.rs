//! Compression before an instance is written; its sender waits for it.

use std::time::Duration;

use bytes::Bytes;

use super::recode::{Body, Kept, Received, Recoded, recode};
use super::{At, Rule, Subject};
use crate::Result;
use crate::archive::Inner;
use crate::ingest::{Candidate, Chunks, describe};

impl Inner {
    /// Is there any rule that looks at what arrives?
    pub(crate) fn compresses_on_arrival(&self) -> bool {
        let rules = &self.options.compression.rules;
        rules.iter().any(|rule| rule.at == At::Arrival)
    }

    fn arrival_rule(&self, candidate: &Candidate, length: u64) -> Option<&Rule> {
        let described = &candidate.described;
        let subject = Subject {
            modality: &described.series.modality,
            sop_class_uid: described.uids.sop_class.as_str(),
            transfer_syntax_uid: candidate.transfer_syntax_uid.as_str(),
            source: &candidate.source,
            length,
            frames: described.instance.number_of_frames.unwrap_or(1),
            age: Duration::ZERO,
        };
        let rules = &self.options.compression.rules;
        let rule = rules.iter().find(|rule| rule.fits(&subject))?;
        (rule.at == At::Arrival).then_some(rule)
    }

    /// Makes a candidate smaller, if a rule says so and it can be proved to come back. Whatever
    /// goes wrong, it stays as it was received. Blocks.
    pub(crate) fn compress_arriving(&self, candidate: &mut Candidate) {
        let Some((prefix, data)) = candidate.in_memory() else {
            return;
        };
        let length = Chunks::new(data).length;
        let Some(rule) = self.arrival_rule(candidate, length) else {
            return;
        };
        let work = || {
            // Made only now: many may wait for their turn.
            let whole = data.concat();
            let received = Received {
                source: &&whole[..],
                transfer_syntax_uid: &candidate.transfer_syntax_uid,
                prefix,
                hash: candidate.hash,
            };
            recode(&self.packs, &received, &rule.to, u64::MAX)
        };
        let outcome = self.encoding.run(work).and_then(|recoded| match recoded {
            Ok(recoded) => take(candidate, recoded, rule).map(Ok),
            Err(kept) => Ok(Err(kept)),
        });
        tell(rule, "arrival", length, &outcome);
    }
}

/// The candidate becomes what was made of it. Bytes less.
fn take(candidate: &mut Candidate, recoded: Recoded, rule: &Rule) -> Result<u64> {
    let Body::Memory(bytes) = recoded.body else {
        return Err(crate::Error::Stopping);
    };
    let data = vec![Bytes::from(bytes)];
    let class = &candidate.described.uids.sop_class;
    let mut described = describe(&mut Chunks::new(&data), rule.to.as_str(), Some(class))?;
    // What is told to the sender is about what it sent.
    described.findings = std::mem::take(&mut candidate.described.findings);
    let saved = recoded.original.length.saturating_sub(recoded.length);
    candidate.described = described;
    candidate.become_recoded(data, recoded.hash, rule.to.clone(), recoded.original);
    Ok(saved)
}

/// Into log and metrics.
pub(super) fn tell(
    rule: &Rule,
    at: &'static str,
    length: u64,
    outcome: &Result<std::result::Result<u64, Kept>>,
) {
    let label = match outcome {
        Ok(Ok(saved)) => {
            metrics::counter!("sagittal_compression_bytes_total", "at" => at).increment(length);
            metrics::counter!("sagittal_compression_saved_bytes_total", "at" => at)
                .increment(*saved);
            "compressed"
        }
        Ok(Err(kept)) => kept.label(),
        Err(error) => {
            tracing::warn!(%error, rule = rule.name, "an instance is kept as it was received");
            "failed"
        }
    };
    metrics::counter!("sagittal_compression_total", "at" => at, "outcome" => label).increment(1);
}

//! Gaps in series, looked for when a study has been quiet for a while.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use sagittal_store::index::{Arrival, Change, FlawedFilter, Row, Selection};

use super::judge::tell;
use super::verdict::noted;
use crate::Result;
use crate::archive::Inner;
use crate::indexer::Pending;

/// A series, as far as it matters here.
#[derive(Default)]
struct Series {
    arrival: Arrival,
    numbers: Vec<i64>,
}

/// Looks at the series of studies that are complete.
pub(crate) async fn look(inner: &Arc<Inner>, studies: Vec<String>) {
    if studies.is_empty() || !inner.options.quality.enabled {
        return;
    }
    let at_work = inner.clone();
    let looking = tokio::task::spawn_blocking(move || -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        for study in studies {
            at_work.gaps_of(study, &mut changes)?;
        }
        Ok(changes)
    });
    match looking.await {
        Ok(Ok(changes)) if !changes.is_empty() => inner.indexer.push(Pending {
            changes,
            sequence: 0,
            pack: 0,
            end: 0,
            happened: None,
            _exclusive: Vec::new(),
            _room: None,
        }),
        Ok(Err(error)) => tracing::warn!(%error, "gaps of series cannot be looked for"),
        _ => {}
    }
}

impl Inner {
    fn gaps_of(&self, study: String, changes: &mut Vec<Change>) -> Result<()> {
        let mut all: BTreeMap<String, Series> = BTreeMap::new();
        let selection = Selection {
            study_instance_uids: vec![study.clone()],
            ..Selection::default()
        };
        self.index.instances(&selection, &mut |row| {
            if let Row::Instance(_, of, instance) = row {
                let uid = &of.attributes.series_instance_uid;
                let series = all.entry(uid.clone()).or_insert_with(|| Series {
                    arrival: Arrival {
                        study_instance_uid: study.clone(),
                        series_instance_uid: uid.clone(),
                        modality: of.attributes.modality.clone(),
                        ..Arrival::default()
                    },
                    numbers: Vec::new(),
                });
                if instance.received_ms >= series.arrival.received_ms {
                    series.arrival.received_ms = instance.received_ms;
                    series.arrival.source = instance.source;
                }
                let number = instance.attributes.instance_number.parse::<i64>();
                series.numbers.extend(number.ok());
            }
            ControlFlow::Continue(())
        })?;
        for series in all.into_values() {
            self.gap_of(series, changes)?;
        }
        Ok(())
    }

    fn gap_of(&self, series: Series, changes: &mut Vec<Change>) -> Result<()> {
        let Series {
            mut arrival,
            numbers,
        } = series;
        let settings = &self.options.quality;
        let found = sagittal_iod::quality::gap(numbers);
        let found = found.filter(|finding| finding.severity <= settings.least);
        let verdict = settings.verdict(
            &arrival.source,
            &arrival.modality,
            found.into_iter().collect(),
        );
        arrival.findings = verdict.findings.iter().map(noted).collect();
        // What was found before may have come meanwhile.
        let known = FlawedFilter {
            series_instance_uid: Some(arrival.series_instance_uid.clone()),
            sop_instance_uid: Some(String::new()),
            limit: 1,
            ..FlawedFilter::default()
        };
        if arrival.findings.is_empty() && self.index.flawed(&known)?.is_empty() {
            return Ok(());
        }
        tell(&arrival.source, &arrival.modality, None, &verdict.findings);
        changes.push(Change::Series(Box::new(arrival)));
        Ok(())
    }
}

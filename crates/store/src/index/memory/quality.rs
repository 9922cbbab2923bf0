//! Arrivals and findings in memory.

use std::collections::{BTreeMap, BTreeSet};

use crate::index::quality::{
    Arrival, Flawed, FlawedFilter, QualityDay, QualityFinding, QualityGroup, Standing,
};

/// What came.
#[derive(Default)]
pub struct Quality {
    /// Those that count: day, source, modality, study.
    came: Vec<(i64, String, String, String)>,
    flawed: BTreeMap<i64, Arrival>,
}

impl Quality {
    pub fn arrived(&mut self, arrival: &Arrival, record: Option<i64>) {
        let again = self.flawed.values_mut().find(|known| {
            record.is_none()
                && known.standing == Standing::Refused
                && known.sop_instance_uid == arrival.sop_instance_uid
                && known.series_instance_uid == arrival.series_instance_uid
                && known.study_instance_uid == arrival.study_instance_uid
                && known.source == arrival.source
                && known.modality == arrival.modality
        });
        if let Some(known) = again {
            known.received_ms = known.received_ms.max(arrival.received_ms);
            return;
        }
        if arrival.counts {
            self.came.push((
                arrival.day(),
                arrival.source.clone(),
                arrival.modality.clone(),
                arrival.study_instance_uid.clone(),
            ));
        }
        if arrival.is_flawed() {
            let lowest = self.flawed.keys().next().copied().unwrap_or(0).min(0);
            let mut arrival = arrival.clone();
            arrival.counts = false;
            self.flawed.insert(record.unwrap_or(lowest - 1), arrival);
        }
    }

    pub fn deleted(&mut self, record: i64) {
        if let Some(arrival) = self.flawed.get_mut(&record) {
            arrival.standing = Standing::Deleted;
        }
    }

    pub fn forget(&mut self, record: i64) {
        self.flawed.remove(&record);
    }

    pub fn flawed(&self, filter: &FlawedFilter) -> Vec<Flawed> {
        let is = |wanted: &Option<String>, found: &String| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let mut all: Vec<Flawed> = self
            .flawed
            .iter()
            .filter(|(id, arrival)| {
                filter.id.is_none_or(|wanted| wanted == **id)
                    && filter.standing.is_none_or(|it| it == arrival.standing)
                    && is(&filter.study_instance_uid, &arrival.study_instance_uid)
                    && is(&filter.series_instance_uid, &arrival.series_instance_uid)
                    && is(&filter.sop_instance_uid, &arrival.sop_instance_uid)
                    && is(&filter.source, &arrival.source)
                    && filter
                        .since_ms
                        .is_none_or(|since| arrival.received_ms >= since)
            })
            .map(|(id, arrival)| Flawed {
                id: *id,
                arrival: arrival.clone(),
            })
            .collect();
        all.sort_by_key(|flawed| std::cmp::Reverse((flawed.arrival.received_ms, flawed.id)));
        let (offset, limit) = (
            usize::try_from(filter.offset).unwrap_or(usize::MAX),
            usize::try_from(filter.limit).unwrap_or(usize::MAX),
        );
        all.into_iter().skip(offset).take(limit).collect()
    }

    pub fn report(&self, first: i64, last: i64) -> Vec<QualityGroup> {
        let mut keys = BTreeSet::new();
        let came: Vec<_> = self
            .came
            .iter()
            .filter(|(day, ..)| (first..=last).contains(day))
            .collect();
        let flawed: Vec<_> = self
            .flawed
            .iter()
            .filter(|(_, arrival)| (first..=last).contains(&arrival.day()))
            .collect();
        keys.extend(came.iter().map(|(_, s, m, _)| (s.clone(), m.clone())));
        keys.extend(
            flawed
                .iter()
                .map(|(_, a)| (a.source.clone(), a.modality.clone())),
        );
        let group = |(source, modality): (String, String)| {
            let came: Vec<_> = came
                .iter()
                .filter(|(_, s, m, _)| *s == source && *m == modality)
                .collect();
            let flawed: Vec<_> = flawed
                .iter()
                .filter(|(_, a)| a.source == source && a.modality == modality)
                .collect();
            let with = |standing| {
                let all = flawed.iter().filter(|(_, a)| a.standing == standing);
                all.count() as u64
            };
            let days: BTreeSet<i64> = came.iter().map(|(day, ..)| *day).collect();
            let day = |day: i64| QualityDay {
                day,
                instances: came.iter().filter(|(d, ..)| *d == day).count() as u64,
                affected: flawed.iter().filter(|(_, a)| a.day() == day).count() as u64,
            };
            QualityGroup {
                studies: distinct(came.iter().map(|(_, _, _, study)| study)),
                instances: came.len() as u64,
                affected_studies: distinct(flawed.iter().map(|(_, a)| &a.study_instance_uid)),
                affected_instances: flawed.len() as u64,
                quarantined: with(Standing::Quarantined),
                refused: with(Standing::Refused),
                days: days.into_iter().map(day).collect(),
                findings: findings(&flawed),
                source,
                modality,
            }
        };
        keys.into_iter().map(group).collect()
    }
}

fn distinct<'a>(all: impl Iterator<Item = &'a String>) -> u64 {
    all.collect::<BTreeSet<_>>().len() as u64
}

fn findings(flawed: &[&(&i64, &Arrival)]) -> Vec<QualityFinding> {
    let mut all = BTreeMap::new();
    for (id, arrival) in flawed {
        for noted in &arrival.findings {
            let list: &mut Vec<(i64, &Arrival)> = all.entry(noted.clone()).or_default();
            list.push((**id, arrival));
        }
    }
    let mut findings: Vec<QualityFinding> = all
        .into_iter()
        .map(|(noted, mut list)| {
            list.sort_by_key(|(id, arrival)| std::cmp::Reverse((arrival.received_ms, *id)));
            let times = || list.iter().map(|(_, arrival)| arrival.received_ms);
            QualityFinding {
                instances: list.len() as u64,
                studies: distinct(list.iter().map(|(_, a)| &a.study_instance_uid)),
                first_ms: times().min().unwrap_or(0),
                last_ms: times().max().unwrap_or(0),
                examples: list
                    .iter()
                    .take(5)
                    .map(|(_, arrival)| arrival.sop_instance_uid.clone())
                    .collect(),
                noted,
            }
        })
        .collect();
    findings.sort_by(|a, b| b.instances.cmp(&a.instances).then(a.noted.cmp(&b.noted)));
    findings
}

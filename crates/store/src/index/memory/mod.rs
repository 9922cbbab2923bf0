//! The index in memory: simple and slow. For tests, and the oracle of the others.

mod quality;
mod search;
mod state;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use parking_lot::Mutex;

use self::state::State;
use super::Index;
use super::entry::{Change, Known, Live, Record, Relocation, Statistics, Watermarks};
use super::quality::{Flawed, FlawedFilter, QualityGroup};
use super::query::{IndexQuery, Level, Selection};
use super::row::{InstanceRow, PatientRow, Row, StudyRow};
use crate::Result;
use crate::blob::Hash;

/// The index in memory.
#[derive(Default)]
pub struct MemoryIndex {
    state: Mutex<State>,
}

impl Index for MemoryIndex {
    fn apply(&self, changes: &[Change], watermarks: &Watermarks) -> Result<()> {
        let mut state = self.state.lock();
        for change in changes {
            state.change(change);
        }
        state.tidy();
        state.watermarks.extend(watermarks);
        Ok(())
    }

    fn watermarks(&self) -> Result<Watermarks> {
        Ok(self.state.lock().watermarks.clone())
    }

    fn known_now(&self, sop_instance_uid: &str) -> Result<Option<Option<Known>>> {
        self.known(sop_instance_uid).map(Some)
    }

    fn known(&self, sop_instance_uid: &str) -> Result<Option<Known>> {
        Ok(self.instance(sop_instance_uid)?.and_then(|row| match row {
            Row::Instance(study, series, instance) => Some(Known {
                hash: instance.hash,
                transfer_syntax_uid: instance.transfer_syntax_uid.clone(),
                study_instance_uid: study.attributes.study_instance_uid.clone(),
                series_instance_uid: series.attributes.series_instance_uid.clone(),
                locator: instance.locator,
            }),
            _ => None,
        }))
    }

    fn is_hidden(&self, sop_instance_uid: &str, hash: &Hash) -> Result<bool> {
        let state = self.state.lock();
        Ok(state.instances.values().any(|stored| {
            let row = &stored.row;
            row.hidden && row.attributes.sop_instance_uid == sop_instance_uid && row.hash == *hash
        }))
    }

    fn clear(&self) -> Result<()> {
        *self.state.lock() = State::default();
        Ok(())
    }

    fn relocate(&self, moves: &[Relocation], watermarks: &Watermarks, gone: &[u64]) -> Result<u64> {
        let mut state = self.state.lock();
        let mut found = 0;
        for relocation in moves {
            for stored in state.instances.values_mut() {
                let row = &mut stored.row;
                if row.attributes.sop_instance_uid == relocation.sop_instance_uid
                    && row.locator.pack == relocation.from.pack
                    && row.locator.offset == relocation.from.offset
                {
                    row.locator = relocation.to;
                    found += 1;
                }
            }
        }
        state.watermarks.extend(watermarks);
        state.watermarks.retain(|pack, _| !gone.contains(pack));
        Ok(found)
    }

    fn was_deleted(&self, uid: &str) -> Result<bool> {
        Ok(self.state.lock().deleted.contains_key(uid))
    }

    fn instance(&self, sop_instance_uid: &str) -> Result<Option<Row>> {
        let selection = Selection {
            sop_instance_uids: vec![sop_instance_uid.to_owned()],
            ..Selection::default()
        };
        Ok(self.rows(&selection.query(Level::Instance)).pop())
    }

    fn instances(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<()> {
        self.find(&selection.query(Level::Instance), sink)
    }

    fn frames(&self, instance: &InstanceRow) -> Result<Vec<u8>> {
        let state = self.state.lock();
        let stored = state.instances.get(&instance.sequence);
        Ok(stored
            .map(|stored| stored.frames.clone())
            .unwrap_or_default())
    }

    fn header(&self, instance: &InstanceRow) -> Result<Vec<u8>> {
        let state = self.state.lock();
        let stored = state.instances.get(&instance.sequence);
        stored
            .map(|stored| stored.header.clone())
            .ok_or_else(|| crate::Error::Index {
                reason: format!(
                    "no header of instance {}",
                    instance.attributes.sop_instance_uid
                ),
            })
    }

    fn sample(&self, row: &Row) -> Result<Option<Vec<u8>>> {
        let state = self.state.lock();
        let of_row = |stored: &&state::Stored| {
            let study = state.series.get(&stored.series).map(|(study, _)| *study);
            let patient = study
                .and_then(|id| state.studies.get(&id))
                .map(|s| s.patient);
            let shown = !stored.row.hidden;
            match row {
                Row::Patient(row) => shown && patient == Some(row.id),
                Row::Study(row) => shown && study == Some(row.id),
                Row::Series(_, row) => shown && stored.series == row.id,
                Row::Instance(_, _, row) => stored.row.sequence == row.sequence,
            }
        };
        let found = state.instances.values().find(of_row);
        Ok(found.map(|stored| stored.header.clone()))
    }

    fn patient(&self, study: &StudyRow) -> Result<Option<PatientRow>> {
        let rows = self.rows(&IndexQuery::all(Level::Patient));
        let mut patients = rows.iter().filter_map(Row::patient);
        Ok(patients
            .find(|patient| patient.id == study.patient)
            .cloned())
    }

    fn headers(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(Vec<u8>, u64) -> ControlFlow<()>,
    ) -> Result<()> {
        for row in self.rows(&selection.query(Level::Instance)) {
            if let Some(instance) = row.instance()
                && sink(self.header(instance)?, 1).is_break()
            {
                break;
            }
        }
        Ok(())
    }

    fn find(&self, query: &IndexQuery, sink: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<()> {
        for row in self.rows(query) {
            if sink(row).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn count(&self, query: &IndexQuery) -> Result<u64> {
        Ok(self.rows(query).len() as u64)
    }

    fn state_tag(&self, selection: &Selection) -> Result<Option<String>> {
        let rows = self.rows(&selection.query(selection.level()));
        let mut hasher = blake3::Hasher::new();
        rows.iter().for_each(|row| {
            hasher.update(&row.state());
        });
        let tag = hasher.finalize().to_hex();
        Ok((!rows.is_empty()).then(|| tag.chars().take(32).collect()))
    }

    fn statistics(&self) -> Result<Statistics> {
        let count = |level| self.rows(&IndexQuery::all(level)).len() as u64;
        let state = self.state.lock();
        let shown = state.instances.values().filter(|stored| !stored.row.hidden);
        let bytes = shown.map(|stored| stored.row.locator.length).sum();
        let hidden = state.instances.values().filter(|s| s.row.hidden).count() as u64;
        drop(state);
        Ok(Statistics {
            patients: count(Level::Patient),
            studies: count(Level::Study),
            series: count(Level::Series),
            instances: count(Level::Instance),
            hidden,
            bytes,
        })
    }

    fn records(&self, sink: &mut dyn FnMut(Record) -> ControlFlow<()>) -> Result<()> {
        let rows: Vec<InstanceRow> = {
            let state = self.state.lock();
            state.instances.values().map(|s| s.row.clone()).collect()
        };
        for row in rows {
            let record = Record {
                sop_instance_uid: row.attributes.sop_instance_uid,
                locator: row.locator,
                hash: row.hash,
                sequence: row.sequence,
                hidden: row.hidden,
            };
            if sink(record).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn record(&self, sequence: u64) -> Result<Option<Record>> {
        let mut found = None;
        self.records(&mut |record| {
            found = (record.sequence == sequence).then_some(record);
            match found {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        })?;
        Ok(found)
    }

    fn live(&self) -> Result<BTreeMap<u64, Live>> {
        let mut live: BTreeMap<u64, Live> = BTreeMap::new();
        for stored in self.state.lock().instances.values() {
            let locator = stored.row.locator;
            let pack = live.entry(locator.pack).or_default();
            pack.records += 1;
            pack.bytes += u64::from(locator.header_length) + locator.length;
        }
        Ok(live)
    }

    fn flawed(&self, filter: &FlawedFilter) -> Result<Vec<Flawed>> {
        Ok(self.state.lock().quality.flawed(filter))
    }

    fn quality(&self, first_day: i64, last_day: i64) -> Result<Vec<QualityGroup>> {
        Ok(self.state.lock().quality.report(first_day, last_day))
    }

    fn maintain(&self, _: Duration) -> Result<bool> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_does_what_every_index_must() {
        crate::index::testsuite::run(&|| Box::new(super::MemoryIndex::default()));
    }
}

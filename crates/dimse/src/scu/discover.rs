//! Which SOP classes will a C-GET bring? Asked by C-FIND, as they must be proposed beforehand.

use sagittal_archive::query::Level;
use sagittal_core::{DataSet, Tag, Uid, tags};

use super::c_find::{QueryOptions, find_proposal};
use super::error::Result;
use super::session::Session;
use super::target::Target;
use crate::registry::Model;

/// Studies and series that are looked into.
const MAX_PARENTS: usize = 2000;
/// Instances of a series that are looked at: they are rarely of several classes.
const MAX_INSTANCES: usize = 500;

/// The SOP classes of what `keys` select, in the order of how many instances showed them.
pub async fn sop_classes(
    target: &Target,
    (model, level): (Model, Level),
    keys: &DataSet,
) -> Result<Vec<Uid>> {
    let proposal = find_proposal(target, model, QueryOptions::default())?;
    let mut session = Session::connect(target, &proposal).await?;
    let result = descend(&mut session, (model, level), keys).await;
    match result {
        Ok(found) => {
            if let Err(error) = session.release().await {
                tracing::debug!(error = %error.chain(), "release");
            }
            Ok(found)
        }
        Err(error) => {
            session.abort().await;
            Err(error)
        }
    }
}

async fn descend(
    session: &mut Session,
    (model, top): (Model, Level),
    keys: &DataSet,
) -> Result<Vec<Uid>> {
    let mut parents = vec![keys.clone()];
    for level in [Level::Patient, Level::Study, Level::Series] {
        // Several UIDs at the level of the retrieval must become one each for the levels below.
        if level < top {
            continue;
        }
        let mut found = Vec::new();
        for parent in &parents {
            let mut query = parent.clone();
            query.put_empty_if_absent(unique_key(level));
            for answer in answers(session, model, level, &query, MAX_PARENTS).await? {
                let mut next = parent.clone();
                if let Some(element) = answer.get(unique_key(level)) {
                    next.put(element.clone());
                    found.push(next);
                }
            }
            if found.len() >= MAX_PARENTS {
                break;
            }
        }
        parents = found;
    }
    let mut counts: Vec<(Uid, usize)> = Vec::new();
    for parent in &parents {
        let mut query = parent.clone();
        query.put_empty_if_absent(tags::SOP_INSTANCE_UID);
        query.put_empty(tags::SOP_CLASS_UID);
        for answer in answers(session, model, Level::Instance, &query, MAX_INSTANCES).await? {
            let Ok(Some(uid)) = answer.uid(tags::SOP_CLASS_UID) else {
                continue;
            };
            match counts.iter_mut().find(|(known, _)| *known == uid) {
                Some((_, count)) => *count += 1,
                None => counts.push((uid, 1)),
            }
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok(counts.into_iter().map(|(uid, _)| uid).collect())
}

async fn answers(
    session: &mut Session,
    model: Model,
    level: Level,
    keys: &DataSet,
    limit: usize,
) -> Result<Vec<DataSet>> {
    let mut matches = session.find(model, level, keys).await?;
    let mut found = Vec::new();
    while let Some(answer) = matches.next().await? {
        found.push(answer);
        if found.len() == limit {
            matches.cancel().await?;
        }
    }
    Ok(found)
}

const fn unique_key(level: Level) -> Tag {
    match level {
        Level::Patient => tags::PATIENT_ID,
        Level::Study => tags::STUDY_INSTANCE_UID,
        Level::Series => tags::SERIES_INSTANCE_UID,
        Level::Instance => tags::SOP_INSTANCE_UID,
    }
}

trait PutIfAbsent {
    fn put_empty_if_absent(&mut self, tag: Tag);
}

impl PutIfAbsent for DataSet {
    fn put_empty_if_absent(&mut self, tag: Tag) {
        if !self.contains(tag) {
            self.put_empty(tag);
        }
    }
}

//! Queries on an archive with instances in it (PS3.4 §C.2.2.2, §C.4.1).

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod answers;
mod matching;
mod objects;

use futures::StreamExt;
use sagittal_core::{DataSet, Tag, tags};

use super::{Level, Query};
use crate::{Archive, Error, Result};

/// Keys from keywords' tags and values.
fn keys(pairs: &[(Tag, &str)]) -> DataSet {
    let mut keys = DataSet::utf8();
    for (tag, value) in pairs {
        keys.put_text(*tag, value);
    }
    keys
}

fn query(level: Level, pairs: &[(Tag, &str)]) -> Query {
    Query::new(level, keys(pairs))
}

async fn run(archive: &Archive, query: Query) -> Result<Vec<DataSet>> {
    let mut answers = Vec::new();
    let mut stream = archive.query(query).await?.answers;
    while let Some(answer) = stream.next().await {
        answers.push(answer?);
    }
    Ok(answers)
}

/// The values of one attribute of all answers, and that `count` agrees.
async fn values(archive: &Archive, query: Query, tag: Tag) -> Vec<String> {
    let count = archive.count(query.clone()).await.unwrap().unwrap();
    let limited = query.limit.is_some() || query.offset > 0;
    let answers = run(archive, query).await.unwrap();
    assert!(limited || count == answers.len() as u64);
    answers
        .iter()
        .map(|answer| answer.text(tag).unwrap_or_default().into_owned())
        .collect()
}

/// The studies found, by the last component of their UID.
async fn studies(archive: &Archive, pairs: &[(Tag, &str)]) -> String {
    studies_of(archive, query(Level::Study, pairs)).await
}

async fn studies_of(archive: &Archive, query: Query) -> String {
    let uids = values(archive, query, tags::STUDY_INSTANCE_UID).await;
    let last = uids.iter().filter_map(|uid| uid.rsplit('.').next());
    last.collect::<Vec<_>>().join(" ")
}

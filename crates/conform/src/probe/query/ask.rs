//! Queries, one after the other, of which few answers are taken.

use sagittal_archive::query::Level;
use sagittal_core::{DataSet, Tag, tags};
use sagittal_dimse::registry::Model;
use sagittal_dimse::scu::{QueryOptions, Session, find_proposal};
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use super::super::dial::Dialer;
use super::Sample;
use super::keys::{keys, unique_key};
use crate::chain;

/// Answers that are looked at.
const SAMPLES: usize = 20;

/// Asks one peer in one information model.
pub(super) struct Asker<'a> {
    dialer: &'a Dialer,
    model: Model,
    session: Option<Session>,
    options: QueryOptions,
}

impl<'a> Asker<'a> {
    pub async fn connect(dialer: &'a Dialer, model: Model) -> Result<Asker<'a>, String> {
        let mut asker = Asker {
            dialer,
            model,
            session: None,
            options: QueryOptions::default(),
        };
        // What it would agree to; the queries themselves are asked without any of that.
        let everything = QueryOptions {
            relational: true,
            date_time: true,
            fuzzy: true,
        };
        let session = asker.open(everything).await?;
        asker.options = session.query_options(model);
        let _ = session.release().await;
        Ok(asker)
    }

    pub fn options(&self) -> QueryOptions {
        self.options
    }

    async fn open(&self, options: QueryOptions) -> Result<Session, String> {
        let target = &self.dialer.options.target;
        let proposal = find_proposal(target, self.model, options).map_err(|error| chain(&error))?;
        let mut wait = std::time::Duration::from_millis(200);
        loop {
            self.dialer.take_slot().await;
            match Session::connect(target, &proposal).await {
                Ok(session) => return Ok(session),
                Err(error) if !self.dialer.wait(&mut wait).await => return Err(chain(&error)),
                Err(_) => {}
            }
        }
    }

    /// The first answers, at most `limit`.
    pub async fn find(
        &mut self,
        level: Level,
        query: &DataSet,
        limit: usize,
    ) -> Result<Vec<DataSet>, String> {
        if let Some(why) = self.dialer.distress() {
            return Err(why);
        }
        self.dialer.take_slot().await;
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.open(QueryOptions::default()).await?,
        };
        let found = collect(&mut session, self.model, level, query, limit).await;
        // After a refusal the association is still good; after anything else it is made anew.
        match &found {
            Ok(_) | Err(sagittal_dimse::scu::Error::Refused { .. }) => self.session = Some(session),
            Err(_) => session.abort().await,
        }
        found.map_err(|error| chain(&error))
    }

    /// How many answers, 1 standing for any number.
    pub async fn count(&mut self, level: Level, keys: &[(Tag, String)]) -> Result<usize, String> {
        let mut query = data_set(keys)?;
        if !query.contains(unique_key(level)) {
            query.put_empty(unique_key(level));
        }
        Ok(self.find(level, &query, 1).await?.len())
    }

    /// Answers with all the keys of a level.
    pub async fn samples(
        &mut self,
        level: Level,
        above: &[(Tag, String)],
    ) -> Result<Vec<Sample>, String> {
        let mut query = data_set(above)?;
        for key in keys(level) {
            if !query.contains(key.tag) {
                query.put_empty(key.tag);
            }
        }
        let mut found = self.find(level, &query, SAMPLES).await;
        if found.is_err() && level == Level::Study {
            // Some refuse to tell everything: perhaps what is recent.
            for days in [7, 400] {
                query.put_text(tags::STUDY_DATE, &since(days));
                found = self.find(level, &query, SAMPLES).await;
                if found.as_ref().is_ok_and(|answers| !answers.is_empty()) {
                    break;
                }
            }
        }
        let above = above.to_vec();
        Ok(found?
            .into_iter()
            .map(|answer| Sample {
                answer,
                above: above.clone(),
            })
            .collect())
    }

    pub async fn release(&mut self) {
        if let Some(session) = self.session.take() {
            let _ = session.release().await;
        }
    }
}

async fn collect(
    session: &mut Session,
    model: Model,
    level: Level,
    query: &DataSet,
    limit: usize,
) -> sagittal_dimse::scu::Result<Vec<DataSet>> {
    let mut matches = session.find(model, level, query).await?;
    let mut found = Vec::new();
    while let Some(answer) = matches.next().await? {
        found.push(answer);
        if found.len() == limit {
            matches.cancel().await?;
        }
    }
    Ok(found)
}

/// A range of dates that ends today.
fn since(days: i64) -> String {
    let day = format_description!("[year][month][day]");
    let today = OffsetDateTime::now_utc().date();
    let first = today.saturating_sub(Duration::days(days));
    first
        .format(day)
        .map_or_else(|_| String::new(), |day| format!("{day}-"))
}

/// Keys with values; in UTF-8 where one is beyond ASCII.
fn data_set(keys: &[(Tag, String)]) -> Result<DataSet, String> {
    let mut query = if keys.iter().all(|(_, value)| value.is_ascii()) {
        DataSet::new()
    } else {
        DataSet::utf8()
    };
    for (tag, value) in keys {
        query
            .try_put_text(*tag, value)
            .map_err(|error| error.to_string())?;
    }
    Ok(query)
}

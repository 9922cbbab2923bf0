//! Queries.
use super::pool::Readers;
use super::read::Terms;
use crate::Result;
use crate::index::query::IndexQuery;
use crate::index::row::Row;
use std::ops::ControlFlow;
pub fn find(
    readers: &Readers,
    terms: &Terms,
    query: &IndexQuery,
    sink: &mut dyn FnMut(Row) -> ControlFlow<()>,
) -> Result<()> {
    let _ = (readers, terms, query, sink);
    todo!()
}
pub fn count(readers: &Readers, terms: &Terms, query: &IndexQuery) -> Result<u64> {
    let _ = (readers, terms, query);
    todo!()
}

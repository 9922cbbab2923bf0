//! Instances by UIDs.
use super::pool::Readers;
use super::read::Terms;
use crate::Result;
use crate::index::query::Selection;
use crate::index::row::Row;
use rusqlite::Connection;
use std::ops::ControlFlow;
pub fn instance(connection: &Connection, terms: &Terms, uid: &str) -> Result<Option<Row>> {
    let _ = (connection, terms, uid);
    todo!()
}
pub fn instances(
    readers: &Readers,
    terms: &Terms,
    selection: &Selection,
    sink: &mut dyn FnMut(Row) -> ControlFlow<()>,
) -> Result<()> {
    let _ = (readers, terms, selection, sink);
    todo!()
}
pub fn headers(
    readers: &Readers,
    terms: &Terms,
    selection: &Selection,
    sink: &mut dyn FnMut(Vec<u8>, u64) -> ControlFlow<()>,
) -> Result<()> {
    let _ = (readers, terms, selection, sink);
    todo!()
}
pub fn state_tag(
    readers: &Readers,
    terms: &Terms,
    selection: &Selection,
) -> Result<Option<String>> {
    let _ = (readers, terms, selection);
    todo!()
}

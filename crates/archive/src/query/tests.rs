//! Queries on an archive.

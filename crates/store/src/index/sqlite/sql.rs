//! From conditions to SQL.

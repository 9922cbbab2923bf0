//! Faces removed from head CT and MR (PS3.15 §E.3.2).

mod policy;

pub use policy::DefacePolicy;

//! Values: what stands in for a protected one, and what may stand where.

pub(crate) mod age;
pub(crate) mod check;
pub(crate) mod dummy;
pub(crate) mod shift;
pub(crate) mod uid;

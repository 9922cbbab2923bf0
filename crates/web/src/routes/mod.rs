//! The one table of routes. The router, the capabilities (WADL and JSON) and the OpenAPI document
//! are made from it, so that none can say what another does not.

mod media_types;
mod negotiations;
mod parameters;
mod quality;
mod route;
mod statuses;
mod table;

pub use route::{Base, Method, Parameter, Route};
pub use table::ROUTES;

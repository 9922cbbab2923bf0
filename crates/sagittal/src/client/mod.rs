//! A DICOMweb client for `import --server` and `export --server`.

mod http;
mod retrieve;
mod stow;
mod url;

pub use http::{Access, HttpClient, body, empty, reason};
pub use retrieve::{Remote, RemoteInstance};
pub use stow::{StowClient, Stowed};
pub use url::ServerUrl;

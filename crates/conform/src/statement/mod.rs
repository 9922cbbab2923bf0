//! The conformance statement of this implementation, as a [`Document`]: from the registries by which
//! the program works and the running configuration, never kept by hand.

mod build;
mod queries;
mod table;
#[cfg(test)]
mod tests;
mod web;

pub use build::statement;

/// What a statement is made of.
pub struct Input<'a> {
    /// The configuration of the DIMSE side.
    pub dimse: &'a sagittal_dimse::DimseConfig,
    /// Version of the product.
    pub version: &'a str,
    /// When, as RFC 3339 writes it.
    pub date: Option<String>,
    /// The DIMSE port.
    pub port: u16,
    /// The port for DIMSE over TLS, if there is one.
    pub tls_port: Option<u16>,
    /// Whether clients on that port need a certificate.
    pub client_certificate: crate::document::ClientCertificate,
    /// Path or URL of DICOMweb.
    pub dicomweb: String,
    /// AE titles of the configured peers.
    pub peers: Vec<String>,
    /// What the HTTP side offers.
    pub routes: Vec<Route>,
}

/// A DICOMweb transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path template.
    pub path: String,
    /// What it does.
    pub description: String,
    /// Media types of the answers.
    pub media_types: Vec<String>,
    /// Query parameters, each with what it does.
    pub parameters: Vec<(String, String)>,
}

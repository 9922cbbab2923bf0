//! What a row of the table of routes says.

use axum::routing::MethodRouter;
use sagittal_auth::Permission;

use crate::config::WebConfig;
use crate::state::WebState;

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// At the server's root.
    Root,
    /// At the configured DICOMweb path.
    DicomWeb,
    /// At the configured path of WADO-URI.
    WadoUri,
}

/// A method that a route answers. GET includes HEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Delete,
    Options,
}

impl Method {
    /// In capital letters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
        }
    }
}

/// A query parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Must it be there?
    pub required: bool,
    /// May it occur several times?
    pub repeated: bool,
    /// JSON schema type.
    pub kind: &'static str,
}

/// A route.
pub struct Route {
    /// Unique name (operationId).
    pub name: &'static str,
    /// Method.
    pub method: Method,
    /// Where the path begins.
    pub base: Base,
    /// Path from there; `{name}` for parameters, `{*name}` for the rest.
    pub path: &'static str,
    /// The permission that it takes; `None` for everybody.
    pub permission: Option<Permission>,
    /// What it does.
    pub summary: &'static str,
    /// Where it is defined.
    pub clause: &'static str,
    /// Query parameters.
    pub query: &'static [Parameter],
    /// Media types of the request.
    pub consumes: &'static [&'static str],
    /// Media types of the response.
    pub produces: &'static [&'static str],
    /// Status codes besides 401 and 403.
    pub statuses: &'static [u16],
    /// The handler.
    pub handler: fn() -> MethodRouter<WebState>,
}

impl Route {
    /// Does a de-identified view have it? What the standard defines speaks of instances, which a view
    /// shows by its policy; extensions may show something else of the originals. What writes is
    /// there to be refused, and that to be recorded.
    pub fn is_in_views(&self) -> bool {
        let is_standard = self.clause.starts_with("PS3.18");
        self.base != Base::Root && (is_standard || self.method == Method::Delete)
    }

    /// Is it told of where the configuration applies?
    pub fn is_offered(&self, config: &WebConfig) -> bool {
        let writes = matches!(self.method, Method::Post | Method::Delete);
        !config.read_only || (!writes && self.is_in_views())
    }

    /// The whole path, with the configured prefixes.
    pub fn full_path(&self, config: &WebConfig) -> String {
        let prefix = match self.base {
            Base::Root => "",
            Base::DicomWeb => config.dicomweb_path.trim_end_matches('/'),
            Base::WadoUri => config.wado_uri_path.as_str(),
        };
        format!("{prefix}{}", self.path)
    }

    /// Names of the path's parameters.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path
            .split('{')
            .skip(1)
            .filter_map(|piece| piece.split('}').next())
            .map(|name| name.trim_start_matches('*'))
    }
}

/// A route below the DICOMweb path.
#[allow(clippy::too_many_arguments)] // one for each field that differs
pub(super) const fn dicomweb(
    name: &'static str,
    method: Method,
    path: &'static str,
    permission: Permission,
    summary: &'static str,
    clause: &'static str,
    query: &'static [Parameter],
    produces: &'static [&'static str],
    statuses: &'static [u16],
    handler: fn() -> MethodRouter<WebState>,
) -> Route {
    Route {
        name,
        method,
        base: Base::DicomWeb,
        path,
        permission: Some(permission),
        summary,
        clause,
        query,
        consumes: &[],
        produces,
        statuses,
        handler,
    }
}

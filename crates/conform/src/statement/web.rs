//! The web side of the statement.

use super::Input;
use crate::document::{Fact, Support, Web, WebMediaType, WebParameter, WebResource};

/// The DICOMweb services, if there are any.
pub(super) fn web(input: &Input<'_>) -> Vec<Web> {
    if input.routes.is_empty() {
        return Vec::new();
    }
    let resources = input.routes.iter().map(|route| WebResource {
        transaction: route.description.clone(),
        method: route.method.clone(),
        path: route.path.clone(),
        media_types: route
            .media_types
            .iter()
            .map(|media_type| WebMediaType {
                media_type: media_type.clone(),
                support: Support::Yes,
                transfer_syntaxes: Default::default(),
                remark: None,
            })
            .collect(),
        parameters: route
            .parameters
            .iter()
            .map(|(name, about)| WebParameter {
                name: name.clone(),
                support: Support::Yes,
                remark: Some(about.clone()),
            })
            .collect(),
        ..WebResource::default()
    });
    vec![Web {
        url: input.dicomweb.clone(),
        resources: resources.collect(),
        capabilities: Fact::known(input.routes.iter().any(|route| route.method == "OPTIONS")),
        ..Web::default()
    }]
}

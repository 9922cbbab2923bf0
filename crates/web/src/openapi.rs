//! The OpenAPI 3.1 document, made from the table of routes.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use sagittal_auth::permission;
use serde_json::{Map, Value, json};

use crate::authorize::Access;
use crate::config::WebConfig;
use crate::error::Result;
use crate::request::Request;
use crate::routes::{Parameter, ROUTES, Route};
use crate::state::WebState;

/// `GET /openapi.json`.
pub(crate) async fn document(
    _access: Access<permission::Verify>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let document = describe(&state.config, &request.root);
    Ok(([(CONTENT_TYPE, "application/json")], document.to_string()).into_response())
}

/// The document for a server at `root`.
pub fn describe(config: &WebConfig, root: &str) -> Value {
    let mut paths = Map::new();
    for route in ROUTES.iter().filter(|route| route.is_offered(config)) {
        let path = route.full_path(config).replace("{*", "{");
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        if let Value::Object(entry) = entry {
            entry.insert(route.method.as_str().to_ascii_lowercase(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sagittal",
            "version": config.version,
            "description": "DICOMweb (PS3.18) and administration of a Sagittal archive.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": root}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error", "status", "message"],
                    "properties": {
                        "error": {"type": "string"},
                        "status": {"type": "integer"},
                        "message": {"type": "string"},
                    },
                },
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> = route
        .path_parameters()
        .map(|name| {
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "schema": {"type": "string"},
            })
        })
        .collect();
    parameters.extend(route.query.iter().map(parameter));
    let mut responses = Map::new();
    let guarded: &[u16] = if route.permission.is_some() {
        &[401, 403]
    } else {
        &[]
    };
    for status in route.statuses.iter().chain(guarded) {
        responses.insert(status.to_string(), response(route, *status));
    }
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "description": match route.permission {
            Some(permission) => format!("{}. Needs the permission `{permission}`.", route.clause),
            None => format!("{}. Open to everybody.", route.clause),
        },
        "parameters": parameters,
        "responses": responses,
        "security": match route.permission {
            Some(_) => json!([{"basic": []}, {"token": []}]),
            None => json!([]),
        },
    });
    if !route.consumes.is_empty()
        && let Value::Object(operation) = &mut operation
    {
        operation.insert(
            "requestBody".to_owned(),
            json!({"required": true, "content": content(route.consumes)}),
        );
    }
    operation
}

fn parameter(parameter: &Parameter) -> Value {
    let schema = json!({"type": parameter.kind});
    // A name in braces stands for any attribute: an object whose properties are parameters.
    if parameter.name.starts_with('{') {
        return json!({
            "name": parameter.name.trim_matches(['{', '}']),
            "in": "query",
            "description": parameter.about,
            "style": "form",
            "explode": true,
            "schema": {"type": "object", "additionalProperties": schema},
        });
    }
    let schema = if parameter.repeated {
        json!({"type": "array", "items": schema})
    } else {
        schema
    };
    json!({
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.about,
        "schema": schema,
    })
}

fn response(route: &Route, status: u16) -> Value {
    let text = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("");
    match status {
        200 | 202 | 206 => json!({"description": text, "content": content(route.produces)}),
        204 | 304 => json!({"description": text}),
        _ => json!({
            "description": text,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Error"}},
            },
        }),
    }
}

fn content(media_types: &[&str]) -> Value {
    Value::Object(
        media_types
            .iter()
            .map(|media_type| ((*media_type).to_owned(), json!({})))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_route_is_in_the_document() {
        let config = WebConfig::new("/tmp");
        let document = describe(&config, "http://h");
        let mut operations = 0;
        for (path, entry) in document["paths"].as_object().unwrap() {
            assert!(!path.contains('*'));
            for operation in entry.as_object().unwrap().values() {
                operations += 1;
                let names: Vec<&str> = operation["parameters"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|p| p["in"] == "path")
                    .map(|p| p["name"].as_str().unwrap())
                    .collect();
                assert_eq!(names.len(), path.matches('{').count());
            }
        }
        assert_eq!(operations, ROUTES.len());
        assert!(
            document["paths"]["/dicom-web/studies"]["post"]["requestBody"]["content"]
                ["application/dicom+json"]
                .is_object()
        );
    }
}

//! Retrieve Capabilities (PS3.18 §8.9): WADL or JSON, made from the table of routes.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::{ALLOW, CONTENT_TYPE, VARY};
use sagittal_auth::permission;

use crate::accept::Offer;
use crate::authorize::Access;
use crate::config::WebConfig;
use crate::error::Result;
use crate::openapi;
use crate::request::Request;
use crate::routes::{Base, Method, ROUTES, Route};
use crate::state::WebState;

const WADL: Offer = Offer {
    media_type: "application/vnd.sun.wadl+xml",
    multipart: false,
};
const JSON: Offer = Offer {
    media_type: "application/json",
    multipart: false,
};

/// `OPTIONS /`.
pub(crate) async fn retrieve(
    _access: Access<permission::Verify>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let offer = request.accept()?.choose(&[WADL, JSON])?;
    let body = if offer == WADL {
        wadl(&state.config, &request.root)
    } else {
        openapi::describe(&state.config, &request.root).to_string()
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(offer.media_type));
    headers.insert(ALLOW, HeaderValue::from_static("OPTIONS"));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

/// The Web Application Description of the DICOMweb routes.
fn wadl(config: &WebConfig, root: &str) -> String {
    let mut resources: BTreeMap<String, Vec<&Route>> = BTreeMap::new();
    let offered = ROUTES.iter().filter(|route| route.is_offered(config));
    for route in offered.filter(|route| route.base != Base::Root) {
        let path = route.full_path(config).replace("{*", "{");
        resources.entry(path).or_default().push(route);
    }
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <application xmlns=\"http://wadl.dev.java.net/2009/02\" \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">\n",
    );
    out.push_str(&format!(" <resources base=\"{}\">\n", escape(root)));
    for (path, routes) in &resources {
        out.push_str(&format!("  <resource path=\"{}\">\n", escape(path)));
        for name in routes
            .iter()
            .take(1)
            .flat_map(|route| route.path_parameters())
        {
            out.push_str(&format!(
                "   <param name=\"{name}\" style=\"template\" type=\"xs:string\" required=\"true\"/>\n"
            ));
        }
        for route in routes {
            method(route, &mut out);
        }
        out.push_str("  </resource>\n");
    }
    out.push_str(" </resources>\n</application>\n");
    out
}

fn method(route: &Route, out: &mut String) {
    out.push_str(&format!(
        "   <method name=\"{}\" id=\"{}\">\n",
        route.method.as_str(),
        route.name
    ));
    out.push_str(&format!(
        "    <doc>{}</doc>\n    <request>\n",
        escape(route.summary)
    ));
    for parameter in route.query {
        out.push_str(&format!(
            "     <param name=\"{}\" style=\"query\" type=\"xs:{}\" required=\"{}\" repeating=\"{}\"/>\n",
            escape(parameter.name),
            parameter.kind,
            parameter.required,
            parameter.repeated
        ));
    }
    if route.method == Method::Get {
        out.push_str("     <param name=\"Accept\" style=\"header\" type=\"xs:string\"/>\n");
    }
    representations(route.consumes, out);
    out.push_str("    </request>\n");
    for status in route.statuses {
        out.push_str(&format!("    <response status=\"{status}\">\n"));
        if matches!(status, 200 | 202 | 206) {
            representations(route.produces, out);
        }
        out.push_str("    </response>\n");
    }
    out.push_str("   </method>\n");
}

fn representations(media_types: &[&str], out: &mut String) {
    for media_type in media_types {
        out.push_str(&format!(
            "     <representation mediaType=\"{}\"/>\n",
            escape(media_type)
        ));
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dicomweb_route_is_in_the_wadl() {
        let text = wadl(&WebConfig::new("/tmp"), "http://h/<x>");
        for route in ROUTES.iter().filter(|route| route.base != Base::Root) {
            assert!(
                text.contains(&format!("id=\"{}\"", route.name)),
                "{}",
                route.name
            );
        }
        assert!(text.contains("base=\"http://h/&lt;x&gt;\""));
        assert!(
            !text.contains("type=\"application/dicom\"\""),
            "quotes are escaped"
        );
    }
}

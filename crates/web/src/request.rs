//! What a handler wants to know of its request: path, query, headers and base URL.

use axum::extract::{FromRequestParts, RawPathParams};
use http::HeaderMap;
use http::request::Parts;
use sagittal_archive::retrieve::Selector;
use sagittal_core::Uid;

use crate::accept::Accept;
use crate::error::{Error, Result};
use crate::peer::{Peer, base_url};
use crate::state::WebState;

/// Query parameters of one request.
const PARAMETERS: usize = 1000;

/// A request without its body.
pub(crate) struct Request {
    /// Header fields.
    pub headers: HeaderMap,
    /// Query parameters in order, decoded.
    pub query: Vec<(String, String)>,
    /// `scheme://host…` of the whole server.
    pub root: String,
    /// `scheme://host…/dicom-web`.
    pub base: String,
    path: Vec<(String, String)>,
}

impl FromRequestParts<WebState> for Request {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Request> {
        let path = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Error::bad("the path is not percent-encoded UTF-8"))?
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let root = base_url(
            &state.config,
            parts.extensions.get::<Peer>(),
            &parts.headers,
            &parts.uri,
        );
        Ok(Request {
            headers: parts.headers.clone(),
            query: parse_query(parts.uri.query().unwrap_or(""))?,
            base: format!("{root}{}", state.config.dicomweb_path),
            root,
            path,
        })
    }
}

impl Request {
    /// A path parameter.
    pub fn path(&self, name: &str) -> Option<&str> {
        self.path
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A UID of the path, if the route has it.
    pub fn uid(&self, name: &str) -> Result<Option<Uid>> {
        self.path(name)
            .map(|text| {
                Uid::tolerant(text)
                    .map_err(|_| Error::bad(format!("{name} in the path is not a UID")))
            })
            .transpose()
    }

    /// What study, series and instance of the path select.
    pub fn selector(&self) -> Result<Selector> {
        let one = |uid: Option<Uid>| uid.into_iter().collect();
        Ok(Selector {
            patient_ids: Vec::new(),
            study_instance_uids: one(self.uid("study")?),
            series_instance_uids: one(self.uid("series")?),
            sop_instance_uids: one(self.uid("instance")?),
        })
    }

    /// A query parameter, whatever the case of its name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// What the client accepts.
    pub fn accept(&self) -> Result<Accept> {
        Accept::from_request(&self.headers, self.parameter("accept"))
    }

    /// `{base}/studies/…` of what the path selects.
    pub fn resource_url(&self) -> String {
        let mut url = format!("{}/studies", self.base);
        for (name, folder) in [
            ("study", ""),
            ("series", "/series"),
            ("instance", "/instances"),
        ] {
            if let Some(uid) = self.path(name) {
                url.push_str(folder);
                url.push('/');
                url.push_str(uid);
            }
        }
        url
    }
}

#[cfg(test)]
impl Request {
    /// A request without headers to `http://h`.
    pub fn for_test(_path: &str, query: &str, path: &[(&str, &str)]) -> Result<Request> {
        Ok(Request {
            headers: HeaderMap::new(),
            query: parse_query(query)?,
            root: "http://h".to_owned(),
            base: "http://h/dicom-web".to_owned(),
            path: path
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        })
    }
}

/// Decodes `application/x-www-form-urlencoded` pairs, as browsers and most clients write queries.
pub(crate) fn parse_query(query: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for piece in query.split('&').filter(|piece| !piece.is_empty()) {
        if pairs.len() >= PARAMETERS {
            return Err(Error::bad(format!("more than {PARAMETERS} parameters")));
        }
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        pairs.push((decode(name)?, decode(value)?));
    }
    Ok(pairs)
}

fn decode(text: &str) -> Result<String> {
    let malformed = || Error::bad("the query is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = rest.next().and_then(hex).ok_or_else(malformed)?;
                let low = rest.next().and_then(hex).ok_or_else(malformed)?;
                high << 4 | low
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn queries_are_decoded_pair_by_pair() {
        let pairs = parse_query("PatientName=D%C3%96E+J%5EX&limit&&a=b=c").unwrap();
        let expected = [("PatientName", "DÖE J^X"), ("limit", ""), ("a", "b=c")];
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(pairs, expected);
        assert!(parse_query("").unwrap().is_empty());
    }

    #[test]
    fn what_is_not_utf_8_or_cut_is_refused() {
        for bad in ["a=%", "a=%4", "a=%zz", "a=%FF", "%C3=1"] {
            assert!(parse_query(bad).is_err(), "{bad}");
        }
        assert!(parse_query(&"a&".repeat(2000)).is_err());
    }
}

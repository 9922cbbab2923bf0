//! What became of a store request (PS3.18 Annex I, status codes of §10.5.3).

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY, WARNING};
use http::{HeaderValue, StatusCode};
use sagittal_archive::Error as ArchiveError;
use sagittal_archive::ingest::{Outcome, Stored};
use sagittal_core::{DataSet, Tag, Uid, Vr, tags};
use sagittal_file::{json, xml};
use sagittal_store::Error as StoreError;

use crate::accept::{Accept, Offer};
use crate::error::{Chain, Error, Result};

/// Failure and warning reasons (PS3.18 Tables I.2-1, I.2-2; PS3.7 Annex C).
pub mod reason {
    /// Processing failure.
    pub const PROCESSING_FAILURE: u16 = 0x0110;
    /// Duplicate SOP Instance.
    pub const DUPLICATE: u16 = 0x0111;
    /// Out of resources.
    pub const OUT_OF_RESOURCES: u16 = 0xA700;
    /// Data set does not match.
    pub const MISMATCH: u16 = 0xA900;
    /// Cannot understand.
    pub const CANNOT_UNDERSTAND: u16 = 0xC000;
    /// Transfer syntax not supported.
    pub const TRANSFER_SYNTAX: u16 = 0xC122;
    /// Something about the instance is not as it was sent: it is kept, but not shown.
    pub const COERCION: u16 = 0xB000;
}

/// Failures that a response puts into words.
const EXPLAINED: usize = 8;

/// An instance that is not stored.
#[derive(Clone, Debug)]
pub struct Failure {
    /// SOP Class UID, if it could be read.
    pub sop_class_uid: Option<Uid>,
    /// SOP Instance UID, if it could be read.
    pub sop_instance_uid: Option<Uid>,
    /// Failure Reason (0008,1197).
    pub reason: u16,
    /// The status that the whole request gets if nothing is stored.
    pub status: StatusCode,
    /// In words, without patient data; for the log, and for the sender unless it is our fault.
    pub message: String,
}

/// What became of a request.
#[derive(Debug, Default)]
pub struct Report {
    /// Instances that are durable, new or known.
    pub stored: Vec<Stored>,
    /// The others.
    pub failed: Vec<Failure>,
}

impl Failure {
    /// A failure with its words.
    pub fn new(reason: u16, status: StatusCode, message: impl Into<String>) -> Failure {
        Failure {
            sop_class_uid: None,
            sop_instance_uid: None,
            reason,
            status,
            message: message.into(),
        }
    }

    /// Cannot be understood.
    pub fn unreadable(message: impl Into<String>) -> Failure {
        Failure::new(reason::CANNOT_UNDERSTAND, StatusCode::BAD_REQUEST, message)
    }

    /// What an error of the archive means to the sender.
    pub fn of(error: &ArchiveError) -> Failure {
        let (reason, status) = match error {
            ArchiveError::Unreadable { .. }
            | ArchiveError::File(_)
            | ArchiveError::BadRequest { .. } => {
                (reason::CANNOT_UNDERSTAND, StatusCode::BAD_REQUEST)
            }
            ArchiveError::Mismatch { .. } => (reason::MISMATCH, StatusCode::CONFLICT),
            ArchiveError::Refused { mismatch: true, .. } => {
                (reason::MISMATCH, StatusCode::CONFLICT)
            }
            ArchiveError::Refused { .. } => (reason::CANNOT_UNDERSTAND, StatusCode::CONFLICT),
            ArchiveError::Duplicate { .. } => (reason::DUPLICATE, StatusCode::CONFLICT),
            ArchiveError::TooLarge { .. } => {
                (reason::OUT_OF_RESOURCES, StatusCode::PAYLOAD_TOO_LARGE)
            }
            ArchiveError::Store(StoreError::Full { .. }) => {
                (reason::OUT_OF_RESOURCES, StatusCode::INSUFFICIENT_STORAGE)
            }
            ArchiveError::Stopping | ArchiveError::Store(StoreError::Stopping) => {
                (reason::OUT_OF_RESOURCES, StatusCode::SERVICE_UNAVAILABLE)
            }
            error => {
                tracing::error!(error = %Chain(error), "instance not stored");
                (
                    reason::PROCESSING_FAILURE,
                    StatusCode::INTERNAL_SERVER_ERROR,
                )
            }
        };
        Failure::new(reason, status, error.to_string())
    }

    /// Names the instance.
    pub fn naming(mut self, sop_class_uid: Option<Uid>, sop_instance_uid: Option<Uid>) -> Failure {
        self.sop_class_uid = sop_class_uid;
        self.sop_instance_uid = sop_instance_uid;
        self
    }
}

impl Report {
    /// Takes in what became of one instance.
    pub fn add(&mut self, result: Result<Stored, Failure>) {
        match result {
            Ok(stored) => self.stored.push(stored),
            Err(failure) => {
                tracing::info!(
                    reason = format_args!("{:04X}", failure.reason),
                    sop_instance_uid = failure.sop_instance_uid.as_ref().map_or("", Uid::as_str),
                    message = failure.message,
                    "instance refused"
                );
                self.failed.push(failure);
            }
        }
    }

    /// The request itself broke off: an error of its own if nothing was stored by then.
    pub fn broken_off(mut self, error: Error) -> Result<Report> {
        if self.stored.is_empty() {
            return Err(error);
        }
        let status = error.status();
        let reason = match status {
            StatusCode::PAYLOAD_TOO_LARGE => reason::OUT_OF_RESOURCES,
            _ => reason::CANNOT_UNDERSTAND,
        };
        self.add(Err(Failure::new(reason, status, error.to_string())));
        Ok(self)
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        let warned = self.stored.iter().any(|stored| warning(stored).is_some());
        match (self.stored.is_empty(), self.failed.is_empty()) {
            (false, true) if !warned => StatusCode::OK,
            (false, _) => StatusCode::ACCEPTED,
            (true, _) => {
                // The reason that the sender can do least about.
                const ORDER: &[StatusCode] = &[
                    StatusCode::INTERNAL_SERVER_ERROR,
                    StatusCode::INSUFFICIENT_STORAGE,
                    StatusCode::SERVICE_UNAVAILABLE,
                    StatusCode::PAYLOAD_TOO_LARGE,
                    StatusCode::CONFLICT,
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ];
                ORDER
                    .iter()
                    .find(|status| self.failed.iter().any(|failure| failure.status == **status))
                    .copied()
                    .unwrap_or(StatusCode::BAD_REQUEST)
            }
        }
    }

    /// The response, in JSON or XML. A client that takes neither still gets JSON: what is stored
    /// is stored.
    pub fn respond(&self, base: &str, ae_title: &str, accept: &Accept) -> Response {
        const OFFERS: &[Offer] = &[
            Offer {
                media_type: "application/dicom+json",
                multipart: false,
            },
            Offer {
                media_type: "application/json",
                multipart: false,
            },
            Offer {
                media_type: "application/dicom+xml",
                multipart: false,
            },
        ];
        let media_type = accept
            .choose(OFFERS)
            .map_or("application/dicom+json", |offer| offer.media_type);
        let data_set = self.data_set(base);
        let mut body = Vec::new();
        if media_type == "application/dicom+xml" {
            xml::write(&data_set, &mut body);
        } else {
            json::write(&data_set, &mut body);
        }
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("Accept"));
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        for text in self.explanations(ae_title) {
            headers.append(WARNING, text);
        }
        response
    }

    /// What the module has no attribute for: why, in words, as `Warning` headers (PS3.18 §10.5.3
    /// has codes alone).
    fn explanations(&self, ae_title: &str) -> Vec<HeaderValue> {
        let quoted = |failure: &Failure| {
            let clean = |c: char| match c {
                '"' | '\\' => '\'',
                c if c == ' ' || c.is_ascii_graphic() => c,
                _ => '?',
            };
            let text: String = failure.message.chars().take(300).map(clean).collect();
            HeaderValue::from_str(&format!("299 {ae_title}: \"{text}\"")).ok()
        };
        self.failed
            .iter()
            .filter(|failure| !failure.status.is_server_error())
            .take(EXPLAINED)
            .filter_map(quoted)
            .collect()
    }

    /// The Store Instances Response Module (PS3.18 Table I.2-1).
    fn data_set(&self, base: &str) -> DataSet {
        let mut data_set = DataSet::new();
        let mut stored = Vec::new();
        for instance in &self.stored {
            let mut item = DataSet::new();
            let study = format!("{base}/studies/{}", instance.study_instance_uid);
            item.put_uid(tags::REFERENCED_SOP_CLASS_UID, &instance.sop_class_uid);
            item.put_uid(
                tags::REFERENCED_SOP_INSTANCE_UID,
                &instance.sop_instance_uid,
            );
            // What is held back cannot be retrieved yet.
            if instance.outcome != Outcome::Quarantined {
                put_url(
                    &mut item,
                    &format!(
                        "{study}/series/{}/instances/{}",
                        instance.series_instance_uid, instance.sop_instance_uid
                    ),
                );
            }
            if let Some(reason) = warning(instance) {
                item.put_u16(tags::WARNING_REASON, &[reason]);
            }
            stored.push(item);
        }
        match self.one_study() {
            Some(uid) => put_url(&mut data_set, &format!("{base}/studies/{uid}")),
            None => data_set.put_bytes(tags::RETRIEVE_URL, Vr::UR, Vec::new()),
        }
        let (named, unnamed): (Vec<&Failure>, Vec<&Failure>) = self
            .failed
            .iter()
            .partition(|failure| failure.sop_instance_uid.is_some());
        put_items(
            &mut data_set,
            tags::FAILED_SOP_SEQUENCE,
            named.iter().map(|failure| failed_item(failure)).collect(),
        );
        put_items(&mut data_set, tags::REFERENCED_SOP_SEQUENCE, stored);
        put_items(
            &mut data_set,
            tags::OTHER_FAILURES_SEQUENCE,
            unnamed.iter().map(|failure| failed_item(failure)).collect(),
        );
        data_set
    }

    /// The study, if all stored instances are of one.
    fn one_study(&self) -> Option<&Uid> {
        let first = &self.stored.first()?.study_instance_uid;
        self.stored
            .iter()
            .all(|stored| stored.study_instance_uid == *first)
            .then_some(first)
    }
}

/// Kept, but not as the sender may think.
fn warning(stored: &Stored) -> Option<u16> {
    match stored.outcome {
        Outcome::KeptHidden => Some(reason::COERCION),
        Outcome::New | Outcome::Identical | Outcome::Replaced | Outcome::Quarantined => None,
    }
}

fn failed_item(failure: &Failure) -> DataSet {
    let mut item = DataSet::new();
    if let Some(uid) = &failure.sop_instance_uid {
        match &failure.sop_class_uid {
            Some(class) => item.put_uid(tags::REFERENCED_SOP_CLASS_UID, class),
            None => item.put_empty(tags::REFERENCED_SOP_CLASS_UID),
        }
        item.put_uid(tags::REFERENCED_SOP_INSTANCE_UID, uid);
    }
    item.put_u16(tags::FAILURE_REASON, &[failure.reason]);
    item
}

fn put_url(data_set: &mut DataSet, url: &str) {
    data_set.put_bytes(tags::RETRIEVE_URL, Vr::UR, url.as_bytes().to_vec());
}

fn put_items(data_set: &mut DataSet, tag: Tag, items: Vec<DataSet>) {
    if !items.is_empty() {
        data_set.put_items(tag, items);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn stored(study: &'static str, outcome: Outcome) -> Stored {
        Stored {
            sop_class_uid: Uid::from_static("1.2.840.10008.5.1.4.1.1.2"),
            sop_instance_uid: Uid::from_static("1.2.3.4"),
            study_instance_uid: Uid::from_static(study),
            series_instance_uid: Uid::from_static("1.2.3"),
            outcome,
            findings: Vec::new(),
        }
    }

    fn report(stored: Vec<Stored>, failed: &[StatusCode]) -> Report {
        let failed = failed
            .iter()
            .map(|status| Failure::new(reason::CANNOT_UNDERSTAND, *status, "x"))
            .collect();
        Report { stored, failed }
    }

    #[test]
    fn the_status_says_whether_all_some_or_nothing_was_stored() {
        let new = || vec![stored("1.2", Outcome::New)];
        let rows = [
            (report(new(), &[]), 200),
            (report(vec![stored("1.2", Outcome::Identical)], &[]), 200),
            (report(vec![stored("1.2", Outcome::KeptHidden)], &[]), 202),
            (report(new(), &[StatusCode::CONFLICT]), 202),
            (report(vec![], &[StatusCode::BAD_REQUEST]), 400),
            (
                report(vec![], &[StatusCode::BAD_REQUEST, StatusCode::CONFLICT]),
                409,
            ),
            (report(vec![], &[StatusCode::UNSUPPORTED_MEDIA_TYPE]), 415),
            (
                report(
                    vec![],
                    &[StatusCode::CONFLICT, StatusCode::INSUFFICIENT_STORAGE],
                ),
                507,
            ),
            (report(vec![], &[]), 400),
        ];
        for (report, status) in rows {
            assert_eq!(report.status().as_u16(), status);
        }
    }

    #[test]
    fn the_response_names_what_is_stored_and_what_is_not() {
        let mut report = report(vec![stored("1.2", Outcome::KeptHidden)], &[]);
        report.failed = vec![
            Failure::unreadable("x"),
            Failure::new(reason::MISMATCH, StatusCode::CONFLICT, "x")
                .naming(None, Some(Uid::from_static("1.9"))),
        ];
        let data_set = report.data_set("http://h/d");
        let text = |tag| data_set.text(tag).map(|text| text.into_owned());
        assert_eq!(text(tags::RETRIEVE_URL).unwrap(), "http://h/d/studies/1.2");
        let item = &data_set.items(tags::REFERENCED_SOP_SEQUENCE)[0];
        assert_eq!(item.int(tags::WARNING_REASON), Some(0xB000));
        assert_eq!(
            item.text(tags::RETRIEVE_URL).unwrap(),
            "http://h/d/studies/1.2/series/1.2.3/instances/1.2.3.4"
        );
        let failed = &data_set.items(tags::FAILED_SOP_SEQUENCE)[0];
        assert_eq!(failed.int(tags::FAILURE_REASON), Some(0xA900));
        let other = &data_set.items(tags::OTHER_FAILURES_SEQUENCE)[0];
        assert_eq!(other.int(tags::FAILURE_REASON), Some(0xC000));
    }

    #[test]
    fn instances_of_several_studies_have_no_common_url() {
        let report = report(
            vec![stored("1.2", Outcome::New), stored("1.3", Outcome::New)],
            &[],
        );
        let data_set = report.data_set("http://h/d");
        assert!(data_set.contains(tags::RETRIEVE_URL));
        assert!(data_set.text(tags::RETRIEVE_URL).is_none());
    }

    #[test]
    fn a_request_that_breaks_off_before_anything_is_stored_is_an_error() {
        assert!(matches!(
            Report::default().broken_off(Error::Timeout),
            Err(Error::Timeout)
        ));
        let report = report(vec![stored("1.2", Outcome::New)], &[]);
        assert_eq!(
            report.broken_off(Error::Timeout).unwrap().status().as_u16(),
            202
        );
    }
}

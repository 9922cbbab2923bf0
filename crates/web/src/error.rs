//! Translation of errors to HTTP (PS3.18 §8.5 status codes, §8.6.3 status report).

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use sagittal_archive::Error as ArchiveError;
use sagittal_auth::Rejection;
use sagittal_pixel::Error as PixelError;
use sagittal_store::Error as StoreError;
use serde_json::json;

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request was not answered as asked. Messages hold UIDs and tags, no patient data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// 400: the request makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// 401: nobody knows who asks. 429: it was wrong too often.
    #[error(transparent)]
    Unauthorized(#[from] Rejection),
    /// 403: it is known who asks, and it may not.
    #[error("the permission `{0}` is needed")]
    Forbidden(sagittal_auth::Permission),
    /// 404: there is no such resource.
    #[error("{0}")]
    NotFound(String),
    /// 405.
    #[error("the method is not allowed here")]
    MethodNotAllowed,
    /// 406: nothing that the client accepts can be given.
    #[error("{0}")]
    NotAcceptable(String),
    /// 408: the client sends too slowly.
    #[error("the request body came too slowly")]
    Timeout,
    /// 413: more than is taken.
    #[error("{0}")]
    TooLarge(String),
    /// 415: a media type or encoding that is not understood.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// 416: the range lies outside.
    #[error("the range lies outside the {length} bytes of the resource")]
    RangeNotSatisfiable {
        /// Bytes of the resource.
        length: u64,
    },
    /// 503: too busy or stopping; try again.
    #[error("{0}")]
    Unavailable(String),
    /// From the archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// 500: our fault.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// 400 with a reason.
    pub fn bad(reason: impl Into<String>) -> Error {
        Error::BadRequest(reason.into())
    }

    /// 406 with what could be given.
    pub fn not_acceptable(reason: impl Into<String>) -> Error {
        Error::NotAcceptable(reason.into())
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        match self {
            Error::BadRequest(_) => StatusCode::BAD_REQUEST,
            Error::Unauthorized(Rejection::TooMany { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Error::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Error::NotAcceptable(_) => StatusCode::NOT_ACCEPTABLE,
            Error::Timeout => StatusCode::REQUEST_TIMEOUT,
            Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Error::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::RangeNotSatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Error::Archive(error) => archive_status(error),
        }
    }
}

/// The status of an error of the archive.
fn archive_status(error: &ArchiveError) -> StatusCode {
    match error {
        ArchiveError::NotFound { .. } => StatusCode::NOT_FOUND,
        ArchiveError::Gone { .. } => StatusCode::GONE,
        ArchiveError::BadRequest { .. }
        | ArchiveError::BadKey { .. }
        | ArchiveError::Unreadable { .. } => StatusCode::BAD_REQUEST,
        ArchiveError::Mismatch { .. }
        | ArchiveError::Duplicate { .. }
        | ArchiveError::Refused { .. } => StatusCode::CONFLICT,
        ArchiveError::NotConvertible { .. } | ArchiveError::Unconvertible { .. } => {
            StatusCode::NOT_ACCEPTABLE
        }
        ArchiveError::Withheld | ArchiveError::ReadOnly => StatusCode::FORBIDDEN,
        ArchiveError::Pixel(error) => pixel_status(error),
        ArchiveError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        ArchiveError::Stopping
        | ArchiveError::Busy
        | ArchiveError::Stalled
        | ArchiveError::Store(StoreError::Stopping) => StatusCode::SERVICE_UNAVAILABLE,
        ArchiveError::Store(StoreError::Full { .. }) => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Pixels that cannot be decoded, encoded or drawn are the object's affair: no representation, but
/// the object itself can be had.
fn pixel_status(error: &PixelError) -> StatusCode {
    match error {
        PixelError::Read { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        PixelError::NoFrame { .. } => StatusCode::NOT_FOUND,
        PixelError::Parameter { .. } => StatusCode::BAD_REQUEST,
        _ => StatusCode::NOT_ACCEPTABLE,
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        // What the disk or the index says is for the log, not for strangers.
        let message = if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(status = status.as_u16(), error = %Chain(&self), "request failed");
            match status {
                StatusCode::INSUFFICIENT_STORAGE => "no space left to store".to_owned(),
                _ => "internal error; see the server's log".to_owned(),
            }
        } else {
            self.to_string()
        };
        let mut response = report(status, &message);
        let headers = response.headers_mut();
        match &self {
            Error::Unauthorized(Rejection::TooMany { seconds }) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Error::Unauthorized(_) => {
                headers.append(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Basic realm=\"sagittal\", charset=\"UTF-8\""),
                );
                headers.append(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"sagittal\""),
                );
            }
            Error::RangeNotSatisfiable { length } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{length}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Error::Timeout => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}

/// A status report: JSON with the status and what was found and expected.
fn report(status: StatusCode, message: &str) -> Response {
    let body = json!({
        "error": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "message": message,
    });
    let mut response = Response::new(axum::body::Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An error with its causes, for the log.
pub(crate) struct Chain<'a>(pub &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Wrappers that add nothing of their own, and messages that end with their cause's.
            if !said.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            said = text;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sagittal_core::Uid;

    #[test]
    fn errors_of_the_archive_get_the_status_that_ps3_18_gives_them() {
        let uid = Uid::from_static("1.2");
        let gone = ArchiveError::Gone {
            what: "study",
            uid: "1.2".into(),
        };
        let cases = [
            (gone, 410),
            (
                ArchiveError::NotConvertible {
                    sop_instance_uid: uid.clone(),
                    stored: uid.clone(),
                    wanted: "1.3".into(),
                },
                406,
            ),
            (
                ArchiveError::Duplicate {
                    sop_instance_uid: uid,
                },
                409,
            ),
            (ArchiveError::Stopping, 503),
            (ArchiveError::Stalled, 503),
            (
                ArchiveError::Unconvertible {
                    sop_instance_uid: Uid::from_static("1.2"),
                    wanted: Uid::from_static("1.3"),
                    source: sagittal_pixel::Error::Missing { what: "Rows" },
                },
                406,
            ),
            (
                ArchiveError::Store(StoreError::Full {
                    path: "/".into(),
                    available: 0,
                    needed: 1,
                }),
                507,
            ),
        ];
        for (error, status) in cases {
            assert_eq!(Error::Archive(error).status().as_u16(), status);
        }
    }

    #[test]
    fn a_stalled_query_may_be_tried_again() {
        let response = Error::Archive(ArchiveError::Stalled).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn the_log_says_each_cause_once() {
        let disk = std::io::Error::other("the disk is gone");
        let error = sagittal_file::Error::from(std::io::Error::other(disk));
        // As axum and hyper wrap what a body fails with.
        let wrapped = axum::Error::new(Error::Archive(ArchiveError::File(error)));
        assert_eq!(
            Chain(&wrapped).to_string(),
            "input or output failed: the disk is gone"
        );
    }

    #[test]
    fn a_refused_caller_is_told_how_to_authenticate() {
        let response = Error::from(Rejection::Missing).into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let schemes = response.headers().get_all(header::WWW_AUTHENTICATE);
        assert_eq!(schemes.iter().count(), 2);
    }
}

//! Why something asked of a peer was not done.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sagittal_core::{Tag, Uid, dictionary};
use sagittal_net::dimse::{CommandError, Status};
use sagittal_net::pdu::ContextResult;

/// `Result` with this error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something asked of a peer was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no association: nobody listens, or we were rejected.
    #[error("no association with {peer}")]
    Connect {
        /// The peer.
        peer: String,
        /// Why.
        source: sagittal_net::Error,
    },
    /// The association ended, or was of no further use.
    #[error("the association broke off")]
    Association(#[from] sagittal_net::Error),
    /// The peer is silent; the association was aborted.
    #[error("no response to {operation} within {after:?}")]
    NoResponse {
        /// What was asked.
        operation: &'static str,
        /// How long we waited.
        after: Duration,
    },
    /// The association that this was on its way over broke off.
    #[error("{reason}")]
    Lost {
        /// Why.
        reason: String,
    },
    /// A response that cannot be read.
    #[error("the peer's response cannot be understood")]
    Response(#[from] CommandError),
    /// The peer does not offer the service, or does not store the SOP class.
    #[error("the peer does not take {}: {}", named(sop_class_uid), told(*result))]
    SopClassNotAccepted {
        /// The SOP class.
        sop_class_uid: Uid,
        /// What it said.
        result: ContextResult,
    },
    /// The peer takes the SOP class, but in no transfer syntax that can be had without loss.
    #[error("stored as {}, which the peer does not take", named(stored))]
    TransferSyntaxNotAccepted {
        /// The SOP class.
        sop_class_uid: Uid,
        /// The transfer syntax of the instance.
        stored: Uid,
        /// What the peer takes.
        accepted: Vec<Uid>,
    },
    /// The peer answered with a failure.
    #[error("{operation} failed with {status}{}", remark(comment, offending))]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// Status.
        status: Status,
        /// Error Comment.
        comment: Option<String>,
        /// Offending Element.
        offending: Vec<Tag>,
    },
    /// More presentation contexts are needed than one association can have.
    #[error("{needed} presentation contexts are needed, an association has at most 128")]
    TooManyContexts {
        /// How many.
        needed: usize,
    },
    /// A file that is not DICOM.
    #[error("{reason}")]
    NotDicom {
        /// The file.
        name: String,
        /// Why.
        reason: String,
    },
    /// A DICOMDIR, which is not sent.
    #[error("this is a DICOMDIR")]
    Directory {
        /// The file.
        name: String,
    },
    /// DICOM, but no instance that can be sent.
    #[error("{missing} is missing")]
    Incomplete {
        /// The file.
        name: String,
        /// The attribute that is not there.
        missing: &'static str,
    },
    /// A file that cannot be read.
    #[error("cannot read the file")]
    Read {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A file or folder that cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A data set cannot be converted, read or written.
    #[error(transparent)]
    File(#[from] sagittal_file::Error),
    /// It was given up before its turn came.
    #[error("not sent: {reason}")]
    NotSent {
        /// Why.
        reason: String,
    },
}

impl Error {
    /// Is the association of no further use? What was on its way may be tried over another.
    pub fn is_of_association(&self) -> bool {
        match self {
            Error::Association(
                sagittal_net::Error::UnknownContext { .. }
                | sagittal_net::Error::TooManyContexts { .. },
            ) => false,
            Error::Association(_) | Error::NoResponse { .. } | Error::Lost { .. } => true,
            _ => false,
        }
    }

    /// Did the peer end the association of its own will? The instance on its way may be the reason.
    pub(super) fn is_abort(&self) -> bool {
        matches!(
            self,
            Error::Association(sagittal_net::Error::Aborted { .. })
        )
    }

    /// May the same succeed a little later?
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Connect { source, .. } => match source {
                sagittal_net::Error::Rejected(rejection) => rejection.is_transient(),
                sagittal_net::Error::TlsConfig { .. } => false,
                _ => true,
            },
            error => error.is_of_association(),
        }
    }

    /// The error and its causes in one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let more = error.to_string();
            if !text.contains(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            cause = error.source();
        }
        text
    }
}

fn named(uid: &Uid) -> String {
    match dictionary::uid(uid.as_str()) {
        Some(row) => format!("{} ({uid})", row.name),
        None => uid.to_string(),
    }
}

fn told(result: ContextResult) -> &'static str {
    match result {
        ContextResult::Acceptance => "accepted",
        ContextResult::UserRejection => "rejected by its user",
        ContextResult::NoReason => "no reason given",
        ContextResult::AbstractSyntaxNotSupported => "abstract syntax not supported",
        ContextResult::TransferSyntaxesNotSupported => "transfer syntaxes not supported",
    }
}

fn remark(comment: &Option<String>, offending: &[Tag]) -> String {
    let mut text = String::new();
    if let Some(comment) = comment {
        // From the peer: nothing that a terminal would obey.
        let plain = |c: char| if c.is_control() { '?' } else { c };
        text.push_str(": ");
        text.extend(comment.chars().map(plain));
    }
    if !offending.is_empty() {
        let tags: Vec<String> = offending.iter().map(ToString::to_string).collect();
        text.push_str(&format!(" [{}]", tags.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use sagittal_net::pdu::Rejection;

    use super::*;

    #[test]
    fn a_refusal_tells_status_comment_and_elements_and_no_control_characters() {
        let error = Error::Refused {
            operation: "C-FIND",
            status: Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
            comment: Some("bad \u{1b}[2J".into()),
            offending: vec![Tag(0x0008, 0x0052)],
        };
        assert_eq!(
            error.to_string(),
            "C-FIND failed with A900 (error: data set does not match SOP class): bad ?[2J [(0008,0052)]"
        );
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let rejected = |rejection| Error::Connect {
            peer: "X".into(),
            source: sagittal_net::Error::Rejected(rejection),
        };
        assert!(rejected(Rejection::LOCAL_LIMIT_EXCEEDED).is_transient());
        assert!(!rejected(Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED).is_transient());
        assert!(Error::Association(sagittal_net::Error::Closed).is_of_association());
    }
}

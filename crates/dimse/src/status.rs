//! Errors as DIMSE status and Error Comment (PS3.7 Annex C, PS3.4 §B.2.3, §C.4.1.1.4, §C.4.2.1.5,
//! §C.4.3.1.4, §Y.4.1.1.4). The one place of this translation.

use sagittal_archive::Error as ArchiveError;
use sagittal_core::{PathStep, Tag};
use sagittal_net::dimse::Status;
use sagittal_store::Error as StoreError;

use crate::registry::Operation;

/// The requested frames are not in the instance (PS3.4 §Y.4.1.1.4).
pub const NO_FRAMES_FOUND: Status = Status(0xAA00);
/// No object can be made of the frames (PS3.4 §Y.4.1.1.4).
pub const UNABLE_TO_CREATE_OBJECT: Status = Status(0xAA01);
/// The frames cannot be extracted (PS3.4 §Y.4.1.1.4).
pub const UNABLE_TO_EXTRACT_FRAMES: Status = Status(0xAA02);
/// A time range was asked for of an instance whose frames have no time (PS3.4 §Y.4.1.1.4).
pub const NOT_TIME_BASED: Status = Status(0xAA03);
/// The frames are not asked for as they should be (PS3.4 §Y.4.1.1.4).
pub const INVALID_REQUEST: Status = Status(0xAA04);

/// A status that is not success, and what explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The status.
    pub status: Status,
    /// Error Comment; cut to 64 characters when it is written.
    pub comment: String,
    /// Offending Element.
    pub offending_element: Vec<Tag>,
}

impl Failure {
    /// A status and a comment.
    pub fn new(status: Status, comment: impl Into<String>) -> Failure {
        Failure {
            status,
            comment: comment.into(),
            offending_element: Vec::new(),
        }
    }

    /// A900, because of an element of the identifier.
    pub fn identifier(tag: Tag, comment: impl Into<String>) -> Failure {
        Failure {
            offending_element: vec![tag],
            ..Failure::new(Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS, comment)
        }
    }

    /// What an error of the archive means to the requestor of an operation.
    pub fn of(operation: Operation, error: &ArchiveError) -> Failure {
        let retrieve = matches!(operation, Operation::Move | Operation::Get);
        let status = match error {
            ArchiveError::Store(StoreError::Full { .. }) => {
                return Failure::new(Status::OUT_OF_RESOURCES, "no space left");
            }
            // Not for ever: a peer that keeps a queue sends again.
            ArchiveError::Stopping | ArchiveError::Store(StoreError::Stopping) => {
                return Failure::new(Status::OUT_OF_RESOURCES, "shutting down");
            }
            // Whoever asked is too slow, or there is too much of it: not a fault, and not for ever.
            ArchiveError::Stalled if retrieve => Status::UNABLE_TO_CALCULATE_NUMBER_OF_MATCHES,
            ArchiveError::Stalled => Status::OUT_OF_RESOURCES,
            ArchiveError::Store(_) if retrieve => Status::UNABLE_TO_CALCULATE_NUMBER_OF_MATCHES,
            ArchiveError::Store(error) => {
                // Names folders of ours, which are no business of the peer's.
                tracing::error!(%error, operation = operation.name(), "storage trouble");
                return Failure::new(Status::PROCESSING_FAILURE, "storage trouble");
            }
            ArchiveError::NotFound { .. } | ArchiveError::Gone { .. } => {
                Status::NO_SUCH_SOP_INSTANCE
            }
            ArchiveError::BadKey { path, reason } => {
                return Failure {
                    offending_element: path
                        .0
                        .iter()
                        .find_map(|step| match step {
                            PathStep::Element(tag) => Some(*tag),
                            PathStep::Item(_) => None,
                        })
                        .into_iter()
                        .collect(),
                    ..Failure::new(
                        Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
                        format!("{path}: {reason}"),
                    )
                };
            }
            ArchiveError::Mismatch { .. } | ArchiveError::BadRequest { .. } => {
                Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS
            }
            ArchiveError::Refused { mismatch: true, .. } => {
                Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS
            }
            ArchiveError::Refused { .. } => Status::CANNOT_UNDERSTAND,
            ArchiveError::Duplicate { .. } => {
                return Failure::new(
                    Status::DUPLICATE_SOP_INSTANCE,
                    "another object with this SOP Instance UID is kept",
                );
            }
            ArchiveError::TooLarge { .. } => Status::OUT_OF_RESOURCES,
            ArchiveError::NotConvertible { .. } => {
                return Failure::new(
                    Status::PROCESSING_FAILURE,
                    "needs decoding for the peer's transfer syntaxes",
                );
            }
            ArchiveError::Unconvertible { .. } => {
                return Failure::new(
                    Status::PROCESSING_FAILURE,
                    "broken as received; cannot be converted",
                );
            }
            ArchiveError::Unreadable { .. } | ArchiveError::File(_) => Status::CANNOT_UNDERSTAND,
            _ => Status::PROCESSING_FAILURE,
        };
        Failure::new(status, error.to_string())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.status, self.comment)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_full_disk_is_out_of_resources_and_names_no_folder() {
        let error = ArchiveError::Store(StoreError::Full {
            path: PathBuf::from("/srv/secret"),
            available: 1,
            needed: 2,
        });
        let failure = Failure::of(Operation::Store, &error);
        assert_eq!(failure.status, Status::OUT_OF_RESOURCES);
        assert!(!failure.comment.contains("secret"));
    }

    #[test]
    fn a_query_whose_reader_stalled_ends_for_want_of_resources() {
        for (operation, status) in [
            (Operation::Find, Status::OUT_OF_RESOURCES),
            (
                Operation::Move,
                Status::UNABLE_TO_CALCULATE_NUMBER_OF_MATCHES,
            ),
            (
                Operation::Get,
                Status::UNABLE_TO_CALCULATE_NUMBER_OF_MATCHES,
            ),
        ] {
            let failure = Failure::of(operation, &ArchiveError::Stalled);
            assert_eq!(failure.status, status);
            assert!(!failure.comment.is_empty());
        }
    }

    #[test]
    fn errors_of_an_object_keep_the_classes_of_the_storage_service() {
        let reason = || "x".to_owned();
        let refused = |mismatch| ArchiveError::Refused {
            sop_instance_uid: sagittal_core::Uid::from_static("1.2"),
            reason: reason(),
            mismatch,
        };
        for (error, status) in [
            (ArchiveError::Unreadable { reason: reason() }, 0xC000),
            (ArchiveError::Mismatch { reason: reason() }, 0xA900),
            (ArchiveError::Stopping, 0xA700),
            (refused(true), 0xA900),
            (refused(false), 0xC000),
        ] {
            assert_eq!(Failure::of(Operation::Store, &error).status, Status(status));
        }
    }
}

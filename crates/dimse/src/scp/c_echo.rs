//! C-ECHO, Verification Service Class as SCP (PS3.4 Annex A, PS3.7 §9.1.5).

use sagittal_auth::{Authorized, permission};
use sagittal_net::dimse::Status;

use super::operation::Operation;

/// Answers with Success. That the SOP class is Verification was checked with the context.
pub(super) async fn respond(_: Authorized<permission::Verify>, operation: Operation) {
    let response = operation.response(Status::SUCCESS);
    operation
        .session
        .send(operation.context.id, &response)
        .await;
    operation.measure(Status::SUCCESS);
}

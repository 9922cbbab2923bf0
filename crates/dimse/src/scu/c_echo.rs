//! C-ECHO, Verification Service Class as SCU (PS3.4 Annex A, PS3.7 §9.1.5).

use std::time::{Duration, Instant};

use sagittal_core::{Uid, sop_class, transfer_syntax};
use sagittal_net::dimse::{CEchoRequest, Status};
use sagittal_net::{Data, Proposal};

use super::error::Result;
use super::session::{Session, refused};
use super::target::Target;

/// Proposes Verification.
pub fn echo_proposal(target: &Target) -> Proposal {
    let syntaxes = [
        Uid::from_static(transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN),
        Uid::from_static(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN),
    ];
    target
        .proposal()
        .context(Uid::from_static(sop_class::VERIFICATION), syntaxes)
}

impl Session {
    /// Asks for an echo; returns how long it took.
    pub async fn echo(&mut self) -> Result<Duration> {
        const OPERATION: &str = "C-ECHO";
        let sop_class_uid = Uid::from_static(sop_class::VERIFICATION);
        let context = self.context(&sop_class_uid)?;
        let request = CEchoRequest {
            affected_sop_class_uid: sop_class_uid,
            message_id: self.association.next_message_id(),
        };
        let started = Instant::now();
        self.invoke(context.id, &request.to_command_set(), Data::None)
            .await?;
        let response = self.response_to(request.message_id, OPERATION).await?;
        match response.command.status()? {
            Status::SUCCESS => Ok(started.elapsed()),
            _ => Err(refused(OPERATION, &response.command)),
        }
    }
}

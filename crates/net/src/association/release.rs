//! The end of an association: release, with its collisions, and abort (PS3.8 §7.2, §7.3, §9.2).

use tokio::time::timeout;

use super::receive::Step;
use super::{AbortReason, Association};
use crate::error::{Error, Result};
use crate::pdu::Pdu;
use crate::state::{Action, Event, State};

impl Association {
    /// Releases the association and closes the connection. Messages that still arrive are dropped.
    pub async fn release(&mut self) -> Result<()> {
        if self.shared.state() == State::Sta6 {
            self.shared.step(Event::Evt11)?;
            self.sender.pdu(&Pdu::ReleaseRq).await?;
        }
        let limit = self.shared.config.release;
        match timeout(limit, self.until_released()).await {
            Ok(result) => result,
            Err(_) => {
                self.abort(AbortReason::ServiceUser).await;
                Err(Error::Timeout {
                    waiting_for: "A-RELEASE-RP",
                    after: limit,
                })
            }
        }
    }

    async fn until_released(&mut self) -> Result<()> {
        loop {
            if let Step::Released = self.next_step(false).await? {
                return Ok(());
            }
        }
    }

    /// Aborts the association and closes the connection; does nothing if it has ended.
    pub async fn abort(&mut self, reason: AbortReason) {
        self.sender.abort(reason).await;
        if self.shared.state() == State::Sta13 {
            self.finish_release().await;
        }
    }

    /// A-RELEASE response of the local user, who never minds (Evt14).
    pub(super) async fn answer_release(&mut self) -> Result<Option<Step>> {
        // The write comes first: a caller that drops this future calls again in the same state.
        self.sender.pdu(&Pdu::ReleaseRp).await?;
        match self.shared.step(Event::Evt14)? {
            Action::AR4 => {
                self.shared.set_released();
                self.finish_release().await;
                Ok(Some(Step::Released))
            }
            _ => Ok(None),
        }
    }

    /// Sta13: waits for the peer to close, or for ARTIM, and closes.
    pub(super) async fn finish_release(&mut self) {
        self.shared.dead.cancel();
        self.reader.linger(self.shared.config.close).await;
        self.shared.machine.lock().step(Event::Evt17);
        self.close().await;
    }

    /// After the state machine has moved to Sta13 for an error of the peer.
    pub(super) async fn abort_and_close(&mut self, reason: AbortReason) {
        self.sender.send_abort(reason).await;
        self.finish_release().await;
    }

    /// Closes our direction of the connection.
    pub(super) async fn close(&mut self) {
        self.shared.dead.cancel();
        self.sender.shutdown().await;
    }
}

impl Drop for Association {
    /// Dropped without an end, by an error or a panic of the service: the peer is told, as far as
    /// that can be done from here, and senders notice that nobody listens any more.
    fn drop(&mut self) {
        let open = !matches!(self.shared.state(), State::Sta1 | State::Sta13);
        self.shared.dead.cancel();
        if let (true, Ok(runtime)) = (open, tokio::runtime::Handle::try_current()) {
            let sender = self.sender.clone();
            runtime.spawn(async move {
                sender.abort(AbortReason::ServiceUser).await;
                sender.shutdown().await;
            });
        }
    }
}

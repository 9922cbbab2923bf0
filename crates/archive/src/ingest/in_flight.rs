//! One at a time for each SOP Instance UID: two senders of the same instance do not both find that
//! it is new.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use sagittal_core::Uid;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

type Turns = Mutex<HashMap<Uid, Arc<Turn<()>>>>;

/// Who is at work on which UID.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    turns: Arc<Turns>,
}

/// The right to change what is kept under a UID, held until the index knows of the change.
#[derive(Debug)]
pub(crate) struct Exclusive {
    uid: Uid,
    turns: Arc<Turns>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl InFlight {
    /// The right, if nobody has it.
    pub(crate) fn try_enter(&self, uid: &Uid) -> Option<Exclusive> {
        let turn = self.turn(uid);
        let guard = turn.try_lock_owned();
        // Made even without the right, to tidy up.
        let exclusive = self.exclusive(uid, guard.ok());
        exclusive.guard.is_some().then_some(exclusive)
    }

    /// The right, as soon as it is given back.
    pub(crate) async fn enter(&self, uid: &Uid) -> Exclusive {
        let guard = self.turn(uid).lock_owned().await;
        self.exclusive(uid, Some(guard))
    }

    fn turn(&self, uid: &Uid) -> Arc<Turn<()>> {
        self.turns.lock().entry(uid.clone()).or_default().clone()
    }

    fn exclusive(&self, uid: &Uid, guard: Option<OwnedMutexGuard<()>>) -> Exclusive {
        Exclusive {
            uid: uid.clone(),
            turns: self.turns.clone(),
            guard,
        }
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        self.guard = None;
        let mut turns = self.turns.lock();
        // Nobody else can get hold of it while the table is locked.
        if turns
            .get(&self.uid)
            .is_some_and(|turn| Arc::strong_count(turn) == 1)
        {
            turns.remove(&self.uid);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_second_sender_waits_and_the_table_empties() {
        let in_flight = Arc::new(InFlight::default());
        let uid = Uid::new("1.2").unwrap();
        let first = in_flight.try_enter(&uid).unwrap();
        assert!(in_flight.try_enter(&uid).is_none());
        let waiting = tokio::spawn({
            let (in_flight, uid) = (in_flight.clone(), uid.clone());
            async move { drop(in_flight.enter(&uid).await) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap();
        assert!(in_flight.turns.lock().is_empty());
        in_flight.try_enter(&uid).unwrap();
    }
}

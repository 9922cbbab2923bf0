//! The association state machine (PS3.8 §9.2): Table 9-10 as data.

/// States of PS3.8 Tables 9-1 to 9-5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Idle.
    Sta1,
    /// Transport connection open, awaiting A-ASSOCIATE-RQ.
    Sta2,
    /// Awaiting local A-ASSOCIATE response.
    Sta3,
    /// Awaiting transport connection opening to complete.
    Sta4,
    /// Awaiting A-ASSOCIATE-AC or -RJ.
    Sta5,
    /// Association established, ready for data transfer.
    Sta6,
    /// Awaiting A-RELEASE-RP.
    Sta7,
    /// Awaiting local A-RELEASE response.
    Sta8,
    /// Release collision, requestor side, awaiting local A-RELEASE response.
    Sta9,
    /// Release collision, acceptor side, awaiting A-RELEASE-RP.
    Sta10,
    /// Release collision, requestor side, awaiting A-RELEASE-RP.
    Sta11,
    /// Release collision, acceptor side, awaiting local A-RELEASE response.
    Sta12,
    /// Awaiting transport connection close.
    Sta13,
}

/// Events of PS3.8 Table 9-10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A-ASSOCIATE request (local user).
    Evt1,
    /// Transport connection confirmation.
    Evt2,
    /// A-ASSOCIATE-AC received.
    Evt3,
    /// A-ASSOCIATE-RJ received.
    Evt4,
    /// Transport connection indication.
    Evt5,
    /// A-ASSOCIATE-RQ received.
    Evt6,
    /// A-ASSOCIATE response, accept (local user).
    Evt7,
    /// A-ASSOCIATE response, reject (local user).
    Evt8,
    /// P-DATA request (local user).
    Evt9,
    /// P-DATA-TF received.
    Evt10,
    /// A-RELEASE request (local user).
    Evt11,
    /// A-RELEASE-RQ received.
    Evt12,
    /// A-RELEASE-RP received.
    Evt13,
    /// A-RELEASE response (local user).
    Evt14,
    /// A-ABORT request (local user).
    Evt15,
    /// A-ABORT received.
    Evt16,
    /// Transport connection closed.
    Evt17,
    /// ARTIM timer expired.
    Evt18,
    /// Unrecognized or invalid PDU received.
    Evt19,
}

/// Actions of PS3.8 Tables 9-6 to 9-9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Open a transport connection.
    AE1,
    /// Send A-ASSOCIATE-RQ.
    AE2,
    /// Confirm the acceptance to the user.
    AE3,
    /// Confirm the rejection to the user, close the connection.
    AE4,
    /// Accept the connection, start ARTIM.
    AE5,
    /// Stop ARTIM; indicate the request to the user, or send A-ASSOCIATE-RJ and start ARTIM.
    AE6,
    /// Send A-ASSOCIATE-AC.
    AE7,
    /// Send A-ASSOCIATE-RJ, start ARTIM.
    AE8,
    /// Send P-DATA-TF.
    DT1,
    /// Indicate P-DATA to the user.
    DT2,
    /// Send A-RELEASE-RQ.
    AR1,
    /// Indicate the release to the user.
    AR2,
    /// Confirm the release to the user, close the connection.
    AR3,
    /// Send A-RELEASE-RP, start ARTIM.
    AR4,
    /// Stop ARTIM.
    AR5,
    /// Indicate P-DATA to the user.
    AR6,
    /// Send P-DATA-TF.
    AR7,
    /// Indicate the release (collision).
    AR8,
    /// Send A-RELEASE-RP.
    AR9,
    /// Confirm the release to the user.
    AR10,
    /// Send A-ABORT of the service-user, start or restart ARTIM.
    AA1,
    /// Stop ARTIM, close the connection.
    AA2,
    /// Indicate the abort, close the connection.
    AA3,
    /// Indicate A-P-ABORT.
    AA4,
    /// Stop ARTIM.
    AA5,
    /// Ignore the PDU.
    AA6,
    /// Send A-ABORT.
    AA7,
    /// Send A-ABORT of the service-provider, indicate A-P-ABORT, start ARTIM.
    AA8,
}

/// Which side of the association we are; decides release collisions (AR-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// We sent the A-ASSOCIATE-RQ.
    Requestor,
    /// The peer sent it.
    Acceptor,
}

/// The state after an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Always this.
    To(State),
    /// AE-6: the first if the request is acceptable to the service-provider, else the second.
    Acceptable(State, State),
    /// AR-8: the first as requestor, the second as acceptor.
    BySide(State, State),
}

use Action::*;
use Event::*;
use Next::{Acceptable, BySide, To};
use State::*;

/// Association state transitions, PS3.8 Table 9-10. A pair absent here cannot occur; meeting one is
/// a bug, or a wish of the local user that cannot be granted now.
pub const TRANSITIONS: &[(State, Event, Action, Next)] = &[
    (Sta1, Evt1, AE1, To(Sta4)),
    (Sta4, Evt2, AE2, To(Sta5)),
    // A-ASSOCIATE-AC received
    (Sta2, Evt3, AA1, To(Sta13)),
    (Sta3, Evt3, AA8, To(Sta13)),
    (Sta5, Evt3, AE3, To(Sta6)),
    (Sta6, Evt3, AA8, To(Sta13)),
    (Sta7, Evt3, AA8, To(Sta13)),
    (Sta8, Evt3, AA8, To(Sta13)),
    (Sta9, Evt3, AA8, To(Sta13)),
    (Sta10, Evt3, AA8, To(Sta13)),
    (Sta11, Evt3, AA8, To(Sta13)),
    (Sta12, Evt3, AA8, To(Sta13)),
    (Sta13, Evt3, AA6, To(Sta13)),
    // A-ASSOCIATE-RJ received
    (Sta2, Evt4, AA1, To(Sta13)),
    (Sta3, Evt4, AA8, To(Sta13)),
    (Sta5, Evt4, AE4, To(Sta1)),
    (Sta6, Evt4, AA8, To(Sta13)),
    (Sta7, Evt4, AA8, To(Sta13)),
    (Sta8, Evt4, AA8, To(Sta13)),
    (Sta9, Evt4, AA8, To(Sta13)),
    (Sta10, Evt4, AA8, To(Sta13)),
    (Sta11, Evt4, AA8, To(Sta13)),
    (Sta12, Evt4, AA8, To(Sta13)),
    (Sta13, Evt4, AA6, To(Sta13)),
    (Sta1, Evt5, AE5, To(Sta2)),
    // A-ASSOCIATE-RQ received
    (Sta2, Evt6, AE6, Acceptable(Sta3, Sta13)),
    (Sta3, Evt6, AA8, To(Sta13)),
    (Sta5, Evt6, AA8, To(Sta13)),
    (Sta6, Evt6, AA8, To(Sta13)),
    (Sta7, Evt6, AA8, To(Sta13)),
    (Sta8, Evt6, AA8, To(Sta13)),
    (Sta9, Evt6, AA8, To(Sta13)),
    (Sta10, Evt6, AA8, To(Sta13)),
    (Sta11, Evt6, AA8, To(Sta13)),
    (Sta12, Evt6, AA8, To(Sta13)),
    (Sta13, Evt6, AA7, To(Sta13)),
    (Sta3, Evt7, AE7, To(Sta6)),
    (Sta3, Evt8, AE8, To(Sta13)),
    (Sta6, Evt9, DT1, To(Sta6)),
    (Sta8, Evt9, AR7, To(Sta8)),
    // P-DATA-TF received
    (Sta2, Evt10, AA1, To(Sta13)),
    (Sta3, Evt10, AA8, To(Sta13)),
    (Sta5, Evt10, AA8, To(Sta13)),
    (Sta6, Evt10, DT2, To(Sta6)),
    (Sta7, Evt10, AR6, To(Sta7)),
    (Sta8, Evt10, AA8, To(Sta13)),
    (Sta9, Evt10, AA8, To(Sta13)),
    (Sta10, Evt10, AA8, To(Sta13)),
    (Sta11, Evt10, AA8, To(Sta13)),
    (Sta12, Evt10, AA8, To(Sta13)),
    (Sta13, Evt10, AA6, To(Sta13)),
    (Sta6, Evt11, AR1, To(Sta7)),
    // A-RELEASE-RQ received
    (Sta2, Evt12, AA1, To(Sta13)),
    (Sta3, Evt12, AA8, To(Sta13)),
    (Sta5, Evt12, AA8, To(Sta13)),
    (Sta6, Evt12, AR2, To(Sta8)),
    (Sta7, Evt12, AR8, BySide(Sta9, Sta10)),
    (Sta8, Evt12, AA8, To(Sta13)),
    (Sta9, Evt12, AA8, To(Sta13)),
    (Sta10, Evt12, AA8, To(Sta13)),
    (Sta11, Evt12, AA8, To(Sta13)),
    (Sta12, Evt12, AA8, To(Sta13)),
    (Sta13, Evt12, AA6, To(Sta13)),
    // A-RELEASE-RP received
    (Sta2, Evt13, AA1, To(Sta13)),
    (Sta3, Evt13, AA8, To(Sta13)),
    (Sta5, Evt13, AA8, To(Sta13)),
    (Sta6, Evt13, AA8, To(Sta13)),
    (Sta7, Evt13, AR3, To(Sta1)),
    (Sta8, Evt13, AA8, To(Sta13)),
    (Sta9, Evt13, AA8, To(Sta13)),
    (Sta10, Evt13, AR10, To(Sta12)),
    (Sta11, Evt13, AR3, To(Sta1)),
    (Sta12, Evt13, AA8, To(Sta13)),
    (Sta13, Evt13, AA6, To(Sta13)),
    (Sta8, Evt14, AR4, To(Sta13)),
    (Sta9, Evt14, AR9, To(Sta11)),
    (Sta12, Evt14, AR4, To(Sta13)),
    // A-ABORT request of the local user
    (Sta3, Evt15, AA1, To(Sta13)),
    (Sta4, Evt15, AA2, To(Sta1)),
    (Sta5, Evt15, AA1, To(Sta13)),
    (Sta6, Evt15, AA1, To(Sta13)),
    (Sta7, Evt15, AA1, To(Sta13)),
    (Sta8, Evt15, AA1, To(Sta13)),
    (Sta9, Evt15, AA1, To(Sta13)),
    (Sta10, Evt15, AA1, To(Sta13)),
    (Sta11, Evt15, AA1, To(Sta13)),
    (Sta12, Evt15, AA1, To(Sta13)),
    // A-ABORT received
    (Sta2, Evt16, AA2, To(Sta1)),
    (Sta3, Evt16, AA3, To(Sta1)),
    (Sta5, Evt16, AA3, To(Sta1)),
    (Sta6, Evt16, AA3, To(Sta1)),
    (Sta7, Evt16, AA3, To(Sta1)),
    (Sta8, Evt16, AA3, To(Sta1)),
    (Sta9, Evt16, AA3, To(Sta1)),
    (Sta10, Evt16, AA3, To(Sta1)),
    (Sta11, Evt16, AA3, To(Sta1)),
    (Sta12, Evt16, AA3, To(Sta1)),
    (Sta13, Evt16, AA2, To(Sta1)),
    // Transport connection closed
    (Sta2, Evt17, AA5, To(Sta1)),
    (Sta3, Evt17, AA4, To(Sta1)),
    (Sta4, Evt17, AA4, To(Sta1)),
    (Sta5, Evt17, AA4, To(Sta1)),
    (Sta6, Evt17, AA4, To(Sta1)),
    (Sta7, Evt17, AA4, To(Sta1)),
    (Sta8, Evt17, AA4, To(Sta1)),
    (Sta9, Evt17, AA4, To(Sta1)),
    (Sta10, Evt17, AA4, To(Sta1)),
    (Sta11, Evt17, AA4, To(Sta1)),
    (Sta12, Evt17, AA4, To(Sta1)),
    (Sta13, Evt17, AR5, To(Sta1)),
    (Sta2, Evt18, AA2, To(Sta1)),
    (Sta13, Evt18, AA2, To(Sta1)),
    // Unrecognized or invalid PDU received
    (Sta2, Evt19, AA1, To(Sta13)),
    (Sta3, Evt19, AA8, To(Sta13)),
    (Sta5, Evt19, AA8, To(Sta13)),
    (Sta6, Evt19, AA8, To(Sta13)),
    (Sta7, Evt19, AA8, To(Sta13)),
    (Sta8, Evt19, AA8, To(Sta13)),
    (Sta9, Evt19, AA8, To(Sta13)),
    (Sta10, Evt19, AA8, To(Sta13)),
    (Sta11, Evt19, AA8, To(Sta13)),
    (Sta12, Evt19, AA8, To(Sta13)),
    (Sta13, Evt19, AA7, To(Sta13)),
];

/// The state of one association.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    state: State,
    side: Side,
}

impl Machine {
    /// Idle.
    pub fn new(side: Side) -> Machine {
        Machine { state: Sta1, side }
    }

    /// Where it is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Which side we are.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Takes an event: the action to perform, the state having moved on; `None`, and no move, where
    /// the table is blank.
    pub fn step(&mut self, event: Event) -> Option<Action> {
        self.step_acceptable(event, true)
    }

    /// [`Machine::step`], saying for Evt6 whether the service-provider can take the request.
    pub fn step_acceptable(&mut self, event: Event, acceptable: bool) -> Option<Action> {
        let (action, next) = lookup(self.state, event)?;
        self.state = match (next, self.side) {
            (To(state), _) => state,
            (Acceptable(state, _), _) if acceptable => state,
            (Acceptable(_, state), _) => state,
            (BySide(state, _), Side::Requestor) => state,
            (BySide(_, state), Side::Acceptor) => state,
        };
        Some(action)
    }
}

/// The cell of the table. The hot pairs of data transfer are found without a search.
pub fn lookup(state: State, event: Event) -> Option<(Action, Next)> {
    match (state, event) {
        (Sta6, Evt10) => return Some((DT2, To(Sta6))),
        (Sta6, Evt9) => return Some((DT1, To(Sta6))),
        _ => {}
    }
    TRANSITIONS
        .iter()
        .find(|(from, on, _, _)| *from == state && *on == event)
        .map(|(_, _, action, next)| (*action, *next))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests;

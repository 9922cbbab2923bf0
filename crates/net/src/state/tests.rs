//! The table against PS3.8 Table 9-10, laid out as the standard prints it: a row an event, a column
//! a state, `action/next`, a dot for a blank cell.

use super::*;

const STATES: [State; 13] = [
    Sta1, Sta2, Sta3, Sta4, Sta5, Sta6, Sta7, Sta8, Sta9, Sta10, Sta11, Sta12, Sta13,
];
const EVENTS: [Event; 19] = [
    Evt1, Evt2, Evt3, Evt4, Evt5, Evt6, Evt7, Evt8, Evt9, Evt10, Evt11, Evt12, Evt13, Evt14, Evt15,
    Evt16, Evt17, Evt18, Evt19,
];

#[rustfmt::skip]
const TABLE: [&str; 19] = [
    "AE1/4 . . . . . . . . . . . .",
    ". . . AE2/5 . . . . . . . . .",
    ". AA1/13 AA8/13 . AE3/6 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13",
    ". AA1/13 AA8/13 . AE4/1 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13",
    "AE5/2 . . . . . . . . . . . .",
    ". AE6/3-13 AA8/13 . AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA7/13",
    ". . AE7/6 . . . . . . . . . .",
    ". . AE8/13 . . . . . . . . . .",
    ". . . . . DT1/6 . AR7/8 . . . . .",
    ". AA1/13 AA8/13 . AA8/13 DT2/6 AR6/7 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13",
    ". . . . . AR1/7 . . . . . . .",
    ". AA1/13 AA8/13 . AA8/13 AR2/8 AR8/9-10 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA6/13",
    ". AA1/13 AA8/13 . AA8/13 AA8/13 AR3/1 AA8/13 AA8/13 AR10/12 AR3/1 AA8/13 AA6/13",
    ". . . . . . . AR4/13 AR9/11 . . AR4/13 .",
    ". . AA1/13 AA2/1 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 AA1/13 .",
    ". AA2/1 AA3/1 . AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA3/1 AA2/1",
    ". AA5/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AA4/1 AR5/1",
    ". AA2/1 . . . . . . . . . . AA2/1",
    ". AA1/13 AA8/13 . AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA8/13 AA7/13",
];

fn cell(state: State, event: Event) -> String {
    let number = |state: State| format!("{state:?}").trim_start_matches("Sta").to_owned();
    match lookup(state, event) {
        None => ".".to_owned(),
        Some((action, To(next))) => format!("{action:?}/{}", number(next)),
        Some((action, Acceptable(a, b) | BySide(a, b))) => {
            format!("{action:?}/{}-{}", number(a), number(b))
        }
    }
}

#[test]
fn every_cell_of_the_table_is_that_of_the_standard() {
    for (event, row) in EVENTS.into_iter().zip(TABLE) {
        let found: Vec<String> = STATES.into_iter().map(|state| cell(state, event)).collect();
        assert_eq!(found.join(" "), row, "{event:?}");
    }
}

#[test]
fn no_pair_is_listed_twice() {
    for (position, (state, event, ..)) in TRANSITIONS.iter().enumerate() {
        let first = TRANSITIONS
            .iter()
            .position(|(s, e, ..)| s == state && e == event);
        assert_eq!(first, Some(position), "{state:?} {event:?}");
    }
}

#[test]
fn the_short_cut_agrees_with_the_table() {
    for (event, action) in [(Evt10, DT2), (Evt9, DT1)] {
        assert!(TRANSITIONS.contains(&(Sta6, event, action, To(Sta6))));
    }
}

#[test]
fn a_release_collision_is_decided_by_side() {
    for (side, state) in [(Side::Requestor, Sta9), (Side::Acceptor, Sta10)] {
        let mut machine = Machine { state: Sta7, side };
        assert_eq!(machine.step(Evt12), Some(AR8));
        assert_eq!(machine.state(), state);
    }
}

#[test]
fn a_blank_cell_moves_nothing() {
    let mut machine = Machine::new(Side::Acceptor);
    assert_eq!(machine.step(Evt10), None);
    assert_eq!(machine.state(), Sta1);
}

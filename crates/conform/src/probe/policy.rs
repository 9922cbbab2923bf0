//! Who is let in, and how many at a time.

use std::time::Duration;

use super::dial::{Answer, Dialer, Held};
use super::pairs::Pair;
use crate::document::{Fact, TitleRule};

/// Titles that nobody has.
const NOBODY: &str = "NOBODY-HAS-THIS";

const SETTLE: Duration = Duration::from_millis(400);

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct Policy {
    pub called: Fact<TitleRule>,
    pub calling: Fact<TitleRule>,
}

pub(super) async fn ask(dialer: &Dialer, anchor: &Pair) -> Policy {
    let contexts = [(anchor.0.clone(), vec![anchor.1.clone()])];
    let plain = dialer.request(&contexts);
    let mut wrong_called = dialer.request(&contexts);
    NOBODY.clone_into(&mut wrong_called.called_ae_title);
    let mut wrong_calling = dialer.request(&contexts);
    NOBODY.clone_into(&mut wrong_calling.calling_ae_title);
    Policy {
        called: rule(dialer.ask_confirmed(&wrong_called, &plain).await),
        calling: rule(dialer.ask_confirmed(&wrong_calling, &plain).await),
    }
}

fn rule(answer: Answer) -> Fact<TitleRule> {
    match answer {
        Answer::Accepted(_) => Fact::known(TitleRule::Any),
        passing if passing.is_passing() => Fact::unknown(passing.describe()),
        Answer::Rejected(rejection) | Answer::Confirmed(rejection) => {
            Fact::known(TitleRule::Known).remark(format!("others: {rejection}"))
        }
        // Some hang up on strangers.
        Answer::Broken(why) => Fact::known(TitleRule::Known).remark(format!("others: {why}")),
        other => Fact::unknown(other.describe()),
    }
}

/// Holds associations open, one more at a time, until one is not let in or the limit of the options
/// is reached.
pub(super) async fn associations(dialer: &Dialer, anchor: &Pair) -> Fact<u32> {
    let most = dialer.options.hold;
    if most == 0 {
        return Fact::unknown("not asked for");
    }
    let request = dialer.request(&[(anchor.0.clone(), vec![anchor.1.clone()])]);
    // A peer that serves one after the other lets the next one wait.
    let limit = Duration::from_secs(3).min(dialer.options.timeout);
    let mut held: Vec<Held> = Vec::new();
    // Some count an association for a moment after its end.
    tokio::time::sleep(SETTLE).await;
    let mut found = Fact::unknown(format!("at least {most}"));
    for count in 0..most {
        let (mut answer, mut open) = dialer.open(&request, limit).await;
        let mut settle = SETTLE;
        while open.is_none()
            && count > 0
            && !matches!(answer, Answer::Silent)
            && settle <= 4 * SETTLE
        {
            tokio::time::sleep(settle).await;
            settle *= 2;
            (answer, open) = dialer.open(&request, limit).await;
        }
        match open {
            Some(open) => held.push(open),
            None if count == 0 => {
                found = Fact::unknown(answer.describe());
                break;
            }
            None => {
                found = Fact::known(count).remark(match answer {
                    Answer::Silent => "the next one waits until another has ended".to_owned(),
                    other => format!("the next one: {}", other.describe()),
                });
                break;
            }
        }
    }
    futures::future::join_all(held.into_iter().map(Held::release)).await;
    found
}

//! Who is let in, and how many at a time.

use std::time::Duration;

use super::dial::{Answer, Dialer, Held};
use super::pairs::Pair;
use crate::document::{Fact, TitleRule};

/// Titles that nobody has.
const NOBODY: &str = "NOBODY-HAS-THIS";

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct Policy {
    pub called: Fact<TitleRule>,
    pub calling: Fact<TitleRule>,
    pub max_associations: Fact<u32>,
}

pub(super) async fn ask(dialer: &Dialer, anchor: &Pair) -> Policy {
    let contexts = [(anchor.0.clone(), vec![anchor.1.clone()])];
    let mut wrong_called = dialer.request(&contexts);
    NOBODY.clone_into(&mut wrong_called.called_ae_title);
    let mut wrong_calling = dialer.request(&contexts);
    NOBODY.clone_into(&mut wrong_calling.calling_ae_title);
    Policy {
        called: rule(dialer.ask_patiently(&wrong_called).await),
        calling: rule(dialer.ask_patiently(&wrong_calling).await),
        max_associations: associations(dialer, &contexts).await,
    }
}

fn rule(answer: Answer) -> Fact<TitleRule> {
    match answer {
        Answer::Accepted(_) => Fact::known(TitleRule::Any),
        Answer::Rejected(rejection) if !rejection.is_transient() => {
            Fact::known(TitleRule::Known).remark(format!("others: {rejection}"))
        }
        // Some hang up on strangers.
        Answer::Broken(why) => Fact::known(TitleRule::Known).remark(format!("others: {why}")),
        other => Fact::unknown(other.describe()),
    }
}

/// Holds associations open, one more at a time, until one is not let in or the limit of the options
/// is reached.
async fn associations(
    dialer: &Dialer,
    contexts: &[(sagittal_core::Uid, Vec<sagittal_core::Uid>)],
) -> Fact<u32> {
    let most = dialer.options.hold;
    if most == 0 {
        return Fact::unknown("not asked for");
    }
    let request = dialer.request(contexts);
    // A peer that serves one after the other lets the next one wait.
    let limit = Duration::from_secs(3).min(dialer.options.timeout);
    let mut held: Vec<Held> = Vec::new();
    let mut found = Fact::unknown(format!("at least {most}"));
    for count in 0..most {
        let (answer, open) = dialer.open(&request, limit).await;
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

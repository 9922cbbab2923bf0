//! From a document to what is done.

use sagittal_core::{AeTitle, Uid};
use sagittal_net::Config;
use sagittal_net::pdu::{OperationsWindowItem, Rejection};

use super::Options;
use super::classes::Classes;
use crate::document::{ApplicationEntity, Document, Fact, IdentityAnswer, Support, TitleRule};

/// What was assumed where the document does not know.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Vec<String>);

impl Notes {
    /// Something is not known; what is done.
    pub fn assume(&mut self, what: &str, done: &str) {
        self.0.push(format!("{what}: not known; {done}"));
    }

    /// Something that the twin cannot do, or does without the document.
    pub fn say(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }
}

/// How many associations there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtOnce {
    /// As many as there are.
    Any,
    /// So many; one more is rejected.
    Reject(usize, Rejection),
    /// So many; one more waits.
    Wait(usize),
}

/// Which AE titles are taken.
#[derive(Clone, Debug)]
pub(super) struct Titles {
    /// `None` takes any.
    pub only: Option<Vec<AeTitle>>,
    pub rejection: Rejection,
}

/// What an Application Entity does.
#[derive(Clone, Debug)]
pub struct Behavior {
    pub(super) entity: ApplicationEntity,
    pub(super) ae_title: AeTitle,
    pub(super) lenient: bool,
    pub(super) classes: Classes,
    pub(super) called: Titles,
    pub(super) calling: Titles,
    pub(super) at_once: AtOnce,
    pub(super) max_contexts: usize,
    /// `None` does not answer.
    pub(super) window: Option<OperationsWindowItem>,
    pub(super) rejects_useless: bool,
    pub(super) config: Config,
    notes: Notes,
}

impl Behavior {
    /// Of an Application Entity of a document. An error says what cannot be.
    pub fn new(
        document: &Document,
        entity: &ApplicationEntity,
        options: &Options,
    ) -> Result<Behavior, String> {
        let mut notes = Notes::default();
        let association = &entity.association;
        let title = |text: &str| AeTitle::new(text).map_err(|error| error.to_string());
        let ae_title = match &options.ae_title {
            Some(ae_title) => ae_title.clone(),
            None => title(&entity.ae_title)?,
        };
        let classes = Classes::new(entity, options.lenient, &mut notes);
        let mut ours = vec![ae_title.clone()];
        for alias in &entity.aliases {
            ours.push(title(alias)?);
        }
        let called = titles(
            "called AE titles",
            &association.called_ae_title,
            (ours, Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED),
            options.lenient,
            &mut notes,
        );
        let calling = titles(
            "calling AE titles",
            &association.calling_ae_title,
            (
                known(document, options, &mut notes, association),
                Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED,
            ),
            options.lenient,
            &mut notes,
        );
        let behavior = Behavior {
            ae_title,
            lenient: options.lenient,
            called,
            calling,
            at_once: at_once(association, options.lenient, &mut notes),
            max_contexts: max_contexts(&association.max_contexts),
            window: window(association),
            rejects_useless: association.rejects_useless.value.unwrap_or_else(|| {
                notes.assume(
                    "whether an association in which nothing is accepted is rejected",
                    "it is not",
                );
                false
            }),
            config: config(association, &mut notes)?,
            classes,
            entity: entity.clone(),
            notes,
        };
        Ok(behavior.with_queries())
    }

    /// What is done where the document does not know, and what the twin cannot do.
    pub fn assumed(&self) -> &[String] {
        &self.notes.0
    }

    /// Its AE title.
    pub fn ae_title(&self) -> &AeTitle {
        &self.ae_title
    }

    /// Something else that the user should know.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.say(text);
    }

    fn with_queries(mut self) -> Behavior {
        let rest = if self.lenient {
            "all keys match and are returned"
        } else {
            "only unique keys match and are returned"
        };
        let finds: Vec<Uid> = super::session::FINDS
            .iter()
            .map(|uid| Uid::from_static(uid))
            .filter(|uid| self.classes.accepts(uid))
            .collect();
        for uid in finds {
            if !self
                .entity
                .queries
                .iter()
                .any(|model| model.sop_classes.contains(&uid))
            {
                self.notes
                    .assume(&format!("keys of queries of {uid}"), rest);
            }
        }
        let unknown =
            |identity: &&crate::document::UserIdentity| identity.answer == IdentityAnswer::Unknown;
        let identities = self.entity.association.user_identity.iter();
        let kinds: Vec<String> = identities
            .filter(unknown)
            .map(|identity| format!("{:?}", identity.kind))
            .collect();
        if !kinds.is_empty() {
            let what = format!("answers to user identities ({})", kinds.join(", "));
            self.notes.assume(&what, "not answered");
        }
        if self
            .entity
            .storage
            .iter()
            .any(|case| case.outcome != crate::document::StoreOutcome::Stored)
        {
            self.notes.say(
                "how instances with faults are taken is in the document; the twin takes every instance",
            );
        }
        self
    }

    /// Which character sets answers are written in, if the document knows.
    pub(super) fn answer_character_sets(&self) -> Vec<&str> {
        let sets = self.entity.character_sets.iter();
        sets.filter(|set| set.support == Support::Yes)
            .filter(|set| set.used_in.is_empty() || set.used_in.iter().any(|use_| use_ == "answer"))
            .flat_map(|set| set.terms.iter().map(String::as_str))
            .collect()
    }
}

/// Which AE titles are taken, and how others are rejected.
fn titles(
    what: &str,
    rule: &Fact<TitleRule>,
    (known, usual): (Vec<AeTitle>, Rejection),
    lenient: bool,
    notes: &mut Notes,
) -> Titles {
    let only = match rule.value {
        Some(TitleRule::Any) => None,
        Some(TitleRule::Known) => Some(known),
        None if lenient => {
            notes.assume(what, "any is taken");
            None
        }
        None => {
            notes.assume(what, "known ones only");
            Some(known)
        }
    };
    Titles {
        only,
        rejection: rejection_of(rule.remark.as_deref()).unwrap_or(usual),
    }
}

/// Calling AE titles that are known: the user says so; else the one with which it was observed.
fn known(
    document: &Document,
    options: &Options,
    notes: &mut Notes,
    association: &crate::document::Association,
) -> Vec<AeTitle> {
    if !options.known.is_empty() || association.calling_ae_title.value == Some(TitleRule::Any) {
        return options.known.clone();
    }
    let evidence = document.basis_of(association.calling_ae_title.basis.as_deref());
    let observer = evidence.and_then(|basis| {
        let (_, rest) = basis.evidence.split_once(" as ")?;
        AeTitle::new(rest.split(',').next()?).ok()
    });
    match observer {
        Some(title) => {
            notes.say(format!(
                "known calling AE titles: {title}, with which it was observed"
            ));
            vec![title]
        }
        None => {
            notes.say("no calling AE title is known: --known names some");
            Vec::new()
        }
    }
}

fn at_once(association: &crate::document::Association, lenient: bool, notes: &mut Notes) -> AtOnce {
    let fact = &association.max_associations;
    let remark = fact.remark.as_deref().unwrap_or("");
    let per_address = association.max_associations_per_address.value;
    let most = match (fact.value, per_address) {
        (Some(most), Some(per_address)) => Some(most.min(per_address)),
        (most, per_address) => most.or(per_address),
    };
    if let (Some(most), Some(_)) = (most, per_address) {
        notes.say(format!(
            "{most} associations at a time, from whatever address"
        ));
    }
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    match most {
        Some(0) => AtOnce::Any,
        Some(most) if remark.contains("waits") => AtOnce::Wait(size(most)),
        Some(most) => {
            let rejection = rejection_of(Some(remark)).unwrap_or(Rejection::LOCAL_LIMIT_EXCEEDED);
            AtOnce::Reject(size(most), rejection)
        }
        None => {
            let seen: Option<u32> = remark
                .strip_prefix("at least ")
                .and_then(|number| number.trim().parse().ok());
            let done = match seen {
                Some(seen) if !lenient => {
                    let rejection = Rejection::LOCAL_LIMIT_EXCEEDED;
                    let (done, at_once) = (
                        format!("{seen}, as more were not seen"),
                        AtOnce::Reject(size(seen), rejection),
                    );
                    notes.assume("how many associations there may be", &done);
                    return at_once;
                }
                _ => "any number",
            };
            notes.assume("how many associations there may be", done);
            AtOnce::Any
        }
    }
}

fn max_contexts(fact: &Fact<u32>) -> usize {
    fact.value
        .and_then(|most| usize::try_from(most).ok())
        .filter(|most| *most > 0)
        .unwrap_or(128)
}

fn window(association: &crate::document::Association) -> Option<OperationsWindowItem> {
    let fact = &association.operations_window;
    let is_silent = fact
        .remark
        .as_deref()
        .is_some_and(|why| why.contains("not negotiated"));
    fact.value
        .filter(|_| !is_silent)
        .map(|window| OperationsWindowItem {
            invoked: window.invoked,
            performed: window.performed,
        })
}

fn config(association: &crate::document::Association, notes: &mut Notes) -> Result<Config, String> {
    let mut config = Config::default();
    match association.max_pdu_received.value {
        Some(most) => config.max_pdu_receive = most,
        None => {
            config.max_pdu_receive = 16_384;
            notes.assume("the maximum PDU length", "16384");
        }
    }
    if let Some(most) = association.max_pdu_sent.value.filter(|most| *most > 0) {
        config.max_pdu_send = most;
    }
    if let Some(uid) = &association.implementation_class_uid.value {
        config.implementation_class_uid = Uid::tolerant(uid).map_err(|error| error.to_string())?;
    } else {
        notes.assume("the Implementation Class UID", "our own");
    }
    match &association.implementation_version_name.value {
        Some(name) => config.implementation_version_name.clone_from(name),
        None => config.implementation_version_name = String::new(),
    }
    Ok(config)
}

/// A rejection that a remark tells of, as they are written.
pub(super) fn rejection_of(remark: Option<&str>) -> Option<Rejection> {
    let (_, rest) = remark?.split_once("(result ")?;
    let numbers: Vec<u8> = rest
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse().ok())
        .collect();
    match numbers.as_slice() {
        [result, source, reason, ..] => Some(Rejection {
            result: *result,
            source: *source,
            reason: *reason,
        }),
        _ => None,
    }
}

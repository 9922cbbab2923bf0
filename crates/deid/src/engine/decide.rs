//! What is to be done with an element, and why (PS3.15 §E.1.1, §E.3).

use sagittal_core::{Tag, Vr, dictionary, tags};
use sagittal_iod::AttributeType;

use super::Engine;
use super::level::Level;
use crate::policy::{OverrideAction, TextDefault};
use crate::table::{Row, standard_row};
use crate::value::uid::names_a_class;
use crate::{Action, Asked, IdentifierKind, Primitive, ProfileOption, Reason};

/// What is to be done with one element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan<'p> {
    /// Who asks.
    pub asked: Asked<'p>,
    /// For what.
    pub what: What<'p>,
    /// Why that.
    pub reason: Reason,
}

/// A choice that has been made.
#[derive(Clone, Copy, Debug)]
pub(super) enum What<'p> {
    /// An action of the profile.
    Do(Primitive),
    /// The value that a policy gives.
    Replace(&'p str),
    /// A pseudonym.
    Pseudonym(IdentifierKind),
}

impl<'p> Engine<'p> {
    /// What to do with the standard attribute we are at.
    pub(super) fn plan(&self, tag: Tag, vr: Vr, level: &Level) -> Plan<'p> {
        let project = self.session.project;
        if !project.policy.overrides.is_empty()
            && let Some(action) = project.policy.overrides.of_standard(&self.tags)
        {
            return self.overridden(action);
        }
        match standard_row(tag) {
            Some(row) => self.of_row(row),
            None => self.of_default(tag, vr, level),
        }
    }

    /// What a policy asks for.
    pub(super) fn overridden(&self, action: &'p OverrideAction) -> Plan<'p> {
        let (what, asked, reason) = match action {
            OverrideAction::One(primitive) => {
                let asked = Action::One(*primitive);
                let (primitive, by_type) = self.resolve(asked);
                let reason = if by_type {
                    Reason::TypeInIod
                } else {
                    Reason::Policy
                };
                (What::Do(primitive), asked, reason)
            }
            OverrideAction::Replace(value) => (
                What::Replace(value),
                Action::One(Primitive::Dummy),
                Reason::Policy,
            ),
            OverrideAction::Pseudonym(kind) => (
                What::Pseudonym(*kind),
                Action::One(Primitive::Dummy),
                Reason::Policy,
            ),
        };
        Plan {
            asked: Asked::Policy(asked),
            what,
            reason,
        }
    }

    fn of_row(&self, row: &'static Row) -> Plan<'p> {
        let (action, option) = row.action(&self.session.project.options);
        let (primitive, by_type) = self.resolve(action);
        let reason = match option {
            Some(code) => Reason::Option(code),
            None if by_type => Reason::TypeInIod,
            None => Reason::BasicProfile,
        };
        Plan {
            asked: Asked::Profile(row.printed, action),
            what: What::Do(primitive),
            reason,
        }
    }

    /// What no table lists.
    fn of_default(&self, tag: Tag, vr: Vr, level: &Level) -> Plan<'p> {
        let options = &self.session.project.options;
        let always_gone = matches!(
            tag,
            tags::ENCRYPTED_ATTRIBUTES_SEQUENCE | tags::MAC_PARAMETERS_SEQUENCE
        );
        if always_gone || dictionary::entry(tag).is_none() {
            // Types in the IOD do not matter: there is no dummy for what was signed or encrypted.
            return Plan {
                asked: Asked::Default(Action::One(Primitive::Remove)),
                what: What::Do(Primitive::Remove),
                reason: Reason::Policy,
            };
        }
        let keep = |reason| self.by_default(Action::One(Primitive::Keep), reason);
        let careful = || self.by_default(Action::RemoveZeroOrDummy, Reason::Policy);
        match vr {
            Vr::UI if names_a_class(tag) => keep(Reason::NotIdentifying),
            Vr::UI if options.retain_uids => keep(Reason::Option(ProfileOption::Uids.code())),
            Vr::UI => self.by_default(Action::One(Primitive::Uid), Reason::Policy),
            Vr::DA | Vr::DT | Vr::TM if options.retain_longitudinal_full_dates => {
                keep(Reason::Option(ProfileOption::FullDates.code()))
            }
            Vr::DA | Vr::DT | Vr::TM if options.retain_longitudinal_modified_dates => {
                let reason = Reason::Option(ProfileOption::ModifiedDates.code());
                self.by_default(Action::One(Primitive::Clean), reason)
            }
            Vr::AS if options.retain_patient_characteristics => {
                keep(Reason::Option(ProfileOption::PatientCharacteristics.code()))
            }
            Vr::AE if options.retain_device_identity => {
                let reason = Reason::Option(ProfileOption::DeviceIdentity.code());
                self.by_default(Action::One(Primitive::Clean), reason)
            }
            Vr::DA | Vr::DT | Vr::TM | Vr::AS | Vr::AE | Vr::PN => careful(),
            Vr::CS => self.by_default(Action::One(Primitive::Clean), Reason::NotIdentifying),
            Vr::LO | Vr::SH | Vr::ST | Vr::LT | Vr::UC | Vr::UT | Vr::UR => {
                self.of_text(tag, vr, level)
            }
            Vr::UN => self.by_default(Action::One(Primitive::Remove), Reason::Unreadable),
            _ => keep(Reason::NotIdentifying),
        }
    }

    fn of_text(&self, tag: Tag, vr: Vr, level: &Level) -> Plan<'p> {
        let policy = &self.session.project.policy;
        let is_code_part = matches!(
            tag,
            tags::CODE_VALUE
                | tags::LONG_CODE_VALUE
                | tags::URN_CODE_VALUE
                | tags::CODING_SCHEME_DESIGNATOR
                | tags::CODING_SCHEME_VERSION
        );
        if self.strict > 0 {
            // Whose code it is may tell who it is.
            let action = if level.is_code {
                Action::One(Primitive::Dummy)
            } else {
                Action::RemoveZeroOrDummy
            };
            return self.by_default(action, Reason::Policy);
        }
        if is_code_part && !level.own_scheme {
            return self.by_default(Action::One(Primitive::Keep), Reason::NotIdentifying);
        }
        let may_stay = match policy.text {
            TextDefault::Clean => true,
            TextDefault::Remove => false,
            TextDefault::AllowList => is_useful(tag) || policy.allow.contains(&tag),
        };
        let action = match may_stay {
            true if vr != Vr::UR || is_code_part => Action::One(Primitive::Clean),
            _ if is_code_part || tag == tags::CODE_MEANING => Action::One(Primitive::Clean),
            _ => Action::RemoveZeroOrDummy,
        };
        self.by_default(action, Reason::Policy)
    }

    fn by_default(&self, action: Action, reason: Reason) -> Plan<'p> {
        let (primitive, by_type) = self.resolve(action);
        Plan {
            asked: Asked::Default(action),
            what: What::Do(primitive),
            reason: if by_type { Reason::TypeInIod } else { reason },
        }
    }

    /// A primitive action, and whether the attribute's type in the IOD decided.
    ///
    /// An attribute that the IOD wants is never simply removed, whatever asks for it. Of an unknown
    /// SOP class nothing is known, and the careful choice is the one that leaves it there.
    pub(super) fn resolve(&self, action: Action) -> (Primitive, bool) {
        use AttributeType::{Type1, Type1C, Type2, Type2C, Type3};
        use Primitive::{Dummy, Remove, Uid, Zero};
        if let Action::One(primitive) = action
            && !matches!(primitive, Remove | Zero)
        {
            return (primitive, false);
        }
        let kind = sagittal_iod::attribute_type(&self.session.sop_class_uid, &self.tags);
        let unknown = kind.is_none() && !self.known_class;
        let chosen = match (action, kind) {
            (Action::One(Remove), None) => Remove,
            (Action::One(Zero), None) => Zero,
            // Other parts of the instance say that it refers to these.
            (Action::RemoveZeroOrUid, Some(Type1 | Type1C | Type2 | Type2C)) => Uid,
            (Action::RemoveZeroOrUid, None) if unknown => Uid,
            (Action::RemoveZeroOrUid, _) if self.refers => Uid,
            (_, Some(Type1 | Type1C)) => Dummy,
            (Action::RemoveOrZero, None) if unknown => Zero,
            (_, None) if unknown => Dummy,
            (_, Some(Type2 | Type2C)) => Zero,
            (Action::ZeroOrDummy | Action::One(Zero), _) => Zero,
            (_, Some(Type3) | None) => Remove,
        };
        let plain = match action {
            Action::One(primitive) => chosen == primitive,
            _ => false,
        };
        (chosen, !plain)
    }
}

/// Attributes outside the table whose text says how an image came about, and nothing of anybody.
fn is_useful(tag: Tag) -> bool {
    matches!(
        tag,
        tags::CODE_MEANING
            | tags::MANUFACTURER
            | tags::MANUFACTURER_MODEL_NAME
            | tags::SOFTWARE_VERSIONS
            | tags::RESCALE_TYPE
            | tags::SEQUENCE_NAME
            | tags::CONVOLUTION_KERNEL
            | tags::LUT_EXPLANATION
            | tags::WINDOW_CENTER_WIDTH_EXPLANATION
            | tags::MODALITY_LUT_TYPE
            | tags::SEGMENT_LABEL
            | tags::SEGMENT_DESCRIPTION
            | tags::CODING_SCHEME_NAME
            | tags::CODING_SCHEME_RESPONSIBLE_ORGANIZATION
            | tags::RECEIVE_COIL_NAME
            | tags::TRANSMIT_COIL_NAME
            | tags::FILTER_TYPE
            | tags::POSITION_REFERENCE_INDICATOR
            | tags::RADIOPHARMACEUTICAL
            | tags::ANODE_TARGET_MATERIAL
    )
}

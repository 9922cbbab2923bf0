//! What was done to one element, and to whom it is told.

use sagittal_core::{TagPath, Vr};

use crate::Action;

/// Receives every change and every knowing decision to keep, in the order of the data set.
pub trait Recorder {
    /// One element was dealt with.
    fn record(&mut self, change: Change<'_>);
}

/// Nobody listens: previews of speed, tests.
impl Recorder for () {
    fn record(&mut self, _: Change<'_>) {}
}

/// All of them, owned strings and all: previews, `explain`.
impl<F: FnMut(Change<'_>)> Recorder for F {
    fn record(&mut self, change: Change<'_>) {
        self(change);
    }
}

/// What was done to one element.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// Where, with item numbers; elements of File Meta Information have group 0002, the preamble is
    /// the path of tag (0000,0000).
    pub path: &'a TagPath,
    /// The private creator, for an element of a private block.
    pub private_creator: Option<&'a str>,
    /// The VR after explicit VRs, dictionary and UN were looked through.
    pub vr: Vr,
    /// What asked for it.
    pub asked: Asked<'a>,
    /// What was done.
    pub taken: Taken,
    /// Why that, in one of few words.
    pub reason: Reason,
    /// The value field before, as on the wire (text in the data set's character set). A protected
    /// value: recorders hash it with the project key or show it to whoever may see it.
    /// Empty for sequences and pixel data that stay.
    pub before: &'a [u8],
    /// The value field after; `None` when the element is gone.
    pub after: Option<&'a [u8]>,
}

/// What asked for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// A row of PS3.15 Table E.1-1, by its tag as printed there, and the action that profile and
    /// options together gave.
    Profile(&'a str, Action),
    /// A row of PS3.15 Table E.3.4-1, by code and scheme of the concept name.
    Content(&'a str, &'a str, Action),
    /// The row of PS3.15 Table E.3.10-1 of a safe private attribute.
    SafePrivate(Action),
    /// An override in the policy.
    Policy(Action),
    /// The policy's default for what no table lists.
    Default(Action),
    /// The engine itself: markers, preamble, File Meta Information, pixel cleaning.
    Engine,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Taken {
    /// Left as it was, knowingly.
    Kept,
    /// Removed.
    Removed,
    /// Made zero length.
    Emptied,
    /// Replaced by a dummy value.
    Dummied,
    /// Replaced by a pseudonym: UID, identifier.
    Replaced,
    /// Shifted in time.
    Shifted,
    /// Identifying parts taken out of the text.
    Cleaned,
    /// Regions of pixels blanked, or faces removed.
    Blanked,
    /// Added (markers).
    Added,
}

impl Taken {
    /// All of them.
    pub const ALL: [Taken; 9] = [
        Taken::Kept,
        Taken::Removed,
        Taken::Emptied,
        Taken::Dummied,
        Taken::Replaced,
        Taken::Shifted,
        Taken::Cleaned,
        Taken::Blanked,
        Taken::Added,
    ];

    /// The word used in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Taken::Kept => "kept",
            Taken::Removed => "removed",
            Taken::Emptied => "emptied",
            Taken::Dummied => "dummied",
            Taken::Replaced => "replaced",
            Taken::Shifted => "shifted",
            Taken::Cleaned => "cleaned",
            Taken::Blanked => "blanked",
            Taken::Added => "added",
        }
    }
}

/// Why that action was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The basic profile says so.
    BasicProfile,
    /// An option of the profile says so: its CID 7050 code.
    Option(&'static str),
    /// The attribute's type in the IOD decided among a compound action's choices.
    TypeInIod,
    /// A private element that no safe list knows.
    UnknownPrivate,
    /// The policy's override or default.
    Policy,
    /// Not in any table, and its VR cannot identify (numbers, codes of a fixed set).
    NotIdentifying,
    /// Known identifiers were found in it.
    IdentifierFound,
    /// The standard requires it of de-identified instances (PS3.15 §E.1.1).
    Required,
    /// A value that cannot be interpreted, and is therefore not let through.
    Unreadable,
}

impl Reason {
    /// The word used in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::BasicProfile => "basic profile",
            Reason::Option(code) => code,
            Reason::TypeInIod => "type in IOD",
            Reason::UnknownPrivate => "unknown private",
            Reason::Policy => "policy",
            Reason::NotIdentifying => "not identifying",
            Reason::IdentifierFound => "identifier found",
            Reason::Required => "required",
            Reason::Unreadable => "unreadable",
        }
    }
}

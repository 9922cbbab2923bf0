//! The answer key.

/// What is asked of one value of an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// The element is still there.
    TagRetained,
    /// There and not empty.
    TextNotNull,
    /// All of these words are still there.
    TextRetained(Vec<String>),
    /// None of these words is there.
    TextRemoved(Vec<String>),
    /// Not the original date or time.
    DateShifted(String),
    /// Not the original UID.
    UidChanged(String),
    /// The UID that the map has for the original.
    UidConsistent(String),
    /// The identifier that the map has for the original.
    PatientIdConsistent(String),
    /// Pixels of the rectangle (x, y, width, height) show nothing any more.
    PixelsHidden([u16; 4]),
    /// The value field of Pixel Data has this SHA-256.
    PixelsRetained(String),
}

impl Check {
    /// MIDI-B's name.
    pub fn name(&self) -> &'static str {
        match self {
            Check::TagRetained => "tag_retained",
            Check::TextNotNull => "text_notnull",
            Check::TextRetained(_) => "text_retained",
            Check::TextRemoved(_) => "text_removed",
            Check::DateShifted(_) => "date_shifted",
            Check::UidChanged(_) => "uid_changed",
            Check::UidConsistent(_) => "uid_consistent",
            Check::PatientIdConsistent(_) => "patid_consistent",
            Check::PixelsHidden(_) => "pixels_hidden",
            Check::PixelsRetained(_) => "pixels_retained",
        }
    }
}

/// One check at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// Where, as `(0040,A730)[2].(0040,A160)`; for a private element the block number is that of
    /// the input.
    pub path: String,
    /// What.
    pub check: Check,
}

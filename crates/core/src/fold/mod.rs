//! Keys for matching of text without regard to case, diacritics and width (PS3.4 §C.2.2.2.1.1
//! leaves this to the SCP), and by sound.

mod letters;
mod phonetic;

pub use letters::fold;
pub use phonetic::{phonetic, phonetic_words};

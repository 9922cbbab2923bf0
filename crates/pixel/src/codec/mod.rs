//! Codecs of the transfer syntaxes (PS3.5 §8.2, §A.4).

pub mod jpeg;

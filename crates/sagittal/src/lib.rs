//! The command line of Sagittal: the server, and tools around it.

pub mod config;
pub mod demo;

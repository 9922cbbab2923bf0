//! Bounds on what a reader of outside bytes will do.

/// Limits of one read. Exceeding one is an error, never an abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sequences within sequences.
    pub depth: usize,
    /// Elements in all, nested ones and items included.
    pub elements: usize,
    /// Bytes that a deflated data set may grow to.
    pub inflated: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            depth: 64,
            elements: 4_000_000,
            inflated: 1 << 30,
        }
    }
}

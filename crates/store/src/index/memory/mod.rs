//! The index in memory: slow, simple, and the oracle of the others' tests.

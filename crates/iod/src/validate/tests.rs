//! Valid and broken objects.

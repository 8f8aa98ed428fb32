//! The store contract as functions; written by hand below.

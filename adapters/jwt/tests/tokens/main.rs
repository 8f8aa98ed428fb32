//! What those who check tokens may rely on, a file a promise.

mod attacks;
mod common;
mod flows;
mod interop;
mod jwks;
mod keys;
mod leak;
mod mutations;
mod rotation;

//! One-time passcodes by email.

//! One-time passcodes by SMS.

//! One-time passcodes over HTTP.

//! Signed access tokens for `otp-exchange`.

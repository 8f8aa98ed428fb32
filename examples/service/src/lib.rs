//! A passwordless sign-in service.

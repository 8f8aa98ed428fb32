//! Recipients whose code is known beforehand, for reviewers and end-to-end tests.

use std::fmt;
use std::sync::Arc;

use subtle::ConstantTimeEq;

use crate::recipient::Recipient;
use crate::timestamp::Timestamp;
use crate::typed::{MalformedCode, Typed};

/// An address whose code is always the same, until a day that has to be named: for app-store reviewers, who
/// get no messages, and for end-to-end tests. Requests for it are spaced and counted like any other; nothing
/// is sent. It is not for codes that answer to nothing but themselves.
///
/// The code lies in this configuration only, never in the store. Whoever knows it is let in as this
/// recipient, so give it an account of its own that can do no harm.
#[derive(Clone)]
pub struct TestRecipient(Arc<Fixed>);

struct Fixed {
    recipient: Recipient,
    code: Typed,
    until: Timestamp,
}

impl TestRecipient {
    /// That recipient, its code, and from when on it is a recipient like any other.
    ///
    /// # Errors
    /// [`MalformedCode`] if `code` can be no code at all; whether the policy has codes of its form is checked
    /// when the exchanger is built.
    pub fn new(recipient: Recipient, code: &str, until: Timestamp) -> Result<Self, MalformedCode> {
        Ok(Self(Arc::new(Fixed { recipient, code: Typed::read(code)?, until })))
    }

    /// The recipient.
    pub fn recipient(&self) -> &Recipient {
        &self.0.recipient
    }

    /// From when on its code is worth nothing.
    pub fn until(&self) -> Timestamp {
        self.0.until
    }

    pub(crate) fn code(&self) -> &Typed {
        &self.0.code
    }

    /// Whether it is about that recipient, now.
    pub(crate) fn is(&self, recipient: &Recipient, now: Timestamp) -> bool {
        self.0.recipient == *recipient && now < self.0.until
    }
}

impl PartialEq for TestRecipient {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        a.recipient == b.recipient && a.until == b.until && bool::from(a.code.ct_eq(&b.code))
    }
}

impl Eq for TestRecipient {}

impl fmt::Debug for TestRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestRecipient")
            .field("recipient", &self.0.recipient)
            .field("until", &self.0.until)
            .finish_non_exhaustive()
    }
}

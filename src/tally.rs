//! Counts what this thread asked of the primitives, so that tests can pin the cost of each flow.

#[cfg(any(test, feature = "testkit"))]
mod counting {
    use std::cell::Cell;

    thread_local! {
        static COUNTS: Cell<CryptoCounts> = const {
            Cell::new(CryptoCounts { hmacs: 0, seals: 0, opens: 0, texts_read: 0, texts_written: 0, message_texts: 0 })
        };
    }

    /// How often this thread asked for each primitive.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CryptoCounts {
        /// HMAC-SHA-256 computations.
        pub hmacs: u64,
        /// AES-256-GCM-SIV encryptions.
        pub seals: u64,
        /// AES-256-GCM-SIV decryptions, failed ones included.
        pub opens: u64,
        /// Tokens and ids read from their text in constant time, malformed ones of the right length included.
        pub texts_read: u64,
        /// Tokens and ids written as text in constant time.
        pub texts_written: u64,
        /// Texts of messages put together: an email has up to three.
        pub message_texts: u64,
    }

    impl CryptoCounts {
        /// What this thread has asked for since it began; subtract two of them.
        pub fn of_this_thread() -> Self {
            COUNTS.get()
        }
    }

    impl std::ops::Sub for CryptoCounts {
        type Output = Self;

        fn sub(self, earlier: Self) -> Self {
            Self {
                hmacs: self.hmacs - earlier.hmacs,
                seals: self.seals - earlier.seals,
                opens: self.opens - earlier.opens,
                texts_read: self.texts_read - earlier.texts_read,
                texts_written: self.texts_written - earlier.texts_written,
                message_texts: self.message_texts - earlier.message_texts,
            }
        }
    }

    pub(crate) fn count(add: impl FnOnce(&mut CryptoCounts)) {
        let mut counts = COUNTS.get();
        add(&mut counts);
        COUNTS.set(counts);
    }
}

#[cfg(any(test, feature = "testkit"))]
pub use counting::CryptoCounts;

macro_rules! tally {
    ($field:ident) => {
        #[cfg(any(test, feature = "testkit"))]
        crate::tally::counted(|counts| counts.$field += 1);
    };
}
pub(crate) use tally;

#[cfg(any(test, feature = "testkit"))]
pub(crate) use counting::count as counted;

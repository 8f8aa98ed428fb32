//! Secrets that are wiped when they are dropped, all at once: `Zeroizing` goes through a `Vec`, a `String` and an
//! array byte by byte, which for a message takes longer than writing it did.

use std::mem;
use std::ops::{Deref, DerefMut};

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Secret bytes.
#[derive(Clone)]
pub(crate) struct Wiped<T: AsMut<[u8]>>(T);

impl<T: AsMut<[u8]>> Wiped<T> {
    pub(crate) fn new(secret: T) -> Self {
        Self(secret)
    }
}

impl<T: AsMut<[u8]>> Drop for Wiped<T> {
    fn drop(&mut self) {
        self.0.as_mut().zeroize();
    }
}

impl<T: AsMut<[u8]>> ZeroizeOnDrop for Wiped<T> {}

impl<T: AsMut<[u8]>> Deref for Wiped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: AsMut<[u8]>> DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// A secret text. All it ever held is wiped with it, also what it was cut off from.
#[derive(Clone)]
pub(crate) struct SecretText(String);

impl SecretText {
    /// An empty text that will get that many bytes. It must not get more: a text that grows leaves a copy behind.
    pub(crate) fn with_room(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    pub(crate) fn push(&mut self, part: &str) {
        debug_assert!(part.len() <= self.0.capacity() - self.0.len(), "a secret text grows");
        self.0.push_str(part);
    }

    /// Those parts, one after the other.
    pub(crate) fn joined(parts: &[&str]) -> Self {
        let mut whole = Self::with_room(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            whole.push(part);
        }
        whole
    }

    /// Whether it has room that nothing was written to, as what grew has.
    #[cfg(test)]
    pub(crate) fn has_room(&self) -> bool {
        self.0.capacity() > self.0.len()
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        let mut bytes = mem::take(&mut self.0).into_bytes();
        bytes.as_mut_slice().zeroize();
        bytes.spare_capacity_mut().zeroize();
        #[cfg(test)]
        tests::LAST_TEXT.set(bytes);
    }
}

impl ZeroizeOnDrop for SecretText {}

impl Deref for SecretText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        /// What was left of the text that this thread dropped last.
        pub(super) static LAST_TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    /// Says what it held at last.
    struct Seen<'a>([u8; 3], &'a mut [u8; 3]);

    impl AsMut<[u8]> for Seen<'_> {
        fn as_mut(&mut self) -> &mut [u8] {
            &mut self.0
        }
    }

    impl Drop for Seen<'_> {
        fn drop(&mut self) {
            *self.1 = self.0;
        }
    }

    #[test]
    fn what_is_dropped_was_wiped_and_what_is_joined_never_grew() {
        let text = SecretText::joined(&["", "a code ", "123456", ""]);
        assert_eq!(&*text, "a code 123456");
        assert!(!text.has_room());

        drop(text);
        assert_eq!(LAST_TEXT.take(), [0; 13]);

        let mut last = [9; 3];
        drop(Wiped::new(Seen([1, 2, 3], &mut last)));
        assert_eq!(last, [0; 3]);
    }

    #[test]
    #[should_panic(expected = "a secret text grows")]
    fn a_text_that_would_grow_is_found() {
        SecretText::with_room(3).push("four");
    }
}

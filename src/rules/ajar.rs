//! A ledger with its fields open, for tests that build one wrong on purpose.

use serde::{Deserialize, Serialize};

use crate::rules::lanes::Lanes;
use crate::rules::spent::Spent;
use crate::rules::{Challenge, Ledger};
use crate::timestamp::Timestamp;

/// The fields of a [`Ledger`], in its encoding.
#[derive(Serialize, Deserialize)]
pub(in crate::rules) struct Ajar {
    pub(in crate::rules) last_send: Option<Timestamp>,
    pub(in crate::rules) latest_end: Option<Timestamp>,
    pub(in crate::rules) failures: (u32, Option<Timestamp>),
    pub(in crate::rules) spent: Spent,
    pub(in crate::rules) lanes: Lanes,
    pub(in crate::rules) challenges: Vec<Challenge>,
}

impl Ajar {
    pub(in crate::rules) fn open(ledger: &Ledger) -> Self {
        postcard::from_bytes(&postcard::to_allocvec(ledger).unwrap()).unwrap()
    }

    pub(in crate::rules) fn close(self) -> Ledger {
        postcard::from_bytes(&postcard::to_allocvec(&self).unwrap()).unwrap()
    }
}

#[test]
fn a_ledger_that_was_opened_and_closed_is_the_same() {
    use super::tests::{ask, at, guess, one, policy};
    let ledger = ask(1).client(1).to(one(), at(30)).unwrap();
    let ledger = guess(ledger, 1, 2, at(30), &policy());
    let closed = Ajar::open(&ledger).close();
    assert_eq!(postcard::to_allocvec(&closed).unwrap(), postcard::to_allocvec(&ledger).unwrap());
}

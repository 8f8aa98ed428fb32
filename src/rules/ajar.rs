//! A ledger with its fields open, for tests that build one wrong on purpose.

use serde::{Deserialize, Serialize};

use super::lanes::Lanes;
use super::spent::Spent;
use super::{Challenge, Ledger};
use crate::timestamp::Timestamp;

/// The fields of a [`Ledger`], in its encoding.
#[derive(Serialize, Deserialize)]
pub(super) struct Ajar {
    pub(super) last_send: Option<Timestamp>,
    pub(super) latest_end: Option<Timestamp>,
    pub(super) failures: (u32, Option<Timestamp>),
    pub(super) spent: Spent,
    pub(super) lanes: Lanes,
    pub(super) challenges: Vec<Challenge>,
}

impl Ajar {
    pub(super) fn open(ledger: &Ledger) -> Self {
        postcard::from_bytes(&postcard::to_allocvec(ledger).unwrap()).unwrap()
    }

    pub(super) fn close(self) -> Ledger {
        postcard::from_bytes(&postcard::to_allocvec(&self).unwrap()).unwrap()
    }
}

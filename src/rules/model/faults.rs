//! Ledgers that are built wrong: each forgets, or gives back, what it must not.

use super::super::Ledger;
use super::super::ajar::Ajar;
use super::super::lanes::Lanes;
use super::super::spent::Spent;

/// How a ledger is built wrong: on purpose, by tests only.
#[cfg_attr(not(test), allow(dead_code))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not.
    None,
    ResendRefillsAttempts,
    NewCodeForgetsFailures,
    NewCodeRefundsGuesses,
    NewCodeForgetsWhoAsked,
    CancelRefundsGuesses,
    ClearingRefundsGuesses,
}

impl Fault {
    pub(super) fn after_asking(self, ledger: Ledger) -> Ledger {
        match self {
            Self::NewCodeForgetsFailures => Ajar { failures: (0, None), ..Ajar::open(&ledger) }.close(),
            Self::NewCodeForgetsWhoAsked => Ajar { lanes: Lanes::default(), ..Ajar::open(&ledger) }.close(),
            _ => self.refunds(Self::NewCodeRefundsGuesses, ledger),
        }
    }

    pub(super) fn after_sending_again(self, ledger: Ledger, attempts: u8) -> Ledger {
        if self != Self::ResendRefillsAttempts {
            return ledger;
        }
        let mut ajar = Ajar::open(&ledger);
        for challenge in &mut ajar.challenges {
            challenge.attempts_left = attempts;
        }
        ajar.close()
    }

    pub(super) fn after_cancelling(self, ledger: Ledger) -> Ledger {
        self.refunds(Self::CancelRefundsGuesses, ledger)
    }

    pub(super) fn after_clearing(self, ledger: Ledger) -> Ledger {
        self.refunds(Self::ClearingRefundsGuesses, ledger)
    }

    fn refunds(self, when: Self, ledger: Ledger) -> Ledger {
        if self != when {
            return ledger;
        }
        Ajar { spent: Spent::default(), ..Ajar::open(&ledger) }.close()
    }
}

//! The store contract, as checks that any [`CodeStore`] can be put through by its own tests.
//!
//! Everything the exchanger promises rests on its store keeping these [laws](Law): a limit of five guesses is
//! five applied swaps, and a code wins once because one swap wins. None of them can be checked by the
//! exchanger while it runs, so check them in your store's tests, against the real thing. A race that was not
//! lost is no proof: a store that looks and then writes loses most runs, not all.
//!
//! ```
//! use otp_exchange::MemoryStore;
//! use otp_exchange::testkit::ManualClock;
//! use otp_exchange::testkit::laws::{Broken, Laws};
//!
//! let clock = ManualClock::default();
//! let store = MemoryStore::with_clock(1_000, clock.clone());
//!
//! Laws::new(&store, &clock, |work| pollster::block_on(work))
//!     .time_passes(|span| clock.advance(span))
//!     .all()?;
//! # Ok::<(), Broken>(())
//! ```
//!
//! A store on a server takes the [`SystemClock`](crate::SystemClock), lets time pass by sleeping, and is
//! driven by its own runtime. With tokio that is `|work| handle.block_on(work)` for a
//! `tokio::runtime::Handle`, called from a thread that is none of the runtime's workers (`spawn_blocking`, or
//! a test without `#[tokio::test]`). The runtime must be a multi-threaded one.
//!
//! Every run takes names at random, so it can share a server with anything else, as often as one likes. It
//! leaves up to 1,000 entries behind, the last of which may be forgotten after an hour or so. Up to
//! [`RACERS`] calls are under way at once. All laws together let about 12 seconds pass.

mod ask;
mod forgetting;
mod lost;
mod plain;
mod racing;
mod reading;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::crypto::Sealed;
use crate::entropy_error::EntropyError;
use crate::ports::{Clock, CodeStore, StoreError, Swap};

/// How many threads race in the laws about races.
pub const RACERS: usize = 8;

/// A piece of asynchronous work to be driven to its end.
pub type Work<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One sentence of the store contract, and what happens in production where a store breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Law {
    /// A name never used loads as `None`.
    ///
    /// *Broken:* nobody new can be sent a code; a store that errs instead answers every first send with 503.
    AbsentIsNone,
    /// What was written is loaded, byte for byte: the smallest entry, every byte value, exactly 16 KiB, and a
    /// short one after a long one.
    ///
    /// *Broken:* entries no longer open. A text column or a size limit does it, and it shows first for
    /// whoever has the most codes and scopes.
    BytesAreKept,
    /// A swap that expects `None` never touches an entry that is there.
    ///
    /// *Broken:* an upsert. Two sends at once, and one throws away the other's ledger: attempts already
    /// charged are back, and guesses have no limit.
    NoneNeverOverwrites,
    /// A swap that expects a version never makes an entry where there was none.
    ///
    /// *Broken:* a slow writer puts back what was deleted meanwhile, erased codes and addresses too.
    SomeNeverCreates,
    /// Once a load has not shown an entry any more, no swap that expects its version is applied.
    ///
    /// *Broken:* the load leaves out expired rows, the update does not. An entry that some have seen gone
    /// comes back, a used code or a revoked session with it.
    ForgottenStaysForgotten,
    /// A swap that expects any version but the present one conflicts, and leaves the entry alone; one bit of
    /// difference is enough.
    ///
    /// *Broken:* the last writer wins. A wrong guess that was charged is overwritten by one that was slower:
    /// N guesses at once cost one attempt.
    StaleConflicts,
    /// The identical swap, repeated after it was applied, conflicts, and a load shows its bytes.
    ///
    /// *Broken:* a reply lost in the network can no longer be told from a conflict with somebody else, and
    /// each such moment costs a person their code.
    RepeatConflicts,
    /// Of many who create one name at once, exactly one is applied, and its bytes stay. So too where an
    /// earlier entry of that name has been forgotten.
    ///
    /// *Broken:* "is it there?", then insert. Two first sends are both told that theirs counts; one code was
    /// sent and can never be right.
    OneCreatorWins,
    /// Of many who swap one version at once, exactly one is applied; no applied swap is lost.
    ///
    /// *Broken:* load, compare, write as separate steps. One code wins twice: two sessions for whoever reads
    /// along. Or a thousand parallel guesses buy a thousand verdicts.
    OneWriterWins,
    /// Entries whose names differ in a single bit are different entries.
    ///
    /// *Broken:* a name cut short, read as text, or compared without case. Two people share an entry, which
    /// opens for one of them alone; the other is locked out.
    NamesAreIndependent,
    /// Before `forget_after` of its last swap an entry is there: not evicted by others, not forgotten at the
    /// time of an earlier swap, not a second early.
    ///
    /// *Broken:* eviction under load, the time of the first write kept, seconds rounded down. Whoever makes
    /// the store forget a ledger gets all attempts anew; a revoked session forgotten early cannot be told
    /// from one that never was.
    NothingIsForgottenEarly,
    /// After `forget_after`, load and swap agree on whether the entry is still there.
    ///
    /// *Broken:* the load leaves out an expired row that still blocks the insert. Whoever comes back after a
    /// month cannot be sent a code: every swap conflicts, every load says there is nothing to conflict with.
    ExpiredAnswersAgree,
    /// A load sees every swap that was answered before it began, from whichever thread; at no moment does an
    /// entry seem absent while it is swapped.
    ///
    /// *Broken:* a read replica or a cache. It costs conflicts, and a revoked token is good until the replica
    /// has caught up.
    AnsweredSwapsAreSeen,
    /// With replies lost at every point of a whole flow, the code is delivered, a wrong guess is charged
    /// once, the right one wins once, and never again.
    ///
    /// *Broken:* a duplicate key reported as an error instead of a conflict, say. A cut connection then costs
    /// a person their code, or lets one win twice.
    LostRepliesAreFoundOut,
}

impl Law {
    /// All of them, the simplest first.
    pub const ALL: [Self; 14] = [
        Self::AbsentIsNone,
        Self::BytesAreKept,
        Self::NoneNeverOverwrites,
        Self::SomeNeverCreates,
        Self::StaleConflicts,
        Self::RepeatConflicts,
        Self::NamesAreIndependent,
        Self::NothingIsForgottenEarly,
        Self::ForgottenStaysForgotten,
        Self::ExpiredAnswersAgree,
        Self::OneCreatorWins,
        Self::OneWriterWins,
        Self::AnsweredSwapsAreSeen,
        Self::LostRepliesAreFoundOut,
    ];

    /// The law in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AbsentIsNone => "a name never used loads as None",
            Self::BytesAreKept => "what was written is loaded, byte for byte",
            Self::NoneNeverOverwrites => "a swap that expects None never overwrites",
            Self::SomeNeverCreates => "a swap that expects a version never creates",
            Self::ForgottenStaysForgotten => "what a load no longer shows cannot be swapped",
            Self::StaleConflicts => "a swap that expects another version conflicts",
            Self::RepeatConflicts => "the identical swap, repeated, conflicts",
            Self::OneCreatorWins => "of many who create at once, one is applied",
            Self::OneWriterWins => "of many who swap one version at once, one is applied",
            Self::NamesAreIndependent => "names that differ in one bit are different",
            Self::NothingIsForgottenEarly => "nothing is forgotten before its time",
            Self::ExpiredAnswersAgree => "after its time, load and swap agree",
            Self::AnsweredSwapsAreSeen => "a load sees every swap answered before it",
            Self::LostRepliesAreFoundOut => "lost replies cost no code and win none twice",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A store under the laws: with the time it goes by, and a way to drive its futures.
#[must_use = "nothing is checked until `all` or `check`"]
pub struct Laws<'a, S> {
    store: &'a S,
    clock: &'a dyn Clock,
    block_on: Box<dyn Fn(Work<'_>) + Sync + 'a>,
    pass: Option<Box<dyn Fn(Duration) + Sync + 'a>>,
}

impl<'a, S: CodeStore> Laws<'a, S> {
    /// Puts `store` under the laws. `clock` is the one the store goes by; `block_on` drives a piece of work
    /// to its end, and is called from several threads at once.
    pub fn new(store: &'a S, clock: &'a dyn Clock, block_on: impl Fn(Work<'_>) + Sync + 'a) -> Self {
        Self { store, clock, block_on: Box::new(block_on), pass: None }
    }

    /// How to let time pass: move the clock by hand, or sleep. At most 4 seconds are asked for at once.
    ///
    /// Without it nothing can be seen to outlive its earlier `forget_after`; the other laws then write
    /// entries whose time has already passed.
    pub fn time_passes(self, pass: impl Fn(Duration) + Sync + 'a) -> Self {
        Self { pass: Some(Box::new(pass)), ..self }
    }

    /// Checks every law, and stops at the first one broken.
    ///
    /// # Errors
    /// [`Broken`] names the law and says what was seen.
    pub fn all(&self) -> Result<(), Broken> {
        Law::ALL.into_iter().try_for_each(|law| self.check(law))
    }

    /// Checks one law.
    ///
    /// # Errors
    /// [`Broken`] says what was seen.
    pub fn check(&self, law: Law) -> Result<(), Broken> {
        let kept = match law {
            Law::AbsentIsNone => plain::absent_is_none(self),
            Law::BytesAreKept => plain::bytes_are_kept(self),
            Law::NoneNeverOverwrites => plain::none_never_overwrites(self),
            Law::SomeNeverCreates => plain::some_never_creates(self),
            Law::StaleConflicts => plain::stale_conflicts(self),
            Law::RepeatConflicts => plain::repeat_conflicts(self),
            Law::NamesAreIndependent => plain::names_are_independent(self),
            Law::NothingIsForgottenEarly => forgetting::nothing_is_forgotten_early(self),
            Law::ForgottenStaysForgotten => forgetting::forgotten_stays_forgotten(self),
            Law::ExpiredAnswersAgree => forgetting::expired_answers_agree(self),
            Law::OneCreatorWins => racing::one_creator_wins(self),
            Law::OneWriterWins => racing::one_writer_wins(self),
            Law::AnsweredSwapsAreSeen => reading::answered_swaps_are_seen(self),
            Law::LostRepliesAreFoundOut => lost::lost_replies_are_found_out(self),
        };
        kept.map_err(|seen| Broken { law, seen })
    }
}

impl<S> fmt::Debug for Laws<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Laws").field("time_passes", &self.pass.is_some()).finish_non_exhaustive()
    }
}

/// A store broke a law, or could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("store law broken: {law}; {seen}")]
pub struct Broken {
    /// Which law.
    pub law: Law,
    /// What was seen.
    pub seen: Seen,
}

/// What was seen of a store that it should not have done. `when` says what was being tried.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Seen {
    /// A load showed something else.
    #[error("{when}, load showed {found:?} instead of {expected:?}")]
    Load {
        /// What was being tried.
        when: &'static str,
        /// What it should have shown.
        expected: Option<Sealed>,
        /// What it showed.
        found: Option<Sealed>,
    },
    /// A swap ended otherwise.
    #[error("{when}, the swap ended in {found:?}")]
    Swap {
        /// What was being tried.
        when: &'static str,
        /// How it ended.
        found: Swap,
    },
    /// A load showed less than what was answered before.
    #[error("a load that began after swap {answered} was answered showed {found:?}")]
    Stale {
        /// Which swap had been answered, counted from 1; 0 is the creation.
        answered: u64,
        /// Which one the load showed, or nothing.
        found: Option<u64>,
    },
    /// More or fewer swaps were answered as applied than can have been.
    #[error("{when}, {applied} swaps were answered as applied instead of {expected}")]
    Race {
        /// What was being tried.
        when: &'static str,
        /// How many were answered so.
        applied: u64,
        /// How many can have been.
        expected: u64,
    },
    /// A whole flow ended otherwise than it does on a sound store.
    #[error("{when}, the exchanger ended in: {found}")]
    Flow {
        /// What was being tried.
        when: &'static str,
        /// What the exchanger answered.
        found: String,
    },
    /// The store could not be asked: an error that is no lost reply made for the test.
    #[error("the store failed ({0})")]
    Failed(StoreError),
    /// The `block_on` that was given returned before the work was done.
    #[error("the given block_on returned before its work was done")]
    NotDriven,
    /// No random names could be had.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

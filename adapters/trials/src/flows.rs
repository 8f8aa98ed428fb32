//! Codes under load: issued, guessed at and used, with a journal of every verdict that anybody was told, to
//! be held against what the store says afterwards.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use otp_exchange::{
    CodeStore, DynStore, ExchangeError, Exchanger, Keyring, OtpId, Outbox, Policy, Recipient, Refused,
    Request, Status, StatusError, Submission,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{BoxError, runtime};

/// How often a code of these trials may be tried.
pub(crate) const ATTEMPTS: u8 = 5;

/// How many ask at once.
const TASKS: u64 = 8;

/// How often the store is asked again, once all is well, before it counts as lost.
const PATIENCE: u32 = 2000;

/// An exchanger on any store: one type for all, so that what is done with it is compiled once.
pub type Otp = Exchanger<DynStore, Outbox>;

/// The keys of every process in the trials.
///
/// # Panics
/// Never: both are long enough.
pub fn keyring() -> Keyring {
    Keyring::new(b"naming-secret-naming-secret-1234", b"sealing-secret-sealing-secret-56")
        .expect("32 bytes each")
}

/// A policy that does not wait between messages.
pub fn sends_freely() -> Policy {
    Policy::default().attempts(ATTEMPTS).send_spacing(Duration::ZERO)
}

/// An exchanger as every process in the trials has it.
///
/// # Panics
/// Never: its policy is within its ranges.
pub fn exchanger(store: impl CodeStore + 'static, outbox: Outbox) -> Otp {
    Exchanger::builder(DynStore::new(store), outbox, keyring())
        .policy(sends_freely())
        .build()
        .expect("a policy within its ranges")
}

/// Somebody who never asked for a code before.
pub(crate) fn stranger() -> Recipient {
    let number: u64 = rand::random();
    Recipient::parse(&format!("user-{number:016x}@example.org")).expect("an address")
}

/// A code of the same form that is not this one.
pub(crate) fn other_than(code: &str) -> String {
    let first = if code.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &code[1..])
}

/// One code, and what anybody was told about it.
#[derive(Debug)]
struct Known {
    otp_id: OtpId,
    code: String,
    /// Submissions that were told to be wrong.
    refused: u8,
    /// Wrong guesses that are charged, by what was told.
    charged: u8,
    /// Submissions that got no verdict, so that nobody knows whether they were charged.
    doubted: u8,
    /// Whether the right code was among those.
    win_doubted: bool,
    /// How often the code was accepted.
    won: u32,
}

/// Every verdict that was told while something was going wrong.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Vec<Known>>>);

/// What a journal came to, held against the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Codes that were issued.
    pub codes: u64,
    /// Wrong guesses whose verdict was told.
    pub charges: u64,
    /// Codes whose acceptance was told.
    pub wins: u64,
    /// Submissions that ended without a verdict.
    pub doubted: u64,
    /// Verdicts on wrong guesses that the store knows nothing of any more.
    pub lost_charges: u64,
    /// Acceptances that the store knows nothing of any more: the code was accepted again.
    pub lost_wins: u64,
    /// Codes that are gone though they were issued and not used.
    pub lost_codes: u64,
    /// Charges that no submission accounts for.
    pub overcharged: u64,
}

impl Tally {
    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        let pairs = [
            (&mut self.codes, other.codes),
            (&mut self.charges, other.charges),
            (&mut self.wins, other.wins),
            (&mut self.doubted, other.doubted),
            (&mut self.lost_charges, other.lost_charges),
            (&mut self.lost_wins, other.lost_wins),
            (&mut self.lost_codes, other.lost_codes),
            (&mut self.overcharged, other.overcharged),
        ];
        for (sum, more) in pairs {
            *sum += more;
        }
    }

    /// The promise: what was told is so for good.
    ///
    /// # Errors
    /// The tally itself, where something was lost.
    pub fn promise(self) -> Result<(), BoxError> {
        let lost = self.lost_charges + self.lost_wins + self.lost_codes + self.overcharged;
        if lost == 0 { Ok(()) } else { Err(format!("acknowledged, and lost: {self:?}").into()) }
    }
}

/// Issues codes, guesses at them and uses them, from several tasks at once; until `meanwhile` has returned,
/// or where it is said how many codes, until all of these have had their turn. Faults are part of it.
///
/// # Errors
/// If a task panics.
pub fn under_load(
    store: &(impl CodeStore + Clone + 'static),
    codes: Option<u64>,
    meanwhile: impl FnOnce(),
) -> Result<Journal, BoxError> {
    let (journal, left) = (Journal::default(), Arc::new(AtomicU64::new(codes.unwrap_or(u64::MAX))));
    let tasks: Vec<_> = (0..TASKS)
        .map(|seed| {
            let (journal, left) = (journal.clone(), Arc::clone(&left));
            let otp = exchanger(store.clone(), Outbox::new());
            runtime().spawn(async move { journal.fill(&otp, &left, seed).await })
        })
        .collect();
    meanwhile();
    if codes.is_none() {
        left.store(0, Ordering::SeqCst);
    }
    tasks.into_iter().try_for_each(|task| runtime().block_on(task))?;
    Ok(journal)
}

impl Journal {
    /// One after the other, codes are issued, guessed at up to three times, and most of them used; as long as
    /// any are left.
    async fn fill(&self, otp: &Otp, left: &AtomicU64, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let another = || {
            let one_less = |left: u64| left.checked_sub(1);
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
        };
        while another() {
            let Ok(receipt) = otp.send(Request::login(&stranger())).await else {
                tokio::task::yield_now().await;
                continue;
            };
            let (otp_id, code) = (receipt.otp_id, receipt.expose().code.to_owned());
            let known =
                Known { otp_id, code, refused: 0, charged: 0, doubted: 0, win_doubted: false, won: 0 };
            let index = {
                let mut known_codes = self.lock();
                known_codes.push(known);
                known_codes.len() - 1
            };
            for _ in 0..random.random_range(0..=3) {
                self.submit(otp, index, false).await;
            }
            if random.random_range(0..4) > 0 {
                self.submit(otp, index, true).await;
            }
        }
    }

    /// Submits the right code until there is a verdict.
    async fn submit_until_told(&self, otp: &Otp, index: usize) -> Result<(), BoxError> {
        for _ in 0..PATIENCE {
            if self.submit(otp, index, true).await {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err("no verdict, though all is well".into())
    }

    /// Submits a code, right or wrong, and writes down what is told; whether anything is.
    async fn submit(&self, otp: &Otp, index: usize, right: bool) -> bool {
        let (otp_id, typed) = {
            let known = &self.lock()[index];
            (known.otp_id, if right { known.code.clone() } else { other_than(&known.code) })
        };
        let answer = otp.verify(Submission::by_id(&otp_id, &typed).login()).await;
        let known = &mut self.lock()[index];
        let told = !matches!(answer, Err(ExchangeError::Fault(_)));
        match answer {
            Ok(_) => known.won += 1,
            Err(ExchangeError::Refused(Refused { attempts_left, .. })) => {
                known.refused = known.refused.saturating_add(1);
                known.charged = known.charged.max(ATTEMPTS - attempts_left.unwrap_or(ATTEMPTS));
            }
            Err(_) => {
                known.doubted = known.doubted.saturating_add(1);
                known.win_doubted |= right;
            }
        }
        told
    }

    /// Holds every verdict against the store, now that all is well.
    ///
    /// # Errors
    /// If the store cannot be asked for a long time.
    pub fn settle(&self, store: &(impl CodeStore + Clone + 'static)) -> Result<Tally, BoxError> {
        runtime().block_on(self.settled(&exchanger(store.clone(), Outbox::new())))
    }

    async fn settled(&self, otp: &Otp) -> Result<Tally, BoxError> {
        let mut tally = Tally::default();
        let codes = self.lock().len();
        for index in 0..codes {
            let otp_id = self.lock()[index].otp_id;
            let status = settled_status(otp, &otp_id).await?;
            self.hold_against(&mut tally, index, status.as_ref());
            // Once more where it had not been used, and once after that: it works once at the most, and once for
            // sure where nothing stands against it. Only a reply that is lost on the way leaves that open.
            let (live, before) =
                (status.is_some_and(|status| status.attempts_left > 0), self.lock()[index].doubted);
            let again = if self.lock()[index].won == 0 { 2 } else { 1 };
            for _ in 0..again {
                self.submit_until_told(otp, index).await?;
            }
            let known = &self.lock()[index];
            tally.lost_codes += u64::from(live && known.won == 0 && known.doubted == before);
            tally.lost_wins += u64::from(known.won.saturating_sub(1));
        }
        Ok(tally)
    }

    fn hold_against(&self, tally: &mut Tally, index: usize, status: Option<&Status>) {
        let known = &self.lock()[index];
        tally.codes += 1;
        tally.charges += u64::from(known.charged);
        tally.wins += u64::from(known.won);
        tally.doubted += u64::from(known.doubted);
        match status {
            Some(status) => {
                let charged = ATTEMPTS - status.attempts_left;
                tally.lost_charges += u64::from(known.charged.saturating_sub(charged));
                tally.overcharged += u64::from(charged.saturating_sub(known.refused + known.doubted));
            }
            None if known.won > 0 || known.win_doubted => {}
            None => tally.lost_codes += 1,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the store says of a code; it may need a moment until it is connected again.
async fn settled_status(otp: &Otp, otp_id: &OtpId) -> Result<Option<Status>, BoxError> {
    let mut last = None;
    for _ in 0..PATIENCE {
        match otp.status(otp_id).await {
            Ok(status) => return Ok(Some(status)),
            Err(StatusError::Gone) => return Ok(None),
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err(last.map_or_else(|| "no answer".into(), Into::into))
}

//! The flows, each timed beside its floor on one store. What a flow needs is prepared, and what it leaves is
//! cleared away, outside the time measured.

use std::hint::black_box;
use std::time::{Duration, Instant};

use otp_exchange::{Receipt, Sealed, Submission, Timestamp, Tokens};

use crate::counts::Counts;
use crate::floor::{Draft, write};
use crate::ports::run;
use crate::setting::{Asking, Setting};
use crate::world::{Live, World};

/// How many runs of a flow are timed in one go.
const BATCH: usize = 200;

/// For how long the ledger of somebody is kept who had a right code, if their client is known.
const KNOWN: Duration = Duration::from_secs(30 * 24 * 3600);

const MINUTE: Duration = Duration::from_secs(60);
/// For how long the ledger of somebody is kept who asked for a code.
const HOUR: Duration = Duration::from_secs(3600);

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// `send` to somebody the store does not know, for a client it does not know either.
    Send,
    /// `send` to somebody who has a live code, for a client that asked for something lately.
    SendAgain,
    /// `exchange` of a live code that has lain there a while, the first submission of its client.
    Exchange,
    /// `authenticate` with a fresh access token.
    Authenticate,
    /// `refresh` with a fresh refresh token.
    Refresh,
    /// `send`, then `exchange`.
    Both,
}

impl Flow {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Send, Self::SendAgain, Self::Exchange, Self::Authenticate, Self::Refresh, Self::Both];

    /// Those that are measured in that setting: tokens cost the same in both, and a store does not forget
    /// within hours whoever had a right code and names a client.
    pub fn of(setting: Setting) -> &'static [Self] {
        match setting {
            Setting::Plain => &Self::ALL,
            Setting::Everything => &[Self::Send, Self::SendAgain, Self::Exchange],
        }
    }

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::SendAgain => "send, known recipient",
            Self::Exchange => "exchange",
            Self::Authenticate => "authenticate",
            Self::Refresh => "refresh",
            Self::Both => "send and exchange",
        }
    }

    /// How long that many runs take.
    pub fn time(self, world: &mut World, runs: u64) -> Duration {
        in_batches(runs, |runs| match self {
            Self::Send => send(world, runs),
            Self::SendAgain => send_again(world, runs),
            Self::Exchange => exchange(world, runs),
            Self::Authenticate => authenticate(world, runs),
            Self::Refresh => refresh(world, runs),
            Self::Both => both(world, runs),
        })
    }

    /// How long that many runs of the floor take.
    pub fn time_floor(self, world: &mut World, runs: u64) -> Duration {
        in_batches(runs, |runs| match self {
            Self::Send => floor_send(world, runs),
            Self::SendAgain => floor_send_again(world, runs),
            Self::Exchange => floor_exchange(world, runs),
            Self::Authenticate => floor_authenticate(world, runs),
            Self::Refresh => floor_refresh(world, runs),
            Self::Both => floor_both(world, runs),
        })
    }

    /// What one run of the floor does.
    pub fn floor_counts(self, world: &mut World) -> Counts {
        let before = world.floor.done;
        self.time_floor(world, 1);
        world.floor.done - before
    }
}

fn in_batches(runs: u64, mut batch: impl FnMut(usize) -> Duration) -> Duration {
    let (whole, rest) = (runs / BATCH as u64, runs % BATCH as u64);
    let mut time: Duration = (0..whole).map(|_| batch(BATCH)).sum();
    if let Some(rest) = usize::try_from(rest).ok().filter(|rest| *rest > 0) {
        time += batch(rest);
    }
    time
}

/// It and the next stay functions of their own, so that a profiler can be told to look at nothing else.
#[allow(clippy::disallowed_methods)] // measures a span; decides nothing
#[inline(never)]
fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    measured(work);
    start.elapsed()
}

#[inline(never)]
fn measured(work: impl FnOnce()) {
    work();
}

fn send(world: &mut World, runs: usize) -> Duration {
    let strangers: Vec<_> = (0..runs).map(|_| world.stranger()).collect();
    let (time, _) = send_to(world, &strangers);
    world.tidy();
    time
}

fn send_again(world: &mut World, runs: usize) -> Duration {
    let numbers = world.pick(runs);
    let known: Vec<_> = numbers.iter().map(|&number| world.setting.asking(number)).collect();
    for asking in &known {
        let other = Asking { client: asking.client.clone(), ..world.stranger() };
        drop(run(world.otp.send(world.setting.request(&other))).expect("room for a code"));
    }
    let (time, receipts) = send_to(world, &known);
    world.use_up(&known, &receipts);
    world.cancel(&numbers); // the codes that were there before
    world.restore(&numbers);
    world.tidy();
    time
}

fn send_to(world: &World, asked: &[Asking]) -> (Duration, Vec<Receipt>) {
    let mut receipts = Vec::with_capacity(asked.len());
    let time = timed(|| {
        for asking in asked {
            let request = world.setting.request(asking);
            receipts.push(run(world.otp.send(request)).expect("room for a code"));
        }
    });
    (time, receipts)
}

fn exchange(world: &mut World, runs: usize) -> Duration {
    let numbers = world.pick(runs);
    let submissions: Vec<_> = numbers.iter().map(|&number| world.submission(number)).collect();
    let mut tokens = Vec::with_capacity(runs);
    let time = timed(|| exchange_all(world, submissions, &mut tokens));
    drop(tokens);
    world.restore(&numbers);
    world.tidy();
    time
}

fn exchange_all(world: &World, submissions: Vec<Submission>, tokens: &mut Vec<Tokens>) {
    for submission in submissions {
        tokens.push(run(world.otp.exchange(submission)).expect("the right code"));
    }
}

/// Runs something with tokens of fresh sessions, then clears all away.
fn with_tokens(world: &mut World, runs: usize, work: impl FnOnce(&World, &[Tokens]) -> Duration) -> Duration {
    let numbers = world.pick(runs);
    let submissions: Vec<_> = numbers.iter().map(|&number| world.submission(number)).collect();
    let mut tokens = Vec::with_capacity(runs);
    exchange_all(world, submissions, &mut tokens);
    let time = work(world, &tokens);
    world.restore(&numbers);
    world.tidy();
    time
}

fn authenticate(world: &mut World, runs: usize) -> Duration {
    with_tokens(world, runs, |world, tokens| {
        timed(|| {
            for pair in tokens {
                black_box(run(world.otp.authenticate(pair.access.expose())).expect("a fresh token"));
            }
        })
    })
}

fn refresh(world: &mut World, runs: usize) -> Duration {
    with_tokens(world, runs, |world, tokens| {
        let mut fresh = Vec::with_capacity(tokens.len());
        timed(|| {
            for pair in tokens {
                let token = pair.refresh.as_ref().expect("the default grant has a refresh token");
                fresh.push(run(world.otp.refresh(token.expose())).expect("a fresh token"));
            }
        })
    })
}

fn both(world: &mut World, runs: usize) -> Duration {
    let strangers: Vec<_> = (0..runs).map(|_| world.stranger()).collect();
    let time = timed(|| {
        for asking in &strangers {
            let sent = run(world.otp.send(world.setting.request(asking))).expect("room for a code");
            black_box(run(world.otp.exchange(world.right(asking, &sent))).expect("the right code"));
        }
    });
    world.tidy();
    time
}

fn floor_send(world: &mut World, runs: usize) -> Duration {
    let drafts = world.floor.drafts(runs, world.floor.sizes.ledger, world.within(HOUR));
    let usages = usages(world, runs);
    let World { floor, store, .. } = world;
    let time = timed(|| {
        for (index, draft) in drafts.iter().enumerate() {
            floor.send(store, draft, usages.get(index));
        }
    });
    world.tidy();
    time
}

fn floor_send_again(world: &mut World, runs: usize) -> Duration {
    // The code that is there already is the last to end, so the ledger is to be forgotten when it was to be.
    let (drafts, before) = over_live(world, runs, world.floor.sizes.fuller_ledger, None);
    let mut usages = usages(world, runs);
    for usage in &mut usages {
        write(&world.store, usage, None);
        usage.entry = world.floor.entry(usage.entry.as_bytes().len());
    }
    let World { floor, store, .. } = world;
    let mut found = Vec::with_capacity(runs);
    let time = timed(|| {
        for (index, draft) in drafts.iter().enumerate() {
            found.push(floor.send_again(store, draft, usages.get(index)));
        }
    });
    put_back(world, drafts, before, found);
    world.tidy();
    time
}

fn floor_exchange(world: &mut World, runs: usize) -> Duration {
    let known = match world.setting {
        Setting::Plain => None,
        Setting::Everything => Some(world.within(KNOWN)),
    };
    let (used, before) = over_live(world, runs, world.floor.sizes.used_ledger, known);
    let sessions = world.floor.drafts(runs, world.floor.sizes.session, world.within(MINUTE));
    let usages = usages(world, runs);
    let World { floor, store, .. } = world;
    let mut found = Vec::with_capacity(runs);
    let time = timed(|| {
        for (index, (used, session)) in used.iter().zip(&sessions).enumerate() {
            found.push(floor.exchange(store, used, session, usages.get(index)));
        }
    });
    put_back(world, used, before, found);
    world.tidy();
    time
}

fn floor_authenticate(world: &mut World, runs: usize) -> Duration {
    let sessions = stored_sessions(world, runs);
    let World { floor, store, .. } = world;
    let time = timed(|| {
        for session in &sessions {
            floor.authenticate(store, session.name);
        }
    });
    world.tidy();
    time
}

fn floor_refresh(world: &mut World, runs: usize) -> Duration {
    let mut sessions = stored_sessions(world, runs);
    for session in &mut sessions {
        session.entry = world.floor.entry(world.floor.sizes.refreshed_session);
    }
    let World { floor, store, .. } = world;
    let time = timed(|| {
        for session in &sessions {
            floor.refresh(store, session);
        }
    });
    world.tidy();
    time
}

fn floor_both(world: &mut World, runs: usize) -> Duration {
    let sizes = world.floor.sizes;
    let sent = world.floor.drafts(runs, sizes.ledger, world.within(HOUR));
    // Whoever had a right code need not be spaced any more; the code's own end is left.
    let sooner = world.within(5 * MINUTE);
    let use_up = |draft: &Draft| Draft {
        name: draft.name,
        entry: world.floor.entry(sizes.used_ledger),
        forget_after: sooner,
    };
    let used: Vec<_> = sent.iter().map(use_up).collect();
    let sessions = world.floor.drafts(runs, sizes.session, world.within(MINUTE));
    let World { floor, store, .. } = world;
    let time = timed(|| {
        for ((sent, used), session) in sent.iter().zip(&used).zip(&sessions) {
            floor.send(store, sent, None);
            black_box(floor.exchange(store, used, session, None));
        }
    });
    world.tidy();
    time
}

/// What clients have used up of their quotas, under names of their own; nothing where no quota is paid from.
fn usages(world: &World, runs: usize) -> Vec<Draft> {
    let length = world.floor.sizes.usage;
    length.map_or_else(Vec::new, |length| world.floor.drafts(runs, length, world.within(15 * MINUTE)))
}

/// Entries to write over those of live codes, to be forgotten then or when those were to be; and when those
/// were to be.
fn over_live(
    world: &mut World,
    runs: usize,
    length: usize,
    forget_after: Option<Timestamp>,
) -> (Vec<Draft>, Vec<Timestamp>) {
    let numbers = world.pick(runs);
    let draft = |number| {
        let Live { name, forget_after: before, .. } = *world.live(number);
        let forget_after = forget_after.unwrap_or(before);
        (Draft { name, entry: world.floor.entry(length), forget_after }, before)
    };
    numbers.into_iter().map(draft).unzip()
}

fn put_back(world: &World, drafts: Vec<Draft>, before: Vec<Timestamp>, found: Vec<Sealed>) {
    for ((draft, forget_after), entry) in drafts.into_iter().zip(before).zip(found) {
        let version = draft.entry.version();
        write(&world.store, &Draft { entry, forget_after, ..draft }, Some(version));
    }
}

fn stored_sessions(world: &World, runs: usize) -> Vec<Draft> {
    let sessions = world.floor.drafts(runs, world.floor.sizes.session, world.within(MINUTE));
    for session in &sessions {
        write(&world.store, session, None);
    }
    sessions
}

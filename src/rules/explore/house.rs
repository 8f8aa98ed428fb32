//! What the search knows of the rules, and how they can be built wrong around.

/// What a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// A new code.
    Request,
    /// A new code, under an idempotency key that all three share.
    Keyed,
    /// Submits code 1.
    Right,
    /// Submits what no code is.
    Wrong,
    /// Sends code 1 again.
    Again,
    /// Takes code 1 back.
    Cancel,
    /// Refreshes a session by its first refresh token.
    Refresh,
    /// Takes a session back.
    Revoke,
}

/// How the house is built wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not.
    None,
    StoreDoesNotCompare,
    VerdictBeforeSwap,
    /// A lost reply is taken for a good one.
    LostMeansApplied,
    /// After a lost reply the entry is judged afresh.
    LostMeansNotApplied,
    /// After a lost reply, and another's write, the entry is judged afresh.
    DoubtMeansNotApplied,
    /// What was judged once is written in the end, whatever the entry has become.
    JudgedOnce,
    KeysAreIgnored,
    ResendRefillsAttempts,
    NewCodeRefundsGuesses,
    AnyRefreshTokenIsGood,
    ReplayIsNotWritten,
}

/// Which promise is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A code was right twice, or lives on after it was.
    TwiceRight,
    /// Verdicts were told for more guesses at one code than it has attempts, counting those it has left.
    Attempts,
    /// Everybody who submitted the right code was told something else.
    NoneRight,
    /// More was guessed at, or can be, than the accepted risk allows.
    Risk,
    /// More codes live than there is room for.
    Room,
    /// One request led to two codes.
    TwoCodesForOneRequest,
    /// One idempotency key led to two codes.
    TwoCodesForOneKey,
    /// Somebody was told of a code that is not there.
    ReceiptWithoutCode,
    /// A code that was taken back lives on.
    Cancelled,
    /// One refresh token led to two generations, or to none.
    Successors,
    /// A session that was ended lives on.
    Ended,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) answer: Answer,
    /// The codes at which it was a guess that was not right.
    pub(super) guessed: Vec<u8>,
    /// How many of them are short enough to be guessed.
    pub(super) risk: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    Right,
    Wrong,
    NoneLive,
    /// The code of that number is on its way.
    Receipt(u8),
    Wait,
    Sent,
    Gone,
    Cancelled,
    /// The next generation.
    Next,
    /// The generation that is there already.
    Same,
    Replayed,
    Dead,
    Revoked,
}

/// What its client was told of an operation: nothing yet, or nothing ever, if there is no outcome.
pub(super) struct Told<'a> {
    pub(super) op: Op,
    pub(super) outcome: Option<&'a Outcome>,
}

/// The rules, as the search sees them.
pub(super) trait House {
    fn fault(&self) -> Fault;

    /// The entry everybody begins with.
    fn start(&self) -> Vec<u8>;

    /// What that client, judging for the so-manieth time, makes of an entry: what to write, if anything, and
    /// what to tell then.
    fn judge(&self, entry: &[u8], op: Op, client: usize, judged: u8) -> (Option<Vec<u8>>, Outcome);

    /// Whether all promises are kept.
    fn promises(&self, entry: &[u8], told: &[Told<'_>; 3]) -> Result<(), Broken>;
}

impl Outcome {
    pub(super) fn of(answer: Answer) -> Self {
        Self { answer, guessed: Vec::new(), risk: 0 }
    }
}

impl Told<'_> {
    pub(super) fn answer(&self) -> Option<Answer> {
        self.outcome.map(|outcome| outcome.answer)
    }
}

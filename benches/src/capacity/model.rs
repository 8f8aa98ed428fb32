//! The load, in numbers that somebody assumed, and what follows from them on paper.

/// Milliseconds.
pub(crate) const SECOND: i64 = 1000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// How far clocks may be apart, which every entry outlasts.
const SLACK: i64 = 30 * SECOND;
/// How long a recipient is kept after a right code of a named client, or after a wrong one.
const REMEMBERED: i64 = 30 * DAY + SLACK;
/// The same after a code that nobody typed.
const ASKED: i64 = HOUR + SLACK;
/// How long a session lies there by the default policy, used or not.
const SESSION: i64 = 30 * DAY + SLACK;
/// The window of the default quotas of clients, for messages and for submissions.
pub(crate) const WINDOW: i64 = 15 * MINUTE;

/// Everything that is assumed of the people. Shares are of 1.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// How many have an account.
    pub users: f64,
    /// The share of them who sign in by a code now and then; the others cost nothing.
    pub active: f64,
    /// How many codes each of those asks for in 30 days, at random moments.
    pub codes_each: f64,
    /// How many codes a second at the peak, in which each of them asks once.
    pub peak: f64,
    /// The share of codes typed right in the end.
    pub right: f64,
    /// The share of codes with a wrong guess first.
    pub wrong: f64,
    /// The share of codes that are sent a second time.
    pub again: f64,
    /// How often a session is refreshed while it is used.
    pub refreshes: f64,
    /// The share of sessions that end by signing out.
    pub signs_out: f64,
    /// The share of those active who are at work at the peak: a refresh every ten minutes from each.
    pub online: f64,
    /// Requests with a token each of them makes in a second.
    pub requests: f64,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            users: 1e8,
            active: 0.6,
            codes_each: 4.0,
            peak: 50_000.0,
            right: 0.85,
            wrong: 0.10,
            again: 0.08,
            refreshes: 4.0,
            signs_out: 0.1,
            online: 1.0 / 6.0,
            requests: 1.0 / 30.0,
        }
    }
}

/// How many entries of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Recipients.
    pub ledgers: f64,
    /// Token families.
    pub sessions: f64,
    /// What clients used of their quotas.
    pub usages: f64,
}

impl Load {
    /// All of them.
    pub fn total(self) -> f64 {
        self.ledgers + self.sessions + self.usages
    }
}

impl Model {
    /// The same people, a thousandth of them say, at a thousandth of the peak.
    pub fn scaled(self, scale: f64) -> Self {
        Self { users: self.users * scale, peak: self.peak * scale, ..self }
    }

    /// Who is active.
    pub fn people(&self) -> f64 {
        self.users * self.active
    }

    /// Codes in a second, on average over the month.
    pub fn mean(&self) -> f64 {
        self.people() * self.codes_each * 1000.0 / f(30 * DAY)
    }

    /// How long the peak is: each asks once.
    pub fn peak_millis(&self) -> f64 {
        self.people() / self.peak * 1000.0
    }

    /// How many entries are alive so long after the first code, and so long after the peak began, if it has.
    ///
    /// Sessions by Little's law: how many begin in a second, times how long each lies there. Recipients likewise,
    /// but two codes of one person share an entry: with codes at random moments, somebody has none alive with the
    /// probability e to the minus of how many codes, on average, would each keep it alive (an M/G/∞ queue that is
    /// empty).
    pub fn alive(&self, since: i64, peak: Option<i64>) -> Load {
        let rate = self.codes_each / f(30 * DAY); // of one person, per millisecond
        let remembered = self.right + (1.0 - self.right) * self.wrong;
        let keeping = |millis: i64| f(since.min(millis)) * rate;
        let codes = remembered * keeping(REMEMBERED) + (1.0 - remembered) * keeping(ASKED);
        // The share of the people whose peak code came within that long, and no longer ago than its life.
        let within = |life: i64| match peak {
            Some(began) => {
                let came = |ago: i64| (f(ago.max(0)) / self.peak_millis()).min(1.0);
                came(began) - came(began - life)
            }
            None => 0.0,
        };
        let covered = remembered * within(REMEMBERED) + (1.0 - remembered) * within(ASKED);
        let ledgers = self.people() * (1.0 - (-codes).exp() * (1.0 - covered));
        let begun = keeping(SESSION) + within(SESSION);
        Load { ledgers, sessions: self.people() * self.right * begun, usages: self.usages(since, peak) }
    }

    /// What clients used of their quotas in the present window, and in the one before, which is kept for the slack.
    fn usages(&self, since: i64, peak: Option<i64>) -> f64 {
        let submits = 1.0 - (1.0 - self.right) * (1.0 - self.wrong);
        let into = since % WINDOW;
        let spans = [into, if into < SLACK { WINDOW } else { 0 }];
        let each = |span: i64| {
            let asked = f(span) / 1000.0 * self.mean();
            let peak = peak.map_or(0.0, |began| {
                let from = (began - into - if span == into { 0 } else { span }).max(0);
                let to = if span == into { began } else { began - into };
                let share = |ago: i64| (f(ago.max(0)) / self.peak_millis()).min(1.0);
                self.people() * (share(to) - share(from))
            });
            (asked + peak) * (1.0 + submits)
        };
        spans.into_iter().filter(|span| *span > 0).map(each).sum()
    }
}

#[allow(clippy::cast_precision_loss)] // milliseconds of a few years
pub(crate) fn f(millis: i64) -> f64 {
    millis as f64
}

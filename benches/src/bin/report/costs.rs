//! Each flow beside its floor, on ever fuller stores.

use std::time::Duration;

use otp_exchange_benches::{Flow, Setting, World, step};

use crate::{MOST_TIMES_FLOOR, MOST_TIMES_FLOOR_WITH_EVERYTHING};

/// Short batches, so that most of them are over before the machine turns to something else.
const RUNS: u16 = 50;
const ROUNDS: usize = 401;

/// How often all flows are measured, one after the other. Another tenant of the machine may slow it down for seconds.
const PASSES: usize = 3;

/// Where growth is counted from: the store fits into the caches nearest to the processor, or nearly.
const SMALL: usize = 10_000;
const JUDGED: usize = 1_000_000;
/// Fuller stores are measured plain only: the flows of the other setting are the same but for more entries.
const MOST_WITH_EVERYTHING: usize = 1_000_000;

pub(crate) struct Costs {
    pub(crate) rows: Vec<Row>,
}

/// What one run of a flow takes, in nanoseconds.
pub(crate) struct Row {
    pub(crate) setting: Setting,
    pub(crate) codes: usize,
    pub(crate) flow: Flow,
    pub(crate) nanoseconds: f64,
    pub(crate) floor: f64,
}

impl Costs {
    /// Measures and prints; `heap` says how many bytes each live code takes.
    pub(crate) fn measure(fills: &[usize], heap: &[(usize, usize)]) -> Self {
        println!(
            "\nWhat a flow and its floor grow by over {SMALL} live codes, they grow by in misses of the caches: a miss is"
        );
        println!("one access, in a random place, to as much memory as the store takes, measured beside.");
        println!(
            "{:<14} {:>10} {:<22} {:>8} {:>8} {:>6} {:>8} {:>8} {:>6} {:>7} {:>7}",
            "setting",
            "live codes",
            "flow",
            "ns",
            "floor",
            "ratio",
            "grown",
            "floor's",
            "miss",
            "misses",
            "floor's"
        );
        let mut costs = Self { rows: Vec::new() };
        for setting in Setting::ALL {
            for &(codes, bytes) in heap.iter().filter(|(codes, _)| fills.contains(codes)) {
                if setting == Setting::Everything && codes > MOST_WITH_EVERYTHING {
                    continue;
                }
                let mut world = World::filled(setting, codes);
                let miss = step(codes * bytes);
                for (&flow, (nanoseconds, floor)) in
                    Flow::of(setting).iter().zip(measure_all(&mut world, setting))
                {
                    let row = Row { setting, codes, flow, nanoseconds, floor };
                    println!("{}{}", row.line(), costs.growth(&row, miss));
                    costs.rows.push(row);
                }
            }
        }
        costs
    }

    /// How much more it is than on a small store, and how many misses that makes.
    fn growth(&self, row: &Row, miss: f64) -> String {
        let same = |other: &&Row| (other.setting, other.codes, other.flow) == (row.setting, SMALL, row.flow);
        let Some(small) = self.rows.iter().find(same) else { return String::new() };
        let grown = row.nanoseconds - small.nanoseconds;
        let floor = row.floor - small.floor;
        format!(" {grown:>8.0} {floor:>8.0} {miss:>6.1} {:>7.1} {:>7.1}", grown / miss, floor / miss)
    }

    /// What takes too long.
    pub(crate) fn misses(&self) -> Vec<String> {
        if !self.rows.iter().any(|row| row.codes == JUDGED) {
            return vec![format!("costs are judged at {JUDGED} live codes only")];
        }
        let judged = self.rows.iter().filter(|row| row.codes == JUDGED);
        let missed = judged.filter(|row| row.most().is_some_and(|most| row.ratio() > most));
        missed
            .map(|row| {
                let (flow, setting) = (row.flow.name(), row.setting.name());
                format!("{flow} ({setting}) takes {:.2} times its floor", row.ratio())
            })
            .collect()
    }
}

impl Row {
    fn ratio(&self) -> f64 {
        self.nanoseconds / self.floor
    }

    fn line(&self) -> String {
        let Self { setting, codes, flow, nanoseconds, floor } = self;
        let head = format!("{:<14} {codes:>10} {:<22}", setting.name(), flow.name());
        format!("{head} {nanoseconds:>8.0} {floor:>8.0} {:>6.2}", self.ratio())
    }

    /// How many times its floor it may take.
    fn most(&self) -> Option<f64> {
        (self.flow != Flow::Both).then_some(match self.setting {
            Setting::Plain => MOST_TIMES_FLOOR,
            Setting::Everything => MOST_TIMES_FLOOR_WITH_EVERYTHING,
        })
    }
}

/// Of each flow the pass in which its floor was fastest, for the machine was then the most its own: what luck the
/// floor had in it counts against the flow.
fn measure_all(world: &mut World, setting: Setting) -> Vec<(f64, f64)> {
    let mut pass = || Flow::of(setting).iter().map(|&flow| measure(world, flow)).collect::<Vec<_>>();
    let mut best = pass();
    for _ in 1..PASSES {
        for (best, now) in best.iter_mut().zip(pass()) {
            if now.1 < best.1 {
                *best = now;
            }
        }
    }
    best
}

/// Nanoseconds of one run of the flow and of its floor. They take turns, so that whatever else the machine
/// does falls on both, and of each it is the batch that is slower than a quarter of them: less than that is
/// luck, more is the rest of the machine.
fn measure(world: &mut World, flow: Flow) -> (f64, f64) {
    let each = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(RUNS);
    let mut round = || (each(flow.time(world, RUNS.into())), each(flow.time_floor(world, RUNS.into())));
    round(); // warms up
    let (flows, floors): (Vec<_>, Vec<_>) = (0..ROUNDS).map(|_| round()).unzip();
    (lower_quartile(flows), lower_quartile(floors))
}

fn lower_quartile(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 4]
}

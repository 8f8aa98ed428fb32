//! The entries alive are those that the formulas of `docs/scale.md` reckon with; and a store that never forgets, or a
//! formula that is wrong, is noticed.

use otp_exchange_benches::capacity::{Crowd, HandClock, Kind, Model, Rush, Sample, Seen};

/// 1,200 people.
fn few() -> Model {
    Model::default().scaled(2e-5)
}

fn lived(forgets_by: impl FnOnce(&HandClock) -> HandClock) -> Seen {
    let clock = HandClock::at(0);
    let store_clock = forgets_by(&clock);
    Crowd::new(few(), clock, store_clock).live(60)
}

#[test]
fn as_many_entries_are_alive_as_the_formulas_say() {
    let seen = lived(HandClock::clone);
    for sample in &seen.samples {
        assert!(sample.agrees(), "{sample:?}");
    }
    assert!(Kind::ALL.iter().all(|kind| seen.sizes[kind].count() > 100), "{:?}", seen.sizes);
}

#[test]
fn a_store_that_never_forgets_is_noticed() {
    let seen = lived(|_| HandClock::at(0)); // it stands still
    let disagree: Vec<_> = seen.samples.iter().filter(|sample| !sample.agrees()).collect();
    assert!(!disagree.is_empty());
    assert!(disagree.iter().all(|sample| sample.held > sample.paper.total()), "{disagree:?}");
}

#[test]
fn formulas_for_other_people_are_noticed() {
    let seen = lived(HandClock::clone);
    let others = Model { codes_each: 5.0, ..few() };
    let wrong = |sample: &&Sample| !Sample { paper: others.alive(sample.since, None), ..**sample }.agrees();
    let before_the_peak = seen.samples.iter().filter(|sample| sample.since <= 60 * 24 * 3_600_000);
    assert!(before_the_peak.filter(wrong).count() > 6);
}

/// Shares keep a quota for the whole service off the store, until the last 30 s of its window: from there on every
/// message writes its one entry, which takes about one swap for each round trip.
#[test]
fn a_quota_for_everybody_is_one_busy_entry_at_the_end_of_its_window() {
    let rush =
        Rush { rate: 400, millis: 1000, into: 60_000, processes: 10, quota: 500_000, round_trip: 1000 };
    let shared = rush.run();
    assert!(shared.sent == 400 && shared.swaps < 40, "{shared:?}");
    let late = Rush { into: 871_000, ..rush };
    let each = late.run();
    assert!(each.sent == 400 && each.swaps >= 400, "{each:?}");
    let more = Rush { rate: 4000, ..late }.run();
    assert!(more.busy > 0 && more.swaps - more.conflicts < 1300 * more.lasted / 1_000_000, "{more:?}");
}

//! The tables as plots.

#![allow(clippy::cast_precision_loss)] // numbers of codes, threads and bytes, all far below 2^52

use std::fs;
use std::path::Path;

use otp_exchange_benches::{Flow, Line, Plot, Setting};

use crate::{MOST_BYTES, Measured};

pub(crate) fn draw(folder: &Path, measured: &Measured) {
    fs::create_dir_all(folder).expect("the folder for plots can be made");
    for (name, plot) in [
        ("cost", cost(measured)),
        ("threads", threads(measured)),
        ("in-flight", in_flight(measured)),
        ("heap", heap(measured)),
        ("pauses", pauses(measured)),
    ] {
        fs::write(folder.join(name).with_extension("svg"), plot.svg()).expect("the plots can be written");
    }
}

fn plot(title: &str, across: &str, up: &str, lines: Vec<Line>) -> Plot {
    Plot { title: title.to_owned(), across: across.to_owned(), up: up.to_owned(), lines }
}

fn line(name: &str, hue: usize, points: Vec<(f64, f64)>) -> Line {
    Line { name: name.to_owned(), hue, dashed: false, points }
}

/// What something is compared with.
fn beside(name: &str, hue: usize, points: Vec<(f64, f64)>) -> Line {
    Line { dashed: true, ..line(name, hue, points) }
}

fn cost(measured: &Measured) -> Plot {
    let flows = Flow::ALL.into_iter().filter(|flow| *flow != Flow::Both).enumerate();
    let lines = flows.flat_map(|(hue, flow)| {
        let rows = || {
            let rows = measured.costs.rows.iter();
            rows.filter(move |row| row.setting == Setting::Plain && row.flow == flow)
        };
        let took = rows().map(|row| (row.codes as f64, row.nanoseconds / 1000.0)).collect();
        let floor = rows().map(|row| (row.codes as f64, row.floor / 1000.0)).collect();
        [line(flow.name(), hue, took), beside("its floor", hue, floor)]
    });
    plot("What a flow costs", "live codes in the store", "µs", lines.collect())
}

fn threads(measured: &Measured) -> Plot {
    let points = |count: fn(&(usize, f64, f64)) -> f64| {
        let threads = measured.threads.iter();
        threads.map(|row| (row.0 as f64, count(row) / 1000.0)).collect::<Vec<_>>()
    };
    let lines =
        vec![line("send and exchange", 0, points(|row| row.1)), beside("its floor", 0, points(|row| row.2))];
    plot("Flows of several threads on one store", "threads", "1,000 flows a second", lines)
}

fn in_flight(measured: &Measured) -> Plot {
    let points = measured.in_flight.iter().map(|(requests, took)| (*requests as f64, took / 1000.0));
    let lines = vec![line("send and exchange", 0, points.collect())];
    plot("What a flow costs among others in flight", "requests in flight on one thread", "µs", lines)
}

fn heap(measured: &Measured) -> Plot {
    let points: Vec<_> = measured.heap.iter().map(|(codes, bytes)| (*codes as f64, *bytes as f64)).collect();
    let target = points.iter().map(|(codes, _)| (*codes, MOST_BYTES as f64)).collect();
    let lines = vec![line("a live code", 0, points), beside("target", 1, target)];
    plot("Heap for each live code", "live codes in the store", "bytes", lines)
}

fn pauses(measured: &Measured) -> Plot {
    let took = |at: usize| {
        let pauses = measured.pauses.iter();
        pauses
            .map(|(codes, pauses)| (*codes as f64, pauses.all()[at].as_secs_f64() * 1e6))
            .collect::<Vec<_>>()
    };
    let names = ["send, filling", "send", "exchange", "authenticate", "refresh"];
    let lines = names.into_iter().enumerate().map(|(at, name)| line(name, at, took(at)));
    plot("The longest single call", "live codes in the store", "µs", lines.collect())
}

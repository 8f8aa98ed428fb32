//! What chance would do as well: tail probabilities, and many of them judged together.

use statrs::function::erf::erfc;
use statrs::function::gamma::checked_gamma_ur;

/// How seldom fair codes fail a whole run: once in a million.
const FAILS_BY_CHANCE: f64 = 1e-6;

/// One test of one hypothesis, and how probable it is that fair codes give what it found or more.
#[derive(Clone, Debug)]
pub struct PValue {
    /// What was tested.
    pub name: String,
    /// From 0, where there is more than chance would give, to 1, where there is less.
    pub p: f64,
}

/// The tests of a run.
#[derive(Clone, Debug, Default)]
pub struct PValues {
    /// Those of which none says anything about another. Of fair codes they are spread evenly.
    pub independent: Vec<PValue>,
    /// Those that see again, in another way, what others have seen.
    pub others: Vec<PValue>,
}

/// What they say together.
#[derive(Clone, Debug)]
pub struct Judged {
    /// How many there are.
    pub tests: usize,
    /// The most remarkable of them, and how probable something as remarkable is among so many.
    pub least: PValue,
    /// How probable it is that the independent ones are spread as unevenly.
    pub spread: f64,
}

impl PValues {
    /// With those of another run.
    pub fn extend(&mut self, other: Self) {
        self.independent.extend(other.independent);
        self.others.extend(other.others);
    }

    /// All together. Too even is as remarkable as too uneven, and the least of many is judged by how many they
    /// are (Bonferroni's bound, with which Holm's begins).
    pub fn judge(&self) -> Judged {
        let all = || self.independent.iter().chain(&self.others);
        let tests = all().count();
        // What is not a number could not be more remarkable.
        let two_sided = |p: f64| if p.is_nan() { 0.0 } else { 2.0 * p.min(1.0 - p) };
        let least = all().min_by(|a, b| two_sided(a.p).total_cmp(&two_sided(b.p)));
        let least = least.map_or_else(
            || PValue { name: "nothing was tested".to_owned(), p: 0.0 },
            |found| PValue { name: found.name.clone(), p: (two_sided(found.p) * real(tests)).min(1.0) },
        );
        let mut ps: Vec<f64> = self.independent.iter().map(|found| found.p).collect();
        ps.sort_by(f64::total_cmp);
        Judged { tests, least, spread: kolmogorov_smirnov(&ps) }
    }
}

impl Judged {
    /// Whether fair codes would look like that less than once in a million runs.
    pub fn fails(&self) -> bool {
        // What is not a number is no pass.
        let passes = |p: f64| p >= FAILS_BY_CHANCE / 2.0;
        !(passes(self.least.p) && passes(self.spread))
    }
}

/// How probable a chi-square of that many degrees of freedom is as great.
pub(crate) fn chi_square(chi_square: f64, degrees: f64) -> f64 {
    // A sum of differences can come out a hair below zero.
    checked_gamma_ur(degrees / 2.0, (chi_square / 2.0).max(f64::MIN_POSITIVE)).unwrap_or(f64::NAN)
}

/// How probable a count is as great whose distribution is close to a normal one.
pub(crate) fn normal(count: f64, mean: f64, variance: f64) -> f64 {
    erfc((count - mean) / (2.0 * variance).sqrt()) / 2.0
}

/// How probable it is that as many even numbers from 0 to 1, here in order, lie as unevenly (Stephens' form of
/// the limiting distribution).
fn kolmogorov_smirnov(sorted: &[f64]) -> f64 {
    let count = real(sorted.len());
    let apart = |(place, p): (usize, &f64)| (p - real(place) / count).max(real(place + 1) / count - p);
    let furthest = sorted.iter().enumerate().map(apart).fold(0.0, f64::max);
    let lambda = furthest * (count.sqrt() + 0.12 + 0.11 / count.sqrt());
    let term = |j: i32| f64::from(2 - 4 * (j % 2)) * -(-2.0 * (f64::from(j) * lambda).powi(2)).exp();
    // Below, its terms fall too slowly; it is within 10^-11 of 1 there.
    if lambda < 0.2 { 1.0 } else { (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0) }
}

/// A number of things, as a real number.
#[allow(clippy::cast_precision_loss)] // far below 2^52
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-3, "{found} is not {expected}");
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        // NIST/SEMATECH handbook 1.3.6.7.4: the upper critical values.
        close(chi_square(16.919, 9.0), 0.05);
        close(chi_square(27.877, 9.0), 0.001);
        close(chi_square(149.449, 100.0), 0.001);
        // Exact for two degrees: e^(-x/2).
        close(chi_square(40.0, 2.0), (-20.0_f64).exp());
        assert!(chi_square(-1e-12, 3.0) > 0.999_999);
        close(normal(1.644_854, 0.0, 1.0), 0.05);
        close(normal(110.0, 100.0, 4.0), 2.866_516e-7);
        // The critical value of Kolmogorov's distribution at 5 %, for very many.
        close(limiting(1.358_1), 0.05);
        close(limiting(1.949_5), 0.001);
    }

    /// Of 10^8 that are spread evenly but for a shift.
    fn limiting(lambda: f64) -> f64 {
        let count = 1e6_f64;
        let shift = lambda / (count.sqrt() + 0.12 + 0.11 / count.sqrt());
        let sorted: Vec<f64> = (0..1_000_000).map(|n| (f64::from(n) / count + shift).min(1.0)).collect();
        kolmogorov_smirnov(&sorted)
    }

    fn values(ps: impl IntoIterator<Item = f64>) -> PValues {
        let value = |p| PValue { name: format!("{p}"), p };
        PValues { independent: ps.into_iter().map(value).collect(), others: Vec::new() }
    }

    #[test]
    fn even_ones_pass_and_remarkable_ones_fail() {
        let even = || (0..1000).map(|n| (f64::from(n) + 0.5) / 1000.0);
        let judged = values(even()).judge();
        assert!(!judged.fails() && judged.tests == 1000, "{judged:?}");
        close(judged.least.p, 1.0);
        for p in [1e-11, 1.0 - 1e-11, f64::NAN, 0.0, 1.0] {
            assert!(values(even().chain([p])).judge().fails(), "{p}");
        }
        // Among a thousand, one of 10^-8 is not remarkable enough.
        assert!(!values(even().chain([1e-8])).judge().fails());
        // None is remarkable by itself, but they should not all be small.
        let small = values(even().map(|p| p / 2.0 + 0.1)).judge();
        assert!(small.fails() && small.least.p > 0.1, "{small:?}");
        assert!(PValues::default().judge().fails(), "no test is no pass");
    }
}

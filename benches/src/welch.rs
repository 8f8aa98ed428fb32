//! Whether two kinds of times have the same mean and the same spread: Welch's t-test, as dudect uses it
//! (Reparaz, Balasch, Verbauwhede: Dude, is my code constant time?, 2017).

/// How many crops there are beside all of the samples.
const CROPS: i32 = 100;

/// What a crop needs of each kind for a test of it to mean something.
const FEWEST: f64 = 1000.0;

/// Above this |t| two kinds of times differ. By luck alone that happens once in 1.7 million tests.
pub const DIFFERS: f64 = 5.0;

/// Number, mean and sums of the second to fourth power of distances from the mean, kept up to date in one
/// pass (Pébay 2008).
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl Moments {
    /// Takes in one more.
    fn add(&mut self, value: f64) {
        let before = self.count;
        self.count += 1.0;
        let n = self.count;
        let delta = value - self.mean;
        let step = delta / n;
        let term = delta * step * before;
        self.mean += step;
        self.fourth += term * step * step * (n * n - 3.0 * n + 3.0) + 6.0 * step * step * self.second
            - 4.0 * step * self.third;
        self.third += term * step * (n - 2.0) - 3.0 * step * self.second;
        self.second += term;
    }

    /// The mean, and the variance of the mean.
    fn first_order(&self) -> (f64, f64) {
        (self.mean, self.second / (self.count - 1.0) / self.count)
    }

    /// The same of the squared distances from the mean.
    fn second_order(&self) -> (f64, f64) {
        let spread = self.second / self.count;
        (spread, (self.fourth / self.count - spread * spread) / (self.count - 1.0))
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Self::default();
        values.into_iter().for_each(|value| moments.add(value));
        moments
    }
}

/// The mean of the shorter half, and its variance: a mean trimmed on one side (Yuen 1974).
fn fastest_half(sorted: &[u64]) -> (f64, f64) {
    #[allow(clippy::cast_precision_loss)] // nanoseconds, far below 2^52
    let values = || sorted.iter().map(|&time| time as f64);
    let kept = sorted.len() / 2 + 1;
    let mean = values().take(kept).collect::<Moments>().mean;
    let last = values().nth(kept - 1).unwrap_or_default();
    // What was trimmed counts as the last that was kept.
    let winsorised: Moments = values().map(|value| value.min(last)).collect();
    (mean, 4.0 * winsorised.first_order().1)
}

/// By how much the second mean is above the first, and its standard error.
fn apart(these: (f64, f64), those: (f64, f64)) -> (f64, f64) {
    (those.0 - these.0, (these.1 + those.1).sqrt())
}

fn t((difference, error): (f64, f64)) -> f64 {
    // Two kinds without any spread, and the same mean, do not differ.
    if difference == 0.0 { 0.0 } else { difference / error }
}

/// What the tests of two kinds of times say.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// The median of both together.
    pub median: u64,
    /// By how much the mean of the second kind's fastest half is longer, and the standard error.
    pub difference: (f64, f64),
    /// t of all samples.
    pub all: f64,
    /// The t that is furthest from 0 of all crops.
    pub cropped: f64,
    /// The t furthest from 0 of the squared distances from the mean: of all samples and all crops.
    pub squared: f64,
}

impl Compared {
    /// The worst of them.
    pub fn worst(&self) -> f64 {
        [self.all, self.cropped, self.squared].into_iter().fold(0.0, further)
    }

    /// Whether the two kinds can be told apart.
    pub fn differ(&self) -> bool {
        // What is not a number is no acquittal.
        self.worst().is_nan() || self.worst().abs() >= DIFFERS
    }
}

fn further(one: f64, other: f64) -> f64 {
    if other.abs() > one.abs() || other.is_nan() { other } else { one }
}

/// Compares two kinds of times: all of them, and what is left when the longest are cropped, at 100 places
/// from 6.7 % to 99.9 % of both together, for interrupts hide what is small.
///
/// # Panics
/// If there is no time at all.
pub fn compare(mut these: Vec<u64>, mut those: Vec<u64>) -> Compared {
    these.sort_unstable();
    those.sort_unstable();
    let mut both = [these.as_slice(), &those].concat();
    both.sort_unstable();
    let difference = apart(fastest_half(&these), fastest_half(&those));
    let crops: Vec<u64> = (1..=CROPS).map(|crop| both[place(crop, both.len())]).collect();
    let [these, those] = [cropped(&these, &crops), cropped(&those, &crops)];

    let last = crops.len(); // where all of them are
    let pairs = || these.iter().zip(&those);
    let enough = |(these, those): &(&Moments, &Moments)| these.count.min(those.count) >= FEWEST;
    let first = |(these, those): (&Moments, &Moments)| t(apart(these.first_order(), those.first_order()));
    let second = |(these, those): (&Moments, &Moments)| t(apart(these.second_order(), those.second_order()));
    Compared {
        median: both[both.len() / 2],
        difference,
        all: first((&these[last], &those[last])),
        cropped: pairs().take(last).filter(enough).map(first).fold(0.0, further),
        squared: pairs().filter(enough).map(second).fold(0.0, further),
    }
}

/// Where dudect crops: 1 - 0.5^(10 × crop / 100) of all.
fn place(crop: i32, count: usize) -> usize {
    let share = 1.0 - 0.5_f64.powf(10.0 * f64::from(crop) / f64::from(CROPS));
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // a share of a number of samples, far below 2^52
    let place = (share * count as f64) as usize;
    place.min(count - 1)
}

/// The moments of what is at most as long as each crop, and last of all samples.
fn cropped(sorted: &[u64], crops: &[u64]) -> Vec<Moments> {
    let mut crops = crops.iter().peekable();
    let (mut moments, mut found) = (Moments::default(), Vec::with_capacity(crops.len() + 1));
    for &time in sorted {
        while crops.next_if(|crop| time > **crop).is_some() {
            found.push(moments);
        }
        #[allow(clippy::cast_precision_loss)] // nanoseconds, far below 2^52
        moments.add(time as f64);
    }
    found.extend(crops.map(|_| moments));
    found.push(moments);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn moments_are_what_their_definition_gives() {
        let values = [2.0, 3.0, 5.0, 7.0, 11.0, 13.0];
        let moments: Moments = values.into_iter().collect();
        let mean = 41.0 / 6.0;
        let power = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>();
        close(moments.mean, mean);
        close(moments.second, power(2));
        close(moments.third, power(3));
        close(moments.fourth, power(4));
    }

    #[test]
    fn t_is_welchs() {
        // Means 3 and 6, variances 2.5 and 10: -3 / sqrt(2.5 / 5 + 10 / 5).
        let these: Moments = [1.0, 2.0, 3.0, 4.0, 5.0].into_iter().collect();
        let those: Moments = [2.0, 4.0, 6.0, 8.0, 10.0].into_iter().collect();
        let apart = |these: &Moments, those: &Moments| apart(these.first_order(), those.first_order());
        let (by, error) = apart(&these, &those);
        close(by, 3.0);
        close(error, 2.5_f64.sqrt());
        close(t((by, error)), 3.0 / 2.5_f64.sqrt());
        close(t(apart(&those, &these)), -3.0 / 2.5_f64.sqrt());
        // Unequal numbers: means 20 and 22, variances 4 and 1 / 3.
        let these: Moments = [18.0, 20.0, 22.0].into_iter().collect();
        let those: Moments = [22.0, 22.0, 21.5, 22.5, 21.0, 23.0].into_iter().collect();
        close(apart(&these, &those).1, (4.0_f64 / 3.0 + 0.5 / 6.0).sqrt());
    }

    #[test]
    fn the_second_order_is_the_t_of_squared_distances() {
        // Squares 4 1 0 1 4: mean 2, variance of the mean (by all of them) 2.8 / 4.
        let these: Moments = [1.0, 2.0, 3.0, 4.0, 5.0].into_iter().collect();
        let (mean, variance) = these.second_order();
        close(mean, 2.0);
        close(variance, 2.8 / 4.0);
    }

    #[test]
    fn the_difference_is_that_of_the_fastest_half() {
        // Kept 1, 2, 3 of 1 2 3 4 90; winsorised 1 2 3 3 3, of variance 0.8.
        let (mean, variance) = fastest_half(&[1, 2, 3, 4, 90]);
        close(mean, 2.0);
        close(variance, 4.0 * 0.8 / 5.0);
    }

    /// As many times as wanted, uneven, the same every time.
    fn times(count: u64, more: impl Fn(u64) -> u64) -> Vec<u64> {
        (0..count).map(|n| 1000 + n * 7919 % 101 + more(n)).collect()
    }

    #[test]
    fn the_same_times_do_not_differ_and_longer_ones_do() {
        let same = compare(times(20_000, |_| 0), times(20_000, |_| 0));
        close(same.worst(), 0.0);
        assert!(!same.differ());
        let longer = compare(times(20_000, |_| 0), times(20_000, |_| 2));
        close(longer.all, 2.0 / longer_error());
        assert!(longer.differ());
        close(longer.difference.0, 2.0);
        // An interrupt every hundred samples hides it from the test of all of them; not from the crops.
        let often = |n| if n % 100 == 0 { 1_000_000 } else { 0 };
        let hidden = compare(times(20_000, often), times(20_000, |n| often(n) + 5));
        assert!(hidden.all.abs() < 1.0 && hidden.cropped > DIFFERS, "{hidden:?}");
    }

    /// The standard error of two lots of 20,000 of `times`.
    fn longer_error() -> f64 {
        let moments: Moments =
            times(20_000, |_| 0).iter().map(|&time| f64::from(u32::try_from(time).unwrap())).collect();
        (2.0 * moments.first_order().1).sqrt()
    }

    #[test]
    fn a_wider_spread_differs_in_the_second_order_only() {
        let wide = |n: u64| if n.is_multiple_of(2) { 2000 - 50 } else { 2000 + 50 };
        let found = compare(vec![2000; 20_000], (0..20_000).map(wide).collect());
        close(found.all, 0.0);
        assert!(found.squared > DIFFERS);
    }

    #[test]
    fn what_cannot_be_judged_is_not_acquitted() {
        let unclear =
            Compared { median: 1, difference: (0.0, 0.0), all: f64::NAN, cropped: 0.0, squared: 0.0 };
        assert!(unclear.differ());
    }
}

//! Whether codes are fair: every character at every place, every pair of characters within a code and from one
//! code to the next, every short code equally frequent.

use std::ops::RangeInclusive;

use otp_exchange::{Kind, MAX_CODE_LENGTH, Otp};

use crate::p_values::{PValue, PValues, chi_square, normal, real};

/// As long as there are no more codes than that, each is counted.
const MOST_COUNTED: usize = 1 << 16;

/// What chance has to give at least of a code, or of a number of leading zeros, for it to be tested.
const FEWEST_CODES: f64 = 25.0;
const FEWEST_LEADING: f64 = 10_000.0;

/// Tests that many codes of each length. `draw` writes one of the format it is given.
///
/// # Panics
/// If a code is not of its kind.
pub fn examine(
    kind: Kind,
    lengths: RangeInclusive<u8>,
    codes: u32,
    mut draw: impl FnMut(&Otp, &mut [u8]),
) -> PValues {
    let symbols = kind.alphabet().len();
    let mut tests = PValues::default();
    let mut together = vec![vec![0_u64; symbols]; usize::from(*lengths.end())];
    for length in lengths {
        let otp = Otp::new(kind, length).expect("1 to 20");
        let mut counts = Counts::new(kind, length);
        let mut code = [0; MAX_CODE_LENGTH as usize];
        let code = &mut code[..length.into()];
        for _ in 0..codes {
            draw(&otp, code);
            counts.add(code);
        }
        tests.extend(counts.finish());
        for (sums, place) in together.iter_mut().zip(&counts.places) {
            sums.iter_mut().zip(place).for_each(|(sum, count)| *sum += u64::from(*count));
        }
    }
    let all = (0..symbols).map(|symbol| together.iter().map(|place| place[symbol]).sum()).collect();
    for (place, counts) in together.iter().chain([&all]).enumerate() {
        let name = match place {
            place if place == together.len() => format!("{kind:?}: all characters"),
            place => format!("{kind:?}: place {place} of all lengths"),
        };
        let p = chi_square(uneven(counts.iter().copied()), real(symbols - 1));
        tests.others.push(PValue { name, p });
    }
    tests
}

/// The chi-square of counts that should be equal.
fn uneven(counts: impl Iterator<Item = u64> + Clone) -> f64 {
    #[allow(clippy::cast_precision_loss)] // far below 2^52
    let values = counts.map(|count| count as f64);
    let (cells, total) =
        values.clone().fold((0.0, 0.0), |(cells, total), count| (cells + 1.0, total + count));
    let expected = total / cells;
    values.map(|count| (count - expected).powi(2)).sum::<f64>() / expected
}

fn uneven_cells(counts: &[u32]) -> f64 {
    uneven(counts.iter().map(|&count| count.into()))
}

/// What is counted of codes of one format. A character is known by its place in the alphabet.
struct Counts {
    name: String,
    symbols: usize,
    symbol_of: [u8; 256],
    codes: u32,
    /// For each place, how often each character stood there.
    places: Vec<Vec<u32>>,
    /// For each place but the first, how often each pair stood there and just before.
    within: Vec<Vec<u32>>,
    /// For each place, how often each pair stood there in a code and in the next.
    across: Vec<Vec<u32>>,
    /// How often each code came, if they are few.
    whole: Vec<u32>,
    /// How many codes began with none, one, two … of the first character.
    leading: Vec<u32>,
    /// In all codes one after another: how many characters are the same as the one before, greater, in another
    /// half of the alphabet.
    equal: u64,
    greater: u64,
    other_half: u64,
    first: Vec<usize>,
    previous: Vec<usize>,
    code: Vec<usize>,
}

impl Counts {
    fn new(kind: Kind, length: u8) -> Self {
        let (symbols, length) = (kind.alphabet().len(), usize::from(length));
        let mut symbol_of = [u8::MAX; 256];
        for (symbol, character) in (0..).zip(kind.alphabet().bytes()) {
            symbol_of[usize::from(character)] = symbol;
        }
        let pairs = |count| vec![vec![0; symbols * symbols]; count];
        let all = u32::try_from(length).ok().and_then(|length| symbols.checked_pow(length));
        let counted = all.filter(|all| *all <= MOST_COUNTED).unwrap_or(0);
        Self {
            name: format!("{kind:?} {length}"),
            symbols,
            symbol_of,
            codes: 0,
            places: vec![vec![0; symbols]; length],
            within: pairs(length - 1),
            across: pairs(length),
            whole: vec![0; counted],
            leading: vec![0; length + 1],
            equal: 0,
            greater: 0,
            other_half: 0,
            first: Vec::new(),
            previous: Vec::new(),
            code: vec![0; length],
        }
    }

    fn add(&mut self, code: &[u8]) {
        for (symbol, &character) in self.code.iter_mut().zip(code) {
            *symbol = self.symbol_of[usize::from(character)].into();
            assert!(*symbol < self.symbols, "a character of another alphabet");
        }
        if self.codes == 0 {
            self.first.clone_from(&self.code);
        } else {
            self.follow();
        }
        self.codes += 1;
        let symbols = self.symbols;
        for (place, &symbol) in self.places.iter_mut().zip(&self.code) {
            place[symbol] += 1;
        }
        for (pairs, pair) in self.within.iter_mut().zip(self.code.windows(2)) {
            pairs[pair[0] * symbols + pair[1]] += 1;
        }
        for pair in self.code.windows(2) {
            let half = symbols / 2;
            self.equal += u64::from(pair[0] == pair[1]);
            self.greater += u64::from(pair[0] < pair[1]);
            self.other_half += u64::from((pair[0] < half) != (pair[1] < half));
        }
        if !self.whole.is_empty() {
            self.whole[self.code.iter().fold(0, |code, symbol| code * symbols + symbol)] += 1;
        }
        self.leading[self.code.iter().take_while(|symbol| **symbol == 0).count()] += 1;
        std::mem::swap(&mut self.code, &mut self.previous);
        self.code.resize(self.previous.len(), 0);
    }

    /// Counts what stands between the code before and this one.
    fn follow(&mut self) {
        for ((pairs, before), after) in self.across.iter_mut().zip(&self.previous).zip(&self.code) {
            pairs[before * self.symbols + after] += 1;
        }
        if let (Some(&before), Some(&after)) = (self.previous.last(), self.code.first()) {
            let half = self.symbols / 2;
            self.equal += u64::from(before == after);
            self.greater += u64::from(before < after);
            self.other_half += u64::from((before < half) != (after < half));
        }
    }

    fn finish(&mut self) -> PValues {
        // The last is followed by the first, so that each place has as many pairs as characters.
        for ((pairs, before), after) in self.across.iter_mut().zip(&self.previous).zip(&self.first) {
            pairs[before * self.symbols + after] += 1;
        }
        let mut tests = PValues::default();
        let named = |what: String, p| PValue { name: format!("{}: {what}", self.name), p };
        let symbols = real(self.symbols);
        // What is left of a chi-square of pairs without those of their characters is independent of them, and of
        // other pairs' even where pairs overlap (Good 1953).
        let left = |pairs: &[u32], one: f64, other: f64| {
            chi_square(uneven_cells(pairs) - one - other, (symbols - 1.0).powi(2))
        };
        let places: Vec<f64> = self.places.iter().map(|place| uneven_cells(place)).collect();
        for (place, &uneven) in places.iter().enumerate() {
            tests.independent.push(named(format!("place {place}"), chi_square(uneven, symbols - 1.0)));
            let p = left(&self.across[place], uneven, uneven);
            tests.independent.push(named(format!("place {place}, code after code"), p));
        }
        for (place, pair) in places.windows(2).enumerate() {
            let p = left(&self.within[place], pair[0], pair[1]);
            tests.independent.push(named(format!("places {place} and {}", place + 1), p));
        }
        let each = f64::from(self.codes) / real(self.whole.len());
        if places.len() > 1 && !self.whole.is_empty() && each >= FEWEST_CODES {
            let p = chi_square(uneven_cells(&self.whole), real(self.whole.len() - 1));
            tests.others.push(named("every code".to_owned(), p));
        }
        tests.others.extend(self.leading().map(|p| named("leading zeros".to_owned(), p)));
        tests.others.extend(self.runs().map(|(what, p)| named(what.to_owned(), p)));
        tests
    }

    /// The numbers of leading zeros against those that chance gives, the rare ones taken together.
    fn leading(&self) -> Option<f64> {
        let (symbols, codes) = (real(self.symbols), f64::from(self.codes));
        let (mut chi, mut degrees) = (0.0, 0.0);
        let (mut left, mut expected_left) = (codes, codes);
        for &seen in &self.leading[..self.leading.len() - 1] {
            // What is left either ends its zeros here or goes on.
            let expected = expected_left * (1.0 - 1.0 / symbols);
            if expected_left - expected < FEWEST_LEADING {
                break;
            }
            chi += (f64::from(seen) - expected).powi(2) / expected;
            degrees += 1.0;
            left -= f64::from(seen);
            expected_left -= expected;
        }
        chi += (left - expected_left).powi(2) / expected_left;
        (degrees > 0.0).then(|| chi_square(chi, degrees))
    }

    /// Runs: of the same character, of rising ones, of one half of the alphabet.
    fn runs(&self) -> [(&'static str, f64); 3] {
        let n = f64::from(self.codes) * real(self.places.len()) - 1.0;
        let k = real(self.symbols);
        #[allow(clippy::cast_precision_loss)] // far below 2^52
        let [equal, greater, other_half] =
            [self.equal, self.greater, self.other_half].map(|count| count as f64);
        let rises = (k - 1.0) / (2.0 * k);
        let rises_twice = (k - 1.0) * (k - 2.0) / (6.0 * k * k);
        let variance = n * rises * (1.0 - rises) + 2.0 * (n - 1.0) * (rises_twice - rises * rises);
        [
            ("runs of one character", normal(equal, n / k, n / k * (1.0 - 1.0 / k))),
            ("rising runs", normal(greater, n * rises, variance)),
            ("runs of one half", normal(other_half, n / 2.0, n / 4.0)),
        ]
    }
}

/// About how many characters it takes to find what the remainder of so many bits does to an alphabet of that
/// size: until the chi-square of the characters is expected to be 150 above what chance gives. None would do if
/// the remainder is fair.
pub fn characters_to_find_remainder(bits: i32, symbols: u32) -> f64 {
    let (all, symbols) = (2.0_f64.powi(bits), f64::from(symbols));
    let more = all % symbols; // as many come up once more than the others
    let each = (all / symbols).floor();
    let off = |count: f64| (count / all - 1.0 / symbols).powi(2) * symbols;
    150.0 / (more * off(each + 1.0) + (symbols - more) * off(each))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_codes() {
        let mut counts = Counts::new(Kind::Numeric, 3);
        for code in ["007", "071", "000"] {
            counts.add(code.as_bytes());
        }
        counts.finish();
        let pair = |pairs: &[u32], pair: usize| pairs[pair];
        assert_eq!((counts.places[0][0], counts.places[1][7], counts.places[2][1]), (3, 1, 1));
        assert_eq!((pair(&counts.within[0], 0), pair(&counts.within[0], 7)), (2, 1));
        assert_eq!((pair(&counts.within[1], 7), pair(&counts.within[1], 71)), (1, 1));
        // Code after code, and the last followed by the first: 0 7 0, then 0 again.
        assert_eq!((pair(&counts.across[1], 7), pair(&counts.across[1], 70), counts.across[1][0]), (1, 1, 1));
        assert_eq!((counts.whole[7], counts.whole[71], counts.whole.iter().sum()), (1, 1, 3));
        assert_eq!(counts.leading, [0, 1, 1, 1]);
        // 0 0 7 0 7 1 0 0 0
        assert_eq!((counts.equal, counts.greater, counts.other_half), (3, 2, 4));
    }

    #[test]
    fn a_chi_square_is_what_its_definition_gives() {
        // Expected 20 each: 25 + 0 + 25 over 20.
        assert!((uneven_cells(&[15, 20, 25]) - 2.5).abs() < 1e-12);
    }

    #[test]
    fn a_remainder_is_found_where_its_chi_square_says() {
        // Of a byte, six digits come up 26 times in 256 and four 25 times.
        let off = 6.0 * (26.0 / 256.0 - 0.1_f64).powi(2) + 4.0 * (25.0 / 256.0 - 0.1_f64).powi(2);
        assert!((characters_to_find_remainder(8, 10) * off * 10.0 - 150.0).abs() < 1e-9);
        assert!(characters_to_find_remainder(8, 32).is_infinite());
    }
}

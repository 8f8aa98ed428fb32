//! Generators of codes that are wrong on purpose: what shows that the tests of fairness find something.

use otp_exchange::{Kind, MAX_CODE_LENGTH};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The remainder of a byte: the first characters come up more often.
    ByteRemainder,
    /// The remainder of twelve bits: the same, but a sixteenth of it.
    TwelveBitRemainder,
    /// The last character comes up 1 % too often, in the third place only.
    OnePercent,
    /// The last character never comes.
    OffByOne,
    /// A number without leading zeros.
    NoLeadingZero,
    /// The second character is never the first again.
    NeverTwice,
    /// The first character of one code in a hundred is that of the code before.
    Repeated,
    /// Each code is the one before, plus one.
    Sequential,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ByteRemainder,
        Self::TwelveBitRemainder,
        Self::OnePercent,
        Self::OffByOne,
        Self::NoLeadingZero,
        Self::NeverTwice,
        Self::Repeated,
        Self::Sequential,
    ];

    /// Whether it is a fault for codes of that kind: 32 characters divide every power of two that is greater.
    pub fn applies(self, kind: Kind) -> bool {
        !matches!(self, Self::ByteRemainder | Self::TwelveBitRemainder) || kind != Kind::Unambiguous
    }

    /// Whether it takes tens of millions of codes to find it.
    pub fn is_small(self) -> bool {
        matches!(self, Self::TwelveBitRemainder | Self::OnePercent)
    }
}

/// A seeded generator of codes with that fault.
#[derive(Debug)]
pub struct Biased {
    fault: Fault,
    generator: StdRng,
    previous: [usize; MAX_CODE_LENGTH as usize],
}

impl Biased {
    /// From that seed.
    pub fn new(fault: Fault, seed: u64) -> Self {
        Self { fault, generator: StdRng::seed_from_u64(seed), previous: [0; MAX_CODE_LENGTH as usize] }
    }

    /// Writes the next code of that kind.
    pub fn draw(&mut self, kind: Kind, code: &mut [u8]) {
        let alphabet = kind.alphabet().as_bytes();
        if self.fault == Fault::Sequential {
            self.count_up(alphabet.len(), code.len());
        } else {
            for place in 0..code.len() {
                self.previous[place] = self.symbol(place, alphabet.len());
            }
        }
        for (character, &symbol) in code.iter_mut().zip(&self.previous) {
            *character = alphabet[symbol];
        }
    }

    fn symbol(&mut self, place: usize, symbols: usize) -> usize {
        let fair = self.generator.random_range(0..symbols);
        // Drawn for all faults, so that they cost the same.
        let hundredths = self.generator.random_range(0..100);
        match (self.fault, place) {
            (Fault::ByteRemainder, _) => usize::from(self.generator.random::<u8>()) % symbols,
            (Fault::TwelveBitRemainder, _) => usize::from(self.generator.random::<u16>() >> 4) % symbols,
            // Of a hundred of each other character one would be too many: they are as many as there are.
            (Fault::OnePercent, 2) if hundredths == 0 && self.generator.random_range(1..symbols) == 1 => {
                symbols - 1
            }
            (Fault::OffByOne, _) => self.generator.random_range(0..symbols - 1),
            (Fault::NoLeadingZero, 0) => self.generator.random_range(1..symbols),
            (Fault::NeverTwice, 1) => (self.previous[0] + self.generator.random_range(1..symbols)) % symbols,
            (Fault::Repeated, 0) if hundredths == 0 => self.previous[0],
            _ => fair,
        }
    }

    fn count_up(&mut self, symbols: usize, length: usize) {
        for symbol in self.previous[..length].iter_mut().rev() {
            *symbol = (*symbol + 1) % symbols;
            if *symbol > 0 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(fault: Fault, codes: usize) -> Vec<String> {
        let mut biased = Biased::new(fault, 1);
        let draw = |_| {
            let mut code = [0; 6];
            biased.draw(Kind::Numeric, &mut code);
            String::from_utf8(code.to_vec()).unwrap()
        };
        (0..codes).map(draw).collect()
    }

    #[test]
    fn each_fault_is_what_it_says() {
        assert_eq!(drawn(Fault::Sequential, 11)[8..], ["000009", "000010", "000011"]);
        assert!(drawn(Fault::OffByOne, 1000).iter().all(|code| !code.contains('9')));
        assert!(drawn(Fault::NoLeadingZero, 1000).iter().all(|code| !code.starts_with('0')));
        assert!(drawn(Fault::NeverTwice, 1000).iter().all(|code| code[..1] != code[1..2]));
        // One in ten is the same by chance, and one in a hundred of the others: 1,090 of 10,000.
        let repeated = drawn(Fault::Repeated, 10_001);
        let again = repeated.windows(2).filter(|pair| pair[0][..1] == pair[1][..1]).count();
        assert!((1040..1240).contains(&again), "{again}");
    }

    #[test]
    fn one_percent_is_one_percent() {
        let nines = drawn(Fault::OnePercent, 1_000_000).iter().filter(|code| &code[2..3] == "9").count();
        // 101,000; by chance 300 more or fewer.
        assert!((100_400..101_600).contains(&nines), "{nines}");
    }
}

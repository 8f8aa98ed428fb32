//! Every order of the steps of three clients, each state visited once.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::house::{Answer, Broken, Fault, House, Op, Outcome, Told};

/// How often one swap is tried when its reply is lost.
const TRIES: u8 = 3;

/// How often a client that has to begin anew does so; only houses built wrong come near it.
const BEGINNINGS: u8 = 5;

/// What a search came to.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Distinct states.
    pub(super) states: usize,
    /// Distinct states in which nobody has anything left to do.
    pub(super) ends: usize,
    /// To how many clients an answer was told, at the most.
    pub(super) most: BTreeMap<Answer, usize>,
}

impl Figures {
    pub(super) fn add(&mut self, other: &Self) {
        self.states += other.states;
        self.ends += other.ends;
    }
}

/// An entry, by its number among all that were ever written, and its version, which never repeats.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Entry {
    version: u8,
    bytes: u16,
}

/// One swap: the version it expects, and what it writes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Write {
    expected: u8,
    entry: Entry,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    /// About to load, and to judge what it loads.
    Loading,
    /// About to swap, for that often in vain so far: if ever, then a try may have arrived or may yet.
    Swapping { write: Write, outcome: u16, lost: u8 },
    /// Its swap met another version after a lost reply: about to load, and to compare bytes.
    Doubting { entry: Entry, outcome: u16 },
    /// About to tell.
    Telling { outcome: u16 },
    /// Told that, or nothing at all.
    Done { told: Option<u16> },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Client {
    phase: Phase,
    /// How often it has judged: what is drawn is drawn anew each time.
    judged: u8,
    /// A try that was lost and may still arrive.
    on_its_way: Option<Write>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    store: Entry,
    clients: [Client; 3],
}

struct Search<'a, H> {
    house: &'a H,
    ops: [Op; 3],
    fault: Fault,
    entries: Vec<Vec<u8>>,
    numbers: HashMap<Vec<u8>, u16>,
    outcomes: Vec<Outcome>,
    judged: HashMap<(u16, usize, u8), (Option<u16>, u16)>,
    kept: HashSet<(u16, [Option<u16>; 3])>,
    visited: HashSet<State>,
    open: Vec<State>,
    figures: Figures,
}

/// Visits every state that can be reached, depth first.
///
/// # Errors
/// The first promise that was found broken.
pub(super) fn every_order<H: House>(house: &H, ops: [Op; 3]) -> Result<Figures, Broken> {
    let mut search = Search {
        house,
        ops,
        fault: house.fault(),
        entries: Vec::new(),
        numbers: HashMap::new(),
        outcomes: Vec::new(),
        judged: HashMap::new(),
        kept: HashSet::new(),
        visited: HashSet::new(),
        open: Vec::new(),
        figures: Figures::default(),
    };
    let bytes = search.number(house.start());
    let client = Client { phase: Phase::Loading, judged: 0, on_its_way: None };
    search.reach(State { store: Entry { version: 0, bytes }, clients: [client; 3] });
    while let Some(state) = search.open.pop() {
        search.keeps_its_promises(&state)?;
        if search.steps(&state) == 0 {
            search.figures.ends += 1;
        }
    }
    search.figures.states = search.visited.len();
    Ok(search.figures)
}

impl<H: House> Search<'_, H> {
    /// Whatever may happen next, and how many such things there are.
    fn steps(&mut self, state: &State) -> usize {
        let mut count = 0;
        for index in 0..3 {
            let client = state.clients[index];
            if let Some(write) = client.on_its_way {
                let mut next = *state;
                next.clients[index].on_its_way = None;
                self.apply(&mut next, write);
                self.reach(next);
                count += 1;
            }
            if matches!(client.phase, Phase::Done { .. }) {
                continue;
            }
            count += 2;
            // It crashes: before this step, and so also after the one before.
            self.move_to(*state, index, Phase::Done { told: None });
            self.step(*state, index);
        }
        count
    }

    /// One step of one client.
    fn step(&mut self, mut state: State, index: usize) {
        let client = state.clients[index];
        match client.phase {
            Phase::Loading => self.load(state, index),
            Phase::Swapping { write, outcome, lost } => {
                self.lose(state, index);
                let next = if self.apply(&mut state, write) {
                    Phase::Telling { outcome }
                } else if lost > 0 {
                    Phase::Doubting { entry: write.entry, outcome }
                } else {
                    begin_anew(client.judged)
                };
                self.move_to(state, index, next);
            }
            Phase::Doubting { entry, outcome } => {
                let next = if state.store == entry {
                    Phase::Telling { outcome }
                } else if self.fault == Fault::DoubtMeansNotApplied {
                    begin_anew(client.judged)
                } else {
                    Phase::Done { told: None }
                };
                self.move_to(state, index, next);
            }
            Phase::Telling { outcome } => self.move_to(state, index, Phase::Done { told: Some(outcome) }),
            Phase::Done { .. } => {}
        }
    }

    fn load(&mut self, mut state: State, index: usize) {
        let judged = state.clients[index].judged;
        let (after, outcome) = self.judge(state.store.bytes, index, judged);
        state.clients[index].judged += 1;
        let Some(bytes) = after else { return self.move_to(state, index, Phase::Telling { outcome }) };
        #[allow(clippy::cast_possible_truncation)] // below 3
        let version = 1 + BEGINNINGS * index as u8 + judged;
        let write = Write { expected: state.store.version, entry: Entry { version, bytes } };
        if self.fault == Fault::VerdictBeforeSwap {
            state.clients[index].on_its_way = Some(write);
            return self.move_to(state, index, Phase::Done { told: Some(outcome) });
        }
        self.move_to(state, index, Phase::Swapping { write, outcome, lost: 0 });
    }

    /// The swap, or its reply, is lost. The same swap is tried again, a few times.
    fn lose(&mut self, mut state: State, index: usize) {
        let client = &mut state.clients[index];
        let Phase::Swapping { write, outcome, lost } = client.phase else { return };
        client.on_its_way = Some(write);
        let next = match self.fault {
            Fault::LostMeansApplied => Phase::Telling { outcome },
            Fault::LostMeansNotApplied => begin_anew(client.judged),
            _ if lost + 1 < TRIES => Phase::Swapping { write, outcome, lost: lost + 1 },
            _ => Phase::Done { told: None },
        };
        self.move_to(state, index, next);
    }

    /// What the store's contract says of a swap.
    fn apply(&self, state: &mut State, write: Write) -> bool {
        let applies = write.expected == state.store.version || self.fault == Fault::StoreDoesNotCompare;
        if applies {
            state.store = write.entry;
        }
        applies
    }

    fn move_to(&mut self, mut state: State, index: usize, phase: Phase) {
        state.clients[index].phase = phase;
        self.reach(state);
    }

    fn reach(&mut self, mut state: State) {
        if self.fault != Fault::StoreDoesNotCompare {
            // What expects a version gone by never does anything.
            for client in &mut state.clients {
                client.on_its_way = client.on_its_way.filter(|write| write.expected == state.store.version);
            }
        }
        if self.visited.insert(state) {
            self.open.push(state);
        }
    }

    fn judge(&mut self, bytes: u16, index: usize, judged: u8) -> (Option<u16>, u16) {
        if let Some(known) = self.judged.get(&(bytes, index, judged)) {
            return *known;
        }
        let (after, outcome) =
            self.house.judge(&self.entries[usize::from(bytes)], self.ops[index], index, judged);
        let after = after.map(|after| self.number(after));
        let known = self.outcomes.iter().position(|other| *other == outcome);
        let number = known.unwrap_or_else(|| {
            self.outcomes.push(outcome);
            self.outcomes.len() - 1
        });
        let decided = (after, u16::try_from(number).unwrap());
        self.judged.insert((bytes, index, judged), decided);
        decided
    }

    fn number(&mut self, bytes: Vec<u8>) -> u16 {
        let next = u16::try_from(self.entries.len()).unwrap();
        let number = *self.numbers.entry(bytes.clone()).or_insert(next);
        if number == next {
            self.entries.push(bytes);
        }
        number
    }

    fn keeps_its_promises(&mut self, state: &State) -> Result<(), Broken> {
        let told = state.clients.map(|client| match client.phase {
            Phase::Done { told } => told,
            _ => None,
        });
        if !self.kept.insert((state.store.bytes, told)) {
            return Ok(());
        }
        let outcome = |number: u16| &self.outcomes[usize::from(number)];
        let told = [0, 1, 2].map(|index| Told { op: self.ops[index], outcome: told[index].map(outcome) });
        for answer in told.iter().filter_map(Told::answer) {
            let count = told.iter().filter(|told| told.answer() == Some(answer)).count();
            let most = self.figures.most.entry(answer).or_default();
            *most = count.max(*most);
        }
        self.house.promises(&self.entries[usize::from(state.store.bytes)], &told)
    }
}

fn begin_anew(judged: u8) -> Phase {
    if judged < BEGINNINGS { Phase::Loading } else { Phase::Done { told: None } }
}

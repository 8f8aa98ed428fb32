//! A store written from scratch, put through every store law, and then a whole exchange on it.
//!
//! What it is made of comes first: a map, and a list of what may be forgotten when. A store on a database has
//! the same two methods; its map is a table, its lock the database's conditional write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use otp_exchange::testkit::ManualClock;
use otp_exchange::testkit::laws::{Law, Laws};
use otp_exchange::{
    Clock, CodeStore, Exchanger, Keyring, Name, Outbox, Recipient, Request, Sealed, StoreError, Submission,
    Swap, Timestamp, Version,
};

/// Entries in order of their names, behind one lock.
struct TreeStore<C> {
    tree: Mutex<Tree>,
    clock: C,
}

#[derive(Default)]
struct Tree {
    entries: BTreeMap<Name, (Timestamp, Sealed)>,
    /// The same entries by when they may be forgotten, the soonest first.
    ends: BTreeSet<(Timestamp, Name)>,
}

impl<C: Clock> CodeStore for TreeStore<C> {
    // No need to look at the time here: an expired entry may be returned, and the exchanger knows what it is
    // worth. What must not be is a load that hides an entry which the swap still finds.
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        let tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(tree.entries.get(&name).map(|(_, value)| value.clone()))
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        // The lock is held from the comparison to the write. Two steps here would be two winners.
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        tree.forget(self.clock.now());
        // One comparison is the whole contract: `None` finds nothing there, `Some` finds just this version.
        let present = tree.entries.get(&name).map(|(_, present)| present.version());
        if present != expected {
            return Ok(Swap::Conflict);
        }
        let before = tree.entries.insert(name, (forget_after, value.clone()));
        if let Some((end, _)) = before {
            tree.ends.remove(&(end, name)); // the last swap alone says when
        }
        tree.ends.insert((forget_after, name));
        Ok(Swap::Applied)
    }
}

impl Tree {
    /// Drops a few entries whose time is over: more than the one that a swap adds, so that nothing piles up.
    fn forget(&mut self, now: Timestamp) {
        for _ in 0..2 {
            let Some(&(end, name)) = self.ends.first().filter(|(end, _)| *end < now) else { break };
            self.ends.remove(&(end, name));
            self.entries.remove(&name);
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the tests of a real store: `SystemClock`, `std::thread::sleep`, and the `block_on` of the driver's
    // runtime.
    let clock = ManualClock::default();
    let store = Arc::new(TreeStore { tree: Mutex::default(), clock: clock.clone() });
    let laws =
        Laws::new(&store, &clock, |work| pollster::block_on(work)).time_passes(|span| clock.advance(span));
    for law in Law::ALL {
        laws.check(law)?;
        println!("kept: {law}");
    }

    let subject = pollster::block_on(exchange(store.clone(), clock.clone()))?;
    println!("all {} laws kept, and {subject} is signed in", Law::ALL.len());
    Ok(())
}

/// Sends a code and exchanges it for tokens, as a service would.
async fn exchange(store: impl CodeStore, clock: ManualClock) -> Result<String, Box<dyn std::error::Error>> {
    let outbox = Outbox::new();
    let otp = Exchanger::builder(store, outbox.clone(), Keyring::generate()?).clock(clock).build()?;
    let ada = Recipient::parse("ada@example.org")?;
    let sent = otp.send(Request::login(&ada)).await?;
    let typed = outbox.code_for(&ada).ok_or("no message")?;
    let tokens = otp.exchange(Submission::by_id(&sent.otp_id, typed.expose()).login()).await?;
    Ok(otp.authenticate(tokens.access.expose()).await?.subject)
}

//! The law about lost replies: whole flows over a store that applies and says it may not have.

use std::fmt::Display;

use super::{Laws, Seen};
use crate::crypto::{Keyring, Name, Sealed, Version};
use crate::embedded::Outbox;
use crate::exchanger::{ExchangeError, Exchanger};
use crate::otp_id::OtpId;
use crate::policy::Policy;
use crate::ports::{Clock, CodeStore, StoreError, Swap};
use crate::recipient::Recipient;
use crate::request::Request;
use crate::submission::{Refused, Submission};
use crate::testkit::{FaultyStore, Reply};
use crate::timestamp::Timestamp;

/// How often a code may be tried, and how often still after one wrong guess.
const ATTEMPTS: u8 = 5;
const LEFT: u8 = ATTEMPTS - 1;

pub(super) fn lost_replies_are_found_out<S: CodeStore>(laws: &Laws<'_, S>) -> Result<(), Seen> {
    laws.run(one_reply_of_each_kind(laws.store, laws.clock.now()))??;
    laws.run(every_reply_to_the_winner(laws.store, laws.clock.now()))?
}

/// One reply is lost at each swap of a flow; nobody notices.
async fn one_reply_of_each_kind<S: CodeStore>(store: &S, now: Timestamp) -> Result<(), Seen> {
    for reply in [Reply::ReplyLost, Reply::RequestLost] {
        let flow = Flow::new(store, now)?;
        flow.store.fail(1, reply); // the ledger's creation
        let (otp_id, right, wrong) = flow.send().await?;

        flow.store.fail(1, reply); // the charge
        let refused = flow.exchanger.verify(Submission::by_id(&otp_id, &wrong).login()).await;
        match refused {
            Err(ExchangeError::Refused(Refused { attempts_left: Some(LEFT) })) => {}
            other => return Err(flowed("when the reply to a charge was lost", other.map(drop))),
        }

        flow.store.fail(1, reply); // the consumption
        let proof = flow.exchanger.verify(Submission::by_id(&otp_id, &right).login()).await;
        let proof = proof.map_err(|error| ended("when the reply to a consumption was lost", error))?;
        flow.store.fail(0, reply); // the session's creation
        let tokens = flow.exchanger.grant(proof).await;
        let tokens =
            tokens.map_err(|error| ended("when the reply to a session's creation was lost", error))?;
        let claims = flow.exchanger.authenticate(tokens.access.expose()).await;
        claims.map_err(|error| ended("when a session created with a lost reply was used", error))?;

        flow.refuses("when the code was used again", &otp_id, &right).await?;
    }
    Ok(())
}

/// Every reply to the swap that uses the code up is lost: there is no verdict then, and none later.
async fn every_reply_to_the_winner<S: CodeStore>(store: &S, now: Timestamp) -> Result<(), Seen> {
    let flow = Flow::new(store, now)?;
    let (otp_id, right, _) = flow.send().await?;
    (1..=3).for_each(|ahead| flow.store.fail(ahead, Reply::ReplyLost));
    match flow.exchanger.verify(Submission::by_id(&otp_id, &right).login()).await {
        Err(ExchangeError::Fault(_)) => {}
        other => return Err(flowed("when every reply to a consumption was lost", other.map(drop))),
    }
    flow.refuses("when a code was used again whose verdict was lost", &otp_id, &right).await
}

/// An exchanger of its own keys, so of its own names, on the store under test.
struct Flow<'a, S> {
    store: FaultyStore<Borrowed<'a, S>>,
    exchanger: Exchanger<FaultyStore<Borrowed<'a, S>>, Outbox>,
    outbox: Outbox,
    ada: Recipient,
}

impl<'a, S: CodeStore> Flow<'a, S> {
    fn new(store: &'a S, now: Timestamp) -> Result<Self, Seen> {
        let when = "when an exchanger was built";
        let store = FaultyStore::new(Borrowed(store));
        let outbox = Outbox::new();
        let keyring = Keyring::generate().map_err(|error| ended(when, error))?;
        let exchanger = Exchanger::builder(Clone::clone(&store), outbox.clone(), keyring)
            .policy(Policy::default().attempts(ATTEMPTS))
            .clock(Stopped(now))
            .build();
        let exchanger = exchanger.map_err(|error| ended(when, error))?;
        let ada = Recipient::parse("ada@example.org").map_err(|error| ended(when, error))?;
        Ok(Self { store, exchanger, outbox, ada })
    }

    /// Sends a code: its otp id, the code, and one that is wrong.
    async fn send(&self) -> Result<(OtpId, String, String), Seen> {
        let when = "when a code was sent";
        let sent =
            self.exchanger.send(Request::login(&self.ada)).await.map_err(|error| ended(when, error))?;
        let code = self.outbox.code_for(&self.ada).ok_or_else(|| ended(when, "no message"))?;
        let right = code.expose().to_owned();
        let wrong = if right == "000000" { "000001" } else { "000000" };
        Ok((sent.otp_id, right, wrong.to_owned()))
    }

    async fn refuses(&self, when: &'static str, otp_id: &OtpId, typed: &str) -> Result<(), Seen> {
        match self.exchanger.verify(Submission::by_id(otp_id, typed).login()).await {
            Err(ExchangeError::Refused(_)) => Ok(()),
            other => Err(flowed(when, other.map(drop))),
        }
    }
}

fn flowed(when: &'static str, end: Result<(), impl Display>) -> Seen {
    match end {
        Ok(()) => ended(when, "success"),
        Err(error) => ended(when, error),
    }
}

fn ended(when: &'static str, found: impl Display) -> Seen {
    Seen::Flow { when, found: found.to_string() }
}

struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The store under test, which its caller keeps.
struct Borrowed<'a, S>(&'a S);

impl<S> Clone for Borrowed<'_, S> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<S: CodeStore> CodeStore for Borrowed<'_, S> {
    fn load(&self, name: Name) -> impl Future<Output = Result<Option<Sealed>, StoreError>> + Send {
        self.0.load(name)
    }

    fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> impl Future<Output = Result<Swap, StoreError>> + Send {
        self.0.swap(name, expected, value, forget_after)
    }
}

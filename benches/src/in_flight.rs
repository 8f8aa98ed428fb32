//! Many requests at once on one thread, over a store that answers later.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use otp_exchange::{
    CodeStore, Exchanger, MemoryStore, Name, Sealed, StoreError, Swap, SystemClock, Timestamp, Version,
};

use crate::on_cpu::timed;
use crate::ports::{Nowhere, run};
use crate::setting::{Asking, Setting};

/// How often a future is polled before the store answers it.
const POLLS: u8 = 3;

/// How many flows are measured.
const FLOWS: usize = 20_000;

/// A memory store that answers when it was asked a few times.
struct Later(MemoryStore);

impl CodeStore for Later {
    async fn load(&self, name: Name) -> Result<Option<Sealed>, StoreError> {
        Delay(POLLS).await;
        self.0.load(name).await
    }

    async fn swap(
        &self,
        name: Name,
        expected: Option<Version>,
        value: &Sealed,
        forget_after: Timestamp,
    ) -> Result<Swap, StoreError> {
        Delay(POLLS).await;
        self.0.swap(name, expected, value, forget_after).await
    }
}

/// Is ready after so many polls. It wakes nobody: whoever polls here polls all, again and again.
struct Delay(u8);

impl Future for Delay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        Poll::Pending
    }
}

async fn flow(otp: &Exchanger<Later, Nowhere>, asking: Asking) {
    let sent = otp.send(Setting::Plain.request(&asking)).await.expect("room for a code");
    let right = Setting::Plain.submission(&asking.client, &sent.otp_id, sent.expose().code);
    drop(otp.exchange(right).await.expect("the right code"));
}

fn exchanger() -> Exchanger<Later, Nowhere> {
    let store = Later(MemoryStore::new(3 * FLOWS));
    Setting::Plain.builder(store, SystemClock).build().expect("in range")
}

/// Nanoseconds of each flow, `send` then `exchange`, when so many are in flight on one thread.
///
/// # Panics
/// If the crate does not do what it promises.
pub fn nanoseconds(in_flight: usize) -> f64 {
    let otp = exchanger();
    let mut waiting = (0..FLOWS).map(|number| Setting::Plain.asking(number));
    let mut flying: VecDeque<Pin<Box<_>>> = VecDeque::with_capacity(in_flight);
    let mut context = Context::from_waker(Waker::noop());
    let ((), took) = timed(|| {
        flying.extend(waiting.by_ref().take(in_flight).map(|asking| Box::pin(flow(&otp, asking))));
        while let Some(mut next) = flying.pop_front() {
            if next.as_mut().poll(&mut context).is_pending() {
                flying.push_back(next);
            } else {
                flying.extend(waiting.next().map(|asking| Box::pin(flow(&otp, asking))));
            }
        }
    });
    #[allow(clippy::cast_precision_loss)] // 20,000
    let flows = FLOWS as f64;
    took.as_secs_f64() * 1e9 / flows
}

/// How many bytes the futures of `send` and of `exchange` take.
///
/// # Panics
/// If the crate does not do what it promises.
pub fn future_bytes() -> (usize, usize) {
    let otp = exchanger();
    let asking = Setting::Plain.asking(0);
    let send = size_of_val(&otp.send(Setting::Plain.request(&asking)));
    let sent = run(otp_of_memory().send(Setting::Plain.request(&asking))).expect("room for a code");
    let right = Setting::Plain.submission(&asking.client, &sent.otp_id, sent.expose().code);
    (send, size_of_val(&otp.exchange(right)))
}

fn otp_of_memory() -> Exchanger<MemoryStore, Nowhere> {
    Setting::Plain.builder(MemoryStore::new(16), SystemClock).build().expect("in range")
}

//! What users plug in: store, notifier, token issuer, clock, entropy.
//!
//! The asynchronous ports are plain traits whose methods return `impl Future + Send`, so an implementation is
//! an `async fn` and costs no allocation. Where `dyn` is wanted, [`DynStore`], [`DynNotifier`] and
//! [`DynIssuer`] wrap any implementation.

mod clock;
mod entropy;
mod issuer;
mod notifier;
mod observer;
mod routes;
mod store;

use std::future::Future;
use std::pin::Pin;

pub use clock::{Clock, SystemClock};
pub use entropy::{Entropy, SystemEntropy};
pub use issuer::{DynIssuer, IssuerError, Recognised, ReferenceTokens, TokenIssuer};
pub use notifier::{Accepted, DynNotifier, Notifier, NotifyError};
pub use observer::{Event, Observer};
pub use routes::{ByChannel, Fallback};
pub use store::{CodeStore, DynStore, StoreError, Swap};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type Source = Box<dyn std::error::Error + Send + Sync>;

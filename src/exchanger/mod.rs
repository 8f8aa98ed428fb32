//! The flows. The only floor that sees both the rules and the ports.

mod draw;
mod entries;
mod error;
mod exchange;
mod letter;
mod lifecycle;
mod outgoing;
mod quotas;
mod send;
mod session;

use std::fmt;
use std::sync::Arc;

use crate::crypto::{KeyError, Keyring, Vault};
use crate::message::{Catalogue, TemplateError};
use crate::policy::{Policy, PolicyError};
use crate::ports::{
    Clock, CodeStore, DynIssuer, DynNotifier, DynStore, Entropy, Event, Notifier, Observer, ReferenceTokens,
    SystemClock, SystemEntropy, TokenIssuer,
};
use crate::rules::Moment;
use crate::timestamp::Timestamp;

use draw::Draw;
pub use error::{ExchangeError, Fault, IssueTokensError, ReportError, SendError, StatusError, TokenError};
pub use outgoing::Outgoing;
use quotas::Leases;

/// The flows: [`send`](Self::send), [`exchange`](Self::exchange), [`authenticate`](Self::authenticate),
/// [`refresh`](Self::refresh), [`revoke`](Self::revoke), and the halves they are made of.
///
/// It holds no state of its own but its share of a busy quota: any number of them, in any number of
/// processes, may work on one store, as long as they share the keyring and the policy. Share one between
/// tasks behind an [`Arc`]; [`DynExchanger`] is the same without type parameters.
pub struct Exchanger<S, N, I = ReferenceTokens> {
    store: S,
    notifier: N,
    issuer: I,
    vault: Vault,
    settings: Settings,
    leases: Leases,
}

/// What an exchanger works by, beside its ports of three types and its keys.
struct Settings {
    policy: Policy,
    catalogue: Catalogue,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    observer: Option<Arc<dyn Observer>>,
    valid_from: Timestamp,
}

/// An exchanger whatever store, notifier and issuer it was built with: for handlers and application state.
///
/// ```
/// # use std::sync::Arc;
/// use otp_exchange::{DynExchanger, Exchanger, Keyring, MemoryStore, Outbox};
///
/// #[derive(Clone)]
/// struct AppState {
///     otp: Arc<DynExchanger>,
/// }
///
/// let otp = Exchanger::builder(MemoryStore::new(100_000), Outbox::new(), Keyring::generate()?).build()?;
/// let state = AppState { otp: Arc::new(otp.erase()) };
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type DynExchanger = Exchanger<DynStore, DynNotifier, DynIssuer>;

impl<S: CodeStore, N: Notifier> Exchanger<S, N> {
    /// Begins an exchanger on that store, with that notifier and those keys. Everything else has a default.
    pub fn builder(store: S, notifier: N, keyring: Keyring) -> Builder<S, N> {
        Builder {
            store,
            notifier,
            issuer: ReferenceTokens,
            keyring,
            settings: Settings {
                policy: Policy::default(),
                catalogue: Catalogue::default(),
                clock: Arc::new(SystemClock),
                entropy: Arc::new(SystemEntropy),
                observer: None,
                valid_from: Timestamp::MIN,
            },
        }
    }
}

impl<S: CodeStore, N: Notifier, I: TokenIssuer> Exchanger<S, N, I> {
    /// The same exchanger without its type parameters.
    pub fn erase(self) -> DynExchanger
    where
        S: 'static,
        N: 'static,
        I: 'static,
    {
        Exchanger {
            store: DynStore::new(self.store),
            notifier: DynNotifier::new(self.notifier),
            issuer: DynIssuer::new(self.issuer),
            vault: self.vault,
            settings: self.settings,
            leases: self.leases,
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.now(), valid_from: self.settings.valid_from }
    }

    fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    fn policy(&self) -> &Policy {
        &self.settings.policy
    }

    fn catalogue(&self) -> &Catalogue {
        &self.settings.catalogue
    }

    /// Tells the observer, if there is one, what has become true.
    fn observe(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.settings.observer {
            observer.observe(&event());
        }
    }

    /// Random bytes for one flow that will probably want that many.
    fn draw(&self, expected: usize) -> Draw<'_> {
        Draw::new(&*self.settings.entropy, expected)
    }
}

impl<S, N, I> fmt::Debug for Exchanger<S, N, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanger").field("policy", &self.settings.policy).finish_non_exhaustive()
    }
}

/// Puts an [`Exchanger`] together.
#[must_use = "nothing is built until `build`"]
pub struct Builder<S, N, I = ReferenceTokens> {
    store: S,
    notifier: N,
    issuer: I,
    keyring: Keyring,
    settings: Settings,
}

impl<S: CodeStore, N: Notifier, I: TokenIssuer> Builder<S, N, I> {
    /// The numbers to work by.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// What messages say; by default the texts that come with the crate. The catalogue of the day of delivery
    /// holds, so let all processes have texts for the same channels.
    pub fn catalogue(mut self, catalogue: Catalogue) -> Self {
        self.settings.catalogue = catalogue;
        self
    }

    /// What access tokens are made of; by default references into the store.
    pub fn issuer<J: TokenIssuer>(self, issuer: J) -> Builder<S, N, J> {
        Builder {
            store: self.store,
            notifier: self.notifier,
            issuer,
            keyring: self.keyring,
            settings: self.settings,
        }
    }

    /// Where time comes from; by default the operating system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// Where randomness comes from; by default the operating system.
    pub fn entropy(mut self, entropy: impl Entropy + 'static) -> Self {
        self.settings.entropy = Arc::new(entropy);
        self
    }

    /// Who is told of everything that happens; by default nobody.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.settings.observer = Some(Arc::new(observer));
        self
    }

    /// Kills every code and session made before that moment. After a backup of the store has been restored,
    /// set it to the moment of the restore: what was used up or revoked since the backup was taken is in
    /// it again.
    pub fn valid_from(mut self, valid_from: Timestamp) -> Self {
        self.settings.valid_from = valid_from;
        self
    }

    /// Checks everything and builds the exchanger.
    ///
    /// # Errors
    /// [`BuildError`] names the number of the policy that is out of range, what the catalogue lacks for it,
    /// or what is wrong with the keys.
    pub fn build(self) -> Result<Exchanger<S, N, I>, BuildError> {
        let Settings { policy, catalogue, .. } = &self.settings;
        policy.check()?;
        match policy.otp.message_template() {
            Some(template) => catalogue.supports(template)?,
            None => {
                if let Some(field) = catalogue.hides(&policy.required) {
                    return Err(PolicyError::NotShown { field }.into());
                }
            }
        }
        Ok(Exchanger {
            store: self.store,
            notifier: self.notifier,
            issuer: self.issuer,
            vault: Vault::new(&self.keyring)?,
            settings: self.settings,
            leases: Leases::default(),
        })
    }
}

impl<S, N, I> fmt::Debug for Builder<S, N, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("policy", &self.settings.policy).finish_non_exhaustive()
    }
}

/// Why an exchanger cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The template of the policy's otp, beside that catalogue.
    #[error("policy: otp has a {0}")]
    Template(#[from] TemplateError),
    /// The keys.
    #[error(transparent)]
    Key(#[from] KeyError),
}

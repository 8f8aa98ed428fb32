//! What is asked for, and under which policy: the least there is to say, or all there is.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use otp_exchange::{
    Builder, ClientKey, Clock, CodeStore, DialCode, Event, Exchanger, Keyring, MAX_CODE_LIFETIME, Notifier,
    Otp, OtpId, Policy, Principal, Quota, Recipient, Request, Submission, TestRecipient, Timestamp,
};

use crate::ports::Nowhere;

/// How much of the crate is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Logging in by email; requests and submissions that say no more than they must.
    Plain,
    /// Payments by SMS: clients, idempotency keys, a principal, amount and payee bound and shown, every
    /// quota, lists of countries, test recipients, an observer.
    Everything,
}

/// Who asks, and for whom. What an application has at hand when it begins.
#[derive(Clone, Debug)]
pub struct Asking {
    /// For whom.
    pub recipient: Recipient,
    /// Who asks.
    pub client: ClientKey,
    /// Its idempotency key.
    pub key: String,
}

const AMOUNT: &str = "12.50 EUR";
const PAYEE: &str = "ACME";
const TEMPLATE: &str = "Pay {{AMOUNT}} to {{PAYEE}} with {{CODE}}. Nobody from your bank will ask for it.";
const SCOPE: &str = "payment:confirm";

/// How many bytes are hashed for each HMAC of a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hashed {
    pub(crate) message: &'static [usize],
    pub(crate) submission: &'static [usize],
    pub(crate) subject: usize,
}

impl Setting {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Plain, Self::Everything];

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Everything => "everything on",
        }
    }

    /// A recipient of that number: an address of 24 characters, or a phone number of 12.
    ///
    /// # Panics
    /// If the crate does not take it for one.
    pub fn recipient(self, number: usize) -> Recipient {
        let address = match self {
            Self::Plain => format!("user-{number:07}@example.com"),
            Self::Everything => format!("+324{number:08}"),
        };
        Recipient::parse(&address).expect("an address")
    }

    /// A request by the recipient's own client, which never came before.
    ///
    /// # Panics
    /// If there are more clients than addresses in a private network.
    pub fn asking(self, number: usize) -> Asking {
        static PRESSED: AtomicU64 = AtomicU64::new(0);
        let pressed = PRESSED.fetch_add(1, Ordering::Relaxed);
        let host = u32::try_from(number).expect("not that many");
        let client = ClientKey::ip(Ipv4Addr::from_bits(0x0a00_0000 + host).into());
        // As long as a UUID.
        Asking { recipient: self.recipient(number), client, key: format!("{pressed:036}") }
    }

    /// The request.
    pub fn request(self, asking: &Asking) -> Request {
        match self {
            Self::Plain => Request::login(&asking.recipient),
            Self::Everything => Request::new("payment", &asking.recipient)
                .client(asking.client.clone())
                .idempotency_key(&asking.key)
                .bind("amount", AMOUNT)
                .bind("payee", PAYEE)
                .requested_by(Principal::new("clerk-17").scope(SCOPE)),
        }
    }

    /// The request for a code that lives as long as one can.
    pub(crate) fn lasting(self, asking: &Asking) -> Request {
        let request = self.request(asking).lifetime(MAX_CODE_LIFETIME);
        match self {
            Self::Plain => request.requested_by(Principal::new("clerk-17")),
            Self::Everything => request,
        }
    }

    /// A submission of that code by that client.
    pub fn submission(self, client: &ClientKey, otp_id: &OtpId, code: &str) -> Submission {
        let submission = Submission::by_id(otp_id, code);
        match self {
            Self::Plain => submission.login(),
            Self::Everything => submission
                .client(client.clone())
                .purpose("payment")
                .bind("amount", AMOUNT)
                .bind("payee", PAYEE),
        }
    }

    /// An exchanger.
    ///
    /// # Panics
    /// If the crate refuses its policy.
    pub fn builder<S: CodeStore>(self, store: S, clock: impl Clock + 'static) -> Builder<S, Nowhere> {
        self.builder_with(store, Nowhere, clock)
    }

    /// The same with another notifier.
    pub(crate) fn builder_with<S: CodeStore, N: Notifier>(
        self,
        store: S,
        notifier: N,
        clock: impl Clock + 'static,
    ) -> Builder<S, N> {
        let keyring = Keyring::new(&[1; 32], &[2; 32]).expect("two keys");
        let builder = Exchanger::builder(store, notifier, keyring).policy(self.policy()).clock(clock);
        match self {
            Self::Plain => builder,
            Self::Everything => {
                let seen = AtomicU64::new(0);
                builder.observer(move |event: &Event| {
                    std::hint::black_box(event);
                    seen.fetch_add(1, Ordering::Relaxed);
                })
            }
        }
    }

    fn policy(self) -> Policy {
        let minute = Duration::from_secs(60);
        // Sessions end soon, so that they can be cleared away; some codes live long, so that a store stays
        // full.
        let policy = Policy::default()
            .send_spacing(Duration::ZERO)
            .longest_lifetime(MAX_CODE_LIFETIME)
            .access_lifetime(minute)
            .refresh_idle(minute)
            .session_lifetime(minute);
        match self {
            Self::Plain => policy,
            Self::Everything => everything(policy),
        }
    }

    pub(crate) fn hashed(self) -> Hashed {
        match self {
            // Before every name stands its kind. An address of 24 characters has its channel in front too.
            Self::Plain => Hashed { message: &[2 + 24], submission: &[], subject: 1 + 24 },
            // Client, request, ledger, context, country, service; client, context. In the request: key 37,
            // purpose 8, number 13, form with the template 86, limits 23, context 29, grant 22.
            Self::Everything => Hashed {
                message: &[2 + 5, 1 + 218, 2 + 12, 56, 2 + 2, 2],
                submission: &[2 + 5, 56],
                subject: 1 + 12,
            },
        }
    }
}

/// Of every quota.
pub(crate) const WINDOW: Duration = Duration::from_secs(15 * 60);

fn everything(policy: Policy) -> Policy {
    let codes = |texts: &[&str]| -> Vec<_> {
        texts.iter().map(|text| DialCode::parse(text).expect("a calling code")).collect()
    };
    let reviewer = |number| {
        let recipient = Recipient::parse(number).expect("a number");
        TestRecipient::new(recipient, "246813", Timestamp::MAX).expect("a code")
    };
    let otp = Otp::default().template(TEMPLATE).expect("a template");
    policy
        .otp(otp)
        .require("amount")
        .require("payee")
        .client_sends(Quota::new(30, WINDOW))
        .client_checks(Quota::new(150, WINDOW))
        .dial_code_sends(Quota::new(100_000_000, WINDOW))
        .service_sends(Quota::new(1_000_000_000, WINDOW))
        .allow_dial_codes(codes(&["30", "31", "33", "34", "351", "352", "353", "39", "43", "49", "32"]))
        .deny_dial_codes(codes(&["3270", "3290", "3389"]))
        .test_recipient(reviewer("+32470000001"))
        .test_recipient(reviewer("+32470000002"))
        .test_recipient(reviewer("+33600000003"))
}

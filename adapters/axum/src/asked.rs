//! What the application is asked about a request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::http::HeaderMap;
use otp_exchange::{ClientKey, Purpose, Recipient, Request};

use crate::problem::Problem;

/// A code that somebody asks for, as the application gets to see it: see
/// [`Api::on_request`](crate::Api::on_request).
#[non_exhaustive]
pub struct Asked {
    /// Where to, as it was typed.
    pub recipient: Recipient,
    /// What for: one of the [purposes](crate::Api::purposes).
    pub purpose: Purpose,
    /// The request as it stands, with client, language and idempotency key: add to it what the application
    /// knows.
    pub request: Request,
    /// The headers it came with: a cookie of a shop or a tenant's name, say. They have proven nothing.
    pub headers: HeaderMap,
    about: About,
}

/// What is the same wherever the code goes.
struct About {
    client: ClientKey,
    language: Option<String>,
    idempotency_key: Option<String>,
}

impl Asked {
    pub(crate) fn new(
        recipient: Recipient,
        purpose: Purpose,
        client: ClientKey,
        language: Option<String>,
        idempotency_key: Option<String>,
        headers: HeaderMap,
    ) -> Self {
        let about = About { client, language, idempotency_key };
        Self { request: about.request(&purpose, &recipient), recipient, purpose, headers, about }
    }

    /// The same request for an address of your own record: **the one an account was made with, rather than
    /// the one just typed**, since what is one mailbox here may be two to a mail server ([`Recipient`]
    /// says more).
    pub fn request_to(&self, recipient: &Recipient) -> Request {
        self.about.request(&self.purpose, recipient)
    }
}

impl About {
    fn request(&self, purpose: &Purpose, recipient: &Recipient) -> Request {
        let mut request = Request::new(purpose, recipient).client(self.client.clone());
        if let Some(language) = &self.language {
            request = request.locale(language);
        }
        match &self.idempotency_key {
            Some(key) => request.idempotency_key(key),
            None => request,
        }
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers have cookies among them, and a request its key.
        let mut shown = f.debug_struct("Asked");
        shown.field("recipient", &self.recipient).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Request, Problem>> + Send>>;

/// What makes a request of what was asked.
#[derive(Clone, Default)]
pub(crate) struct Hook(Option<Arc<dyn Fn(Asked) -> Answer + Send + Sync>>);

impl Hook {
    pub(crate) fn new<H, F>(hook: H) -> Self
    where
        H: Fn(Asked) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Request, Problem>> + Send + 'static,
    {
        Self(Some(Arc::new(move |asked| Box::pin(hook(asked)))))
    }

    pub(crate) async fn request(&self, asked: Asked) -> Result<Request, Problem> {
        match &self.0 {
            Some(hook) => hook(asked).await,
            None => Ok(asked.request),
        }
    }
}

//! The service: its exchangers, and the router over them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use otp_exchange::{
    Accepted, Autofill, ByChannel, Catalogue, Clock, DynExchanger, DynNotifier, DynStore, Exchanger, Message,
    Notifier, NotifyError, Policy, SystemClock, TracingObserver,
};
use otp_exchange_axum::{Api, Deliveries, MAX_BODY_BYTES, Problem};
use otp_exchange_smtp::SmtpNotifier;

use crate::error::StartError;
use crate::keys::Keys;
use crate::outbox::OutboxFile;
use crate::principals::Principals;
use crate::settings::Settings;
use crate::users::Users;
use crate::{nomado, page, passage, slingr, store, tokens};

/// The namespace of the page and the JSON API.
const SIGN_IN: &str = "sign-in";

/// A running service, but for its listener.
pub struct Service {
    router: Router,
    deliveries: Vec<Deliveries>,
}

/// What the service works with; tests put their own in.
#[derive(Clone)]
pub struct Ports {
    /// Where codes and sessions are kept.
    pub store: DynStore,
    /// What carries messages.
    pub notifier: DynNotifier,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Ports {
    /// Those that the settings name.
    ///
    /// # Errors
    /// [`StartError`] says which part of the settings is wrong, or what does not answer.
    pub async fn of(settings: &Settings) -> Result<Self, StartError> {
        let store = store::connect(settings.store.expose()).await?;
        Ok(Self { store, notifier: notifier(settings).await?, clock: Arc::new(SystemClock) })
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}

impl Service {
    /// Puts it together. Each API is a service of its own: with its policy, and a namespace in which nothing of the others
    /// is known.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong with the settings.
    pub fn new(settings: &Settings, ports: &Ports) -> Result<Self, StartError> {
        let keys = keys(settings)?;
        let exchanger = |namespace, policy| -> Result<_, StartError> {
            let (store, notifier) = (ports.store.clone(), ports.notifier.clone());
            // Phones fill codes in on pages of this origin, and on nobody else's.
            let fills_in = namespace == SIGN_IN;
            Ok(Exchanger::builder(store, notifier, keys.keyring(namespace)?)
                .policy(policy)
                .catalogue(catalogue(settings, fills_in)?)
                .clock(Arc::clone(&ports.clock))
                .observer(TracingObserver))
        };
        let shared = |exchanger: DynExchanger| Arc::new(exchanger);
        let sign_in = shared(exchanger(SIGN_IN, Policy::default())?.build()?.erase());
        let nomado = shared(exchanger("nomado", Policy::nomado())?.build()?.erase());
        let slingr = shared(exchanger("slingr", Policy::slingr())?.build()?.erase());
        let signed = tokens::issuer(settings)?;
        let jwks = signed.jwks().to_json();
        let passage = exchanger("passage", passage::policy(&settings.apps))?.issuer(signed);
        let passage = shared(passage.build()?.erase());

        let users = Users::open(settings.users.as_deref()).map_err(StartError::Users)?;
        let principals = Arc::new(Principals::new(settings.callers()?, Arc::clone(&slingr))?);
        let sign_in_deliveries = Deliveries::new(Arc::clone(&sign_in));
        let passage_deliveries = Deliveries::new(Arc::clone(&passage));
        let api = Api::new(Arc::clone(&sign_in), sign_in_deliveries.clone())
            .client_address(settings.client_address());
        let router = Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route(
                "/.well-known/jwks.json",
                get(|| async { ([(CONTENT_TYPE, "application/jwk-set+json")], jwks) }),
            )
            .nest("/otp", api.router())
            .merge(page::router(settings, &sign_in, &sign_in_deliveries, &ports.clock))
            .merge(nomado::router(&nomado, &principals))
            .merge(passage::router(settings, &passage, &passage_deliveries, &users)?)
            .merge(slingr::router(settings, &slingr, &principals, &users))
            .fallback(async || Problem::from(StatusCode::NOT_FOUND))
            .method_not_allowed_fallback(async || Problem::from(StatusCode::METHOD_NOT_ALLOWED))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .layer(map_response(not_kept));
        Ok(Self { router, deliveries: vec![sign_in_deliveries, passage_deliveries] })
    }

    /// What it answers.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Waits until every message that was promised has been handed over. Call it when the last request is answered.
    pub async fn finish(&self) {
        for deliveries in &self.deliveries {
            deliveries.finish().await;
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

fn keys(settings: &Settings) -> Result<Keys, StartError> {
    let read = match &settings.key_file {
        Some(path) => Keys::of_file(path),
        None if store::is_durable(settings.store.expose()) => return Err(StartError::NoKeyFile),
        None => Keys::fresh(),
    };
    read.map_err(StartError::KeyFile)
}

/// Answers hold codes and tokens: nobody on the way keeps them, unless the answer itself says so.
async fn not_kept(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Emails go to the mail server, if there is one; everything else into the outbox.
async fn notifier(settings: &Settings) -> Result<DynNotifier, StartError> {
    let outbox = |path: &Path| OutboxFile::open(path).map(DynNotifier::new).map_err(StartError::Outbox);
    let Some(url) = &settings.smtp else {
        let path = settings.outbox.as_deref().unwrap_or(Path::new("-"));
        tracing::warn!(outbox = %path.display(), "messages are written down, not sent: for development only");
        return outbox(path);
    };
    let from = settings.from.as_deref().unwrap_or_default(); // the options demand it with --smtp
    let smtp = SmtpNotifier::connect(url.expose(), from).map_err(StartError::Smtp)?;
    smtp.check().await.map_err(StartError::Smtp)?;
    Ok(match settings.outbox.as_deref() {
        Some(path) => DynNotifier::new(ByChannel::new(smtp, outbox(path)?)),
        None => DynNotifier::new(ByChannel::new(smtp, NoGateway)),
    })
}

/// In place of an SMS gateway: put a notifier of `otp-exchange-sms` here.
struct NoGateway;

impl Notifier for NoGateway {
    async fn notify(&self, _: &Message) -> Result<Accepted, NotifyError> {
        Err(NotifyError::transient("no SMS gateway is set up"))
    }
}

fn catalogue(settings: &Settings, fills_in: bool) -> Result<Catalogue, StartError> {
    let mut begun = Catalogue::builder();
    if let Some(name) = &settings.application {
        begun = begun.application(name);
    }
    let origin = settings.origin();
    if fills_in && origin.is_https() {
        begun = begun.autofill(Autofill::website(origin.host()));
    }
    Ok(begun.build()?)
}

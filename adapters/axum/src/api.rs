//! The router, and what it is put together from.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use otp_exchange::{DynExchanger, Purpose, Request};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::asked::{Asked, Hook};
use crate::callers::{CallerError, Callers};
use crate::client::ClientAddress;
use crate::deliveries::Deliveries;
use crate::problem::Problem;
use crate::{codes, document, exchange, oauth};

/// One-time passcodes over HTTP: a router to be nested in any axum application.
///
/// See the [crate's documentation](crate) for the endpoints and a whole example.
#[derive(Clone)]
pub struct Api {
    pub(crate) otp: Arc<DynExchanger>,
    pub(crate) deliveries: Deliveries,
    pub(crate) client: ClientAddress,
    pub(crate) purposes: Vec<Purpose>,
    pub(crate) hook: Hook,
    pub(crate) callers: Option<Callers>,
}

impl Api {
    /// An API over that exchanger, whose messages go out by that queue: for login codes alone, its clients
    /// known by the address of their connection, without introspection.
    pub fn new(otp: Arc<DynExchanger>, deliveries: Deliveries) -> Self {
        Self {
            otp,
            deliveries,
            client: ClientAddress::default(),
            purposes: vec![Purpose::LOGIN],
            hook: Hook::default(),
            callers: None,
        }
    }

    /// Where the address of a client is taken from; by default from its connection, which behind a proxy
    /// makes everybody one client.
    pub fn client_address(self, client: ClientAddress) -> Self {
        Self { client, ..self }
    }

    /// What codes may be requested for, and exchanged. The first is that of a request that names none;
    /// without any it is [`Purpose::LOGIN`].
    ///
    /// An exchange begins a session whatever the code was for. So name no step-up here, a payment say: those
    /// are for [`verify`](otp_exchange::Exchanger::verify), in an endpoint of your own.
    ///
    /// With [`Purpose::REGISTER`] here, somebody without an account gets tokens, for the subject that
    /// [`on_request`](Self::on_request) grants: **give each a fresh one, never one they share**. Where an
    /// account has to be made before the tokens, register in endpoints of your own; the guide has them.
    pub fn purposes(self, purposes: impl IntoIterator<Item = Purpose>) -> Self {
        let mut purposes: Vec<_> = purposes.into_iter().collect();
        if purposes.is_empty() {
            purposes.push(Purpose::LOGIN);
        }
        Self { purposes, ..self }
    }

    /// What the application knows about whoever a code is requested for: whether there is an account, what
    /// the code will be worth. It returns the request that is made in the end; by default that is the one
    /// which was [asked](Asked) for.
    ///
    /// It runs before the answer, so let it take as long for those who have an account as for those who have
    /// none, and refuse neither: `account_exists` is for that.
    ///
    /// # Errors
    /// What it returns as a [`Problem`] is the answer: [`Problem::fault`] if your database is down, say.
    pub fn on_request<H, F>(self, hook: H) -> Self
    where
        H: Fn(Asked) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Request, Problem>> + Send + 'static,
    {
        Self { hook: Hook::new(hook), ..self }
    }

    /// Who may ask what a token says: names with their secrets, sent as `Authorization: Basic` (RFC 7617).
    /// Without this there is no such endpoint.
    ///
    /// # Errors
    /// [`CallerError`] if a secret has fewer than 16 bytes, or a name cannot be sent or is there twice.
    pub fn introspection<N: AsRef<str>, P: AsRef<str>>(
        self,
        callers: impl IntoIterator<Item = (N, P)>,
    ) -> Result<Self, CallerError> {
        Ok(Self { callers: Some(Callers::new(callers)?), ..self })
    }

    /// The router, for an application with any state. [Nest](Router::nest) it: what is at no path under its
    /// own is answered by it as well.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let (router, document) = self.routes().split_for_parts();
        router
            .merge(document::route(document))
            .fallback(|| async { Problem::from(StatusCode::NOT_FOUND) })
            .method_not_allowed_fallback(|| async { Problem::from(StatusCode::METHOD_NOT_ALLOWED) })
            .layer(map_response(hardened))
            .with_state(Arc::new(self.clone()))
    }

    /// What `GET /openapi.json` serves, but for the path the router is nested at: an OpenAPI 3.1 document.
    pub fn openapi(&self) -> utoipa::openapi::OpenApi {
        self.routes().into_openapi()
    }

    /// Routes and document, from one list.
    fn routes(&self) -> OpenApiRouter<Arc<Self>> {
        let router = OpenApiRouter::with_openapi(document::base(self.callers.is_some()))
            .routes(routes!(codes::request_code))
            .routes(routes!(codes::code_status, codes::cancel_code))
            .routes(routes!(codes::resend_code))
            .routes(routes!(exchange::exchange_code))
            .routes(routes!(oauth::refresh_tokens))
            .routes(routes!(oauth::revoke_token));
        let mut router = match self.callers {
            Some(_) => router.routes(routes!(oauth::introspect_token)),
            None => router,
        };
        document::name_purposes(router.get_openapi_mut(), &self.purposes);
        router
    }
}

/// No answer is kept by a cache, and none is taken for another type than it says.
async fn hardened(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("client", &self.client)
            .field("purposes", &self.purposes)
            .field("introspection", &self.callers.is_some())
            .finish_non_exhaustive()
    }
}

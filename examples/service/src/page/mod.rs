//! The page on which a person signs in: forms that work without JavaScript, and a script that makes them
//! nicer.
//!
//! ```text
//!   GET /  ──▶ address ── POST /sign-in ──▶ code ── POST /code ──▶ signed in ── POST /sign-out ──▶ GET /
//!                                            └── POST /resend
//! ```
//!
//! What succeeds ends in a redirect; what fails is the same form once more, with the reason above it and an
//! honest status. Nothing is kept here: which code a browser waits for, and its session, are in [two
//! cookies](cookies) of that browser.

mod assets;
mod cookies;
mod guard;
mod trouble;
mod views;
mod visitor;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use otp_exchange::{
    Clock, DynExchanger, ExchangeError, Grant, Recipient, Request, StatusError, Submission, TokenError,
    Tokens,
};
use otp_exchange_axum::{ClientAddress, Deliveries, Form, MAX_BODY_BYTES, Problem, Text};
use serde::Deserialize;

use crate::settings::{Origin, Settings};
use cookies::{Cookie, Pending};
use trouble::Trouble;
use views::Views;
use visitor::Visitor;

/// How long somebody stays signed in.
const SESSION: Duration = Duration::from_secs(12 * 3600);

/// What the page works with.
struct Page {
    otp: Arc<DynExchanger>,
    deliveries: Deliveries,
    clock: Arc<dyn Clock>,
    origin: Origin,
    client_address: ClientAddress,
    views: Views,
}

pub(crate) fn router(
    settings: &Settings,
    otp: &Arc<DynExchanger>,
    deliveries: &Deliveries,
    clock: &Arc<dyn Clock>,
) -> Router {
    let page = Arc::new(Page {
        otp: Arc::clone(otp),
        deliveries: deliveries.clone(),
        clock: Arc::clone(clock),
        origin: settings.origin(),
        client_address: settings.client_address(),
        views: Views::new(settings.application.as_deref()),
    });
    // Whoever asks for where a form went, from the address bar say, gets the form.
    let to = |path| move || async move { Redirect::to(path) };
    Router::new()
        .route("/", get(start))
        .route("/sign-in", post(sign_in).get(to("/")))
        .route("/code", get(code).post(check))
        .route("/resend", post(resend).get(to("/code")))
        .route("/sign-out", post(sign_out).get(to("/")))
        .merge(assets::router())
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&page), guard::guard))
        .with_state(page)
}

/// The form for an address, or who is signed in.
async fn start(State(page): State<Arc<Page>>, visitor: Visitor) -> Response {
    match page.who(&visitor).await {
        Ok(Some(subject)) => page.views.signed_in(&subject).into_response(),
        Ok(None) if visitor.session.is_some() => {
            page.without(Cookie::Session, page.first(&visitor, "", None))
        }
        Ok(None) => page.first(&visitor, "", None),
        Err(trouble) => page.stopped(&trouble, "/"),
    }
}

#[derive(Deserialize)]
struct Address {
    address: Text,
    /// The same for one form, however often its button is pressed.
    key: Option<Text>,
}

/// An address was typed: a code goes there.
async fn sign_in(
    State(page): State<Arc<Page>>,
    visitor: Visitor,
    form: Result<Form<Address>, Problem>,
) -> Response {
    let form = match form {
        Ok(Form(form)) => form,
        Err(problem) => return page.first(&visitor, "", Some(&problem.into())),
    };
    let typed = form.address.as_str().trim();
    match page.begin(&visitor, typed, form.key.as_ref()).await {
        Ok(cookie) => redirect("/code", [cookie]),
        Err(trouble) => page.first(&visitor, typed, Some(&trouble)),
    }
}

/// The form for the code that this browser waits for.
async fn code(State(page): State<Arc<Page>>, visitor: Visitor) -> Response {
    match page.who(&visitor).await {
        Ok(Some(_)) => redirect("/", []),
        Ok(None) => page.second(&visitor, None).await,
        Err(trouble) => page.stopped(&trouble, "/code"),
    }
}

#[derive(Deserialize)]
struct Typed {
    code: Text,
}

/// A code was typed: right, it begins a session.
async fn check(
    State(page): State<Arc<Page>>,
    visitor: Visitor,
    form: Result<Form<Typed>, Problem>,
) -> Response {
    let typed = match form {
        Ok(Form(form)) => form.code,
        Err(problem) => return page.second(&visitor, Some(problem.into())).await,
    };
    let Some(pending) = &visitor.pending else { return page.second(&visitor, None).await };
    let submission = Submission::by_id(&pending.otp_id, typed.as_str().trim()).login();
    match page.otp.exchange(submission.client(visitor.client.clone())).await {
        Ok(tokens) => page.let_in(&visitor, &tokens).await,
        Err(ExchangeError::Refused(refused)) => match refused.attempts_left {
            None | Some(0) => page.gone(&visitor, &Trouble::refused()),
            Some(left) => page.second(&visitor, Some(Trouble::wrong(left))).await,
        },
        Err(ExchangeError::NotACode(_)) => page.second(&visitor, Some(Trouble::not_a_code())).await,
        Err(error) => page.second(&visitor, Some(Problem::from(error).into())).await,
    }
}

/// The same code once more.
async fn resend(State(page): State<Arc<Page>>, visitor: Visitor) -> Response {
    let Some(pending) = &visitor.pending else { return page.second(&visitor, None).await };
    match page.deliveries.send_again(&pending.otp_id, |_| ()).await {
        Ok(()) => redirect("/code", []),
        Err(problem) => page.second(&visitor, Some(problem.into())).await,
    }
}

/// The session ends, here and everywhere.
///
/// No `Clear-Site-Data`: nothing of the page is stored but this cookie, and what else the header clears may
/// be another's.
async fn sign_out(State(page): State<Arc<Page>>, visitor: Visitor) -> Response {
    if let Some(token) = &visitor.session {
        match page.otp.revoke_family(token).await {
            Ok(()) | Err(TokenError::Malformed(_)) => {}
            // The cookie stays, so that it can be tried again.
            Err(error) => return page.stopped(&Problem::from(error).into(), "/"),
        }
    }
    page.without(Cookie::Session, redirect("/", []))
}

async fn no_such_method(State(page): State<Arc<Page>>) -> Response {
    page.stopped(&Problem::from(StatusCode::METHOD_NOT_ALLOWED).into(), "/")
}

impl Page {
    /// Who is signed in at that browser. A session lives long, so it is held against those that were ended,
    /// too.
    async fn who(&self, visitor: &Visitor) -> Result<Option<String>, Trouble> {
        let Some(token) = &visitor.session else { return Ok(None) };
        match self.otp.authenticate_strictly(token).await {
            Ok(claims) => Ok(Some(claims.subject)),
            Err(TokenError::Refused | TokenError::Malformed(_)) => Ok(None),
            Err(error) => Err(Problem::from(error).into()),
        }
    }

    /// Makes a code and leaves its message to the queue: the answer does not wait for it, and is the same for
    /// everybody.
    async fn begin(
        &self,
        visitor: &Visitor,
        typed: &str,
        key: Option<&Text>,
    ) -> Result<HeaderValue, Trouble> {
        let recipient = Recipient::parse(typed).map_err(Trouble::no_address)?;
        let mut request = Request::login(&recipient)
            .client(visitor.client.clone())
            .locale(&visitor.language)
            .grant(Grant::new().token_lifetime(SESSION));
        if let Some(key) = key {
            request = request.idempotency_key(key.as_str());
        }
        let sent = self.deliveries.send(request, |receipt| (receipt.otp_id, receipt.lifetime)).await;
        let (otp_id, lifetime) = sent.map_err(|problem| match problem.wrong_field() {
            Some(_) => Trouble::not_there(),
            None => problem.into(),
        })?;
        let pending = Pending { otp_id, recipient };
        let cookie = Cookie::Pending.set(&pending.to_string(), lifetime, &self.origin);
        Ok(cookie)
    }

    async fn let_in(&self, visitor: &Visitor, tokens: &Tokens) -> Response {
        if let Some(before) = &visitor.session {
            // The browser forgets it now; if this fails, it ends by itself.
            let _ = self.otp.revoke_family(before).await;
        }
        let session = Cookie::Session.set(tokens.access.expose(), tokens.expires_in, &self.origin);
        redirect("/", [session, Cookie::Pending.clear(&self.origin)])
    }

    /// The form for an address.
    fn first(&self, visitor: &Visitor, typed: &str, trouble: Option<&Trouble>) -> Response {
        let page = self.views.address(typed, visitor.pending.is_some(), trouble);
        Trouble::answer(trouble, page)
    }

    /// The form for a code; the one for an address, if there is none to be typed.
    async fn second(&self, visitor: &Visitor, trouble: Option<Trouble>) -> Response {
        let Some(pending) = &visitor.pending else { return self.gone(visitor, &Trouble::gone()) };
        match self.otp.status(&pending.otp_id).await {
            Ok(status) => {
                let page = self.views.code(pending, &status, self.clock.now(), trouble.as_ref());
                Trouble::answer(trouble.as_ref(), page)
            }
            Err(StatusError::Fault(fault)) => self.stopped(&Problem::from(fault).into(), "/code"),
            Err(_) => self.gone(visitor, &Trouble::gone()),
        }
    }

    /// Back to the first form, with the address still in it: the code is worth nothing any more.
    fn gone(&self, visitor: &Visitor, trouble: &Trouble) -> Response {
        let address = visitor.pending.as_ref().map_or("", |pending| pending.recipient.address());
        let page = self.views.address(address, false, Some(trouble));
        self.without(Cookie::Pending, Trouble::answer(Some(trouble), page))
    }

    /// No form, but what happened and a way back.
    fn stopped(&self, trouble: &Trouble, back: &str) -> Response {
        Trouble::answer(Some(trouble), self.views.stopped(trouble, back))
    }

    fn without(&self, cookie: Cookie, mut response: Response) -> Response {
        response.headers_mut().append(SET_COOKIE, cookie.clear(&self.origin));
        response
    }
}

/// See other (RFC 9110 section 15.4.4): a form that was sent is not sent again by going back or reloading.
fn redirect<const N: usize>(path: &'static str, cookies: [HeaderValue; N]) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response();
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

//! Where the mail server is, and how to get a connection that may send.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::commands::{Auth, Starttls};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use otp_exchange::Recipient;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::error::{Error, Step};
use crate::wire::{Wire, offered};

/// The port for submission with STARTTLS (RFC 6409), and that with TLS from the start (RFC 8314).
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;
/// Where a server on this machine listens.
const SMTP: u16 = 25;

/// A server and how to speak to it.
pub(crate) struct Server {
    host: String,
    port: u16,
    pub(crate) tls: Tls,
    credentials: Option<Credentials>,
    hello: ClientId,
}

impl Server {
    /// Reads an URL; `domain` is what the client calls itself unless the URL says otherwise.
    pub(crate) fn parse(url: &str, domain: &str) -> Result<Self, Error> {
        let url = Url::parse(url)
            .map_err(|_| Error::Url("cannot be read; write smtps://user:password@host, with %40 for an @"))?;
        let host = match url.host_str() {
            None | Some("") => return Err(Error::Url("has no host; write smtps://host")),
            // The url crate does this by itself for the schemes it knows only: names to their `xn--` form.
            Some(host) => Host::parse(host)
                .map_err(|_| {
                    Error::Url("has a host that is neither name nor address; write smtps://mail.example")
                })?
                .to_string(),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let secured = || {
            TlsParameters::new(host.clone())
                .map_err(|_| Error::Url("has a host for which TLS cannot be set up; write its name"))
        };
        let (tls, port) = match (url.scheme(), option(&url)?.as_deref()) {
            ("smtps", None) => (Tls::Wrapper(secured()?), SUBMISSIONS),
            ("smtp", Some("required")) => (Tls::Required(secured()?), SUBMISSION),
            ("smtp", Some("none")) => (Tls::None, SMTP),
            ("smtp", None) if matches!(&host[..], "localhost" | "127.0.0.1" | "::1") => (Tls::None, SMTP),
            ("smtp", None) => {
                return Err(Error::Url(
                    "would send codes in the clear; write smtps://, or smtp:// with ?tls=required (STARTTLS), or \
                     ?tls=none if that is meant",
                ));
            }
            ("smtp", Some(_)) => return Err(Error::Url("tls must be `required` or `none`")),
            ("smtps", Some(_)) => return Err(Error::Url("smtps:// is TLS from the start; leave tls out")),
            _ => return Err(Error::Url("must begin with smtps:// or smtp://")),
        };
        let hello = match url.path().trim_matches('/') {
            "" => domain.to_owned(),
            name => name.to_owned(),
        };
        // What a domain name may hold is known to the core; in a command nothing else may stand.
        if Recipient::parse(&format!("a@{hello}")).is_err() {
            return Err(Error::Url("its path must be this client's domain name, or be left out"));
        }
        Ok(Self {
            port: url.port().unwrap_or(port),
            tls,
            credentials: credentials(&url)?,
            hello: ClientId::Domain(hello),
            host,
        })
    }

    /// A connection, encrypted and signed in as far as it has to be. `step` is kept at what is being done;
    /// `patience` is for each of the host's addresses.
    pub(crate) async fn open(&self, patience: Duration, step: &mut Step) -> Result<Wire, Error> {
        *step = Step::Connect;
        let wrapper = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let mut wire = Wire::connect((&self.host, self.port), patience, wrapper).await?;
        let mut offers = wire.hello(*step, &self.hello).await?;
        let upgrade = match &self.tls {
            Tls::Required(parameters) => Some(parameters),
            Tls::Opportunistic(parameters) => offered(&offers, "STARTTLS").map(|_| parameters),
            _ => None,
        };
        if let Some(parameters) = upgrade {
            *step = Step::StartTls;
            if offered(&offers, "STARTTLS").is_none() {
                return Err(Error::broken(*step, "the server does not offer it, so nothing was sent"));
            }
            wire.command(*step, Starttls, &[220]).await?;
            wire.encrypt(parameters.clone()).await?;
            // What was offered in the clear may have been anybody's.
            offers = wire.hello(*step, &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            *step = Step::Auth;
            sign_in(&mut wire, &offers, credentials).await?;
        }
        Ok(wire)
    }
}

/// Signs in with the first mechanism that both sides know.
async fn sign_in(wire: &mut Wire, offers: &Response, credentials: &Credentials) -> Result<(), Error> {
    let offers = offered(offers, "AUTH").unwrap_or_default();
    let mechanism = DEFAULT_MECHANISMS.iter().find(|known| offers.contains(&&known.to_string()[..]));
    let mechanism =
        *mechanism.ok_or_else(|| Error::broken(Step::Auth, "the server offers neither PLAIN nor LOGIN"))?;
    let astray = |_| Error::broken(Step::Auth, "the server asks for something else than user and password");
    let mut command = Auth::new(mechanism, credentials.clone(), None).map_err(astray)?;
    // LOGIN asks twice.
    for _ in 0..2 {
        let answer = wire.command(Step::Auth, command, &[235, 334]).await?;
        if answer.has_code(235) {
            return Ok(());
        }
        command = Auth::new_from_response(mechanism, credentials.clone(), &answer).map_err(astray)?;
    }
    wire.command(Step::Auth, command, &[235]).await.map(|_| ())
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = match self.tls {
            Tls::None => "none",
            Tls::Opportunistic(_) => "opportunistic",
            Tls::Required(_) => "required",
            Tls::Wrapper(_) => "from the start",
        };
        f.debug_struct("Server")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &tls)
            .field("signs_in", &self.credentials.is_some())
            .finish_non_exhaustive()
    }
}

/// What the URL says of TLS, which is all that its query may say: a slip there must not switch TLS off.
fn option(url: &Url) -> Result<Option<String>, Error> {
    let mut found = None;
    for (name, value) in url.query_pairs() {
        if name != "tls" || found.is_some() {
            return Err(Error::Url("may have one option after the ?, tls=required or tls=none"));
        }
        found = Some(value.into_owned());
    }
    Ok(found)
}

fn credentials(url: &Url) -> Result<Option<Credentials>, Error> {
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| Error::Url("has a user or password that is not UTF-8 once its %xx are read"))
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(Error::Url("has a user or a password only; write both, or none")),
        (user, Some(password)) => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        match Server::parse(url, "acme.example") {
            Err(error) => error.to_string(),
            Ok(server) => {
                let Server { host, port, tls, credentials, hello } = server;
                let tls = match tls {
                    Tls::None => "clear",
                    Tls::Required(_) => "starttls",
                    Tls::Wrapper(_) => "tls",
                    Tls::Opportunistic(_) => "opportunistic",
                };
                format!("{tls} {host} {port} {hello} {}", credentials.is_some())
            }
        }
    }

    #[test]
    fn an_url_says_all_there_is_to_say() {
        assert_eq!(shown("smtps://mail.example"), "tls mail.example 465 acme.example false");
        assert_eq!(
            shown("smtps://u:p@mail.example:4465/app.example"),
            "tls mail.example 4465 app.example true"
        );
        assert_eq!(
            shown("smtp://u:p@mail.example?tls=required"),
            "starttls mail.example 587 acme.example true"
        );
        assert_eq!(shown("smtp://localhost:1025"), "clear localhost 1025 acme.example false");
        assert_eq!(shown("smtp://[::1]"), "clear ::1 25 acme.example false");
        assert_eq!(shown("smtp://relay?tls=none"), "clear relay 25 acme.example false");
        assert_eq!(
            shown("smtps://m\u{fc}nchen.example"),
            "tls xn--mnchen-3ya.example 465 acme.example false"
        );
    }

    #[test]
    fn codes_go_in_the_clear_only_if_that_was_said() {
        for url in [
            "smtp://mail.example",
            "smtp://u:p@mail.example:587",
            "smtp://localhost.example",
            "smtp://10.0.0.1",
        ] {
            assert!(shown(url).contains("in the clear"), "{url}: {}", shown(url));
        }
        for url in [
            "smtp://mail.example?tls=opportunistic",
            "smtp://mail.example?tls=",
            "smtp://localhost?TLS=required",
            "smtp://localhost?starttls=true",
            "smtp://localhost?tls=required&tls=none",
            "smtps://mail.example?tls=none",
        ] {
            assert!(shown(url).starts_with("smtp url: "), "{url}: {}", shown(url));
        }
    }

    #[test]
    fn says_what_is_wrong_and_never_the_password() {
        for url in [
            "",
            "mail.example",
            "smtp://",
            "smtps:",
            "http://u:hunter2@mail.example",
            "smtps://u:hunter2@mail.example:99999",
            "smtps://u:hunter2@mail%00.example",
            "smtps://u:hunter2@mail%ff.example",
            "smtps://u:hunter2@xn--a.example",
            "smtps://:hunter2@mail.example",
            "smtps://hunter2@mail.example",
            "smtps://u:hunter2%ff@mail.example",
            "smtps://u:hunter2@mail.example/a%0d%0ab",
            "smtps://u:hunter2@mail.example/a b",
            "smtp://u:hunter2@mail.example",
        ] {
            let text = shown(url);
            assert!(text.starts_with("smtp url: ") && !text.contains("hunter2"), "{url}: {text}");
        }
    }
}

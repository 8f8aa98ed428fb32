//! A mail server on loopback that keeps what it is given, and fails as it is told to.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use mail_parser::decoders::base64::base64_decode;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// The only user it knows.
pub(crate) const USER: &str = "shop@acme.example";
pub(crate) const PASSWORD: &str = "hunter2:/@%canary";

/// How it is spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Clear,
    StartTls,
    Tls,
}

/// Where it can be told to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum At {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Message,
    Noop,
    Rset,
}

/// How it fails.
#[derive(Clone, Debug)]
pub(crate) enum Do {
    Reply(String),
    /// Never answers.
    Hang,
    /// Closes the connection instead of answering.
    Cut,
}

/// One message that it took, or would have taken had it not been told to fail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// Without the dots that were added on the way.
    pub(crate) raw: Vec<u8>,
    pub(crate) encrypted: bool,
    pub(crate) user: Option<String>,
    /// What must not be on the wire: bare line ends, long lines, bytes beyond ASCII.
    pub(crate) defects: Vec<String>,
}

pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    pub(crate) certificate: Vec<u8>,
    state: Arc<State>,
}

struct State {
    mode: Mode,
    signs_in: bool,
    acceptor: TlsAcceptor,
    plan: Mutex<HashMap<At, Do>>,
    mails: Mutex<Vec<Mail>>,
    /// Every command as it came, with how it came.
    heard: Mutex<Vec<(bool, String)>>,
    accepted: Mutex<usize>,
    open: watch::Sender<usize>,
    closing: watch::Sender<usize>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Sink {
    pub(crate) async fn start(mode: Mode, signs_in: bool) -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            mode,
            signs_in,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            plan: Mutex::default(),
            mails: Mutex::default(),
            heard: Mutex::default(),
            accepted: Mutex::default(),
            open: watch::Sender::new(0),
            closing: watch::Sender::new(0),
        });
        tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { address, certificate: cert.der().to_vec(), state }
    }

    /// For a notifier: with user and password if it wants them.
    pub(crate) fn url(&self) -> String {
        let signs_in =
            if self.state.signs_in { "shop%40acme.example:hunter2%3a%2f%40%25canary@" } else { "" };
        let port = self.address.port();
        match self.state.mode {
            Mode::Clear => format!("smtp://{signs_in}localhost:{port}"),
            Mode::StartTls => format!("smtp://{signs_in}localhost:{port}?tls=required"),
            Mode::Tls => format!("smtps://{signs_in}localhost:{port}"),
        }
    }

    /// Fails there from now on.
    pub(crate) fn fail(&self, at: At, how: Do) {
        lock(&self.state.plan).insert(at, how);
    }

    pub(crate) fn reply(&self, at: At, reply: &str) {
        self.fail(at, Do::Reply(reply.to_owned()));
    }

    /// Fails no more.
    pub(crate) fn mend(&self) {
        lock(&self.state.plan).clear();
    }

    /// Hands out what has come since the last time.
    pub(crate) fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut *lock(&self.state.mails))
    }

    /// Hands out what has come for one recipient. Whoever else is in the same envelope makes no difference.
    pub(crate) fn take_to(&self, recipient: &str) -> Vec<Mail> {
        let mut mails = lock(&self.state.mails);
        mails.extract_if(.., |mail| mail.to.iter().any(|to| to == recipient)).collect()
    }

    /// Every command since the last time, and whether it was encrypted.
    pub(crate) fn heard(&self) -> Vec<(bool, String)> {
        std::mem::take(&mut *lock(&self.state.heard))
    }

    /// How many connections there were.
    pub(crate) fn accepted(&self) -> usize {
        *lock(&self.state.accepted)
    }

    /// Closes the connections that wait for a command, and returns when they are closed.
    pub(crate) async fn close_idle(&self) {
        self.state.closing.send_modify(|times| *times += 1);
        self.all_closed().await;
    }

    pub(crate) async fn all_closed(&self) {
        self.state.open.subscribe().wait_for(|open| *open == 0).await.unwrap();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        *lock(&state.accepted) += 1;
        state.open.send_modify(|open| *open += 1);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let _ = session(stream, &state).await; // it ends when the client goes
            state.open.send_modify(|open| *open -= 1);
        });
    }
}

/// A connection with what is known of the client.
struct Session<'a> {
    stream: BufReader<Box<dyn Stream>>,
    state: &'a State,
    encrypted: bool,
    user: Option<String>,
    mail: Mail,
}

async fn session(stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let encrypted = state.mode == Mode::Tls;
    let stream: Box<dyn Stream> =
        if encrypted { Box::new(state.acceptor.accept(stream).await?) } else { Box::new(stream) };
    let mut closing = state.closing.subscribe();
    let mut session =
        Session { stream: BufReader::new(stream), state, encrypted, user: None, mail: Mail::default() };
    session.answer(At::Greeting, "220 sink ESMTP").await?;
    loop {
        let mut line = String::new();
        tokio::select! {
            read = session.stream.read_line(&mut line) => if read? == 0 { return Ok(()) },
            _ = closing.changed() => return Ok(()),
        }
        if lock(&state.heard).len() < 1000 {
            lock(&state.heard).push((session.encrypted, line.clone()));
        }
        let command = line.trim_end_matches("\r\n");
        let verb = command.split([' ', ':']).next().unwrap_or_default();
        match verb {
            "EHLO" => session.ehlo().await?,
            "STARTTLS" => session.start_tls().await?,
            "AUTH" => session.auth(command).await?,
            "NOOP" => session.answer(At::Noop, "250 2.0.0 here").await?,
            "RSET" => {
                session.mail = Mail::default();
                session.answer(At::Rset, "250 2.0.0 forgotten").await?;
            }
            "QUIT" => return session.say("221 2.0.0 bye").await,
            "MAIL" => session.mail(command).await?,
            "RCPT" => session.rcpt(command).await?,
            "DATA" => session.data().await?,
            _ => session.say("500 5.5.1 no such command").await?,
        }
    }
}

impl Session<'_> {
    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    /// Answers as planned, or else so.
    async fn answer(&mut self, at: At, reply: &str) -> io::Result<()> {
        let planned = lock(&self.state.plan).get(&at).cloned();
        match planned {
            None => self.say(reply).await,
            Some(Do::Reply(reply)) => self.say(&reply).await,
            Some(Do::Hang) => {
                let mut gone = Vec::new();
                self.stream.read_until(0, &mut gone).await?; // until the client closes
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Some(Do::Cut) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    fn planned(&self, at: At) -> bool {
        lock(&self.state.plan).contains_key(&at)
    }

    async fn ehlo(&mut self) -> io::Result<()> {
        let mut reply = "250-sink".to_owned();
        if self.state.mode == Mode::StartTls && !self.encrypted {
            reply.push_str("\r\n250-STARTTLS");
        }
        // As most servers do it: a password is not for the clear.
        if self.state.signs_in && (self.encrypted || self.state.mode == Mode::Clear) {
            reply.push_str("\r\n250-AUTH PLAIN");
        }
        reply.push_str("\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 1000000");
        self.answer(At::Ehlo, &reply).await
    }

    async fn start_tls(&mut self) -> io::Result<()> {
        let refused = self.planned(At::StartTls) && {
            let plan = lock(&self.state.plan);
            !matches!(plan.get(&At::StartTls), Some(Do::Reply(reply)) if reply.starts_with("220"))
        };
        self.answer(At::StartTls, "220 2.0.0 go").await?;
        if refused {
            return Ok(());
        }
        assert!(self.stream.buffer().is_empty(), "the client speaks before TLS has begun");
        let clear = std::mem::replace(self.stream.get_mut(), Box::new(tokio::io::empty()));
        let encrypted = self.state.acceptor.accept(clear).await?;
        self.stream = BufReader::new(Box::new(encrypted));
        self.encrypted = true;
        Ok(())
    }

    async fn auth(&mut self, command: &str) -> io::Result<()> {
        let response = command.strip_prefix("AUTH PLAIN ").unwrap_or_default();
        let expected = format!("\0{USER}\0{PASSWORD}");
        if base64_decode(response.as_bytes()).as_deref() == Some(expected.as_bytes()) {
            self.user = Some(USER.to_owned());
            self.answer(At::Auth, "235 2.7.0 welcome").await
        } else {
            self.answer(At::Auth, "535 5.7.8 wrong").await
        }
    }

    async fn mail(&mut self, command: &str) -> io::Result<()> {
        if self.state.signs_in && self.user.is_none() {
            return self.say("530 5.7.0 sign in first").await;
        }
        if !self.mail.from.is_empty() {
            return self.say("503 5.5.1 one at a time").await;
        }
        let Some(from) = command.strip_prefix("MAIL FROM:<").and_then(|rest| rest.strip_suffix('>')) else {
            return self.say("501 5.5.4 whom from?").await;
        };
        if !self.planned(At::Mail) {
            let (from, user) = (from.to_owned(), self.user.clone());
            self.mail = Mail { from, user, encrypted: self.encrypted, ..Mail::default() };
        }
        self.answer(At::Mail, "250 2.1.0 so be it").await
    }

    async fn rcpt(&mut self, command: &str) -> io::Result<()> {
        let to = command.strip_prefix("RCPT TO:<").and_then(|rest| rest.strip_suffix('>'));
        match to {
            _ if self.mail.from.is_empty() => self.say("503 5.5.1 MAIL first").await,
            None => self.say("501 5.5.4 whom to?").await,
            Some(to) => {
                if !self.planned(At::Rcpt) {
                    self.mail.to.push(to.to_owned());
                }
                self.answer(At::Rcpt, "250 2.1.5 known").await
            }
        }
    }

    async fn data(&mut self) -> io::Result<()> {
        if self.mail.to.is_empty() {
            return self.say("503 5.5.1 RCPT first").await;
        }
        let refused = self.planned(At::Data);
        self.answer(At::Data, "354 go on").await?;
        if refused {
            return Ok(());
        }
        let mut mail = std::mem::take(&mut self.mail);
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into()); // an unfinished message is none
            }
            if line == b".\r\n" {
                break;
            }
            let words = line.strip_suffix(b"\r\n").unwrap_or(&line);
            if words.len() == line.len() || words.contains(&b'\r') {
                mail.defects.push("a bare line end".to_owned());
            }
            if words.len() > 998 || !line.is_ascii() || line.contains(&0) {
                mail.defects.push(format!("a line of {} octets, or not of ASCII", words.len()));
            }
            mail.raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        lock(&self.state.mails).push(mail);
        self.answer(At::Message, "250 2.0.0 taken").await
    }
}

//! A gateway of HTTP/1.1 that answers as it is told and remembers what it was asked.

use std::future::{Future, ready};
use std::io::Result;
use std::net::TcpListener as Unbound;
use std::sync::{Arc, Mutex};

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the gateway does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Answers with this status and body.
    Answer(u16, String),
    /// Answers with success and what is made of the request.
    Made(fn(&Seen) -> String),
    /// Answers with these bytes, whatever they are, and hangs up.
    Raw(Vec<u8>),
    /// Reads nothing and says nothing.
    Deaf,
    /// Reads the request and says nothing.
    Mute,
    /// Reads the request and hangs up.
    Cut,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Answer(status, body.to_string())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, String::new())
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    /// The one value of a header; the name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} twice");
        value
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// In the order of the request, in lower case.
    pub(crate) fn header_names(&self) -> Vec<&str> {
        self.headers.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// A running gateway. It replies in the order given, and to all further requests like to the last one.
pub(crate) struct Gateway {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<Mutex<usize>>,
}

impl Gateway {
    pub(crate) async fn that(replies: impl Into<Vec<Reply>>) -> Self {
        Self::start("http", replies.into(), |stream| ready(Ok(stream))).await
    }

    /// The same behind TLS.
    pub(crate) async fn secured(replies: impl Into<Vec<Reply>>, tls: TlsAcceptor) -> Self {
        Self::start("https", replies.into(), move |stream| tls.accept(stream)).await
    }

    async fn start<T, F>(
        scheme: &str,
        replies: Vec<Reply>,
        open: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self
    where
        T: AsyncRead + AsyncWrite + Unpin + Send,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Self {
            url: format!("{scheme}://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let (seen, connections) = (gateway.seen.clone(), gateway.connections.clone());
        let replies = Arc::new(Mutex::new((replies, 0)));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                *connections.lock().unwrap() += 1;
                let (stream, replies, seen) = (open(stream), replies.clone(), seen.clone());
                tokio::spawn(async move { serve(stream.await?, replies, seen).await });
            }
        });
        gateway
    }

    /// An address at which nobody listens.
    pub(crate) fn closed() -> String {
        format!("http://{}", Unbound::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The one request there was.
    pub(crate) fn only(&self) -> Seen {
        let [only] = <[Seen; 1]>::try_from(self.seen()).unwrap();
        only
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

type Replies = Arc<Mutex<(Vec<Reply>, usize)>>;

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    replies: Replies,
    seen: Arc<Mutex<Vec<Seen>>>,
) -> Result<()> {
    let next = || {
        let mut replies = replies.lock().unwrap();
        let (all, at) = &mut *replies;
        *at += 1;
        all[(*at - 1).min(all.len() - 1)].clone()
    };
    let mut stream = BufReader::new(stream);
    loop {
        stream.fill_buf().await?;
        let reply = next();
        if matches!(reply, Reply::Deaf) {
            return std::future::pending().await;
        }
        let Some(request) = read(&mut stream).await? else { return Ok(()) };
        let reply = match reply {
            Reply::Made(make) => Reply::Answer(201, make(&request)),
            reply => reply,
        };
        seen.lock().unwrap().push(request);
        match reply {
            Reply::Answer(status, body) => {
                let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
                let place = if (300..400).contains(&status) { "location: /elsewhere\r\n" } else { "" };
                stream.write_all(format!("{head}{place}\r\n{body}").as_bytes()).await?;
            }
            Reply::Raw(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Reply::Made(_) | Reply::Deaf | Reply::Mute => return std::future::pending().await,
            Reply::Cut => return Ok(()),
        }
    }
}

/// A request with a `Content-Length`; `None` at the end of the connection.
async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<Seen>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(String::from(line)),
        }
    }
    let headers = lines[1..].iter().filter_map(|line| line.split_once(": "));
    let headers: Vec<_> = headers.map(|(key, value)| (key.to_lowercase(), String::from(value))).collect();
    let length = headers.iter().find(|(key, _)| key == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    stream.read_exact(&mut body).await?;
    Ok(Some(Seen { line: lines.swap_remove(0), headers, body: String::from_utf8(body).unwrap() }))
}

//! How many flows, a code requested and exchanged, two processor cores carry over HTTP on loopback: the service, whoever asks it
//! and the carrier, all in this process. Beside it an axum service that only echoes, asked just as often for answers as long.
//!
//! Each flow is a new person from a new client, with all limits on. The store is in memory.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use otp_exchange::{Accepted, Exchanger, Keyring, MemoryStore, Message, Notifier, NotifyError};
use otp_exchange_axum::{Api, ClientAddress, Deliveries};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// Flows in one measurement, and the connections they share.
const FLOWS: usize = 9_600;
const CONNECTIONS: usize = 32;
const CORES: usize = 2;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A carrier that throws the code to the connection that waits for it, whose number begins the address.
#[derive(Clone)]
struct Carrier(Arc<[mpsc::UnboundedSender<[u8; 6]>]>);

impl Notifier for Carrier {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        let lost = || NotifyError::permanent("nobody waits for this code");
        let number =
            message.recipient().address().split('.').next().and_then(|number| number.parse::<usize>().ok());
        let waiting = number.and_then(|number| self.0.get(number)).ok_or_else(lost)?;
        let code = message.expose_code().as_bytes().try_into().map_err(|_| lost())?;
        waiting.send(code).map_err(|_| lost())?;
        Ok(Accepted::new())
    }
}

/// A service that runs, until it is dropped.
struct Service {
    address: SocketAddr,
    task: JoinHandle<()>,
    /// For each connection, if there are codes.
    codes: Vec<Option<mpsc::UnboundedReceiver<[u8; 6]>>>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(app: Router, codes: Vec<Option<mpsc::UnboundedReceiver<[u8; 6]>>>) -> Result<Service, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let task = tokio::spawn(async move {
        let _ended = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await;
    });
    Ok(Service { address, task, codes })
}

async fn passcodes() -> Result<Service, Error> {
    let (senders, codes): (Vec<_>, Vec<_>) = (0..CONNECTIONS).map(|_| mpsc::unbounded_channel()).unzip();
    let carrier = Carrier(senders.into());
    let otp = Exchanger::builder(MemoryStore::new(100_000), carrier, Keyring::generate()?).build()?;
    let otp = Arc::new(otp.erase());
    let api = Api::new(otp.clone(), Deliveries::new(otp)).client_address(ClientAddress::forwarded_for(1));
    run(Router::new().nest("/otp", api.router()), codes.into_iter().map(Some).collect()).await
}

/// Reads the body, and answers with as much as the other does.
async fn echo() -> Result<Service, Error> {
    let sent = json!({
        "otp_id": "A".repeat(87), "attempts": 5, "length": 6, "expires_in": 300, "expires_at": "2025-01-01T00:05:00.123Z",
        "resend_in": 30, "resend_at": "2025-01-01T00:00:30.123Z",
    });
    let tokens = json!({
        "access_token": "A".repeat(76), "token_type": "Bearer", "expires_in": 600, "refresh_token": "A".repeat(76),
        "subject": "31.4294967295@example.org",
    });
    let echo = |status: StatusCode, answer: String| {
        let answer = Bytes::from(answer);
        post(move |body: Bytes| async move {
            black_box(&body);
            (status, [(CONTENT_TYPE, "application/json")], answer)
        })
    };
    let app = Router::new()
        .route("/otp/codes", echo(StatusCode::ACCEPTED, sent.to_string()))
        .route("/otp/exchange", echo(StatusCode::OK, tokens.to_string()));
    run(app, (0..CONNECTIONS).map(|_| None).collect()).await
}

/// A client that knows as much of HTTP/1.1 as it takes, so that it is the service that is measured.
struct Client {
    stream: TcpStream,
    number: usize,
    codes: Option<mpsc::UnboundedReceiver<[u8; 6]>>,
    request: Vec<u8>,
    answer: Vec<u8>,
}

static PERSON: AtomicU32 = AtomicU32::new(0);

impl Client {
    async fn flow(&mut self) -> Result<(), Error> {
        let person = PERSON.fetch_add(1, Ordering::Relaxed);
        let from = Ipv4Addr::from(person.wrapping_add(0x0A00_0000));
        let body = format!("{{\"to\":\"{}.{person}@example.org\"}}", self.number);
        let answer = self.post("/otp/codes", from, &body).await?;
        let at = answer.windows(10).position(|found| found == b"\"otp_id\":\"").ok_or("no otp id")? + 10;
        let otp_id = String::from_utf8(answer[at..at + 87].to_vec())?;
        let code = match &mut self.codes {
            Some(codes) => codes.recv().await.ok_or("no code")?,
            None => *b"000000",
        };
        let body = format!("{{\"otp_id\":\"{otp_id}\",\"code\":\"{}\"}}", std::str::from_utf8(&code)?);
        let answer = self.post("/otp/exchange", from, &body).await?;
        if answer.windows(14).any(|found| found == b"\"access_token\"") {
            Ok(())
        } else {
            Err("no tokens".into())
        }
    }

    /// The body of the answer.
    async fn post(&mut self, path: &str, from: Ipv4Addr, body: &str) -> Result<&[u8], Error> {
        use std::io::Write as _;
        self.request.clear();
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {from}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("cut off".into());
            }
            let Some(end) = self.answer.windows(4).position(|found| found == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.answer[..end])?;
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next());
            let length: usize = length.ok_or("no length")?.parse()?;
            if self.answer.len() >= end + 4 + length {
                return Ok(&self.answer[end + 4..]);
            }
        }
    }
}

/// All flows, over all connections; gives the service back, so that its end is not measured.
async fn flows(mut service: Service) -> Result<Service, Error> {
    let mut clients = JoinSet::new();
    for number in 0..CONNECTIONS {
        let stream = TcpStream::connect(service.address).await?;
        stream.set_nodelay(true)?;
        let codes = service.codes[number].take();
        let mut client = Client {
            stream,
            number,
            codes,
            request: Vec::with_capacity(1024),
            answer: Vec::with_capacity(4096),
        };
        clients.spawn(async move {
            for _ in 0..FLOWS / CONNECTIONS {
                client.flow().await?;
            }
            Ok::<(), Error>(())
        });
    }
    for ended in clients.join_all().await {
        ended?;
    }
    Ok(service)
}

fn compare(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(CORES).enable_io().build();
    let runtime: Runtime = runtime.expect("threads can be started");
    let mut group = criterion.benchmark_group("flows over HTTP");
    group.sample_size(10).throughput(Throughput::Elements(FLOWS as u64));
    let served = |service: Result<Service, Error>| service.expect("a service on loopback");
    group.bench_function("request and exchange", |bencher| {
        let measured = |service| runtime.block_on(flows(service)).expect("every flow ends in tokens");
        bencher.iter_batched(|| served(runtime.block_on(passcodes())), measured, BatchSize::PerIteration);
    });
    group.bench_function("bare axum, as many requests", |bencher| {
        let measured = |service| runtime.block_on(flows(service)).expect("every flow is answered");
        bencher.iter_batched(|| served(runtime.block_on(echo())), measured, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, compare);
criterion_main!(benches);

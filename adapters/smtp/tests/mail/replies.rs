//! What a server may answer, and somebody who is on the way to it: nothing of that makes one message's answer
//! another's, takes much memory or outlasts the deadline.

use std::fmt::Write;
use std::time::Duration;

use crate::sending::{FROM, Kind, assert_clean, kind, notifier, send, send_to};
use crate::sink::{At, Mode, Sink};
use otp_exchange_smtp::{Error, SmtpNotifier, Step};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// The longest reply that is read, in bytes.
const LONGEST: usize = 8192;

#[tokio::test]
async fn replies_from_before_tls_bring_nobody_another_ones_code() {
    let sink = Sink::start(Mode::StartTls, false).await;
    // Were they read, the first message would end after RCPT, and the second get the first one's recipient.
    sink.reply(At::StartTls, "220 go\r\n250 hi\r\n250 ok\r\n250 ok\r\n451 4.3.0 later");
    let notifier = notifier(&sink);
    for address in ["eve@example.org", "victim@example.org"] {
        let error = send_to(&notifier, address).await.unwrap_err();
        assert_eq!(kind(&error), Kind::Transient, "{error}");
    }
    assert!(sink.take().is_empty());
}

#[tokio::test]
async fn replies_from_before_tls_void_no_code() {
    let sink = Sink::start(Mode::StartTls, true).await;
    let more = "250-hi\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n550 5.1.1 no such user";
    sink.reply(At::StartTls, &format!("220 go\r\n{more}"));
    let error = send(&notifier(&sink)).await.unwrap_err();
    assert_eq!(kind(&error), Kind::Transient, "{error}");
}

#[tokio::test]
async fn replies_from_before_tls_accept_nothing() {
    let sink = Sink::start(Mode::StartTls, true).await;
    let more = "250-hi\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go";
    sink.reply(At::StartTls, &format!("220 go\r\n{more}"));
    sink.reply(At::Rcpt, "550 5.1.1 no such user");
    let error = send(&notifier(&sink)).await.unwrap_err();
    assert_eq!(kind(&error), Kind::Transient, "{error}");
    assert!(sink.take().is_empty());
}

/// Whatever is slipped in behind the reply to STARTTLS: whole replies, half of one, records of TLS.
#[tokio::test]
async fn whatever_is_said_before_tls_nothing_is_said_after_it() {
    let pieces = [
        "250 ok\r\n",
        "250-sink\r\n",
        "250 AUTH PLAIN\r\n",
        "235 ok\r\n",
        "354 go\r\n",
        "550 5.1.1 no\r\n",
        "421 bye\r\n",
        "220 go\r\n",
        "250",
        "\r\n",
        "\n",
        "\r",
        " ",
        "\0",
        "x",
        "\x14\x03\x03\0\x01\x01",
        "\x15\x03\x03\0\x02\x01\0",
    ];
    let mut rng = StdRng::seed_from_u64(0);
    for signs_in in [false, true] {
        let sink = Sink::start(Mode::StartTls, signs_in).await;
        for _ in 0..250 {
            let more: String =
                (0..rng.random_range(0..8)).map(|_| *pieces.choose(&mut rng).unwrap()).collect();
            // The sink writes a line end behind it.
            sink.reply(At::StartTls, &format!("220 go\r\n{more}"));
            let error = send(&notifier(&sink)).await.unwrap_err();
            assert_eq!(kind(&error), Kind::Transient, "{more:?}: {error}");
            let cause = error.cause().downcast_ref();
            assert!(matches!(cause, Some(Error::Broken { step: Step::StartTls, .. })), "{more:?}: {error}");
            assert!(sink.take().is_empty());
        }
        for (encrypted, command) in sink.heard() {
            assert!(!encrypted && (command.starts_with("EHLO ") || command == "STARTTLS\r\n"), "{command}");
        }
    }
}

/// The same, but it comes later, when the client has begun with TLS.
#[tokio::test]
async fn replies_during_the_handshake_are_no_replies() {
    for more in ["250 ok\r\n", "250-hi\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n550 5.1.1 no\r\n", "2"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://localhost:{}?tls=required", listener.local_addr().unwrap().port());
        let server = async {
            let mut client =
                script(&listener, &[("EHLO ", "250 STARTTLS\r\n"), ("STARTTLS", "220 go\r\n")]).await;
            let hello = client.read_u8().await.unwrap();
            assert_eq!(hello, 22, "the handshake of TLS");
            client.write_all(more.as_bytes()).await.unwrap();
            client.shutdown().await.unwrap();
            let mut rest = Vec::new();
            let _ = client.read_to_end(&mut rest).await; // until the client goes
            assert!(!String::from_utf8_lossy(&rest).contains("EHLO"));
        };
        let notifier = SmtpNotifier::connect(&url, FROM).unwrap();
        let (sent, ()) = tokio::join!(send(&notifier), server);
        let error = sent.unwrap_err();
        assert_eq!(kind(&error), Kind::Transient, "{error}");
        assert!(error.to_string().contains("STARTTLS failed"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_says_more_than_it_was_asked_is_left() {
    for (at, expected) in [
        (At::Greeting, Some(Kind::Transient)),
        (At::Ehlo, Some(Kind::Transient)),
        (At::Mail, Some(Kind::Transient)),
        (At::Rcpt, Some(Kind::Transient)),
        // What was taken was taken.
        (At::Message, None),
    ] {
        let sink = Sink::start(Mode::Clear, false).await;
        let notifier = notifier(&sink);
        let right = if at == At::Greeting { "220 sink" } else { "250 ok" };
        sink.reply(at, &format!("{right}\r\n550 5.1.1 no such user"));
        let sent = send(&notifier).await;
        assert_eq!(sent.err().map(|error| kind(&error)), expected, "{at:?}");
        sink.mend();
        sink.take();
        let connections = sink.accepted();
        send_to(&notifier, "bob@example.org").await.unwrap();
        assert_eq!(sink.take()[0].to, ["bob@example.org"], "{at:?}");
        assert_eq!(sink.accepted(), connections + 1, "{at:?}");
    }
    // A refusal is one, too, but the next message must not read what stands behind it.
    let sink = Sink::start(Mode::Clear, false).await;
    let notifier = notifier(&sink);
    sink.reply(At::Rcpt, "550 5.1.1 no such user\r\n250 ok");
    assert_eq!(kind(&send(&notifier).await.unwrap_err()), Kind::Permanent);
    sink.mend();
    send_to(&notifier, "bob@example.org").await.unwrap();
    assert_eq!(sink.accepted(), 2);
}

#[tokio::test]
async fn a_reply_may_be_long_but_not_too_long() {
    let line = "250-sink\r\n";
    let last = "250 end\r\n";
    let longest = |extra: usize| {
        let rest = LONGEST + extra - last.len();
        let mut reply = line.repeat(rest / line.len() - 1);
        let filler = rest - reply.len() - "250-\r\n".len();
        write!(reply, "250-{}\r\n{}", "x".repeat(filler), last.trim_end()).unwrap();
        assert_eq!(reply.len() + "\r\n".len(), LONGEST + extra);
        reply
    };
    for mode in [Mode::Clear, Mode::StartTls, Mode::Tls] {
        let sink = Sink::start(mode, false).await;
        for at in [At::Mail, At::Rcpt, At::Message] {
            sink.reply(at, &longest(0));
            // The sink takes nothing where it was told what to say; that the reply was read is all that
            // counts here.
            let sent = send(&notifier(&sink)).await;
            assert!(at != At::Message || sent.is_ok(), "{at:?} {sent:?}");
            assert!(!format!("{sent:?}").contains("no end"), "{at:?} {sent:?}");
            sink.reply(at, &longest(1));
            let error = send(&notifier(&sink)).await.unwrap_err();
            assert!(error.to_string().contains("the server's answer has no end"), "{at:?} {error}");
            assert_eq!(kind(&error), if at == At::Message { Kind::Unknown } else { Kind::Transient });
            sink.mend();
        }
    }
}

/// A line without an end, a reply without an end: little of it is taken, and no time is spent on it.
#[tokio::test]
async fn what_has_no_end_is_not_read_to_the_end() {
    for piece in ["2", "220-\r\n", "220-a\n", "\r\n\r", "\0"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://localhost:{}", listener.local_addr().unwrap().port());
        let server = tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let pieces = piece.repeat(10_000);
            let mut taken = 0;
            while let Ok(written) = client.write(pieces.as_bytes()).await {
                taken += written;
            }
            taken
        });
        let notifier = SmtpNotifier::connect(&url, FROM).unwrap().timeout(Duration::from_secs(20));
        let begun = Instant::now();
        let error = send(&notifier).await.unwrap_err();
        assert_eq!(kind(&error), Kind::Transient, "{piece:?}: {error}");
        assert!(matches!(error.cause().downcast_ref(), Some(Error::Broken { .. })), "{piece:?}: {error}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{piece:?}: {:?}", begun.elapsed());
        // Buffers of the system included, which are some megabytes.
        let taken = server.await.unwrap();
        assert!(taken < 32 << 20, "{piece:?}: {taken} bytes");
    }
}

/// Byte by byte, so that each is looked at by itself.
#[tokio::test]
async fn the_deadline_holds_against_a_server_that_never_comes_to_the_point() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://localhost:{}", listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        client.set_nodelay(true).unwrap();
        for byte in b"220-a\r\n".iter().cycle().take(LONGEST - 100) {
            client.write_all(&[*byte]).await.unwrap();
        }
        client.read_u8().await.unwrap_err(); // until the client goes
    });
    let notifier = SmtpNotifier::connect(&url, FROM).unwrap().timeout(Duration::from_secs(2));
    let begun = Instant::now();
    let error = send(&notifier).await.unwrap_err();
    assert!(
        matches!(error.cause().downcast_ref(), Some(Error::TimedOut { step: Step::Connect, .. })),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    server.await.unwrap();
}

#[tokio::test]
async fn odd_words_do_no_harm() {
    let sink = Sink::start(Mode::Clear, false).await;
    for reply in ["250-sink\r\n250-  \r\n250-\t\r\n250 \u{a0}", "250 ", "250-\r\n250 \u{fffd}\u{2028}"] {
        sink.reply(At::Ehlo, reply);
        send(&notifier(&sink)).await.unwrap();
    }
    // In Latin-1, say.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://localhost:{}", listener.local_addr().unwrap().port());
    let server = async {
        let mut client =
            script(&listener, &[("EHLO ", "250 hi\r\n"), ("MAIL ", "250 ok\r\n"), ("RCPT ", "")]).await;
        client.write_all(b"550 5.1.1 <ada.canary@example.org> gibt es nicht, M\xfcller\r\n").await.unwrap();
    };
    let notifier = SmtpNotifier::connect(&url, FROM).unwrap();
    let (sent, ()) = tokio::join!(send(&notifier), server);
    let error = sent.unwrap_err();
    assert_eq!(kind(&error), Kind::Permanent, "{error}");
    assert_clean(&error);
}

#[tokio::test]
async fn signs_in_with_login_and_answers_what_it_asks() {
    let offer = ("EHLO ", "250-hi\r\n250 AUTH CRAM-MD5 LOGIN\r\n");
    let user = ("AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\r\n");
    let password = ("YWRh\r\n", "334 UGFzc3dvcmQ6\r\n");
    let right = [offer, user, password, ("aHVudGVyMg==\r\n", "235 ok\r\n"), ("NOOP\r\n", "250 ok\r\n")];
    let wrong = [offer, user, password, ("aHVudGVyMg==\r\n", "535 5.7.8 ada hunter2\r\n")];
    let again = [offer, user, password, ("aHVudGVyMg==\r\n", "334 UGFzc3dvcmQ6\r\n")];
    let astray = [offer, ("AUTH LOGIN\r\n", "334 aHVudGVyMg==\r\n")];
    let plain = [("EHLO ", "250 AUTH LOGIN PLAIN\r\n"), ("AUTH PLAIN AGFkYQBodW50ZXIy\r\n", "334 YWRh\r\n")];
    let none = [("EHLO ", "250 AUTH XOAUTH2\r\n")];
    for (lines, expected) in [
        (&right[..], None),
        (&wrong, Some("AUTH was refused with 535 5.7.8")),
        (&again, Some("AUTH was answered with 334")),
        (&astray, Some("asks for something else")),
        (&plain, Some("asks for something else")),
        (&none, Some("neither PLAIN nor LOGIN")),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://ada:hunter2@localhost:{}", listener.local_addr().unwrap().port());
        let notifier = SmtpNotifier::connect(&url, FROM).unwrap();
        let (checked, _) = tokio::join!(notifier.check(), script(&listener, lines));
        let said = checked.err().map(|error| format!("{error} {error:?}"));
        match (&said, expected) {
            (Some(said), Some(expected)) => assert!(said.contains(expected), "{said}"),
            (said, expected) => assert_eq!((said.as_deref(), expected), (None, None)),
        }
        assert!(!said.is_some_and(|said| said.contains("hunter2") || said.contains("ada")));
    }
}

/// Greets the next client, answers each line that begins as it should, and returns the connection.
async fn script(listener: &TcpListener, lines: &[(&str, &str)]) -> TcpStream {
    let (client, _) = listener.accept().await.unwrap();
    let mut client = BufReader::new(client);
    client.write_all(b"220 hi\r\n").await.unwrap();
    for (expected, reply) in lines {
        let mut line = String::new();
        client.read_line(&mut line).await.unwrap();
        assert!(line.starts_with(expected), "{line:?} instead of {expected:?}");
        client.write_all(reply.as_bytes()).await.unwrap();
    }
    assert!(client.buffer().is_empty());
    client.into_inner()
}

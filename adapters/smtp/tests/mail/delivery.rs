//! Messages carried to a server on loopback: connections, refusals.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::sending::{FROM, Kind, assert_clean, kind, notifier, send, send_to};
use crate::sink::{At, Do, Mode, Sink};
use otp_exchange::{Delivery, Exchanger, Keyring, MemoryStore, Notifier, NotifyError, Recipient, Request};
use otp_exchange_smtp::{Error, SmtpNotifier, Step, delivery_id};

#[tokio::test]
async fn every_refusal_at_every_step_has_its_meaning() {
    use Kind::{Permanent, Transient};
    let refusals = [
        (At::Greeting, "554 5.1.1 {} no service", Transient),
        (At::Greeting, "421 4.3.2 {} later", Transient),
        (At::Ehlo, "550 5.7.1 {} who are you", Transient),
        (At::Ehlo, "502 5.5.1 {}", Transient),
        (At::Auth, "535 5.7.8 {} wrong", Transient),
        (At::Auth, "534 5.7.9 {}", Transient),
        (At::Auth, "538 5.7.11 {}", Transient),
        (At::Auth, "454 4.7.0 {}", Transient),
        (At::Auth, "550 5.1.1 {}", Transient),
        (At::Mail, "530 5.7.0 {} sign in", Transient),
        (At::Mail, "550 5.7.1 {} you may not send as that", Transient),
        (At::Mail, "550 5.1.1 {}", Transient),
        (At::Mail, "553 5.1.8 {}", Transient),
        (At::Mail, "452 4.3.1 {}", Transient),
        (At::Rcpt, "550 5.1.1 <{}> unknown", Permanent),
        (At::Rcpt, "550-5.1.1 <{}> is\r\n550 5.1.1 unknown", Permanent),
        (At::Rcpt, "550 <{}> unknown", Permanent),
        (At::Rcpt, "551 5.1.6 <{}> moved", Permanent),
        (At::Rcpt, "552 5.2.2 <{}> full", Permanent),
        (At::Rcpt, "553 5.1.3 <{}> is no address", Permanent),
        (At::Rcpt, "556 5.1.10 <{}> takes no mail", Permanent),
        (At::Rcpt, "550 5.4.1 <{}> denied", Permanent),
        (At::Rcpt, "550 5.7.1 <{}> your network is blocked", Transient),
        (At::Rcpt, "554 5.7.1 <{}> relay access denied", Transient),
        (At::Rcpt, "530 5.7.0 {} sign in", Transient),
        (At::Rcpt, "554 {}", Transient),
        (At::Rcpt, "503 5.5.1 {}", Transient),
        (At::Rcpt, "450 4.2.0 <{}> greylisted", Transient),
        (At::Rcpt, "452 4.2.2 <{}> full", Transient),
        (At::Rcpt, "421 4.7.0 {} closing", Transient),
        (At::Data, "554 5.5.1 {} no valid recipients", Transient),
        (At::Data, "550 5.1.1 <{}> unknown", Permanent),
        (At::Data, "451 4.3.0 {}", Transient),
        (At::Message, "550 5.1.1 <{}> unknown after all", Permanent),
        (At::Message, "552 5.2.2 <{}> full", Permanent),
        (At::Message, "552 5.3.4 {} too big", Transient),
        (At::Message, "554 5.7.1 {} spam", Transient),
        (At::Message, "550 {} against our policy", Transient),
        (At::Message, "554 5.6.0 {}", Transient),
        (At::Message, "451 4.3.0 {}", Transient),
        (At::Message, "421 4.3.0 {}", Transient),
    ];
    let sink = Sink::start(Mode::Clear, true).await;
    let canaries = "ada.canary@example.org shop@acme.example hunter2:/@%canary 123456";
    for (at, reply, expected) in refusals {
        let notifier = notifier(&sink);
        sink.mend();
        send(&notifier).await.unwrap();
        sink.take();
        sink.reply(at, &reply.replace("{}", canaries));
        // Once over a new connection and, from MAIL on, once over one that was used before.
        let fresh = self::notifier(&sink);
        let again = matches!(at, At::Mail | At::Rcpt | At::Data | At::Message).then_some(&notifier);
        for notifier in [Some(&fresh), again].into_iter().flatten() {
            let error = send(notifier).await.unwrap_err();
            assert_eq!(kind(&error), expected, "{at:?} {reply}: {error}");
            assert!(error.to_string().contains(&reply[..3]), "{at:?} {reply}: {error}");
            assert_clean(&error);
        }
        if at != At::Message {
            assert!(sink.take().is_empty());
        }
        // Nothing of it is left over for the next message.
        sink.mend();
        sink.take();
        send_to(&notifier, "bob@example.org").await.unwrap();
        let mails = sink.take();
        assert_eq!(mails.len(), 1, "{at:?} {reply}");
        assert_eq!(mails[0].to, ["bob@example.org"], "{at:?} {reply}");
    }
}

#[tokio::test]
async fn a_cut_or_silence_is_unknown_only_once_the_message_is_out() {
    let sink = Sink::start(Mode::Clear, true).await;
    for at in [At::Greeting, At::Ehlo, At::Auth, At::Mail, At::Rcpt, At::Data, At::Message] {
        // The last leaves an answer over, which the next message must not take for one of its own.
        let replies = ["no SMTP at all canary", "299 canary", "299 canary\r\n250 2.0.0 canary"];
        let replies = replies.map(|reply| Do::Reply(reply.to_owned()));
        for how in [Do::Cut, Do::Hang].into_iter().chain(replies) {
            sink.mend();
            let notifier = notifier(&sink).timeout(Duration::from_secs(1));
            sink.fail(at, how.clone());
            let error = send(&notifier).await.unwrap_err();
            let expected = if at == At::Message { Kind::Unknown } else { Kind::Transient };
            assert_eq!(kind(&error), expected, "{at:?} {how:?}: {error}");
            assert_clean(&error);
            assert_eq!(sink.take().len(), usize::from(at == At::Message), "{at:?} {how:?}");
            // What it may have taken is not sent again, and the connection is not used again.
            sink.mend();
            send_to(&notifier, "bob@example.org").await.unwrap();
            let mails = sink.take();
            assert_eq!(mails.len(), 1, "{at:?} {how:?}");
            assert_eq!(mails[0].to, ["bob@example.org"]);
        }
    }
}

#[tokio::test]
async fn nobody_there_is_transient() {
    let sink = Sink::start(Mode::Clear, false).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for url in
        [format!("smtp://localhost:{}", free.port()), "smtp://no-such-host.invalid?tls=none".to_owned()]
    {
        let notifier = SmtpNotifier::connect(&url, FROM).unwrap().timeout(Duration::from_secs(5));
        let error = send(&notifier).await.unwrap_err();
        assert_eq!(kind(&error), Kind::Transient, "{error}");
        let cause = error.cause().downcast_ref::<Error>();
        assert!(
            matches!(cause, Some(Error::Broken { step: Step::Connect, .. } | Error::TimedOut { .. })),
            "{error}"
        );
    }
    assert_eq!(sink.accepted(), 0);
}

#[tokio::test]
async fn phone_numbers_are_refused_for_good() {
    let sink = Sink::start(Mode::Clear, false).await;
    let error = send_to(&notifier(&sink), "+32412345678").await.unwrap_err();
    assert_eq!((kind(&error), sink.accepted()), (Kind::Permanent, 0));
    assert_eq!(error.cause().downcast_ref(), Some(&Error::NotEmail));
}

#[tokio::test]
async fn many_messages_share_few_connections() {
    let sink = Sink::start(Mode::Tls, true).await;
    let notifier = Arc::new(notifier(&sink).connections(3));
    let mut tasks = Vec::new();
    for _ in 0..60 {
        let notifier = Arc::clone(&notifier);
        tasks.push(tokio::spawn(async move { send(&*notifier).await }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(sink.take().len(), 60);
    assert!(sink.accepted() <= 3, "{}", sink.accepted());
}

#[tokio::test]
async fn refused_recipients_cost_no_connection() {
    let sink = Sink::start(Mode::Clear, true).await;
    let notifier = notifier(&sink);
    for (at, reply) in
        [(At::Rcpt, "550 5.1.1 unknown"), (At::Data, "451 4.3.0"), (At::Message, "554 5.7.1 spam")]
    {
        sink.reply(at, reply);
        for _ in 0..5 {
            send(&notifier).await.unwrap_err();
        }
        sink.mend();
        sink.take();
        send_to(&notifier, "bob@example.org").await.unwrap();
        assert_eq!(sink.take()[0].to, ["bob@example.org"]);
    }
    assert_eq!(sink.accepted(), 1);
}

/// The server refuses a recipient and then falls silent: the refusal is known, and is told.
#[tokio::test]
async fn a_refusal_is_not_kept_back_by_what_comes_after_it() {
    let sink = Sink::start(Mode::Clear, false).await;
    let notifier = notifier(&sink).timeout(Duration::from_secs(2));
    sink.reply(At::Rcpt, "550 5.1.1 no such user");
    sink.fail(At::Rset, Do::Hang);
    let error = send(&notifier).await.unwrap_err();
    assert_eq!(kind(&error), Kind::Permanent, "{error}");
    assert!(!sink.heard().iter().any(|(_, command)| command == "RSET\r\n"), "it can wait");
    // The next message does not wait for long, and goes over another connection.
    sink.mend();
    sink.fail(At::Rset, Do::Hang);
    send_to(&notifier, "bob@example.org").await.unwrap();
    assert_eq!(sink.take()[0].to, ["bob@example.org"]);
    assert_eq!(sink.accepted(), 2);
    assert!(sink.heard().iter().any(|(_, command)| command == "RSET\r\n"), "it was tried");
}

#[tokio::test]
async fn a_connection_that_went_stale_is_replaced_and_nothing_sent_twice() {
    let sink = Sink::start(Mode::Clear, true).await;
    let notifier = notifier(&sink).timeout(Duration::from_secs(4));
    for round in 1..=5 {
        send(&notifier).await.unwrap();
        send(&notifier).await.unwrap();
        assert_eq!(sink.take().len(), 2);
        assert_eq!(sink.accepted(), round);
        sink.close_idle().await;
    }
    // The server is weary of this connection, or says nothing on it any more: the same.
    for how in [Do::Reply("421 4.7.0 enough".to_owned()), Do::Reply("452 4.5.3 enough".to_owned()), Do::Hang]
    {
        let before = sink.accepted();
        send(&notifier).await.unwrap();
        sink.fail(At::Mail, how);
        let error = send(&notifier).await.unwrap_err();
        assert_eq!(kind(&error), Kind::Transient);
        assert_eq!(sink.accepted(), before + 2, "a new connection was tried");
        sink.mend();
        assert_eq!(sink.take().len(), 1);
    }
}

#[tokio::test]
async fn a_connection_is_not_kept_for_ever() {
    let sink = Sink::start(Mode::Clear, false).await;
    let notifier = notifier(&sink);
    for (seconds, connections) in [(0, 1), (59, 1), (61, 2)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
        send(&notifier).await.unwrap();
        assert_eq!(sink.accepted(), connections, "after {seconds} s");
    }
}

/// A caller that goes away in the middle, a browser that is closed say, must not leave a connection behind
/// on which the next message reads the answers to this one.
#[tokio::test]
async fn a_caller_that_goes_away_leaves_nothing_behind() {
    let sink = Sink::start(Mode::Clear, false).await;
    let notifier = notifier(&sink);
    for at in [At::Mail, At::Rcpt, At::Data, At::Message] {
        sink.fail(at, Do::Hang);
        let gone = tokio::time::timeout(Duration::from_millis(200), send(&notifier)).await;
        assert!(gone.is_err(), "{at:?}");
        sink.mend();
        sink.all_closed().await;
        sink.take();
        send_to(&notifier, "bob@example.org").await.unwrap();
        let mails = sink.take();
        assert_eq!(mails.len(), 1, "{at:?}");
        assert_eq!(mails[0].to, ["bob@example.org"]);
        sink.close_idle().await;
    }
}

#[tokio::test]
async fn waiting_for_a_connection_counts_as_time() {
    const TIMEOUT: Duration = Duration::from_secs(60);
    let sink = Sink::start(Mode::Clear, false).await;
    let notifier = notifier(&sink).connections(1).timeout(TIMEOUT);
    sink.fail(At::Data, Do::Hang);
    let mut first = pin!(send(&notifier));
    let hangs = async {
        while !sink.heard().iter().any(|(_, command)| command == "DATA\r\n") {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = &mut first => panic!("{answer:?}"),
        () = hangs => {}
    }

    // From here on time goes by as soon as nothing else can happen. The first is not looked at, and so keeps the
    // connection.
    tokio::time::pause();
    let second = tokio::time::timeout(2 * TIMEOUT, send(&notifier)).await.expect("its time is over");
    let step = |error: NotifyError| match error.cause().downcast_ref() {
        Some(Error::TimedOut { step, .. }) => *step,
        _ => panic!("{error}"),
    };
    assert_eq!(step(second.unwrap_err()), Step::Wait);
    assert_eq!(step(first.await.unwrap_err()), Step::Data);
}

#[tokio::test]
async fn a_check_at_the_start_says_what_is_wrong() {
    let sink = Sink::start(Mode::Clear, true).await;
    assert_eq!(notifier(&sink).check().await, Ok(()));
    let step = |error: Error| match error {
        Error::Refused { step, .. } | Error::Broken { step, .. } | Error::TimedOut { step, .. } => step,
        other => panic!("{other}"),
    };
    let wrong = sink.url().replace("hunter2", "hunter3");
    let error = SmtpNotifier::connect(&wrong, FROM).unwrap().check().await.unwrap_err();
    assert!(error.to_string().contains("AUTH was refused with 535 5.7.8"), "{error}");
    sink.reply(At::Noop, "421 4.3.2 shutting down");
    assert_eq!(step(notifier(&sink).check().await.unwrap_err()), Step::Noop);
    sink.fail(At::Greeting, Do::Hang);
    let hanging = notifier(&sink).timeout(Duration::from_millis(200));
    assert_eq!(step(hanging.check().await.unwrap_err()), Step::Connect);
    assert!(sink.take().is_empty());
}

#[tokio::test]
async fn its_debug_form_shows_where_it_sends_and_no_secret() {
    let sink = Sink::start(Mode::Clear, true).await;
    let shown = format!("{:?}", notifier(&sink));
    assert!(shown.contains("localhost") && shown.contains("signs_in: true"), "{shown}");
    assert!(!shown.contains("canary") && !shown.contains("hunter2") && !shown.contains("shop"), "{shown}");
}

#[tokio::test]
async fn a_bounce_finds_its_code() {
    let sink = Sink::start(Mode::Clear, false).await;
    let store = MemoryStore::new(10);
    let otp = Exchanger::builder(store, notifier(&sink), Keyring::generate().unwrap()).build().unwrap();
    let sent = otp.send(Request::login(&Recipient::parse("ada@example.org").unwrap())).await.unwrap();
    let raw = String::from_utf8(sink.take().remove(0).raw).unwrap();
    let message_id = raw.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap();
    assert_eq!(sent.expose().message_id.map(|id| format!("<{id}>")).as_deref(), Some(message_id));
    otp.report(&delivery_id(message_id).unwrap(), Delivery::Failed).await.unwrap();
    assert_eq!(otp.status(&sent.otp_id).await.unwrap().expose_delivery(), Some(Delivery::Failed));
}

#[tokio::test]
async fn bounces_find_the_code_and_every_message_has_a_name_of_its_own() {
    let sink = Sink::start(Mode::Clear, false).await;
    let notifier = notifier(&sink).bounces_to("bounces@acme.example").unwrap();
    let notifier = notifier.reply_to("Help <help@acme.example>").unwrap();
    let seen = Remembered { notifier, accepted: std::sync::Mutex::default() };
    send(&seen).await.unwrap();
    let mail = sink.take().remove(0);
    assert_eq!(mail.from, "bounces@acme.example");
    let raw = String::from_utf8(mail.raw).unwrap();
    assert!(raw.contains("\r\nReply-To: Help <help@acme.example>\r\n"), "{raw}");
    let header = raw.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap();
    let (delivery, message_id) = seen.accepted.lock().unwrap().remove(0);
    assert_eq!(header, format!("<{message_id}>"));
    for text in [header, &message_id, &format!(" {header} ")] {
        assert_eq!(delivery_id(text), Ok(delivery));
    }
    for text in ["", "<>", "<1234@acme.example>", &header[..80]] {
        assert!(delivery_id(text).is_err());
    }
}

struct Remembered {
    notifier: SmtpNotifier,
    accepted: std::sync::Mutex<Vec<(otp_exchange::DeliveryId, String)>>,
}

impl Notifier for Remembered {
    async fn notify(&self, message: &otp_exchange::Message) -> Result<otp_exchange::Accepted, NotifyError> {
        let mut names = std::collections::HashSet::new();
        for _ in 0..3 {
            let accepted = self.notifier.notify(message).await?;
            let name = accepted.message_id().unwrap().to_owned();
            assert!(names.insert(name.clone()), "the same name twice");
            if names.len() == 1 {
                self.accepted.lock().unwrap().push((message.delivery_id(), name));
            }
        }
        Ok(otp_exchange::Accepted::new())
    }
}

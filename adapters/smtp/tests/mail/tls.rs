//! What is said under TLS, and to whom.

use crate::sending::{FROM, Kind, assert_clean, kind, notifier, send};
use crate::sink::{At, Mode, Sink};
use otp_exchange_smtp::SmtpNotifier;
use otp_exchange_smtp::lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};

#[tokio::test]
async fn tls_is_really_used() {
    for mode in [Mode::StartTls, Mode::Tls] {
        let sink = Sink::start(mode, true).await;
        let notifier = notifier(&sink);
        notifier.check().await.unwrap();
        send(&notifier).await.unwrap();
        let mails = sink.take();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].encrypted);
        assert_eq!(mails[0].user.as_deref(), Some(crate::sink::USER));
        for (encrypted, command) in sink.heard() {
            assert!(encrypted || command.starts_with("EHLO ") || command == "STARTTLS\r\n", "{command}");
        }
    }
}

#[tokio::test]
async fn a_certificate_of_nobody_or_of_another_host_is_refused() {
    for mode in [Mode::StartTls, Mode::Tls] {
        let sink = Sink::start(mode, true).await;
        let stranger = SmtpNotifier::connect(&sink.url(), FROM).unwrap();
        let other_host = SmtpNotifier::connect(&sink.url(), FROM).unwrap();
        let certificate = Certificate::from_der(sink.certificate.clone()).unwrap();
        let parameters = TlsParameters::builder("mail.example".to_owned())
            .add_root_certificate(certificate)
            .build()
            .unwrap();
        let other_host = other_host.tls(match mode {
            Mode::Tls => Tls::Wrapper(parameters),
            _ => Tls::Required(parameters),
        });
        for notifier in [stranger, other_host] {
            let error = send(&notifier).await.unwrap_err();
            assert_eq!(kind(&error), Kind::Transient);
            assert!(error.to_string().contains("certificate"), "{error}");
            assert_clean(&error);
        }
        assert!(sink.take().is_empty());
        assert!(sink.heard().iter().all(|(encrypted, command)| {
            !encrypted && (command.starts_with("EHLO ") || command == "STARTTLS\r\n")
        }));
    }
}

#[tokio::test]
async fn without_starttls_nothing_is_said_in_the_clear() {
    let sink = Sink::start(Mode::Clear, true).await;
    let required = sink.url() + "?tls=required";
    let notifier = SmtpNotifier::connect(&required, FROM).unwrap();
    let error = send(&notifier).await.unwrap_err();
    assert_eq!(kind(&error), Kind::Transient);
    assert!(error.to_string().contains("STARTTLS failed: the server does not offer it"), "{error}");
    assert!(sink.heard().iter().all(|(_, command)| command.starts_with("EHLO ")));

    let sink = Sink::start(Mode::StartTls, true).await;
    sink.reply(At::StartTls, "454 4.7.0 not now");
    let error = send(&self::notifier(&sink)).await.unwrap_err();
    assert_eq!(kind(&error), Kind::Transient);
    assert!(sink.heard().iter().all(|(_, line)| line.starts_with("EHLO ")
        || line.starts_with("STARTTLS")
        || line.starts_with("QUIT")));
}

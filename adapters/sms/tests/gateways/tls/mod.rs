//! TLS: who is trusted, and that it needs nothing installed.
//!
//! `certificate.pem` is for 127.0.0.1, signed by itself, good for a hundred years and for these tests alone.

use std::sync::Arc;

use otp_exchange_sms::rustls::crypto::{CryptoProvider, ring};
use otp_exchange_sms::rustls::pki_types::pem::PemObject;
use otp_exchange_sms::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use otp_exchange_sms::rustls::{ClientConfig, RootCertStore, ServerConfig};
use otp_exchange_sms::{GatewayError, Http};
use tokio_rustls::TlsAcceptor;

use crate::scene::{Kind, failure, send};
use crate::server::{Gateway, Reply};
use crate::{faults, twilio};

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(include_bytes!("certificate.pem")).unwrap()
}

fn acceptor() -> TlsAcceptor {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("key.pem")).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key);
    TlsAcceptor::from(Arc::new(server.unwrap()))
}

fn trusting() -> Http {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Http::new().tls(client)
}

#[tokio::test]
async fn a_gateway_that_nobody_vouches_for_gets_nothing() {
    let gateway = Gateway::secured([Reply::json(201, &twilio::created())], acceptor()).await;
    for (name, notifier, _) in faults::each(&gateway.url, Http::new).unwrap() {
        let kept = send(notifier).await;
        let (kind, error) = failure(&kept.outcome);
        assert!(kind == Kind::Transient && matches!(error, GatewayError::Unreachable(_)), "{name}: {error}");
    }
    assert_eq!((gateway.connections(), gateway.seen().len()), (3, 0));
}

#[tokio::test]
async fn an_authority_of_one_s_own_is_trusted_if_told_so() {
    let gateway = Gateway::secured([Reply::json(201, &twilio::created())], acceptor()).await;
    // Whatever else the client is given: another builder has no TLS settings, and would look for a provider.
    let http = trusting().client(|_| otp_exchange_sms::reqwest::Client::builder());
    send(twilio::at(&gateway.url).http(http).build().unwrap()).await.outcome.unwrap();
    let elsewhere = gateway.url.replace("127.0.0.1", "localhost"); // for which the certificate is not
    let kept = send(twilio::at(&elsewhere).http(trusting()).build().unwrap()).await;
    assert_eq!(failure(&kept.outcome).0, Kind::Transient);
    assert_eq!(gateway.seen().len(), 1);
}

/// The gateways bring a provider of their own along, and leave the process without one.
#[tokio::test]
async fn no_provider_has_to_be_installed() {
    assert!(faults::each("https://x.example", Http::new).is_ok());
    assert!(CryptoProvider::get_default().is_none());
}

//! The API on a port of this machine, its messages written to the terminal: to try it with curl.
//!
//! ```sh
//! cargo run -p otp-exchange-axum --example api              # or with an address: -- 127.0.0.1:3000
//! curl -si http://127.0.0.1:3000/otp/codes -H 'content-type: application/json' -d '{"to": "ada@example.org"}'
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use otp_exchange::{Accepted, Exchanger, Keyring, MemoryStore, Message, Notifier, NotifyError, Purpose};
use otp_exchange_axum::{Api, Deliveries};

/// Never in production: whoever reads the terminal signs in as anybody.
struct Terminal;

impl Notifier for Terminal {
    async fn notify(&self, message: &Message) -> Result<Accepted, NotifyError> {
        println!("to {}: {}", message.recipient().address(), message.expose_text());
        Ok(Accepted::new())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let otp = Exchanger::builder(MemoryStore::new(100_000), Terminal, Keyring::generate()?);
    let otp = Arc::new(otp.build()?.erase());
    let deliveries = Deliveries::new(otp.clone());
    let secret = "change-this-secret";
    let api = Api::new(otp, deliveries.clone())
        .purposes([Purpose::LOGIN, Purpose::REGISTER])
        .introspection([("gateway", secret)])?;

    let listener =
        tokio::net::TcpListener::bind(std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:0")).await?;
    let address = listener.local_addr()?;
    println!("http://{address}/otp/openapi.json, introspection for gateway:{secret}");
    let app: Router = Router::new().nest("/otp", api.router());
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    deliveries.finish().await;
    Ok(())
}

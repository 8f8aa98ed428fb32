//! The gateways against servers on this machine that speak, or fail to speak, each provider's documented
//! form.

mod exchange;
mod faults;
mod nomado;
mod scene;
mod secrets;
mod server;
mod tls;
mod twilio;
mod webhook;

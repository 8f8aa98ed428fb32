//! The page on which a person signs in.
use std::sync::Arc;

use axum::Router;
use otp_exchange::{Clock, DynExchanger};
use otp_exchange_axum::Deliveries;

use crate::settings::Settings;

pub(crate) fn router(
    _settings: &Settings,
    _otp: &Arc<DynExchanger>,
    _deliveries: &Deliveries,
    _clock: &Arc<dyn Clock>,
) -> Router {
    Router::new()
}

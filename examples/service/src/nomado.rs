//! Nomado's 2FA API.
use std::sync::Arc;

use axum::Router;
use otp_exchange::DynExchanger;

use crate::settings::Settings;

pub(crate) fn router(_settings: &Settings, _otp: &Arc<DynExchanger>, _tokens: &Arc<DynExchanger>) -> Router {
    Router::new()
}

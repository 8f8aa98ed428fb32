//! Passage's OTP endpoints.
use std::sync::Arc;

use axum::Router;
use otp_exchange::{DynExchanger, Policy};
use otp_exchange_axum::Deliveries;

use crate::settings::{App, Settings};

/// Passage's numbers, and the redirects of its applications.
pub(crate) fn policy(apps: &[App]) -> Policy {
    apps.iter().fold(Policy::passage(), |policy, app| policy.allow_redirect(&app.redirect_url))
}

pub(crate) fn router(_settings: &Settings, _otp: &Arc<DynExchanger>, _deliveries: &Deliveries) -> Router {
    Router::new()
}

//! Which text fits.

use std::sync::Arc;

use super::locale::Locale;
use super::template::Template;
use super::wording::{Chosen, Email};
use crate::context::{Context, Field};
use crate::purpose::Purpose;
use crate::recipient::Channel;

/// What a message is for.
#[derive(Clone, Copy)]
pub(crate) struct Occasion<'a> {
    /// What is said in place of the catalogue's text. Only the subject of an email is the catalogue's then.
    pub(crate) template: Option<&'a Template>,
    pub(crate) channel: Channel,
    pub(crate) purpose: &'a Purpose,
    pub(crate) locale: Option<&'a Locale>,
    pub(crate) context: &'a Context,
    /// What has to be seen.
    pub(crate) required: &'a [Field],
}

/// The texts in one language.
#[derive(Clone)]
pub(super) struct Language {
    pub(super) tag: Arc<str>,
    pub(super) sms: Vec<Entry<Template>>,
    pub(super) emails: Vec<Entry<Email>>,
}

/// A text for a purpose or for any.
#[derive(Clone)]
pub(super) struct Entry<T> {
    pub(super) purpose: Option<Purpose>,
    /// What has to be bound for it, in order.
    pub(super) shows: Vec<&'static Field>,
    pub(super) text: T,
}

impl Language {
    pub(super) fn new(tag: &str) -> Self {
        Self { tag: tag.into(), sms: Vec::new(), emails: Vec::new() }
    }

    pub(super) fn choose<'a>(
        &self,
        channel: Channel,
        purpose: Option<&Purpose>,
        is_bound: impl Fn(&Field) -> bool,
        required: &'a [Field],
    ) -> Result<Chosen<'_>, Lack<'a>> {
        match channel {
            Channel::Sms => fitting(&self.sms, Chosen::Sms, purpose, is_bound, required),
            Channel::Email => fitting(&self.emails, Chosen::email, purpose, is_bound, required),
        }
    }
}

/// Of those that show all that is required and nothing that is not bound: what was written for the purpose
/// before what was written for any, and then what shows the most.
fn fitting<'a, 'b, T>(
    entries: &'a [Entry<T>],
    as_chosen: impl Fn(&'a T) -> Chosen<'a>,
    purpose: Option<&Purpose>,
    is_bound: impl Fn(&Field) -> bool,
    required: &'b [Field],
) -> Result<Chosen<'a>, Lack<'b>> {
    let meant = entries.iter().filter(|entry| entry.purpose.is_none() || entry.purpose.as_ref() == purpose);
    let mut best = None;
    // Of the text that comes nearest.
    let mut lack = (None, Lack::Text);
    for entry in meant {
        let (rank, chosen) = ((entry.purpose.is_some(), entry.shows.len()), as_chosen(&entry.text));
        let unbound = entry.shows.iter().find(|field| !is_bound(field)).map(|field| Lack::Bound(field));
        let hidden = || required.iter().find(|field| !chosen.shows(field)).map(Lack::Shown);
        match unbound.or_else(hidden) {
            Some(found) if lack.0 <= Some(rank) => lack = (Some(rank), found),
            None if best.is_none_or(|(other, _)| other < rank) => best = Some((rank, chosen)),
            _ => {}
        }
    }
    best.map(|(_, chosen)| chosen).ok_or(lack.1)
}

/// Why there is nothing to say.
#[derive(Clone, Copy)]
pub(crate) enum Lack<'a> {
    /// No text for the channel.
    Text,
    /// What there is shows a field that is not bound.
    Bound(&'static Field),
    /// What there is does not show a field that has to be seen.
    Shown(&'a Field),
}
